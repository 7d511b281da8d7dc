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

/** The first sequence numbers of a TCP connection; undefined where they are not known. */
function sequencesOf(sent: number, received: number): string | undefined {
  return sent === 0 && received === 0 ? undefined : `${sent} ${received}`;
}

/** Connections that may have a key in common. */
class MultiMap {
  readonly #byKey = new Map<string, Connection | Connection[]>();

  get(key: string): readonly Connection[] {
    const there = this.#byKey.get(key);
    return there === undefined ? [] : Array.isArray(there) ? there : [there];
  }

  add(key: string, connection: Connection): void {
    const there = this.#byKey.get(key);
    if (there === undefined) this.#byKey.set(key, connection);
    else if (Array.isArray(there)) there.push(connection);
    else this.#byKey.set(key, [there, connection]);
  }

  delete(key: string, connection: Connection): void {
    const there = this.#byKey.get(key);
    if (there === connection) {
      this.#byKey.delete(key);
    } else if (Array.isArray(there)) {
      const left = there.filter((other) => other !== connection);
      const [only] = left;
      if (left.length === 1 && only !== undefined) this.#byKey.set(key, only);
      else this.#byKey.set(key, left);
    }
  }
}

/**
 * Living connections, to be found by their other end.
 *
 * The ends of a TCP connection know each other's first sequence numbers, 64 bits together, whatever addresses NAT shows
 * to each. Where these are not known, addresses and ports must agree.
 */
export class PeerIndex {
  readonly #byTuple = new MultiMap();
  readonly #bySequences = new MultiMap();
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
    const { protocol, localIp, localPort, remoteIp, remotePort, sendSequence, receiveSequence } = connection;
    this.#living.add(connection);
    // Without ports (raw IP, ICMP) addresses say nothing about who the other end is.
    if (localPort === 0 || remotePort === 0) return;
    const peer = this.#bySequence(connection, sequencesOf(receiveSequence, sendSequence)) ??
      this.#byAddress(connection, tupleOf(protocol, remoteIp, remotePort, localIp, localPort));
    this.#byTuple.add(tupleOf(protocol, localIp, localPort, remoteIp, remotePort), connection);
    const sequences = sequencesOf(sendSequence, receiveSequence);
    if (sequences !== undefined) this.#bySequences.add(sequences, connection);
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
    const { protocol, localIp, localPort, remoteIp, remotePort, sendSequence, receiveSequence } = connection;
    this.#byTuple.delete(tupleOf(protocol, localIp, localPort, remoteIp, remotePort), connection);
    const sequences = sequencesOf(sendSequence, receiveSequence);
    if (sequences !== undefined) this.#bySequences.delete(sequences, connection);
  }

  #bySequence(connection: Connection, reversed: string | undefined): Connection | undefined {
    if (reversed === undefined) return undefined;
    const candidates = this.#bySequences.get(reversed).filter(({ peer, protocol }) =>
      peer === undefined && protocol === connection.protocol
    );
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  /** The one connection that can be the other end: of the same namespace, or the only one in another. */
  #byAddress(connection: Connection, reversed: string): Connection | undefined {
    const knows = sequencesOf(connection.sendSequence, connection.receiveSequence) !== undefined;
    const candidates = this.#byTuple.get(reversed).filter((candidate) =>
      candidate.peer === undefined &&
      // Sequence numbers of both are known, and they did not agree.
      !(knows && sequencesOf(candidate.sendSequence, candidate.receiveSequence) !== undefined)
    );
    const near = candidates.filter(({ netns }) => netns === connection.netns);
    // Of connections that follow each other with the same ports, the last one lives.
    if (near.length > 0) return near.at(-1);
    if (isLoopback(connection.localIp) || candidates.length !== 1) return undefined;
    return candidates[0];
  }
}
