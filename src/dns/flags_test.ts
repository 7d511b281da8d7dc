import assert from "node:assert/strict";
import { flagNames } from "./mod.ts";

/** Flags word, protocol, names. */
const ROWS = [
  [0x0000, "dns", []],
  [0x0180, "dns", ["rd", "ra"]],
  [0x07f0, "dns", ["aa", "tc", "rd", "ra", "z", "ad", "cd"]],
  [0xf80f, "dns", []],
  [0x0400, "mdns", ["aa"]],
  [0x0700, "llmnr", ["c", "tc", "t"]],
  [0x00f0, "llmnr", ["z"]],
] as const;

for (const [flags, protocol, names] of ROWS) {
  Deno.test(`flagNames() of 0x${flags.toString(16)} in ${protocol}`, () => {
    assert.deepEqual(flagNames({ flags }, protocol), names);
  });
}

Deno.test("flagNames() gives a new array each time", () => {
  flagNames({ flags: 0x0100 }).push("x");
  assert.deepEqual(flagNames({ flags: 0x0100 }), ["rd"]);
});
