// The single file of `deno compile`, in the same places as the offline one. Its runtime may be out of reach: then every
// test here is reported as ignored.
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { compileOfficial, RuntimeUnavailableError } from "../../scripts/compile.ts";
import { TARGETS } from "../../scripts/target.ts";
import { writeStderr } from "../../src/output/stdio.ts";
import { PLACES } from "./_places.ts";
import { observeIn, RELEASE, runIn } from "./_sandbox.ts";

const FILE = `${RELEASE}/../culprit-official`;

/** Whether it could be made. */
function isMade(): boolean {
  try {
    compileOfficial(TARGETS.x86_64, FILE);
    return true;
  } catch (error) {
    if (!(error instanceof RuntimeUnavailableError)) throw error;
    writeStderr(`not run: ${error.message}\n`);
    return false;
  }
}

const ignore = !isMade();

for (const [name, sandbox] of PLACES) {
  Deno.test({ name: `official: culprit dns works: ${name}`, ignore }, async () => {
    await observeIn({ ...sandbox, file: FILE });
  });
}

Deno.test({ name: "official: it says what it is", ignore }, async () => {
  const { code, out } = await runIn({ file: FILE }, "version", "--json");
  assert.equal(code, 0);
  const { version, build, libbpf_source } = JSON.parse(out);
  assert.deepEqual([version, build, libbpf_source], [config.version, "compiled", "built in"]);
});

Deno.test({ name: "official: no compiled code is read from or left in /tmp", ignore }, async () => {
  const { code, out } = await runIn({ file: FILE, script: "run /opt/culprit --version; ls -A $root/tmp" });
  assert.deepEqual([code, out], [0, `${config.version}\n`]);
});

Deno.test({ name: "official: two builds are the same", ignore }, () => {
  compileOfficial(TARGETS.x86_64, `${FILE}-again`);
  assert.deepEqual(Deno.readFileSync(`${FILE}-again`), Deno.readFileSync(FILE));
  Deno.removeSync(`${FILE}-again`);
});
