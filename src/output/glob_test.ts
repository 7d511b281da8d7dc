import assert from "node:assert/strict";
import fc from "fast-check";
import { UsageError } from "../errors.ts";
import { compileGlob } from "./glob.ts";

Deno.test("compileGlob() matches whole texts", () => {
  for (
    const [pattern, text, expected] of [
      ["curl", "curl", true],
      ["curl", "curl2", false],
      ["*", "", true],
      ["*.example.com", "www.example.com", true],
      ["*.example.com", "example.com", false],
      ["*.example.com", "a.b.example.com", true],
      ["www.*", "www.", true],
      ["www.*", "ww.", false],
      ["a*b*c", "a-b-b-c", true],
      ["a*b*c", "a-c-b", false],
      ["a**b", "ab", true],
      ["?", "é", true],
      ["?", "👩", true],
      ["?", "", false],
      ["??", "a", false],
      ["[abc]x", "bx", true],
      ["[abc]x", "dx", false],
      ["[a-c]x", "cx", true],
      ["[!a-c]x", "cx", false],
      ["[^a-c]x", "dx", true],
      ["[]]", "]", true],
      ["[!]]", "]", false],
      ["[a-]", "-", true],
      ["[*]", "*", true],
      ["[*]", "a", false],
      ["[👩-👫]", "👪", true],
      ["/usr/*/python3.?", "/usr/local/bin/python3.9", true],
      ["a.c", "abc", false],
      ["a\\*", "a\\b", true],
    ] as const
  ) {
    assert.equal(compileGlob(pattern)(text), expected, `${pattern} on ${text}`);
  }
});

Deno.test("compileGlob() refuses what cannot be meant", () => {
  for (
    const [pattern, message] of [
      ["", /empty glob/],
      ["[a", /found "\[" without "\]"/],
      ["x[", /without "\]"/],
      ["[]", /without "\]"/],
      ["[!]", /without "\]"/],
      ["[z-a]", /empty range "z-a"/],
    ] as const
  ) {
    assert.throws(() => compileGlob(pattern), (error) => error instanceof UsageError && message.test(error.message));
  }
});

Deno.test("compileGlob() agrees with a regular expression on random patterns", () => {
  const patterns = fc.array(fc.constantFrom("*", "?", "a", "b", "[ab]", "[!a]"), { minLength: 1, maxLength: 8 });
  const texts = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 10 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(patterns, texts, (parts, text) => {
      const source = parts.map((part) => part === "*" ? ".*" : part === "?" ? "." : part.replace("!", "^")).join("");
      assert.equal(compileGlob(parts.join(""))(text), new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("compileGlob() stays fast on a pattern that makes regular expressions explode", () => {
  const matches = compileGlob(`${"*a".repeat(30)}*b`);
  const start = performance.now();
  assert.equal(matches("a".repeat(1000)), false);
  // Quadratic work is about 0.1 ms here, exponential work never ends.
  assert.ok(performance.now() - start < 1000);
});
