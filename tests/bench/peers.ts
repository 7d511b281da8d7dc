// What watching costs the watched: programs that exchange DNS messages as fast as they can, alone, beside culprit and
// beside bpftrace, in turn. In a guest, where kprobes are allowed:
// scripts/vm/run --kernel 6.1 -- deno run -A --cached-only tests/bench/peers.ts [--seconds 3] [--rounds 3]
//
// bpftrace is given less to do: it prints pid and comm of the sender of each datagram, without looking into it.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/output/stdio.ts";
import { cpuSeconds, culpritCommand, flood, machine, showSpread, startCulprit } from "./_tools.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "3" }, rounds: { type: "string", default: "3" } },
});

/** Nobody else uses it. */
const PORT = 10_053;
const directory = await Deno.makeTempDir({ prefix: "culprit-peers-" });

/** A tool that watches. */
interface Watcher {
  /** CPU time it used so far, s. */
  cpu(): number;
  /** Ends it; how many of the messages it saw. */
  stop(): Promise<number>;
}

async function startBpftrace(): Promise<Watcher> {
  const output = `${directory}/bpftrace.txt`;
  const script = 'BEGIN { printf("ready\\n"); } kprobe:udp_sendmsg { printf("%d %s\\n", pid, comm); }';
  const args = ["-c", 'exec bpftrace -B line -e "$1" >"$0" 2>&1', output, script];
  const child = new Deno.Command("sh", { args, stdin: "null", stdout: "null" }).spawn();
  while (!existsSync(output) || !Deno.readTextFileSync(output).includes("ready")) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    cpu: () => cpuSeconds(child.pid),
    stop: async () => {
      child.kill("SIGINT");
      await child.status;
      const { stdout } = new Deno.Command("grep", { args: ["-c", " flood$", output] }).outputSync();
      return Number(new TextDecoder().decode(stdout));
    },
  };
}

async function startOurs(): Promise<Watcher> {
  const output = `${directory}/events.jsonl`;
  const culprit = await startCulprit({ command: culpritCommand("sources"), output, args: ["--ports", `${PORT}`] });
  return {
    cpu: () => cpuSeconds(culprit.pid),
    stop: async () => {
      const { observed } = (await culprit.stop()).summary;
      return (observed["queries"] ?? 0) + (observed["responses"] ?? 0);
    },
  };
}

const WATCHERS: Record<string, () => Promise<Watcher>> = {
  alone: () => Promise.resolve({ cpu: () => 0, stop: () => Promise.resolve(0) }),
  culprit: startOurs,
  bpftrace: startBpftrace,
};

writeStdout(`${machine()}\n`);
const rates = new Map<string, number[]>();
const shares = new Map<string, number[]>();
const cpus = new Map<string, number[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, watch] of Object.entries(WATCHERS)) {
    const watcher = await watch();
    const before = watcher.cpu();
    const load = await flood("answered", { seconds: Number(values.seconds), port: PORT });
    const cpu = watcher.cpu() - before;
    const seen = await watcher.stop();
    const add = (map: Map<string, number[]>, figure: number): unknown =>
      map.set(name, [...map.get(name) ?? [], figure]);
    add(rates, (load.sent + load.answered) / load.seconds);
    add(shares, 100 * seen / (load.sent + load.answered));
    add(cpus, 1e6 * cpu / (load.sent + load.answered));
  }
}
await Deno.remove(directory, { recursive: true });
const alone = rates.get("alone") ?? [];
for (const name of Object.keys(WATCHERS)) {
  const figures = rates.get(name) ?? [];
  const ratio = figures.map((figure, round) => 100 * figure / (alone[round] ?? NaN));
  writeStdout(
    `${name}: ${showSpread(figures)} messages/s, ${showSpread(ratio)} % of alone; its own CPU time ` +
      `${showSpread(cpus.get(name) ?? [], 1)} us a message; saw ${showSpread(shares.get(name) ?? [])} % of them\n`,
  );
}
