/**
 * What the process table keeps of one process.
 *
 * @module
 */

import type { AncestorInfo, ContainerInfo, ProcessInfo } from "../events.ts";

/** Ancestors shown, nearest first; deeper trees are cut. */
export const MAX_ANCESTORS = 16;

/** Images a process had before its present one that are kept: exec chains of wrappers are shorter. */
export const MAX_PREVIOUS = 8;

/** One tick of /proc/PID/stat (USER_HZ is 100), in ns. */
export const TICK_NS = 10_000_000;

/** Facts of one program in one process. Forked children share their parent's. */
export interface ProcessImage {
  readonly name: string;
  readonly exe: string;
  readonly cmdline: readonly string[];
  readonly cmdlineTruncated: boolean;
  readonly cwd: string;
  readonly cgroup: string;
  readonly container: ContainerInfo | undefined;
  readonly netns: number;
  readonly unknownReason: string | undefined;
  /** Memory its strings take, octets, estimated. */
  readonly sizeBytes: number;
  /** Versions that use it. */
  users: number;
}

/** An image in a process from some time on. */
export class Version {
  /** Threads shown so far, by tid; -1 stands for "no thread". */
  infos: Map<number, ProcessInfo> | undefined;
  /** The last answer, and what it answered. */
  lastInfo: ProcessInfo | undefined;
  lastTid: number | undefined;
  lastUid: number | undefined;
  lastGid: number | undefined;
  lastComm: string | undefined;
  /** Ancestors of children forked while this version ran. */
  childAncestors: readonly AncestorInfo[] | undefined;

  /**
   * @param image facts
   * @param sinceNs CLOCK_BOOTTIME from which they hold
   * @param observedNs when /proc showed them; 0 where an event told
   * @param comm comm of the leader
   * @param uid real user id
   * @param gid real group id
   */
  constructor(
    readonly image: ProcessImage,
    public sinceNs: number,
    readonly observedNs: number,
    readonly comm: string,
    readonly uid: number,
    readonly gid: number,
  ) {}
}

/** A process, living or dead. */
export class Entry {
  /** Earlier versions, oldest first. */
  previous: Version[] | undefined;
  /** Process that had the tgid before. */
  older: Entry | undefined;
  /** When it ended, CLOCK_BOOTTIME in ns; undefined while it lives. */
  exitNs: number | undefined;
  /** Asked for since eviction last looked at it. */
  isUsed = false;
  /** Neighbours in {@linkcode LivingList}. */
  before: Entry | undefined;
  after: Entry | undefined;
  /** Nearest first; undefined until someone asks, for processes that /proc showed. */
  ancestors: readonly AncestorInfo[] | undefined;

  /**
   * @param tgid thread group id
   * @param startTimeNs start, exact or rounded down to 10 ms
   * @param parentTgid parent at the time of the fork, or as /proc showed it
   * @param current its facts
   */
  constructor(
    readonly tgid: number,
    public startTimeNs: number,
    readonly parentTgid: number,
    public current: Version,
  ) {}

  /**
   * Whether it is the process that started at that time. Times of /proc are rounded down to 10 ms, and either may come
   * from there; a tgid is not used again within that time.
   */
  startedAt(startTimeNs: number): boolean {
    if (startTimeNs === this.startTimeNs) return true;
    if (!isRounded(startTimeNs) && !isRounded(this.startTimeNs)) return false;
    // At most one tick, that included: above 2^53 ns (104 days) a time may have been rounded up to the next tick.
    const difference = startTimeNs - this.startTimeNs;
    return isRounded(this.startTimeNs) && difference >= 0
      ? difference <= TICK_NS
      : isRounded(startTimeNs) && difference <= 0 && difference >= -TICK_NS;
  }

  /** The version that ran at a time; the oldest kept, for times before it. */
  versionAt(tsNs: number): Version {
    if (tsNs >= this.current.sinceNs || this.previous === undefined) return this.current;
    let index = this.previous.length - 1;
    while (index > 0 && tsNs < this.previous[index]!.sinceNs) index--;
    return this.previous[index] ?? this.current;
  }
}

/**
 * Whether a start time may come from /proc.
 *
 * @param startTimeNs CLOCK_BOOTTIME, ns
 * @returns whether it is a multiple of 10 ms
 */
export function isRounded(startTimeNs: number): boolean {
  return startTimeNs % TICK_NS === 0;
}

/**
 * The living in order of eviction. A Set would do, but V8 keeps a deleted element as a gap until it rehashes, and each
 * walk from the front would skip tens of thousands of them.
 */
export class LivingList {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #length = 0;

  /** Entries in the list. */
  get length(): number {
    return this.#length;
  }

  /** The entry that was added first. */
  get first(): Entry | undefined {
    return this.#first;
  }

  /** Appends an entry that is not in the list. */
  add(entry: Entry): void {
    entry.before = this.#last;
    entry.after = undefined;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.#length++;
  }

  /** Takes an entry out; one that is not in the list is left alone. */
  delete(entry: Entry): void {
    if (entry.before === undefined && this.#first !== entry) return;
    if (entry.before === undefined) this.#first = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#last = entry.before;
    else entry.after.before = entry.before;
    entry.before = entry.after = undefined;
    this.#length--;
  }
}

/** Orders the dead by when they ended, without shifting an array. */
export class Queue<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  /** Items waiting. */
  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Appends an item. */
  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item, or undefined. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head++] = undefined;
    // Compacted when half of it is spent: each item is moved at most once on average.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
