/**
 * Names of other alphabets: IDNA labels (RFC 5891) and the UTF-8 labels of mDNS (RFC 6762 section 16), for showing only.
 *
 * @module
 */

import { unescapeOctets } from "./words.ts";

/** Parameters of Punycode (RFC 3492 section 5). */
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const INITIAL_BIAS = 72;
const INITIAL_POINT = 0x80;

/** Control, format, private-use, unassigned and separator characters: what could change how the text around it looks. */
const UNFIT = /[\p{C}\p{Z}]/u;

/** A label may not start with a combining mark, which would change what stands before it (RFC 5891 section 4.2.3.2). */
const LEADING_MARK = /^\p{M}/u;

/** Largest code point. */
const MAX_POINT = 0x10ffff;

/** Next bias (RFC 3492 section 6.1). */
function adapt(delta: number, points: number, first: boolean): number {
  let rest = Math.floor(delta / (first ? DAMP : 2));
  rest += Math.floor(rest / points);
  let bias = 0;
  for (; rest > (BASE - T_MIN) * T_MAX >> 1; bias += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return bias + Math.floor((BASE - T_MIN + 1) * rest / (rest + SKEW));
}

/** Value of a Punycode digit; NaN of anything else. */
function digitOf(character: string): number {
  return /^[a-z]$/.test(character)
    ? character.charCodeAt(0) - 0x61
    : /^[0-9]$/.test(character)
    ? Number(character) + 26
    : NaN;
}

/** Decodes Punycode (RFC 3492 section 6.2); undefined where it is none. */
function decodePunycode(text: string): string | undefined {
  const delimiter = text.lastIndexOf("-");
  const points = Array.from(text.slice(0, Math.max(0, delimiter)), (character) => character.charCodeAt(0));
  const digits = text.slice(delimiter + 1);
  let point = INITIAL_POINT;
  let bias = INITIAL_BIAS;
  let delta = 0;
  let at = 0;
  while (at < digits.length) {
    const before = delta;
    let weight = 1;
    for (let position = BASE;; position += BASE) {
      const digit = digitOf(digits.charAt(at++));
      delta += digit * weight;
      if (!(delta <= 0x7fff_ffff)) return undefined;
      const threshold = Math.min(T_MAX, Math.max(T_MIN, position - bias));
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    bias = adapt(delta - before, points.length + 1, before === 0);
    point += Math.floor(delta / (points.length + 1));
    delta %= points.length + 1;
    if (point > MAX_POINT || point >= 0xd800 && point <= 0xdfff) return undefined;
    points.splice(delta++, 0, point);
  }
  return String.fromCodePoint(...points);
}

/** Text of one label, or undefined where it has none but its ASCII form. */
function unicodeLabel(label: string): string | undefined {
  let text: string | undefined;
  if (/^xn--/i.test(label)) {
    text = decodePunycode(label.slice(4).toLowerCase());
    // A label that is plain ASCII, or not in the form that would be registered, is no U-label (RFC 5891 section 4.2).
    if (text === undefined || !/[^\0-\x7f]/.test(text) || text.normalize("NFC") !== text) return undefined;
  } else if (label.includes("\\")) {
    const octets = unescapeOctets(label);
    text = new TextDecoder().decode(octets);
    if (text.includes("\ufffd") || !/[^\0-\x7f]/.test(text) || /[.\\\0-\x20\x7f]/.test(text)) return undefined;
  }
  return text === undefined || LEADING_MARK.test(text) || UNFIT.test(text) ? undefined : text;
}

/**
 * Text of a name in its own alphabet, to show beside the name, never in place of it: different names can look alike.
 *
 * @param name as decoded
 * @returns the name with its IDNA labels, and labels that are UTF-8, in Unicode; undefined where it has none that can
 * be shown safely
 */
export function unicodeName(name: string): string | undefined {
  if (!name.includes("\\") && !/xn--/i.test(name)) return undefined;
  let found = false;
  const labels = (name.match(/(?:\\[0-9]{3}|\\.|[^.\\])+/gs) ?? []).map((label) => {
    const text = unicodeLabel(label);
    if (text !== undefined) found = true;
    return text ?? label;
  });
  return found ? labels.join(".") : undefined;
}
