import assert from "node:assert/strict";
import { ROOT } from "../toolchain.ts";
import { dealFiles, slowFiles } from "./shares.ts";

Deno.test("dealFiles() deals out every file once and keeps their order", () => {
  const files = ["a", ...slowFiles(), "z"];
  const shares = dealFiles(files);
  assert.ok(shares.length > 1);
  assert.deepEqual(shares.flat().sort(), files.toSorted());
  for (const share of shares) assert.deepEqual(share, files.filter((file) => share.includes(file)));
});

Deno.test("dealFiles() keeps the two slowest files apart", () => {
  const slowest = ["tests/kernel/failures_test.ts", "tests/kernel/attribution_test.ts"];
  for (const share of dealFiles(slowFiles())) {
    assert.ok(slowest.filter((file) => share.includes(file)).length <= 1);
  }
});

Deno.test("dealFiles() makes one share of few files, and of none", () => {
  assert.deepEqual(dealFiles(["a", "b"]), [["a", "b"]]);
  assert.deepEqual(dealFiles([]), [[]]);
});

Deno.test("slowFiles() names files that are there", () => {
  for (const file of slowFiles()) assert.ok(Deno.statSync(`${ROOT}/${file}`).isFile, file);
});
