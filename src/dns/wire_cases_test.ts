/**
 * Messages as a whole, each with all that is read of it: what other tests look at in parts.
 *
 * @module
 */

import assert from "node:assert/strict";
import { answer, hex, message } from "./_fixtures.ts";
import {
  decodeMessage,
  type DecodeOptions,
  type DnsMessage,
  encodeMessage,
  tryDecodeMessage,
  typeName,
} from "./mod.ts";

/** What is not said of a message. */
const NOTHING: DnsMessage = {
  id: 0x1234,
  isResponse: false,
  opcode: 0,
  flags: 0,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
  anomalies: [],
};

/** The answer of `answer()`: at the root, TTL 60. */
function rooted(type: number, data: string, fields: Record<string, unknown> | undefined): Partial<DnsMessage> {
  const record = { name: ".", type, class: 1, ttl: 60, data };
  return {
    isResponse: true,
    flags: 0x0400,
    questions: [{ name: ".", type: 1, class: 1 }],
    answers: [fields === undefined ? record : { ...record, fields }],
  };
}

const CASES: readonly (readonly [
  title: string,
  bytes: Uint8Array,
  expected: Partial<DnsMessage>,
  options?: DecodeOptions,
])[] = [
  [
    "id 0",
    hex("0000 0100 0001 0000 0000 0000 01 61 00 0001 0001"),
    { id: 0, flags: 0x0100, questions: [{ name: "a", type: 1, class: 1 }] },
  ],
  [
    "a pointer to a pointer to the root",
    // The first name ends at 15, the second is a pointer to its root, the third a pointer to that pointer.
    message({ questions: 3 }, "0161 00 0001 0001  c00e 0001 0001  c013 001c 0001"),
    {
      questions: [{ name: "a", type: 1, class: 1 }, { name: ".", type: 1, class: 1 }, {
        name: ".",
        type: 28,
        class: 1,
      }],
      anomalies: ["question-repeated"],
    },
  ],
  [
    "a class nobody has defined",
    message({ questions: 1 }, "00 0001 ff00"),
    { questions: [{ name: ".", type: 1, class: 65280 }] },
  ],
  [
    "DNSKEY of Ed25519 (RFC 8080 section 6)",
    answer(48, "0101 03 0f 974d96a22d224bc01adb915091477d44ccd91c9a41a11430010117d52c59240e"),
    rooted(48, "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=", {
      flags: 257,
      protocol: 3,
      algorithm: 15,
      publicKey: "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
      keyTag: 3613,
    }),
  ],
  [
    "DS of Ed448 (RFC 8080 section 6)",
    answer(43, "261b 10 02 00ff"),
    rooted(43, "9755 16 2 00ff", { keyTag: 9755, algorithm: 16, digestType: 2, digest: "00ff" }),
  ],
  [
    "SIG(0): it covers no type, at the root, in class ANY (RFC 2931 section 3)",
    message(
      { questions: 1, additionals: 1 },
      "00 0001 0001  00 0018 00ff 00000000 0016 0000 05 00 00000000 386d4380 386d4380 0001 0161 00 ff",
    ),
    {
      questions: [{ name: ".", type: 1, class: 1 }],
      additionals: [{
        name: ".",
        type: 24,
        class: 255,
        ttl: 0,
        data: "TYPE0 5 0 0 20000101000000 20000101000000 1 a /w==",
        fields: {
          typeCovered: "TYPE0",
          algorithm: 5,
          labels: 0,
          originalTtl: 0,
          expiration: "20000101000000",
          inception: "20000101000000",
          keyTag: 1,
          signer: "a",
          signature: "/w==",
        },
      }],
    },
  ],
  [
    "a type that may be defined one day (RFC 3597 section 5)",
    answer(61440, "0001 0161 00 0001 0002 6832"),
    rooted(61440, "\\# 11 0001016100000100026832", undefined),
  ],
  [
    "rcode 16: BADVERS in the message, BADSIG in its TSIG record",
    message(
      { flags: 0x8000, questions: 1, additionals: 2 },
      `00 0001 0001  00 0029 04d0 01000000 0000
       00 00fa 00ff 00000000 0013 0161 00 000000000001 012c 0000 1234 0010 0000`,
    ),
    {
      isResponse: true,
      rcode: 16,
      questions: [{ name: ".", type: 1, class: 1 }],
      additionals: [
        {
          name: ".",
          type: 41,
          class: 1232,
          ttl: 0x01000000,
          data: "version=0 udp=1232",
          fields: { version: 0, udpSize: 1232, dnssecOk: false, options: [] },
        },
        {
          name: ".",
          type: 250,
          class: 255,
          ttl: 0,
          data: "a 1 300 0 4660 BADSIG 0",
          fields: { algorithm: "a", timeSigned: 1, fudge: 300, mac: "", originalId: 4660, error: "BADSIG", other: "" },
        },
      ],
    },
  ],
  [
    "mDNS: more known answers follow (TC, RFC 6762 section 7.2)",
    message(
      { flags: 0x0200, questions: 1, answers: 1 },
      "0161 056c6f63616c 00 000c 0001  c00c 000c 0001 00000078 0004 0162 c00e",
    ),
    {
      flags: 0x0200,
      questions: [{ name: "a.local", type: 12, class: 1 }],
      answers: [{ name: "a.local", type: 12, class: 1, ttl: 120, data: "b.local", fields: { target: "b.local" } }],
    },
    { mdns: true },
  ],
  [
    "mDNS: NSEC with the restricted bitmap, its name compressed (RFC 6762 section 6.1)",
    message(
      { flags: 0x8400, answers: 1 },
      "0161 056c6f63616c 00 002f 8001 00000078 0008 c00c 0004 40000008",
    ),
    {
      isResponse: true,
      flags: 0x0400,
      answers: [{
        name: "a.local",
        type: 47,
        class: 1,
        ttl: 120,
        data: "a.local A AAAA",
        fields: { next: "a.local", types: ["A", "AAAA"] },
        cacheFlush: true,
      }],
    },
    { mdns: true },
  ],
];

for (const [title, bytes, expected, options] of CASES) {
  Deno.test(`whole message: ${title}`, () => {
    const read = decodeMessage(bytes, options);
    assert.deepEqual(read, { ...NOTHING, ...expected });
    assert.deepEqual(tryDecodeMessage(bytes, options), { message: read, anomalies: read.anomalies });
  });
}

/** Largest UDP payload over IPv4, and largest message over TCP; strings of 255 octets fill them. */
for (const size of [513, 65_507, 65_535]) {
  Deno.test(`a message of ${size} octets without EDNS is read to its end`, () => {
    const rest = size - 12 - 5 - 11;
    const strings = Array.from({ length: Math.ceil(rest / 256) }, (_, index) => Math.min(255, rest - index * 256 - 1));
    const data = strings.map((length) => `"${"x".repeat(length)}"`).join(" ");
    const bytes = encodeMessage({
      isResponse: true,
      questions: [{ name: ".", type: 16 }],
      answers: [{ name: ".", type: 16, data }],
    });
    assert.equal(bytes.length, size);
    const read = decodeMessage(bytes);
    assert.equal(read.answers[0]?.data, data);
    assert.deepEqual(read.anomalies, []);
    assert.equal(typeName(read.answers[0]?.type ?? 0), "TXT");
  });
}
