/**
 * What was not seen, and when: after a loss, a missing message proves nothing.
 *
 * @module
 */

/** Status reasons, as written to events. */
export const REASON = {
  full: "transaction table full",
  lost: "events were lost",
  late: "came after the timeout",
  answered: "the query was already answered",
  ended: "capture ended before the timeout",
  short: "shorter than a DNS header",
  /** Of a query and of its answer, which the host translates, or somebody forged: nothing tells which. */
  elsewhere: "query and answer are of different servers: this host translates addresses, or the answer is forged",
} as const;

/** Remembers the last loss of each kind, ns. */
export class Losses {
  /** Packets of any kind. */
  eventsNs = -Infinity;
  /** Octets of TCP streams. */
  streamsNs = -Infinity;
  /** Queries given up for want of room. */
  evictedNs = -Infinity;

  /**
   * Why a message may be missing.
   *
   * @param sinceNs since when it may be missing, ns
   * @param isTcp it would have come over TCP
   * @returns the reason, or undefined when nothing was lost
   */
  since(sinceNs: number, isTcp: boolean): string | undefined {
    return this.eventsNs >= sinceNs || isTcp && this.streamsNs >= sinceNs ? REASON.lost : undefined;
  }
}
