// Floods a live `culprit dns --json --output FILE` and reports what it took and what it lost, with exact accounting.
// deno run -A tests/bench/live.ts [--mode unanswered|remote|answered] [--rate N|0] [--seconds 10] [--runs 1] [--search]
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/output/stdio.ts";
import {
  cpuSeconds,
  culpritCommand,
  flood,
  type FloodMode,
  machine,
  memoryMib,
  showSpread,
  startCulprit,
  VIEWS,
} from "./_tools.ts";

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "remote" },
    rate: { type: "string", default: "0" },
    seconds: { type: "string", default: "10" },
    runs: { type: "string", default: "1" },
    sockets: { type: "string", default: "64" },
    way: { type: "string", default: "bundle" },
    "v8-flags": { type: "string" },
    output: { type: "string", default: `${Deno.makeTempDirSync({ prefix: "culprit-bench-" })}/events.jsonl` },
    arg: { type: "string", multiple: true, default: [] },
    search: { type: "boolean", default: false },
  },
});

/** Nobody else on the machine uses it: other DNS traffic would spoil the account. */
const PORT = 10_053;

const command = culpritCommand(values.way, values["v8-flags"]);
const mode = values.mode as FloodMode;
const views = VIEWS[mode] ?? 1;

/** What one flood showed. */
interface Run {
  readonly queriesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly lost: number;
  /** Share of a CPU culprit used, while the flood was on. */
  readonly cpu: number;
  readonly rss: number;
  readonly peak: number;
  readonly exact: boolean;
}

async function runOnce(rate: number, quiet: boolean): Promise<Run> {
  rmSync(values.output, { force: true });
  const culprit = await startCulprit({
    command,
    cpu: 0,
    output: values.output,
    args: ["--ports", `${PORT}`, ...values.arg],
  });
  const before = cpuSeconds(culprit.pid);
  const seconds = Number(values.seconds);
  const load = await flood(mode, { rate, seconds, sockets: Number(values.sockets), port: PORT, cpu: 1 });
  const cpu = (cpuSeconds(culprit.pid) - before) / load.seconds;
  const memory = memoryMib(culprit.pid);
  const { summary } = await culprit.stop();
  const lost = summary.lost["ring_full"] ?? 0;
  const messages = load.sent + load.answered;
  // Every view is a packet or a counted loss; with one view of each message every query is an event or lost too.
  const expected = mode === "unanswered" ? load.sent : views / 2 * messages;
  const packets = summary.observed["packets"] ?? 0;
  const exact = packets + lost === expected &&
    (mode !== "unanswered" || summary.events + lost === load.sent) &&
    (lost > 0 || summary.events === load.sent);
  const run = {
    queriesPerSecond: load.sent / load.seconds,
    messagesPerSecond: messages / load.seconds,
    lost,
    cpu,
    ...memory,
    exact,
  };
  if (!quiet || !exact) {
    writeStdout(
      `${mode}: ${load.sent} queries and ${load.answered} answers in ${load.seconds} s: ` +
        `${Math.round(run.messagesPerSecond)} messages/s; events ${summary.events}, packets ${packets}, ` +
        `lost ${JSON.stringify(summary.lost)}, ${exact ? "exact" : `NOT EXACT, expected ${expected} packets`}; ` +
        `CPU ${(cpu * 100).toFixed(0)} %, RSS ${memory.rss.toFixed(0)} MiB, peak ${memory.peak.toFixed(0)} MiB\n`,
    );
  }
  return run;
}

writeStdout(`${machine()}\n`);
if (values.search) {
  // Highest rate without loss, to 5 %.
  let low = 0;
  let high = 1_000_000;
  while (high - low > Math.max(2000, low * 0.05)) {
    const rate = low === 0 ? 60_000 : Math.round(Math.min((low + high) / 2, low * 1.5));
    const { lost, queriesPerSecond } = await runOnce(rate, false);
    // The load generator itself is not faster.
    if (lost === 0 && queriesPerSecond < rate * 0.97) break;
    if (lost === 0) low = rate;
    else high = rate;
    if (low === 0 && high <= 20_000) break;
  }
  writeStdout(`${mode}: ${low} queries/s without loss\n`);
} else {
  const runs: Run[] = [];
  for (let index = 0; index < Number(values.runs); index++) runs.push(await runOnce(Number(values.rate), false));
  writeStdout(`messages/s ${showSpread(runs.map((run) => run.messagesPerSecond))}\n`);
  writeStdout(`lost ${showSpread(runs.map((run) => run.lost))}\n`);
  writeStdout(`CPU % ${showSpread(runs.map((run) => run.cpu * 100))}\n`);
  writeStdout(`RSS MiB ${showSpread(runs.map((run) => run.peak))}\n`);
}
rmSync(values.output, { force: true });
