/**
 * Counts what must have happened and was not seen.
 *
 * @module
 */

import type { Connection } from "./types.ts";

/** What a tracker knows that it missed. */
export class Missed {
  #ends = 0;
  #accepts = 0;

  /** A connection whose end was lost: its socket turned up with another one. */
  end(): void {
    this.#ends++;
  }

  /**
   * Looks whether a connection that ends must have been accepted: a process closed it, and it was not reset, as those
   * are that still wait when their listener closes. Linux 7 leaves out runs of the program that sees accept(2).
   *
   * @param connection whose end is told now
   */
  closed(connection: Connection): void {
    const { shape, direction, acceptedNs, preexisting, end, closer } = connection;
    if (
      shape === "connection" && direction === "inbound" && acceptedNs === 0 && !preexisting && end === "closed" &&
      closer !== undefined
    ) this.#accepts++;
  }

  /** Counts for the summary, of what was missed at all. */
  get counts(): Record<string, number> {
    return {
      ...(this.#ends > 0 ? { connection_ends_missed: this.#ends } : {}),
      ...(this.#accepts > 0 ? { connection_accepts_missed: this.#accepts } : {}),
    };
  }
}
