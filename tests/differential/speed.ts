// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Times the decoder beside dns-packet and dns2, taking turns, and takes the fastest of many short batches: figures that
 * hold on a busy machine, where the averages of `deno bench` do not: `deno run -A tests/differential/speed.ts`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import packet from "dns-packet";
import dns2 from "dns2";
import { HOSTILE, ONE_ANSWER, QUERY, REFERRAL, SIX_ANSWERS } from "../../src/dns/_fixtures.ts";
import { decodeMessage, scoreDns } from "../../src/dns/mod.ts";

/** Messages, and how many of each make a batch of a millisecond or so. */
const FIXTURES: readonly (readonly [name: string, bytes: Uint8Array, batch: number])[] = [
  ["query", QUERY, 2000],
  ["1 answer", ONE_ANSWER, 1000],
  ["6 answers", SIX_ANSWERS, 500],
  ["DNSSEC referral, 30 records", REFERRAL, 50],
  ["64 KiB hostile", HOSTILE, 1],
];

/** Batches of each. */
const BATCHES = 300;

/** A batch that takes longer than this, in nanoseconds, is run three times only. */
const MAX_BATCH_NS = 2e7;

/** Nanoseconds a call takes, of one batch. */
function timeBatch(decode: () => unknown, batch: number): number {
  const started = performance.now();
  for (let index = 0; index < batch; index++) decode();
  return (performance.now() - started) * 1e6 / batch;
}

/** Fastest batch of each decoder, taking turns; what takes long gets few turns. */
function fastest(decoders: readonly (() => unknown)[], batch: number): number[] {
  const best = decoders.map(() => Infinity);
  for (let round = 0; round < BATCHES; round++) {
    for (const [index, decode] of decoders.entries()) {
      const slowest = (best[index] ?? Infinity) * batch;
      if (round < 3 || slowest < MAX_BATCH_NS) {
        best[index] = Math.min(best[index] ?? Infinity, timeBatch(decode, batch));
      }
    }
  }
  return best;
}

/** Nanoseconds with three digits. */
function nanoseconds(time: number): string {
  return time >= 1e6
    ? `${(time / 1e6).toFixed(2)} ms`
    : time >= 1e4
    ? `${(time / 1e3).toFixed(1)} µs`
    : `${time.toFixed(0)} ns`;
}

console.log("| message | octets | culprit | dns-packet | dns2 | scoreDns |\n| --- | --- | --- | --- | --- | --- |");
for (const [name, bytes, batch] of FIXTURES) {
  const buffer = Buffer.from(bytes);
  const decoders = [
    (): unknown => decodeMessage(bytes),
    (): unknown => packet.decode(buffer),
    (): unknown => dns2.Packet.parse(buffer),
    (): unknown => scoreDns(bytes),
  ];
  const [ours = 0, theirs = 0, others = 0, score = 0] = fastest(decoders, batch);
  const ratio = (time: number): string => `${nanoseconds(time)} (${(time / ours).toFixed(1)}x)`;
  console.log(
    `| ${name} | ${bytes.length} | ${nanoseconds(ours)} | ${ratio(theirs)} | ${ratio(others)} | ${
      nanoseconds(score)
    } |`,
  );
}
