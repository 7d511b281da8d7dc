/**
 * The questions that clients of local resolvers have open. Listed through the entries themselves: on a busy resolver
 * they come and go by the hundred thousand a second, and maps of that much turnover are made anew all the time.
 *
 * @module
 */

import { mix } from "../net/mix.ts";
import type { Resolver } from "./resolvers.ts";
import type { Entry } from "./table.ts";

/** Buckets, a power of two: one for every two queries that can wait. */
const BUCKETS = 16_384;

/** Entries looked at for one question: buckets hold few but of the same question. */
const WALK_MAX = 64;

/** Open questions by resolver, each bucket in order of time. */
export class OpenQuestions {
  readonly #oldest = new Array<Entry | undefined>(BUCKETS).fill(undefined);
  readonly #newest = new Array<Entry | undefined>(BUCKETS).fill(undefined);

  /**
   * Lists an entry that is not listed.
   *
   * @param entry of the client's query
   * @param resolver whom it asks
   */
  add(entry: Entry, resolver: Resolver): void {
    const bucket = bucketOf(entry, resolver);
    const newest = this.#newest[bucket];
    entry.openAt = resolver;
    entry.openOlder = newest;
    if (newest === undefined) this.#oldest[bucket] = entry;
    else newest.openNewer = entry;
    this.#newest[bucket] = entry;
  }

  /** Takes out an entry, if it is listed. */
  remove(entry: Entry): void {
    const { openAt, openOlder, openNewer } = entry;
    if (openAt === undefined) return;
    const bucket = bucketOf(entry, openAt);
    if (openOlder === undefined) this.#oldest[bucket] = openNewer;
    else openOlder.openNewer = openNewer;
    if (openNewer === undefined) this.#newest[bucket] = openOlder;
    else openNewer.openOlder = openOlder;
    entry.openAt = entry.openOlder = entry.openNewer = undefined;
  }

  /**
   * Those who have asked a resolver what it now asks itself.
   *
   * @param entry of the resolver's query
   * @param resolver who sends it
   * @returns at most 64 entries, the oldest first
   */
  *same(entry: Entry, resolver: Resolver): Generator<Entry, void, undefined> {
    let steps = 0;
    for (let other = this.#oldest[bucketOf(entry, resolver)]; other !== undefined; other = other.openNewer) {
      if (++steps > WALK_MAX) return;
      if (other.openAt === resolver && other.questionHash === entry.questionHash) yield other;
    }
  }
}

/** Where the question of an entry is listed. */
function bucketOf(entry: Entry, resolver: Resolver): number {
  return mix(entry.questionHash, resolver.owner.tgid) & (BUCKETS - 1);
}
