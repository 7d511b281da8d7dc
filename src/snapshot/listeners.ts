/**
 * Finds the listener a connection waits at for being accepted.
 *
 * @module
 */

import type { SocketRow } from "./types.ts";

/** Whether two sockets are held by the same processes. */
function sameHolders(left: SocketRow, right: SocketRow): boolean {
  return left.holders.length === right.holders.length &&
    left.holders.every(({ tgid }, index) => tgid === right.holders[index]?.tgid);
}

/** The listening sockets of a snapshot by network namespace and port. */
export class Listeners {
  readonly #byPort = new Map<string, SocketRow[]>();

  /** @param rows all sockets */
  constructor(rows: Iterable<SocketRow>) {
    for (const row of rows) {
      if (row.state !== "listen" || row.local === undefined) continue;
      const key = `${row.netns} ${row.local.port}`;
      const present = this.#byPort.get(key);
      if (present === undefined) this.#byPort.set(key, [row]);
      else present.push(row);
    }
  }

  /**
   * Finds the listener of a connection. Its socket is of the listener's family; a listener on the very address comes
   * before one on all addresses (net/ipv4/inet_hashtables.c, compute_score).
   *
   * @param connection a connection nobody accepted yet
   * @returns the listener; `several` when more than one may be it and they have different holders; undefined when there
   * is none
   */
  find(connection: SocketRow): SocketRow | "several" | undefined {
    const { local } = connection;
    if (local === undefined) return undefined;
    const isInet6 = connection.mapped || connection.family === "ipv6";
    const candidates = (this.#byPort.get(`${connection.netns} ${local.port}`) ?? [])
      .filter((row) => (row.mapped || row.family === "ipv6") === isInet6);
    const exact = candidates.filter((row) => row.local?.ip === local.ip);
    const wildcard = candidates.filter((row) => row.local?.ip === (isInet6 ? "::" : "0.0.0.0"));
    const best = exact.length > 0 ? exact : wildcard;
    const [first] = best;
    if (first === undefined) return undefined;
    return best.every((row) => sameHolders(row, first)) ? first : "several";
  }
}
