/**
 * Knows who listens where.
 *
 * @module
 */

import type { Connection } from "./types.ts";

/** Addresses that stand for all of a host. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

function keyOf({ netns, localPort }: Connection): string {
  return `${netns} ${localPort}`;
}

/** Living listeners by network namespace and port. */
export class ListenerIndex {
  readonly #byPort = new Map<string, Set<Connection>>();
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** Adds a listener. */
  add(listener: Connection): void {
    const there = this.#byPort.get(keyOf(listener));
    if (there === undefined) this.#byPort.set(keyOf(listener), new Set([listener]));
    else there.add(listener);
    this.#size++;
  }

  /** Removes a listener, if it is there. */
  remove(listener: Connection): void {
    const there = this.#byPort.get(keyOf(listener));
    if (there === undefined || !there.delete(listener)) return;
    this.#size--;
    if (there.size === 0) this.#byPort.delete(keyOf(listener));
  }

  /**
   * Tells who began a connection that is older than culprit: who listens did not connect.
   *
   * @param connection with its other end known, where that is on this host; its direction is changed
   */
  inferDirection(connection: Connection): void {
    const { peer } = connection;
    if (this.#byPort.has(keyOf(connection))) connection.direction = "inbound";
    else if (peer !== undefined && this.#byPort.has(keyOf(peer))) connection.direction = "outbound";
  }

  /**
   * Who listens where a connection came in.
   *
   * @param connection an inbound connection
   * @returns the listener; undefined when none is known, or several fit
   */
  find(connection: Connection): Connection | undefined {
    const there = [...this.#byPort.get(keyOf(connection)) ?? []];
    const exact = there.filter(({ localIp }) => localIp === connection.localIp);
    const fitting = exact.length > 0 ? exact : there.filter(({ localIp }) => ANY_ADDRESS.has(localIp));
    return fitting.length === 1 ? fitting[0] : undefined;
  }
}
