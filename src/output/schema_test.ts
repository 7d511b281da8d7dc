import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import fc from "fast-check";
import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import { unknownProcess } from "../process_table.ts";
import { anyEvent } from "./arbitrary_testing.ts";
import { EVENTS } from "./catalog.ts";
import { JsonEncoder } from "./json.ts";
import { eventSchema } from "./schema.ts";

/** A validator; the closed one refuses what is not described. */
function validator(closed: boolean): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: true, formats: { "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/ } });
  return ajv.compile({ ...eventSchema({ closed }) });
}

for (const event of EVENTS) {
  Deno.test(`eventSchema() accepts the example of ${event.name}`, () => {
    assert.equal(validator(true)(JSON.parse(JSON.stringify(event.example))), true);
  });

  Deno.test(`eventSchema() insists on the fields of ${event.name} that are always there`, () => {
    const validate = validator(true);
    const fields = Object.entries(event.fields);
    for (const [name, field] of fields) {
      const { [name]: _, ...without } = Object.fromEntries(Object.entries(event.example));
      assert.equal(validate(without), field.optional === true, name);
    }
  });
}

Deno.test("eventSchema() accepts every line the JSON writer makes of any event", () => {
  const validate = validator(true);
  const encoder = new JsonEncoder();
  fc.assert(fc.property(anyEvent, (event) => assert.equal(validate(JSON.parse(encoder.encode(event))), true)));
});

Deno.test("eventSchema() accepts an event of which nobody knows the process", () => {
  const event = { ...DNS_EVENT.example, process: unknownProcess("a test"), attribution: "unknown" as const };
  assert.equal(validator(true)(JSON.parse(new JsonEncoder().encode(event))), true);
});

Deno.test("eventSchema() lets later versions add fields unless it is closed", () => {
  for (const { example } of EVENTS) {
    const later = { ...example, added: 1 };
    assert.equal(validator(false)(later), true);
    assert.equal(validator(true)(later), false);
  }
});

Deno.test("eventSchema() refuses what an event cannot be", () => {
  const validate = validator(false);
  const [event] = EVENTS;
  assert.ok(event);
  for (
    const [name, change] of [
      ["another schema", { schema: "culprit/2" }],
      ["no known type", { type: "dnz" }],
      ["null", { latency_us: null }],
      ["text for a number", { latency_us: "812" }],
      ["a fraction", { latency_us: 0.5 }],
      ["less than nothing", { latency_us: -1 }],
      ["a flag that is false", { cache: false }],
      ["a time without nanoseconds", { time: "2026-11-21T00:12:03Z" }],
    ] as const
  ) {
    assert.equal(validate({ ...event.example, ...change }), false, name);
  }
});
