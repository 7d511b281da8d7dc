/**
 * `culprit dns --read FILE`: the DNS transactions of a capture file.
 *
 * @module
 */

import { FileClock } from "../host/clock.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import { DnsEventBuilder, type ProcessFacts } from "../dns_event.ts";
import { CulpritError, EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import { type CulpritEvent, SCHEMA } from "../events.ts";
import { type LossCounts, lossesOf } from "../loss_causes.ts";
import { CaptureFile } from "../net/capture_file.ts";
import type { FrameCounters } from "../net/ip.ts";
import { FileOwner } from "../net/pcapng_process.ts";
import { compileFilter } from "../output/filter.ts";
import { reasonOf, writeStderr } from "../output/stdio.ts";
import { openWriter } from "../output/writer.ts";
import { unknownProcess } from "../process_table.ts";
import type { DnsOptions } from "./options.ts";
import { lostCounts, observedCounts } from "./dns_counts.ts";
import { firstGiven } from "./settle_options.ts";

/** Octets read at a time. */
const CHUNK_SIZE = 1 << 20;
/** A capture has ends of its own: `-` is standard input. */
const STANDARD_INPUT = "-";

/** Processes as the file names them: never looked up on this host, which need not be the one it was captured on. */
const FILE_PROCESSES: ProcessFacts = {
  attribution: "file",
  lookup: (owner) => owner instanceof FileOwner ? owner.process : FILE_PROCESSES.unknown(),
  unknown: () => unknownProcess("the capture file names no process for it"),
};

/** A capture file cannot be opened or read. */
export class CaptureFileError extends CulpritError {}

/**
 * Reads a capture file to its end, or to the point up to which it can be read.
 *
 * @param path path of the file, `-` for standard input
 * @param options of the command line
 * @returns 0, or 3 when the file could not be read to its end
 * @throws {UsageError} for options that need a live host
 * @throws {CaptureFileError} when the file cannot be opened
 * @throws {OutputError} when events cannot be written
 */
export function runDnsRead(path: string, options: DnsOptions): Promise<ExitCode> {
  refuseLiveOptions(options);
  using input = openInput(path);
  using writer = openWriter({
    format: options.format,
    output: options.output,
    quiet: options.quiet,
    columns: "dns",
  });
  const filter = compileFilter(options);
  let builder = new DnsEventBuilder(new FileClock(0n), FILE_PROCESSES);
  let clock = new FileClock(0n);
  let namesProcesses = false;
  const emit = (event: CulpritEvent | undefined): void => {
    if (event === undefined || filter?.(event) === false) return;
    if (options.count !== undefined && writer.eventCount >= options.count) return;
    writer.write(event);
  };
  const tracker = new DnsTracker({
    timeoutMs: options.timeoutMs,
    messages: options.messages,
    ...(options.ports.length > 0 ? { ports: new Set(options.ports) } : {}),
    onTransaction: (transaction) => emit(builder.transaction(transaction)),
    onMessage: (message) => emit(builder.message(message)),
  });
  const file = new CaptureFile({
    onStart: (baseNs) => {
      clock = new FileClock(baseNs);
      builder = new DnsEventBuilder(clock, FILE_PROCESSES);
    },
    onPacket: (packet) => {
      namesProcesses ||= packet.owner !== undefined;
      tracker.packet(packet);
    },
  });
  const started = performance.now();
  const wanted = (): boolean => !writer.ended && (options.count === undefined || writer.eventCount < options.count);
  const chunk = new Uint8Array(CHUNK_SIZE);
  for (let size = input.read(chunk); size > 0 && wanted(); size = input.read(chunk)) {
    if (!file.push(chunk.subarray(0, size))) break;
    tracker.tick(file.lastNs);
  }
  // A run that was told to stop early has not seen the end: that is no fault of the file.
  const problem = wanted() ? (file.end(), file.problem) : undefined;
  tracker.flush(file.lastNs);
  const notObserved = [
    ...(problem === undefined ? [] : [`the rest of the file: ${problem}`]),
    ...(namesProcesses || !filtersProcesses(options)
      ? []
      : ["processes, which a filter asks for: the capture names none; culprit dns --write makes captures that do"]),
    ...file.unknownLinkTypes.map((linkType) => `packets of link type ${linkType}, which culprit does not know`),
  ];
  const lost = { ...lostCounts(tracker.counters, options), ...lostDatagrams(file.counters) };
  writer.write({
    schema: SCHEMA,
    type: "summary",
    time: clock.toRfc3339(file.lastNs),
    command: "dns",
    duration_ms: Math.round(performance.now() - started),
    events: writer.eventCount,
    observed: { ...observedFrames(file.counters), ...observedCounts(tracker.counters) },
    lost,
    not_observed: notObserved,
  });
  writer.flush();
  // The other formats tell it in their summary on standard error.
  if (problem !== undefined && !options.quiet && options.format === "json") {
    writeStderr(`culprit: "${path}": ${problem}\n`);
  }
  const complete = notObserved.length === 0 && Object.keys(lost).length === 0;
  return Promise.resolve(complete || writer.ended ? EXIT_CODE.ok : EXIT_CODE.incomplete);
}

/** What became of the frames; `frames_other` have no IP, or neither UDP nor TCP. */
function observedFrames(counters: FrameCounters): Record<string, number> {
  const { frames, other, malformed, fragments } = counters;
  return { frames, frames_other: other, frames_malformed: malformed, fragments };
}

/** Datagrams in fragments that were not all there, or that contradict each other. */
function lostDatagrams({ incomplete, contradictory }: FrameCounters): LossCounts {
  return lossesOf({ datagrams_incomplete: incomplete, datagrams_contradictory: contradictory });
}

/** Whether an option asks for processes. */
function filtersProcesses({ pids, comms, exes, uids, containers }: DnsOptions): boolean {
  return [pids, comms, exes, uids, containers].some((wanted) => wanted.length > 0);
}

/** A capture has no time of its own to wait for. */
function refuseLiveOptions(options: DnsOptions): void {
  const flag = firstGiven([
    ["--duration", options.durationMs !== undefined],
    ["--write", options.writeFile !== undefined],
  ]);
  if (flag !== undefined) throw new UsageError(`option ${flag}: found --read beside it, wanted one of them`);
}

/** An open capture. */
interface Input extends Disposable {
  /** Fills a buffer from its start; returns the octets read, 0 at the end. */
  read(buffer: Uint8Array): number;
}

function openInput(path: string): Input {
  try {
    const file = path === STANDARD_INPUT ? Deno.stdin : Deno.openSync(path);
    return {
      read: (buffer) => {
        try {
          return file.readSync(buffer) ?? 0;
        } catch (error) {
          throw new CaptureFileError(`Cannot read "${path}": ${reasonOf(error)}`, { cause: error });
        }
      },
      [Symbol.dispose]: () => {
        if (file !== Deno.stdin) file.close();
      },
    };
  } catch (error) {
    throw new CaptureFileError(`Cannot open "${path}": ${reasonOf(error).replace(/: open '.*'$/s, "")}`, {
      cause: error,
    });
  }
}
