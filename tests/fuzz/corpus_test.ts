import assert from "node:assert/strict";
import { hex } from "../../src/dns/_fixtures.ts";
import { generateCapture, mutateCapture } from "./capture_generator.ts";
import { checkCapture } from "./capture_invariants.ts";
import { generateMessage, mutate } from "./generator.ts";
import { checkInvariants } from "./invariants.ts";
import { Random } from "./random.ts";

const CORPUS = new URL("./corpus/", import.meta.url);

for (const { name } of Deno.readDirSync(CORPUS)) {
  if (!name.endsWith(".hex")) continue;
  Deno.test(`the decoder keeps its promises for ${name}`, () => {
    checkInvariants(hex(Deno.readTextFileSync(new URL(name, CORPUS))));
  });
}

Deno.test("the decoder keeps its promises for 3,000 generated and mutated messages", () => {
  const random = new Random(20260706);
  for (let count = 0; count < 1500; count++) {
    const bytes = generateMessage(random);
    checkInvariants(bytes);
    checkInvariants(mutate(random, bytes));
  }
});

Deno.test("reading captures keeps its promises for 60 generated and damaged files", () => {
  const random = new Random(20260706);
  const ways = new Set<string>();
  for (let count = 0; count < 30; count++) {
    const bytes = generateCapture(random);
    ways.add(checkCapture(bytes, count));
    ways.add(checkCapture(mutateCapture(random, bytes), count));
  }
  // Else the generator makes nothing that is worth reading.
  assert.ok(ways.size > 20, `${ways.size} ways`);
});
