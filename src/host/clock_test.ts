import assert from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { bootTimeNs, FileClock, LiveClock } from "./clock.ts";

openLibc();

/** 2026-11-21T00:12:03.123456789Z */
const BASE_NS = 1_795_219_923_123_456_789n;

const CASES: readonly (readonly [name: string, baseNs: bigint, tsNs: number, expected: string])[] = [
  ["the base", BASE_NS, 0, "2026-11-21T00:12:03.123456789Z"],
  ["one nanosecond", BASE_NS, 1, "2026-11-21T00:12:03.123456790Z"],
  ["a carry into the second", BASE_NS, 876_543_211, "2026-11-21T00:12:04.000000000Z"],
  ["the last of a second", BASE_NS, 876_543_210, "2026-11-21T00:12:03.999999999Z"],
  ["before the base", BASE_NS, -123_456_790, "2026-11-21T00:12:02.999999999Z"],
  ["a day later", BASE_NS, 86_400_000_000_000, "2026-11-22T00:12:03.123456789Z"],
  ["leading zeros", 1_000_000_000_000_000_000n, 1_002_003, "2001-09-09T01:46:40.001002003Z"],
  ["1970", 0n, 7, "1970-01-01T00:00:00.000000007Z"],
  ["before 1970, clamped", 0n, -1_000_000_000, "1970-01-01T00:00:00.000000000Z"],
  ["after 9999, clamped", 253_402_300_799_000_000_000n, 5_000_000_001, "9999-12-31T23:59:59.000000001Z"],
  ["a leap day", 1_709_164_800_000_000_000n, 0, "2024-02-29T00:00:00.000000000Z"],
];

for (const [name, baseNs, tsNs, expected] of CASES) {
  Deno.test(`FileClock shows ${name}`, () => {
    assert.equal(new FileClock(baseNs).toRfc3339(tsNs), expected);
  });
}

Deno.test("FileClock refuses a negative base", () => {
  assert.throws(() => new FileClock(-1n), RangeError);
});

Deno.test("FileClock agrees with Date over mixed times", () => {
  const clock = new FileClock(BASE_NS);
  for (let step = 0; step < 10_000; step++) {
    const tsNs = ((step * 7_919) % 10_007) * 123_456_789;
    const ms = Number((BASE_NS + BigInt(tsNs)) / 1_000_000n);
    const shown = clock.toRfc3339(tsNs);
    assert.equal(shown.slice(0, 23) + "Z", new Date(ms).toISOString());
    assert.equal(BigInt(shown.slice(20, 29)), (BASE_NS + BigInt(tsNs)) % 1_000_000_000n);
  }
});

Deno.test("LiveClock shows the wall time of now", () => {
  const clock = new LiveClock();
  const before = Date.now();
  const shown = Date.parse(clock.toRfc3339(bootTimeNs()));
  assert.ok(shown >= before - 1 && shown <= Date.now() + 1, `${shown} against ${before}`);
});

Deno.test("LiveClock follows a step of the wall clock within a second of event time", () => {
  const offset = { ns: BASE_NS, errorNs: 100n };
  const clock = new LiveClock(() => ({ ...offset }));
  assert.equal(clock.toRfc3339(0), "2026-11-21T00:12:03.123456789Z");
  offset.ns += 3_600_000_000_000n;
  assert.equal(clock.toRfc3339(999_999_999), "2026-11-21T00:12:04.123456788Z");
  assert.equal(clock.toRfc3339(1_000_000_000), "2026-11-21T01:12:04.123456789Z");
});

Deno.test("LiveClock does not take noise for a step", () => {
  const offset = { ns: BASE_NS, errorNs: 100n };
  const clock = new LiveClock(() => ({ ...offset }));
  offset.ns += 90_000n;
  assert.equal(clock.refresh(), false);
  assert.equal(clock.toRfc3339(0), "2026-11-21T00:12:03.123456789Z");
  offset.ns -= 200_000_000n;
  assert.equal(clock.refresh(), true);
  assert.equal(clock.toRfc3339(0), "2026-11-21T00:12:02.923546789Z");
});
