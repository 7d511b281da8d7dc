import { hex } from "../../src/dns/_fixtures.ts";
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
