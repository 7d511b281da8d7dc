/**
 * Gathers the text of events and hands it to a sink in large pieces, never half an event.
 *
 * @module
 */

import { errnoMessage } from "../../ffi/errno.ts";
import { LibbpfError, OutputError } from "../errors.ts";
import type { CulpritEvent, LossEvent, SummaryEvent } from "../events.ts";
import { counted } from "./count.ts";
import type { Formatter } from "./formatter.ts";
import { lossNotice, summaryNotice } from "./notices.ts";
import type { Sink } from "./sink.ts";
import { reasonOf } from "./stdio.ts";
import type { EventWriter, OutputBacklog } from "./writer.ts";

/** UTF-16 units gathered before they are written: one system call for about sixty JSON lines. */
const CHUNK_UNITS = 64 * 1024;

/** Room for a chunk of three octets a unit, the most UTF-8 takes, and for the event that overfilled it. */
const BUFFER_BYTES = 256 * 1024;

/** Where what is no event goes. */
export interface Reports {
  /** Takes losses and the summary of formats that do not hold them. */
  readonly report: (text: string) => void;
  /** Takes them, and the number of events that were not written, once the output failed. */
  readonly reportFailure: (text: string) => void;
}

/** Events on their way to the sink. */
interface Chunk {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Length of the text after each event; negative after what is not counted as an event. */
  readonly ends: readonly number[];
  /** Losses and summary within it, to be told elsewhere if it cannot be written. */
  readonly notices: readonly (LossEvent | SummaryEvent)[];
  /** Octets the sink took. */
  written: number;
}

/** An {@linkcode EventWriter} over a sink. */
export class StreamWriter implements EventWriter {
  readonly target: string;
  readonly backlog: OutputBacklog | undefined;
  readonly #sink: Sink;
  readonly #formatter: Formatter;
  readonly #reports: Reports;
  readonly #encoder = new TextEncoder();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  /** Text of the events gathered. */
  #pending = "";
  /** Length of {@linkcode #pending} after each event; negative after what is not counted as an event. */
  #ends: number[] = [];
  /** Losses and summary within {@linkcode #pending}, to be told elsewhere if it cannot be written. */
  #pendingNotices: (LossEvent | SummaryEvent)[] = [];
  /** What the sink did not take yet, the oldest first. */
  #queue: Chunk[] = [];
  #queuedBytes = 0;
  #eventCount = 0;
  #unwrittenCount = 0;
  #toldUnwritten = false;
  /** Of {@linkcode Sink.beginnings}: those that got their header. */
  #headed = 0;
  #failed = false;
  #closed = false;

  /**
   * Every output begins with the header of the format, if it has one.
   *
   * @param sink takes the octets; closed with the writer
   * @param formatter makes the lines; closed with the writer
   * @param reports standard error
   * @param isLive keep what a sink does not take at once, rather than wait for it
   */
  constructor(sink: Sink, formatter: Formatter, reports: Reports, isLive = false) {
    this.target = sink.target;
    this.backlog = isLive && sink.mayWait ? this.#makeBacklog() : undefined;
    this.#sink = sink;
    this.#formatter = formatter;
    this.#reports = reports;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  get unwrittenCount(): number {
    return this.#unwrittenCount;
  }

  get ended(): boolean {
    return this.#sink.ended;
  }

  write(event: CulpritEvent): void {
    if (this.#closed) throw new TypeError("Cannot write an event: the writer is closed");
    if (event.type === "summary" || event.type === "loss") {
      this.#writeNotice(event);
      return;
    }
    this.#eventCount++;
    if (this.#failed) {
      this.#unwrittenCount++;
      return;
    }
    if (this.#sink.ended) return;
    this.#pending += this.#formatter.format(event);
    if (this.#formatter.isDocument === true) return;
    this.#ends.push(this.#pending.length);
    if (this.#pending.length >= CHUNK_UNITS) this.flush();
  }

  flush(): void {
    const header = this.#takeHeader();
    const text = header + this.#pending;
    if (text === "") return;
    const bytes = this.backlog === undefined ? this.#encode(text) : this.#encoder.encode(text);
    const ends = header === "" ? this.#ends : this.#ends.map((end) => end + Math.sign(end) * header.length);
    const chunk: Chunk = { text, bytes, ends, notices: this.#pendingNotices, written: 0 };
    this.#pending = "";
    this.#ends = [];
    this.#pendingNotices = [];
    if (this.backlog !== undefined) {
      this.#queue.push(chunk);
      this.#queuedBytes += bytes.length;
      return this.#push(0);
    }
    try {
      this.#sink.write(bytes, (count) => chunk.written = count);
    } catch (error) {
      throw this.#fail(error, [chunk]);
    }
  }

  /** The header, where an output was begun since it was asked for last. */
  #takeHeader(): string {
    const { beginnings } = this.#sink;
    if (this.#headed === beginnings || this.#failed) return "";
    this.#headed = beginnings;
    return this.#formatter.header;
  }

  /** See {@linkcode OutputBacklog}. */
  #makeBacklog(): OutputBacklog {
    const sizeBytes = (): number => this.#queuedBytes;
    return {
      get sizeBytes() {
        return sizeBytes();
      },
      push: (waitMs) => this.#push(waitMs),
      abandon: (reason) => {
        if (this.#queue.length > 0) throw this.#fail(reason, this.#queue);
      },
    };
  }

  /** Hands on what waits. */
  #push(waitMs: number): void {
    const deadlineMs = performance.now() + waitMs;
    for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
      const { bytes, written } = chunk;
      const current = chunk;
      try {
        const leftMs = waitMs === 0 ? 0 : Math.max(0, deadlineMs - performance.now());
        this.#sink.offer(bytes.subarray(written), leftMs, (count) => {
          this.#queuedBytes -= written + count - current.written;
          current.written = written + count;
        });
      } catch (error) {
        throw this.#fail(error, this.#queue);
      }
      if (this.#sink.ended) {
        this.#queue = [];
        this.#queuedBytes = 0;
        return;
      }
      if (chunk.written < bytes.length) return;
      this.#queue.shift();
    }
  }

  close(): void {
    if (this.#closed) return;
    try {
      // A run that did not come about has no table: only the reason is told.
      if (this.#headed > 0 || this.#pending !== "") this.flush();
    } finally {
      this.#closed = true;
      this.#tellUnwritten();
      this.#formatter.close();
      this.#sink.close();
    }
  }

  /** The same as {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** A loss or the summary, which formats for people do not hold. */
  #writeNotice(event: LossEvent | SummaryEvent): void {
    if (this.#formatter.isDocument === true && !this.#failed) {
      this.#tellNotice(event);
      this.#pending += this.#formatter.format(event);
      // All of it holds every event.
      if (event.type === "summary") this.#ends = new Array<number>(this.#eventCount).fill(this.#pending.length);
      return;
    }
    if (this.#failed || !this.#formatter.takesNotices) {
      // Rows that precede it should be on the screen before it.
      if (!this.#failed) this.flush();
      this.#tellNotice(event);
      return;
    }
    this.#pending += this.#formatter.format(event);
    this.#ends.push(-this.#pending.length);
    this.#pendingNotices.push(event);
  }

  /** Tells a notice on standard error. */
  #tellNotice(event: LossEvent | SummaryEvent): void {
    const tell = this.#failed ? this.#reports.reportFailure : this.#reports.report;
    tell(event.type === "loss" ? lossNotice(event) : summaryNotice(event, this.#unwrittenCount));
    if (event.type === "summary") this.#tellUnwritten();
  }

  /** Says once how many events did not arrive. */
  #tellUnwritten(): void {
    if (!this.#failed || this.#toldUnwritten) return;
    this.#toldUnwritten = true;
    this.#reports.reportFailure(`not written: ${this.#unwrittenCount} of ${counted(this.#eventCount, "events")}\n`);
  }

  /** UTF-8 of a text; valid until the next call. */
  #encode(text: string): Uint8Array<ArrayBuffer> {
    if (text.length * 3 > BUFFER_BYTES) return this.#encoder.encode(text);
    return this.#buffer.subarray(0, this.#encoder.encodeInto(text, this.#buffer).written);
  }

  /** Settles what arrived of the chunks that were not taken, and takes back the part of an event at its end. */
  #fail(error: unknown, chunks: readonly Chunk[]): OutputError {
    this.#failed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    const [first, ...others] = chunks;
    const taken = first === undefined || this.#settle(first);
    for (const { ends } of others) this.#unwrittenCount += ends.filter((end) => end > 0).length;
    for (const notice of chunks.flatMap(({ notices }) => notices)) this.#tellNotice(notice);
    const reason = error instanceof LibbpfError ? errnoMessage(error.errno) : reasonOf(error);
    return new OutputError(this.target, reason, {
      hint: taken ? undefined : "its last line may be incomplete",
      cause: error,
    });
  }

  /** Counts what arrived of a chunk; whether it ends with a whole event. */
  #settle({ text, bytes, ends, written }: Chunk): boolean {
    // An event cut in two decodes to fewer units than it has, so it cannot be taken for a whole one.
    const units = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, written)).length;
    const arrived = ends.filter((end) => Math.abs(end) <= units);
    this.#unwrittenCount += ends.slice(arrived.length).filter((end) => end > 0).length;
    const kept = this.#encoder.encode(text.slice(0, Math.abs(arrived.at(-1) ?? 0))).length;
    return written === kept || this.#sink.takeBack(written - kept);
  }
}
