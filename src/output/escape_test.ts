import assert from "node:assert/strict";
import fc from "fast-check";
import { hostileText } from "./arbitrary_testing.ts";
import { escapeTerminal, escapeValue } from "./escape.ts";

Deno.test("escapeTerminal() shows what terminals would act on", () => {
  for (
    const [name, text, expected] of [
      ["plain text", "curl https://example.com", "curl https://example.com"],
      ["backslashes stay", "a\\.b", "a\\.b"],
      ["escape sequence", "\x1b[31mred", "\\x1b[31mred"],
      ["line feed, tab, NUL", "a\nb\tc\0", "a\\x0ab\\x09c\\x00"],
      ["DEL and C1", "\x7f\x9b2J", "\\x7f\\x9b2J"],
      ["bidi override", "exe.\u202egnp", "exe.\\u{202e}gnp"],
      ["zero width", "goo\u200bgle", "goo\\u{200b}gle"],
      ["line separator", "\u2028", "\\u{2028}"],
      ["lone surrogates", "\ud800 \udc00", "\\u{d800} \\u{dc00}"],
      ["tag character", "\u{e0041}", "\\u{e0041}"],
      ["any script", "münchen 東京 👩", "münchen 東京 👩"],
    ] as const
  ) {
    assert.equal(escapeTerminal(text), expected, name);
  }
});

Deno.test("escapeTerminal() leaves no control or format character in any text", () => {
  fc.assert(
    fc.property(hostileText, (text) => assert.doesNotMatch(escapeTerminal(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)),
  );
});

Deno.test("escapeValue() also escapes what splits lines of values", () => {
  for (
    const [name, text, expected] of [
      ["empty", "", ""],
      ["equals sign stays", "a=b", "a=b"],
      ["space", "a b", "a\\x20b"],
      ["no-break space", "\xa0", "\\xa0"],
      ["ideographic space", "\u3000", "\\u{3000}"],
      ["quotes", `"'`, "\\x22\\x27"],
      ["backslash", "a\\x20", "a\\\\x20"],
    ] as const
  ) {
    assert.equal(escapeValue(text), expected, name);
  }
});

Deno.test("escapeValue() can be turned back", () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const value = escapeValue(text);
      assert.doesNotMatch(value, /[\s"'\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}]/u);
      const back = value.replace(
        /\\(?:\\|x([0-9a-f]{2})|u\{([0-9a-f]+)\})/g,
        (_, byte, point) => byte ?? point ? String.fromCodePoint(parseInt(byte ?? point, 16)) : "\\",
      );
      assert.equal(back, text);
    }),
  );
});
