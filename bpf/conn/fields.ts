/**
 * What the fields of connection events mean, and the columns of their text form.
 *
 * @module
 */

import type {
  ConnectionEvent,
  ConnectionInfo,
  ConnectionUserInfo,
  DestinationName,
  Endpoint,
} from "../../src/events.ts";
import {
  BASE_FIELDS,
  type Block,
  ENDPOINT_BLOCK,
  type EventDescription,
  EXAMPLE_PROCESS,
  PROCESS_BLOCK,
} from "../../src/output/fields.ts";
import type { Column } from "../../src/output/text.ts";

const LARGEST_INODE = 2 ** 32 - 1;

/** Addresses and nature. */
export const CONNECTION_BLOCK: Block<ConnectionInfo> = {
  name: "connection",
  text: "Addresses and nature of a connection, as seen at the socket of `process`",
  fields: {
    id: { type: "integer", text: "Number in this run: all events of one connection or flow have the same" },
    transport: {
      type: "string",
      values: {
        tcp: "TCP",
        udp: "UDP",
        udplite: "UDP-Lite (RFC 3828)",
        icmp: "ping socket (ICMP or ICMPv6 without privilege)",
        raw: "raw IP",
      },
      text: "Kind of socket",
    },
    protocol: { type: "integer", maximum: 65535, text: "IP protocol number" },
    family: { type: "string", values: { ipv4: "IPv4", ipv6: "IPv6" }, text: "Version of IP" },
    mapped: { type: "true", optional: true, text: "An AF_INET6 socket whose addresses are IPv4 (IPv4-mapped)" },
    direction: {
      type: "string",
      optional: true,
      values: {
        outbound: "this end began",
        inbound: "the other end began",
        unknown: "it began before culprit",
      },
      text: "Who began; absent for listeners and binds",
    },
    local: { type: "block", block: ENDPOINT_BLOCK, text: "Own address" },
    remote: { type: "block", block: ENDPOINT_BLOCK, optional: true, text: "Other end" },
    netns: { type: "integer", maximum: LARGEST_INODE, text: "Inode number of the network namespace of the socket" },
    preexisting: { type: "true", optional: true, text: "Older than culprit, or its beginning was lost" },
  },
};

/** A process with its part in a connection. */
export const CONNECTION_USER_BLOCK: Block<ConnectionUserInfo> = {
  name: "connection_user",
  text: "A process that has to do with a socket",
  fields: {
    process: { type: "block", block: PROCESS_BLOCK, text: "The process" },
    roles: {
      type: "strings",
      text: "`opener`, `acceptor`, `user` (sent or received), `holder` (had it when culprit began), `closer`",
    },
    bytes_sent: {
      type: "integer",
      unit: "octets",
      optional: true,
      text: "Payload it sent itself; absent where the kernel does not count it",
    },
    bytes_received: { type: "integer", unit: "octets", optional: true, text: "Payload it received itself" },
  },
};

/** A name from DNS. */
export const DESTINATION_NAME_BLOCK: Block<DestinationName> = {
  name: "destination_name",
  text: "The name a process knew a destination by",
  fields: {
    name: { type: "string", text: "Name that was asked for" },
    age_ms: { type: "integer", unit: "ms", text: "Time since the answer that held the address" },
    source: {
      type: "string",
      values: { process: "this very process asked", host: "another process on this host asked" },
      text: "Who asked",
    },
  },
};

/** A connection event. */
export const CONNECTION_EVENT: EventDescription<ConnectionEvent> = {
  name: "connection_event",
  text: "Something happened to a connection, a flow of datagrams, a listener or a bound socket",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { connection: "always" }, text: "Kind of event" },
    event: {
      type: "string",
      values: {
        open: "a connect succeeded, or the first packet of a flow",
        accept: "a process took a connection that came in",
        listen: "a TCP socket began to listen",
        bind: "a socket was given an address on purpose",
        fail: "a connect failed",
        close: "a connection, flow or listener ended",
      },
      text: "What happened",
    },
    process: { type: "block", block: PROCESS_BLOCK, optional: true, text: "Whose end of the connection this is" },
    attribution: {
      type: "string",
      values: {
        opener: "it connected, listened, bound or sent first",
        acceptor: "it accepted",
        user: "it sends or receives",
        holder: "it had the socket when culprit began",
        listener: "nobody accepted; it listens there",
        unknown: "nothing is known",
      },
      text: "How `process` is known",
    },
    users: {
      type: "list",
      block: CONNECTION_USER_BLOCK,
      optional: true,
      text: "Every process that has to do with the socket, where there are several, and on `close`",
    },
    peer_process: {
      type: "block",
      block: PROCESS_BLOCK,
      optional: true,
      text: "The process at the other end, where that is on this host",
    },
    peer_netns: {
      type: "integer",
      maximum: LARGEST_INODE,
      optional: true,
      text: "Network namespace of the other end, where that is on this host and another one",
    },
    destination_name: {
      type: "block",
      block: DESTINATION_NAME_BLOCK,
      optional: true,
      text: "The DNS name the remote address was got from, outbound only",
    },
    connection: { type: "block", block: CONNECTION_BLOCK, text: "Addresses and nature" },
    error: { type: "string", optional: true, text: "Name of the errno that ended or prevented it" },
    connect_us: {
      type: "integer",
      unit: "us",
      optional: true,
      text: "How long the handshake took or, of `fail`, the attempt",
    },
    queue_us: { type: "integer", unit: "us", optional: true, text: "How long it waited to be accepted" },
    duration_us: {
      type: "integer",
      unit: "us",
      optional: true,
      text: "From its beginning to its end; absent where the beginning was not seen",
    },
    bytes_sent: {
      type: "integer",
      unit: "octets",
      optional: true,
      text: "Payload sent; TCP: each octet once, however often it was sent",
    },
    bytes_received: { type: "integer", unit: "octets", optional: true, text: "Payload received" },
    packets_sent: { type: "integer", optional: true, text: "Packets sent" },
    packets_received: { type: "integer", optional: true, text: "Packets received" },
    retransmits: { type: "integer", optional: true, text: "TCP segments sent again" },
    rtt_us: { type: "integer", unit: "us", optional: true, text: "Smoothed round trip time at the end" },
    end: {
      type: "string",
      optional: true,
      values: {
        closed: "both ends agreed, or the socket was closed",
        reset: "RST",
        timeout: "the other end answered no more",
        error: "see `error`",
        idle: "a flow without packets",
      },
      text: "How it ended",
    },
    closed_by: {
      type: "string",
      optional: true,
      values: { local: "this end", remote: "the other end", unknown: "neither was seen to" },
      text: "Which end closed first",
    },
    closing_process: {
      type: "block",
      block: PROCESS_BLOCK,
      optional: true,
      text: "The process that closed this end, where it did and is not `process`",
    },
  },
  example: {
    schema: "culprit/1",
    type: "connection",
    time: "2026-11-21T00:12:04.000000000Z",
    event: "close",
    process: EXAMPLE_PROCESS,
    attribution: "opener",
    users: [{ process: EXAMPLE_PROCESS, roles: ["opener", "user"], bytes_sent: 78, bytes_received: 1256 }],
    destination_name: { name: "example.com", age_ms: 12, source: "process" },
    connection: {
      id: 7,
      transport: "tcp",
      protocol: 6,
      family: "ipv4",
      direction: "outbound",
      local: { ip: "192.0.2.7", port: 43112 },
      remote: { ip: "198.51.100.4", port: 443 },
      netns: 4026531840,
    },
    connect_us: 10312,
    duration_us: 90421,
    bytes_sent: 78,
    bytes_received: 1256,
    packets_sent: 6,
    packets_received: 5,
    retransmits: 0,
    rtt_us: 10100,
    end: "closed",
    closed_by: "local",
  },
};

/** Address and port as people write them. */
function endpoint({ ip, port }: Endpoint): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** The end that says most, in one column: of what came in the port that serves and from where. */
function ends({ connection: { direction, local, remote } }: ConnectionEvent): string {
  if (remote === undefined) return endpoint(local);
  if (direction !== "inbound") return endpoint(remote);
  return `:${local.port}<${remote.ip}`;
}

/** Octets in the unit people would say them in. */
function octets(count: number): string {
  if (count < 1000) return `${count}B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toPrecision(3)}${units[unit]}`;
}

/** Time in the unit people would say it in. */
function time(microseconds: number): string {
  if (microseconds < 1e6) return `${(microseconds / 1e3).toPrecision(3)} ms`;
  return `${(microseconds / 1e6).toFixed(microseconds < 1e7 ? 2 : 1)} s`;
}

/** What the event adds, in words. */
function detail(event: ConnectionEvent): string {
  const words: string[] = [];
  if (event.destination_name !== undefined) words.push(event.destination_name.name);
  if (event.peer_process !== undefined) {
    const arrow = event.connection.direction === "inbound" ? "from" : "to";
    words.push(`${arrow} ${event.peer_process.name}[${event.peer_process.pid}]`);
  }
  if (event.error !== undefined) words.push(event.error);
  if (event.end !== undefined && event.end !== "closed" && event.end !== "error") words.push(event.end);
  if (event.closed_by !== undefined) words.push(`by ${event.closed_by}`);
  if (event.bytes_sent !== undefined && event.bytes_received !== undefined) {
    words.push(`${octets(event.bytes_sent)} out, ${octets(event.bytes_received)} in`);
  }
  const took = event.connect_us ?? event.queue_us;
  if (event.duration_us !== undefined) words.push(`after ${time(event.duration_us)}`);
  else if (took !== undefined) words.push(`in ${time(took)}`);
  if (event.retransmits !== undefined && event.retransmits > 0) words.push(`${event.retransmits} sent again`);
  const others = (event.users ?? []).filter(({ process }) => process.pid !== event.process?.pid);
  if (others.length > 0) {
    words.push(`also ${others.map(({ process }) => `${process.name}[${process.pid}]`).join(" ")}`);
  }
  return words.join(" ");
}

/** Columns of `culprit conns`. */
export const CONNECTION_COLUMNS: readonly Column<ConnectionEvent>[] = [
  { title: "TIME", width: 12, value: (event) => event.time.slice(11, 23), style: () => "dim" },
  {
    title: "EVENT",
    width: 6,
    value: (event) => event.event,
    style: (event) => event.event === "fail" || event.end === "reset" || event.end === "timeout" ? "bad" : undefined,
  },
  // The process, not the thread, as in the table of DNS.
  { title: "PROCESS", width: 15, value: (event) => event.process?.name ?? "unknown" },
  { title: "PID", width: 7, value: (event) => String(event.process?.pid ?? "-") },
  { title: "PROTO", width: 5, drop: 1, value: ({ connection }) => connection.transport },
  { title: "LOCAL", width: 17, drop: 2, value: ({ connection }) => endpoint(connection.local) },
  {
    title: "REMOTE",
    width: 17,
    share: 1,
    value: ({ connection }) => connection.remote === undefined ? "-" : endpoint(connection.remote),
    narrow: { title: "ENDS", value: ends },
  },
  { title: "DETAIL", width: 16, share: 3, value: detail },
];
