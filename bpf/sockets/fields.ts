/**
 * What the fields of socket events mean, and the columns of their text form.
 *
 * @module
 */

import type { Endpoint, SocketEvent, SocketOwnerInfo } from "../../src/events.ts";
import {
  BASE_FIELDS,
  type Block,
  ENDPOINT_BLOCK,
  type EventDescription,
  EXAMPLE_PROCESS,
  PROCESS_BLOCK,
} from "../../src/output/fields.ts";
import type { Column } from "../../src/output/text.ts";

/** Inode numbers of namespaces are unsigned int in the kernel (struct ns_common). */
const LARGEST_INODE = 2 ** 32 - 1;

/** A holder of a socket. */
const SOCKET_OWNER_BLOCK: Block<SocketOwnerInfo> = {
  name: "socket_owner",
  text: "A process that holds a socket",
  fields: {
    process: { type: "block", block: PROCESS_BLOCK, text: "The process" },
    fds: { type: "integers", text: "Its descriptors of the socket, ascending" },
  },
};

/** The example shows no thread: descriptors belong to the process. */
const { tid: _tid, ...EXAMPLE_HOLDER } = EXAMPLE_PROCESS;

/** A socket event. */
export const SOCKET_EVENT: EventDescription<SocketEvent> = {
  name: "socket_event",
  text: "A socket as it was when a snapshot was taken",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { socket: "always" }, text: "Kind of event" },
    protocol: {
      type: "string",
      values: {
        tcp: "TCP",
        udp: "UDP",
        udplite: "UDP-Lite (RFC 3828)",
        mptcp: "Multipath TCP; its subflows are shown as tcp",
        sctp: "SCTP",
        icmp: "ping socket (ICMP or ICMPv6 without privilege)",
        raw: "raw IP",
        packet: "frames of a device (AF_PACKET)",
        unix: "local (AF_UNIX)",
        other: "another IP protocol",
      },
      text: "Protocol",
    },
    family: {
      type: "string",
      values: { ipv4: "IPv4", ipv6: "IPv6", packet: "AF_PACKET", unix: "AF_UNIX" },
      text: "Family of the addresses",
    },
    mapped: { type: "true", optional: true, text: "An AF_INET6 socket whose addresses are IPv4 (IPv4-mapped)" },
    state: {
      type: "string",
      values: {
        established: "connected; also UDP and raw sockets with a peer",
        syn_sent: "SYN sent, no answer yet",
        syn_recv: "SYN received, handshake not complete",
        fin_wait1: "closed here, FIN sent",
        fin_wait2: "closed here, FIN acknowledged",
        time_wait: "closed, waits for late segments",
        close: "neither bound nor connected",
        close_wait: "closed by the other end",
        last_ack: "closed by both ends, last FIN sent",
        listen: "waits for connections",
        closing: "closed by both ends at once",
        bound: "has a local port, neither listens nor is connected",
        unconnected: "datagrams from and to anybody",
        ended: "gone since `time`: a running `culprit conns --keep` remembers it",
        failed: "as `ended`, of a connect that failed",
        unknown: "a state this version does not know",
      },
      text: "State, as the kernel names it",
    },
    local: {
      type: "block",
      block: ENDPOINT_BLOCK,
      optional: true,
      text: "Own address; the port of a raw socket is its IP protocol",
    },
    remote: { type: "block", block: ENDPOINT_BLOCK, optional: true, text: "Other end, where there is one" },
    path: {
      type: "string",
      optional: true,
      text: "Unix: path (a relative one that begins with `@` as `./@...`), or `@` and the abstract name",
    },
    peer_inode: { type: "integer", optional: true, text: "Unix: inode number of the other end" },
    owners: {
      type: "list",
      block: SOCKET_OWNER_BLOCK,
      text: "Every process that holds it; of a connection not yet accepted: those that hold its listener",
    },
    ownership: {
      type: "string",
      values: {
        holder: "they have a descriptor of it",
        listener: "not accepted yet: they have its listener",
        past: "they used it until it ended",
        none: "nobody is known, see `unknown_reason`",
      },
      text: "What `owners` are",
    },
    unknown_reason: { type: "string", optional: true, text: "Why `owners` is empty, where it is" },
    netns: { type: "integer", maximum: LARGEST_INODE, text: "Inode number of the network namespace" },
    inode: { type: "integer", optional: true, text: "Inode number of the socket, where it has one" },
    uid: { type: "integer", optional: true, text: "User id the socket was made with" },
    receive_queue: { type: "integer", text: "Octets not read yet; of a listener: connections not accepted yet" },
    send_queue: { type: "integer", text: "Octets not acknowledged yet; of a listener: most that may wait" },
  },
  example: {
    schema: "culprit/1",
    type: "socket",
    time: "2026-11-21T00:12:04.000000000Z",
    protocol: "tcp",
    family: "ipv4",
    state: "established",
    local: { ip: "192.0.2.7", port: 43112 },
    remote: { ip: "198.51.100.4", port: 443 },
    owners: [{ process: EXAMPLE_HOLDER, fds: [5] }],
    ownership: "holder",
    netns: 4026531840,
    inode: 91734,
    uid: 0,
    receive_queue: 0,
    send_queue: 0,
  },
};

/** An end as people write it; IPv6 in brackets (RFC 3986 section 3.2.2). */
function endpoint(end: Endpoint | undefined): string {
  if (end === undefined) return "*";
  return `${end.ip.includes(":") ? `[${end.ip}]` : end.ip}:${end.port === 0 ? "*" : end.port}`;
}

/** A fact of the owners: of the first, and how many more there are. */
function ofOwners(event: SocketEvent, fact: (owner: SocketOwnerInfo) => string): string {
  const [first, ...more] = event.owners;
  if (first === undefined) return "-";
  return more.length === 0 ? fact(first) : `${fact(first)} +${more.length}`;
}

/** What runs in an owner. */
function program({ process }: SocketOwnerInfo): string {
  return process.exe === "unknown" || process.exe === "" ? process.comm : process.exe;
}

/** Columns of `culprit conns --once`. */
export const SOCKET_COLUMNS: readonly Column<SocketEvent>[] = [
  { title: "PROTO", width: 5, value: (event) => event.protocol },
  {
    title: "STATE",
    width: 11,
    value: (event) => event.state,
    style: ({ state }) => state === "listen" || state === "established" ? undefined : "dim",
  },
  { title: "RECV-Q", width: 6, drop: 1, value: (event) => String(event.receive_queue) },
  { title: "SEND-Q", width: 6, drop: 2, value: (event) => String(event.send_queue) },
  {
    title: "LOCAL",
    width: 17,
    share: 2,
    value: (event) => event.path ?? (event.local === undefined ? "*" : endpoint(event.local)),
  },
  {
    title: "PEER",
    width: 17,
    share: 2,
    value: (event) => event.peer_inode === undefined ? endpoint(event.remote) : `inode ${event.peer_inode}`,
  },
  { title: "NETNS", width: 10, drop: 3, value: (event) => String(event.netns) },
  { title: "PID", width: 7, value: (event) => ofOwners(event, ({ process }) => String(process.pid)) },
  {
    title: "USER",
    width: 8,
    drop: 4,
    value: (event) => {
      const [owner] = event.owners;
      return owner === undefined ? String(event.uid ?? "-") : owner.process.user ?? String(owner.process.uid);
    },
  },
  {
    title: "CONTAINER",
    width: 12,
    drop: 5,
    value: (event) => event.owners[0]?.process.container?.id.slice(0, 12) ?? "-",
  },
  {
    title: "EXE",
    width: 16,
    share: 3,
    value: (event) => {
      if (event.owners.length === 0) return `(${event.unknown_reason ?? "unknown"})`;
      const text = ofOwners(event, program);
      return event.ownership === "listener" ? `${text} (not accepted yet)` : text;
    },
    style: (event) => event.owners.length === 0 ? "dim" : event.ownership === "listener" ? "warn" : undefined,
  },
];
