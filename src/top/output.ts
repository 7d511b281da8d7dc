/**
 * Where frames go: to a terminal that is taken over, or as plain text one after the other.
 *
 * @module
 */

import { OutputError } from "../errors.ts";
import type { CulpritEvent } from "../events.ts";
import { summaryNotice } from "../output/notices.ts";
import { reasonOf, STDOUT_NAME, writeStderr } from "../output/stdio.ts";
import type { EventWriter } from "../output/writer.ts";
import type { Key } from "./keys.ts";
import { orderRows } from "./order.ts";
import { pageRows, renderFrame } from "./render.ts";
import { pressKey, type TopState } from "./state.ts";
import { Terminal } from "./terminal.ts";
import type { Frame, Surroundings } from "./types.ts";

/** How frames are shown. */
export interface OutputOptions {
  readonly state: TopState;
  /** No summary on standard error. */
  readonly quiet: boolean;
}

/** Shows frames; takes the summary of the run in place of a writer of events. */
export abstract class TopOutput implements EventWriter {
  readonly target = STDOUT_NAME;
  readonly unwrittenCount = 0;
  protected state: TopState;
  readonly #quiet: boolean;
  #counted = 0;

  /** @param options see {@linkcode OutputOptions} */
  constructor({ state, quiet }: OutputOptions) {
    this.state = state;
    this.#quiet = quiet;
  }

  /** Connections and lookups that were counted. */
  get eventCount(): number {
    return this.#counted;
  }

  /**
   * Takes what the summary says.
   *
   * @param count connections and lookups so far
   */
  count(count: number): void {
    this.#counted = count;
  }

  /** Nobody looks any more. */
  abstract get ended(): boolean;

  /**
   * Begins, when everything is attached.
   *
   * @param stop ends the run
   */
  abstract begin(stop: () => void): void;

  /**
   * Shows a frame.
   *
   * @param frame what was counted
   * @param surroundings time and losses
   */
  abstract show(frame: Frame, surroundings: Surroundings): void;

  /** Takes the summary. Losses are part of every frame. */
  write(event: CulpritEvent): void {
    if (event.type !== "summary") return;
    this.close();
    if (!this.#quiet) writeStderr(summaryNotice(event));
  }

  /** Does nothing: frames are shown at once. */
  flush(): void {}

  /** Shows no more. Idempotent. */
  abstract close(): void;

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A terminal that is taken over. */
export class ScreenOutput extends TopOutput {
  readonly #colours: boolean;
  #terminal: Terminal | undefined;
  #gone = false;
  /** What came last. */
  #latest: [Frame, Surroundings] | undefined;
  /** What is to be seen: not the latest while it stands still. */
  #shown: [Frame, Surroundings] | undefined;
  #stop: () => void = () => {};

  /**
   * @param options see {@linkcode OutputOptions}
   * @param colours use them
   */
  constructor(options: OutputOptions, colours: boolean) {
    super(options);
    this.#colours = colours;
  }

  /** See {@linkcode TopOutput.ended}. */
  override get ended(): boolean {
    return this.#gone;
  }

  /** See {@linkcode TopOutput.begin}. */
  override begin(stop: () => void): void {
    this.#stop = stop;
    this.#terminal = new Terminal({
      onKeys: (keys) => this.#onKeys(keys),
      onRedraw: () => this.#redraw(),
      onHangup: () => {
        this.#gone = true;
        stop();
      },
    });
  }

  /** See {@linkcode TopOutput.close}. */
  override close(): void {
    this.#terminal?.[Symbol.dispose]();
    this.#terminal = undefined;
  }

  /** See {@linkcode TopOutput.show}. */
  override show(frame: Frame, surroundings: Surroundings): void {
    this.#latest = [frame, surroundings];
    // A loss is never held back.
    if (this.state.paused && this.#shown !== undefined) {
      this.#shown = [this.#shown[0], { ...this.#shown[1], lost: surroundings.lost }];
    } else this.#shown = this.#latest;
    this.#redraw();
  }

  #onKeys(keys: readonly Key[]): void {
    for (const key of keys) {
      if (this.#terminal === undefined || this.#shown === undefined) return;
      const [frame, surroundings] = this.#shown;
      const page = pageRows(this.#terminal.size.rows, surroundings);
      const [state, action] = pressKey(this.state, key, page, orderRows(frame, this.state).length);
      if (this.state.paused && !state.paused) this.#shown = this.#latest;
      this.state = state;
      if (action === "quit") return this.#stop();
      if (action === "suspend") this.#terminal.suspend();
    }
    this.#redraw();
  }

  #redraw(): void {
    if (this.#terminal === undefined || this.#shown === undefined) return;
    const [frame, surroundings] = this.#shown;
    const size = this.#terminal.size;
    const last = Math.max(0, orderRows(frame, this.state).length - pageRows(size.rows, surroundings));
    if (this.state.offset > last) this.state = { ...this.state, offset: last };
    this.#terminal.draw(renderFrame(frame, this.state, surroundings, { ...size, colours: this.#colours }));
  }
}

/** Plain text: each frame whole, an empty line between two. */
export class BatchOutput extends TopOutput {
  #ended = false;
  #frames = 0;

  /** See {@linkcode TopOutput.ended}. */
  override get ended(): boolean {
    return this.#ended;
  }

  /** Nothing to begin. */
  override begin(): void {}

  /** Nothing to close. */
  override close(): void {}

  /** See {@linkcode TopOutput.show}. */
  override show(frame: Frame, surroundings: Surroundings): void {
    if (this.#ended) return;
    const canvas = { columns: undefined, rows: undefined, colours: false };
    const lines = renderFrame(frame, this.state, surroundings, canvas).map((line) => `${line.trimEnd()}\n`);
    try {
      let rest = new TextEncoder().encode((this.#frames++ > 0 ? "\n" : "") + lines.join(""));
      while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
    } catch (error) {
      this.#ended = true;
      if (error instanceof Deno.errors.BrokenPipe) return;
      throw new OutputError(STDOUT_NAME, reasonOf(error), { cause: error });
    }
  }
}
