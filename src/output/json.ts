/**
 * Events as JSON lines, several times faster than `JSON.stringify`: keys are in fixed order and part of larger constant
 * texts, what repeats (a process, a set of flags, a type and class) is kept as text, and the strings most events hold
 * are checked by one loop.
 *
 * @module
 */

import type {
  ConnectionEvent,
  ConnectionInfo,
  ConnectionUserInfo,
  CulpritEvent,
  DnsEvent,
  DnsEventBase,
  DnsInfo,
  DnsMessageEvent,
  DnsQuestionInfo,
  DnsRecordInfo,
  NetworkInfo,
  ProcessEvent,
  ProcessInfo,
  SocketEvent,
  UnixEvent,
} from "../events.ts";

/**
 * What JSON.stringify leaves as it is and what must not reach a terminal by way of a log: DEL, C1, format characters
 * (bidi controls among them), line and paragraph separators.
 */
const UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/u;
const UNSAFE_EACH = new RegExp(UNSAFE.source, "gu");

/** Every UTF-16 unit of a character as `\uXXXX`. */
function escapeUnits(character: string): string {
  let escaped = "";
  for (let index = 0; index < character.length; index++) {
    escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}

/**
 * JSON of any value, with what could steer a terminal as `\uXXXX`.
 *
 * @param value any value JSON.stringify takes
 * @returns its JSON; parses to the same value
 */
export function stringifySafe(value: unknown): string {
  const json = JSON.stringify(value);
  // Outside strings JSON is ASCII without controls, so replacing in the whole text only touches strings.
  return UNSAFE.test(json) ? json.replace(UNSAFE_EACH, escapeUnits) : json;
}

/** What stands between the quotes of a JSON string. */
function body(text: string): string {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return stringifySafe(text).slice(1, -1);
  }
  return text;
}

/** A number as JSON.stringify writes it. */
function number(value: number): string {
  return value - value === 0 ? `${value}` : "null";
}

/** A list of strings. */
function strings(list: readonly string[]): string {
  return list.length === 0 ? "[]" : stringifySafe(list);
}

/** The third key of texts that have only two. */
const NOTHING: readonly string[] = [];

/** How many texts a {@linkcode Memo} keeps: more kinds than this are rarely in flight at once. */
const MEMO_SIZE = 8;

/** Texts made from a few strings of a small vocabulary; a search among eight is faster than hashing a joined key. */
class Memo {
  readonly #first: (string | undefined)[] = new Array(MEMO_SIZE).fill(undefined);
  readonly #second: (string | undefined)[] = new Array(MEMO_SIZE).fill(undefined);
  readonly #third: (readonly string[])[] = new Array(MEMO_SIZE).fill(NOTHING);
  readonly #texts: string[] = new Array(MEMO_SIZE).fill("");
  #next = 0;

  /** The text kept for these keys; undefined when there is none. */
  find(first: string, second: string | undefined, third: readonly string[]): string | undefined {
    for (let index = 0; index < MEMO_SIZE; index++) {
      if (this.#first[index] === first && this.#second[index] === second && isSame(this.#third[index], third)) {
        return this.#texts[index];
      }
    }
    return undefined;
  }

  /** Keeps a text in place of the oldest. */
  keep(first: string, second: string | undefined, third: readonly string[], text: string): string {
    const index = this.#next;
    this.#next = (index + 1) % MEMO_SIZE;
    this.#first[index] = first;
    this.#second[index] = second;
    this.#third[index] = third.length === 0 ? NOTHING : [...third];
    this.#texts[index] = text;
    return text;
  }
}

/** Whether two lists hold the same strings. */
function isSame(left: readonly string[] | undefined, right: readonly string[]): boolean {
  if (left === right) return true;
  if (left === undefined || left.length !== right.length) return false;
  for (let index = 0; index < right.length; index++) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

/** Turns events into JSON lines. Holds texts for reuse, so one instance per output. */
export class JsonEncoder {
  readonly #processes = new WeakMap<ProcessInfo, string>();
  readonly #typeClasses = new Memo();
  readonly #headers = new Memo();
  readonly #ends = new Memo();
  #lastProcess: ProcessInfo | undefined;
  #lastProcessText = "";

  /**
   * Turns an event into a line.
   *
   * @param event the event; its process objects must not change afterwards
   * @returns one line with its line feed; parses to an equal object
   */
  encode(event: CulpritEvent): string {
    switch (event.type) {
      case "dns":
        return this.#dns(event);
      case "dns.query":
      case "dns.response":
        return this.#message(event);
      case "process":
        return this.#process(event);
      case "socket":
        return this.#socket(event);
      case "connection":
        return this.#connection(event);
      case "unix":
        return this.#unix(event);
      default:
        return `${stringifySafe(event)}\n`;
    }
  }

  /** A process, by identity. */
  #processText(process: ProcessInfo): string {
    if (process === this.#lastProcess) return this.#lastProcessText;
    let text = this.#processes.get(process);
    if (text === undefined) {
      text = stringifySafe(process);
      this.#processes.set(process, text);
    }
    this.#lastProcess = process;
    this.#lastProcessText = text;
    return text;
  }

  #dns(event: DnsEvent): string {
    let line = `{"schema":"${body(event.schema)}","type":"dns","time":"${body(event.time)}","status":"${
      body(event.status)
    }"`;
    if (event.status_reason !== undefined) line += `,"status_reason":"${body(event.status_reason)}"`;
    if (event.latency_us !== undefined) line += `,"latency_us":${number(event.latency_us)}`;
    if (event.retransmissions !== undefined) line += `,"retransmissions":${number(event.retransmissions)}`;
    if (event.cache !== undefined) line += ',"cache":true';
    if (event.tcp_retry !== undefined) line += ',"tcp_retry":true';
    if (event.query_anomalies !== undefined) line += `,"query_anomalies":${stringifySafe(event.query_anomalies)}`;
    return `${line}${this.#common(event)}`;
  }

  #message(event: DnsMessageEvent): string {
    const line = `{"schema":"${body(event.schema)}","type":"${event.type}","time":"${body(event.time)}"`;
    const latency = event.latency_us === undefined ? "" : `,"latency_us":${number(event.latency_us)}`;
    return `${line}${latency}${this.#common(event)}`;
  }

  /** From `process` to the end of the line. */
  #common(event: DnsEventBase): string {
    let text = "";
    if (event.process !== undefined) text = `,"process":${this.#processText(event.process)}`;
    if (event.role !== undefined) text += `,"role":"${body(event.role)}"`;
    if (event.attribution !== undefined) text += `,"attribution":"${body(event.attribution)}"`;
    if (event.server_process !== undefined) text += `,"server_process":${this.#processText(event.server_process)}`;
    if (event.on_behalf_of !== undefined) {
      const { process, confidence } = event.on_behalf_of;
      text += `,"on_behalf_of":{"process":${this.#processText(process)},"confidence":"${body(confidence)}"}`;
    }
    return `${text}${this.#network(event.network)}${this.#dnsInfo(event.dns)}`;
  }

  /** The packet, up to the key `id` of the DNS part. */
  #network(network: NetworkInfo): string {
    const { transport, family, source, destination, translated, interface: device, direction } = network;
    const end = this.#ends.find(device, direction, NOTHING) ?? this.#ends.keep(
      device,
      direction,
      NOTHING,
      `,"interface":"${body(device)}","direction":"${body(direction)}"},"dns":{"id":`,
    );
    return `,"network":{"transport":"${body(transport)}","family":"${body(family)}","source":{"ip":"${
      body(source.ip)
    }","port":${number(source.port)}},"destination":{"ip":"${body(destination.ip)}","port":${
      number(destination.port)
    }}${
      translated === undefined ? "" : `,"translated":{"ip":"${body(translated.ip)}","port":${number(translated.port)}}`
    }${end}`;
  }

  /** The DNS part from the value of `id` on, and the end of the line. */
  #dnsInfo(dns: DnsInfo): string {
    const { opcode, rcode, flags, question } = dns;
    const header = this.#headers.find(opcode, rcode, flags) ?? this.#headers.keep(
      opcode,
      rcode,
      flags,
      `,"opcode":"${body(opcode)}"${rcode === undefined ? "" : `,"rcode":"${body(rcode)}"`},"flags":${strings(flags)}`,
    );
    const name = question === undefined ? "" : body(question.name);
    let text = `${number(dns.id)}${header}`;
    if (question !== undefined) {
      text += `,"question":{"name":"${name}"${this.#typeClass(question.type, question.class)}}`;
    }
    if (dns.questions !== undefined) text += `,"questions":${this.#questions(dns.questions)}`;
    text += dns.answers.length === 0
      ? ',"answers":[]'
      : `,"answers":${this.#records(dns.answers, question?.name, name)}`;
    text += dns.authorities.length === 0 && dns.additionals.length === 0 && dns.anomalies.length === 0
      ? ',"authorities":[],"additionals":[],"anomalies":[],"protocol":"'
      : `,"authorities":${this.#records(dns.authorities, question?.name, name)},"additionals":${
        this.#records(dns.additionals, question?.name, name)
      },"anomalies":${strings(dns.anomalies)},"protocol":"`;
    return `${text}${body(dns.protocol)}","size":${number(dns.size)}}}\n`;
  }

  #questions(questions: readonly DnsQuestionInfo[]): string {
    const items = questions.map((question) =>
      `{"name":"${body(question.name)}"${this.#typeClass(question.type, question.class)}}`
    );
    return `[${items.join(",")}]`;
  }

  /** Records; most of an answer's have the name of the question, whose text is at hand. */
  #records(records: readonly DnsRecordInfo[], knownName: string | undefined, knownText: string): string {
    let text = "";
    for (let index = 0; index < records.length; index++) {
      const record = records[index];
      if (record === undefined) continue;
      const name = record.name === knownName ? knownText : body(record.name);
      text += `${text === "" ? "" : ","}{"name":"${name}"${this.#typeClass(record.type, record.class)},"ttl":${
        number(record.ttl)
      },"data":"${body(record.data)}"}`;
    }
    return `[${text}]`;
  }

  /** The keys `type` and `class`. */
  #typeClass(type: string, dnsClass: string): string {
    return this.#typeClasses.find(type, dnsClass, NOTHING) ??
      this.#typeClasses.keep(type, dnsClass, NOTHING, `,"type":"${body(type)}","class":"${body(dnsClass)}"`);
  }

  #process(event: ProcessEvent): string {
    let line = `{"schema":"${body(event.schema)}","type":"process","time":"${body(event.time)}","event":"${
      body(event.event)
    }"`;
    line += `,"process":${this.#processText(event.process)}`;
    if (event.exit_code !== undefined) line += `,"exit_code":${number(event.exit_code)}`;
    if (event.signal !== undefined) line += `,"signal":"${body(event.signal)}"`;
    if (event.core_dumped !== undefined) line += ',"core_dumped":true';
    if (event.run_time_us !== undefined) line += `,"run_time_us":${number(event.run_time_us)}`;
    return `${line}}\n`;
  }

  /** A socket; its owners are the long part, and many sockets have the same. */
  #socket(event: SocketEvent): string {
    const { owners, ownership, unknown_reason, netns, inode, uid, receive_queue, send_queue, ...first } = event;
    const last = { ownership, unknown_reason, netns, inode, uid, receive_queue, send_queue };
    const texts = owners.map(({ process, fds }) =>
      `{"process":${this.#processText(process)},"fds":[${fds.join(",")}]}`
    );
    return `${stringifySafe(first).slice(0, -1)},"owners":[${texts.join(",")}],${stringifySafe(last).slice(1)}\n`;
  }

  /** A connection. Kinds of events differ in what they lack; everything has its fixed place. */
  #connection(event: ConnectionEvent): string {
    let line = `{"schema":"${body(event.schema)}","type":"connection","time":"${body(event.time)}","event":"${
      body(event.event)
    }"`;
    if (event.process !== undefined) line += `,"process":${this.#processText(event.process)}`;
    line += `,"attribution":"${body(event.attribution)}"`;
    if (event.users !== undefined) line += `,"users":[${this.#users(event.users)}]`;
    if (event.peer_process !== undefined) line += `,"peer_process":${this.#processText(event.peer_process)}`;
    if (event.peer_netns !== undefined) line += `,"peer_netns":${number(event.peer_netns)}`;
    if (event.destination_name !== undefined) line += `,"destination_name":${stringifySafe(event.destination_name)}`;
    line += `,${connectionText(event.connection)}`;
    if (event.error !== undefined) line += `,"error":"${body(event.error)}"`;
    if (event.connect_us !== undefined) line += `,"connect_us":${number(event.connect_us)}`;
    if (event.queue_us !== undefined) line += `,"queue_us":${number(event.queue_us)}`;
    if (event.duration_us !== undefined) line += `,"duration_us":${number(event.duration_us)}`;
    if (event.bytes_sent !== undefined) line += `,"bytes_sent":${number(event.bytes_sent)}`;
    if (event.bytes_received !== undefined) line += `,"bytes_received":${number(event.bytes_received)}`;
    if (event.packets_sent !== undefined) line += `,"packets_sent":${number(event.packets_sent)}`;
    if (event.packets_received !== undefined) line += `,"packets_received":${number(event.packets_received)}`;
    if (event.retransmits !== undefined) line += `,"retransmits":${number(event.retransmits)}`;
    if (event.rtt_us !== undefined) line += `,"rtt_us":${number(event.rtt_us)}`;
    if (event.end !== undefined) line += `,"end":"${body(event.end)}"`;
    if (event.closed_by !== undefined) line += `,"closed_by":"${body(event.closed_by)}"`;
    if (event.closing_process !== undefined) line += `,"closing_process":${this.#processText(event.closing_process)}`;
    return `${line}}\n`;
  }

  /** An event of a Unix socket: its processes are the long part, and do much. */
  #unix(event: UnixEvent): string {
    const { schema, type, time, event: name, process, peer_process: peer, ...rest } = event;
    const first = stringifySafe({ schema, type, time, event: name }).slice(0, -1);
    const peerText = peer === undefined ? "" : `,"peer_process":${this.#processText(peer)}`;
    return `${first},"process":${this.#processText(process)}${peerText},${stringifySafe(rest).slice(1)}\n`;
  }

  #users(users: readonly ConnectionUserInfo[]): string {
    let text = "";
    for (const { process, roles, bytes_sent: sent, bytes_received: received } of users) {
      text += `${text === "" ? "" : ","}{"process":${this.#processText(process)},"roles":[${words(roles)}]`;
      if (sent !== undefined) text += `,"bytes_sent":${number(sent)}`;
      if (received !== undefined) text += `,"bytes_received":${number(received)}`;
      text += "}";
    }
    return text;
  }
}

/** Words, each in quotes. */
function words(list: readonly string[]): string {
  let text = "";
  for (const word of list) text += `${text === "" ? "" : ","}"${body(word)}"`;
  return text;
}

/** The key `connection` and its value. */
function connectionText(connection: ConnectionInfo): string {
  const { local, remote, direction } = connection;
  let text = `"connection":{"id":${number(connection.id)},"transport":"${body(connection.transport)}","protocol":${
    number(connection.protocol)
  },"family":"${body(connection.family)}"`;
  if (connection.mapped !== undefined) text += ',"mapped":true';
  if (direction !== undefined) text += `,"direction":"${body(direction)}"`;
  text += `,"local":{"ip":"${body(local.ip)}","port":${number(local.port)}}`;
  if (remote !== undefined) text += `,"remote":{"ip":"${body(remote.ip)}","port":${number(remote.port)}}`;
  text += `,"netns":${number(connection.netns)}`;
  if (connection.preexisting !== undefined) text += ',"preexisting":true';
  return `${text}}`;
}
