/**
 * Hands out transactions and messages.
 *
 * @module
 */

import type { Losses } from "./losses.ts";
import type { ResolverChain } from "./resolvers.ts";
import type { Seen } from "./seen.ts";
import type { Entry } from "./table.ts";
import type { DnsTrackerOptions, DnsTransaction, TrackedMessage } from "./types.ts";

/** What ended a transaction. */
export interface Outcome {
  status: DnsTransaction["status"];
  statusReason?: string | undefined;
  response?: Seen | undefined;
}

/** Turns entries of the table into what the consumer gets. */
export class Reporter {
  readonly #options: DnsTrackerOptions;
  readonly #chain: ResolverChain;
  readonly #losses: Losses;
  readonly #timeoutNs: number;

  /**
   * @param options whom to call
   * @param chain tells whether an answer came from a cache
   * @param losses after which nothing is said of caches
   * @param timeoutNs how long a lost message can matter, ns
   */
  constructor(options: DnsTrackerOptions, chain: ResolverChain, losses: Losses, timeoutNs: number) {
    this.#options = options;
    this.#chain = chain;
    this.#losses = losses;
    this.#timeoutNs = timeoutNs;
  }

  /** Messages are reported, not transactions. */
  get wantsMessages(): boolean {
    return this.#options.messages;
  }

  /** Reports a transaction, unless messages are wanted. */
  transaction(entry: Entry, { status, statusReason, response }: Outcome): void {
    if (this.#options.messages || this.#options.onTransaction === undefined) return;
    const transaction: DnsTransaction = {
      status,
      clientIsLocal: entry.clientIsLocal,
      serverIsLocal: entry.serverIsLocal,
      retransmissions: Math.max(0, entry.sends - 1),
      cache: status === "answered" && response !== undefined && this.#isFromCache(entry, response),
      tcpRetry: entry.tcpRetry,
    };
    if (statusReason !== undefined) transaction.statusReason = statusReason;
    const query = entry.hasQuery ? entry.query.toSeen() : undefined;
    if (query !== undefined) transaction.query = query;
    if (response !== undefined) {
      transaction.response = response;
      if (!entry.isUnsolicited && entry.sends > 0) transaction.latencyUs = latencyUs(entry, response.tsNs);
    }
    if (entry.client !== undefined) transaction.client = entry.client;
    if (entry.server !== undefined) transaction.server = entry.server;
    if (entry.onBehalfOf !== undefined) transaction.onBehalfOf = entry.onBehalfOf;
    this.#options.onTransaction(transaction);
    query?.detach();
  }

  /** Reports a message, if messages are wanted. */
  message(entry: Entry, seen: Seen, isResponse: boolean): void {
    if (!this.#options.messages || this.#options.onMessage === undefined) return;
    const message: TrackedMessage = { seen, isResponse };
    if (isResponse && !entry.isUnsolicited && entry.sends > 0) message.latencyUs = latencyUs(entry, seen.tsNs);
    if (entry.client !== undefined) message.client = entry.client;
    if (entry.server !== undefined) message.server = entry.server;
    if (entry.onBehalfOf !== undefined) message.onBehalfOf = entry.onBehalfOf;
    this.#options.onMessage(message);
  }

  /** Whether a resolver of this host answered without asking; never after a loss, which may have hidden its asking. */
  #isFromCache(entry: Entry, response: Seen): boolean {
    if (!this.#chain.isResolver(entry.server)) return false;
    const since = entry.firstNs - this.#timeoutNs;
    const { evictedNs, eventsNs, streamsNs } = this.#losses;
    if (evictedNs >= since || eventsNs >= since || streamsNs >= since) return false;
    return this.#chain.isFromCache(entry, response.message);
  }
}

/** First query to response, whole microseconds. */
function latencyUs(entry: Entry, responseNs: number): number {
  return Math.max(0, Math.round((responseNs - entry.firstNs) / 1000));
}
