/**
 * Keeps what has ended for a while, bounded in time and number.
 *
 * @module
 */

import type { Connection } from "./types.ts";

/** How many ended connections are kept unless something else is asked for, about 1 KiB each. */
export const MAX_ENDED = 20_000;

/** Ended connections, oldest end first. */
export class EndedConnections {
  readonly #keepNs: number;
  readonly #max: number;
  readonly #kept = new Set<Connection>();
  /** Dropped before their time. */
  evicted = 0;

  /**
   * @param keepNs how long to keep one
   * @param max how many to keep
   */
  constructor(keepNs: number, max: number) {
    this.#keepNs = keepNs;
    this.#max = max;
  }

  /** How many are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /** All that are kept. */
  all(): Iterable<Connection> {
    return this.#kept;
  }

  /** Keeps one that has ended now. */
  add(connection: Connection): void {
    if (this.#keepNs === 0) return;
    this.#kept.add(connection);
    if (this.#kept.size <= this.#max) return;
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    this.#drop(oldest);
    this.evicted++;
  }

  /** Drops those whose time is over. */
  expire(nowNs: number): void {
    for (const connection of this.#kept) {
      if (connection.endNs + this.#keepNs > nowNs) return;
      this.#drop(connection);
    }
  }

  #drop(connection: Connection): void {
    this.#kept.delete(connection);
    // Else a chain of peers would keep each other.
    connection.peer = undefined;
  }
}
