import assert from "node:assert/strict";
import fc from "fast-check";
import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import { anyEvent, hostileText } from "./arbitrary_testing.ts";
import { EVENTS } from "./catalog.ts";
import { EXAMPLE_PROCESS } from "./fields.ts";
import { JsonEncoder, stringifySafe } from "./json.ts";

/** What no line may hold besides its line feed. */
const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

Deno.test("JsonEncoder writes lines that parse to the event, safe to print, for any strings", () => {
  // One encoder for all runs: what it keeps for reuse must never leak into another event.
  const encoder = new JsonEncoder();
  fc.assert(
    fc.property(anyEvent, (event) => {
      const line = encoder.encode(event);
      assert.equal(line.at(-1), "\n");
      assert.doesNotMatch(line.slice(0, -1), DANGEROUS);
      assert.deepEqual(JSON.parse(line), event);
    }),
    { numRuns: 500 },
  );
});

for (const event of EVENTS) {
  Deno.test(`JsonEncoder keeps the order of keys of the example of ${event.name}`, () => {
    assert.equal(new JsonEncoder().encode(event.example), `${JSON.stringify(event.example)}\n`);
  });
}

Deno.test("JsonEncoder escapes every UTF-16 unit that needs it", () => {
  const encoder = new JsonEncoder();
  for (let unit = 0; unit <= 0xffff; unit++) {
    const event = { ...DNS_EVENT.example, status_reason: String.fromCharCode(unit) };
    const line = encoder.encode(event);
    assert.equal(JSON.parse(line).status_reason, event.status_reason);
    assert.doesNotMatch(line.slice(0, -1), DANGEROUS);
  }
});

Deno.test("JsonEncoder tells processes apart that look alike but for one field", () => {
  const encoder = new JsonEncoder();
  const first = { ...DNS_EVENT.example, process: { ...EXAMPLE_PROCESS } };
  const second = { ...DNS_EVENT.example, process: { ...EXAMPLE_PROCESS, comm: "other" } };
  const lines = [first, second, first].map((event) => encoder.encode(event));
  assert.deepEqual(lines.map((line) => JSON.parse(line).process.comm), ["ping", "other", "ping"]);
});

Deno.test("JsonEncoder keeps apart more combinations than it remembers", () => {
  const encoder = new JsonEncoder();
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 23; index++) {
      const event = structuredClone(DNS_EVENT.example);
      event.dns.rcode = `RCODE${index >> 2}`;
      event.dns.flags = index % 2 === 0 ? ["rd"] : ["rd", `f${index}`];
      event.network.interface = `eth${index}`;
      event.dns.question = { name: "a", type: `TYPE${index}`, class: index % 3 === 0 ? "IN" : "CH" };
      assert.deepEqual(JSON.parse(encoder.encode(event)), event);
    }
  }
});

Deno.test("JsonEncoder writes numbers as JSON.stringify does, also those that should not be", () => {
  for (const latency of [0, 812.5, -1, 2 ** 53, 1e21, NaN, Infinity]) {
    const event = { ...DNS_EVENT.example, latency_us: latency };
    assert.equal(new JsonEncoder().encode(event), `${JSON.stringify(event)}\n`);
  }
});

Deno.test("stringifySafe() escapes what JSON.stringify leaves", () => {
  for (
    const [name, text, expected] of [
      ["escape", "\x1b[2J", '"\\u001b[2J"'],
      ["DEL and C1", "\x7f\x9b", '"\\u007f\\u009b"'],
      ["bidi override", "a\u202eb", '"a\\u202eb"'],
      ["line separator", "\u2028", '"\\u2028"'],
      ["lone surrogate", "\ud800", '"\\ud800"'],
      ["tag character", "\u{e0041}", '"\\udb40\\udc41"'],
      ["letters of any script", "é漢👩", '"é漢👩"'],
    ] as const
  ) {
    assert.equal(stringifySafe(text), expected, name);
  }
});

Deno.test("stringifySafe() is JSON of the same value for any text", () => {
  fc.assert(fc.property(hostileText, (text) => assert.equal(JSON.parse(stringifySafe(text)), text)));
});
