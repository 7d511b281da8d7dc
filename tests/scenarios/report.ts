/**
 * Keeps the outcome of each kernel and writes docs/ATTRIBUTION.md from them.
 *
 * @module
 */

import { ROOT } from "./build.ts";
import { NOTHING_ELSE, type Scorecard, type Verdict } from "./runner.ts";
import type { Scenario } from "./scenario.ts";

/** Folder of the kept outcomes, one file a kernel. */
export const RESULTS = `${ROOT}/tests/scenarios/results`;

/** What is kept of a run. */
export type Result = Pick<Scorecard, "kernel" | "verdicts">;

/** What a kernel is called in the table: the guest's name, or major and minor of the release. */
function labelOf(kernel: string): string {
  return Deno.env.get("CULPRIT_GUEST") ?? kernel.split(".").slice(0, 2).join(".");
}

/** Orders `5.10` before `6.1` and `6.12` before `6.12-lockdown`. */
function compareLabels(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}

/**
 * Keeps the outcome of the running kernel: in the folder of results, or in what a guest hands to its host.
 *
 * @param card the outcome
 */
export async function saveResult(card: Scorecard): Promise<void> {
  const folder = Deno.env.get("CULPRIT_GUEST_OUT") ?? RESULTS;
  await Deno.mkdir(folder, { recursive: true });
  const result: Result = { kernel: card.kernel, verdicts: {} };
  for (const [name, { verdict, details, excuse }] of Object.entries(card.verdicts)) {
    // Where the work tree is, and what an excused miss looks like in detail, are nobody's concern.
    const kept = excuse === undefined ? details.map((detail) => detail.replaceAll(ROOT, "")) : [];
    result.verdicts[name] = { verdict, details: kept, ...(excuse === undefined ? {} : { excuse }) };
  }
  await Deno.writeTextFile(`${folder}/${labelOf(card.kernel)}.json`, JSON.stringify(result, undefined, 2) + "\n");
}

/**
 * Reads every kept outcome.
 *
 * @returns outcomes by label, in the order of the table
 */
export async function readResults(): Promise<Map<string, Result>> {
  const labels: string[] = [];
  for await (const { name } of Deno.readDir(RESULTS)) {
    if (name.endsWith(".json")) labels.push(name.slice(0, -".json".length));
  }
  const results = new Map<string, Result>();
  for (const label of labels.sort(compareLabels)) {
    results.set(label, JSON.parse(await Deno.readTextFile(`${RESULTS}/${label}.json`)));
  }
  return results;
}

/** Text as a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** How many of each verdict, most wanted first. */
function count(verdicts: Verdict[]): string {
  return (["right", "wrong", "missed", "not run", "broken"] as const)
    .map((kind) => ({ kind, count: verdicts.filter(({ verdict }) => verdict === kind).length }))
    .filter((entry) => entry.count > 0)
    .map((entry) => `${entry.count} ${entry.kind}`)
    .join(", ");
}

/** The lines that explain what is not right, grouped by scenario and reason. */
function explain(scenario: string, results: Map<string, Result>): string[] {
  const reasons = new Map<string, string[]>();
  for (const [label, { verdicts }] of results) {
    const outcome = verdicts[scenario];
    if (!outcome || outcome.verdict === "right") continue;
    const reason = outcome.excuse ?? outcome.details[0] ?? "";
    const line = `${outcome.verdict}: ${reason}`;
    reasons.set(line, [...reasons.get(line) ?? [], label]);
  }
  return [...reasons].map(([line, labels]) => `- \`${scenario}\` on ${labels.join(", ")}: ${cell(line)}`);
}

/**
 * Writes the document.
 *
 * @param scenarios every scenario, in the order of the table
 * @param results outcomes by label
 * @returns Markdown
 */
export function renderScorecard(scenarios: readonly Scenario[], results: Map<string, Result>): string {
  const labels = [...results.keys()];
  const rows = [
    ...scenarios,
    { name: NOTHING_ELSE, expects: "in the namespaces of the scenarios nothing else is reported" },
  ].map(({ name, expects }) => {
    const verdicts = labels.map((label) => results.get(label)?.verdicts[name]?.verdict ?? "");
    return `| ${[`\`${name}\``, cell(expects), ...verdicts].join(" | ")} |`;
  });
  const totals = labels.map((label) => {
    const result = results.get(label);
    return `- ${label} (${result?.kernel}): ${count(Object.values(result?.verdicts ?? {}))}`;
  });
  const explained = [...scenarios.map(({ name }) => name), NOTHING_ELSE].flatMap((name) => explain(name, results));
  return `# Attribution scorecard

In ${scenarios.length} scenarios real programs ask for names, and log their own ground truth (pid, thread, parent, executable,
command line, user, network namespace, start time, ports, name), and one \`culprit dns\` watches them all. Then what it
reported is compared with the truth, field by field.

| verdict | means |
| --- | --- |
| right | every transaction exactly once, every field as the program logged it, and nothing else |
| wrong | a field contradicts the truth, something is reported twice, or something is reported that did not happen |
| missed | a transaction is not reported, or a field is absent or \`unknown\` |
| not run | this machine lacks what the scenario needs |

Compared are: pid, tid, parent and nearest ancestor, uid, gid, comm, name, executable, command line, start time, network
namespace, container; role; the server's process; transport, family, ports, device; status, rcode, latency, and what the
row says. Names are never used twice, and everything runs in network namespaces of its own, so an event that nothing
explains is an error too.

Made by \`deno run -A scripts/scorecard.ts --save\` on the host and \`--guests all\` in the guests of \`scripts/vm\`; the
programs are in \`tests/scenarios\`, and \`tests/kernel/attribution_test.ts\` runs the same as tests.

${totals.join("\n")}

| scenario | what must be seen | ${labels.join(" | ")} |
| --- | --- | ${labels.map(() => "---").join(" | ")} |
${rows.join("\n")}

## What is not right, and why

${explained.length ? explained.join("\n") : "Nothing."}
`;
}
