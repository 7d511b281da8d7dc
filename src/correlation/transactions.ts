/**
 * The life of transactions: open, perhaps held for a retry over TCP, reported, remembered a while, forgotten.
 *
 * Each state is a list in order of time, so that what is due is always at its head. Every list is bounded.
 *
 * @module
 */

import type { Arrival } from "./arrival.ts";
import { GroupQueries } from "./group_queries.ts";
import type { TransactionKey } from "./key.ts";
import { EntryIndex } from "./lookup.ts";
import { type Losses, REASON } from "./losses.ts";
import type { Reporter } from "./reporter.ts";
import type { ResolverChain } from "./resolvers.ts";
import { TcpRetries } from "./retries.ts";
import type { Seen } from "./seen.ts";
import { type Entry, ENTRY_STATE, EntryList, EntryPool } from "./table.ts";

/** Reported transactions that are remembered, to recognise second views, repeated and late responses. */
const DONE_MAX = 8192;

/** How long they are remembered, ns. */
const DONE_NS = 5e9;

/** A client asks again over TCP as soon as it has read the truncated answer: a round trip and its own delays, ns. */
const HOLD_NS = 1e9;

/** Octets of all waiting queries together; ordinary ones take 2 MiB at most. */
const PENDING_OCTETS_MAX = 16_777_216;

/** The transactions a tracker knows. */
export class Transactions {
  readonly index: EntryIndex;
  readonly groups = new GroupQueries();
  /** Open transactions whose query went to a group. */
  groupSize = 0;
  /** Transactions given up for want of room. */
  evicted = 0;
  readonly #retries = new TcpRetries();
  readonly #pool = new EntryPool();
  readonly #open = new EntryList();
  readonly #held = new EntryList();
  readonly #done = new EntryList();
  readonly #timeoutNs: number;
  readonly #holdNs: number;
  readonly #maxPending: number;
  readonly #reporter: Reporter;
  readonly #chain: ResolverChain;
  readonly #losses: Losses;
  #pendingOctets = 0;

  /**
   * @param timeoutNs a query is given up this long after it was first sent, ns
   * @param maxPending queries that may wait
   * @param reporter told how each transaction ends
   * @param chain told which queries are open no more
   * @param losses consulted when a query is given up
   */
  constructor(timeoutNs: number, maxPending: number, reporter: Reporter, chain: ResolverChain, losses: Losses) {
    this.#timeoutNs = timeoutNs;
    this.#holdNs = Math.min(HOLD_NS, timeoutNs);
    this.#maxPending = maxPending;
    this.#reporter = reporter;
    this.#chain = chain;
    this.#losses = losses;
    this.index = new EntryIndex(maxPending + DONE_MAX);
  }

  /** Transactions that wait. */
  get pending(): number {
    return this.#open.size + this.#held.size;
  }

  /** Opens a transaction for a query; the oldest is given up where there is no room. */
  open(at: Arrival): Entry {
    this.#makeRoom(at.packet.tsNs);
    const entry = this.#add(at.key, at.packet.tsNs);
    at.storeIn(entry);
    this.#pendingOctets += entry.query.size;
    this.#open.push(entry);
    return entry;
  }

  /** Remembers a transaction that is reported as soon as it is seen. */
  remember(key: TransactionKey, tsNs: number): Entry {
    const entry = this.#add(key, tsNs);
    this.#pushDone(entry, tsNs);
    return entry;
  }

  /** Remembers a transaction as long as one reported now. */
  refresh(entry: Entry, nowNs: number): void {
    if (entry.state !== ENTRY_STATE.done) return;
    this.#done.remove(entry);
    this.#pushDone(entry, nowNs);
  }

  /** Takes note that the query of an open transaction was addressed to the server of this key. */
  translate(entry: Entry, key: TransactionKey): void {
    if (entry.state !== ENTRY_STATE.open || !entry.hasQuery) return;
    this.index.remove(entry);
    entry.setKey(key);
    this.index.add(entry);
    entry.query.addressedTo(key.serverAddress, key.serverPort);
  }

  /** The transaction of a response. */
  findAsked(at: Arrival): Entry | undefined {
    const { index } = this;
    const { key, isEgress } = at;
    const cookie = at.packet.socketCookie;
    const entry = index.asked(key, cookie, isEgress) ?? index.askedById(key, isEgress);
    if (entry !== undefined) return entry;
    const translated = index.translated(at);
    if (translated !== undefined) {
      this.translate(translated, key);
      return translated;
    }
    if (this.groupSize === 0) return undefined;
    // Whoever of a group answers does so from its own address.
    key.read(at.packet, at.message, true);
    const ofGroup = index.asked(key, cookie, isEgress) ?? index.askedById(key, isEgress);
    if (ofGroup === undefined) key.read(at.packet, at.message, false);
    return ofGroup;
  }

  /** Lists an open transaction whose query went to a group of hosts. */
  openToGroup(entry: Entry): void {
    this.groupSize++;
    if (entry.query.protocol === "mdns") this.groups.add(entry, entry.query.toSeen().message);
  }

  /** Ends the transaction whose truncated answer made a client ask again over TCP. */
  joinRetry(entry: Entry): void {
    const held = this.#retries.find(entry);
    if (held === undefined) return;
    entry.tcpRetry = true;
    held.tcpRetry = true;
    this.#finishHeld(held);
  }

  /** Keeps an open transaction, which got a truncated answer, for its retry over TCP. */
  hold(entry: Entry, response: Seen): void {
    this.#leaveOpen(entry);
    entry.response = response;
    entry.state = ENTRY_STATE.held;
    this.#held.push(entry);
    this.#retries.add(entry);
  }

  /** Reports an open transaction as answered. */
  answer(entry: Entry, response: Seen): void {
    this.#reporter.transaction(entry, { status: "answered", response });
    this.#close(entry, response.tsNs);
  }

  /** Reports a held transaction. */
  #finishHeld(entry: Entry): void {
    const { response } = entry;
    this.#reporter.transaction(entry, { status: "truncated", response });
    this.#close(entry, response?.tsNs ?? entry.firstNs);
  }

  /** Ends what is due. */
  expire(nowNs: number): void {
    for (let entry = this.#open.oldest; entry !== undefined; entry = this.#open.oldest) {
      if (nowNs - entry.firstNs < this.#timeoutNs) break;
      this.#giveUp(entry, nowNs, undefined);
    }
    for (let entry = this.#held.oldest; entry !== undefined; entry = this.#held.oldest) {
      if (nowNs - (entry.response?.tsNs ?? entry.firstNs) < this.#holdNs) break;
      this.#finishHeld(entry);
    }
  }

  /** Ends everything that waits. */
  flush(nowNs: number): void {
    for (let entry = this.#held.oldest; entry !== undefined; entry = this.#held.oldest) this.#finishHeld(entry);
    for (let entry = this.#open.oldest; entry !== undefined; entry = this.#open.oldest) {
      this.#giveUp(entry, nowNs, REASON.ended);
    }
  }

  /** Gives up the oldest until there is room for one more. */
  #makeRoom(nowNs: number): void {
    while (this.pending >= this.#maxPending || this.#pendingOctets >= PENDING_OCTETS_MAX) {
      const held = this.#held.oldest;
      const open = this.#open.oldest;
      if (held !== undefined && (open === undefined || held.firstNs <= open.firstNs)) {
        this.#finishHeld(held);
        continue;
      }
      if (open === undefined) return;
      this.evicted++;
      this.#losses.evictedNs = nowNs;
      this.#reporter.transaction(open, { status: "unknown", statusReason: REASON.full });
      this.#leaveOpen(open);
      this.#release(open);
      this.index.remove(open);
      this.#pool.give(open);
    }
  }

  /** Reports an open query that got no answer. */
  #giveUp(entry: Entry, nowNs: number, reason: string | undefined): void {
    entry.hasGivenUp = true;
    // The answer may be among what was lost: then there is no telling.
    const lost = this.#losses.since(entry.firstNs, entry.isTcp);
    if (lost !== undefined) this.#reporter.transaction(entry, { status: "unknown", statusReason: lost });
    else {
      const statusReason = entry.answeredElsewhere ? REASON.elsewhere : reason;
      this.#reporter.transaction(entry, { status: "timeout", statusReason });
    }
    this.#close(entry, nowNs);
  }

  /** Lets a reported transaction be remembered for a while. */
  #close(entry: Entry, nowNs: number): void {
    if (entry.state === ENTRY_STATE.open) this.#leaveOpen(entry);
    else {
      this.#held.remove(entry);
      this.#retries.remove(entry);
    }
    this.#release(entry);
    this.#pushDone(entry, nowNs);
  }

  /** Takes an entry out of everything that lists open queries. */
  #leaveOpen(entry: Entry): void {
    this.#open.remove(entry);
    this.#chain.clientServed(entry);
    if (entry.isToGroup) {
      this.groupSize--;
      this.groups.remove(entry);
    }
  }

  /** Drops the octets an entry holds. */
  #release(entry: Entry): void {
    if (entry.hasQuery) this.#pendingOctets -= entry.query.size;
    entry.hasQuery = false;
    entry.query.clear();
    entry.response = undefined;
  }

  /** Adds an entry. */
  #add(key: TransactionKey, tsNs: number): Entry {
    const surplus = this.index.surplus(key);
    if (surplus !== undefined) this.#forget(surplus);
    const entry = this.#pool.take(key, tsNs);
    this.index.add(entry);
    return entry;
  }

  /** Remembers a reported transaction, and forgets those that are too old or too many. */
  #pushDone(added: Entry, nowNs: number): void {
    added.state = ENTRY_STATE.done;
    added.doneNs = nowNs;
    this.#done.push(added);
    for (let entry = this.#done.oldest; entry !== undefined; entry = this.#done.oldest) {
      if (this.#done.size <= DONE_MAX && nowNs - entry.doneNs < DONE_NS) break;
      this.#forget(entry);
    }
  }

  /** Forgets a remembered transaction. */
  #forget(entry: Entry): void {
    this.#done.remove(entry);
    this.index.remove(entry);
    this.#pool.give(entry);
  }
}
