/**
 * Finds the other end of a connection where that is on this host.
 *
 * @module
 */

import type { FollowedConnection } from "./_connection.ts";
import { ConnectionIndex, mix, mixText } from "./_index.ts";

/** Whether an address has its meaning only within a network namespace. */
function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}

/** Whether the first sequence numbers of a TCP connection are known. */
function hasSequences({ handshake }: FollowedConnection): boolean {
  return handshake !== undefined && (handshake.sendSequence !== 0 || handshake.receiveSequence !== 0);
}

/** Without ports (raw IP, ICMP) addresses say nothing about who the other end is. */
function hasPorts({ localPort, remotePort }: FollowedConnection): boolean {
  return localPort !== 0 && remotePort !== 0;
}

/** The same for both ends: each sends what the other receives. */
function hashOf(connection: FollowedConnection): number {
  const { id, protocol, localIp, localPort, remoteIp, remotePort, handshake } = connection;
  if (!hasPorts(connection)) return mix(0, id);
  if (handshake !== undefined && hasSequences(connection)) {
    return mix(0, handshake.sendSequence + handshake.receiveSequence | 0);
  }
  return mix(protocol, mixText(localPort, localIp) + mixText(remotePort, remoteIp) | 0);
}

/** Whether the addresses of one are those of the other end of another. */
function isReverse(one: FollowedConnection, other: FollowedConnection): boolean {
  return one.localPort === other.remotePort && one.remotePort === other.localPort && one.localIp === other.remoteIp &&
    one.remoteIp === other.localIp && one.protocol === other.protocol;
}

/**
 * Living connections, to be found by their other end.
 *
 * The ends of a TCP connection know each other's first sequence numbers, 64 bits together, whatever addresses NAT shows
 * to each. Where these are not known (flows, and connections older than culprit), addresses and ports must agree.
 */
export class PeerIndex {
  readonly #index = new ConnectionIndex(hashOf);

  /** Connections in the index. */
  get size(): number {
    return this.#index.size;
  }

  /**
   * Adds a connection and joins it with its other end, if that is there.
   *
   * @param connection with its addresses known, which may not change until it is removed
   */
  add(connection: FollowedConnection): void {
    const peer = !hasPorts(connection)
      ? undefined
      : hasSequences(connection)
      ? this.#bySequence(connection)
      : this.#byAddress(connection);
    this.#index.add(connection);
    if (peer === undefined) return;
    connection.peer = peer;
    peer.peer = connection;
  }

  /**
   * Removes a connection, if it is there.
   *
   * @param connection as it was added
   */
  remove(connection: FollowedConnection): void {
    this.#index.remove(connection);
  }

  /** The one that sends what this one receives; undefined where several do. */
  #bySequence(connection: FollowedConnection): FollowedConnection | undefined {
    const { protocol, sendSequence, receiveSequence } = connection;
    let found: FollowedConnection | undefined;
    for (let other = this.#index.first(hashOf(connection)); other !== undefined; other = other.next) {
      if (
        other.sendSequence !== receiveSequence || other.receiveSequence !== sendSequence || !hasSequences(other) ||
        other.peer !== undefined || other.protocol !== protocol
      ) continue;
      if (found !== undefined) return undefined;
      found = other;
    }
    return found;
  }

  /** The one connection that can be the other end: of the same namespace, or the only one in another. */
  #byAddress(connection: FollowedConnection): FollowedConnection | undefined {
    let far: FollowedConnection | undefined;
    let farCount = 0;
    for (let other = this.#index.first(hashOf(connection)); other !== undefined; other = other.next) {
      if (other.peer !== undefined || hasSequences(other) || !isReverse(connection, other)) continue;
      // Of connections that follow each other with the same ports, the last one lives.
      if (other.netns === connection.netns) return other;
      far = other;
      farCount++;
    }
    return farCount === 1 && !isLoopback(connection.localIp) ? far : undefined;
  }
}
