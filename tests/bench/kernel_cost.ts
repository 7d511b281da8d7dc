// Measures what the BPF programs cost per packet, with the kernel's own statistics, under known traffic.
// deno run -A tests/bench/kernel_cost.ts [--runs 5] [--seconds 1]
import { parseArgs } from "node:util";
import { DNS_SENSOR } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { BpfObject, closeFd, OPEN_FLAG, openFile, type ProgramInfo, ProgramStatistics } from "../../ffi/mod.ts";
import { cgroup2Root } from "../../src/host/cgroup2.ts";
import { writeStdout } from "../../src/output/stdio.ts";
import { SensorRun } from "../../src/sensor.ts";
import { buildEmpty, flood, type FloodMode, machine, showSpread } from "./_tools.ts";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, seconds: { type: "string", default: "1" } },
});
const runs = Number(values.runs);
const seconds = Number(values.seconds);

/** What one program did during a load. */
interface Cost {
  readonly packets: number;
  readonly ns: number;
}

const figures = new Map<string, number[]>();

/** Notes what a program cost a packet. */
function note(what: string, before: ProgramInfo, after: ProgramInfo): Cost {
  const packets = Number(after.runCount - before.runCount);
  const ns = Number(after.runTimeNs - before.runTimeNs) / packets;
  if (packets > 0) figures.set(what, [...figures.get(what) ?? [], ns]);
  return { packets, ns };
}

const LOADS: readonly (readonly [FloodMode, string])[] = [
  ["unanswered", "DNS query"],
  ["answered", "DNS over loopback"],
  ["udp", "UDP, no DNS"],
  ["tcp", "TCP stream"],
  ["tcp-ping", "TCP ping-pong"],
];

using _statistics = new ProgramStatistics();

async function measureEmpty(): Promise<void> {
  using stack = new DisposableStack();
  const object = stack.use(BpfObject.openMemory(buildEmpty(), { name: "empty" }));
  object.load();
  const fd = stack.adopt(openFile(stack.use(cgroup2Root()).path, OPEN_FLAG.RDONLY), closeFd);
  const programs = object.programs();
  for (const program of programs) stack.use(program.attachCgroup(fd));
  const before = programs.map((program) => program.info());
  await flood("udp", { seconds, cpu: 1 });
  programs.forEach((program, index) => {
    const start = before[index];
    if (start !== undefined) note(`nothing ${program.name.replace("empty_", "")}`, start, program.info());
  });
}

async function measureDns(): Promise<void> {
  using run = SensorRun.start([PROCESS_SENSOR, DNS_SENSOR], { ringSizeBytes: 64 << 20 });
  const drain = setInterval(() => run.drain(() => {}, Infinity), 1);
  for (const [mode, what] of LOADS) {
    const before = run.programs();
    // So many that the ring, which is read in turns, does not fill up.
    const rate = mode === "unanswered" ? { rate: 200_000 } : {};
    await flood(mode, { seconds, cpu: 1, ...rate });
    const after = run.programs();
    for (const name of ["dns_egress", "dns_egress_plain", "dns_ingress"]) {
      const start = before.get(name);
      const end = after.get(name);
      // Stray packets of the machine do not count.
      if (start === undefined || end === undefined || end.runCount - start.runCount < 1000n) continue;
      note(`${what} ${name.replace("dns_", "").replace("_plain", "")}`, start, end);
    }
  }
  clearInterval(drain);
  const lost = [...run.losses()].map(([cause, count]) => `${cause} ${count}`);
  if (lost.length > 0) writeStdout(`lost: ${lost.join(", ")}\n`);
}

for (let round = 0; round < runs; round++) {
  await measureEmpty();
  await measureDns();
}
writeStdout(`${machine()}\nns a packet, median (least to most) of ${runs} runs, counting included\n`);
for (const [what, costs] of figures) writeStdout(`${what.padEnd(28)} ${showSpread(costs)}\n`);
