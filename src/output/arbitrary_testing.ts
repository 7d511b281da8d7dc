/**
 * Random events for property tests, made from the field descriptions: a field that is described is generated.
 *
 * @module
 */

import fc from "fast-check";
import type { CulpritEvent } from "../events.ts";
import { type AnyEvent, EVENTS } from "./catalog.ts";
import type { AnyBlock, AnyField } from "./fields.ts";

/** Characters that have broken terminals, lines, parsers and tables. */
const HOSTILE = [
  ..."\0\x01\x07\b\t\n\v\f\r\x1b\x7f\x80\x85\x90\x9b\x9d\xa0\xad",
  ..."\"\\'`$= ,:;[]{}<>&%",
  ..."\u061c\u200b\u200d\u200e\u200f\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff\ufffe\uffff",
  ..."a0é漢ｱ\u0301👩\u{1f3fb}\u{e0041}\u{10ffff}",
  "\ud800",
  "\udc00",
  "\x1b]0;title\x07",
  "\x1b[2J",
  "\\u001b",
  "\\x1b",
];

/** Any text, with a taste for trouble. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...HOSTILE), { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);

/** A value of a field. */
function fieldValue(field: AnyField): fc.Arbitrary<unknown> {
  switch (field.type) {
    case "true":
      return fc.constant(true);
    case "integer":
      return fc.integer({ min: 0, max: field.maximum ?? Number.MAX_SAFE_INTEGER });
    case "string":
      if (field.values !== undefined) return fc.constantFrom(...Object.keys(field.values));
      if (field.format === undefined) return hostileText;
      return fc.integer({ min: 0, max: 999_999_999 }).map((ns) =>
        `2026-11-21T00:12:03.${String(ns).padStart(9, "0")}Z`
      );
    case "strings":
      return fc.array(hostileText, { maxLength: 3 });
    case "integers":
      return fc.array(fc.nat(), { maxLength: 3 });
    case "counts":
      return fc.dictionary(fc.stringMatching(/^[a-z][a-z_]{0,9}$/), fc.nat(), { maxKeys: 3, noNullPrototype: true });
    case "list":
      return field.block === undefined ? fc.constant([]) : fc.array(blockValue(field.block), { maxLength: 3 });
    case "block":
      return field.block === undefined ? fc.constant({}) : blockValue(field.block);
  }
}

/** An object with the fields of a block; optional ones come and go. */
function blockValue(block: AnyBlock): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(block.fields);
  return fc.record(Object.fromEntries(fields.map(([name, field]) => [name, fieldValue(field)])), {
    requiredKeys: fields.filter(([, field]) => field.optional !== true).map(([name]) => name),
    noNullPrototype: true,
  });
}

/**
 * @param description a kind of event
 * @returns random events of it
 */
export function eventOf(description: AnyEvent): fc.Arbitrary<CulpritEvent> {
  // The descriptions follow the types of the events, which the compiler checks where they are written.
  return blockValue(description) as fc.Arbitrary<unknown> as fc.Arbitrary<CulpritEvent>;
}

/** Random events of every kind. */
export const anyEvent: fc.Arbitrary<CulpritEvent> = fc.oneof(...EVENTS.map(eventOf));
