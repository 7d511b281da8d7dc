/**
 * Takes over a terminal and gives it back as it was, however the run ends.
 *
 * @module
 */

import { LibbpfError } from "../errors.ts";
import { beforeStderr } from "../output/stdio.ts";
import { type Key, KeyReader } from "./keys.ts";
import { Tty } from "./tty.ts";

/** What a {@linkcode Terminal} tells of. */
export interface TerminalEvents {
  /** Keys were pressed. */
  onKeys(keys: readonly Key[]): void;
  /** It has another size, or must be drawn again. */
  onRedraw(): void;
  /** Nobody is there any more. */
  onHangup(): void;
}

/** Alternate screen, no cursor, no wrapping at the edge (xterm control sequences, DEC private modes). */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE_END = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** How long a terminal that has stalled is waited for when it is taken and given back, ms. */
const LAST_WORD_MS = 500;
/** Room for what is typed or pasted at once. */
const READ_BYTES = 4096;
/** Size where the terminal does not tell one. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/**
 * Whether there is a terminal to take over.
 *
 * @returns false where keys or the screen are redirected, or the terminal knows no control sequences
 */
export function isTerminal(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && Deno.env.get("TERM") !== "dumb";
}

/** A terminal that was taken over. */
export class Terminal implements Disposable {
  readonly #events: TerminalEvents;
  readonly #listeners = new DisposableStack();
  readonly #tty = new Tty();
  /** In raw mode, on the alternate screen. */
  #active = false;
  #gone = false;

  /** @param events where to tell what happens */
  constructor(events: TerminalEvents) {
    this.#events = events;
    // Errors of timers and forgotten promises end the process at once: what they say must be readable.
    beforeStderr(() => this.#leave());
    this.#listeners.defer(() => beforeStderr(undefined));
    this.#onSignal("SIGWINCH", () => this.#events.onRedraw());
    // What ends a process by default would leave the terminal as it is.
    for (const signal of ["SIGHUP", "SIGQUIT"] as const) this.#onSignal(signal, () => this.#events.onHangup());
    this.#onSignal("SIGTSTP", () => this.suspend());
    this.#onSignal("SIGCONT", () => {
      this.#enter();
      this.#events.onRedraw();
    });
    this.#enter();
    // It ends with the terminal or the process; a read cannot be taken back.
    void this.#readKeys();
  }

  /** Its size, each 1 or more. */
  get size(): { columns: number; rows: number } {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : DEFAULT_SIZE;
    } catch (error) {
      // It has gone away, which the next write tells.
      if (!(error instanceof Error)) throw error;
      return DEFAULT_SIZE;
    }
  }

  /**
   * Draws the whole screen.
   *
   * @param lines no more than it has rows, none wider than it
   */
  draw(lines: readonly string[]): void {
    if (!this.#active) return;
    // Cleared first: after the last column of a full line that would take its last character away.
    const text = lines.map((line) => CLEAR_LINE_END + line).join("\r\n");
    const below = lines.length < this.size.rows ? `\r\n${CLEAR_BELOW}` : "";
    // A terminal that has stalled must not hold the run, nor the ring of the kernel: this frame is left out.
    this.#write((tty) => tty.offer(HOME + text + below));
  }

  /** Gives the terminal back and stops the process, as Ctrl-Z does elsewhere; goes on when it is continued. */
  suspend(): void {
    this.#leave();
    Deno.kill(Deno.pid, "SIGSTOP");
  }

  /** Gives the terminal back. Idempotent. */
  [Symbol.dispose](): void {
    this.#leave();
    this.#listeners.dispose();
    this.#tty[Symbol.dispose]();
  }

  #enter(): void {
    if (this.#gone) return;
    try {
      Deno.stdin.setRaw(true);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return this.#hangUp();
    }
    this.#active = true;
    this.#write((tty) => tty.insist(ENTER, LAST_WORD_MS));
  }

  #leave(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#write((tty) => tty.insist(LEAVE, LAST_WORD_MS));
    try {
      Deno.stdin.setRaw(false);
    } catch (error) {
      // There is no terminal any more to be given back.
      if (!(error instanceof Error)) throw error;
    }
  }

  /** Tells of a terminal that is gone, once. */
  #write(write: (tty: Tty) => void): void {
    if (this.#gone) return;
    try {
      write(this.#tty);
    } catch (error) {
      if (!(error instanceof LibbpfError)) throw error;
      this.#hangUp();
    }
  }

  #hangUp(): void {
    this.#gone = true;
    this.#events.onHangup();
  }

  async #readKeys(): Promise<void> {
    const reader = new KeyReader();
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await Deno.stdin.read(buffer);
        if (count === null) break;
        if (this.#active) this.#events.onKeys(reader.read(buffer.subarray(0, count)));
      }
    } catch (error) {
      // The terminal hung up.
      if (!(error instanceof Error)) throw error;
    }
    this.#events.onHangup();
  }

  #onSignal(signal: Deno.Signal, handler: () => void): void {
    Deno.addSignalListener(signal, handler);
    this.#listeners.defer(() => Deno.removeSignalListener(signal, handler));
  }
}
