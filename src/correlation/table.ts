/**
 * The transactions a tracker knows: found by hash in constant time, ordered by time, nothing allocated but the entries.
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import type { Seen } from "./seen.ts";
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

/** Stands for the address of whoever answers a query sent to a group of hosts. */
export const ANY_ADDRESS = "*";

/** Who asked whom what: what both messages of a transaction have in common. */
export interface EntryKey {
  clientAddress: string;
  clientPort: number;
  /** {@linkcode ANY_ADDRESS} where the query went to a group. */
  serverAddress: string;
  serverPort: number;
  isTcp: boolean;
  id: number;
  hasQuestion: boolean;
  questionHash: number;
  questionType: number;
  /** Of all of the above but the question. */
  idHash: number;
  /** Of all of the above. */
  hash: number;
}

/** A transaction in the table. */
export class Entry implements EntryKey {
  state: EntryState = ENTRY_STATE.open;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly isTcp: boolean;
  readonly id: number;
  readonly hasQuestion: boolean;
  readonly questionHash: number;
  readonly questionType: number;
  readonly idHash: number;
  readonly hash: number;

  /** First query, or the response where there was none, ns. */
  firstNs = 0;
  query: Seen | undefined;
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
  /** Why its response comes too late, where it was given up. */
  gaveUp: string | undefined;
  tcpRetry = false;
  onBehalfOf: ClientOfResolver | undefined;

  /** Neighbours in time. */
  older: Entry | undefined;
  newer: Entry | undefined;
  /** Neighbours in the bucket of {@linkcode hash}. */
  hashNext: Entry | undefined;
  hashPrevious: Entry | undefined;
  /** Neighbours in the bucket of {@linkcode idHash}. */
  idNext: Entry | undefined;
  idPrevious: Entry | undefined;

  /** @param key copied */
  constructor(key: EntryKey) {
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
    this.hash = key.hash;
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
  sameEnds(key: EntryKey): boolean {
    return this.idHash === key.idHash && this.id === key.id && this.clientPort === key.clientPort &&
      this.serverPort === key.serverPort && this.isTcp === key.isTcp && this.clientAddress === key.clientAddress &&
      this.serverAddress === key.serverAddress;
  }

  /** Whether a message with this key has the same ends, id and question. */
  sameQuestion(key: EntryKey): boolean {
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

/** Finds entries by their hashes. Buckets are chained through the entries, the newest first. */
export class EntryIndex {
  readonly #byHash: (Entry | undefined)[];
  readonly #byId: (Entry | undefined)[];
  readonly #mask: number;

  /** @param capacity entries it is made for; more only make it slower */
  constructor(capacity: number) {
    const buckets = 1 << Math.max(8, Math.ceil(Math.log2(capacity)) + 1);
    this.#mask = buckets - 1;
    this.#byHash = new Array<Entry | undefined>(buckets).fill(undefined);
    this.#byId = new Array<Entry | undefined>(buckets).fill(undefined);
  }

  /** Adds an entry that is not in it. */
  add(entry: Entry): void {
    const hashSlot = entry.hash & this.#mask;
    const hashHead = this.#byHash[hashSlot];
    entry.hashNext = hashHead;
    if (hashHead !== undefined) hashHead.hashPrevious = entry;
    this.#byHash[hashSlot] = entry;
    const idSlot = entry.idHash & this.#mask;
    const idHead = this.#byId[idSlot];
    entry.idNext = idHead;
    if (idHead !== undefined) idHead.idPrevious = entry;
    this.#byId[idSlot] = entry;
  }

  /** Takes out an entry that is in it. */
  remove(entry: Entry): void {
    if (entry.hashPrevious === undefined) this.#byHash[entry.hash & this.#mask] = entry.hashNext;
    else entry.hashPrevious.hashNext = entry.hashNext;
    if (entry.hashNext !== undefined) entry.hashNext.hashPrevious = entry.hashPrevious;
    if (entry.idPrevious === undefined) this.#byId[entry.idHash & this.#mask] = entry.idNext;
    else entry.idPrevious.idNext = entry.idNext;
    if (entry.idNext !== undefined) entry.idNext.idPrevious = entry.idPrevious;
    entry.hashNext =
      entry.hashPrevious =
      entry.idNext =
      entry.idPrevious =
        undefined;
  }

  /** First candidate for a hash; follow `hashNext`, and check each with `sameQuestion`. */
  byHash(hash: number): Entry | undefined {
    return this.#byHash[hash & this.#mask];
  }

  /** First candidate for an id hash; follow `idNext`, and check each with `sameEnds`. */
  byId(idHash: number): Entry | undefined {
    return this.#byId[idHash & this.#mask];
  }
}
