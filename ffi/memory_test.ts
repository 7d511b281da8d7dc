import assert from "node:assert/strict";
import { addressOf, allocate, cString, detach, memoryAt, textAt, textUntilNul, whilePinned } from "./memory.ts";

Deno.test("cString() ends in NUL and encodes UTF-8", () => {
  assert.deepEqual([...cString("né")], [0x6e, 0xc3, 0xa9, 0]);
  assert.deepEqual([...cString("")], [0]);
});

Deno.test("cString() refuses a NUL, which C would take for the end", () => {
  assert.throws(() => cString("a\0b"), TypeError);
});

Deno.test("textUntilNul() stops at the first NUL and survives invalid UTF-8", async (t) => {
  const rows: [string, number[], string][] = [
    ["text and rest", [0x61, 0x62, 0, 0x63], "ab"],
    ["no NUL", [0x61, 0x62], "ab"],
    ["empty", [], ""],
    ["NUL first", [0, 0x61], ""],
    ["invalid", [0xff, 0x61, 0], "\ufffda"],
  ];
  for (const [name, bytes, text] of rows) {
    await t.step(name, () => assert.equal(textUntilNul(new Uint8Array(bytes)), text));
  }
});

Deno.test("memoryAt() shows the memory itself and detach() empties every view", () => {
  const bytes = cString("before");
  const pointer = Deno.UnsafePointer.of(bytes);
  assert.ok(pointer !== null);
  const memory = memoryAt(pointer, bytes.length);
  const view = new Uint8Array(memory);
  const words = new DataView(memory);
  bytes[0] = 0x42;
  assert.equal(view[0], 0x42);
  assert.equal(textAt(pointer), "Before");
  detach(memory);
  assert.equal(view.length, 0);
  assert.throws(() => words.getUint8(0), TypeError);
  assert.equal(bytes[0], 0x42, "the memory itself is untouched");
});

Deno.test("textAt() answers an empty string for NULL", () => assert.equal(textAt(null), ""));

Deno.test("allocate() gives small buffers an address of their own", () => {
  const bytes = allocate(8);
  assert.notEqual(addressOf(bytes), 0n);
  assert.equal(addressOf(bytes), addressOf(bytes));
});

Deno.test("whilePinned() passes on results and errors", () => {
  assert.equal(whilePinned([allocate(1)], () => 7), 7);
  assert.throws(
    () =>
      whilePinned([], () => {
        throw new RangeError("inner");
      }),
    /inner/,
  );
});
