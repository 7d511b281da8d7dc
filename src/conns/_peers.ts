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

/** Whether the first sequence numbers of a TCP connection are known. */
function hasSequences({ sendSequence, receiveSequence }: Connection): boolean {
  return sendSequence !== 0 || receiveSequence !== 0;
}

/** The same for both ends: each sends what the other receives. A small integer, which a map finds fastest. */
function sequenceKey({ sendSequence, receiveSequence }: Connection): number {
  return sendSequence + receiveSequence | 0;
}

const NONE: readonly Connection[] = [];

/** Connections that may have a key in common. */
class MultiMap<Key> {
  readonly #byKey = new Map<Key, Connection | Connection[]>();

  get(key: Key): readonly Connection[] {
    const there = this.#byKey.get(key);
    return there === undefined ? NONE : Array.isArray(there) ? there : [there];
  }

  add(key: Key, connection: Connection): void {
    const there = this.#byKey.get(key);
    if (there === undefined) this.#byKey.set(key, connection);
    else if (Array.isArray(there)) there.push(connection);
    else this.#byKey.set(key, [there, connection]);
  }

  delete(key: Key, connection: Connection): void {
    const there = this.#byKey.get(key);
    if (there === connection) {
      this.#byKey.delete(key);
    } else if (Array.isArray(there)) {
      const left = there.filter((other) => other !== connection);
      const [only] = left;
      if (left.length === 1 && only !== undefined) this.#byKey.set(key, only);
      else if (left.length === 0) this.#byKey.delete(key);
      else this.#byKey.set(key, left);
    }
  }
}

/**
 * Living connections, to be found by their other end.
 *
 * The ends of a TCP connection know each other's first sequence numbers, 64 bits together, whatever addresses NAT shows
 * to each. Where these are not known (flows, and connections older than culprit), addresses and ports must agree.
 */
export class PeerIndex {
  readonly #byTuple = new MultiMap<string>();
  readonly #bySequences = new MultiMap<number>();
  readonly #living = new Set<Connection>();

  /** Connections in the index. */
  get size(): number {
    return this.#living.size;
  }

  /**
   * Adds a connection and joins it with its other end, if that is there.
   *
   * @param connection with its addresses known, which may not change until it is removed
   */
  add(connection: Connection): void {
    const { protocol, localIp, localPort, remoteIp, remotePort } = connection;
    this.#living.add(connection);
    // Without ports (raw IP, ICMP) addresses say nothing about who the other end is.
    if (localPort === 0 || remotePort === 0) return;
    let peer: Connection | undefined;
    if (hasSequences(connection)) {
      peer = this.#bySequence(connection);
      this.#bySequences.add(sequenceKey(connection), connection);
    } else {
      peer = this.#byAddress(connection, tupleOf(protocol, remoteIp, remotePort, localIp, localPort));
      this.#byTuple.add(tupleOf(protocol, localIp, localPort, remoteIp, remotePort), connection);
    }
    if (peer === undefined) return;
    connection.peer = peer;
    peer.peer = connection;
  }

  /**
   * Removes a connection.
   *
   * @param connection as it was added
   */
  remove(connection: Connection): void {
    if (!this.#living.delete(connection)) return;
    const { protocol, localIp, localPort, remoteIp, remotePort } = connection;
    if (hasSequences(connection)) this.#bySequences.delete(sequenceKey(connection), connection);
    else this.#byTuple.delete(tupleOf(protocol, localIp, localPort, remoteIp, remotePort), connection);
  }

  #bySequence({ protocol, sendSequence, receiveSequence }: Connection): Connection | undefined {
    let found: Connection | undefined;
    for (const candidate of this.#bySequences.get(sendSequence + receiveSequence | 0)) {
      if (
        candidate.sendSequence !== receiveSequence || candidate.receiveSequence !== sendSequence ||
        candidate.peer !== undefined || candidate.protocol !== protocol
      ) continue;
      if (found !== undefined) return undefined;
      found = candidate;
    }
    return found;
  }

  /** The one connection that can be the other end: of the same namespace, or the only one in another. */
  #byAddress(connection: Connection, reversed: string): Connection | undefined {
    const candidates = this.#byTuple.get(reversed).filter(({ peer }) => peer === undefined);
    const near = candidates.filter(({ netns }) => netns === connection.netns);
    // Of connections that follow each other with the same ports, the last one lives.
    if (near.length > 0) return near.at(-1);
    if (isLoopback(connection.localIp) || candidates.length !== 1) return undefined;
    return candidates[0];
  }
}
