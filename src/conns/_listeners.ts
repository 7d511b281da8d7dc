/**
 * Knows who listens where.
 *
 * @module
 */

import type { FollowedConnection } from "./_connection.ts";
import { ConnectionIndex, mix } from "./_index.ts";
import type { Connection } from "./types.ts";

/** Addresses that stand for all of a host. */
const ANY_ADDRESS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** A place: a port of a network namespace. */
type Place = Pick<Connection, "netns" | "localPort">;

function hashOf({ netns, localPort }: Place): number {
  return mix(mix(0, netns), localPort);
}

/** Living listeners by network namespace and port. */
export class ListenerIndex {
  readonly #index = new ConnectionIndex(hashOf);
  /** Connections older than culprit of which it is not yet clear who began. */
  #undecided: FollowedConnection[] = [];

  /** How many there are. */
  get size(): number {
    return this.#index.size;
  }

  /** Adds a listener. */
  add(listener: FollowedConnection): void {
    this.#index.add(listener);
  }

  /** Removes a listener, if it is there. */
  remove(listener: FollowedConnection): void {
    this.#index.remove(listener);
  }

  /**
   * Notes a connection that is older than culprit: who began it is known only when all listeners are.
   *
   * @param connection added to its peers
   */
  decideLater(connection: FollowedConnection): void {
    this.#undecided.push(connection);
  }

  /** Finds out who began what was noted: who listens did not connect. */
  decide(): void {
    if (this.#undecided.length === 0) return;
    for (const connection of this.#undecided) {
      const { peer } = connection;
      if (!this.#at(connection).next().done) connection.direction = "inbound";
      else if (peer !== undefined && !this.#at(peer).next().done) connection.direction = "outbound";
    }
    this.#undecided = [];
  }

  /**
   * Who listens where a connection came in.
   *
   * @param connection an inbound connection
   * @returns the listener; undefined when none is known, or several fit
   */
  find(connection: Connection): Connection | undefined {
    const there = [...this.#at(connection)];
    const exact = there.filter(({ localIp }) => localIp === connection.localIp);
    const fitting = exact.length > 0 ? exact : there.filter(({ localIp }) => ANY_ADDRESS.has(localIp));
    return fitting.length === 1 ? fitting[0] : undefined;
  }

  /** Listeners of a place. */
  *#at(place: Place): Generator<FollowedConnection, void, undefined> {
    for (let listener = this.#index.first(hashOf(place)); listener !== undefined; listener = listener.next) {
      if (listener.localPort === place.localPort && listener.netns === place.netns) yield listener;
    }
  }
}
