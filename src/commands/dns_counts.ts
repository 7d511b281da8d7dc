/**
 * What the summary of `culprit dns` counts, live and from files.
 *
 * @module
 */

import type { DnsTrackerCounters } from "../correlation/types.ts";
import { type LossCounts, lossesOf } from "../loss_causes.ts";
import type { DnsOptions } from "./options.ts";

/**
 * Counts of what was seen.
 *
 * @param counters of the tracker
 * @returns counts by name
 */
export function observedCounts(counters: Readonly<DnsTrackerCounters>): Record<string, number> {
  const { packets, queries, responses, retransmissions, malformed, rejected } = counters;
  return { packets, queries, responses, retransmissions, malformed, rejected };
}

/**
 * Counts of what the correlation lost.
 *
 * @param counters of the tracker
 * @param options of the command line
 * @returns counts by cause, those that are not 0
 */
export function lostCounts(
  counters: Readonly<DnsTrackerCounters>,
  options: Pick<DnsOptions, "messages">,
): LossCounts {
  return lossesOf({
    // Messages are told when they are seen: a transaction given up loses none.
    transactions_evicted: options.messages ? 0 : counters.evicted,
    tcp_messages: counters.tcp.lostMessages,
    tcp_bytes: counters.tcp.lostBytes,
    tcp_streams_evicted: counters.tcp.evictedStreams,
  });
}
