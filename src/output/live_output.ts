/**
 * The output of a live run: what a slow reader leaves waiting, and the first failure.
 *
 * @module
 */

import { OutputError } from "../errors.ts";
import type { CulpritEvent } from "../events.ts";
import type { EventWriter } from "./writer.ts";

/** Octets a slow reader may leave waiting; then the ring has to wait, and the kernel counts what it has no room for. */
const BACKLOG_MAX_BYTES = 1 << 20;
/** How long to wait for a slow reader at a time, ms: as long as a signal may wait. */
const PUSH_MS = 50;
/** How long a reader may take nothing when the run ends, before what waits is given up, ms. */
const STALLED_MS = 2000;

/** A writer whose failure ends the run in good order rather than where it happened. */
export class LiveOutput {
  /** What failed first; nothing more can be written then. */
  error: OutputError | undefined;
  readonly #writer: EventWriter;

  /** @param writer where events go; closed by whoever opened it */
  constructor(writer: EventWriter) {
    this.#writer = writer;
  }

  /** There is no reason to go on: it failed, or nobody reads. */
  get isOver(): boolean {
    return this.error !== undefined || this.#writer.ended;
  }

  /** Nobody reads any more. */
  get ended(): boolean {
    return this.#writer.ended;
  }

  /** Events handed over so far. */
  get eventCount(): number {
    return this.#writer.eventCount;
  }

  /** A reader may keep us waiting. */
  get mayWait(): boolean {
    return this.#writer.backlog !== undefined;
  }

  /**
   * Hands an event over.
   *
   * @param event see {@linkcode EventWriter.write}
   */
  write(event: CulpritEvent): void {
    this.#orFail(() => this.#writer.write(event));
  }

  /** Hands everything gathered to the system, or to what waits. */
  flush(): void {
    this.#orFail(() => this.#writer.flush());
  }

  /**
   * Hands on what is taken at once.
   *
   * @returns whether more waits for a reader than may
   */
  isBackedUp(): boolean {
    const { backlog } = this.#writer;
    if (backlog === undefined || backlog.sizeBytes === 0) return false;
    this.#push(0);
    return backlog.sizeBytes > BACKLOG_MAX_BYTES;
  }

  /** Waits a moment for a reader. */
  push(): void {
    this.#push(PUSH_MS);
  }

  /**
   * Waits for a reader until a moment, then gives up what waits.
   *
   * @param deadlineMs in the time of `performance.now()`
   */
  pushUntil(deadlineMs: number): void {
    const { backlog } = this.#writer;
    if (backlog === undefined) return;
    let giveUpMs = performance.now() + STALLED_MS;
    for (let nowMs = performance.now(); backlog.sizeBytes > 0; nowMs = performance.now()) {
      if (nowMs >= Math.min(giveUpMs, deadlineMs)) break;
      const before = backlog.sizeBytes;
      this.#push(PUSH_MS);
      if (backlog.sizeBytes < before) giveUpMs = performance.now() + STALLED_MS;
    }
    this.#orFail(() => backlog.abandon("nobody reads it"));
  }

  #push(waitMs: number): void {
    this.#orFail(() => this.#writer.backlog?.push(waitMs));
  }

  #orFail(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.error ??= error;
    }
  }
}
