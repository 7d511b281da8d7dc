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
import type { DnsInfo } from "../events.ts";
import { addressWord, formatAddress, isGroupAddress, isLoopbackAddress } from "../net/address.ts";
import { mix } from "../net/mix.ts";
import { digest, HEADER_OCTETS, MessageKey } from "./question.ts";
import { PayloadArena, Seen } from "./seen.ts";
import { TcpStreams } from "../net/stream.ts";
import { ANY_ADDRESS, Entry, ENTRY_STATE, EntryIndex, type EntryKey, EntryList } from "./table.ts";
import {
  DEFAULT_MAX_PENDING,
  type DnsTrackerCounters,
  type DnsTrackerOptions,
  type DnsTransaction,
  type TrackedMessage,
} from "./types.ts";

const NS_PER_MS = 1e6;

/** Reported transactions that are remembered, to recognise second views, repeated and late responses. */
const DONE_MAX = 8192;

/** How long they are remembered, ns. */
const DONE_NS = 5000 * NS_PER_MS;

/** A client asks again over TCP as soon as it has read the truncated answer: a round trip and its own delays, ns. */
const HOLD_NS = 1000 * NS_PER_MS;

/** Octets of all waiting queries together; ordinary ones take 2 MiB at most. */
const PENDING_OCTETS_MAX = 16_777_216;

/** Entries looked at for one message. Only sockets that share port, peer, id and question make more than two. */
const WALK_MAX = 64;

/** Remembered transactions with the same key: more would only slow the search. */
const SAME_KEY_MAX = 4;

const NETBIOS_PORT = 137;
const TYPE_IXFR = 251;
const TYPE_AXFR = 252;

const REASON_FULL = "transaction table full";
const REASON_LOST = "events were lost";

const NO_ANOMALIES: readonly string[] = [];

/** Whether a port is one of DNS (53), mDNS (5353) and LLMNR (5355). */
function isDnsPort(port: number): boolean {
  return port === 53 || port === 5353 || port === 5355;
}

/**
 * Turns packets into transactions or messages.
 *
 * A query is given up `timeoutMs` after it was *first* sent: a program that repeats itself for ever is still reported.
 * Time is that of the packets and of {@linkcode tick}; both only say "everything before this has been handed in".
 */
export class DnsTracker {
  readonly #options: DnsTrackerOptions;
  readonly #timeoutNs: number;
  readonly #holdNs: number;
  readonly #maxPending: number;
  readonly #seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  readonly #message = new MessageKey(this.#seed);
  readonly #key: EntryKey = {
    clientAddress: "",
    clientPort: 0,
    serverAddress: "",
    serverPort: 0,
    isTcp: false,
    id: 0,
    hasQuestion: false,
    questionHash: 0,
    questionType: 0,
    idHash: 0,
    hash: 0,
  };
  readonly #arena = new PayloadArena();
  readonly #streams = new TcpStreams({
    onMessage: (packet, bytes, anomalies) => this.#accept(packet, bytes, bytes.length, anomalies),
    onLoss: (packet) => this.#lostStreamNs = Math.max(this.#lostStreamNs, packet.tsNs),
  });
  readonly #index: EntryIndex;
  readonly #open = new EntryList();
  readonly #held = new EntryList();
  readonly #done = new EntryList();
  /** Held entries by question and client. */
  readonly #retries = new Map<number, Entry[]>();
  #pendingOctets = 0;
  #lostNs = -Infinity;
  #lostStreamNs = -Infinity;
  #evictedNs = -Infinity;
  readonly #counters: DnsTrackerCounters = {
    packets: 0,
    queries: 0,
    responses: 0,
    duplicateViews: 0,
    retransmissions: 0,
    duplicateResponses: 0,
    extendedResponses: 0,
    rejected: 0,
    malformed: 0,
    evicted: 0,
    pending: 0,
  };

  /** @param options see {@linkcode DnsTrackerOptions} */
  constructor(options: DnsTrackerOptions) {
    this.#options = options;
    this.#timeoutNs = options.timeoutMs * NS_PER_MS;
    this.#holdNs = Math.min(HOLD_NS, this.#timeoutNs);
    this.#maxPending = options.maxPending ?? DEFAULT_MAX_PENDING;
    this.#index = new EntryIndex(this.#maxPending + DONE_MAX);
  }

  /** What was counted so far. */
  get counters(): Readonly<DnsTrackerCounters> {
    this.#counters.pending = this.#open.size + this.#held.size;
    return this.#counters;
  }

  /**
   * Takes a packet. Packets come in the order in which they were captured.
   *
   * @param packet not kept: what is needed later is copied
   */
  packet(packet: CapturedPacket): void {
    this.#counters.packets++;
    this.tick(packet.tsNs);
    const ports = this.#options.ports;
    if (ports !== undefined && !ports.has(packet.sourcePort) && !ports.has(packet.destinationPort)) {
      this.#counters.rejected++;
      return;
    }
    if (packet.transport === "tcp") this.#streams.segment(packet);
    else this.#accept(packet, packet.payload, packet.payloadSize, NO_ANOMALIES);
  }

  /**
   * Gives up what is overdue.
   *
   * @param nowNs every packet before this time has been handed in, ns in the clock of the packets
   */
  tick(nowNs: number): void {
    if (nowNs >= this.#streams.wakeNs) this.#streams.tick(nowNs);
    this.#expire(nowNs);
  }

  /**
   * Reports everything that still waits: unanswered queries as `timeout`. To be called once, at the end.
   *
   * @param nowNs time of the end, ns in the clock of the packets
   */
  flush(nowNs: number): void {
    this.#streams.flush();
    this.tick(nowNs);
    for (let entry = this.#held.oldest; entry !== undefined; entry = this.#held.oldest) this.#finishHeld(entry);
    for (let entry = this.#open.oldest; entry !== undefined; entry = this.#open.oldest) {
      this.#giveUp(entry, nowNs, "capture ended before the timeout");
    }
  }

  /**
   * Packets were lost before this moment: an answer missing now, or a query not seen, proves nothing.
   *
   * @param nowNs when the loss was noticed, ns in the clock of the packets
   */
  noteLoss(nowNs: number): void {
    this.#lostNs = Math.max(this.#lostNs, nowNs);
  }

  /** Takes one message, whole or as much of it as there is. */
  #accept(packet: CapturedPacket, payload: Uint8Array, size: number, anomalies: readonly string[]): void {
    const { sourcePort, destinationPort } = packet;
    const isKnown = this.#options.ports !== undefined || isDnsPort(sourcePort) || isDnsPort(destinationPort);
    if (sourcePort === NETBIOS_PORT || destinationPort === NETBIOS_PORT) {
      this.#counters.rejected++;
      return;
    }
    if (payload.length < HEADER_OCTETS) {
      if (isKnown) this.#malformed(packet, payload, size, anomalies);
      else this.#counters.rejected++;
      return;
    }
    const isMdnsPort = sourcePort === 5353 || destinationPort === 5353;
    const message = this.#message;
    message.read(payload, isMdnsPort ? 0x7fff : 0xffff);
    this.#readKey(packet, message);
    if (message.isResponse) this.#response(packet, payload, size, anomalies, isKnown);
    else this.#query(packet, payload, size, anomalies, isKnown);
  }

  /** Says who asked whom, from either message of a transaction. */
  #readKey(packet: CapturedPacket, message: MessageKey): void {
    const { sourceAddress, destinationAddress } = packet;
    const key = this.#key;
    const isGroup = isGroupAddress(destinationAddress);
    const fromClient = !message.isResponse;
    const clientBytes = fromClient ? sourceAddress : destinationAddress;
    const serverBytes = fromClient ? destinationAddress : sourceAddress;
    key.clientAddress = formatAddress(clientBytes);
    key.clientPort = fromClient ? packet.sourcePort : packet.destinationPort;
    key.serverPort = fromClient ? packet.destinationPort : packet.sourcePort;
    key.isTcp = packet.transport === "tcp";
    key.id = message.id;
    key.hasQuestion = message.hasQuestion;
    key.questionHash = message.questionHash;
    key.questionType = message.questionType;
    let hash = mix(this.#seed, addressHash(clientBytes));
    hash = mix(hash, key.clientPort << 16 | key.serverPort);
    hash = mix(hash, message.id << 5 | message.opcode << 1 | (key.isTcp ? 1 : 0));
    // The same loopback addresses are used in every namespace, and never lead from one to another.
    if (isLoopbackAddress(serverBytes)) hash = mix(hash, packet.netns);
    if (fromClient && isGroup) key.serverAddress = ANY_ADDRESS;
    else {
      key.serverAddress = formatAddress(serverBytes);
      hash = mix(hash, addressHash(serverBytes));
    }
    key.idHash = hash;
    key.hash = mix(hash, message.questionHash);
  }

  /** A query: a new transaction, the second view of one, or one sent again. */
  #query(
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
    isKnown: boolean,
  ): void {
    const isEgress = packet.direction === "egress";
    const known = isEgress ? this.#findSent(packet.socketCookie) : this.#findArrived(packet.socketCookie);
    if (known === undefined) {
      if (!isKnown && scoreDns(payload) < LOOKS_LIKE_DNS) {
        this.#counters.rejected++;
        return;
      }
      this.#newQuery(packet, payload, size, anomalies);
      return;
    }
    const before = known.sends;
    if (isEgress) known.queryEgress++;
    else this.#arrive(known, packet);
    if (known.sends === before) {
      this.#counters.duplicateViews++;
      return;
    }
    this.#counters.queries++;
    this.#counters.retransmissions++;
    this.#report(known, packet, payload, size, anomalies, false);
  }

  /** The open transaction of this socket with the same key. */
  #findSent(cookie: number): Entry | undefined {
    let steps = 0;
    for (let entry = this.#index.byHash(this.#key.hash); entry !== undefined; entry = entry.hashNext) {
      if (entry.state === ENTRY_STATE.open && entry.clientCookie === cookie && entry.sameQuestion(this.#key)) {
        return entry;
      }
      if (++steps === WALK_MAX) break;
    }
    return undefined;
  }

  /** The transaction whose query arrives at this socket: seen leaving before, or arriving here or elsewhere. */
  #findArrived(cookie: number): Entry | undefined {
    let fallback: Entry | undefined;
    let steps = 0;
    for (let entry = this.#index.byHash(this.#key.hash); entry !== undefined; entry = entry.hashNext) {
      if (!entry.isUnsolicited && entry.sameQuestion(this.#key)) {
        const isHere = entry.serverCookie === cookie;
        if (isHere || entry.serverCookie === -1) {
          if (entry.queryIngress < entry.queryEgress) return entry;
          if (isHere && entry.state === ENTRY_STATE.open) fallback ??= entry;
        } else {
          // Another socket got a copy of the same query.
          fallback ??= entry;
        }
      }
      if (++steps === WALK_MAX) break;
    }
    return fallback;
  }

  /** Notes that the query of a transaction reached a socket. */
  #arrive(entry: Entry, packet: CapturedPacket): void {
    if (entry.serverCookie !== -1 && entry.serverCookie !== packet.socketCookie) return;
    entry.serverCookie = packet.socketCookie;
    entry.queryIngress++;
    // Who hears a query to a group need not be who answers it.
    if (entry.serverAddress === ANY_ADDRESS || !isLocalView(packet)) return;
    entry.serverIsLocal = true;
    entry.server ??= packet.owner;
  }

  /** Opens a transaction. */
  #newQuery(packet: CapturedPacket, payload: Uint8Array, size: number, anomalies: readonly string[]): void {
    this.#makeRoom(packet.tsNs);
    const entry = this.#add(packet.tsNs, this.#open);
    this.#arena.store(payload);
    const protocol = protocolOf(packet, this.#message);
    entry.query = new Seen(
      packet,
      protocol,
      this.#arena.chunk,
      this.#arena.offset,
      payload.length,
      size,
      anomalies,
    );
    this.#pendingOctets += payload.length;
    if (packet.direction === "egress") {
      entry.clientCookie = packet.socketCookie;
      entry.queryEgress = 1;
      entry.client = packet.owner;
      entry.clientIsLocal = isLocalView(packet);
      if (entry.isTcp && this.#retries.size > 0) this.#joinRetry(entry);
    } else {
      this.#arrive(entry, packet);
      if (entry.isTcp && this.#retries.size > 0) this.#joinRetry(entry);
    }
    this.#counters.queries++;
    if (this.#options.messages) this.#tell({ seen: entry.query, isResponse: false }, entry);
  }

  /** A response: the answer to an open query, the second view of one, a repeated one, or one nobody asked for. */
  #response(
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
    isKnown: boolean,
  ): void {
    const entry = this.#findAsked(packet) ?? this.#findAskedAnywhere(packet);
    if (entry === undefined) {
      if (!isKnown) {
        this.#counters.rejected++;
        return;
      }
      this.#unsolicited(packet, payload, size, anomalies, undefined, undefined);
      return;
    }
    const isEgress = packet.direction === "egress";
    const before = entry.responses;
    if (isEgress) {
      entry.responseEgress++;
      this.#knowServer(entry, packet);
    } else {
      const isElsewhere = entry.responseCookie !== -1 && entry.responseCookie !== packet.socketCookie;
      if (!isElsewhere) {
        entry.responseCookie = packet.socketCookie;
        entry.responseIngress++;
      }
      this.#knowClient(entry, packet);
    }
    if (entry.responses === before) {
      this.#counters.duplicateViews++;
      return;
    }
    if (entry.state === ENTRY_STATE.open) this.#answer(entry, packet, payload, size, anomalies);
    else this.#answerAgain(entry, packet, payload, size, anomalies);
  }

  /** The transaction a response belongs to, by its key. */
  #findAsked(packet: CapturedPacket): Entry | undefined {
    const key = this.#key;
    const first = this.#index.byHash(key.hash);
    const cookie = packet.socketCookie;
    let open: Entry | undefined;
    let openFits = false;
    let closed: Entry | undefined;
    let steps = 0;
    for (let entry = first; entry !== undefined; entry = entry.hashNext) {
      if (entry.sameQuestion(key)) {
        const fits = packet.direction === "egress"
          ? entry.serverCookie === cookie || entry.serverCookie <= 0
          : entry.clientCookie === cookie || entry.clientCookie <= 0;
        if (entry.state === ENTRY_STATE.open) {
          // Of several, the one of this socket; else the oldest.
          if (fits || !openFits) open = entry;
          openFits ||= fits;
        } else {
          // The second view of an answer that was seen leaving comes before anything else.
          if (packet.direction === "ingress" && entry.responseIngress < entry.responseEgress && fits) return entry;
          closed ??= entry;
        }
      }
      if (++steps === WALK_MAX) break;
    }
    return open ?? closed;
  }

  /** The transaction of a response that came without the question, or from one of a group of hosts. */
  #findAskedAnywhere(packet: CapturedPacket): Entry | undefined {
    const key = this.#key;
    let only: Entry | undefined;
    let steps = 0;
    for (let entry = this.#index.byId(key.idHash); entry !== undefined; entry = entry.idNext) {
      if (entry.sameEnds(key) && !(key.hasQuestion && entry.hasQuestion)) {
        if (entry.state !== ENTRY_STATE.open) {
          if (entry.responseIngress < entry.responseEgress && packet.direction === "ingress") return entry;
          only ??= entry;
        } else {
          // Two open queries with this id: there is no telling which one is meant.
          if (only !== undefined && only.state === ENTRY_STATE.open) return undefined;
          only = entry;
        }
      }
      if (++steps === WALK_MAX) break;
    }
    return only;
  }

  /** Notes who sent a response. */
  #knowServer(entry: Entry, packet: CapturedPacket): void {
    if (!isLocalView(packet)) return;
    entry.serverIsLocal = true;
    // Who sends the answer is a better witness than who opened the socket the query reached.
    if (packet.owner !== undefined && packet.owner.kind !== 0) entry.server = packet.owner;
    if (entry.serverCookie === -1) entry.serverCookie = packet.socketCookie;
  }

  /** Notes who got a response. */
  #knowClient(entry: Entry, packet: CapturedPacket): void {
    if (!isLocalView(packet) || isGroupAddress(packet.destinationAddress)) return;
    entry.clientIsLocal = true;
    entry.client ??= packet.owner;
  }

  /** Joins a response to its open query. */
  #answer(
    entry: Entry,
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
  ): void {
    this.#counters.responses++;
    entry.responseDigest = digest(payload);
    const protocol = (entry.query as Seen).protocol;
    if (this.#options.messages) {
      const seen = new Seen(packet, protocol, payload, 0, payload.length, size, anomalies);
      this.#tell({ seen, isResponse: true, latencyUs: latencyUs(entry, packet.tsNs) }, entry);
    }
    if (this.#message.isTruncated && !entry.isTcp && protocol !== "mdns" && !this.#options.messages) {
      this.#arena.store(payload);
      const { chunk, offset } = this.#arena;
      entry.response = new Seen(packet, protocol, chunk, offset, payload.length, size, anomalies);
      this.#hold(entry);
      return;
    }
    if (!this.#options.messages) {
      const response = new Seen(packet, protocol, payload, 0, payload.length, size, anomalies);
      this.#emit(entry, { status: "answered", response });
    }
    this.#close(entry, packet.tsNs);
  }

  /** A further response to a query that has one, or that was given up. */
  #answerAgain(
    entry: Entry,
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
  ): void {
    if (entry.isUnsolicited) {
      this.#unsolicited(packet, payload, size, anomalies, entry, undefined);
      return;
    }
    const isTransfer = entry.questionType === TYPE_AXFR || entry.questionType === TYPE_IXFR;
    if (entry.isTcp && isTransfer && entry.gaveUp === undefined) {
      this.#counters.responses++;
      this.#counters.extendedResponses++;
      this.#done.remove(entry);
      entry.firstNs = packet.tsNs;
      this.#done.push(entry);
      this.#report(entry, packet, payload, size, anomalies, true);
      return;
    }
    if (entry.gaveUp === undefined && (entry.responses <= entry.sends || digest(payload) === entry.responseDigest)) {
      this.#counters.responses++;
      this.#counters.duplicateResponses++;
      this.#report(entry, packet, payload, size, anomalies, true);
      return;
    }
    this.#unsolicited(packet, payload, size, anomalies, entry, entry.gaveUp ?? "the query was already answered");
  }

  /** With `messages`: reports a message of a transaction that is not its first query or response. */
  #report(
    entry: Entry,
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
    isResponse: boolean,
  ): void {
    if (!this.#options.messages) return;
    const seen = new Seen(packet, protocolOf(packet, this.#message), payload, 0, payload.length, size, anomalies);
    this.#tell({ seen, isResponse }, entry);
  }

  /** Reports a response nobody asked for, or none that is known of. */
  #unsolicited(
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
    earlier: Entry | undefined,
    reason: string | undefined,
  ): void {
    this.#counters.responses++;
    const seen = new Seen(packet, protocolOf(packet, this.#message), payload, 0, payload.length, size, anomalies);
    const entry = earlier ?? this.#add(packet.tsNs, this.#done);
    if (earlier === undefined) {
      entry.state = ENTRY_STATE.done;
      entry.isUnsolicited = true;
      if (packet.direction === "egress") {
        entry.responseEgress = 1;
        this.#knowServer(entry, packet);
      } else {
        entry.responseIngress = 1;
        entry.responseCookie = packet.socketCookie;
        this.#knowClient(entry, packet);
      }
      this.#trimDone(packet.tsNs);
    }
    if (this.#options.messages) {
      this.#tell({ seen, isResponse: true }, entry);
      return;
    }
    const since = packet.tsNs - this.#timeoutNs;
    if (reason === undefined && (this.#lostNs >= since || this.#evictedNs >= since)) {
      const statusReason = this.#lostNs >= since ? REASON_LOST : REASON_FULL;
      this.#emit(entry, { status: "unknown", statusReason, response: seen });
    } else if (reason === undefined) this.#emit(entry, { status: "unsolicited", response: seen });
    else this.#emit(entry, { status: "unsolicited", statusReason: reason, response: seen });
  }

  /** A message on a port of DNS that has not even a header: reported by itself, joined to nothing. */
  #malformed(packet: CapturedPacket, payload: Uint8Array, size: number, anomalies: readonly string[]): void {
    const message = this.#message;
    message.id = 0;
    message.opcode = 0;
    // By its port: what comes from the port of a server is a response.
    message.isResponse = isDnsPort(packet.sourcePort) && !isDnsPort(packet.destinationPort);
    message.hasQuestion = false;
    message.questionHash = digest(payload);
    message.questionType = 0;
    message.isLocalName = false;
    this.#readKey(packet, message);
    let entry = this.#findArrived(packet.socketCookie);
    if (packet.direction === "ingress" && entry !== undefined) {
      const before = entry.sends;
      this.#arrive(entry, packet);
      if (entry.sends === before) {
        this.#counters.duplicateViews++;
        return;
      }
    }
    entry = this.#add(packet.tsNs, this.#done);
    entry.state = ENTRY_STATE.done;
    if (packet.direction === "egress") entry.queryEgress = 1;
    else this.#arrive(entry, packet);
    if (message.isResponse) {
      entry.serverIsLocal = packet.direction === "egress" && isLocalView(packet);
      entry.clientIsLocal = packet.direction === "ingress" && isLocalView(packet);
    } else {
      entry.serverIsLocal = packet.direction === "ingress" && isLocalView(packet);
      entry.clientIsLocal = packet.direction === "egress" && isLocalView(packet);
    }
    entry.server = entry.serverIsLocal ? packet.owner : undefined;
    entry.client = entry.clientIsLocal ? packet.owner : undefined;
    this.#trimDone(packet.tsNs);
    this.#counters.malformed++;
    const seen = new Seen(packet, protocolOf(packet, message), payload, 0, payload.length, size, anomalies);
    if (this.#options.messages) {
      this.#tell({ seen, isResponse: message.isResponse }, entry);
      return;
    }
    const statusReason = "shorter than a DNS header";
    if (message.isResponse) this.#emit(entry, { status: "unknown", statusReason, response: seen });
    else {
      entry.query = seen;
      this.#emit(entry, { status: "unknown", statusReason });
      entry.query = undefined;
    }
  }

  /** Adds an entry for the present key. */
  #add(tsNs: number, list: EntryList): Entry {
    const key = this.#key;
    let same = 0;
    let steps = 0;
    for (let entry = this.#index.byHash(key.hash); entry !== undefined;) {
      const next = entry.hashNext;
      if (entry.state === ENTRY_STATE.done && entry.sameQuestion(key) && ++same >= SAME_KEY_MAX) this.#forget(entry);
      if (++steps === WALK_MAX) break;
      entry = next;
    }
    const entry = new Entry(key);
    entry.firstNs = tsNs;
    list.push(entry);
    this.#index.add(entry);
    return entry;
  }

  /** Gives up the oldest queries until there is room for one more. */
  #makeRoom(nowNs: number): void {
    while (
      this.#open.size + this.#held.size >= this.#maxPending || this.#pendingOctets >= PENDING_OCTETS_MAX
    ) {
      const held = this.#held.oldest;
      const open = this.#open.oldest;
      if (held !== undefined && (open === undefined || held.firstNs <= open.firstNs)) {
        this.#finishHeld(held);
        continue;
      }
      if (open === undefined) return;
      this.#counters.evicted++;
      this.#evictedNs = nowNs;
      if (!this.#options.messages) this.#emit(open, { status: "unknown", statusReason: REASON_FULL });
      this.#release(open);
      this.#open.remove(open);
      this.#index.remove(open);
    }
  }

  /** Gives up, finishes and forgets what is due. */
  #expire(nowNs: number): void {
    for (let entry = this.#open.oldest; entry !== undefined; entry = this.#open.oldest) {
      if (nowNs - entry.firstNs < this.#timeoutNs) break;
      this.#giveUp(entry, nowNs, undefined);
    }
    for (let entry = this.#held.oldest; entry !== undefined; entry = this.#held.oldest) {
      if (nowNs - (entry.response as Seen).tsNs < this.#holdNs) break;
      this.#finishHeld(entry);
    }
  }

  /** Reports an open query that got no answer. */
  #giveUp(entry: Entry, nowNs: number, reason: string | undefined): void {
    entry.gaveUp = "came after the timeout";
    if (!this.#options.messages) {
      // The answer may be among what was lost: then there is no telling.
      if (this.#lostNs >= entry.firstNs) this.#emit(entry, { status: "unknown", statusReason: REASON_LOST });
      else if (reason === undefined) this.#emit(entry, { status: "timeout" });
      else this.#emit(entry, { status: "timeout", statusReason: reason });
    }
    this.#close(entry, nowNs);
  }

  /** Keeps a transaction with a truncated answer for its retry over TCP. */
  #hold(entry: Entry): void {
    this.#open.remove(entry);
    entry.state = ENTRY_STATE.held;
    this.#held.push(entry);
    const slot = retrySlot(entry);
    const others = this.#retries.get(slot);
    if (others === undefined) this.#retries.set(slot, [entry]);
    else others.push(entry);
  }

  /** Joins a query over TCP to the truncated answer that led to it. */
  #joinRetry(entry: Entry): void {
    const held = this.#retries.get(retrySlot(entry))?.find((other) =>
      other.questionHash === entry.questionHash && sameClient(other, entry)
    );
    if (held === undefined) return;
    entry.tcpRetry = true;
    held.tcpRetry = true;
    this.#finishHeld(held);
  }

  /** Reports a transaction with a truncated answer. */
  #finishHeld(entry: Entry): void {
    const slot = retrySlot(entry);
    const others = this.#retries.get(slot)?.filter((other) => other !== entry) ?? [];
    if (others.length === 0) this.#retries.delete(slot);
    else this.#retries.set(slot, others);
    const response = entry.response as Seen;
    this.#emit(entry, { status: "truncated", response });
    this.#close(entry, response.tsNs);
  }

  /** Lets a reported transaction be remembered for a while. */
  #close(entry: Entry, nowNs: number): void {
    (entry.state === ENTRY_STATE.open ? this.#open : this.#held).remove(entry);
    this.#release(entry);
    entry.state = ENTRY_STATE.done;
    this.#done.push(entry);
    this.#trimDone(nowNs);
  }

  /** Drops the octets an entry holds. */
  #release(entry: Entry): void {
    if (entry.query !== undefined) this.#pendingOctets -= entry.query.capturedBytes;
    entry.query = undefined;
    entry.response = undefined;
  }

  /** Forgets remembered transactions that are too old or too many. */
  #trimDone(nowNs: number): void {
    for (let entry = this.#done.oldest; entry !== undefined; entry = this.#done.oldest) {
      if (this.#done.size <= DONE_MAX && nowNs - entry.firstNs < this.#timeoutNs + DONE_NS) break;
      this.#forget(entry);
    }
  }

  /** Forgets a remembered transaction. */
  #forget(entry: Entry): void {
    this.#done.remove(entry);
    this.#index.remove(entry);
  }

  /** Reports a transaction. */
  #emit(entry: Entry, outcome: Pick<DnsTransaction, "status" | "statusReason" | "response">): void {
    if (this.#options.onTransaction === undefined || this.#options.messages) return;
    const transaction: DnsTransaction = {
      ...outcome,
      clientIsLocal: entry.clientIsLocal,
      serverIsLocal: entry.serverIsLocal,
      retransmissions: Math.max(0, entry.sends - 1),
      cache: false,
      tcpRetry: entry.tcpRetry,
    };
    if (entry.query !== undefined) {
      transaction.query = entry.query;
      if (outcome.response !== undefined) transaction.latencyUs = latencyUs(entry, outcome.response.tsNs);
    }
    if (entry.client !== undefined) transaction.client = entry.client;
    if (entry.server !== undefined) transaction.server = entry.server;
    if (entry.onBehalfOf !== undefined) transaction.onBehalfOf = entry.onBehalfOf;
    this.#options.onTransaction(transaction);
  }

  /** Reports a message, with what is known of its transaction. */
  #tell(message: TrackedMessage, entry: Entry): void {
    if (entry.client !== undefined) message.client = entry.client;
    if (entry.server !== undefined) message.server = entry.server;
    if (entry.onBehalfOf !== undefined) message.onBehalfOf = entry.onBehalfOf;
    this.#options.onMessage?.(message);
  }
}

/** A number for an address. */
function addressHash(bytes: Uint8Array): number {
  const first = addressWord(bytes, 0);
  if (bytes.length === 4) return first;
  return mix(mix(mix(first, addressWord(bytes, 4)), addressWord(bytes, 8)), addressWord(bytes, 12));
}

/** Whether the packet was seen at a socket or task of this host, rather than in a file. */
function isLocalView(packet: CapturedPacket): boolean {
  return packet.socketCookie !== 0 || packet.owner !== undefined;
}

/** First query to response, whole microseconds. */
function latencyUs(entry: Entry, responseNs: number): number {
  return Math.max(0, Math.round((responseNs - entry.firstNs) / 1000));
}

/**
 * What a message is by its ports. Port 5353 alone is not mDNS: any server may listen there, so it takes a group address,
 * port 5353 at both ends, or a name in `local.` (RFC 6762 sections 3, 5.5 and 11).
 */
function protocolOf(packet: CapturedPacket, message: MessageKey): DnsInfo["protocol"] {
  const { sourcePort, destinationPort } = packet;
  if (sourcePort === 5355 || destinationPort === 5355) return "llmnr";
  if (sourcePort !== 5353 && destinationPort !== 5353) return "dns";
  const isMdns = sourcePort === destinationPort || message.isLocalName || isGroupAddress(packet.destinationAddress);
  return isMdns ? "mdns" : "dns";
}

/** Where the retry of a truncated answer is looked for: by question and process, or by address where none is known. */
function retrySlot(entry: Entry): number {
  const owner = ownerOf(entry);
  if (owner !== undefined) return mix(mix(entry.questionHash, owner.tgid), owner.startTimeNs);
  let hash = entry.questionHash;
  for (let index = 0; index < entry.clientAddress.length; index++) {
    hash = mix(hash, entry.clientAddress.charCodeAt(index));
  }
  return hash;
}

/** Whether two transactions were begun by the same process, or address where none is known. */
function sameClient(one: Entry, other: Entry): boolean {
  const first = ownerOf(one);
  const second = ownerOf(other);
  if (first === undefined || second === undefined) {
    return first === second && one.clientAddress === other.clientAddress;
  }
  return first.tgid === second.tgid && first.startTimeNs === second.startTimeNs;
}

/** The asking process, where it is known. */
function ownerOf(entry: Entry): PacketOwner | undefined {
  return entry.client !== undefined && entry.client.kind !== 0 ? entry.client : undefined;
}
