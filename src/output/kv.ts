/**
 * Events as `KEY=value` lines, for tools that split at spaces.
 *
 * DNS: one line per query and one per answer record, with the keys people know from the bcc examples. `PID` is the
 * thread and `TGID` the process, as the kernel names them. A value is empty where nothing is known.
 *
 * @module
 */

import type {
  ConnectionEvent,
  CulpritEvent,
  DnsEvent,
  DnsMessageEvent,
  EdgeEvent,
  Endpoint,
  MapEndInfo,
  ProcessEvent,
  ProcessInfo,
  SocketEvent,
  UnixEvent,
} from "../events.ts";
import { escapeValue } from "./escape.ts";

/** Joins keys and values; what is undefined becomes empty. */
function line(pairs: readonly (readonly [string, string | number | undefined])[]): string {
  return `${
    pairs.map(([key, value]) => `${key}=${value === undefined ? "" : escapeValue(String(value))}`).join(" ")
  }\n`;
}

/** The part of a line before the DNS keys. */
function packetPairs(
  process: ProcessInfo | undefined,
  event: DnsEvent | DnsMessageEvent,
  source: Endpoint,
  destination: Endpoint,
): [string, string | number | undefined][] {
  return [
    ["COMM", process?.comm],
    ["PID", process?.tid ?? process?.pid],
    ["TGID", process?.pid],
    ["DEV", event.network.interface],
    ["PROTO", event.network.transport.toUpperCase()],
    ["SRC", source.ip],
    ["DST", destination.ip],
    ["SPT", source.port],
    ["DPT", destination.port],
    ["UID", process?.uid],
    ["GID", process?.gid],
  ];
}

/** The line of a query. */
function queryLine(event: DnsEvent | DnsMessageEvent): string {
  const { network, dns } = event;
  return line([
    ...packetPairs(event.process, event, network.source, network.destination),
    ["DNS_QR", 0],
    ["DNS_NAME", dns.question?.name],
    ["DNS_TYPE", dns.question?.type],
  ]);
}

/** The lines of a response; one that holds no answer says why in place of the data. */
function responseLines(event: DnsEvent | DnsMessageEvent, source: Endpoint, destination: Endpoint): string[] {
  const { dns } = event;
  const packet = packetPairs(event.process, event, source, destination);
  if (dns.answers.length === 0) {
    return [line([
      ...packet,
      ["DNS_QR", 1],
      ["DNS_NAME", dns.question?.name],
      ["DNS_TYPE", dns.question?.type],
      ["DNS_RCODE", dns.rcode],
    ])];
  }
  return dns.answers.map((record) =>
    line([...packet, ["DNS_QR", 1], ["DNS_NAME", record.name], ["DNS_TYPE", record.type], ["DNS_DATA", record.data]])
  );
}

/** The lines of a transaction, whose packet is the query wherever there was one. */
function transactionLines(event: DnsEvent): string[] {
  const { source, destination } = event.network;
  if (event.status === "unsolicited") return responseLines(event, source, destination);
  const lines = [queryLine(event)];
  if (event.dns.rcode !== undefined) lines.push(...responseLines(event, destination, source));
  return lines;
}

/** The line of a process event. */
function processLine(event: ProcessEvent): string {
  const { process } = event;
  const pairs: [string, string | number | undefined][] = [
    ["EVENT", event.event],
    ["COMM", process.comm],
    ["PID", process.tid ?? process.pid],
    ["TGID", process.pid],
    ["PPID", process.ppid],
    ["UID", process.uid],
    ["GID", process.gid],
    ["EXE", process.exe],
    ["CMDLINE", process.cmdline.join(" ")],
  ];
  if (event.exit_code !== undefined) pairs.push(["EXIT_CODE", event.exit_code]);
  if (event.signal !== undefined) pairs.push(["SIGNAL", event.signal]);
  if (event.run_time_us !== undefined) pairs.push(["RUN_TIME_US", event.run_time_us]);
  return line(pairs);
}

/** The lines of a socket: one per process that holds it, one where nobody is known. */
function socketLines(event: SocketEvent): string[] {
  const owners = event.owners.length === 0 ? [undefined] : event.owners;
  return owners.map((owner) =>
    line([
      ["PROTO", event.protocol.toUpperCase()],
      ["STATE", event.state.toUpperCase()],
      ["SRC", event.local?.ip ?? event.path],
      ["SPT", event.local?.port],
      ["DST", event.remote?.ip],
      ["DPT", event.remote?.port],
      ["NETNS", event.netns],
      ["INODE", event.inode],
      ["TGID", owner?.process.pid],
      ["COMM", owner?.process.comm],
      ["UID", owner?.process.uid ?? event.uid],
      ["EXE", owner?.process.exe],
      ["CONTAINER", owner?.process.container?.id],
      ["FD", owner?.fds.join(",")],
    ])
  );
}

/** The line of a connection event. */
function connectionLine(event: ConnectionEvent): string {
  const { process, peer_process: peer, connection } = event;
  return line([
    ["EVENT", event.event],
    ["PROTO", connection.transport.toUpperCase()],
    ["DIRECTION", connection.direction],
    ["SRC", connection.local.ip],
    ["SPT", connection.local.port],
    ["DST", connection.remote?.ip],
    ["DPT", connection.remote?.port],
    ["NAME", event.destination_name?.name],
    ["COMM", process?.comm],
    ["PID", process?.tid ?? process?.pid],
    ["TGID", process?.pid],
    ["UID", process?.uid],
    ["GID", process?.gid],
    ["EXE", process?.exe],
    ["CONTAINER", process?.container?.id],
    ["PEER_TGID", peer?.pid],
    ["PEER_COMM", peer?.comm],
    ["ERROR", event.error],
    ["END", event.end],
    ["CLOSED_BY", event.closed_by],
    ["DURATION_US", event.duration_us],
    ["SENT", event.bytes_sent],
    ["RECEIVED", event.bytes_received],
    ["RETRANSMITS", event.retransmits],
    ["RTT_US", event.rtt_us],
  ]);
}

/** The line of an event of a Unix socket; its name stands where the address of a connection does. */
function unixLine(event: UnixEvent): string {
  const { process, peer_process: peer, direction } = event;
  return line([
    ["EVENT", event.event],
    ["PROTO", "UNIX"],
    ["DIRECTION", direction],
    ["SRC", direction === "outbound" ? undefined : event.path],
    ["DST", direction === "outbound" ? event.path : undefined],
    ["SOCKTYPE", event.socket_type],
    ["COMM", process.comm],
    ["PID", process.tid ?? process.pid],
    ["TGID", process.pid],
    ["UID", process.uid],
    ["GID", process.gid],
    ["EXE", process.exe],
    ["CONTAINER", process.container?.id],
    ["PEER_TGID", peer?.pid],
    ["PEER_COMM", peer?.comm],
    ["PEER_BY", event.peer_attribution],
    ["ERROR", event.error],
  ]);
}

/** One end of an edge, its keys with a prefix. */
function endPairs(prefix: string, { kind, process, ip, names }: MapEndInfo): [string, string | number | undefined][] {
  return [
    [`${prefix}KIND`, kind],
    [`${prefix}IP`, ip],
    [`${prefix}NAME`, names?.[0]],
    [`${prefix}EXE`, process?.exe],
    [`${prefix}UNIT`, process?.unit],
    [`${prefix}CONTAINER`, process?.container?.id],
    [`${prefix}UID`, process?.uid],
    [`${prefix}NETNS`, process?.netns],
  ];
}

/** The line of an edge. */
function edgeLine(event: EdgeEvent): string {
  return line([
    ...endPairs("SRC_", event.source),
    ...endPairs("DST_", event.destination),
    ["PROTO", event.transport.toUpperCase()],
    ["DPT", event.port],
    ["CONNECTIONS", event.connections],
    ["FAILED", event.failed],
    ["OPEN", event.open],
    ["SENT", event.bytes_sent],
    ["RECEIVED", event.bytes_received],
    ["FIRST", event.first_seen],
    ["LAST", event.last_seen],
    ["ERRORS", Object.entries(event.errors).map(([name, count]) => `${name}:${count}`).join(",")],
  ]);
}

/**
 * Turns an event into lines.
 *
 * @param event any event
 * @returns its lines, each with its line feed; none for `loss` and `summary`
 */
export function kvLines(event: CulpritEvent): string[] {
  switch (event.type) {
    case "dns":
      return transactionLines(event);
    case "dns.query":
      return [queryLine(event)];
    case "dns.response":
      return responseLines(event, event.network.source, event.network.destination);
    case "process":
      return [processLine(event)];
    case "socket":
      return socketLines(event);
    case "connection":
      return [connectionLine(event)];
    case "unix":
      return [unixLine(event)];
    case "edge":
      return [edgeLine(event)];
    default:
      return [];
  }
}
