// What runs in continuous integration is pinned.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/toolchain.ts";

const WORKFLOWS = `${ROOT}/.github/workflows`;

for (const { name } of Deno.readDirSync(WORKFLOWS)) {
  Deno.test(`${name}: every action is pinned by its commit and says its version`, () => {
    const uses = Deno.readTextFileSync(`${WORKFLOWS}/${name}`).split("\n").filter((line) => /\buses:/.test(line));
    assert.ok(uses.length > 0);
    for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  Deno.test(`${name}: nothing from outside is put into a shell line`, () => {
    const lines = Deno.readTextFileSync(`${WORKFLOWS}/${name}`).split("\n");
    for (const line of lines.filter((line) => line.includes("${{"))) {
      assert.match(line, /^\s+([\w-]+|[A-Z_]+): /, line);
      assert.doesNotMatch(line, /run:/, line);
    }
  });
}
