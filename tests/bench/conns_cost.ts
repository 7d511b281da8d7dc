// Requests a second of nginx, asked by wrk over loopback, with and without culprit conns, by turns.
// deno run -A tests/bench/conns_cost.ts [--rounds 5] [--seconds 4] [--way sources|bundle] [-- ARGUMENTS OF conns]
//
// nginx, wrk and culprit share all CPUs: what culprit uses is taken from the others as soon as none is idle. Needs
// nginx and wrk.
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/output/stdio.ts";
import { cpuSeconds, culpritCommand, machine, memoryMib, showSpread, spread } from "./_tools.ts";
import { ProgramStatistics } from "../../ffi/mod.ts";
import { SensorRun } from "../../src/sensor.ts";
import { CONN_SENSOR } from "../../bpf/conn/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { DNS_PORTS, NAMES_SENSOR } from "../../src/commands/conns.ts";

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    way: { type: "string", default: "sources" },
    port: { type: "string", default: "18480" },
  },
  allowPositionals: true,
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const url = `http://127.0.0.1:${values.port}/`;

/** The kinds of load, and what wrk is told for them. */
const LOADS: readonly (readonly [string, readonly string[]])[] = [
  ["a connection per request", ["-H", "Connection: close"]],
  ["32 connections kept alive", []],
];

const CONFIG = `daemon off;
pid nginx.pid;
error_log stderr error;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  server {
    listen 127.0.0.1:${values.port} backlog=4096;
    location / { return 200 "hello\\n"; }
  }
}
`;

/** Runs nginx until it is disposed of. */
async function startNginx(directory: string): Promise<AsyncDisposable> {
  await Deno.writeTextFile(`${directory}/nginx.conf`, CONFIG);
  const args = ["-p", directory, "-c", `${directory}/nginx.conf`];
  const child = new Deno.Command("nginx", { args, stdout: "null", stderr: "inherit" }).spawn();
  let ended = false;
  void child.status.then(() => ended = true);
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port: Number(values.port) })).close();
      break;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused) || ended) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGQUIT");
      await child.status;
    },
  };
}

/** Requests that wrk made, and how many a second. */
async function load(args: readonly string[]): Promise<{ requests: number; perSecond: number }> {
  const command = new Deno.Command("wrk", { args: ["-t1", "-c32", `-d${seconds}s`, ...args, url] });
  const text = new TextDecoder().decode((await command.output()).stdout);
  const requests = Number(/(\d+) requests in/.exec(text)?.[1]);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  if (!(requests > 0 && perSecond > 0)) throw new Error(`wrk said: ${text}`);
  return { requests, perSecond };
}

/** A culprit that is attached. */
interface Running {
  readonly pid: number;
  /** Ends it; its summary. */
  stop(): Promise<string>;
}

async function startConns(directory: string): Promise<Running> {
  const ready = `${directory}/ready`;
  const [program = "", ...leading] = culpritCommand(values.way);
  const args = [...leading, "conns", "--json", "--output", "/dev/null", "--ready-file", ready, ...positionals];
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).spawn();
  const stderr = new Response(child.stderr).text();
  let ended = false;
  void child.status.then(() => ended = true);
  for (;;) {
    if (ended) throw new Error(`culprit ended: ${await stderr}`);
    try {
      await Deno.remove(ready);
      break;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return {
    pid: child.pid,
    async stop(): Promise<string> {
      child.kill("SIGTERM");
      const { code } = await child.status;
      return `${code === 0 ? "nothing lost" : `exit code ${code}`} ${(await stderr).trim()}`.trim();
    },
  };
}

interface Figures {
  without: number[];
  with: number[];
  /** CPU time of culprit a request, us. */
  cpuUs: number[];
}

const figures = new Map<string, Figures>(LOADS.map(([name]) => [name, { without: [], with: [], cpuUs: [] }]));

/** What one kind of load costs in one round; the order changes, so that a change of the machine hits both alike. */
async function measure(directory: string, round: number): Promise<void> {
  for (const [name, args] of LOADS) {
    const result = figures.get(name);
    if (result === undefined) continue;
    const bare = async (): Promise<void> => void result.without.push((await load(args)).perSecond);
    const watched = async (): Promise<void> => {
      const culprit = await startConns(directory);
      const before = cpuSeconds(culprit.pid);
      const { requests, perSecond } = await load(args);
      result.with.push(perSecond);
      result.cpuUs.push((cpuSeconds(culprit.pid) - before) * 1e6 / requests);
      const { rss } = memoryMib(culprit.pid);
      writeStdout(`${name}: ${perSecond.toFixed(0)}/s, ${rss.toFixed(0)} MiB, ${await culprit.stop()}\n`);
    };
    for (const step of round % 2 === 0 ? [bare, watched] : [watched, bare]) await step();
  }
}

/** Time in BPF programs a request, from the kernel's statistics, which themselves cost 50 ns a run. */
async function measureKernel(): Promise<void> {
  using _statistics = new ProgramStatistics();
  using run = SensorRun.start([PROCESS_SENSOR, CONN_SENSOR, NAMES_SENSOR], {
    ringSizeBytes: 64 << 20,
    globals: { dns_ports: DNS_PORTS, dns_port_count: [DNS_PORTS.length] },
  });
  const drain = setInterval(() => run.drain(() => {}, Infinity), 2);
  for (const [name, args] of LOADS) {
    const before = run.programs();
    const { requests } = await load(args);
    writeStdout(`\n${name}\n\n| program | runs a request | ns a run | ns a request |\n| --- | ---: | ---: | ---: |\n`);
    for (const [program, { runCount, runTimeNs }] of run.programs()) {
      const runs = Number(runCount - (before.get(program)?.runCount ?? 0n));
      const ns = Number(runTimeNs - (before.get(program)?.runTimeNs ?? 0n));
      if (runs < requests / 2) continue;
      const columns = [(runs / requests).toFixed(1), (ns / runs).toFixed(0), (ns / requests).toFixed(0)];
      writeStdout(`| ${program} | ${columns.join(" | ")} |\n`);
    }
  }
  clearInterval(drain);
}

const directory = await Deno.makeTempDir({ prefix: "culprit-bench-" });
try {
  await using _nginx = await startNginx(directory);
  await load([]);
  for (let round = 0; round < rounds; round++) await measure(directory, round);
  writeStdout(
    `\n${machine()}, nginx and wrk with a thread each, median (least to most) of ${rounds} runs by turns\n\n`,
  );
  writeStdout(
    "| load | without, requests/s | with | loss | CPU of culprit a request, us |\n| --- | --- | --- | --- | --- |\n",
  );
  for (const [name, { without, with: watched, cpuUs }] of figures) {
    const loss = 100 * (1 - spread(watched).median / spread(without).median);
    const columns = [showSpread(without), showSpread(watched), `${loss.toFixed(1)} %`, showSpread(cpuUs, 1)];
    writeStdout(`| ${name} | ${columns.join(" | ")} |\n`);
  }
  await measureKernel();
} finally {
  await Deno.remove(directory, { recursive: true });
}
