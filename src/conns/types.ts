/**
 * What the connection sensor tells the connection tracker, and what the tracker hands out.
 *
 * Times are CLOCK_BOOTTIME in ns.
 *
 * @module
 */

import type { ProcessInfo } from "../events.ts";
import type { LossCounts } from "../loss_causes.ts";

/** A task as the kernel saw it act. (tgid, startTimeNs) identifies its process for ever. */
export interface TaskIdentity {
  tgid: number;
  tid: number;
  /** Start of the thread group's leader, ns. */
  startTimeNs: number;
  uid: number;
  gid: number;
  /** Comm of the thread, lossy UTF-8. */
  comm: string;
}

/** One record of the connection sensor; see `enum conn_kind` for which fields a kind fills. */
export interface ConnectionRecord {
  /** One of `CONN_KIND`. */
  kind: number;
  tsNs: number;
  /** Names a socket as long as it lives; used again later with another `birthNs`. Never shown: it tells of kernel addresses. */
  key: string;
  /** When the kernel side began to remember the socket, ns; 0 in records that cannot know. */
  birthNs: number;
  netns: number;
  /** An IPv6 address that is not IPv4-mapped. */
  isIpv6: boolean;
  /** Addresses are IPv4-mapped ones of an IPv6 socket. */
  isMapped: boolean;
  /** IP protocol number. */
  protocol: number;
  /** SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_RAW 3. */
  socketType: number;
  /** Bits of `CONN_FLAG`. */
  flags: number;
  /** One of `CONN_STATE`. */
  oldState: number;
  /** Positive errno; 0 for none. */
  error: number;
  openedNs: number;
  establishedNs: number;
  bytesSent: number;
  bytesReceived: number;
  /** On CLOSE: what the task sent and received itself; 0 where other processes did, too, of which USAGE tells. */
  usageSent: number;
  usageReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
  /** Smoothed round trip time, us; 0 where there is none. */
  rttUs: number;
  /** TCP, when the handshake is done: the next sequence number of each direction; 0 elsewhere. */
  sendSequence: number;
  receiveSequence: number;
  localPort: number;
  remotePort: number;
  /** Texts; mapped addresses as IPv4. */
  localIp: string;
  remoteIp: string;
  task: TaskIdentity | undefined;
}

/** What the kernel knows a flow by. */
export interface FlowKey {
  /** Of its socket, as in records. */
  readonly key: string;
  readonly birthNs: number;
  readonly protocol: number;
  readonly localPort: number;
  readonly remotePort: number;
  readonly remoteIp: string;
  /** The address is the IPv4-mapped one of an IPv6 packet. */
  readonly mapped: boolean;
}

/** What the kernel counted of a flow. */
export interface FlowCounters {
  /** Last packet, ns. */
  lastNs: number;
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
}

/** What a process sent and received through a socket, octets of payload. */
export interface UsageCounters {
  bytesSent: number;
  bytesReceived: number;
}

/** Reads what the kernel counts in maps, and removes it there. */
export interface KernelCounters {
  /**
   * Counters of a flow.
   *
   * @param flow which
   * @returns its counters; undefined when they are gone
   */
  flow(flow: FlowKey): FlowCounters | undefined;
  /** Counters of a flow, which the kernel then forgets. */
  takeFlow(flow: FlowKey): FlowCounters | undefined;
  /**
   * Usage of a socket by a process that has no place in the socket's own record; forgotten afterwards.
   *
   * @param socketBytes address and birth of the socket
   * @param tgid process
   * @returns its usage; undefined when there is none
   */
  takeUsage(socketBytes: Uint8Array, tgid: number): UsageCounters | undefined;
}

/** What a process has to do with a socket. */
export type ConnectionRole = "opener" | "acceptor" | "user" | "holder" | "listener" | "closer";

/** A process that has to do with a socket. */
export interface ConnectionUser {
  task: TaskIdentity;
  /** Its facts when it appeared, or later ones. */
  process: ProcessInfo;
  /** When it appeared, ns. */
  appearedNs: number;
  /** In the order they came about, each once. */
  roles: readonly ConnectionRole[];
  bytesSent: number;
  bytesReceived: number;
}

/** What is followed: a TCP connection, a flow of datagrams, or a socket that waits for either. */
export type ConnectionShape = "connection" | "flow" | "listener" | "socket";

/** How a connection ended. */
export type ConnectionEnd = "closed" | "reset" | "timeout" | "error" | "idle" | "released" | "failed";

/** A connection as the tracker knows it; changes until it has ended. */
export interface Connection {
  /** Number in this run, from 1. */
  readonly id: number;
  readonly shape: ConnectionShape;
  readonly transport: "tcp" | "udp" | "udplite" | "icmp" | "raw";
  /** IP protocol number. */
  readonly protocol: number;
  /** Network namespace of the socket, inode number. */
  readonly netns: number;
  /** `ipv4` also for IPv4-mapped addresses of IPv6 sockets. */
  readonly family: "ipv4" | "ipv6";
  readonly mapped: boolean;
  readonly localIp: string;
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
  direction: "outbound" | "inbound" | "unknown" | "none";
  readonly state: "established" | "listening" | "bound" | "closed";
  /** Older than culprit, or its beginning was missed. */
  readonly preexisting: boolean;
  /** When it began: SYN sent, handshake done (inbound), first packet, listen or bind; 0 where it was not seen. */
  readonly startNs: number;
  /** When the handshake was done; 0 where it was not seen. */
  readonly establishedNs: number;
  /** When it was accepted; 0 while it waits. */
  readonly acceptedNs: number;
  /** When it ended; 0 while it lives. */
  readonly endNs: number;
  readonly end: ConnectionEnd | undefined;
  /** Positive errno of the end; 0 for none. */
  readonly error: number;
  /** Which end sent the first FIN or the RST. */
  readonly closedBy: "local" | "remote" | "unknown" | undefined;
  bytesSent: number;
  bytesReceived: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly retransmits: number;
  readonly rttUs: number;
  /** TCP: first sequence number of each direction; both 0 where the handshake was not seen. */
  readonly sendSequence: number;
  readonly receiveSequence: number;
  /** Every process known to have to do with it, in order of appearance. */
  readonly users: readonly ConnectionUser[];
  readonly closer: ConnectionUser | undefined;
  /** The other end, where it is on this host. */
  peer: Connection | undefined;
}

/** A connection or flow that lives, and what the kernel counts it by. */
export interface CountedConnection {
  readonly connection: Connection;
  /** Names its socket, as in records. */
  readonly key: string;
  /** Address and birth of its socket. */
  readonly socketBytes: Uint8Array;
  /** TCP: users whose counters are in a map of the kernel and not in the socket; undefined for none. */
  readonly uncounted: ReadonlySet<number> | undefined;
  /** Of a flow: what its counters are found by. */
  readonly flowKey: FlowKey | undefined;
}

/** What a tracker tells of a connection. */
export type ConnectionEventName = "open" | "accept" | "listen" | "bind" | "fail" | "close";

/** What a tracker needs to be told. */
export interface ConnectionTrackerOptions {
  /** Reads and removes what the kernel counts. */
  counters: KernelCounters;
  /** Finds the facts of a process as they were at a time, ns. */
  resolve: (task: TaskIdentity, tsNs: number) => ProcessInfo;
  /** Told of what happens to connections, in the order of their time but for what is held back. */
  onEvent: (name: ConnectionEventName, connection: Connection, tsNs: number) => void;
  /** Since when beginnings and ends are seen, ns: who accepted before may have closed unseen. Default 0. */
  sinceNs?: number;
  /** A flow without packets for this long has ended, ms. Default 30,000. */
  idleMs?: number;
  /** Keep what has ended this long, ms. Default 300,000. */
  keepMs?: number;
  /** Ended connections kept at most, about 1 KiB each. Default 20,000. */
  maxEnded?: number;
  /** Sockets that live at most; then the oldest are forgotten, and counted. Default 262,144. */
  maxSockets?: number;
}

/** Which TCP sockets lived at a time. */
export interface Survivors {
  /** Time of the first look, CLOCK_BOOTTIME ns. */
  readonly atNs: number;
  /** When the kernel side began to remember each, ns, by its key. */
  readonly birthsNs: ReadonlyMap<string, number>;
}

/** What a tracker counted. */
export interface ConnectionCounts {
  records: number;
  /** Connections, flows and listeners that live. */
  living: number;
  /** Ended ones that are kept. */
  kept: number;
  /** Ended ones dropped before their time, because too many were kept. */
  evicted: number;
  /** What must have happened and was not seen, by its name in the summary. */
  missed: LossCounts;
}
