/**
 * The way out of every command: events in, lines out.
 *
 * @module
 */

import type { CulpritEvent } from "../events.ts";
import { createFormatter, type Formatter } from "./formatter.ts";
import { FileSink, StdoutSink } from "./sink.ts";
import { writeStderr } from "./stdio.ts";
import { StreamWriter } from "./stream_writer.ts";

/** How events are written. */
export type OutputFormat = "text" | "json" | "kv";

/** What an output did not take yet. */
export interface OutputBacklog {
  /** Octets that wait. */
  readonly sizeBytes: number;
  /**
   * Hands on what is taken in time.
   *
   * @param waitMs how long to wait for the reader in all, ms; less when a signal comes
   * @throws {OutputError} the first time the output fails
   */
  push(waitMs: number): void;
  /**
   * Gives up what waits: its events are counted as not written, as are those that follow.
   *
   * @param reason why
   * @throws {OutputError} with the reason, where something waited
   */
  abandon(reason: string): void;
}

/** Takes events and writes them where the user wants them. One event never ends up half written. */
export interface EventWriter extends Disposable {
  /** Where events go: a path, or `standard output`. */
  readonly target: string;
  /** Events handed over so far, `loss` and `summary` not counted. */
  readonly eventCount: number;
  /** Events that could not be delivered because the output failed. */
  readonly unwrittenCount: number;
  /** The reader went away (a closed pipe): nothing more can be delivered, the run should end with success. */
  readonly ended: boolean;
  /**
   * Where the output may keep us waiting: what it did not take yet. {@linkcode flush} does not wait then; whoever
   * writes must push, and make no more events while too much waits.
   */
  readonly backlog?: OutputBacklog | undefined;
  /**
   * Takes one event; it may stay in a buffer until {@linkcode flush}.
   *
   * `summary` and `loss` events become lines of the output in JSON, lines on standard error in the other formats.
   * Once writing failed, events are only counted, so that a caller may finish its loop, and `summary` and `loss` go
   * to standard error; what had arrived then ends with a whole event.
   *
   * @param event any event; its {@linkcode ProcessInfo} objects must never change again, their text is kept by identity
   * @throws {OutputError} the first time the output fails (full disk, I/O error)
   */
  write(event: CulpritEvent): void;
  /**
   * Hands everything buffered to the system: call it when no event is waiting.
   *
   * @throws {OutputError} the first time the output fails
   */
  flush(): void;
  /**
   * Flushes and releases the output. Idempotent.
   *
   * @throws {OutputError} when the last flush fails
   */
  close(): void;
}

/** Where and how to write. */
export interface WriterOptions {
  /** How events are written. */
  readonly format: OutputFormat;
  /** Path of the output file; undefined for standard output. */
  readonly output: string | undefined;
  /** No summary and no warnings on standard error. */
  readonly quiet: boolean;
  /** Which columns the text format shows. */
  readonly columns: "dns" | "process" | "socket" | "connection" | "who" | "edge";
  /** Makes the lines in place of `format`: for documents, which are one piece. */
  readonly formatter?: Formatter;
  /** Empties the output file before the first write: of documents there is one. */
  readonly replace?: boolean;
  /** A stalled reader must not hold the run: keep a {@linkcode OutputBacklog} where the output is no file. */
  readonly live?: boolean;
}

/**
 * Opens the output of a run.
 *
 * @param options where and how to write
 * @returns the writer; close it, or declare it with `using`
 * @throws {OutputError} when the output file cannot be opened or is a symbolic link
 */
export function openWriter(options: WriterOptions): EventWriter {
  const report = options.quiet ? (): void => {} : writeStderr;
  const sink = options.output === undefined ? new StdoutSink() : new FileSink(
    options.output,
    (error) => writeStderr(`culprit: ${error.message}\n`),
    options.replace,
  );
  const formatter = options.formatter ?? createFormatter(options, sink.isTerminal);
  return new StreamWriter(sink, formatter, { report, reportFailure: writeStderr }, options.live);
}
