/**
 * Counts what must have happened and was not seen.
 *
 * @module
 */

import { type LossCounts, lossesOf } from "../loss_causes.ts";
import type { Connection } from "./types.ts";

/** What a tracker knows that it missed. */
export class Missed {
  #openings = 0;
  #ends = 0;
  #accepts = 0;
  #sockets = 0;
  #users = 0;

  /** A connection whose beginning was lost: its end came. */
  opening(): void {
    this.#openings++;
  }

  /** A connection whose end was lost: its socket turned up with another one, or does not live. */
  end(): void {
    this.#ends++;
  }

  /** A socket that was forgotten for a newer one, because too many seemed to live: ends are lost with the ring full. */
  socket(): void {
    this.#sockets++;
  }

  /** A process with part in a socket that too many have part in. */
  user(): void {
    this.#users++;
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
  get counts(): LossCounts {
    return lossesOf({
      connection_opens_missed: this.#openings,
      connection_ends_missed: this.#ends,
      connection_accepts_missed: this.#accepts,
      connection_sockets_forgotten: this.#sockets,
      connection_users_unlisted: this.#users,
    });
  }
}
