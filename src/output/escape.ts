/**
 * Makes text from processes and packets safe to show: what could steer a terminal, reorder a line or end it early is
 * written as a visible escape.
 *
 * @module
 */

/**
 * What never reaches a terminal as it is: controls (C0, DEL, C1), line and paragraph separators, every invisible format
 * character (Unicode category Cf holds the bidi controls and the tag characters) and lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const UNSAFE_EACH = new RegExp(UNSAFE.source, "gu");

/** As above, and what would split a key=value line or make an escape ambiguous: white space, quotes, backslash. */
const UNSAFE_VALUE = /[\s"'\\\p{Cc}\p{Cf}\p{Zs}\p{Zl}\p{Zp}\p{Cs}]/u;
const UNSAFE_VALUE_EACH = new RegExp(UNSAFE_VALUE.source, "gu");

/** `\xNN` below 256, `\u{N}` above. */
function escapeCharacter(character: string): string {
  if (character === "\\") return "\\\\";
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}

/**
 * Text for a terminal. Backslashes stay as they are: the result is for people and cannot be turned back.
 *
 * @param text any text
 * @returns the same text with controls, format characters and lone surrogates as `\xNN` or `\u{N}`
 */
export function escapeTerminal(text: string): string {
  return UNSAFE.test(text) ? text.replace(UNSAFE_EACH, escapeCharacter) : text;
}

/**
 * One value of a `KEY=value` line: free of white space, quotes and everything {@linkcode escapeTerminal} removes, and
 * reversible, because a backslash is doubled.
 *
 * @param text any text
 * @returns the value; empty for empty text
 */
export function escapeValue(text: string): string {
  return UNSAFE_VALUE.test(text) ? text.replace(UNSAFE_VALUE_EACH, escapeCharacter) : text;
}
