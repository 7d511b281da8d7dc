/**
 * Finding the transaction a message belongs to.
 *
 * @module
 */

import type { Arrival } from "./arrival.ts";
import type { TransactionKey } from "./key.ts";
import { type Entry, ENTRY_STATE } from "./table.ts";

/** Entries looked at for one message. Only sockets that share port, peer, id and question make more than a few. */
const WALK_MAX = 64;

/** Reported transactions with the same key that are remembered: more would only slow the search. */
const SAME_KEY_MAX = 4;

/** Entries by their hashes. Buckets are chained through the entries, the newest first. */
export class EntryIndex {
  readonly #byHash: (Entry | undefined)[];
  readonly #byId: (Entry | undefined)[];
  readonly #mask: number;

  /**
   * Starts with nothing.
   *
   * @param capacity entries it is made for; more only make it slower
   */
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

  /**
   * The open transaction of a query that leaves a socket once more.
   *
   * @param key of the query
   * @param cookie of the socket
   */
  sentBefore(key: TransactionKey, cookie: number): Entry | undefined {
    let steps = 0;
    for (let entry = this.#first(key); entry !== undefined && steps < WALK_MAX; entry = entry.hashNext, steps++) {
      if (entry.state === ENTRY_STATE.open && entry.clientCookie === cookie && entry.sameQuestion(key)) return entry;
    }
    return undefined;
  }

  /**
   * The open transaction of a query to a group that was heard on this host before it left: the kernel loops the copy
   * back first.
   *
   * @param key of the query
   */
  heardBefore(key: TransactionKey): Entry | undefined {
    let steps = 0;
    for (let entry = this.#first(key); entry !== undefined && steps < WALK_MAX; entry = entry.hashNext, steps++) {
      const isOnlyHeard = entry.clientCookie === -1 && entry.queryEgress === 0;
      if (isOnlyHeard && entry.state === ENTRY_STATE.open && entry.sameQuestion(key)) return entry;
    }
    return undefined;
  }

  /**
   * The transaction of a query that reaches a socket: seen leaving before, or arriving here or elsewhere.
   *
   * @param key of the query
   * @param cookie of the socket
   */
  arrived(key: TransactionKey, cookie: number): Entry | undefined {
    let fallback: Entry | undefined;
    let steps = 0;
    for (let entry = this.#first(key); entry !== undefined && steps < WALK_MAX; entry = entry.hashNext, steps++) {
      if (entry.isUnsolicited || !entry.sameQuestion(key)) continue;
      const isHere = entry.serverCookie === cookie;
      if (isHere || entry.serverCookie === -1) {
        if (entry.queryIngress < entry.queryEgress) return entry;
        if (isHere && entry.state === ENTRY_STATE.open) fallback ??= entry;
      } else {
        // Another socket got a copy of the same query.
        fallback ??= entry;
      }
    }
    return fallback;
  }

  /**
   * The transaction of a response with its question.
   *
   * @param key of the response
   * @param cookie of the socket at which it was seen
   * @param isEgress it left that socket, rather than reached it
   */
  asked(key: TransactionKey, cookie: number, isEgress: boolean): Entry | undefined {
    let open: Entry | undefined;
    let openFits = false;
    let closed: Entry | undefined;
    let steps = 0;
    for (let entry = this.#first(key); entry !== undefined && steps < WALK_MAX; entry = entry.hashNext, steps++) {
      if (!entry.sameQuestion(key)) continue;
      const own = isEgress ? entry.serverCookie : entry.clientCookie;
      const fits = own === cookie || own <= 0;
      if (entry.state === ENTRY_STATE.open) {
        // Of several, the one of this socket; else the oldest.
        if (fits || !openFits) open = entry;
        openFits ||= fits;
      } else {
        // The second view of a response that was seen leaving comes before anything else.
        if (!isEgress && fits && entry.responseIngress < entry.responseEgress) return entry;
        closed ??= entry;
      }
    }
    return open ?? closed;
  }

  /**
   * The transaction of a response by its id alone: one of the two messages has no question.
   *
   * @param key of the response
   * @param isEgress it left the socket at which it was seen
   * @returns undefined also when several open ones have the id: there is no telling which is meant
   */
  askedById(key: TransactionKey, isEgress: boolean): Entry | undefined {
    let found: Entry | undefined;
    let steps = 0;
    for (let entry = this.#byId[key.idHash & this.#mask]; entry !== undefined; entry = entry.idNext) {
      if (++steps > WALK_MAX) return undefined;
      if (!entry.sameEnds(key) || key.hasQuestion && entry.hasQuestion) continue;
      if (entry.state !== ENTRY_STATE.open) {
        if (!isEgress && entry.responseIngress < entry.responseEgress) return entry;
        found ??= entry;
      } else {
        if (found !== undefined && found.state === ENTRY_STATE.open) return undefined;
        found = entry;
      }
    }
    return found;
  }

  /**
   * The transaction of a response that comes from another address than the query went to, because this host translates
   * addresses (DNAT): packets are seen behind it when they leave, and before it when they arrive. Anybody could say so from
   * anywhere: it takes a witness on this host.
   *
   * @param at the response
   */
  translated(at: Arrival): Entry | undefined {
    const { key, isEgress, packet: { socketCookie: cookie, isConnected } } = at;
    if (cookie === 0) return undefined;
    let steps = 0;
    for (let entry = this.#byId[key.idHash & this.#mask]; entry !== undefined; entry = entry.idNext) {
      if (++steps > WALK_MAX) return undefined;
      if (!entry.sameBesidesServer(key)) continue;
      if (isEgress) {
        // It leaves the very socket that the query reached.
        if (entry.serverCookie === cookie && entry.queryIngress > 0) return entry;
      } else if (entry.clientCookie === cookie) {
        // The kernel takes only what comes from the peer; or the same message was seen leaving a socket.
        if (entry.isTcp || isConnected === true) return entry;
        if (entry.responseEgress > entry.responseIngress && entry.responseDigest === at.digest) return entry;
      }
    }
    return undefined;
  }

  /**
   * The open transaction that a response from another server would answer. It need not: anybody may have sent it.
   *
   * @param key of the response
   * @param cookie of the socket that it reached
   */
  askedElsewhere(key: TransactionKey, cookie: number): Entry | undefined {
    if (cookie === 0) return undefined;
    let steps = 0;
    for (let entry = this.#byId[key.idHash & this.#mask]; entry !== undefined; entry = entry.idNext) {
      if (++steps > WALK_MAX) return undefined;
      const isOpen = entry.state === ENTRY_STATE.open && entry.clientCookie === cookie;
      if (isOpen && entry.sameBesidesServer(key)) return entry;
    }
    return undefined;
  }

  /**
   * Reported transactions with the same key that are too many.
   *
   * @param key of a new transaction
   * @returns the one to forget, or undefined
   */
  surplus(key: TransactionKey): Entry | undefined {
    let same = 0;
    let steps = 0;
    for (let entry = this.#first(key); entry !== undefined && steps < WALK_MAX; entry = entry.hashNext, steps++) {
      if (entry.state === ENTRY_STATE.done && entry.sameQuestion(key) && ++same >= SAME_KEY_MAX) return entry;
    }
    return undefined;
  }

  #first(key: TransactionKey): Entry | undefined {
    return this.#byHash[key.hash & this.#mask];
  }
}
