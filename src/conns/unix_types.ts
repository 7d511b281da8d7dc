/**
 * What the sensor of Unix sockets tells their tracker, and what the tracker hands out.
 *
 * Times are CLOCK_BOOTTIME in ns.
 *
 * @module
 */

import type { UnixEvent } from "../events.ts";
import type { ProcessRef } from "../process_table.ts";
import type { TaskIdentity } from "./types.ts";

/** One record of the sensor; see `enum unix_kind` for which fields a kind fills. */
export interface UnixRecord {
  /** One of `UNIX_KIND`. */
  kind: number;
  /** Bits of `UNIX_FLAG`. */
  flags: number;
  tsNs: number;
  netns: number;
  /** Names a socket as long as it lives. Never shown: it tells of kernel addresses. */
  socket: string;
  /** As `socket`, of the other end. */
  peer: string;
  /** 0 where the socket has none. */
  inode: number;
  /** 0 where the other end has none: not accepted yet, or closed. */
  peerInode: number;
  /** SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_SEQPACKET 5. */
  socketType: number;
  /** Positive errno; 0 for none. */
  error: number;
  /** Path (a relative one that begins with `@` as `./@...`), or `@` and the abstract name. */
  path: string | undefined;
  /** Who acted. */
  task: TaskIdentity;
  /** Whom the kernel noted at the other end; `startTimeNs` is 0 where it has ended. */
  peerProcess: ProcessRef | undefined;
}

/** Who is at the other end. */
export interface UnixPeer {
  /** A process; undefined where it is not known. */
  readonly process: ProcessRef | undefined;
  readonly attribution: NonNullable<UnixEvent["peer_attribution"]>;
  /** Why `process` is undefined, where it is. */
  readonly reason?: string;
  /** Inode number of its socket; 0 for none. */
  readonly inode: number;
}

/** What happened to a Unix socket. */
export interface UnixHappening {
  readonly name: UnixEvent["event"];
  readonly record: UnixRecord;
  /** Undefined where there is no other end. */
  readonly peer: UnixPeer | undefined;
}
