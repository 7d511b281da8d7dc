/**
 * The public events: the shapes of the JSON lines, field for field (schema `culprit/1`).
 *
 * Names are snake_case because these objects are what is written. A field that is absent does not apply; a string that
 * could not be found out is `"unknown"`; `null` never appears; integers above 2^53 are strings.
 *
 * @module
 */

/** Value of `schema` on every line. */
export const SCHEMA = "culprit/1";

/** One ancestor of a process, nearest first. */
export interface AncestorInfo {
  pid: number;
  name: string;
  exe: string;
}

/** The container a process runs in, from its cgroup path. */
export interface ContainerInfo {
  /** Full id as the runtime writes it into the cgroup path (64 hex digits for OCI runtimes, a name for nspawn and LXC). */
  id: string;
  /** `docker`, `podman`, `containerd`, `cri-o`, `systemd-nspawn`, `lxc` or `unknown`. */
  runtime: string;
}

/** A process as every event shows it. `pid` is the thread group id. */
export interface ProcessInfo {
  pid: number;
  /** Thread that acted; absent in process events. */
  tid?: number;
  /** Start of the process, RFC 3339 with milliseconds, or `unknown`. */
  start_time: string;
  /** File name of the executable, or the comm of the main thread where there is none (kernel threads). */
  name: string;
  /** Comm of the acting thread: at most 15 bytes, any thread can change it. */
  comm: string;
  /** Path of the executable in the process's own mount namespace; ` (deleted)` is never appended. */
  exe: string;
  cmdline: string[];
  /** Present and true when `cmdline` was longer than what was kept (4 KiB). */
  cmdline_truncated?: true;
  cwd: string;
  /** Real user and group. */
  uid: number;
  gid: number;
  /** Name of `uid`, where it has one. */
  user?: string;
  ppid: number;
  ancestors: AncestorInfo[];
  /** Path of the cgroup, v2 where the process is in one, else that of the v1 hierarchy named first by the kernel. */
  cgroup: string;
  /** Inode number of the network namespace. */
  netns: number;
  container?: ContainerInfo;
  /** Why fields say `unknown`, where they do. */
  unknown_reason?: string;
}

/** One end of a flow. */
export interface Endpoint {
  ip: string;
  port: number;
}

/** The packet as on the wire. */
export interface NetworkInfo {
  transport: "udp" | "tcp" | "packet";
  family: "ipv4" | "ipv6";
  source: Endpoint;
  destination: Endpoint;
  /** Name of the device, in the network namespace of the socket. */
  interface: string;
  /** Seen leaving (`egress`) or reaching (`ingress`) the socket of `process`. */
  direction: "egress" | "ingress";
}

/** A question. */
export interface DnsQuestionInfo {
  name: string;
  type: string;
  class: string;
}

/** A resource record with its data in presentation form. */
export interface DnsRecordInfo {
  name: string;
  type: string;
  class: string;
  ttl: number;
  data: string;
}

/** The DNS part of an event: of the response where there is one, else of the query. */
export interface DnsInfo {
  id: number;
  opcode: string;
  /** Extended rcode (RFC 6891 section 6.1.3); absent on a query without answer. */
  rcode?: string;
  flags: string[];
  /** First question; absent in messages without any. */
  question?: DnsQuestionInfo;
  /** All questions, where there is more than one. */
  questions?: DnsQuestionInfo[];
  answers: DnsRecordInfo[];
  authorities: DnsRecordInfo[];
  additionals: DnsRecordInfo[];
  /** Stable names of what is wrong with the message; empty when nothing is. */
  anomalies: string[];
  /** `dns`, or `mdns` (RFC 6762) and `llmnr` (RFC 4795), which share the format. */
  protocol: "dns" | "mdns" | "llmnr";
  /** Size of the message in octets. */
  size: number;
}

/** How a process is known to own a message. */
export type Attribution =
  /** It was the task that sent this very message. */
  | "sender"
  /** It was the last task that sent through this socket. */
  | "user"
  /** It opened, bound or connected the socket, or held it when culprit started. */
  | "opener"
  /** Nothing is known; `unknown_reason` of the process says why. */
  | "unknown";

/** For whom a resolver asked. */
export interface OnBehalfOf {
  process: ProcessInfo;
  /** `exact`: one client question for this name and type was open; `likely`: several were, this is the oldest. */
  confidence: "exact" | "likely";
}

/** What every event starts with. */
export interface EventBase {
  schema: typeof SCHEMA;
  /** RFC 3339, UTC, nanoseconds. */
  time: string;
}

/** What a DNS transaction and a single DNS message have in common. */
export interface DnsEventBase extends EventBase {
  process?: ProcessInfo;
  /** Which end `process` is. */
  role?: "client" | "server";
  /** How `process` is known. */
  attribution?: Attribution;
  /** The answering process, where both ends are on this host. */
  server_process?: ProcessInfo;
  on_behalf_of?: OnBehalfOf;
  network: NetworkInfo;
  dns: DnsInfo;
}

/** One transaction: a query joined to its response. */
export interface DnsEvent extends DnsEventBase {
  type: "dns";
  /** `unknown` only with `status_reason`. */
  status: "answered" | "timeout" | "truncated" | "unsolicited" | "unknown";
  status_reason?: string;
  /** Query to response, microseconds; absent without a response or without a query. */
  latency_us?: number;
  /** Times the same query was sent again before it was answered or given up; absent when 0. */
  retransmissions?: number;
  /** Present and true when a resolver on this host answered without asking upstream. */
  cache?: true;
  /** On a `truncated` transaction: the client asked again over TCP; on that TCP transaction: it is that retry. */
  tcp_retry?: true;
  /** Stable names of what is wrong with the query, where `dns` shows its response; absent when nothing is. */
  query_anomalies?: string[];
}

/** One message, with `--messages`. */
export interface DnsMessageEvent extends DnsEventBase {
  type: "dns.query" | "dns.response";
  /** On a response whose query was seen. */
  latency_us?: number;
}

/** A process began another program, was forked, or ended. */
export interface ProcessEvent extends EventBase {
  type: "process";
  event: "exec" | "fork" | "exit";
  process: ProcessInfo;
  /** Exit status, when it exited by itself. */
  exit_code?: number;
  /** Name of the signal that ended it, for example `SIGKILL`. */
  signal?: string;
  core_dumped?: true;
  /** Life of the process, microseconds (exit only). */
  run_time_us?: number;
}

/** A process that holds a socket. */
export interface SocketOwnerInfo {
  process: ProcessInfo;
  /** Its descriptors of the socket, ascending. */
  fds: number[];
}

/** A socket as it was when a snapshot was taken. */
export interface SocketEvent extends EventBase {
  type: "socket";
  /** `packet` is AF_PACKET; `icmp` an unprivileged ping socket; `raw` any raw IP socket. */
  protocol: "tcp" | "udp" | "udplite" | "mptcp" | "sctp" | "icmp" | "raw" | "packet" | "unix" | "other";
  family: "ipv4" | "ipv6" | "packet" | "unix";
  /** Present and true on an AF_INET6 socket whose addresses are IPv4 (IPv4-mapped, RFC 4291 section 2.5.5.2). */
  mapped?: true;
  state:
    | "established"
    | "syn_sent"
    | "syn_recv"
    | "fin_wait1"
    | "fin_wait2"
    | "time_wait"
    | "close"
    | "close_wait"
    | "last_ack"
    | "listen"
    | "closing"
    | "bound"
    | "unconnected"
    | "unknown";
  /** Own address; the port of a raw socket is its IP protocol. Absent for unix and packet sockets. */
  local?: Endpoint;
  /** Other end; absent where there is none. */
  remote?: Endpoint;
  /** Unix sockets: path, or `@` and the abstract name; absent where it has none. */
  path?: string;
  /** Unix sockets: inode number of the other end. */
  peer_inode?: number;
  /** Every process that holds it, or its listener where it was not accepted yet; empty where nobody is known. */
  owners: SocketOwnerInfo[];
  /** What `owners` are: processes with a descriptor of it, those of its listener, or nobody. */
  ownership: "holder" | "listener" | "none";
  /** Why `owners` is empty, where it is. */
  unknown_reason?: string;
  /** Inode number of the network namespace. */
  netns: number;
  /** Inode number of the socket; absent where it has none (TIME_WAIT, not accepted). */
  inode?: number;
  /** User id the socket was made with; absent where the kernel keeps none. */
  uid?: number;
  /** Octets not yet read, or connections not yet accepted. */
  receive_queue: number;
  /** Octets not yet acknowledged, or the most connections that may wait. */
  send_queue: number;
}

/** Addresses and nature of a connection, as seen at the socket of `process`. */
export interface ConnectionInfo {
  /** Number in this run: all events of one connection or flow have the same. */
  id: number;
  /** `icmp`: unprivileged ping socket; `raw`: any raw IP socket. */
  transport: "tcp" | "udp" | "udplite" | "icmp" | "raw";
  /** IP protocol number. */
  protocol: number;
  family: "ipv4" | "ipv6";
  /** Present and true on an AF_INET6 socket whose addresses are IPv4 (IPv4-mapped, RFC 4291 section 2.5.5.2). */
  mapped?: true;
  /** Who began: this end (`outbound`) or the other one; absent for listeners and binds. */
  direction?: "outbound" | "inbound" | "unknown";
  local: Endpoint;
  /** Absent for listeners and binds. */
  remote?: Endpoint;
  /** Inode number of the network namespace of the socket, which need not be that of the process. */
  netns: number;
  /** Present and true when it is older than culprit, or its beginning was lost. */
  preexisting?: true;
}

/** A process that has to do with a socket. */
export interface ConnectionUserInfo {
  process: ProcessInfo;
  /** `opener`, `acceptor`, `user` (sent or received), `holder` (had a descriptor when culprit began), `closer`. */
  roles: string[];
  /** Octets of payload it sent and received itself; absent where they are not known by process. */
  bytes_sent?: number;
  bytes_received?: number;
}

/** The name a process knew a destination by. */
export interface DestinationName {
  name: string;
  /** Time since the answer that held the address, ms. */
  age_ms: number;
  /** Who asked: this very process, or another one on this host. */
  source: "process" | "host";
}

/** Something happened to a connection, a flow, a listener or a bound socket. */
export interface ConnectionEvent extends EventBase {
  type: "connection";
  event: "open" | "accept" | "listen" | "bind" | "fail" | "close";
  /** Whose end of the connection this is. */
  process?: ProcessInfo;
  /** How `process` is known: what it did. `listener`: nobody accepted, it listens there. */
  attribution: "opener" | "acceptor" | "user" | "holder" | "listener" | "unknown";
  /** Every process that has to do with the socket, where there are several, and on `close`. */
  users?: ConnectionUserInfo[];
  /** The process at the other end, where that is on this host. */
  peer_process?: ProcessInfo;
  /** Inode number of the network namespace of the other end, where that is on this host and another one. */
  peer_netns?: number;
  /** The DNS name the remote address was got from, outbound only. */
  destination_name?: DestinationName;
  connection: ConnectionInfo;
  /** Name of the errno that ended or prevented it, for example `ECONNREFUSED`. */
  error?: string;
  /** How long the handshake took or, of `fail`, the attempt; microseconds. */
  connect_us?: number;
  /** How long it waited to be accepted, microseconds. */
  queue_us?: number;
  /** From its beginning to its end, microseconds; absent where the beginning was not seen. */
  duration_us?: number;
  /** Payload in octets and packets, on `close`. TCP: each octet once, however often it was sent. */
  bytes_sent?: number;
  bytes_received?: number;
  packets_sent?: number;
  packets_received?: number;
  /** TCP segments sent again. */
  retransmits?: number;
  /** Smoothed round trip time at the end, microseconds. */
  rtt_us?: number;
  /** How it ended. */
  end?: "closed" | "reset" | "timeout" | "error" | "idle";
  /** Which end closed first. */
  closed_by?: "local" | "remote" | "unknown";
  /** The process that closed this end, where it did and is not `process`. */
  closing_process?: ProcessInfo;
}

/** A socket by which a process has to do with what was asked for. */
export interface WhoSocketInfo {
  /** Which end of it is what was asked for. */
  end: "local" | "remote";
  protocol: string;
  /** State of a socket, or the event of a connection that was waited for. */
  state: string;
  local: Endpoint;
  /** Absent where there is none. */
  remote?: Endpoint;
  netns: number;
  /** Descriptors of it; empty where it was not accepted yet, or was seen live. */
  fds: number[];
}

/** A process that has to do with an address or a name: the answer of `culprit who`. */
export interface WhoEvent extends EventBase {
  type: "who";
  /** What was asked for, as it was written. */
  target: string;
  /** How it is known: it has a socket, a connection was seen, or it asked for the name. */
  evidence: "socket" | "connection" | "lookup";
  process: ProcessInfo;
  /** SHA-256 of the executable the process runs, in hex, or `unknown`. */
  exe_sha256: string;
  /** Package that owns the executable, `none`, or `unknown`. */
  package: string;
  package_version?: string;
  /** Why `exe_sha256` or `package` are unknown, where they are. */
  unknown_reason?: string;
  sockets: WhoSocketInfo[];
  /** The name asked for and the server asked, with `lookup`. */
  lookup?: WhoLookupInfo;
}

/** A name that a process asked for. */
export interface WhoLookupInfo {
  name: string;
  server: Endpoint;
  answers: string[];
}

/** Events that were lost, told when they are noticed. */
export interface LossEvent extends EventBase {
  type: "loss";
  /** Stable name of the cause, for example `ring_full`. */
  cause: string;
  /** How many since the last such line. */
  count: number;
}

/** The last line of every run. */
export interface SummaryEvent extends EventBase {
  type: "summary";
  command: string;
  duration_ms: number;
  /** Events written. */
  events: number;
  /** Messages, datagrams or kernel events the events were made of. */
  observed: Record<string, number>;
  /** Lost, per cause; empty when nothing was. */
  lost: Record<string, number>;
  /** What this run could not see, and why. */
  not_observed: string[];
}

/** Any line culprit writes. */
export type CulpritEvent =
  | DnsEvent
  | DnsMessageEvent
  | ProcessEvent
  | SocketEvent
  | ConnectionEvent
  | WhoEvent
  | LossEvent
  | SummaryEvent;
