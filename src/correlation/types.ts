/**
 * What the correlation hands out: messages, each reported once, and transactions made of them.
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import type { DnsMessage } from "../dns/types.ts";
import type { DnsEvent, DnsInfo, NetworkInfo, OnBehalfOf } from "../events.ts";
import type { StreamCounters } from "../net/stream.ts";

/** One DNS message as first seen. The second view of a local message (at the other end's socket) makes no second one. */
export interface SeenMessage {
  /** When it was seen, in the clock of its source, ns. */
  readonly tsNs: number;
  /** The packet it came in; over TCP the one that completed it. */
  readonly network: NetworkInfo;
  /** The decoded message. Of a query it is decoded on first use, which must be in the callback: it throws later. */
  readonly message: DnsMessage;
  /** Size of the message in octets, without the length prefix of TCP. */
  readonly sizeBytes: number;
  /** What its ports and addresses make it. */
  readonly protocol: DnsInfo["protocol"];
  /** Owner of the socket at which it was seen; absent in capture files that do not tell. */
  readonly owner: PacketOwner | undefined;
  /** Cookie of the socket at which it was seen; 0 where there is none. */
  readonly socketCookie: number;
  /** Inode number of the network namespace in which it was seen; 0 in capture files. */
  readonly netns: number;
}

/** For whom a resolver on this host asked. */
export interface ClientOfResolver {
  /** The client. */
  owner: PacketOwner;
  /** When that client's query was seen, ns. */
  tsNs: number;
  /** How sure it is: see {@linkcode OnBehalfOf}. */
  confidence: OnBehalfOf["confidence"];
}

/** A query joined to its response, or one of the two alone. */
export interface DnsTransaction {
  /** What became of it: see {@linkcode DnsEvent}. */
  status: DnsEvent["status"];
  /** Always there with status `unknown`; with `unsolicited` where there is more to say. */
  statusReason?: string;
  /** First query; at least one of `query` and `response` is there. */
  query?: SeenMessage;
  /** First response. */
  response?: SeenMessage;
  /** The asking process, where it is on this host and known. */
  client?: PacketOwner;
  /** The answering process, where it is on this host and known. */
  server?: PacketOwner;
  /** The asking socket was seen on this host. */
  clientIsLocal: boolean;
  /** The answering socket was seen on this host. */
  serverIsLocal: boolean;
  /** First query to first response, microseconds; absent without either. */
  latencyUs?: number;
  /** Times the query was sent again before it was answered or given up. */
  retransmissions: number;
  /** A resolver on this host answered without asking upstream. */
  cache: boolean;
  /** See `tcp_retry` of {@linkcode DnsEvent}. */
  tcpRetry: boolean;
  /** Of a query by a resolver on this host: for whom. */
  onBehalfOf?: ClientOfResolver;
}

/** One message, with what was known of its transaction when it was seen. */
export interface TrackedMessage {
  /** The message. */
  seen: SeenMessage;
  /** True for a response. A message too short to tell counts by its ports. */
  isResponse: boolean;
  /** The asking process, where it is known. */
  client?: PacketOwner;
  /** The answering process, where it is known yet. */
  server?: PacketOwner;
  /** On a response whose query was seen: first query to this response, microseconds. */
  latencyUs?: number;
  /** Of a query by a resolver on this host: for whom. */
  onBehalfOf?: ClientOfResolver;
}

/** What a tracker needs to be told. */
export interface DnsTrackerOptions {
  /** A query is given up this long after it was first sent, ms. */
  timeoutMs: number;
  /** Queries kept waiting at most; the oldest is given up for a new one. Default: {@linkcode DEFAULT_MAX_PENDING}. */
  maxPending?: number;
  /** Report each message (`onMessage`) instead of transactions (`onTransaction`). */
  messages: boolean;
  /** Only messages with one of these ports at either end; absent: any port, by content. */
  ports?: ReadonlySet<number>;
  /** Whether a process resolves names for others that reach it without DNS, as nscd does; absent: none does. */
  isNameService?: (owner: PacketOwner, tsNs: number) => boolean;
  /** Pid of who forked a process, 0 where it is not known: resolvers fork to serve; absent: of none it is known. */
  parentOf?: (owner: PacketOwner, tsNs: number) => number;
  /** Called with each finished transaction, in the order they finish. */
  onTransaction?: (transaction: DnsTransaction) => void;
  /** Called with each message as it is seen. */
  onMessage?: (message: TrackedMessage) => void;
}

/** Queries kept waiting at most, unless told otherwise: 5 s of 6,500 unanswered queries a second. */
export const DEFAULT_MAX_PENDING = 32_768;

/** What a tracker counted since it was made. */
export interface DnsTrackerCounters {
  /** Packets handed in. */
  packets: number;
  /** Queries, each sending once. */
  queries: number;
  /** Responses, each sending once. */
  responses: number;
  /** Second and further views of a message already seen at another socket. */
  duplicateViews: number;
  /** Queries sent again within their transaction. */
  retransmissions: number;
  /** Responses to such queries, and repeated responses with the same content. */
  duplicateResponses: number;
  /** Further messages of a zone transfer. */
  extendedResponses: number;
  /** Packets that are not DNS after all, and responses on unusual ports that nobody asked for. */
  rejected: number;
  /** Messages shorter than a header. */
  malformed: number;
  /** Transactions given up because the table was full. */
  evicted: number;
  /** Transactions waiting now. */
  pending: number;
  /** Of the reassembly of TCP streams. */
  tcp: Readonly<StreamCounters>;
}
