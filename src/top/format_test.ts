import assert from "node:assert/strict";
import { octetsText } from "../map/text.ts";
import { formatBytes, formatCount, formatOctets, formatRate, formatSpan } from "./format.ts";

for (
  const [count, text] of [
    [0, "-"],
    [0.4, "-"],
    [1, "1"],
    [999.4, "999"],
    [999.6, "1.00k"],
    [1024, "1.02k"],
    [9999, "10.0k"],
    [999_600, "1.00M"],
    [123e9, "123G"],
    [2 ** 53, "9.01P"],
  ] as const
) Deno.test(`formatOctets(${count}) is ${text}`, () => assert.equal(formatOctets(count), text));

Deno.test("formatBytes() says what it counts", () => {
  assert.deepEqual([0, 999, 1024].map(formatBytes), ["-", "999B", "1.02kB"]);
});

Deno.test("top and map say the same of the same octets", () => {
  for (const count of [1, 999, 1234, 56_789, 1.5e9]) {
    assert.equal(formatBytes(count), octetsText(count).replace(" ", ""));
  }
});

for (
  const [count, text] of [[0, "-"], [-1, "-"], [99_999, "99999"], [123_456, "123k"], [999_600, "1.0M"], [
    5e8,
    "500M",
  ]] as const
) Deno.test(`formatCount(${count}) is ${text}`, () => assert.equal(formatCount(count), text));

for (const [rate, text] of [[0, "-"], [0.2, "0.2"], [9.94, "9.9"], [9.96, "10"], [1234.5, "1235"]] as const) {
  Deno.test(`formatRate(${rate}) is ${text}`, () => assert.equal(formatRate(rate), text));
}

for (
  const [ns, text] of [[0, "0s"], [59.9e9, "59s"], [69e9, "1m09s"], [7500e9, "2h05m"], [273_600e9, "3d04h"]] as const
) Deno.test(`formatSpan(${ns}) is ${text}`, () => assert.equal(formatSpan(ns), text));

Deno.test("numbers never need more columns than their cells have", () => {
  for (let count = 0; count < 2 ** 53; count = Math.ceil(count * 1.01) + 1) {
    assert.ok(formatOctets(count).length <= 5, `${count}: ${formatOctets(count)}`);
    if (count < 1e10) assert.ok(formatCount(count).length <= 5, `${count}: ${formatCount(count)}`);
  }
});
