import assert from "node:assert/strict";
import { blocksOf, EVENTS } from "./catalog.ts";
import type { Fields } from "./fields.ts";

/** What descriptions are compared with below. */
interface Sample {
  count: number;
  kind: "a" | "b";
  note?: string;
}

const text = "text";
const count = { type: "integer", text } as const;
const kind = { type: "string", values: { a: "", b: "" }, text } as const;
const note = { type: "string", optional: true, text } as const;

Deno.test("Fields compiles only for a description of exactly the properties of a type", () => {
  const right: Fields<Sample> = { count, kind, note };
  // @ts-expect-error: a property is not described
  const missing: Fields<Sample> = { count, kind };
  // @ts-expect-error: a description has no property
  const extra: Fields<Sample> = { count, kind, note, other: count };
  // @ts-expect-error: a number is not a string
  const wrongType: Fields<Sample> = { count: { type: "string", text }, kind, note };
  // @ts-expect-error: a property that may be absent is not marked
  const unmarked: Fields<Sample> = { count, kind, note: { type: "string", text } };
  // @ts-expect-error: a property that is always there is marked as optional
  const marked: Fields<Sample> = { count: { type: "integer", optional: true, text }, kind, note };
  // @ts-expect-error: a value is not described
  const lessValues: Fields<Sample> = { count, kind: { type: "string", values: { a: "" }, text }, note };
  // @ts-expect-error: a described value does not exist
  const moreValues: Fields<Sample> = { count, kind: { type: "string", values: { a: "", b: "", c: "" }, text }, note };
  assert.equal([right, missing, extra, wrongType, unmarked, marked, lessValues, moreValues].length, 8);
});

Deno.test("blocksOf() finds every block once, under names of their own", () => {
  const names = [...EVENTS, ...blocksOf(EVENTS)].map((block) => block.name);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.includes("ancestor") && names.includes("dns_question"));
});

Deno.test("descriptions are sentences without period", () => {
  for (const block of [...EVENTS, ...blocksOf(EVENTS)]) {
    for (const [name, field] of Object.entries(block.fields)) {
      assert.match(field.text, /^[A-Z`].*[^.]$/, `${block.name}.${name}`);
    }
  }
});
