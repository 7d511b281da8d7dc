/**
 * Raw sockets that ask: they get a copy of every datagram, their own questions among them, and serve nobody.
 *
 * @module
 */

import type { Entry } from "./table.ts";

/** Raw sockets remembered; one that is forgotten is known again by its next query. */
const RAW_SOCKETS_MAX = 1024;

/** Remembers raw sockets. */
export class RawSockets {
  readonly #cookies = new Set<number>();

  /**
   * Whether a query reached a raw socket. Raw is a socket that hears what it sent to another port: no other hears itself
   * but on its own port, or in a group.
   *
   * @param entry of the query
   * @param cookie of the socket it reached
   */
  isCopy(entry: Entry, cookie: number): boolean {
    if (cookie === 0 || entry.isToGroup || entry.isTcp) return false;
    if (this.#cookies.has(cookie)) return true;
    if (entry.clientCookie !== cookie || entry.clientPort === entry.serverPort) return false;
    if (this.#cookies.size >= RAW_SOCKETS_MAX) this.#cookies.clear();
    this.#cookies.add(cookie);
    return true;
  }
}
