/**
 * What the tracker remembers of a socket.
 *
 * @module
 */

import type { Connection, ConnectionRecord, ConnectionUser } from "./types.ts";

/** SOCK_STREAM of socket(2). */
export const SOCK_STREAM = 1;

/** A socket that lives. */
export interface Socket {
  key: string;
  birthNs: number;
  isStream: boolean;
  /** TCP: the connection or listener. */
  connection: Connection | undefined;
  /** Datagrams: flows by where they go. */
  flows: Map<string, Flow> | undefined;
  /** Shared with its connection; of a datagram socket with all its flows. */
  users: ConnectionUser[];
  /** Users whose counters are in a map of the kernel, if they have any. */
  uncounted: Set<number> | undefined;
}

/** A flow that lives. */
export interface Flow {
  connection: Connection;
  record: ConnectionRecord;
  socket: Socket;
  /** When to look whether it is idle, ns. */
  dueNs: number;
}

/**
 * Makes what is remembered of a socket.
 *
 * @param record the first one about it
 * @returns it, without anything known
 */
export function makeSocket(record: ConnectionRecord): Socket {
  return {
    key: record.key,
    birthNs: record.birthNs,
    isStream: record.socketType === SOCK_STREAM,
    connection: undefined,
    flows: undefined,
    users: [],
    uncounted: undefined,
  };
}
