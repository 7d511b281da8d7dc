/**
 * Joins DNS messages to transactions, and reports each message once however many sockets it was seen at.
 *
 * A message on loopback, or between two network namespaces of this host, is seen twice: leaving the one socket and
 * reaching the other. What counts as one sending is therefore the larger of "seen leaving" and "seen arriving at the
 * first socket it arrived at"; further sockets that get a copy (multicast, raw sockets) do not count.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import { LOOKS_LIKE_DNS, scoreDns } from "../dns/mod.ts";
import { TcpStreams } from "../net/stream.ts";
import { Arrival } from "./arrival.ts";
import { isDnsPort } from "./key.ts";
import { Losses, REASON } from "./losses.ts";
import { NameServiceLookups } from "./name_services.ts";
import { seeResponse } from "./responses.ts";
import { RawSockets } from "./raw_sockets.ts";
import { Reporter } from "./reporter.ts";
import { ResolverChain } from "./resolvers.ts";
import { type Entry, ENTRY_STATE } from "./table.ts";
import { Transactions } from "./transactions.ts";
import {
  type ClientOfResolver,
  DEFAULT_MAX_PENDING,
  type DnsTrackerCounters,
  type DnsTrackerOptions,
} from "./types.ts";

const NS_PER_MS = 1e6;
const NETBIOS_PORT = 137;
const TYPE_IXFR = 251;
const TYPE_AXFR = 252;

const NO_ANOMALIES: readonly string[] = [];

/**
 * Turns packets into transactions or messages.
 *
 * A query is given up `timeoutMs` after it was *first* sent: a program that repeats itself for ever is still reported.
 * Time is that of the packets and of {@linkcode tick}; both only say "everything before this has been handed in".
 */
export class DnsTracker {
  /** To be told who resolves what through libc. */
  readonly lookups = new NameServiceLookups();
  readonly #options: DnsTrackerOptions;
  readonly #timeoutNs: number;
  readonly #arrival = new Arrival(crypto.getRandomValues(new Int32Array(1))[0] as number);
  readonly #losses = new Losses();
  readonly #chain: ResolverChain;
  readonly #reporter: Reporter;
  readonly #transactions: Transactions;
  readonly #streams = new TcpStreams({
    onMessage: (packet, bytes, anomalies) => this.#accept(packet, bytes, bytes.length, anomalies),
    onLoss: (packet) => this.#losses.streamsNs = Math.max(this.#losses.streamsNs, packet.tsNs),
  });
  readonly #rawSockets = new RawSockets();
  readonly #counters = {
    packets: 0,
    queries: 0,
    responses: 0,
    duplicateViews: 0,
    retransmissions: 0,
    duplicateResponses: 0,
    extendedResponses: 0,
    rejected: 0,
    malformed: 0,
  };

  /**
   * Starts with nothing known.
   *
   * @param options see {@linkcode DnsTrackerOptions}
   */
  constructor(options: DnsTrackerOptions) {
    this.#options = options;
    this.#timeoutNs = options.timeoutMs * NS_PER_MS;
    this.#chain = new ResolverChain(options.parentOf);
    this.#reporter = new Reporter(options, this.#chain, this.#losses, this.#timeoutNs);
    const maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
    this.#transactions = new Transactions(this.#timeoutNs, maxPending, this.#reporter, this.#chain, this.#losses);
  }

  /** What was counted so far. */
  get counters(): DnsTrackerCounters {
    const { evicted, pending } = this.#transactions;
    return { ...this.#counters, evicted, pending, tcp: this.#streams.counters };
  }

  /**
   * Takes a packet. Packets come in the order in which they were captured.
   *
   * @param packet not kept: what is needed later is copied
   */
  packet(packet: CapturedPacket): void {
    this.#counters.packets++;
    this.tick(packet.tsNs);
    const { sourcePort, destinationPort } = packet;
    const { ports } = this.#options;
    const isOtherPort = ports !== undefined && !ports.has(sourcePort) && !ports.has(destinationPort);
    // NetBIOS name service has a header of the same shape (RFC 1002 section 4.2.1), and is not DNS; unless the other port
    // is one of DNS, or the user asked for this one: a query does not vanish by the port it is sent from.
    const isNetbios = (sourcePort === NETBIOS_PORT || destinationPort === NETBIOS_PORT) && ports === undefined &&
      !isDnsPort(sourcePort) && !isDnsPort(destinationPort);
    if (isOtherPort || isNetbios) this.#counters.rejected++;
    else if (packet.transport === "tcp") this.#streams.segment(packet);
    else this.#accept(packet, packet.payload, packet.payloadSize, NO_ANOMALIES);
  }

  /**
   * Gives up what is overdue.
   *
   * @param nowNs every packet before this time has been handed in, ns in the clock of the packets
   */
  tick(nowNs: number): void {
    if (nowNs >= this.#streams.wakeNs) this.#streams.tick(nowNs);
    this.#transactions.expire(nowNs);
  }

  /**
   * Reports everything that still waits: unanswered queries as `timeout`. To be called once, at the end.
   *
   * @param nowNs time of the end, ns in the clock of the packets
   */
  flush(nowNs: number): void {
    this.#streams.flush();
    this.tick(nowNs);
    this.#transactions.flush(nowNs);
  }

  /**
   * Packets were lost before this moment: an answer missing now, or a query not seen, proves nothing.
   *
   * @param nowNs when the loss was noticed, ns in the clock of the packets
   */
  noteLoss(nowNs: number): void {
    this.#losses.eventsNs = Math.max(this.#losses.eventsNs, nowNs);
  }

  /** Takes one message, whole or as much of it as there is. */
  #accept(packet: CapturedPacket, payload: Uint8Array, size: number, anomalies: readonly string[]): void {
    const at = this.#arrival;
    at.set(packet, payload, size, anomalies, this.#options.ports !== undefined);
    // The connection ended within an answer: whoever asked has none.
    if (at.message.isResponse && anomalies.includes("tcp-incomplete")) this.#counters.malformed++;
    else if (at.isShort) {
      if (at.isKnownPort) this.#malformed(at);
      else this.#counters.rejected++;
    } else if (!at.message.isResponse) this.#query(at);
    else if (at.isMdnsPort && at.key.isToGroup) this.#announcement(at);
    else this.#response(at);
  }

  /** A query: a new transaction, the second view of one, or one sent again. */
  #query(at: Arrival): void {
    const { index } = this.#transactions;
    const cookie = at.packet.socketCookie;
    const entry = at.isEgress ? index.sentBefore(at.key, cookie) : index.arrived(at.key, cookie);
    const heard = entry === undefined && at.isEgress && at.key.isToGroup ? index.heardBefore(at.key) : undefined;
    if (heard !== undefined) {
      this.#send(heard, at);
      // It is shown as it was sent.
      at.storeIn(heard);
      this.#counters.duplicateViews++;
      return;
    }
    if (entry === undefined) {
      if (at.isKnownPort || scoreDns(at.payload) >= LOOKS_LIKE_DNS) this.#newQuery(at);
      else this.#counters.rejected++;
      return;
    }
    const sends = entry.sends;
    if (at.isEgress) entry.queryEgress++;
    else this.#arrive(entry, at);
    if (entry.sends === sends) {
      this.#counters.duplicateViews++;
      return;
    }
    this.#counters.queries++;
    this.#counters.retransmissions++;
    this.#resolverHears(entry, at);
    this.#tell(entry, at);
  }

  /** Opens a transaction. */
  #newQuery(at: Arrival): void {
    const transactions = this.#transactions;
    const entry = transactions.open(at);
    if (at.isEgress) this.#send(entry, at);
    else this.#arrive(entry, at);
    if (entry.isToGroup) transactions.openToGroup(entry);
    if (entry.isTcp) transactions.joinRetry(entry);
    this.#counters.queries++;
    this.#tell(entry, at);
  }

  /** Notes that the query of a transaction left a socket. */
  #send(entry: Entry, at: Arrival): void {
    entry.clientCookie = at.packet.socketCookie;
    entry.queryEgress = 1;
    entry.client = at.owner;
    entry.clientIsLocal = at.isLocal;
    if (entry.client === undefined) return;
    entry.onBehalfOf = this.#chain.resolverAsks(entry);
    if (entry.onBehalfOf === undefined && !this.lookups.isEmpty) {
      entry.onBehalfOf = this.#waitingFor(entry, entry.client);
    }
  }

  /** Who waits for what a name service of this host asks now. */
  #waitingFor(entry: Entry, client: PacketOwner): ClientOfResolver | undefined {
    if (this.#options.isNameService?.(client, entry.firstNs) !== true) return undefined;
    const name = entry.query.toSeen().message.questions[0]?.name;
    return name === undefined ? undefined : this.lookups.find(name, client, entry.firstNs);
  }

  /** Notes that the query of a transaction reached a socket. */
  #arrive(entry: Entry, at: Arrival): void {
    const cookie = at.packet.socketCookie;
    if (this.#rawSockets.isCopy(entry, cookie)) return;
    if (entry.serverCookie !== -1 && entry.serverCookie !== cookie) return;
    entry.serverCookie = cookie;
    entry.queryIngress++;
    // Who hears a query to a group need not be who answers it.
    if (entry.isToGroup || !at.isLocal) return;
    entry.serverIsLocal = true;
    entry.server ??= at.owner;
    if (entry.server !== undefined && entry.state === ENTRY_STATE.open) this.#chain.clientAsks(entry);
  }

  /** A response: the answer to an open query, the second view of one, a repeated one, or one nobody asked for. */
  #response(at: Arrival): void {
    const entry = this.#transactions.findAsked(at);
    if (entry === undefined) {
      if (at.isKnownPort) this.#unsolicited(at);
      else this.#counters.rejected++;
      return;
    }
    if (!seeResponse(entry, at)) {
      this.#counters.duplicateViews++;
      return;
    }
    this.#counters.responses++;
    if (entry.state === ENTRY_STATE.open) this.#answer(entry, at);
    else this.#answerAgain(entry, at);
  }

  /** Joins a response to its open query. */
  #answer(entry: Entry, at: Arrival): void {
    entry.responseDigest = at.digest;
    this.#resolverHears(entry, at);
    const response = at.look(entry.query.protocol);
    this.#reporter.message(entry, response, true);
    const isHeld = at.message.isTruncated && !entry.isTcp && response.protocol !== "mdns" &&
      !this.#reporter.wantsMessages;
    if (isHeld) this.#transactions.hold(entry, response);
    else this.#transactions.answer(entry, response);
  }

  /** A further response to a query that has one, or that was given up. */
  #answerAgain(entry: Entry, at: Arrival): void {
    const { questionType } = entry;
    if (entry.isUnsolicited) this.#reportUnsolicited(entry, at, undefined);
    else if (entry.hasGivenUp) this.#reportUnsolicited(entry, at, REASON.late);
    else if (entry.isTcp && (questionType === TYPE_AXFR || questionType === TYPE_IXFR)) {
      this.#counters.extendedResponses++;
      this.#transactions.refresh(entry, at.packet.tsNs);
      this.#tell(entry, at);
    } else if (entry.responses <= entry.sends || at.digest === entry.responseDigest) {
      this.#counters.duplicateResponses++;
      this.#tell(entry, at);
    } else this.#reportUnsolicited(entry, at, REASON.answered);
  }

  /** A response to nothing that is known of. */
  #unsolicited(at: Arrival): void {
    const asked = at.isEgress ? undefined : this.#transactions.index.askedElsewhere(at.key, at.packet.socketCookie);
    if (asked !== undefined) asked.answeredElsewhere = true;
    const entry = this.#transactions.remember(at.key, at.packet.tsNs);
    entry.isUnsolicited = true;
    seeResponse(entry, at);
    this.#counters.responses++;
    // An upstream answer whose query was not seen is still a sign that a resolver asked.
    if (this.#chain.asksUpstream(entry.client, at.packet.tsNs)) {
      this.#chain.resolverHears(entry.client, at.look().message, at.packet.tsNs);
    }
    this.#reportUnsolicited(entry, at, asked === undefined ? undefined : REASON.elsewhere);
  }

  /** Reports a response nobody asked for, or none that is known of. */
  #reportUnsolicited(entry: Entry, at: Arrival, reason: string | undefined): void {
    const response = at.look();
    this.#reporter.message(entry, response, true);
    const since = at.packet.tsNs - this.#timeoutNs;
    const evicted = this.#losses.evictedNs >= since ? REASON.full : undefined;
    const unknown = reason === undefined ? this.#losses.since(since, entry.isTcp) ?? evicted : undefined;
    this.#reporter.transaction(entry, {
      status: unknown === undefined ? "unsolicited" : "unknown",
      statusReason: reason ?? unknown,
      response,
    });
  }

  /** A multicast DNS response: it answers the open questions of others, or none. */
  #announcement(at: Arrival): void {
    const transactions = this.#transactions;
    const known = transactions.index.asked(at.key, at.packet.socketCookie, at.isEgress);
    const entry = known?.isUnsolicited === true ? known : transactions.remember(at.key, at.packet.tsNs);
    entry.isUnsolicited = true;
    if (!seeResponse(entry, at)) {
      this.#counters.duplicateViews++;
      return;
    }
    this.#counters.responses++;
    const response = at.look("mdns");
    const answered = transactions.groups.answeredBy(response.message, response.network.source.ip);
    this.#reporter.message(answered[0] ?? entry, response, true);
    if (answered.length === 0) this.#reporter.transaction(entry, { status: "unsolicited", response });
    for (const query of answered) {
      query.server = entry.server;
      query.serverIsLocal = entry.serverIsLocal;
      transactions.answer(query, response);
    }
  }

  /** A message on a port of DNS that has not even a header: reported by itself, joined to nothing. */
  #malformed(at: Arrival): void {
    const { index } = this.#transactions;
    const { isEgress, key } = at;
    const { isResponse } = at.message;
    const known = isEgress ? undefined : index.arrived(key, at.packet.socketCookie);
    const entry = known ?? this.#transactions.remember(key, at.packet.tsNs);
    const sends = entry.sends;
    if (isEgress) entry.queryEgress++;
    else this.#arrive(entry, at);
    if (entry.sends === sends) {
      this.#counters.duplicateViews++;
      return;
    }
    this.#counters.malformed++;
    const isAtClient = isEgress !== isResponse;
    entry.clientIsLocal = isAtClient && at.isLocal;
    entry.serverIsLocal = !isAtClient && at.isLocal;
    entry.client = isAtClient ? at.owner : undefined;
    entry.server = isAtClient ? undefined : at.owner;
    const seen = at.look();
    this.#reporter.message(entry, seen, isResponse);
    if (!isResponse) at.storeIn(entry);
    const response = isResponse ? seen : undefined;
    this.#reporter.transaction(entry, { status: "unknown", statusReason: REASON.short, response });
    entry.hasQuery = false;
  }

  /** Notes that a resolver deals with a question: it was answered upstream, or asks once more. */
  #resolverHears(entry: Entry, at: Arrival): void {
    if (!entry.hasQuery || !this.#chain.asksUpstream(entry.client, at.packet.tsNs)) return;
    this.#chain.resolverHears(entry.client, entry.query.toSeen().message, at.packet.tsNs);
  }

  /** Reports the message at hand, if messages are wanted. */
  #tell(entry: Entry, at: Arrival): void {
    if (this.#reporter.wantsMessages) this.#reporter.message(entry, at.look(), at.message.isResponse);
  }
}
