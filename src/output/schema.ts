/**
 * JSON Schema (draft 2020-12) of the events, made from the field descriptions.
 *
 * @module
 */

import { SCHEMA } from "../events.ts";
import { blocksOf, EVENTS } from "./catalog.ts";
import type { AnyBlock, AnyField } from "./fields.ts";

/** A schema or part of one. */
export type JsonSchema = { readonly [key: string]: unknown };

/** Text of a description: what it is, its unit, its values. */
function describe(field: AnyField): string {
  const unit = field.unit === undefined ? "" : ` (${field.unit})`;
  const values = Object.entries(field.values ?? {}).map(([value, text]) => `${value}: ${text}`).join("; ");
  return `${field.text}${unit}${values === "" ? "" : `. ${values}`}`;
}

/** What a value of the field must be. */
function typeSchema(field: AnyField): JsonSchema {
  const reference = { $ref: `#/$defs/${field.block?.name}` };
  switch (field.type) {
    case "true":
      return { const: true };
    case "integer":
      return { type: "integer", minimum: 0, maximum: field.maximum ?? Number.MAX_SAFE_INTEGER };
    case "string":
      if (field.values !== undefined) return { enum: Object.keys(field.values) };
      return field.format === undefined ? { type: "string" } : { type: "string", format: field.format };
    case "strings":
      return { type: "array", items: { type: "string" } };
    case "list":
      return { type: "array", items: reference };
    case "integers":
      return { type: "array", items: { type: "integer", minimum: 0 } };
    case "counts":
      return { type: "object", additionalProperties: { type: "integer", minimum: 0 } };
    case "block":
      return reference;
  }
}

/** An object with these fields. */
function blockSchema(block: AnyBlock, closed: boolean): JsonSchema {
  const fields = Object.entries(block.fields);
  return {
    type: "object",
    description: block.text,
    properties: Object.fromEntries(
      fields.map(([name, field]) => [name, { description: describe(field), ...typeSchema(field) }]),
    ),
    required: fields.filter(([, field]) => field.optional !== true).map(([name]) => name),
    ...(closed ? { additionalProperties: false } : {}),
  };
}

/**
 * Makes the schema of one line.
 *
 * @param options `closed`: refuse properties that are not described. Off by default, because a later version of
 *   culprit may add some under the same `schema`.
 * @returns the schema
 */
export function eventSchema(options: { closed?: boolean } = {}): JsonSchema {
  const blocks = [...EVENTS, ...blocksOf(EVENTS)];
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:culprit:${SCHEMA.replace("/", ":")}`,
    title: SCHEMA,
    description: "One line of culprit's JSON output",
    oneOf: EVENTS.map((event) => ({ $ref: `#/$defs/${event.name}` })),
    $defs: Object.fromEntries(blocks.map((block) => [block.name, blockSchema(block, options.closed === true)])),
  };
}
