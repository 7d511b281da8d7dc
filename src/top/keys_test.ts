import assert from "node:assert/strict";
import { type Key, KeyReader } from "./keys.ts";

/** Names of keys, texts in quotes. */
function names(keys: readonly Key[]): string[] {
  return keys.map((key) => key.name === "text" ? `"${key.text}"` : key.name);
}

const ENCODER = new TextEncoder();

for (
  const [what, sent, expected] of [
    ["letters", "qé漢", ['"q"', '"é"', '"漢"']],
    ["arrows", "\x1b[A\x1b[B\x1bOA\x1bOB", ["up", "down", "up", "down"]],
    ["pages", "\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~", ["pageup", "pagedown", "home", "end", "home", "end"]],
    ["controls", "\x03\x1c\x1a\x0c\r\t\x7f", [
      "interrupt",
      "interrupt",
      "suspend",
      "redraw",
      "enter",
      "tab",
      "backspace",
    ]],
    ["escape alone", "\x1b", ["escape"]],
    ["unknown sequences", "\x1b[15~\x1b[1;5A\x1b[200~q", ['"q"']],
    ["controls that are no keys", "\x00\x01q", ['"q"']],
  ] as const
) {
  Deno.test(`KeyReader reads ${what}`, () => {
    assert.deepEqual(names(new KeyReader().read(ENCODER.encode(sent))), [...expected]);
  });
}

Deno.test("KeyReader joins sequences and characters that come in pieces", () => {
  const reader = new KeyReader();
  assert.deepEqual(names(reader.read(ENCODER.encode("a\x1b["))), ['"a"']);
  assert.deepEqual(names(reader.read(ENCODER.encode("5"))), []);
  assert.deepEqual(names(reader.read(ENCODER.encode("~"))), ["pageup"]);
  const [first = 0, ...rest] = ENCODER.encode("漢");
  assert.deepEqual(names(reader.read(new Uint8Array([first]))), []);
  assert.deepEqual(names(reader.read(new Uint8Array(rest))), ['"漢"']);
});
