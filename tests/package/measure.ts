// Measures the starts of a built culprit: deno run -A tests/package/measure.ts [PROGRAM] [--runs 9]. Needs root.
import { parseArgs } from "node:util";
import { machine, showSpread } from "../bench/_tools.ts";
import { writeStdout } from "../../src/output/stdio.ts";
import { CULPRIT } from "./_sandbox.ts";

const { values, positionals: [program = CULPRIT] } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "9" } },
});

/** Bash that hides what was unpacked before. */
const EMPTY_CACHE = "mount -t tmpfs -o mode=755 none /var/cache";

/** Ways to start, each with the bash that makes them so. */
const STARTS: readonly (readonly [string, string])[] = [
  ["first run", EMPTY_CACHE],
  ["later run", ":"],
  ["from memory (/var/cache without exec)", `${EMPTY_CACHE}; mount -o remount,noexec /var/cache`],
];

/** Runs `culprit --version` once; elapsed and CPU time, ms. */
function start(setup: string): { elapsed: number; cpu: number } {
  const script = `${setup}; TIMEFORMAT='%R %U %S'; time "$1" --version >/dev/null`;
  const { success, stderr } = new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "bash", "-c", script, "bash", program],
  }).outputSync();
  const text = new TextDecoder().decode(stderr);
  if (!success) throw new Error(text);
  const [elapsed = 0, user = 0, system = 0] = (text.trimEnd().split("\n").at(-1) ?? "").split(" ").map(Number);
  return { elapsed: elapsed * 1000, cpu: (user + system) * 1000 };
}

writeStdout(`${machine()}\n${program}: ${(Deno.statSync(program).size / 1e6).toFixed(1)} MB\n`);
start(":");
for (const [name, setup] of STARTS) {
  const runs = Array.from({ length: Number(values.runs) }, () => start(setup));
  const elapsed = showSpread(runs.map((run) => run.elapsed));
  const cpu = showSpread(runs.map((run) => run.cpu));
  writeStdout(`${name}: ${elapsed} ms, ${cpu} ms of CPU time\n`);
}
