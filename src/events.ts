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
  /** Thread group id. */
  pid: number;
  /** As in {@linkcode ProcessInfo}. */
  name: string;
  /** As in {@linkcode ProcessInfo}. */
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
  /** Thread group id; 0 where no process is known. */
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
  /** Arguments, the program's own name first; empty for kernel threads. */
  cmdline: string[];
  /** Present and true when `cmdline` was longer than what was kept (4 KiB). */
  cmdline_truncated?: true;
  /** Working directory in the process's own mount namespace. */
  cwd: string;
  /** Real user; absent where it is not known. */
  uid?: number;
  /** Real group; absent where it is not known. */
  gid?: number;
  /** Name of `uid`, where it has one. */
  user?: string;
  /** Thread group id of the parent; 0 where there is none. */
  ppid: number;
  /** Parent, its parent and so on, as far as they are known. */
  ancestors: AncestorInfo[];
  /** Path of the cgroup, v2 where the process is in one, else that of the v1 hierarchy named first by the kernel. */
  cgroup: string;
  /** Inode number of the network namespace. */
  netns: number;
  /** Absent where it runs in none. */
  container?: ContainerInfo;
  /** Why fields say `unknown`, where they do. */
  unknown_reason?: string;
}

/** One end of a flow. */
export interface Endpoint {
  /** IPv4 dotted, or IPv6 as RFC 5952 writes it. */
  ip: string;
  /** 0 to 65535. */
  port: number;
}

/** The packet as on the wire. */
export interface NetworkInfo {
  /** `packet`: a UDP datagram sent through AF_PACKET, past the sockets. */
  transport: "udp" | "tcp" | "packet";
  /** Version of IP on the wire. */
  family: "ipv4" | "ipv6";
  /** Where the packet came from. */
  source: Endpoint;
  /** Where it went. */
  destination: Endpoint;
  /** Where the host itself sent it in place of `destination` (DNAT), as its answer showed. */
  translated?: Endpoint;
  /** Name of the device, in the network namespace of the socket. */
  interface: string;
  /** Seen leaving (`egress`) or reaching (`ingress`) the socket of `process`. */
  direction: "egress" | "ingress";
}

/** A question. */
export interface DnsQuestionInfo {
  /** Asked for: in master-file escapes, without the trailing dot, in its case; the root is `.`. */
  name: string;
  /** Mnemonic, or `TYPE<number>` (RFC 3597 section 5). */
  type: string;
  /** Mnemonic, or `CLASS<number>`. */
  class: string;
}

/** A resource record with its data in presentation form. */
export interface DnsRecordInfo {
  /** Owner, as the name of a question. */
  name: string;
  /** Mnemonic, or `TYPE<number>` (RFC 3597 section 5). */
  type: string;
  /** Mnemonic, or `CLASS<number>`. */
  class: string;
  /** Seconds; 0 where the top bit was set (RFC 2181 section 8). */
  ttl: number;
  /** As a zone file would show it; of unknown types `\# size hexadecimal`. */
  data: string;
}

/** The DNS part of an event: of the response where there is one, else of the query. */
export interface DnsInfo {
  /** 0 to 65535. */
  id: number;
  /** Mnemonic, or `OPCODE<number>`. */
  opcode: string;
  /** Extended rcode (RFC 6891 section 6.1.3); absent on a query without answer. */
  rcode?: string;
  /** Names of the flags that are set, in lower case, for example `rd`. */
  flags: string[];
  /** First question; absent in messages without any. */
  question?: DnsQuestionInfo;
  /** All questions, where there is more than one. */
  questions?: DnsQuestionInfo[];
  /** Answer section; in an UPDATE message the prerequisites. */
  answers: DnsRecordInfo[];
  /** Authority section; in an UPDATE message the updates. */
  authorities: DnsRecordInfo[];
  /** Additional section, with the OPT record. */
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
  /** The capture file says so that was read. */
  | "file"
  /** Nothing is known; `unknown_reason` of the process says why. */
  | "unknown";

/** For whom a resolver asked. */
export interface OnBehalfOf {
  /** Who asked the resolver. */
  process: ProcessInfo;
  /** `exact`: one client question for this name and type was open; `likely`: several were, this is the oldest. */
  confidence: "exact" | "likely";
}

/** What every event starts with. */
export interface EventBase {
  /** {@linkcode SCHEMA}. */
  schema: typeof SCHEMA;
  /** RFC 3339, UTC, nanoseconds. */
  time: string;
}

/** What a DNS transaction and a single DNS message have in common. */
export interface DnsEventBase extends EventBase {
  /** The asking process where it is on this host, else the answering one; of a capture file who it says. */
  process?: ProcessInfo;
  /** Which end `process` is. */
  role?: "client" | "server";
  /** How `process` is known. */
  attribution?: Attribution;
  /** The answering process, where both ends are on this host. */
  server_process?: ProcessInfo;
  /** For whom `process`, a resolver, asked. */
  on_behalf_of?: OnBehalfOf;
  /** The packet of the message; of a transaction, that of the query where it was seen. */
  network: NetworkInfo;
  /** What the message says. */
  dns: DnsInfo;
}

/** One transaction: a query joined to its response. */
export interface DnsEvent extends DnsEventBase {
  /** What kind of line this is. */
  type: "dns";
  /** `unknown` only with `status_reason`. */
  status: "answered" | "timeout" | "truncated" | "unsolicited" | "unknown";
  /** Why the status is what it is, where that is not plain. */
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
  /** What kind of line this is. */
  type: "dns.query" | "dns.response";
  /** On a response whose query was seen. */
  latency_us?: number;
}

/** A process began another program, was forked, or ended. */
export interface ProcessEvent extends EventBase {
  /** What kind of line this is. */
  type: "process";
  /** What it did. */
  event: "exec" | "fork" | "exit";
  /** Who did it. */
  process: ProcessInfo;
  /** Exit status, when it exited by itself. */
  exit_code?: number;
  /** Name of the signal that ended it, for example `SIGKILL`. */
  signal?: string;
  /** Present and true when the signal that ended it left a core dump. */
  core_dumped?: true;
  /** Life of the process, microseconds (exit only). */
  run_time_us?: number;
}

/** A process that holds a socket. */
export interface SocketOwnerInfo {
  /** Who holds it. */
  process: ProcessInfo;
  /** Its descriptors of the socket, ascending. */
  fds: number[];
}

/** A socket as it was when a snapshot was taken. */
export interface SocketEvent extends EventBase {
  /** What kind of line this is. */
  type: "socket";
  /** `packet` is AF_PACKET; `icmp` an unprivileged ping socket; `raw` any raw IP socket. */
  protocol: "tcp" | "udp" | "udplite" | "mptcp" | "sctp" | "icmp" | "raw" | "packet" | "unix" | "other";
  /** Family of its addresses. */
  family: "ipv4" | "ipv6" | "packet" | "unix";
  /** Present and true on an AF_INET6 socket whose addresses are IPv4 (IPv4-mapped, RFC 4291 section 2.5.5.2). */
  mapped?: true;
  /** State of a TCP socket as the kernel names it; of others whether they are bound or have a peer. */
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
    | "ended"
    | "failed"
    | "unknown";
  /** Own address; the port of a raw socket is its IP protocol. Absent for unix and packet sockets. */
  local?: Endpoint;
  /** Other end; absent where there is none. */
  remote?: Endpoint;
  /** Unix sockets: path (a relative one that begins with `@` as `./@...`), or `@` and the abstract name; absent where it has none. */
  path?: string;
  /** Unix sockets: inode number of the other end. */
  peer_inode?: number;
  /** Every process that holds it, or its listener where it was not accepted yet; empty where nobody is known. */
  owners: SocketOwnerInfo[];
  /** What `owners` are: processes with a descriptor of it, those of its listener, those that had it, or nobody. */
  ownership: "holder" | "listener" | "past" | "none";
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
  /** Family of its addresses on the wire. */
  family: "ipv4" | "ipv6";
  /** Present and true on an AF_INET6 socket whose addresses are IPv4 (IPv4-mapped, RFC 4291 section 2.5.5.2). */
  mapped?: true;
  /** Who began: this end (`outbound`) or the other one; absent for listeners and binds. */
  direction?: "outbound" | "inbound" | "unknown";
  /** Own address. */
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
  /** Who it is. */
  process: ProcessInfo;
  /** `opener`, `acceptor`, `user` (sent or received), `holder` (had a descriptor when culprit began), `closer`. */
  roles: string[];
  /** Octets of payload it sent and received itself; absent where they are not known by process. */
  bytes_sent?: number;
  /** As `bytes_sent`. */
  bytes_received?: number;
}

/** The name a process knew a destination by. */
export interface DestinationName {
  /** As it was asked for. */
  name: string;
  /** Time since the answer that held the address, ms. */
  age_ms: number;
  /** Who asked: this very process, or another one on this host. */
  source: "process" | "host";
}

/** Something happened to a connection, a flow, a listener or a bound socket. */
export interface ConnectionEvent extends EventBase {
  /** What kind of line this is. */
  type: "connection";
  /** What happened. */
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
  /** What it happened to. */
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
  /** As `bytes_sent`. */
  bytes_received?: number;
  /** As `bytes_sent`. */
  packets_sent?: number;
  /** As `bytes_sent`. */
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

/** Something happened to a Unix socket; with `conns --unix`. */
export interface UnixEvent extends EventBase {
  /** What kind of line this is. */
  type: "unix";
  /** What happened. */
  event: "open" | "accept" | "listen" | "bind" | "fail" | "close";
  /** Who did it. */
  process: ProcessInfo;
  /** The process at the other end, on `open` and `accept`. */
  peer_process?: ProcessInfo;
  /**
   * How `peer_process` is known. `listener`: it called listen(2), or bound the datagram socket; another one that has the
   * socket may serve. `receiver`: it received the datagram.
   */
  peer_attribution?: "acceptor" | "listener" | "receiver" | "holder" | "opener" | "unknown";
  /** As in {@linkcode SocketEvent}. */
  protocol: "unix";
  /** As in {@linkcode SocketEvent}. */
  family: "unix";
  /** Kind of socket. */
  socket_type: "stream" | "seqpacket" | "datagram";
  /** Who began: this end (`outbound`) or the other one; absent on `listen`, `bind` and where it is not known. */
  direction?: "outbound" | "inbound";
  /**
   * Name of the socket that listens or receives: path (a relative one that begins with `@` as `./@...`), or `@` and the
   * abstract name. On `fail` the name that was asked for.
   */
  path?: string;
  /** Inode number of the socket of `process`; absent where it had none any more. */
  inode?: number;
  /** Inode number of the other end; absent where it had none. */
  peer_inode?: number;
  /** Inode number of the network namespace of the socket. */
  netns: number;
  /** Name of the errno, on `fail`. */
  error?: string;
}

/** A socket by which a process has to do with what was asked for. */
export interface WhoSocketInfo {
  /** Which end of it is what was asked for. */
  end: "local" | "remote";
  /** For example `tcp`. */
  protocol: string;
  /** State of a socket, or the event of a connection that was waited for. */
  state: string;
  /** Own address. */
  local: Endpoint;
  /** Absent where there is none. */
  remote?: Endpoint;
  /** Inode number of its network namespace. */
  netns: number;
  /** Descriptors of it; empty where it was not accepted yet, or was seen live. */
  fds: number[];
}

/** A process that has to do with an address or a name: the answer of `culprit who`. */
export interface WhoEvent extends EventBase {
  /** What kind of line this is. */
  type: "who";
  /** What was asked for, as it was written. */
  target: string;
  /** How it is known: it has a socket, a connection was seen, or it asked for the name. */
  evidence: "socket" | "connection" | "lookup";
  /** Who it is. */
  process: ProcessInfo;
  /** SHA-256 of the executable the process runs, in hex, or `unknown`. */
  exe_sha256: string;
  /** Package that owns the executable, `none`, or `unknown`. */
  package: string;
  /** Absent where there is no package. */
  package_version?: string;
  /** Why `exe_sha256` or `package` are unknown, where they are. */
  unknown_reason?: string;
  /** Those by which it has to do with it; empty with `lookup`. */
  sockets: WhoSocketInfo[];
  /** The name asked for and the server asked, with `lookup`. */
  lookup?: WhoLookupInfo;
}

/** A name that a process asked for. */
export interface WhoLookupInfo {
  /** As it was asked for. */
  name: string;
  /** Who was asked. */
  server: Endpoint;
  /** Data of the answers, in presentation form. */
  answers: string[];
  /** Response code; absent where no response came within a second. */
  rcode?: string;
}

/** Processes that `culprit map` shows as one: same executable, unit, container, user and network namespace. */
export interface MapProcessInfo {
  /** File name of the executable, or comm of the main thread where there is none. */
  name: string;
  /** As in {@linkcode ProcessInfo}. */
  exe: string;
  /** Unit of systemd; of a login its slice, because sessions come and go. Absent outside of units. */
  unit?: string;
  /** Path of the cgroup of the container or the unit, else that of the process. */
  cgroup: string;
  /** Absent where it runs in none. */
  container?: ContainerInfo;
  /** Real user; absent where it is not known. */
  uid?: number;
  /** Name of `uid`, where it has one. */
  user?: string;
  /** Inode number of the network namespace of its sockets. */
  netns: number;
  /** The first 16 that were seen. */
  pids: number[];
  /** Present and true where there were more than those. */
  more_pids?: true;
  /** DNS questions it asked, over all its edges. */
  lookups: number;
}

/** One end of an edge. */
export interface MapEndInfo {
  /** `unknown`: on this host, but nobody knows whose; `other`: one of many, joined to bound memory. */
  kind: "process" | "address" | "unknown" | "other";
  /** Of a process. */
  process?: MapProcessInfo;
  /** Of an address. */
  ip?: string;
  /** DNS names the address was got from; the first 8. */
  names?: string[];
  /** Present and true where there were more than those. */
  more_names?: true;
}

/** Who talks to whom: all connections and flows from one end to one port of another, seen by `culprit map`. */
export interface EdgeEvent extends EventBase {
  /** What kind of line this is. */
  type: "edge";
  /** Who began. */
  source: MapEndInfo;
  /** Whom it talked to. */
  destination: MapEndInfo;
  /** As in {@linkcode ConnectionInfo}. */
  transport: ConnectionInfo["transport"];
  /** Port of the destination; 0 where there is none, or several are joined. */
  port: number;
  /** Both ends are on this host: the addresses they used, each the first 64. */
  source_ips?: string[];
  /** As `source_ips`. */
  destination_ips?: string[];
  /** Present and true where there were more than those. */
  more_ips?: true;
  /** Connections and flows that came about, the living ones included. */
  connections: number;
  /** Attempts that failed. */
  failed: number;
  /** How many of the connections lived when the run ended. */
  open: number;
  /** How many of the connections are older than the run. */
  preexisting: number;
  /** Connections reset or timed out, and failures, by name of the errno or of the end. */
  errors: Record<string, number>;
  /** Payload within the run, in octets; sent by the source. */
  bytes_sent: number;
  /** As `bytes_sent`, by the destination. */
  bytes_received: number;
  /** First and last time something was seen; of what lives: the end of the run. RFC 3339. */
  first_seen: string;
  /** As `first_seen`. */
  last_seen: string;
  /** Present and true where nobody saw who began and the lower port was taken for the destination's. */
  direction_guessed?: true;
}

/** Events that were lost, told when they are noticed. */
export interface LossEvent extends EventBase {
  /** What kind of line this is. */
  type: "loss";
  /** Stable name of the cause, for example `ring_full`. */
  cause: string;
  /** How many since the last such line. */
  count: number;
}

/** The last line of every run. */
export interface SummaryEvent extends EventBase {
  /** What kind of line this is. */
  type: "summary";
  /** Command of culprit that ran. */
  command: string;
  /** How long it ran, milliseconds. */
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
  | UnixEvent
  | WhoEvent
  | EdgeEvent
  | LossEvent
  | SummaryEvent;
