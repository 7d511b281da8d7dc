import assert from "node:assert/strict";
import { Fragments } from "./fragments.ts";

/** A fragment: where its octets belong, how many, and whether it is the last. */
type Part = readonly [start: number, size: number, isLast?: boolean];

/** Adds fragments of one datagram; the sizes of what became whole. */
function add(parts: readonly Part[]): { whole: number[]; fragments: Fragments<string> } {
  const fragments = new Fragments<string>();
  const whole: number[] = [];
  for (const [start, size, isLast = false] of parts) {
    const done = fragments.add("key", 17, start, isLast, new Uint8Array(size), 0, () => "context");
    if (done !== undefined) whole.push(done.bytes.length);
  }
  return { whole, fragments };
}

const CASES: readonly { name: string; parts: readonly Part[]; whole: readonly number[]; contradictory: number }[] = [
  { name: "in order", parts: [[0, 16], [16, 8, true]], whole: [24], contradictory: 0 },
  { name: "the last first", parts: [[16, 8, true], [0, 16]], whole: [24], contradictory: 0 },
  { name: "the same again", parts: [[0, 16], [0, 16], [16, 8, true]], whole: [24], contradictory: 0 },
  { name: "a longer one at the same place", parts: [[0, 16], [0, 24], [16, 8, true]], whole: [], contradictory: 1 },
  { name: "one into the next", parts: [[16, 8], [8, 16]], whole: [], contradictory: 1 },
  { name: "one into the one before", parts: [[0, 16], [8, 16]], whole: [], contradictory: 1 },
  { name: "octets past the last", parts: [[16, 8, true], [24, 8]], whole: [], contradictory: 1 },
  { name: "two different ends", parts: [[16, 8, true], [32, 8, true]], whole: [], contradictory: 1 },
  { name: "a last that is not", parts: [[16, 8], [0, 8, true]], whole: [], contradictory: 1 },
  { name: "up to 65,535 octets", parts: [[0, 65_528], [65_528, 7, true]], whole: [65_535], contradictory: 0 },
  { name: "past 65,535 octets", parts: [[0, 65_528], [65_528, 8, true]], whole: [], contradictory: 1 },
];

for (const { name, parts, whole, contradictory } of CASES) {
  Deno.test(`Fragments takes ${name}`, () => {
    const result = add(parts);
    assert.deepEqual(result.whole, whole);
    assert.equal(result.fragments.counters.contradictory, contradictory);
  });
}

Deno.test("Fragments takes protocol and context of a datagram from the right fragments", () => {
  const fragments = new Fragments<string>();
  // RFC 8200 section 4.5: the next header of the first fragment counts.
  fragments.add("key", 60, 8, true, new Uint8Array(8), 0, () => "first to come");
  const whole = fragments.add("key", 17, 0, false, new Uint8Array(8), 0, () => "second to come");
  assert.equal(whole?.protocol, 17);
  assert.equal(whole?.context, "first to come");
  assert.equal(whole?.size, 16);
});

Deno.test("Fragments keeps 1,024 datagrams, and forgets the oldest", () => {
  const fragments = new Fragments<number>();
  for (let id = 0; id < 1030; id++) fragments.add(`key ${id}`, 17, 0, false, new Uint8Array(8), 0, () => id);
  const left: number[] = [];
  fragments.flush(({ context }) => left.push(context));
  assert.equal(left.length, 1024);
  assert.equal(left[0], 6);
  assert.equal(fragments.counters.incomplete, 1030);
});
