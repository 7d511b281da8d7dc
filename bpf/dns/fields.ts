/**
 * What the fields of DNS events mean, and the columns of their text form.
 *
 * @module
 */

import type {
  DnsEvent,
  DnsEventBase,
  DnsInfo,
  DnsMessageEvent,
  DnsQuestionInfo,
  DnsRecordInfo,
  NetworkInfo,
  OnBehalfOf,
} from "../../src/events.ts";
import {
  BASE_FIELDS,
  type Block,
  type EventDescription,
  EXAMPLE_PROCESS,
  type Fields,
  NETWORK_BLOCK,
  PROCESS_BLOCK,
} from "../../src/output/fields.ts";
import type { CellStyle, Column } from "../../src/output/text.ts";

/** A question. */
const QUESTION_BLOCK: Block<DnsQuestionInfo> = {
  name: "dns_question",
  text: "A question (RFC 1035 section 4.1.2)",
  fields: {
    name: { type: "string", text: "Name in master-file escapes, case kept, no trailing dot; the root is `.`" },
    type: { type: "string", text: "Mnemonic, or `TYPE<n>` (RFC 3597)" },
    class: { type: "string", text: "`IN`, `CH`, ..., or `CLASS<n>`" },
  },
};

/** A record. */
const RECORD_BLOCK: Block<DnsRecordInfo> = {
  name: "dns_record",
  text: "A resource record (RFC 1035 section 4.1.3)",
  fields: {
    ...QUESTION_BLOCK.fields,
    ttl: { type: "integer", unit: "s", text: "Time to live" },
    data: { type: "string", text: "Data as a zone file shows it" },
  },
};

/** The message. */
const DNS_BLOCK: Block<DnsInfo> = {
  name: "dns",
  text: "The message: the response where there is one, else the query",
  fields: {
    id: { type: "integer", maximum: 65535, text: "Message id" },
    opcode: { type: "string", text: "`QUERY`, `NOTIFY`, `UPDATE`, ..., or `OPCODE<n>`" },
    rcode: {
      type: "string",
      optional: true,
      text: "Extended response code (RFC 6891 section 6.1.3); absent on a query",
    },
    flags: { type: "strings", text: "Flags that are set: aa, tc, rd, ra, z, ad, cd" },
    question: {
      type: "block",
      block: QUESTION_BLOCK,
      optional: true,
      text: "First question; absent where there is none",
    },
    questions: {
      type: "list",
      block: QUESTION_BLOCK,
      optional: true,
      text: "All questions, where there is more than one",
    },
    answers: { type: "list", block: RECORD_BLOCK, text: "Answer section" },
    authorities: { type: "list", block: RECORD_BLOCK, text: "Authority section" },
    additionals: { type: "list", block: RECORD_BLOCK, text: "Additional section" },
    anomalies: { type: "strings", text: "Stable names of what is wrong with the message; empty when nothing is" },
    protocol: {
      type: "string",
      values: { dns: "DNS", mdns: "multicast DNS (RFC 6762)", llmnr: "LLMNR (RFC 4795)" },
      text: "Which protocol of this format",
    },
    size: { type: "integer", unit: "octets", text: "Size of the message" },
  },
};

/** For whom a resolver asked. */
const ON_BEHALF_OF_BLOCK: Block<OnBehalfOf> = {
  name: "on_behalf_of",
  text: "For whom a resolver on this host asked",
  fields: {
    process: { type: "block", block: PROCESS_BLOCK, text: "The resolver's client" },
    confidence: {
      type: "string",
      values: {
        exact: "one client's question for this name and type was open",
        likely: "several were, this is the oldest",
      },
      text: "How sure it is",
    },
  },
};

/** What transactions and messages share. */
const COMMON_FIELDS: Fields<DnsEventBase> = {
  ...BASE_FIELDS,
  process: {
    type: "block",
    block: PROCESS_BLOCK,
    optional: true,
    text: "Asking process if on this host, else the answering one",
  },
  role: {
    type: "string",
    values: { client: "it asks", server: "it answers" },
    optional: true,
    text: "Which end `process` is",
  },
  attribution: {
    type: "string",
    values: {
      sender: "it was the task that sent this very message",
      user: "it was the last task to send through this socket",
      opener: "it opened, bound or connected the socket, or held it when culprit started",
      file: "the capture file that was read says so (`--read`); nothing on this host was asked",
      unknown: "nothing is known; `unknown_reason` of the process says why",
    },
    optional: true,
    text: "How `process` is known",
  },
  server_process: {
    type: "block",
    block: PROCESS_BLOCK,
    optional: true,
    text: "Answering process, where both ends are on this host",
  },
  on_behalf_of: { type: "block", block: ON_BEHALF_OF_BLOCK, optional: true, text: "For whom a resolver asked" },
  network: { type: "block", block: NETWORK_BLOCK, text: "The packet" },
  dns: { type: "block", block: DNS_BLOCK, text: "The message" },
};

/** The packet of the examples. */
const EXAMPLE_NETWORK: NetworkInfo = {
  transport: "udp",
  family: "ipv4",
  source: { ip: "192.0.2.75", port: 41143 },
  destination: { ip: "192.0.2.1", port: 53 },
  interface: "eth0",
  direction: "egress",
};

/** A transaction. */
export const DNS_EVENT: EventDescription<DnsEvent> = {
  name: "dns_event",
  text: "A DNS transaction: a query joined to its response",
  fields: {
    ...COMMON_FIELDS,
    type: { type: "string", values: { dns: "always" }, text: "Kind of event" },
    status: {
      type: "string",
      values: {
        answered: "a response came",
        timeout: "none came in time",
        truncated: "the response was cut (TC) and holds part of the answer",
        unsolicited: "a response nobody was seen to ask for",
        unknown: "`status_reason` says why",
      },
      text: "How it ended",
    },
    status_reason: { type: "string", optional: true, text: "Why the status is what it is, where that is not plain" },
    latency_us: { type: "integer", unit: "us", optional: true, text: "From query to response" },
    retransmissions: { type: "integer", optional: true, text: "Times the query was sent again; absent when 0" },
    cache: { type: "true", optional: true, text: "A resolver on this host answered without asking upstream" },
    tcp_retry: { type: "true", optional: true, text: "Truncated and asked again over TCP; or it is that retry" },
    query_anomalies: {
      type: "strings",
      optional: true,
      text: "Stable names of what is wrong with the query, where `dns` shows its response",
    },
  },
  example: {
    schema: "culprit/1",
    type: "dns",
    time: "2026-11-21T00:12:03.123456789Z",
    status: "answered",
    latency_us: 812,
    process: EXAMPLE_PROCESS,
    role: "client",
    attribution: "sender",
    network: EXAMPLE_NETWORK,
    dns: {
      id: 4660,
      opcode: "QUERY",
      rcode: "NOERROR",
      flags: ["rd", "ra"],
      question: { name: "example.com", type: "A", class: "IN" },
      answers: [{ name: "example.com", type: "A", class: "IN", ttl: 60, data: "192.0.2.80" }],
      authorities: [],
      additionals: [],
      anomalies: [],
      protocol: "dns",
      size: 45,
    },
  },
};

/** A message. */
export const DNS_MESSAGE_EVENT: EventDescription<DnsMessageEvent> = {
  name: "dns_message_event",
  text: "One DNS message as seen (`--messages`)",
  fields: {
    ...COMMON_FIELDS,
    type: {
      type: "string",
      values: { "dns.query": "a query", "dns.response": "a response" },
      text: "Kind of event",
    },
    latency_us: {
      type: "integer",
      unit: "us",
      optional: true,
      text: "Since its query, on a response whose query was seen",
    },
  },
  example: {
    schema: "culprit/1",
    type: "dns.query",
    time: "2026-11-21T00:12:03.122644789Z",
    process: EXAMPLE_PROCESS,
    role: "client",
    attribution: "sender",
    network: EXAMPLE_NETWORK,
    dns: {
      id: 4660,
      opcode: "QUERY",
      flags: ["rd"],
      question: { name: "example.com", type: "A", class: "IN" },
      answers: [],
      authorities: [],
      additionals: [],
      anomalies: [],
      protocol: "dns",
      size: 29,
    },
  },
};

/** Events the DNS columns show. */
export type AnyDnsEvent = DnsEvent | DnsMessageEvent;

/** Port everyone expects, hence not shown. */
const DNS_PORT = 53;

/** Address of the answering end: of a response seen as a message or alone, that is its source. */
function server(event: AnyDnsEvent): string {
  const isResponse = event.type === "dns.response" || (event.type === "dns" && event.status === "unsolicited");
  const { ip, port } = isResponse ? event.network.source : event.network.destination;
  if (port === DNS_PORT) return ip;
  return event.network.family === "ipv6" ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** Response code, or why there is none. */
function outcome(event: AnyDnsEvent): string {
  if (event.dns.rcode !== undefined) return event.dns.rcode;
  return event.type === "dns" ? event.status : "query";
}

/** Red for failures, yellow for names that do not exist. */
function outcomeStyle(event: AnyDnsEvent): CellStyle | undefined {
  const text = outcome(event);
  if (text === "NOERROR" || text === "query") return undefined;
  return text === "NXDOMAIN" ? "warn" : "bad";
}

/** Milliseconds with three digits that matter. */
function milliseconds(latencyUs: number | undefined): string {
  if (latencyUs === undefined) return "-";
  const ms = latencyUs / 1000;
  return ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

/** Data of the answers, then what is remarkable. */
function answer(event: AnyDnsEvent): string {
  const asked = event.dns.question?.type;
  const data = event.dns.answers.map((record) => record.type === asked ? record.data : `${record.type} ${record.data}`);
  const notes: string[] = [];
  if (event.role === "server") notes.push(`asked by ${event.network.source.ip}`);
  if (event.on_behalf_of !== undefined) {
    const { process, confidence } = event.on_behalf_of;
    notes.push(`for ${process.comm}[${process.pid}]${confidence === "likely" ? "?" : ""}`);
  }
  if (event.type === "dns") {
    if (event.status === "truncated" || (event.status === "unsolicited")) notes.push(event.status);
    if (event.tcp_retry !== undefined && event.status !== "truncated") notes.push("retry over TCP");
    if (event.cache !== undefined) notes.push("cached");
    if (event.retransmissions !== undefined) notes.push(`sent ${event.retransmissions + 1} times`);
    if (event.status_reason !== undefined) notes.push(event.status_reason);
  }
  notes.push(...event.dns.anomalies);
  if (event.type === "dns") notes.push(...event.query_anomalies ?? []);
  return [...data, ...notes.map((note) => `(${note})`)].join(" ");
}

/** Columns of `culprit dns`. */
export const DNS_COLUMNS: readonly Column<AnyDnsEvent>[] = [
  { title: "TIME", width: 12, value: (event) => event.time.slice(11, 23), style: () => "dim" },
  // The process, not the thread: a thread's comm (`isc-net-0000` of dig) tells nothing to who reads a table.
  { title: "PROCESS", width: 15, value: (event) => event.process?.name ?? "-" },
  { title: "PID", width: 7, value: (event) => String(event.process?.pid ?? "-") },
  { title: "NAME", width: 16, share: 3, value: (event) => event.dns.question?.name ?? "-" },
  { title: "TYPE", width: 5, value: (event) => event.dns.question?.type ?? "-" },
  { title: "PROTO", width: 5, drop: 1, value: (event) => event.network.transport },
  { title: "SERVER", width: 15, drop: 2, value: server },
  { title: "RCODE", width: 8, value: outcome, style: outcomeStyle },
  { title: "MS", width: 6, drop: 3, value: (event) => milliseconds(event.latency_us) },
  { title: "ANSWER", width: 10, share: 2, value: answer },
];
