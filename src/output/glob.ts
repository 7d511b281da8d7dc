/**
 * Globs of the filters: `*` any characters (also `/` and `.`), `?` one character, `[a-z]` one of, `[!a-z]` none of.
 * There is no escape character; `[*]` matches a star.
 *
 * @module
 */

import { UsageError } from "../errors.ts";

/** One step of a compiled glob: a star, or a test of one code point. */
type Step = "*" | ((codePoint: number) => boolean);

/** Whether a text matches. */
export type Matcher = (text: string) => boolean;

/** The class that opens at `pattern[start]`, which is `[`. */
function parseClass(pattern: string, start: number): { step: Step; end: number } {
  let index = start + 1;
  const negated = pattern[index] === "!" || pattern[index] === "^";
  if (negated) index++;
  const ranges: [number, number][] = [];
  // A bracket right after the opening one is a member, as in POSIX.
  for (let first = true; first || pattern[index] !== "]"; first = false) {
    const low = pattern.codePointAt(index);
    if (low === undefined) {
      throw new UsageError(`glob "${pattern}": found "[" without "]"`, {
        hint: 'write "[[]" to match an opening bracket',
      });
    }
    index += low > 0xffff ? 2 : 1;
    let high = low;
    if (pattern[index] === "-" && pattern[index + 1] !== "]" && index + 1 < pattern.length) {
      high = pattern.codePointAt(index + 1) ?? low;
      index += 1 + (high > 0xffff ? 2 : 1);
      if (high < low) {
        throw new UsageError(
          `glob "${pattern}": found the empty range "${String.fromCodePoint(low)}-${String.fromCodePoint(high)}"`,
          { hint: "write the smaller character first" },
        );
      }
    }
    ranges.push([low, high]);
  }
  const step = (codePoint: number): boolean =>
    ranges.some(([low, high]) => codePoint >= low && codePoint <= high) !== negated;
  return { step, end: index + 1 };
}

/** The steps of a glob. */
function parseSteps(pattern: string): Step[] {
  const steps: Step[] = [];
  for (let index = 0; index < pattern.length;) {
    const codePoint = pattern.codePointAt(index) ?? 0;
    const character = String.fromCodePoint(codePoint);
    if (character === "[") {
      const { step, end } = parseClass(pattern, index);
      steps.push(step);
      index = end;
      continue;
    }
    index += character.length;
    if (character === "*") {
      if (steps.at(-1) !== "*") steps.push("*");
    } else if (character === "?") {
      steps.push(() => true);
    } else {
      steps.push((other) => other === codePoint);
    }
  }
  return steps;
}

/**
 * Matches in time |text| × |steps| at worst: names come from the network, so a backtracking regular expression made
 * from a glob with several stars would hand a remote sender our CPU.
 */
function matchSteps(steps: readonly Step[], text: string): boolean {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  let step = 0;
  let point = 0;
  let starStep = -1;
  let starPoint = 0;
  while (point < points.length) {
    const current = steps[step];
    if (current === "*") {
      starStep = step++;
      starPoint = point;
    } else if (current !== undefined && current(points[point] ?? 0)) {
      step++;
      point++;
    } else if (starStep >= 0) {
      step = starStep + 1;
      point = ++starPoint;
    } else {
      return false;
    }
  }
  while (steps[step] === "*") step++;
  return step === steps.length;
}

/**
 * Compiles a glob.
 *
 * @param pattern the glob; matched as it is, so fold case and trailing dots before
 * @returns whether a text matches from its first to its last character
 * @throws {UsageError} for an empty pattern, a `[` without `]`, or a range that holds nothing
 */
export function compileGlob(pattern: string): Matcher {
  if (pattern === "") throw new UsageError('found an empty glob, wanted a pattern such as "*.example.com"');
  const steps = parseSteps(pattern);
  if (!/[*?[]/.test(pattern)) return (text) => text === pattern;
  if (/^\*[^*?[]*$/.test(pattern)) return (text) => text.endsWith(pattern.slice(1));
  if (/^[^*?[]*\*$/.test(pattern)) return (text) => text.startsWith(pattern.slice(0, -1));
  return (text) => matchSteps(steps, text);
}
