/**
 * Finds the other end of a connection where that is on this host.
 *
 * @module
 */

import type { Connection } from "./types.ts";

/** Addresses and ports of a connection as one of its ends has them. */
function tupleOf(protocol: number, ip: string, port: number, otherIp: string, otherPort: number): string {
  return `${protocol} ${ip} ${port} ${otherIp} ${otherPort}`;
}

/** Whether an address has its meaning only within a network namespace. */
function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}

/** Living connections by addresses and ports. */
export class PeerIndex {
  readonly #byTuple = new Map<string, Connection | Connection[]>();

  /** Connections in the index. */
  size = 0;

  /**
   * Adds a connection and joins it with its other end, if that is there.
   *
   * @param connection with its addresses known
   */
  add(connection: Connection): void {
    const { protocol, localIp, localPort, remoteIp, remotePort } = connection;
    const tuple = tupleOf(protocol, localIp, localPort, remoteIp, remotePort);
    const there = this.#byTuple.get(tuple);
    if (there === undefined) this.#byTuple.set(tuple, connection);
    else if (Array.isArray(there)) there.push(connection);
    else this.#byTuple.set(tuple, [there, connection]);
    this.size++;
    const peer = this.#find(connection, tupleOf(protocol, remoteIp, remotePort, localIp, localPort));
    if (peer === undefined) return;
    connection.peer = peer;
    peer.peer ??= connection;
  }

  /**
   * Removes a connection.
   *
   * @param connection as it was added
   */
  remove(connection: Connection): void {
    const { protocol, localIp, localPort, remoteIp, remotePort } = connection;
    const tuple = tupleOf(protocol, localIp, localPort, remoteIp, remotePort);
    const there = this.#byTuple.get(tuple);
    if (there === connection) {
      this.#byTuple.delete(tuple);
      this.size--;
    } else if (Array.isArray(there)) {
      const index = there.indexOf(connection);
      if (index < 0) return;
      there.splice(index, 1);
      this.size--;
      const [only] = there;
      if (there.length === 1 && only !== undefined) this.#byTuple.set(tuple, only);
    }
  }

  /** The one connection that can be the other end: of the same namespace, or the only one in another. */
  #find(connection: Connection, reversed: string): Connection | undefined {
    const there = this.#byTuple.get(reversed);
    if (there === undefined) return undefined;
    const candidates = (Array.isArray(there) ? there : [there])
      .filter((candidate) => candidate !== connection && candidate.peer === undefined);
    const near = candidates.filter(({ netns }) => netns === connection.netns);
    // Of connections that follow each other with the same ports, the last one lives.
    if (near.length > 0) return near.at(-1);
    if (isLoopback(connection.localIp) || candidates.length !== 1) return undefined;
    return candidates[0];
  }
}
