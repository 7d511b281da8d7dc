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

/** Events after which those whose wait is over are told, without a tick: a turn of a busy reader has many thousands. */
const EVENTS_PER_RELEASE = 1024;

/** Events that wait, in the order they happened. */
export class WaitingEvents {
  readonly #tell: (event: WaitingEvent) => void;
  #events: WaitingEvent[] = [];
  #added = 0;

  /** @param tell receives each whose wait is over */
  constructor(tell: (event: WaitingEvent) => void) {
    this.#tell = tell;
  }

  /** Adds one that happened now. */
  add(event: WaitingEvent): void {
    this.#events.push(event);
    if (++this.#added >= EVENTS_PER_RELEASE) this.release(event.tsNs);
  }

  /**
   * Hands over what need not wait any more. What happens to one connection is told in order.
   *
   * @param nowNs time; Infinity for all
   */
  release(nowNs: number): void {
    this.#added = 0;
    if (this.#events.length === 0) return;
    const waiting: WaitingEvent[] = [];
    const held = new Set<Connection>();
    for (const event of this.#events) {
      if ((event.dueNs <= nowNs || isSettled(event)) && !held.has(event.connection)) {
        this.#tell(event);
      } else {
        held.add(event.connection);
        waiting.push(event);
      }
    }
    this.#events = waiting;
  }
}
