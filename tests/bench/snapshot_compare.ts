// Times a snapshot of many sockets beside ss and lsof: deno run -A tests/bench/snapshot_compare.ts [SOCKETS PROCESSES]
//
// In a network namespace of its own, idle and under churn. Wall time is the best of several runs; CPU time is what one
// run used, which other work on the machine changes less.

import process from "node:process";
import { takeSnapshot } from "../../src/snapshot/snapshot.ts";
import { writeStdout } from "../../src/output/stdio.ts";
import { buildLoad, type Load, startLoad } from "./snapshot_load.ts";

/** Runs of each tool; the best counts. */
const RUNS = 5;

/** One measured run. */
interface Timing {
  wallMs: number;
  cpuMs: number;
  sockets: number;
}

/** Takes snapshots in this process, which `main` started inside the namespace. */
function measureSelf(): void {
  const netns = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/net"))?.[0]);
  for (let run = 0; run < RUNS; run++) {
    const cpu = process.cpuUsage();
    const start = performance.now();
    const { sockets } = takeSnapshot();
    const wallMs = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const timing: Timing = {
      wallMs,
      cpuMs: (user + system) / 1000,
      sockets: sockets.filter((socket) => socket.netns === netns).length,
    };
    writeStdout(`${JSON.stringify(timing)}\n`);
  }
  writeStdout(`${JSON.stringify({ rss: Deno.memoryUsage().rss })}\n`);
}

/** Runs a command in the namespace of the load under bash's `time`. */
function timeCommand(load: Load, command: string): Timing {
  const text = load.run("bash", "-c", `TIMEFORMAT="%R %U %S"; { time ${command} | wc -l; } 2>&1`);
  const [sockets = 0, real = 0, user = 0, system = 0] = text.trim().split(/\s+/).map(Number);
  return { wallMs: real * 1000, cpuMs: (user + system) * 1000, sockets };
}

/** One row. */
function row(name: string, timings: readonly Timing[]): string {
  const wall = Math.min(...timings.map(({ wallMs }) => wallMs));
  const cpu = Math.min(...timings.map(({ cpuMs }) => cpuMs));
  return `| ${name} | ${timings.at(-1)?.sockets} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} |\n`;
}

async function measure(program: string, sockets: number, processes: number, churn: boolean): Promise<void> {
  await using load = await startLoad(program, { sockets, processes, churn, newNamespace: true });
  writeStdout(`\n${load.sockets} sockets in ${processes} processes${churn ? ", under churn" : ""}\n\n`);
  writeStdout("| tool | rows | wall ms | CPU ms |\n| --- | ---: | ---: | ---: |\n");
  const lines = load.run(Deno.execPath(), "run", "-A", import.meta.filename ?? "", "self").trim().split("\n");
  const parsed = lines.map((line) => JSON.parse(line));
  writeStdout(row("takeSnapshot(), first", parsed.slice(0, 1)));
  writeStdout(row("takeSnapshot(), best", parsed.slice(0, -1)));
  const repeat = sockets > 20_000 ? 1 : 3;
  for (const command of ["ss -tuna", "ss -tunap", "lsof -nP -i"]) {
    writeStdout(row(command, Array.from({ length: repeat }, () => timeCommand(load, command))));
  }
  writeStdout(`\nMemory of the process with takeSnapshot(): ${(parsed.at(-1).rss / 1e6).toFixed(0)} MB\n`);
}

async function main(): Promise<void> {
  if (Deno.args[0] === "self") return measureSelf();
  const program = await buildLoad();
  const sizes = Deno.args.length > 1 ? [Deno.args.map(Number)] : [[10_000, 2], [100_000, 8]];
  for (const [sockets = 0, processes = 1] of sizes) {
    for (const churn of [false, true]) await measure(program, sockets, processes, churn);
  }
}

await main();
