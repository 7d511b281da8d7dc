/**
 * What the tracker remembers of a socket.
 *
 * @module
 */

import { socketBytes } from "../../bpf/conn/sensor.ts";
import type { FollowedConnection } from "./_connection.ts";
import type { Flow } from "./_flows.ts";
import type { ConnectionRecord, ConnectionUser, CountedConnection } from "./types.ts";

/** SOCK_STREAM of socket(2). */
export const SOCK_STREAM = 1;
/** SOCK_RAW of socket(2). */
export const SOCK_RAW = 3;

const NOBODY: readonly ConnectionUser[] = [];

/** A socket that lives. */
export interface Socket {
  readonly key: string;
  birthNs: number;
  readonly netns: number;
  /** SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_RAW 3. */
  readonly socketType: number;
  /** TCP: the connection or listener. */
  connection: FollowedConnection | undefined;
  /** Datagrams: its oldest flow and its youngest; each leads to the next. */
  firstFlow: Flow | undefined;
  lastFlow: Flow | undefined;
  /** In order of appearance; of its connection or of all its flows. */
  users: readonly ConnectionUser[];
  /** Users whose counters are in a map of the kernel, if they have any. */
  uncounted: Set<number> | undefined;
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
    netns: record.netns,
    socketType: record.socketType,
    connection: undefined,
    firstFlow: undefined,
    lastFlow: undefined,
    users: NOBODY,
    uncounted: undefined,
  };
}

/**
 * The flows of a socket.
 *
 * @param socket of datagrams
 * @returns each once, oldest first; the one that was handed out may be ended
 */
export function* flowsOf({ firstFlow }: Socket): Generator<Flow, void, undefined> {
  let flow = firstFlow;
  while (flow !== undefined) {
    const { nextOfSocket } = flow as Flow;
    yield flow;
    flow = nextOfSocket;
  }
}

/**
 * What lives of a socket.
 *
 * @param socket of any kind
 * @returns its connection or listener, and its flows, each once
 */
export function* livingOf(socket: Socket): Generator<FollowedConnection, void, undefined> {
  const { connection } = socket;
  if (connection !== undefined && connection.end === undefined) yield connection;
  yield* flowsOf(socket);
}

/**
 * What lives of a socket and moves octets, with what its counters in the kernel are found by.
 *
 * @param socket of any kind
 * @returns each connection and flow once
 */
export function* countedOf(socket: Socket): Generator<CountedConnection, void, undefined> {
  const { key, birthNs, connection, uncounted } = socket;
  if (connection?.shape === "connection" && connection.end === undefined) {
    yield { connection, key, socketBytes: socketBytes(key, birthNs), uncounted, flowKey: undefined };
  }
  if (socket.firstFlow === undefined) return;
  const bytes = socketBytes(key, birthNs);
  for (const flow of flowsOf(socket)) {
    yield { connection: flow, key, socketBytes: bytes, uncounted: undefined, flowKey: flow };
  }
}
