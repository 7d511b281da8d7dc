/**
 * The loop of every live command: attach, drain the ring, hand records on, stop, tell what was lost.
 *
 * @module
 */

import { RECORD_TYPE } from "../bpf/records.gen.ts";
import { decodeCgroup, decodeExec, decodeExit, decodeFork } from "../bpf/process/sensor.ts";
import { closeFd, configureLibrary, errnoMessage, NOFOLLOW, OPEN_FLAG, openFile } from "../ffi/mod.ts";
import { findAsset } from "./assets.ts";
import type { LiveOptions } from "./commands/options.ts";
import { EXIT_CODE, type ExitCode, LibbpfError, OutputError } from "./errors.ts";
import { type CulpritEvent, SCHEMA, type SummaryEvent } from "./events.ts";
import { bootTimeNs, LiveClock } from "./host/clock.ts";
import { loadKernelConfig } from "./host/kernel.ts";
import { eachProcess, type ProcGap, procGap } from "./host/proc.ts";
import { StopSignal } from "./host/stop_signal.ts";
import { UserNames } from "./host/users.ts";
import type { LossCounts } from "./loss_causes.ts";
import { escapeTerminal } from "./output/escape.ts";
import { compileFilter, type EventFilter } from "./output/filter.ts";
import type { Formatter } from "./output/formatter.ts";
import { LiveOutput } from "./output/live_output.ts";
import { stderrOffer } from "./output/offer.ts";
import { setStderrWriter, writeStderr } from "./output/stdio.ts";
import { type EventWriter, openWriter } from "./output/writer.ts";
import { ProcessTable } from "./process_table.ts";
import type { ProcessExec, ProcessExit, ProcessFork } from "./process_table/types.ts";
import { type GlobalName, type Sensor, SensorRun } from "./sensor.ts";

/** Records handled before timers get their turn: about 20 ms of work at full speed. */
const RECORDS_PER_TURN = 8192;
/** The same where a reader may keep us waiting: what they make must fit into memory. */
const RECORDS_PER_WAITING_TURN = 1024;
/** Records after which signals get their turn too, where there is no pause between turns: they wait for a timer. */
const RECORDS_PER_PAUSE = 65_536;
/** How long a slow reader gets in all when the run ends, ms. */
const LAST_PUSH_MS = 10_000;
/** How long a reader of standard error gets to take a message, ms. */
const STDERR_WAIT_MS = 500;
/**
 * How long to wait for the next records, ms, by how many there were: the more, the sooner the ring is full. The longest
 * decides idle CPU and how late a line can be.
 */
const WAITS_MS: readonly (readonly [atLeast: number, waitMs: number])[] = [[1024, 1], [128, 5], [1, 20], [
  0,
  100,
]];
/** Ended processes remembered: the second record of an end comes within microseconds of the first. */
const ENDED_MAX = 4096;
/** How often counters of loss are read and told, ms. */
const LOSS_INTERVAL_MS = 1000;

/** What a live command does with what the kernel tells. */
export interface LiveHandlers {
  /** Takes a record that is not a process record. */
  record(type: number, view: DataView, base: number): void;
  /** Told every turn, with the time up to which everything was handed over. */
  tick(nowNs: number): void;
  /** Told once, when nothing was detached yet: what the kernel counts of living sockets may be gone afterwards. */
  ending?(): void;
  /** Told once, after the last record. */
  finish(nowNs: number): void;
  /** Told when records were lost. */
  lost(nowNs: number): void;
  /** Told of process events, after the table took them. */
  process?(event: "exec" | "fork" | "exit", record: ProcessExec | ProcessFork | ProcessExit): void;
  /** Counts for the summary. */
  observed(): Record<string, number>;
  /** Further counts of loss for the summary. */
  lostCounts(): LossCounts;
}

/** What a live command is given. */
export interface LiveSession {
  readonly clock: LiveClock;
  readonly table: ProcessTable;
  readonly run: SensorRun;
  /** Writes an event, if it passes the filters. */
  emit(event: CulpritEvent): void;
  /** Ends the run because an output besides the events failed. */
  fail(error: OutputError): void;
  /** Ends the run, as a signal does. */
  stop(): void;
}

/** What to run. */
export interface LiveCommand {
  /** Name of the command, for the summary. */
  readonly name: "dns" | "procs" | "conns" | "who" | "map" | "top";
  readonly columns: "dns" | "process" | "connection" | "who" | "edge";
  /** Writes a document in place of events. */
  readonly formatter?: Formatter;
  /** Takes losses and the summary in place of a writer of events; closed by the run. */
  readonly writer?: EventWriter;
  readonly sensors: readonly Sensor[];
  /** What could not be observed besides, one sentence each. */
  readonly notObserved?: readonly string[];
  readonly globals?: Partial<Record<GlobalName, readonly number[]>>;
  /** Makes the handlers, when everything is attached. */
  handlers(session: LiveSession): LiveHandlers;
}

/**
 * Runs a live command until it is told to stop, its time is over, its count is reached or nobody reads.
 *
 * @param command what to run
 * @param options of the command line
 * @returns the exit code: 0, or 3 when something was lost or could not be observed
 * @throws {CulpritError} when it cannot start
 */
export async function runLive(command: LiveCommand, options: LiveOptions): Promise<ExitCode> {
  configureLibrary({ path: options.libbpf, bytes: findAsset("libbpf.so.1") });
  await loadKernelConfig();
  // With a file, SIGHUP opens that anew.
  using stop = new StopSignal(options.output === undefined);
  using run = SensorRun.start(command.sensors, {
    ringSizeBytes: options.ringSizeBytes,
    ...(command.globals === undefined ? {} : { globals: command.globals }),
  });
  using writer = command.writer ?? openWriter({
    format: options.format,
    output: options.output,
    quiet: options.quiet,
    columns: command.columns,
    live: true,
    ...(command.formatter === undefined ? {} : { formatter: command.formatter, replace: true }),
  });
  setStderrWriter(stderrOffer(STDERR_WAIT_MS));
  return await new LiveLoop(command, options, writer, stop, run).loop();
}

/** One run of a live command. */
class LiveLoop implements LiveSession {
  readonly clock = new LiveClock();
  readonly table: ProcessTable;
  readonly run: SensorRun;
  readonly #command: LiveCommand;
  readonly #options: LiveOptions;
  readonly #output: LiveOutput;
  readonly #stop: StopSignal;
  readonly #filter: EventFilter | undefined;
  readonly #handlers: LiveHandlers;
  readonly #counts = { exec: 0, fork: 0, exit: 0 };
  readonly #told = new Map<string, number>();
  /** Start times of processes that ended lately, by tgid. */
  readonly #ended = new Map<number, number>();
  readonly #procGap = procGap();
  #lastTsNs = 0;
  /** Since when programs are being detached: what belongs together is no longer all seen. */
  #detachingNs = Infinity;

  constructor(command: LiveCommand, options: LiveOptions, writer: EventWriter, stop: StopSignal, run: SensorRun) {
    this.#command = command;
    this.#options = options;
    this.#output = new LiveOutput(writer);
    this.#stop = stop;
    this.run = run;
    this.#filter = compileFilter(options);
    const gap = this.#procGap;
    this.table = new ProcessTable({
      clock: this.clock,
      users: new UserNames(),
      keepMs: options.retainMs,
      // Their numbers are those of other processes: a wrong process is worse than none.
      ...(gap?.isForeign === true ? { readProcess: () => undefined } : {}),
      ...(gap === undefined ? {} : { unreadableReason: gap.reason }),
    });
    this.#handlers = command.handlers(this);
  }

  /** See {@linkcode LiveSession.emit}. */
  emit(event: CulpritEvent): void {
    if (this.#filter !== undefined && !this.#filter(event)) return;
    if (this.#options.count !== undefined && this.#output.eventCount >= this.#options.count) return;
    this.#output.write(event);
    if (this.#output.eventCount === this.#options.count) this.#stop.request();
  }

  /** See {@linkcode LiveSession.fail}. */
  fail(error: OutputError): void {
    this.#output.error ??= error;
  }

  /** See {@linkcode LiveSession.stop}. */
  stop(): void {
    this.#stop.request();
  }

  /** Runs to the end; see {@linkcode runLive}. */
  async loop(): Promise<ExitCode> {
    const startedNs = bootTimeNs();
    const recordsPerTurn = this.#recordsPerTurn;
    // What is missing because of where culprit was started can be mended by starting it elsewhere: said at once.
    if (this.#procGap !== undefined && !this.#options.quiet) {
      writeStderr(`culprit: ${escapeTerminal(gapNotice(this.#procGap))}\n`);
    }
    // After attaching, so that no process falls between: what the kernel told meanwhile is waiting in the ring.
    for (const facts of this.#procGap?.isForeign === true ? [] : eachProcess()) {
      this.table.addFromProc(facts);
      // With thousands of processes this takes a while, which the ring may not have.
      if (this.run.pendingBytes > this.#options.ringSizeBytes / 4 && !this.#output.isBackedUp()) {
        this.#drain(recordsPerTurn);
      }
    }
    // Ready is who knows the processes of before as well: they may end at any moment.
    if (this.#options.readyFile !== undefined) touch(this.#options.readyFile);
    if (this.#options.durationMs !== undefined) this.#stop.requestAfter(this.#options.durationMs);
    let sincePause = 0;
    let lossCheckNs = startedNs;
    while (!this.#stop.requested && !this.#output.isOver) {
      if (this.#output.isBackedUp()) {
        this.#output.push();
        await this.#stop.wait(0);
        continue;
      }
      const nowNs = bootTimeNs();
      const handled = this.#drain(recordsPerTurn);
      // With records still waiting, time has only come as far as the last of them.
      this.#handlers.tick(handled < recordsPerTurn ? nowNs : this.#lastTsNs);
      if (nowNs - lossCheckNs >= LOSS_INTERVAL_MS * 1e6) {
        this.#tellLoss(nowNs);
        lossCheckNs = nowNs;
      }
      sincePause += handled;
      if (handled < recordsPerTurn) {
        this.#output.flush();
        await this.#stop.wait(waitMs(handled));
      } else if (sincePause >= RECORDS_PER_PAUSE) {
        sincePause = 0;
        await this.#stop.wait(0);
      } else {
        // A timer takes 2 ms at least (Deno 2.9).
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return this.#finish(startedNs);
  }

  /** Most records of a turn. */
  get #recordsPerTurn(): number {
    return this.#output.mayWait ? RECORDS_PER_WAITING_TURN : RECORDS_PER_TURN;
  }

  #drain(maxRecords: number): number {
    return this.run.drain((view, base) => this.#record(view, base), maxRecords);
  }

  #record(view: DataView, base: number): void {
    const type = view.getUint16(base + 8, true);
    switch (type) {
      case RECORD_TYPE.EXEC: {
        const exec = decodeExec(view, base);
        this.#counts.exec++;
        this.#lastTsNs = exec.tsNs;
        this.table.onExec(exec);
        this.#handlers.process?.("exec", exec);
        break;
      }
      case RECORD_TYPE.FORK: {
        const fork = decodeFork(view, base);
        this.#counts.fork++;
        this.#lastTsNs = fork.tsNs;
        this.table.onFork(fork);
        this.#handlers.process?.("fork", fork);
        break;
      }
      case RECORD_TYPE.CGROUP: {
        const move = decodeCgroup(view, base);
        this.#lastTsNs = move.tsNs;
        this.table.onCgroup(move);
        break;
      }
      case RECORD_TYPE.EXIT: {
        const exit = decodeExit(view, base);
        if (this.#endedBefore(exit)) break;
        this.#counts.exit++;
        this.#lastTsNs = exit.tsNs;
        this.table.onExit(exit);
        this.#handlers.process?.("exit", exit);
        break;
      }
      default:
        this.#lastTsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
        if (this.#lastTsNs < this.#detachingNs) this.#handlers.record(type, view, base);
    }
  }

  /** Whether an end was told already: of threads that end at the same moment, each may be taken for the last. */
  #endedBefore(exit: ProcessExit): boolean {
    if (this.#ended.get(exit.tgid) === exit.startTimeNs) return true;
    if (this.#ended.size >= ENDED_MAX) this.#ended.clear();
    this.#ended.set(exit.tgid, exit.startTimeNs);
    return false;
  }

  /** Writes a `loss` line for every cause that grew. */
  #tellLoss(nowNs: number): void {
    for (const [cause, count] of this.run.losses()) {
      const before = this.#told.get(cause) ?? 0;
      if (count === before) continue;
      this.#told.set(cause, count);
      this.#handlers.lost(nowNs);
      this.#output.write({
        schema: SCHEMA,
        type: "loss",
        time: this.clock.toRfc3339(nowNs),
        cause,
        count: count - before,
      });
    }
  }

  #finish(startedNs: number): ExitCode {
    this.#handlers.ending?.();
    const endedNs = this.#detachingNs = bootTimeNs();
    this.run.detach();
    const deadlineMs = performance.now() + LAST_PUSH_MS;
    do {
      if (this.#output.isBackedUp()) this.#output.pushUntil(deadlineMs);
    } while (this.run.pendingBytes > 0 && this.#drain(this.#recordsPerTurn) > 0);
    this.#tellLoss(endedNs);
    this.#handlers.finish(endedNs);
    this.#output.flush();
    this.#output.pushUntil(deadlineMs);
    const lost = { ...Object.fromEntries(this.run.losses()), ...this.#handlers.lostCounts() };
    const notObserved = [
      ...this.#command.notObserved ?? [],
      ...this.run.notObserved,
      ...(this.#procGap === undefined ? [] : [gapNotice(this.#procGap)]),
    ];
    const summary: SummaryEvent = {
      schema: SCHEMA,
      type: "summary",
      time: this.clock.toRfc3339(endedNs),
      command: this.#command.name,
      duration_ms: Math.round((endedNs - startedNs) / 1e6),
      events: this.#output.eventCount,
      observed: { ...this.#handlers.observed(), ...this.#counts },
      lost,
      not_observed: notObserved,
    };
    this.#output.write(summary);
    this.#output.flush();
    this.#output.pushUntil(deadlineMs);
    if (this.#output.error !== undefined) throw this.#output.error;
    const complete = Object.keys(lost).length === 0 && notObserved.length === 0;
    return complete || this.#output.ended ? EXIT_CODE.ok : EXIT_CODE.incomplete;
  }
}

/** What /proc does not show, as a sentence without a final period. */
function gapNotice({ reason, isForeign }: ProcGap): string {
  return `processes older than this run: ${reason}` +
    (isForeign
      ? "; pids are those of the host: start it there, or with the host's pids (--pid=host)"
      : "; run it as root or add CAP_SYS_PTRACE");
}

/** How long to wait after a turn, ms. */
function waitMs(handled: number): number {
  return WAITS_MS.find(([atLeast]) => handled >= atLeast)?.[1] ?? 0;
}

/** Creates or updates an empty file. */
function touch(path: string): void {
  try {
    // Never through a symbolic link, nor into a pipe: what is there may be anybody's.
    closeFd(openFile(path, OPEN_FLAG.WRONLY | OPEN_FLAG.CREAT | OPEN_FLAG.TRUNC | OPEN_FLAG.NONBLOCK | NOFOLLOW));
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    throw new OutputError(`the ready file "${path}"`, errnoMessage(error.errno), { action: "create", cause: error });
  }
}
