/**
 * Holds events back until what belongs to them is known.
 *
 * @module
 */

import type { Connection, ConnectionEventName } from "./types.ts";

/** An event that waits. */
export interface WaitingEvent {
  name: ConnectionEventName;
  connection: Connection;
  tsNs: number;
  /** When it waited long enough, ns. */
  dueNs: number;
  /** Socket to forget with it; undefined for none. */
  key: string | undefined;
}

/** Whether an event need not wait any more. */
function isSettled({ name, connection }: WaitingEvent): boolean {
  if (name === "close") return connection.acceptedNs > 0;
  const { peer } = connection;
  return peer !== undefined && (peer.users.length > 0 || peer.endNs > 0);
}

/** Events that wait, in the order they happened. */
export class WaitingEvents {
  #events: WaitingEvent[] = [];

  /** Adds one that happened now. */
  add(event: WaitingEvent): void {
    this.#events.push(event);
  }

  /**
   * Hands over what need not wait any more. What happens to one connection is told in order.
   *
   * @param nowNs time; Infinity for all
   * @param tell receives each
   */
  release(nowNs: number, tell: (event: WaitingEvent) => void): void {
    if (this.#events.length === 0) return;
    const waiting: WaitingEvent[] = [];
    const held = new Set<Connection>();
    for (const event of this.#events) {
      if ((event.dueNs <= nowNs || isSettled(event)) && !held.has(event.connection)) {
        tell(event);
      } else {
        held.add(event.connection);
        waiting.push(event);
      }
    }
    this.#events = waiting;
  }
}
