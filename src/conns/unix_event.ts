/**
 * Turns what the tracker tells of Unix sockets into public events.
 *
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import { UNIX_FLAG, UNIX_KIND } from "../../bpf/unix/layout.gen.ts";
import type { Clock } from "../capture.ts";
import { type ProcessInfo, SCHEMA, type UnixEvent } from "../events.ts";
import { type ProcessRef, unknownProcess } from "../process_table.ts";
import type { UnixHappening } from "./unix_types.ts";

/** What events are made with. */
export interface UnixEventSources {
  readonly clock: Clock;
  /** Facts of a process at a time, ns. */
  readonly resolve: (process: ProcessRef, tsNs: number) => ProcessInfo;
}

/** As the kernel numbers them (include/linux/net.h). */
const SOCKET_TYPES: Readonly<Record<number, UnixEvent["socket_type"]>> = {
  1: "stream",
  2: "datagram",
  5: "seqpacket",
};

/** Who began. */
function directionOf({ name, record: { flags } }: UnixHappening): UnixEvent["direction"] {
  if (name === "open" || name === "fail" || (flags & UNIX_FLAG.OUTBOUND) !== 0) return "outbound";
  return name === "accept" || (flags & UNIX_FLAG.INBOUND) !== 0 ? "inbound" : undefined;
}

/**
 * Makes the event of what happened.
 *
 * @param happening of the tracker
 * @param sources clock and processes
 * @returns the event
 */
export function unixEvent(happening: UnixHappening, sources: UnixEventSources): UnixEvent {
  const { name, record, peer } = happening;
  const event: UnixEvent = {
    schema: SCHEMA,
    type: "unix",
    time: sources.clock.toRfc3339(record.tsNs),
    event: name,
    process: sources.resolve(record.task, record.tsNs),
    protocol: "unix",
    family: "unix",
    socket_type: SOCKET_TYPES[record.socketType] ?? "stream",
    netns: record.netns,
  };
  if (peer !== undefined) {
    event.peer_process = peer.process === undefined
      ? unknownProcess(peer.reason ?? "not known")
      : sources.resolve(peer.process, record.tsNs);
    event.peer_attribution = peer.attribution;
  }
  const peerInode = peer?.inode ?? record.peerInode;
  const direction = directionOf(happening);
  if (direction !== undefined) event.direction = direction;
  if (record.path !== undefined) event.path = record.path;
  // Of a datagram only the receiving socket is known.
  if (record.inode !== 0 && record.kind !== UNIX_KIND.SEND) event.inode = record.inode;
  if (peerInode !== 0) event.peer_inode = peerInode;
  if (record.error !== 0) event.error = errnoName(record.error);
  return event;
}
