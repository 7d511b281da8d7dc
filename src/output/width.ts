/**
 * How many columns of a terminal a text takes, and cutting and padding by that measure.
 *
 * @module
 */

import { eastAsianWidth } from "get-east-asian-width";

/** Characters drawn over the one before them. */
const COMBINING = /^[\p{Mn}\p{Me}]$/u;

/** Text of one column per unit: almost all there is. */
const ASCII = /^[\x20-\x7e]*$/;

/** Stands for what was cut off. */
const ELLIPSIS = "…";

/** Columns of one character. */
function characterWidth(character: string): number {
  return COMBINING.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);
}

/**
 * Unicode 17 East Asian Width; ambiguous characters count as narrow, sequences that emoji fonts join count as their
 * parts, as terminals without shaping draw them.
 *
 * @param text text without controls
 * @returns columns
 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/**
 * Makes a text exactly so wide: padded with spaces, or cut with an ellipsis.
 *
 * @param text text without controls
 * @param width columns, at least 1
 * @returns text of that width
 */
export function fitWidth(text: string, width: number): string {
  const own = displayWidth(text);
  if (own <= width) return text + " ".repeat(width - own);
  let kept = "";
  let used = 0;
  for (const character of text) {
    const columns = characterWidth(character);
    if (used + columns > width - 1) break;
    kept += character;
    used += columns;
  }
  return kept + ELLIPSIS + " ".repeat(width - 1 - used);
}
