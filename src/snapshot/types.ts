/**
 * What a snapshot of all sockets holds.
 *
 * @module
 */

import type { Endpoint, SocketEvent } from "../events.ts";

/** A process that holds a socket. */
export interface SocketHolder {
  tgid: number;
  /** CLOCK_BOOTTIME, ns; rounded down to 10 ms where it is from /proc. */
  startTimeNs: number;
  /** Comm of the process when its descriptors were read. */
  comm: string;
  /** Descriptors of the socket, ascending. */
  fds: number[];
}

/** One socket. Fields mean what those of {@linkcode SocketEvent} mean. */
export interface SocketRow {
  protocol: SocketEvent["protocol"];
  family: SocketEvent["family"];
  /** An AF_INET6 socket whose addresses are IPv4. */
  mapped: boolean;
  state: SocketEvent["state"];
  local: Endpoint | undefined;
  remote: Endpoint | undefined;
  path: string | undefined;
  peerInode: number | undefined;
  holders: SocketHolder[];
  ownership: SocketEvent["ownership"];
  /** Why there are no holders; absent where there are. */
  unknownReason: string | undefined;
  netns: number;
  /** 0 where it has none. */
  inode: number;
  /** -1 where the kernel keeps none. */
  uid: number;
  receiveQueue: number;
  sendQueue: number;
}

/** All sockets of the host at one time. */
export interface Snapshot {
  sockets: SocketRow[];
  /** When the last of it was read: CLOCK_BOOTTIME, ns. */
  tsNs: number;
  /** Where it is from: BPF iterators, or sock_diag(7) and /proc. */
  source: "iterators" | "sock_diag";
  /** What could not be seen and why, one sentence each. */
  notObserved: string[];
  /** Sockets that closed while the snapshot was taken, and are therefore not in it. */
  closedMeanwhile: number;
  /** Network namespaces whose tables were read. */
  namespaces: number;
}

/** What to take a snapshot of. */
export interface SnapshotOptions {
  /** Unix sockets too. */
  readonly unix?: boolean;
  /** Where from; by default iterators, and sock_diag where the kernel refuses them. */
  readonly source?: Snapshot["source"];
}
