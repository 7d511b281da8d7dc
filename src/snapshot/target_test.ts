import assert from "node:assert/strict";
import { UsageError } from "../errors.ts";
import { matchesEnd, parseTarget, portMeant } from "./target.ts";

Deno.test("parseTarget() reads addresses, ports and names", () => {
  for (
    const [text, ip, port, name] of [
      ["192.0.2.7", "192.0.2.7", undefined, undefined],
      ["192.0.2.7:443", "192.0.2.7", 443, undefined],
      ["2001:DB8:0::1", "2001:db8::1", undefined, undefined],
      ["[2001:db8::1]:53", "2001:db8::1", 53, undefined],
      ["[::ffff:192.0.2.7]:53", "192.0.2.7", 53, undefined],
      [":8080", undefined, 8080, undefined],
      ["Example.COM.", undefined, undefined, "example.com"],
      ["_sip._tcp.example.com", undefined, undefined, "_sip._tcp.example.com"],
    ] as const
  ) assert.deepEqual(parseTarget(text), { text, ip, port, name }, text);
});

Deno.test("parseTarget() refuses what is neither address nor name", () => {
  const bad = [
    "",
    ":",
    ":0",
    ":65536",
    "1.2.3",
    "300.1.1.1",
    "1.2.3.4:x",
    "[::1",
    "[1.2.3.4:5",
    "a b",
    "a..b",
    "é\u202e",
    "localhost:80",
    "example.com.:443",
  ];
  for (const text of bad) assert.throws(() => parseTarget(text), UsageError, JSON.stringify(text));
});

Deno.test("portMeant() reads the end of an IPv6 address as a port, where the rest is one too", () => {
  const cases = [
    ["::1:99", "[::1]:99"],
    ["2001:db8::1:443", "[2001:db8::1]:443"],
    ["2001:db8:1:2:3:4:5:80", undefined],
    ["::1", undefined],
    ["[::1]:99", undefined],
    ["192.0.2.7:443", undefined],
    [":443", undefined],
    ["example.com", undefined],
  ] as const;
  for (const [text, expected] of cases) assert.equal(portMeant(parseTarget(text)), expected, text);
});

Deno.test("matchesEnd() takes a listener on all addresses only for addresses of this host", () => {
  const isOwn = (ip: string): boolean => ip === "127.0.0.1" || ip === "::1";
  for (
    const [name, target, end, wanted] of [
      ["the same", "192.0.2.7:1", { ip: "192.0.2.7", port: 1 }, true],
      ["another port", "192.0.2.7:1", { ip: "192.0.2.7", port: 2 }, false],
      ["any port", "192.0.2.7", { ip: "192.0.2.7", port: 2 }, true],
      ["any address", ":2", { ip: "192.0.2.7", port: 2 }, true],
      ["wildcard, own address", "127.0.0.1:2", { ip: "0.0.0.0", port: 2 }, true],
      ["wildcard of both families", "127.0.0.1:2", { ip: "::", port: 2 }, true],
      ["wildcard of the other family", "[::1]:2", { ip: "0.0.0.0", port: 2 }, false],
      ["wildcard, address of another host", "192.0.2.7:2", { ip: "0.0.0.0", port: 2 }, false],
      ["wildcard without a port", "127.0.0.1", { ip: "0.0.0.0", port: 2 }, false],
      ["no end", ":2", undefined, false],
    ] as const
  ) assert.equal(matchesEnd(parseTarget(target), end, isOwn), wanted, name);
});

Deno.test("parseTarget() tells a line feed as such, on one line", () => {
  assert.throws(() => parseTarget("a\nb"), {
    name: "UsageError",
    message: 'argument <target>: found "a\\nb", wanted an address with port or a name',
  });
});

Deno.test("parseTarget() refuses a name with a port, which would be the name alone or the port alone", () => {
  assert.throws(() => parseTarget("Example.com:80"), {
    name: "UsageError",
    message: 'argument <target>: found "Example.com:80", a name with a port, wanted a name alone or an address',
    hint: 'sockets know no names: take the address in place of "Example.com", or ask who looks "Example.com" up',
  });
});
