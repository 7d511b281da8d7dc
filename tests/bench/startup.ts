// Measures from the start of `culprit dns` until every program is attached, from the sources and as one bundled file.
// deno run -A tests/bench/startup.ts [--runs 10] [--way sources|bundle|PROGRAM]
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeStdout } from "../../src/output/stdio.ts";
import { cpuSeconds, culpritCommand, machine, memoryMib, showSpread, startCulprit } from "./_tools.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    way: { type: "string", multiple: true, default: ["sources", "bundle"] },
    "v8-flags": { type: "string" },
  },
});

const directory = Deno.makeTempDirSync({ prefix: "culprit-bench-" });
writeStdout(`${machine()}\nmedian (least to most) of ${values.runs} runs\n`);
for (const way of values.way) {
  const command = way.includes("/") ? [way] : culpritCommand(way, values["v8-flags"]);
  const ready: number[] = [];
  const cpu: number[] = [];
  const rss: number[] = [];
  for (let run = 0; run < Number(values.runs); run++) {
    const culprit = await startCulprit({ command, output: `${directory}/events.jsonl` });
    cpu.push(cpuSeconds(culprit.pid) * 1000);
    ready.push(culprit.readyMs);
    rss.push(memoryMib(culprit.pid).rss);
    await culprit.stop();
  }
  writeStdout(
    `${way}: ready after ${showSpread(ready)} ms, ${showSpread(cpu)} ms of CPU time, RSS ${showSpread(rss)} MiB\n`,
  );
}
rmSync(directory, { recursive: true });
