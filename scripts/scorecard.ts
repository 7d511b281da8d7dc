/**
 * Makes the attribution scorecard: scripts/scorecard.ts [--only NAME,...] [--save] [--guests [NAME,...]] [--keep FILE]
 *
 * Runs every scenario of tests/scenarios beside one culprit and prints the outcome. `--save` keeps the outcome of this
 * kernel in tests/scenarios/results and writes docs/ATTRIBUTION.md from all that is kept there; `--guests` does it in
 * the guests of scripts/vm. Exit code 1 when anything is wrong, broken, or missed without a declared reason.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { buildPrograms, ROOT } from "../tests/scenarios/build.ts";
import { SCENARIOS } from "../tests/scenarios/catalog.ts";
import { readResults, renderScorecard, RESULTS, saveResult } from "../tests/scenarios/report.ts";
import { currentSection } from "../tests/conns/peer_report.ts";
import { isAcceptable, runScenarios, type Scorecard } from "../tests/scenarios/runner.ts";
import { CulpritError, EXIT_CODE, UsageError } from "../src/errors.ts";

const DOCUMENT = `${ROOT}/docs/ATTRIBUTION.md`;

/** Writes a line to standard error. */
function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Prints the outcome of this kernel; returns whether it is acceptable. */
function print(card: Scorecard): boolean {
  const counts = new Map<string, number>();
  for (const [name, outcome] of Object.entries(card.verdicts)) {
    counts.set(outcome.verdict, (counts.get(outcome.verdict) ?? 0) + 1);
    if (outcome.verdict === "right") continue;
    say(`${name}: ${outcome.verdict}${outcome.excuse ? ` (declared: ${outcome.excuse})` : ""}`);
    for (const detail of outcome.details) say(`    ${detail}`);
  }
  for (const problem of card.problems) say(`problem: ${problem}`);
  const total = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(", ");
  say(`${card.kernel}: ${total}; ${(card.durationMs / 1000).toFixed(1)} s`);
  return card.problems.length === 0 && Object.values(card.verdicts).every(isAcceptable);
}

/** Runs the scorecard in the guests and takes their results over; returns whether all are acceptable. */
async function runGuests(names: string): Promise<boolean> {
  await buildPrograms();
  const out = await Deno.makeTempDir({ prefix: "culprit-scorecard-" });
  try {
    const args = [...(names ? ["--kernel", names] : []), "--timeout", "900", "--out", out, "--"];
    const inside = [Deno.execPath(), "run", "-A", "--cached-only", `${ROOT}/scripts/scorecard.ts`, "--save"];
    const { success } = await new Deno.Command(`${ROOT}/scripts/vm/run`, { args: [...args, ...inside], stdin: "null" })
      .spawn().status;
    await Deno.mkdir(RESULTS, { recursive: true });
    for await (const { name } of Deno.readDir(out)) await Deno.copyFile(`${out}/${name}`, `${RESULTS}/${name}`);
    return success;
  } finally {
    await Deno.remove(out, { recursive: true });
  }
}

/** Reads the command line and does what it says; returns the exit code. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      keep: { type: "string" },
      save: { type: "boolean" },
      verbose: { type: "boolean" },
      guests: { type: "string" },
    },
  });
  const only = values.only?.split(",");
  const unknown = only?.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown) throw new UsageError(`There is no scenario "${unknown}"`);
  let acceptable: boolean;
  if (values.guests === undefined) {
    const card = await runScenarios({
      ...(only ? { only } : {}),
      ...(values.keep ? { keep: values.keep } : {}),
      ...(values.verbose ? { log: say } : {}),
    });
    acceptable = print(card);
    if (values.save) await saveResult(card);
  } else {
    acceptable = await runGuests(values.guests === "all" ? "" : values.guests);
  }
  const inGuest = Deno.env.has("CULPRIT_GUEST");
  if ((values.save || values.guests !== undefined) && !inGuest) {
    const connections = await currentSection();
    await Deno.writeTextFile(DOCUMENT, `${renderScorecard(SCENARIOS, await readResults())}${connections}`);
  }
  return acceptable ? EXIT_CODE.ok : EXIT_CODE.findings;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (error instanceof CulpritError) {
    say(`scorecard: ${error.message}`);
    Deno.exitCode = error.exitCode;
  } else throw error;
}
