/**
 * The transactions a tracker knows: found by hash in constant time, ordered by time, nothing allocated but the entries.
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import { ANY_ADDRESS, type TransactionKey } from "./key.ts";
import type { Resolver } from "./resolvers.ts";
import { type Seen, SLOT_OCTETS, StoredQuery } from "./seen.ts";
import type { ClientOfResolver } from "./types.ts";

/** Where a transaction stands. */
export const ENTRY_STATE = {
  /** Waits for its response. */
  open: 0,
  /** Has a truncated response and waits for the retry over TCP. */
  held: 1,
  /** Was reported; kept a while to recognise what belongs to it. */
  done: 2,
} as const;

/** One of the numbers in {@linkcode ENTRY_STATE}. */
export type EntryState = typeof ENTRY_STATE[keyof typeof ENTRY_STATE];

/** A transaction in the table. Entries are used again: see {@linkcode StoredQuery}. */
export class Entry implements TransactionKey {
  state: EntryState = ENTRY_STATE.open;
  clientAddress = "";
  clientPort = 0;
  serverAddress = "";
  serverPort = 0;
  isTcp = false;
  id = 0;
  hasQuestion = false;
  questionHash = 0;
  questionType = 0;
  loopbackNetns = 0;
  idHash = 0;
  hash = 0;

  /** First query, or the response where there was none, ns. */
  firstNs = 0;
  /** When it was reported, ns. */
  doneNs = 0;
  readonly query: StoredQuery;
  /** There is something in {@linkcode query}: until it is reported, if there was a query. */
  hasQuery = false;
  /** Only while held. */
  response: Seen | undefined;
  client: PacketOwner | undefined;
  server: PacketOwner | undefined;
  clientIsLocal = false;
  serverIsLocal = false;
  /** Cookies of the sockets the query left and reached, and that the response reached; -1 while unknown. */
  clientCookie = -1;
  serverCookie = -1;
  responseCookie = -1;
  /** Views of each message at the socket it left (egress) and at the first one it reached (ingress). */
  queryEgress = 0;
  queryIngress = 0;
  responseEgress = 0;
  responseIngress = 0;
  responseDigest = 0;
  /** Was made by a response that nobody asked for. */
  isUnsolicited = false;
  /** Was given up, so that a response comes too late. */
  hasGivenUp = false;
  /** Another server than was asked answered the same question to the same socket. */
  answeredElsewhere = false;
  tcpRetry = false;
  onBehalfOf: ClientOfResolver | undefined;
  /** The resolver of this host at which it is open, and its neighbours in the list of such. */
  openAt: Resolver | undefined;
  openOlder: Entry | undefined;
  openNewer: Entry | undefined;
  /** Keys under which its questions are listed, where it was sent to a group. */
  groupKeys: readonly string[] | undefined;

  /** Neighbours in time; among unused entries, the next one. */
  older: Entry | undefined;
  newer: Entry | undefined;
  /** Neighbours in the bucket of {@linkcode hash}. */
  hashNext: Entry | undefined;
  hashPrevious: Entry | undefined;
  /** Neighbours in the bucket of {@linkcode idHash}. */
  idNext: Entry | undefined;
  idPrevious: Entry | undefined;

  /**
   * Starts with nothing.
   *
   * @param query where its query will be kept
   */
  constructor(query: StoredQuery) {
    this.query = query;
  }

  /** Takes a key. */
  setKey(key: TransactionKey): void {
    this.clientAddress = key.clientAddress;
    this.clientPort = key.clientPort;
    this.serverAddress = key.serverAddress;
    this.serverPort = key.serverPort;
    this.isTcp = key.isTcp;
    this.id = key.id;
    this.hasQuestion = key.hasQuestion;
    this.questionHash = key.questionHash;
    this.questionType = key.questionType;
    this.idHash = key.idHash;
    this.loopbackNetns = key.loopbackNetns;
    this.hash = key.hash;
  }

  /** Begins a transaction. */
  begin(key: TransactionKey, firstNs: number): void {
    this.state = ENTRY_STATE.open;
    this.setKey(key);
    this.firstNs = firstNs;
    this.clientIsLocal = this.serverIsLocal = false;
    this.clientCookie = this.serverCookie = this.responseCookie = -1;
    this.queryEgress =
      this.queryIngress =
      this.responseEgress =
      this.responseIngress =
        0;
    this.isUnsolicited =
      this.hasGivenUp =
      this.answeredElsewhere =
      this.tcpRetry =
        false;
  }

  /** Lets go of everything that belongs to the transaction. */
  end(): void {
    this.hasQuery = false;
    this.query.clear();
    this.response = undefined;
    this.client = this.server = undefined;
    this.onBehalfOf = undefined;
  }

  /** The query went to a group of hosts. */
  get isToGroup(): boolean {
    return this.serverAddress === ANY_ADDRESS;
  }

  /** How often the query was sent: the second view of a sending is none. */
  get sends(): number {
    return Math.max(this.queryEgress, this.queryIngress);
  }

  /** How often a response was sent. */
  get responses(): number {
    return Math.max(this.responseEgress, this.responseIngress);
  }

  /** Whether a message with this key belongs to the same two ends with the same id. */
  sameEnds(key: TransactionKey): boolean {
    return this.idHash === key.idHash && this.id === key.id && this.clientPort === key.clientPort &&
      this.serverPort === key.serverPort && this.isTcp === key.isTcp && this.loopbackNetns === key.loopbackNetns &&
      this.clientAddress === key.clientAddress && this.serverAddress === key.serverAddress;
  }

  /** Whether a message with this key has the same client, id and question, and another server. */
  sameBesidesServer(key: TransactionKey): boolean {
    return this.idHash === key.idHash && this.id === key.id && this.clientPort === key.clientPort &&
      this.isTcp === key.isTcp && this.questionHash === key.questionHash && this.hasQuestion && key.hasQuestion &&
      this.clientAddress === key.clientAddress && !this.isToGroup &&
      (this.serverPort !== key.serverPort || this.serverAddress !== key.serverAddress);
  }

  /** Whether a message with this key has the same ends, id and question. */
  sameQuestion(key: TransactionKey): boolean {
    return this.hash === key.hash && this.questionHash === key.questionHash && this.hasQuestion === key.hasQuestion &&
      this.sameEnds(key);
  }
}

/** Entries in order of time. */
export class EntryList {
  oldest: Entry | undefined;
  newest: Entry | undefined;
  size = 0;

  /** Appends an entry that is in no list. */
  push(entry: Entry): void {
    entry.older = this.newest;
    entry.newer = undefined;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
    this.size++;
  }

  /** Takes out an entry that is in this list. */
  remove(entry: Entry): void {
    if (entry.older === undefined) this.oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
    this.size--;
  }
}

/** Entries whose slots are allocated together. */
const BLOCK_ENTRIES = 1024;

/** Entries that are not used now. It grows with what is needed at once, and never shrinks. */
export class EntryPool {
  #unused: Entry | undefined;

  /** An entry for a new transaction. */
  take(key: TransactionKey, firstNs: number): Entry {
    if (this.#unused === undefined) this.#grow();
    const entry = this.#unused as Entry;
    this.#unused = entry.older;
    entry.older = undefined;
    entry.begin(key, firstNs);
    return entry;
  }

  /** Takes back an entry that is in no list and no index. */
  give(entry: Entry): void {
    entry.end();
    entry.older = this.#unused;
    this.#unused = entry;
  }

  #grow(): void {
    const slots = new Uint8Array(BLOCK_ENTRIES * SLOT_OCTETS);
    for (let index = BLOCK_ENTRIES - 1; index >= 0; index--) {
      const entry = new Entry(new StoredQuery(slots, index * SLOT_OCTETS));
      entry.older = this.#unused;
      this.#unused = entry;
    }
  }
}
