// Two builds of the same sources, in directories of different names and depths, are the same to the octet.
import assert from "node:assert/strict";
import { ROOT, runTool } from "../../scripts/toolchain.ts";

/** Copies what a build reads, as git knows it. */
function copyTree(target: string): void {
  Deno.mkdirSync(target, { recursive: true });
  const script = `cd "$1" && git ls-files -z --cached --others --exclude-standard |
    xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\\0" "$f"; done' sh |
    tar --null --create --files-from=- | tar --extract --directory="$2"`;
  runTool("bash", ["-c", script, "bash", ROOT, target]);
}

Deno.test("two builds of the offline single file are the same", () => {
  const directory = Deno.makeTempDirSync();
  try {
    const files = ["one", "deeper/by/two/levels"].map((name) => {
      const tree = `${directory}/${name}`;
      copyTree(tree);
      const output = `${tree}/culprit`;
      runTool(Deno.execPath(), ["run", "-A", `${tree}/scripts/compile.ts`, "--kind=offline", `--output=${output}`]);
      return Deno.readFileSync(output);
    });
    const [one, two] = files as [Uint8Array, Uint8Array];
    assert.equal(one.length, two.length);
    assert.equal(one.findIndex((octet, index) => octet !== two[index]), -1);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
