/**
 * Which processes the table holds, and which it gives up when it is full.
 *
 * @module
 */

import { Answers } from "./_answers.ts";
import { Entry, isRounded, LivingList, MAX_PREVIOUS, Queue, type Version } from "./_entry.ts";

/** Processes asked for lately that eviction passes over before it takes one all the same. */
const MAX_SECOND_CHANCES = 64;

/** Limits of an {@linkcode EntryStore}. */
export interface StoreLimits {
  keepNs: number;
  maxProcesses: number;
  maxBytes: number;
}

/** Bounded store of processes. */
export class EntryStore {
  readonly #answers: Answers;
  readonly #limits: StoreLimits;
  /** The latest process with each tgid; earlier ones hang on `older`. */
  readonly #byTgid = new Map<number, Entry>();
  readonly #living = new LivingList();
  /** In order of their end. An entry that turned out to live, or is gone, is skipped when it comes up. */
  readonly #dead = new Queue<Entry>();
  #size = 0;
  #bytes = 0;
  #expired = 0;
  #evictedDead = 0;
  #evictedLiving = 0;

  /**
   * @param limits when to give up entries
   * @param answers are forgotten with the versions they are of
   */
  constructor(limits: StoreLimits, answers: Answers) {
    this.#limits = limits;
    this.#answers = answers;
  }

  /** How full the store is and what it had to give up. */
  get stats(): {
    size: number;
    living: number;
    dead: number;
    bytes: number;
    expired: number;
    evictedDead: number;
    evictedLiving: number;
  } {
    return {
      size: this.#size,
      living: this.#living.length,
      dead: this.#size - this.#living.length,
      bytes: this.#bytes,
      expired: this.#expired,
      evictedDead: this.#evictedDead,
      evictedLiving: this.#evictedLiving,
    };
  }

  /** The latest process with a tgid. */
  latest(tgid: number): Entry | undefined {
    return this.#byTgid.get(tgid);
  }

  /** The process with that tgid and start; learns the exact start where only that of /proc was known. */
  find(tgid: number, startTimeNs: number): Entry | undefined {
    for (let entry = this.#byTgid.get(tgid); entry !== undefined; entry = entry.older) {
      if (!entry.startedAt(startTimeNs)) continue;
      if (isRounded(entry.startTimeNs) && !isRounded(startTimeNs)) {
        entry.startTimeNs = startTimeNs;
        this.forgetAnswers(entry);
      }
      return entry;
    }
    return undefined;
  }

  /** Drops the dead whose time is over. */
  prune(nowNs: number): void {
    for (;;) {
      const entry = this.#dead.peek();
      if (entry === undefined) return;
      // Revived, or evicted already.
      if (entry.exitNs !== undefined && entry.exitNs + this.#limits.keepNs >= nowNs) return;
      this.#dead.shift();
      if (entry.exitNs === undefined || !this.#holds(entry)) continue;
      this.#remove(entry);
      this.#expired++;
    }
  }

  /** Adds an entry to its place among the processes of its tgid, newest first. */
  insert(entry: Entry, tsNs: number): void {
    this.keep(entry.current);
    this.#living.add(entry);
    this.#size++;
    const newest = this.#byTgid.get(entry.tgid);
    if (newest === undefined || newest.startTimeNs <= entry.startTimeNs) {
      entry.older = newest;
      this.#byTgid.set(entry.tgid, entry);
      // Its tgid is used again, so it has ended, and the event that told so was lost.
      if (newest !== undefined && newest.exitNs === undefined) this.bury(newest, tsNs);
    } else {
      let newer = newest;
      while (newer.older !== undefined && newer.older.startTimeNs > entry.startTimeNs) newer = newer.older;
      entry.older = newer.older;
      newer.older = entry;
      this.bury(entry, tsNs);
    }
    this.#makeRoom(entry);
  }

  /** Marks an entry as ended. */
  bury(entry: Entry, tsNs: number): void {
    if (entry.exitNs !== undefined) return;
    entry.exitNs = tsNs;
    this.#living.delete(entry);
    this.#dead.push(entry);
  }

  /** An entry taken for dead turned out to live. */
  revive(entry: Entry): void {
    if (entry.exitNs === undefined) return;
    entry.exitNs = undefined;
    this.#living.add(entry);
  }

  /** Counts a version's memory. */
  keep(version: Version): Version {
    if (version.image.users++ === 0) this.#bytes += version.image.sizeBytes;
    return version;
  }

  /** Gives a version's memory back. */
  #drop(version: Version): void {
    if (--version.image.users === 0) this.#bytes -= version.image.sizeBytes;
    this.#answers.forget(version);
  }

  /** Makes a version the present one; the one before stays for events of before. */
  pushVersion(entry: Entry, version: Version): void {
    const previous = entry.previous ??= [];
    previous.push(entry.current);
    entry.current = this.keep(version);
    // The first of them ended when the second began.
    while (previous.length > MAX_PREVIOUS || (previous[1] ?? version).sinceNs + this.#limits.keepNs < version.sinceNs) {
      this.#drop(previous.shift()!);
    }
    this.#makeRoom(entry);
  }

  /** Puts a version in the place of the present one. */
  replaceVersion(entry: Entry, version: Version): void {
    this.#drop(entry.current);
    entry.current = this.keep(version);
    this.#makeRoom(entry);
  }

  /** Forgets answers that show what has changed about the process itself. */
  forgetAnswers(entry: Entry): void {
    this.#answers.forget(entry.current);
    for (const version of entry.previous ?? []) this.#answers.forget(version);
  }

  /** Whether an entry is still in the table. */
  #holds(entry: Entry): boolean {
    let one = this.#byTgid.get(entry.tgid);
    while (one !== undefined && one !== entry) one = one.older;
    return one !== undefined;
  }

  /** Takes an entry out. */
  #remove(entry: Entry): void {
    const newest = this.#byTgid.get(entry.tgid);
    if (newest === entry) {
      if (entry.older === undefined) this.#byTgid.delete(entry.tgid);
      else this.#byTgid.set(entry.tgid, entry.older);
    } else {
      let newer = newest;
      while (newer !== undefined && newer.older !== entry) newer = newer.older;
      if (newer !== undefined) newer.older = entry.older;
    }
    entry.older = undefined;
    this.#living.delete(entry);
    this.#size--;
    this.#drop(entry.current);
    for (const version of entry.previous ?? []) this.#drop(version);
  }

  /** Evicts until the limits hold, the dead before the living, never the entry at work. */
  #makeRoom(entry: Entry): void {
    while (this.#size > this.#limits.maxProcesses || this.#bytes > this.#limits.maxBytes) {
      if (!this.#evictDead(entry) && !this.#evictLiving(entry)) return;
    }
  }

  /** Evicts the process that has been dead for longest. */
  #evictDead(except: Entry): boolean {
    for (let entry = this.#dead.shift(); entry !== undefined; entry = this.#dead.shift()) {
      if (entry === except) {
        // It is looked at right now; it goes to the end of the line.
        this.#dead.push(entry);
        if (this.#dead.length === 1) return false;
        continue;
      }
      if (entry.exitNs === undefined || !this.#holds(entry)) continue;
      this.#remove(entry);
      this.#evictedDead++;
      return true;
    }
    return false;
  }

  /** Evicts the living process that was added first and not asked for since eviction last came by. */
  #evictLiving(except: Entry): boolean {
    let chances = MAX_SECOND_CHANCES;
    for (let entry = this.#living.first; entry !== undefined; entry = this.#living.first) {
      if (entry === except || (entry.isUsed && chances-- > 0)) {
        if (this.#living.length === 1) return false;
        entry.isUsed = false;
        this.#living.delete(entry);
        this.#living.add(entry);
        continue;
      }
      this.#remove(entry);
      this.#evictedLiving++;
      return true;
    }
    return false;
  }
}
