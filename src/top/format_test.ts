import assert from "node:assert/strict";
import { formatCount, formatOctets, formatRate, formatSpan } from "./format.ts";

for (
  const [count, text] of [
    [0, "-"],
    [0.4, "-"],
    [1, "1"],
    [999.4, "999"],
    [999.6, "0.98K"],
    [1024, "1.00K"],
    [10_239, "10.0K"],
    [1023 * 1024, "1.00M"],
    [123 * 1024 ** 3, "123G"],
    [2 ** 53, "8.00P"],
  ] as const
) Deno.test(`formatOctets(${count}) is ${text}`, () => assert.equal(formatOctets(count), text));

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
