// Requests a second of nginx, asked by wrk over loopback, alone, with culprit conns and with other tools, by turns.
// deno run -A tests/bench/conns_cost.ts [--rounds 5] [--seconds 4] [--way sources|bundle] [--with culprit,tcplife]
//   [--load each,alive]
//
// nginx, wrk and the tool share all CPUs: what it uses is taken from the others as soon as none is idle. Needs nginx and
// wrk, and tcplife of libbpf-tools where it is asked for. "culprit" has its default settings but for where it writes to;
// "culprit json close" tells ends only, as tcplife does.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/output/stdio.ts";
import { cpuSeconds, culpritCommand, flood, machine, memoryMib, showSpread, spread, until } from "./_tools.ts";
import { ProgramStatistics } from "../../ffi/mod.ts";
import { SensorRun } from "../../src/sensor.ts";
import { CONN_SENSOR } from "../../bpf/conn/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { NAMES_GLOBALS, NAMES_SENSOR } from "../../src/conns/lookups.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "4" },
    way: { type: "string", default: "sources" },
    port: { type: "string", default: "18480" },
    with: { type: "string", default: "culprit,culprit json,culprit json close,tcplife" },
    load: { type: "string", default: "each,alive" },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const url = `http://127.0.0.1:${values.port}/`;

/** The kinds of load: their names, and what wrk is told for them. */
const ALL_LOADS: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  each: ["a connection per request", ["-H", "Connection: close"]],
  alive: ["32 connections kept alive", []],
};
const LOADS = values.load.split(",").map((name) => {
  const found = ALL_LOADS[name];
  if (found === undefined) throw new Error(`--load: found "${name}", wanted ${Object.keys(ALL_LOADS).join(", ")}`);
  return found;
});

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

/** A tool that watches. */
interface Watcher {
  /** CPU time it used so far, s, and its memory, MiB. */
  used(): { cpu: number; rss: number };
  /** Ends it; what is to be said of the run. */
  stop(): Promise<string>;
}

/** Times and memory of a process. */
function usedBy(pid: number): { cpu: number; rss: number } {
  return { cpu: cpuSeconds(pid), rss: memoryMib(pid).rss };
}

async function startCulprit(directory: string, options: readonly string[]): Promise<Watcher> {
  const ready = `${directory}/ready`;
  const [program = "", ...leading] = culpritCommand(values.way);
  const args = [...leading, "conns", "--output", "/dev/null", "--ready-file", ready, ...options];
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "inherit" }).spawn();
  await until(() => existsSync(ready), child, "culprit");
  await Deno.remove(ready);
  return {
    used: () => usedBy(child.pid),
    async stop(): Promise<string> {
      child.kill("SIGTERM");
      const { code } = await child.status;
      return code === 0 ? "nothing lost" : `exit code ${code}`;
    },
  };
}

/** Runs tcplife; it needs a tracefs, which not every host has mounted: in a mount namespace of its own. */
async function startTcplife(directory: string): Promise<Watcher> {
  const output = `${directory}/tcplife.txt`;
  const script = "[ -d /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing\n" +
    'exec stdbuf -oL tcplife >"$0"';
  const child = new Deno.Command("unshare", { args: ["-m", "sh", "-c", script, output], stdout: "null" }).spawn();
  // Its heading comes before it is attached, a line of a connection after.
  await until(
    () => {
      const { success } = new Deno.Command("curl", { args: ["-s", url], stdout: "null" }).outputSync();
      return success && existsSync(output) && Deno.readTextFileSync(output).includes("nginx");
    },
    child,
    "tcplife",
  );
  return {
    used: () => usedBy(child.pid),
    async stop(): Promise<string> {
      child.kill("SIGINT");
      await child.status;
      return `${Deno.statSync(output).size >> 20} MiB of lines`;
    },
  };
}

const WATCHERS: Readonly<Record<string, (directory: string) => Promise<Watcher>>> = {
  "culprit": (directory) => startCulprit(directory, []),
  "culprit json": (directory) => startCulprit(directory, ["--json"]),
  "culprit json close": (directory) => startCulprit(directory, ["--json", "--event", "close"]),
  "tcplife": startTcplife,
};
const watchers = values.with.split(",").filter((name) => name !== "");
for (const name of watchers) {
  if (!(name in WATCHERS)) throw new Error(`--with: found "${name}", wanted ${Object.keys(WATCHERS).join(", ")}`);
}

/** Figures of one load with one tool, or alone. */
class Figures {
  readonly perSecond: number[] = [];
  /** CPU time of the tool a request, us. */
  readonly cpuUs: number[] = [];
}

/** By load and tool. */
const figures = new Map(
  LOADS.flatMap(([name]) => ["", ...watchers].map((tool) => [`${name}\n${tool}`, new Figures()])),
);

/** What one load does with one tool, or alone. */
async function measureOne(directory: string, name: string, args: readonly string[], tool: string): Promise<void> {
  const result = figures.get(`${name}\n${tool}`);
  const watcher = await WATCHERS[tool]?.(directory);
  const before = watcher?.used().cpu ?? 0;
  const { requests, perSecond } = await load(args);
  result?.perSecond.push(perSecond);
  if (watcher === undefined) return;
  const { cpu, rss } = watcher.used();
  result?.cpuUs.push((cpu - before) * 1e6 / requests);
  writeStdout(`${name}: ${tool}: ${perSecond.toFixed(0)}/s, ${rss.toFixed(0)} MiB, ${await watcher.stop()}\n`);
}

/** One round; the order turns, so that a change of the machine hits all alike. */
async function measure(directory: string, round: number): Promise<void> {
  const tools = ["", ...watchers];
  for (const [name, args] of LOADS) {
    for (let turn = 0; turn < tools.length; turn++) {
      await measureOne(directory, name, args, tools[(turn + round) % tools.length] ?? "");
    }
  }
}

/** Time in BPF programs a request, from the kernel's statistics, which themselves cost 50 ns a run. */
async function measureKernel(): Promise<void> {
  using _statistics = new ProgramStatistics();
  using run = SensorRun.start([PROCESS_SENSOR, CONN_SENSOR, NAMES_SENSOR], {
    ringSizeBytes: 64 << 20,
    globals: NAMES_GLOBALS,
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

/** What a system call takes that has nothing to do with connections, alone and beside culprit by turns. */
async function measureSystemCalls(directory: string): Promise<void> {
  const alone: number[] = [];
  const watched: number[] = [];
  const measureInto = async (figures: number[]): Promise<void> => {
    const { sent, seconds } = await flood("syscalls", { seconds: 1, batch: 256 });
    figures.push(1e9 * seconds / sent);
  };
  for (let round = 0; round < rounds; round++) {
    await measureInto(alone);
    const culprit = await startCulprit(directory, []);
    await measureInto(watched);
    await culprit.stop();
  }
  writeStdout(`\ngetppid(2): ${showSpread(alone)} ns alone, ${showSpread(watched)} ns beside culprit conns\n`);
}

const directory = await Deno.makeTempDir({ prefix: "culprit-bench-" });
try {
  await using _nginx = await startNginx(directory);
  await load([]);
  for (let round = 0; round < rounds; round++) await measure(directory, round);
  writeStdout(
    `\n${machine()}, nginx and wrk with a thread each, median (least to most) of ${rounds} runs by turns\n\n` +
      "| load | with | requests/s | fewer | CPU of the tool a request, us |\n| --- | --- | --- | --- | --- |\n",
  );
  for (const [key, { perSecond, cpuUs }] of figures) {
    const [name = "", tool = ""] = key.split("\n");
    const alone = spread(figures.get(`${name}\n`)?.perSecond ?? []).median;
    const loss = `${(100 * (1 - spread(perSecond).median / alone)).toFixed(1)} %`;
    const columns = tool === ""
      ? [name, "nothing", showSpread(perSecond), "", ""]
      : [name, tool, showSpread(perSecond), loss, showSpread(cpuUs, 1)];
    writeStdout(`| ${columns.join(" | ")} |\n`);
  }
  await measureSystemCalls(directory);
  await measureKernel();
} finally {
  await Deno.remove(directory, { recursive: true });
}
