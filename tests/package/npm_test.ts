// The npm package of the library, in Node and under the type checker.
import assert from "node:assert/strict";
import { packNpm, reachable } from "../../scripts/pack_npm.ts";

/** Runs a command in a directory. */
function run(directory: string, command: string, ...args: string[]): { code: number; text: string } {
  const env = { NO_COLOR: "1", npm_config_update_notifier: "false" };
  const { code, stdout, stderr } = new Deno.Command(command, { args, cwd: directory, env }).outputSync();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** A message of one question, `example. A IN`. */
const OCTETS = "[0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 1, 0, 1]";

const PROGRAM = `import { decodeMessage, DnsDecodeError, typeName } from "@culprit/culprit";
const { id, questions } = decodeMessage(Uint8Array.from(${OCTETS}));
console.log(id, questions[0].name, typeName(questions[0].type));
try {
  decodeMessage(new Uint8Array(3));
} catch (error) {
  console.log(error instanceof DnsDecodeError, error.offset);
}`;

/** The same for the type checker; the directive fails when what is below it has no type. */
const TYPED = `import { decodeMessage, type DnsMessage } from "@culprit/culprit";
const message: DnsMessage = decodeMessage(Uint8Array.from(${OCTETS}));
export const id: number = message.id;
// @ts-expect-error a number is no string
export const wrong: string = message.id;
`;

Deno.test("the npm package works in Node, with types", async (test) => {
  const directory = Deno.makeTempDirSync();
  try {
    const tarball = `${directory}/culprit.tgz`;
    packNpm(tarball);
    Deno.writeTextFileSync(`${directory}/package.json`, '{"type":"module","private":true}');
    const installed = run(directory, "npm", "install", "--offline", "--no-audit", "--no-fund", "./culprit.tgz");
    assert.equal(installed.code, 0, installed.text);

    await test.step("Node decodes a message", () => {
      Deno.writeTextFileSync(`${directory}/program.js`, PROGRAM);
      const { code, text } = run(directory, "node", "program.js");
      assert.equal(code, 0, text);
      assert.match(text, /^4660 example A\ntrue \d+\n$/);
    });

    await test.step("the type checker knows what it returns", () => {
      Deno.writeTextFileSync(`${directory}/typed.ts`, TYPED);
      const { code, text } = run(
        directory,
        Deno.execPath(),
        "check",
        "--quiet",
        "--node-modules-dir=manual",
        "typed.ts",
      );
      assert.equal(code, 0, text);
    });

    await test.step("it has the BPF objects of both machines, and nothing of the rest of the tree", () => {
      const root = `${directory}/node_modules/@culprit/culprit`;
      for (const arch of ["x86_64", "aarch64"]) {
        const object = Deno.readFileSync(`${root}/prebuilt/${arch}/culprit.bpf.o`);
        // ELF, little-endian, EM_BPF.
        assert.deepEqual([...object.subarray(1, 4), object[5], object[18]], [69, 76, 70, 1, 247]);
      }
      const names = [...Deno.readDirSync(root)].map(({ name }) => name).sort();
      const wanted = ["CHANGELOG.md", "LICENSE", "README.md", "mod.d.ts", "mod.js", "package.json", "prebuilt", "src"];
      assert.deepEqual(names, wanted);
    });

    await test.step("two packages of the same sources are the same", () => {
      packNpm(`${directory}/again.tgz`);
      assert.deepEqual(Deno.readFileSync(`${directory}/again.tgz`), Deno.readFileSync(tarball));
    });
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("reachable() refuses a declaration that is missing", () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/mod.d.ts`, '/** @module */ export * from "./a.js";\n');
    assert.throws(
      () => reachable(directory, "mod.d.ts", (path) => path.replace(/\.js$/, ".d.ts")),
      /Cannot find "a\.d\.ts", which "mod\.d\.ts" imports/,
    );
    Deno.writeTextFileSync(`${directory}/a.d.ts`, '/*\n * import { x } from "./comment.ts";\n */ export {};\n');
    assert.deepEqual(reachable(directory, "mod.d.ts", (path) => path.replace(/\.js$/, ".d.ts")), [
      "a.d.ts",
      "mod.d.ts",
    ]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
