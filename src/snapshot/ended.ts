/**
 * Connections that a running `culprit conns --keep` remembers, beside the sockets there are.
 *
 * @module
 */

import { connectionKey } from "../conns/kept.ts";
import { type ConnectionEvent, SCHEMA, type SocketEvent } from "../events.ts";
import type { SocketRow } from "./types.ts";

/**
 * Shows the end of a connection as a socket.
 *
 * @param event its end
 * @returns a socket in state `ended`, at the time of its end; `failed` where it never came about
 */
export function endedSocket(event: ConnectionEvent): SocketEvent {
  const { connection, process, users } = event;
  const processes = users?.map((user) => user.process) ?? (process === undefined ? [] : [process]);
  const known = processes.filter(({ pid }) => pid !== 0);
  return {
    schema: SCHEMA,
    type: "socket",
    time: event.time,
    protocol: connection.transport,
    family: connection.family,
    ...(connection.mapped ? { mapped: true as const } : {}),
    state: event.event === "fail" ? "failed" : "ended",
    local: connection.local,
    ...(connection.remote === undefined ? {} : { remote: connection.remote }),
    owners: known.map((process) => ({ process, fds: [] })),
    ownership: known.length > 0 ? "past" : "none",
    ...(known.length > 0 ? {} : { unknown_reason: process?.unknown_reason ?? "no process was seen using it" }),
    netns: connection.netns,
    receive_queue: 0,
    send_queue: 0,
  };
}

/**
 * Leaves out what the kernel still has of connections whose ends are known with their processes, of which it has none.
 *
 * @param rows sockets there are
 * @param ended ends that are remembered
 * @returns the rows without those in TIME_WAIT that an end stands for
 */
export function withoutRemains(rows: readonly SocketRow[], ended: readonly SocketEvent[]): SocketRow[] {
  const named = ended.filter(({ ownership }) => ownership === "past");
  const known = new Set(named.map((event) => connectionKey(event.protocol, event)));
  return rows.filter((row) => row.state !== "time_wait" || !known.has(connectionKey(row.protocol, row)));
}
