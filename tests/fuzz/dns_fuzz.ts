// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Feeds the decoder mutated messages for a while: `deno run -A tests/fuzz/dns_fuzz.ts --seconds 60 [--seed N] [--save]`.
 *
 * Starts from `tests/fuzz/corpus/` and generated messages. An input that takes a way through the decoder nobody took
 * before (other anomalies, other record types) is mutated further; `--save` keeps it in the corpus when its anomaly is
 * new there. One that breaks an invariant is written to the corpus as `crash-*.hex`, and ends the run with exit code 1.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { hex } from "../../src/dns/_fixtures.ts";
import { generateMessage, mutate } from "./generator.ts";
import { checkInvariants } from "./invariants.ts";
import { Random } from "./random.ts";

/** Directory of the corpus. */
export const CORPUS: URL = new URL("./corpus/", import.meta.url);

/** Most inputs kept in memory for mutating. */
const MAX_KEPT = 5000;

/** Most CPU time one message may take, milliseconds; 64 KiB of pointers take 5. */
const MAX_MS = 200;

/** Times a message that took long is tried again: of a run, the collector of garbage and the compiler may be the cause. */
const ATTEMPTS = 5;

/** Reads the corpus. */
function readCorpus(): Uint8Array[] {
  return [...Deno.readDirSync(CORPUS)]
    .filter(({ name }) => name.endsWith(".hex"))
    .sort((first, second) => first.name < second.name ? -1 : 1)
    .map(({ name }) => hex(Deno.readTextFileSync(new URL(name, CORPUS))));
}

/** Writes an input to the corpus. */
function save(name: string, bytes: Uint8Array): void {
  const digits = Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
  Deno.writeTextFileSync(new URL(`${name}.hex`, CORPUS), `${digits.replace(/.{96}/g, "$&\n").trimEnd()}\n`);
}

/** CPU time this process has used, milliseconds: unlike the time of the wall, no matter how busy the machine is. */
function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** Checks an input; also that it does not take for ever. */
function check(bytes: Uint8Array): string {
  let way = "";
  let fastestMs = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && fastestMs > MAX_MS; attempt++) {
    const started = cpuMs();
    way = checkInvariants(bytes);
    fastestMs = Math.min(fastestMs, cpuMs() - started);
  }
  if (fastestMs > MAX_MS) throw new RangeError(`${bytes.length} octets took ${fastestMs} ms of CPU time`);
  return way;
}

/** Runs until the time is up. */
function fuzz(seconds: number, seed: number, saving: boolean): number {
  const random = new Random(seed);
  const corpus = readCorpus();
  const ways = new Set<string>();
  const anomalies = new Set<string>();
  for (const bytes of corpus) {
    const way = check(bytes);
    ways.add(way);
    for (const anomaly of way.split(" ")[0]?.split(",") ?? []) anomalies.add(anomaly);
  }
  const deadline = Date.now() + seconds * 1000;
  let runs = 0;
  for (; (runs & 0xff) !== 0 || Date.now() < deadline; runs++) {
    const base = random.chance(0.3) || corpus.length === 0 ? generateMessage(random) : random.pick(corpus);
    const bytes = random.chance(0.02) ? random.octets(random.below(200)) : mutate(random, base);
    let way: string;
    try {
      way = check(bytes);
    } catch (error) {
      save(`crash-${seed}-${runs}`, bytes);
      console.error(`seed ${seed}, run ${runs}: ${error}`);
      return 1;
    }
    if (ways.has(way)) continue;
    ways.add(way);
    if (corpus.length < MAX_KEPT) corpus.push(bytes);
    else corpus[random.below(corpus.length)] = bytes;
    if (!saving || bytes.length > 600) continue;
    for (const anomaly of way.split(" ")[0]?.split(",") ?? []) {
      if (anomalies.has(anomaly)) continue;
      anomalies.add(anomaly);
      save(anomaly || "sound", bytes);
    }
  }
  console.error(
    `seed ${seed}: ${runs} messages, ${ways.size} ways, ${anomalies.size} anomalies in the corpus, no failure`,
  );
  return 0;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seconds: { type: "string" }, seed: { type: "string" }, save: { type: "boolean" } },
  });
  const seed = Number(values.seed ?? Date.now() % 0x7fff_ffff);
  console.error(`seed ${seed}`);
  Deno.exit(fuzz(Number(values.seconds ?? 60), seed, values.save ?? false));
}
