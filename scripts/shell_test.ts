import assert from "node:assert/strict";
import { ROOT } from "./toolchain.ts";

/** Runs a script of the repository, or any program, without input. */
async function run(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = await new Deno.Command(program, { args, stdin: "null", ...options }).output();
  const decoder = new TextDecoder();
  return { code: output.code, stdout: decoder.decode(output.stdout), stderr: decoder.decode(output.stderr) };
}

/** A folder that is gone afterwards. */
async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "culprit-shell-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const REFUSALS: { name: string; script: string; args: string[]; code: number; message: RegExp }[] = [
  {
    name: "setup",
    script: "setup",
    args: ["everything"],
    code: 2,
    message: /usage: scripts\/setup \[run\|package\|test\]/,
  },
  { name: "test", script: "test", args: ["--without", "lint"], code: 2, message: /found "lint", wanted some of ok / },
  { name: "test without a value", script: "test", args: ["--without"], code: 2, message: /--without PART/ },
  { name: "vm/run without a command", script: "vm/run", args: ["--kernel", "6.1"], code: 2, message: /COMMAND/ },
  { name: "vm/run", script: "vm/run", args: ["--kernel", "1.0", "--", "true"], code: 3, message: /no kernel "1.0"/ },
];

for (const { name, script, args, code, message } of REFUSALS) {
  Deno.test(`${name} refuses what it does not know`, async () => {
    const result = await run(`${ROOT}/scripts/${script}`, args);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, message);
  });
}

Deno.test("culprit says so where the address space is limited", async () => {
  const { code, stderr } = await run("bash", ["-c", 'ulimit -v 4000000; exec "$0" version', `${ROOT}/scripts/culprit`]);
  assert.deepEqual([code, stderr], [
    3,
    "culprit: Cannot start: the address space is limited to 3906 MiB, 53248 are needed (ulimit -v, LimitAS=)\n",
  ]);
});

Deno.test("setup says what is missing and how to get it to those who may not install", async () => {
  await withFolder(async (folder) => {
    // The work tree may be where others cannot read.
    await Deno.mkdir(`${folder}/scripts`);
    for (const script of ["setup", "environment.sh"]) {
      await Deno.copyFile(`${ROOT}/scripts/${script}`, `${folder}/scripts/${script}`);
    }
    // A dpkg-query that knows of nothing: a fresh machine.
    await Deno.writeTextFile(`${folder}/dpkg-query`, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    await Deno.chmod(folder, 0o755);
    const other = Deno.uid() === 0 ? ["setpriv", "--reuid=65534", "--clear-groups"] : ["env"];
    const result = await run(other[0] ?? "", [...other.slice(1), "bash", `${folder}/scripts/setup`], {
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, HOME: folder },
    });
    assert.equal(result.code, 3, result.stderr);
    assert.match(result.stderr, /missing Debian packages: .*clang.*; run this once as root/);
  });
});

Deno.test("build_if_changed() builds once, again after a change or a removal, and again after a failure", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/bpf/x`, { recursive: true });
    await Deno.mkdir(`${folder}/scripts`);
    for (const file of ["bpf/x/x.bpf.c", "bpf/x/y.h", "scripts/build.ts", "scripts/toolchain.ts"]) {
      await Deno.writeTextFile(`${folder}/${file}`, "");
    }
    // Stands for Deno: notes each build, and fails when told so.
    await Deno.writeTextFile(`${folder}/deno`, `#!/bin/sh\necho built >>"${folder}/log"\n[ ! -e "${folder}/fail" ]\n`, {
      mode: 0o755,
    });
    const build = (): Promise<{ code: number }> =>
      run("bash", [
        "-c",
        `source "$1/scripts/environment.sh"; PATH="$2:$PATH"; build_if_changed "$2"`,
        "",
        ROOT,
        folder,
      ]);
    const builds = (): number => Deno.readTextFileSync(`${folder}/log`).trim().split("\n").length;
    // Times have a resolution: changes lie clearly after the build.
    const later = new Date(Date.now() + 60_000);

    await build();
    await build();
    assert.equal(builds(), 1, "the second call has nothing to do");

    await Deno.utime(`${folder}/bpf/x/y.h`, later, later);
    await Deno.writeTextFile(`${folder}/fail`, "");
    assert.equal((await build()).code, 1);
    assert.equal((await build()).code, 1);
    assert.equal(builds(), 3, "a build that failed is tried again");

    await Deno.remove(`${folder}/fail`);
    await Deno.utime(`${folder}/bpf/x/y.h`, new Date(0), new Date(0));
    await Deno.utime(`${folder}/bpf/x`, later, later);
    await build();
    assert.equal(builds(), 4, "the time of a folder changes when a file of it is removed");
  });
});
