// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Feeds capture files that are damaged to all that `culprit dns --read` is made of, for a while:
 * `deno run -A tests/fuzz/capture_fuzz.ts --seconds 60 [--seed N]`.
 *
 * A file that breaks a promise is written to the corpus as `capture/crash-*.hex`, and ends the run with exit code 1.
 *
 * @module
 */

import { cpuUsage } from "node:process";
import { parseArgs } from "node:util";
import { generateCapture, mutateCapture } from "./capture_generator.ts";
import { checkCapture } from "./capture_invariants.ts";
import { Random } from "./random.ts";

/** Directory of the files. */
export const CAPTURES: URL = new URL("./corpus/capture/", import.meta.url);

/** Most files kept in memory for mutating. */
const MAX_KEPT = 2000;

/** Most CPU time one file of some 10 KiB may take, milliseconds. */
const MAX_MS = 500;

/** CPU time this process has used, milliseconds. */
function cpuMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** Writes a file to the corpus. */
function save(name: string, bytes: Uint8Array): void {
  Deno.mkdirSync(CAPTURES, { recursive: true });
  Deno.writeTextFileSync(new URL(`${name}.hex`, CAPTURES), `${bytes.toHex().replace(/.{96}/g, "$&\n").trimEnd()}\n`);
}

/** Checks a file; also that it does not take for ever. */
function check(bytes: Uint8Array, seed: number): string {
  const started = cpuMs();
  const way = checkCapture(bytes, seed);
  if (cpuMs() - started < MAX_MS) return way;
  const again = cpuMs();
  checkCapture(bytes, seed);
  if (cpuMs() - again > MAX_MS) throw new RangeError(`${bytes.length} octets took ${cpuMs() - again} ms of CPU time`);
  return way;
}

/** Runs until the time is up. */
function fuzz(seconds: number, seed: number): number {
  const random = new Random(seed);
  const kept: Uint8Array[] = [];
  const ways = new Set<string>();
  const deadline = Date.now() + seconds * 1000;
  let runs = 0;
  for (; (runs & 0x1f) !== 0 || Date.now() < deadline; runs++) {
    const base = kept.length === 0 || random.chance(0.3) ? generateCapture(random) : random.pick(kept);
    const bytes = random.chance(0.05) ? base : mutateCapture(random, base);
    let way: string;
    try {
      way = check(bytes, runs);
    } catch (error) {
      save(`crash-${seed}-${runs}`, bytes);
      console.error(`seed ${seed}, run ${runs}: ${error}`);
      return 1;
    }
    if (ways.has(way)) continue;
    ways.add(way);
    if (kept.length < MAX_KEPT) kept.push(bytes);
    else kept[random.below(kept.length)] = bytes;
  }
  console.error(`seed ${seed}: ${runs} capture files, ${ways.size} ways, no failure`);
  return 0;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
  const seed = Number(values.seed ?? Date.now() % 0x7fff_ffff);
  console.error(`seed ${seed}`);
  Deno.exit(fuzz(Number(values.seconds ?? 60), seed));
}
