/**
 * What the summary of `culprit dns` counts, live and from files.
 *
 * @module
 */

import type { DnsTrackerCounters } from "../correlation/types.ts";

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
 * @returns counts by cause, those that are not 0
 */
export function lostCounts(counters: Readonly<DnsTrackerCounters>): Record<string, number> {
  const all = {
    transactions_evicted: counters.evicted,
    tcp_messages: counters.tcp.lostMessages,
    tcp_bytes: counters.tcp.lostBytes,
    tcp_streams_evicted: counters.tcp.evictedStreams,
  };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}
