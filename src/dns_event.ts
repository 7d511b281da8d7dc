/**
 * Turns what the correlation found into public events, with the facts of the processes.
 *
 * @module
 */

import { type Clock, OWNER_KIND, type PacketOwner } from "./capture.ts";
import type { DnsTransaction, SeenMessage, TrackedMessage } from "./correlation/types.ts";
import {
  className,
  type DnsMessage,
  type DnsQuestion,
  type DnsRecord,
  flagNames,
  opcodeName,
  rcodeName,
  typeName,
} from "./dns/mod.ts";
import {
  type Attribution,
  type DnsEvent,
  type DnsEventBase,
  type DnsInfo,
  type DnsMessageEvent,
  type DnsQuestionInfo,
  type DnsRecordInfo,
  type ProcessInfo,
  SCHEMA,
} from "./events.ts";

/** Facts of processes. */
export interface ProcessFacts {
  /** How all of them are known; absent where each owner tells by itself. */
  readonly attribution?: Attribution;
  /** The process of an owner at a time. */
  lookup(owner: PacketOwner, tsNs: number): ProcessInfo;
  /** The process of a socket of this host whose owner is not known. */
  unknown(): ProcessInfo;
}

const ATTRIBUTIONS = new Map<number, Attribution>([
  [OWNER_KIND.holder, "opener"],
  [OWNER_KIND.opener, "opener"],
  [OWNER_KIND.user, "user"],
  [OWNER_KIND.sender, "sender"],
]);

function questionInfo(question: DnsQuestion): DnsQuestionInfo {
  return { name: question.name, type: typeName(question.type), class: className(question.class) };
}

function recordInfo(record: DnsRecord): DnsRecordInfo {
  return {
    name: record.name,
    type: typeName(record.type),
    class: className(record.class),
    ttl: record.ttl,
    data: record.data,
  };
}

function recordInfos(records: readonly DnsRecord[]): DnsRecordInfo[] {
  return records.length === 0 ? [] : records.map(recordInfo);
}

/**
 * The DNS part of an event.
 *
 * @param message a decoded message
 * @param protocol which of the protocols that share the format
 * @param sizeBytes size of the message in octets
 * @returns a new object
 */
export function dnsInfo(message: DnsMessage, protocol: DnsInfo["protocol"], sizeBytes: number): DnsInfo {
  const info: DnsInfo = {
    id: message.id,
    opcode: opcodeName(message.opcode),
    flags: flagNames(message, protocol),
    answers: recordInfos(message.answers),
    authorities: recordInfos(message.authorities),
    additionals: recordInfos(message.additionals),
    anomalies: message.anomalies,
    protocol,
    size: sizeBytes,
  };
  if (message.isResponse) info.rcode = rcodeName(message.rcode);
  const first = message.questions[0];
  if (first !== undefined) info.question = questionInfo(first);
  if (message.questions.length > 1) info.questions = message.questions.map(questionInfo);
  return info;
}

/** Makes events out of transactions and messages. */
export class DnsEventBuilder {
  readonly #clock: Clock;
  readonly #processes: ProcessFacts | undefined;

  /**
   * @param clock turns times into wall time
   * @param processes facts of processes; undefined where there are none
   */
  constructor(clock: Clock, processes: ProcessFacts | undefined) {
    this.#clock = clock;
    this.#processes = processes;
  }

  /**
   * @param transaction a finished transaction
   * @returns its event; undefined when the transaction holds no message
   */
  transaction(transaction: DnsTransaction): DnsEvent | undefined {
    const packet = transaction.query ?? transaction.response;
    if (packet === undefined) return undefined;
    const shown = transaction.response ?? packet;
    const event: DnsEvent = {
      schema: SCHEMA,
      type: "dns",
      time: this.#clock.toRfc3339(packet.tsNs),
      status: transaction.status,
      network: packet.network,
      dns: dnsInfo(shown.message, shown.protocol, shown.sizeBytes),
    };
    if (transaction.statusReason !== undefined) event.status_reason = transaction.statusReason;
    if (transaction.latencyUs !== undefined) event.latency_us = transaction.latencyUs;
    if (transaction.retransmissions > 0) event.retransmissions = transaction.retransmissions;
    if (transaction.cache) event.cache = true;
    if (transaction.tcpRetry) event.tcp_retry = true;
    if (transaction.query !== undefined && transaction.response !== undefined) {
      const { anomalies } = transaction.query.message;
      if (anomalies.length > 0) event.query_anomalies = anomalies;
    }
    // The ends of an exchange are looked up at the time of their own message: either may have changed since.
    this.#addProcesses(event, transaction, packet, shown);
    return event;
  }

  /**
   * @param tracked one message
   * @returns its event
   */
  message(tracked: TrackedMessage): DnsMessageEvent {
    const { seen } = tracked;
    const event: DnsMessageEvent = {
      schema: SCHEMA,
      type: tracked.isResponse ? "dns.response" : "dns.query",
      time: this.#clock.toRfc3339(seen.tsNs),
      network: seen.network,
      dns: dnsInfo(seen.message, seen.protocol, seen.sizeBytes),
    };
    if (tracked.latencyUs !== undefined) event.latency_us = tracked.latencyUs;
    const seenAtClient = (seen.network.direction === "egress") !== tracked.isResponse;
    this.#addProcesses(
      event,
      { ...tracked, clientIsLocal: seenAtClient || tracked.client !== undefined, serverIsLocal: !seenAtClient },
      seen,
      seen,
    );
    return event;
  }

  #attribution(owner: PacketOwner | undefined): Attribution {
    const known = ATTRIBUTIONS.get(owner?.kind ?? OWNER_KIND.none) ?? "unknown";
    return known === "unknown" ? known : this.#processes?.attribution ?? known;
  }

  #addProcesses(
    event: DnsEventBase,
    ends: Pick<DnsTransaction, "client" | "server" | "clientIsLocal" | "serverIsLocal" | "onBehalfOf">,
    first: SeenMessage,
    last: SeenMessage,
  ): void {
    const processes = this.#processes;
    if (processes === undefined) return;
    const { client, server } = ends;
    if (ends.clientIsLocal) {
      event.process = client === undefined ? processes.unknown() : processes.lookup(client, first.tsNs);
      event.role = "client";
      event.attribution = this.#attribution(client);
      if (server !== undefined) event.server_process = processes.lookup(server, last.tsNs);
    } else if (ends.serverIsLocal) {
      event.process = server === undefined ? processes.unknown() : processes.lookup(server, last.tsNs);
      event.role = "server";
      event.attribution = this.#attribution(server);
    }
    if (ends.onBehalfOf !== undefined) {
      const { owner, tsNs, confidence } = ends.onBehalfOf;
      event.on_behalf_of = { process: processes.lookup(owner, tsNs), confidence };
    }
  }
}
