import assert from "node:assert/strict";
import fc from "fast-check";
import { addressWord, formatAddress, formatIpv4, isGroupAddress, isLoopbackAddress } from "./address.ts";

const TEXTS: readonly { octets: string; text: string }[] = [
  { octets: "00000000", text: "0.0.0.0" },
  { octets: "c0000201", text: "192.0.2.1" },
  { octets: "ffffffff", text: "255.255.255.255" },
  { octets: "00000000000000000000000000000000", text: "::" },
  { octets: "00000000000000000000000000000001", text: "::1" },
  { octets: "20010db8000000000000000000000001", text: "2001:db8::1" },
  { octets: "20010db8000000010001000100010001", text: "2001:db8:0:1:1:1:1:1" },
  { octets: "20010db8000000000001000000000001", text: "2001:db8::1:0:0:1" },
  { octets: "20010000000000010000000000000001", text: "2001:0:0:1::1" },
  { octets: "00010000000000000000000000000000", text: "1::" },
  { octets: "fe80000000000000abcdef0123456789", text: "fe80::abcd:ef01:2345:6789" },
  { octets: "00000000000000000000ffffc0000201", text: "::ffff:192.0.2.1" },
  { octets: "00010002000300040005000600070008", text: "1:2:3:4:5:6:7:8" },
];

for (const { octets, text } of TEXTS) {
  Deno.test(`formatAddress() writes ${text}, cached too`, () => {
    for (let round = 0; round < 2; round++) assert.equal(formatAddress(Uint8Array.fromHex(octets)), text);
  });
}

Deno.test("formatAddress() tells any two addresses apart, whatever the cache holds", () => {
  const octets = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    // Groups that differ little share slots of the cache.
    fc.array(fc.nat(3), { minLength: 16, maxLength: 16 }).map((values) => Uint8Array.from(values)),
  );
  fc.assert(fc.property(octets, (bytes) => {
    const text = formatAddress(bytes);
    const back = text.includes(":")
      ? new URL(`http://[${text}]/`).hostname.slice(1, -1)
      : new URL(`http://${text}/`).hostname;
    assert.equal(text, back);
    if (bytes.length === 4) assert.equal(text, [...bytes].join("."));
    else {
      const [head = "", tail] = text.split("::");
      const groups = (part: string): number[] => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
      const last = tail === undefined ? [] : groups(tail);
      const all = [...groups(head), ...new Array<number>(8 - groups(head).length - last.length).fill(0), ...last];
      assert.deepEqual(all.flatMap((group) => [group >> 8, group & 255]), [...bytes]);
    }
  }));
});

Deno.test("formatIpv4() takes a word, as addressWord() reads it", () => {
  assert.equal(addressWord(Uint8Array.of(9, 255, 0, 2, 1), 1), 0xff000201);
  assert.equal(formatIpv4(0xff000201), "255.0.2.1");
});

const KINDS: readonly { octets: string; isGroup: boolean; isLoopback: boolean }[] = [
  { octets: "e00000fb", isGroup: true, isLoopback: false },
  { octets: "efffffff", isGroup: true, isLoopback: false },
  { octets: "f0000000", isGroup: false, isLoopback: false },
  { octets: "dfffffff", isGroup: false, isLoopback: false },
  { octets: "ffffffff", isGroup: true, isLoopback: false },
  { octets: "7f000035", isGroup: false, isLoopback: true },
  { octets: "ff0200000000000000000000000000fb", isGroup: true, isLoopback: false },
  { octets: "fe800000000000000000000000000001", isGroup: false, isLoopback: false },
  { octets: "00000000000000000000000000000001", isGroup: false, isLoopback: true },
  { octets: "00000000000000000000000100000001", isGroup: false, isLoopback: false },
];

for (const { octets, isGroup, isLoopback } of KINDS) {
  Deno.test(`isGroupAddress() and isLoopbackAddress() know ${formatAddress(Uint8Array.fromHex(octets))}`, () => {
    assert.equal(isGroupAddress(Uint8Array.fromHex(octets)), isGroup);
    assert.equal(isLoopbackAddress(Uint8Array.fromHex(octets)), isLoopback);
  });
}
