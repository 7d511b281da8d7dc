import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { runInside } from "./_run.ts";

/** Every command. */
const COMMANDS = [
  "dns",
  "procs",
  "conns",
  "top",
  "who",
  "map",
  "doctor",
  "decode",
  "schema",
  "version",
  "completion",
  "man",
];

for (const command of COMMANDS) {
  Deno.test(`culprit ${command} --help`, async (test) => {
    const { code, out, err } = await runInside([command, "--help"]);
    assert.equal(code, 0);
    assert.equal(err, "");
    await test.assertSnapshot(out);
  });
}

Deno.test("culprit --help", async (test) => {
  const { code, out, err } = await runInside(["--help"]);
  assert.equal(code, 0);
  assert.equal(err, "");
  await test.assertSnapshot(out);
});

Deno.test("culprit without arguments prints its help", async () => {
  assert.deepEqual(await runInside([]), await runInside(["--help"]));
});

Deno.test("culprit help dns prints the help of dns", async () => {
  assert.deepEqual(await runInside(["help", "dns"]), await runInside(["dns", "--help"]));
});

for (const flag of ["--version", "-V"]) {
  Deno.test(`culprit ${flag} prints the version`, async () => {
    assert.deepEqual(await runInside([flag]), { code: 0, out: `${config.version}\n`, err: "" });
  });
}

Deno.test("help has lines of at most 120 columns, in the order of the house", async () => {
  for (const command of COMMANDS) {
    const { out } = await runInside([command, "--help"]);
    for (const line of out.split("\n")) assert.ok(line.length <= 120, line);
    const parts = ["Usage:", "Help:", "Examples:", "Exit codes:"].map((part) => out.indexOf(`\n${part}`));
    assert.deepEqual(parts, [...parts].sort((a, b) => a - b));
    assert.ok(parts.every((at) => at > 0));
  }
});

/** Part of what `deno info --json` says. */
interface ModuleGraph {
  modules: { specifier: string; dependencies?: { code?: { specifier: string }; isDynamic?: boolean }[] }[];
}

Deno.test("help loads neither FFI nor sensors, so that it stays fast", async () => {
  const cli = new URL("../../cli.ts", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", cli.pathname] }).output();
  const { modules }: ModuleGraph = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = new Set<string>();
  const load = (specifier: string): void => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const dependency of modules.find((module) => module.specifier === specifier)?.dependencies ?? []) {
      if (dependency.isDynamic !== true && dependency.code !== undefined) load(dependency.code.specifier);
    }
  };
  load(cli.href);
  const paths = [...loaded].map((specifier) => specifier.replace(new URL("../../", import.meta.url).href, ""));
  assert.ok(paths.includes("src/commands/options.ts"));
  // Of src/host/ what needs no FFI.
  assert.deepEqual(
    paths.filter((path) =>
      /^(ffi|bpf|src\/(host\/(?!files|hangup)|net|correlation|commands\/(dns|procs|top|doctor)))/.test(path)
    ),
    [],
  );
});
