/**
 * Runs every scenario beside one `culprit dns` and judges what it reported.
 *
 * @module
 */

import type { CulpritEvent, DnsEvent, SummaryEvent } from "../../src/events.ts";
import { isAtLeast, isBuiltWithout } from "../../src/host/kernel.ts";
import { buildPrograms, ROOT } from "./build.ts";
import { SCENARIOS } from "./catalog.ts";
import { describe, type Expected, type Finding, judge } from "./check.ts";
import { NotRunError, type Scenario, Stage } from "./scenario.ts";
import { until, within } from "./wait.ts";
import { World } from "./world.ts";

/** Outcome of one scenario. `broken`: the scenario itself failed, so nothing is known about culprit. */
export interface Verdict {
  verdict: "right" | "wrong" | "missed" | "not run" | "broken";
  /** Why, for every verdict but `right`. */
  details: string[];
  /** Declared reason of a miss on this kernel. */
  excuse?: string;
}

/**
 * Whether an outcome lets the tests pass.
 *
 * @param outcome the outcome of one scenario
 * @returns false for wrong, for broken, and for a miss without a declared reason
 */
export function isAcceptable({ verdict, excuse }: Verdict): boolean {
  return verdict === "right" || verdict === "not run" || (verdict === "missed" && excuse !== undefined);
}

/** Outcome of a run. */
export interface Scorecard {
  /** Release of the kernel, for example `6.12.30-amd64`. */
  kernel: string;
  verdicts: Record<string, Verdict>;
  /** What is wrong with the run as a whole: loss, exit code, lines that are no JSON. */
  problems: string[];
  summary?: SummaryEvent;
  /** From the start of the first program to the last verdict, ms. */
  durationMs: number;
}

/** Which scenarios to run and where to keep what culprit wrote. */
export interface RunOptions {
  /** Names; absent for all. */
  only?: string[];
  /** Copy of the JSON lines. */
  keep?: string;
  /** Told about progress. */
  log?: (line: string) => void;
}

/** Name of the pseudo scenario that gets events nothing explains. */
export const NOTHING_ELSE = "nothing-else";

/** The command line of culprit: `CULPRIT` (words) or the source tree. */
function culpritCommand(): string[] {
  const given = Deno.env.get("CULPRIT");
  if (given) return given.split(" ");
  const flags = ["run", "--quiet", "--no-prompt", "--cached-only", "--allow-all", "--config", `${ROOT}/deno.json`];
  return [Deno.execPath(), ...flags, `${ROOT}/cli.ts`];
}

/** A running culprit. */
class Culprit implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: string;
  readonly #errors: Promise<string>;
  #stopped = false;

  private constructor(child: Deno.ChildProcess, output: string) {
    this.#child = child;
    this.#output = output;
    this.#errors = new Response(child.stderr).text();
  }

  /** Starts it and waits until every program is attached. */
  static async start(directory: string): Promise<Culprit> {
    const [output, ready] = [`${directory}/events.jsonl`, `${directory}/ready`];
    const [command, ...args] = [...culpritCommand(), "dns", "--json", "--ready-file", ready, "--output", output];
    const child = new Deno.Command(command!, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
    const culprit = new Culprit(child, output);
    let ended: Deno.CommandStatus | undefined;
    child.status.then((status) => ended = status);
    try {
      await until(async () => ended !== undefined || await exists(ready), "the start of culprit");
      if (ended) throw new Error(`culprit ended with ${ended.code} before it was ready: ${await culprit.#errors}`);
    } catch (error) {
      await culprit[Symbol.asyncDispose]();
      throw error;
    }
    return culprit;
  }

  /** Ends it and reads what it wrote. */
  async stop(): Promise<{ code: number; errors: string; bytes: Uint8Array }> {
    this.#child.kill("SIGINT");
    const { code } = await within(this.#child.status, () => "the end of culprit after SIGINT");
    this.#stopped = true;
    return { code, errors: await this.#errors, bytes: await Deno.readFile(this.#output) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    await this.#errors;
  }
}

/** Whether there is such a file. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Why a scenario cannot run here; undefined when it can. */
async function lacks(world: World, scenario: Scenario): Promise<string | undefined> {
  for (const need of scenario.needs ?? []) {
    const reason = world.lacking.get(need);
    if (reason) return reason;
    if (need.startsWith("/") && !await exists(need)) return `${need} is not installed`;
  }
  return undefined;
}

/** Reads JSON lines; a line that is none becomes a problem. */
function parseLines(bytes: Uint8Array, problems: string[]): CulpritEvent[] {
  const events: CulpritEvent[] = [];
  const control = bytes.findIndex((octet) => octet < 32 && octet !== 10);
  if (control >= 0) problems.push(`the output holds the control octet ${bytes[control]} at offset ${control}`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    problems.push(`the output is not UTF-8: ${error}`);
    text = new TextDecoder().decode(bytes);
  }
  for (const line of text.split("\n")) {
    if (line === "") continue;
    try {
      events.push(JSON.parse(line));
    } catch (error) {
      problems.push(`no JSON line: ${line.slice(0, 200)}: ${error}`);
    }
  }
  return events;
}

/** One scenario on its way. */
interface Running {
  scenario: Scenario;
  stage: Stage;
  go?: () => Promise<Expected[]>;
  expected?: Expected[];
  failure?: Verdict;
}

/** Runs one step of a scenario; a failure is its verdict, and not the end of the run. */
async function attempt(running: Running, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    running.failure = { verdict: error instanceof NotRunError ? "not run" : "broken", details: [reason] };
  }
}

/** Which scenario an event that nothing explains belongs to. */
function accuse(event: DnsEvent, all: Running[], world: World): string | undefined {
  const asked = event.dns.question?.name.toLowerCase() ?? "";
  if (asked.includes(`-${world.nonce}.`)) {
    const label = asked.split(".").find((part) => part.endsWith(`-${world.nonce}`)) ?? "";
    const owner = all.filter(({ scenario }) => label.startsWith(scenario.name))
      .sort((a, b) => b.scenario.name.length - a.scenario.name.length)[0];
    return owner?.scenario.name ?? NOTHING_ELSE;
  }
  const pids = [event.process?.pid, event.server_process?.pid].filter((pid) => pid !== undefined);
  const owner = all.find(({ stage }) => pids.some((pid) => stage.owns(pid)));
  if (owner) return owner.scenario.name;
  const ours = [world.near.inode, world.far.inode];
  const inside = [event.process?.netns, event.server_process?.netns].some((netns) => netns && ours.includes(netns));
  return inside ? NOTHING_ELSE : undefined;
}

/** The verdict that follows from the differences. */
function conclude(scenario: Scenario, findings: Finding[], kernel: number): Verdict {
  const worst = findings.some(({ kind }) => kind === "wrong") ? "wrong" : findings.length > 0 ? "missed" : "right";
  const excused = scenario.mayMiss && (scenario.mayMiss.on?.(kernel) ?? true);
  const details = findings.slice(0, 40).map(({ kind, text }) => `${kind}: ${text}`);
  if (findings.length > details.length) details.push(`and ${findings.length - details.length} more`);
  return {
    verdict: worst,
    details,
    ...(worst === "missed" && excused && scenario.mayMiss ? { excuse: scenario.mayMiss.reason } : {}),
  };
}

/**
 * Runs the scenarios once beside one culprit.
 *
 * @param options see {@linkcode RunOptions}
 * @returns the outcome of each
 * @throws {Error} when culprit does not start, or the namespaces cannot be made
 */
export async function runScenarios(options: RunOptions = {}): Promise<Scorecard> {
  const started = performance.now();
  const log = options.log ?? (() => {});
  const lacking = await buildPrograms();
  const problems: string[] = [];
  const kernel = Deno.osRelease();
  const [major = 0, minor = 0] = kernel.split(".").map((part) => parseInt(part));
  if (isBuiltWithout("CONFIG_KALLSYMS_ALL")) {
    lacking.set("bottom-halves", "wrong here (README.md, limits): the kernel was built without CONFIG_KALLSYMS_ALL");
  } else if (!isAtLeast(kernel, "5.11")) {
    lacking.set("bottom-halves", "wrong here (README.md, limits): its BTF does not describe per-CPU variables");
  }
  await using world = await World.create(lacking);
  const chosen = SCENARIOS.filter(({ name }) => !options.only || options.only.includes(name));
  const all: Running[] = chosen.map((scenario) => ({ scenario, stage: new Stage(world, scenario.name) }));
  for (const running of all) {
    const reason = await lacks(world, running.scenario);
    if (reason) running.failure = { verdict: "not run", details: [reason] };
    const { prepare } = running.scenario;
    if (reason || !prepare) continue;
    await attempt(running, async () => {
      running.go = await prepare(running.stage);
    });
  }
  await using culprit = await Culprit.start(world.directory);
  log(`culprit is ready after ${Math.round(performance.now() - started)} ms`);
  await world.startServers();
  for (const running of all) {
    if (running.failure) continue;
    const begun = performance.now();
    await attempt(running, async () => {
      running.expected = await (running.go?.() ?? running.scenario.run?.(running.stage) ?? []);
    });
    log(`${running.scenario.name}: ${Math.round(performance.now() - begun)} ms`);
  }
  const { code, errors, bytes } = await culprit.stop();
  if (options.keep) await Deno.writeFile(options.keep, bytes);
  if (code !== 0) problems.push(`culprit ended with ${code}: ${errors}`);
  const events = parseLines(bytes, problems);
  const unexplained = new Set(events.filter((event): event is DnsEvent => event.type === "dns"));
  const findings = new Map<string, Finding[]>();
  for (const { scenario, expected } of all) {
    if (expected) findings.set(scenario.name, judge(expected, unexplained));
  }
  for (const event of unexplained) {
    const name = accuse(event, all, world);
    if (name === undefined) continue;
    const list = findings.get(name) ?? [];
    list.push({ kind: "wrong", text: `must not be reported: ${describe(event)}` });
    findings.set(name, list);
  }
  const verdicts: Record<string, Verdict> = {};
  for (const { scenario, failure } of all) {
    verdicts[scenario.name] = failure ?? conclude(scenario, findings.get(scenario.name) ?? [], major * 1000 + minor);
  }
  const nothingElse = { name: NOTHING_ELSE, expects: "" };
  verdicts[NOTHING_ELSE] = conclude(nothingElse, findings.get(NOTHING_ELSE) ?? [], 0);
  const summary = events.find((event): event is SummaryEvent => event.type === "summary");
  if (!summary) problems.push("there is no summary line");
  for (const [cause, count] of Object.entries(summary?.lost ?? {})) {
    if (count > 0) problems.push(`lost ${count} (${cause})`);
  }
  const durationMs = Math.round(performance.now() - started);
  return { kernel, verdicts, problems, ...(summary ? { summary } : {}), durationMs };
}
