import assert from "node:assert/strict";
import fc from "fast-check";
import { hostileText } from "./arbitrary_testing.ts";
import { escapeTerminal } from "./escape.ts";
import { displayWidth, fitWidth } from "./width.ts";

Deno.test("displayWidth() counts columns", () => {
  for (
    const [name, text, expected] of [
      ["ASCII", "example.com", 11],
      ["Latin", "münchen", 7],
      ["wide", "東京.jp", 7],
      ["half-width", "ｱｲ", 2],
      ["full-width", "ＡＢ", 4],
      ["combining", "e\u0301", 1],
      ["emoji", "👩", 2],
    ] as const
  ) {
    assert.equal(displayWidth(text), expected, name);
  }
});

Deno.test("fitWidth() pads and cuts", () => {
  for (
    const [text, width, expected] of [
      ["ab", 4, "ab  "],
      ["abcd", 4, "abcd"],
      ["abcde", 4, "abc…"],
      ["東京", 4, "東京"],
      ["東京都", 4, "東… "],
      ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
      ["abc", 1, "…"],
    ] as const
  ) {
    assert.equal(fitWidth(text, width), expected);
  }
});

Deno.test("fitWidth() makes any text exactly so wide", () => {
  fc.assert(
    fc.property(hostileText, fc.integer({ min: 1, max: 40 }), (text, width) => {
      assert.equal(displayWidth(fitWidth(escapeTerminal(text), width)), width);
    }),
  );
});
