/**
 * Who every process is, and was: facts by (tgid, start time), kept for a while after the process ended.
 *
 * Facts come from the process sensor (exec, fork, exit, in order) and, for what ran before or was lost, from /proc. A
 * child has its parent's facts until it begins a program of its own. What an event shows is what held at the time of the
 * event, also when it is worked on after a later exec.
 *
 * @module
 */

import type { Clock, PacketOwner } from "./capture.ts";
import type { AncestorInfo, ProcessInfo } from "./events.ts";
import { type ProcFacts, readProcess } from "./host/proc.ts";
import type { UserNames } from "./host/users.ts";
import { Answers } from "./process_table/_answers.ts";
import { Entry, MAX_ANCESTORS, type ProcessImage, TICK_NS, Version } from "./process_table/_entry.ts";
import { EntryStore } from "./process_table/_store.ts";
import { imageOfExec, imageOfFacts, inheritImage, unknownImage } from "./process_table/_image.ts";
import type { ProcessCgroup, ProcessExec, ProcessExit, ProcessFork, ProcessRef } from "./process_table/types.ts";

export type {
  ProcessCgroup,
  ProcessExec,
  ProcessExit,
  ProcessFork,
  ProcessKey,
  ProcessRef,
} from "./process_table/types.ts";

/** How a {@linkcode ProcessTable} is made. */
export interface ProcessTableOptions {
  /** Shows start times. */
  clock: Clock;
  /** Names users; without it events show none. */
  users?: Pick<UserNames, "userName">;
  /** How long the dead are kept, milliseconds. Default 300,000 (5 min). */
  keepMs?: number;
  /** Processes kept, living and dead. Default 65,536. */
  maxProcesses?: number;
  /** Memory that names, paths and arguments may take, octets. Default 64 MiB. */
  maxBytes?: number;
  /** Reads a process that no event told of; by default from /proc. `() => undefined` where there is no /proc to ask. */
  readProcess?: (tgid: number) => ProcFacts | undefined;
  /** Why `readProcess` may not find a process that is there; that of others is that they have ended. */
  unreadableReason?: string;
}

/** How full a {@linkcode ProcessTable} is and what it had to give up. */
export interface ProcessTableStats {
  /** Processes in the table. */
  size: number;
  /** Of them, those that have not ended. */
  living: number;
  /** Of them, those that have ended. */
  dead: number;
  /** Memory that names, paths and arguments take, octets, estimated. */
  bytes: number;
  /** Dead processes dropped after their time. */
  expired: number;
  /** Dead processes dropped before their time, because the table was full. */
  evictedDead: number;
  /** Living processes dropped, because the table was full of living ones. */
  evictedLiving: number;
  /** Processes that neither an event nor /proc could describe. */
  unknown: number;
}

const NO_ANCESTORS: readonly AncestorInfo[] = Object.freeze([]);

const unknownInfos = new Map<string, ProcessInfo>();

/**
 * The process of an event about which nothing is known.
 *
 * @param reason why; one of a few constant texts, each answered with the same object
 * @returns a process with pid 0 whose strings are `unknown` and whose `unknown_reason` is the reason
 */
export function unknownProcess(reason: string): ProcessInfo {
  let info = unknownInfos.get(reason);
  if (info !== undefined) return info;
  info = {
    pid: 0,
    start_time: "unknown",
    name: "unknown",
    comm: "unknown",
    exe: "unknown",
    cmdline: [],
    cwd: "unknown",
    ppid: 0,
    ancestors: [],
    cgroup: "unknown",
    netns: 0,
    unknown_reason: reason,
  };
  unknownInfos.set(reason, Object.freeze(info));
  return info;
}

/** Facts of processes by (tgid, start time). See the module's description. */
export class ProcessTable {
  readonly #answers: Answers;
  readonly #store: EntryStore;
  readonly #readProcess: (tgid: number) => ProcFacts | undefined;
  readonly #unreadableReason: string | undefined;
  #unknown = 0;

  /**
   * Makes an empty table.
   *
   * @param options see {@linkcode ProcessTableOptions}
   * @throws {RangeError} when a limit is not positive
   */
  constructor(options: ProcessTableOptions) {
    this.#answers = new Answers(options.clock, options.users);
    const limits = {
      keepNs: (options.keepMs ?? 300_000) * 1e6,
      maxProcesses: options.maxProcesses ?? 65_536,
      maxBytes: options.maxBytes ?? 64 * 1024 * 1024,
    };
    if (!(limits.keepNs >= 0 && limits.maxProcesses >= 1 && limits.maxBytes >= 1)) {
      throw new RangeError("Limits of the process table must be positive");
    }
    this.#store = new EntryStore(limits, this.#answers);
    this.#readProcess = options.readProcess ?? readProcess;
    this.#unreadableReason = options.unreadableReason;
  }

  /** How full the table is and what it had to give up. */
  get stats(): ProcessTableStats {
    return { ...this.#store.stats, unknown: this.#unknown };
  }

  /**
   * Adds a process that /proc shows. What events told of it is kept.
   *
   * @param facts from {@linkcode readProcess} or `scanProcesses()`
   */
  addFromProc(facts: ProcFacts): void {
    const entry = this.#store.find(facts.tgid, facts.startTimeNs);
    if (entry === undefined) {
      this.#insertFacts(facts, facts.startTimeNs);
    } else if (entry.current.image.exe === "unknown" && facts.exe !== "unknown") {
      this.#store.replaceVersion(entry, versionOfFacts(facts));
      this.#store.revive(entry);
    }
  }

  /**
   * A process began another program.
   *
   * @param event from the process sensor
   */
  onExec(event: ProcessExec): void {
    this.#store.prune(event.tsNs);
    const version = new Version(imageOfExec(event), event.tsNs, 0, event.comm, event.uid, event.gid);
    const entry = this.#store.find(event.tgid, event.startTimeNs);
    if (entry === undefined) {
      const parent = this.#findOrRead(event.parentTgid, event.parentStartTimeNs);
      const added = new Entry(event.tgid, event.startTimeNs, event.parentTgid, version);
      added.previous = [this.#unseenVersion(version)];
      added.ancestors = this.#childAncestorsOf(parent, event.startTimeNs);
      this.#store.insert(added, event.tsNs);
      return;
    }
    this.#store.revive(entry);
    const before = entry.current;
    if (before.observedNs < event.tsNs) {
      this.#store.pushVersion(entry, version);
      return;
    }
    // /proc was read after this exec, so what it showed is not what ran before.
    entry.previous ??= [this.#unseenVersion(before)];
    this.#store.replaceVersion(entry, version);
  }

  /**
   * A process was created.
   *
   * @param event from the process sensor
   */
  onFork(event: ProcessFork): void {
    this.#store.prune(event.tsNs);
    const parent = this.#findOrRead(event.parentTgid, event.parentStartTimeNs);
    const ancestors = this.#childAncestorsOf(parent, event.tsNs);
    const existing = this.#store.find(event.tgid, event.startTimeNs);
    const image = parent?.versionAt(event.tsNs).image;
    if (existing !== undefined) {
      this.#inheritLate(existing, image === undefined ? undefined : inheritImage(image, event), ancestors, event);
      return;
    }
    if (image === undefined) {
      const facts = this.#readProcess(event.tgid);
      if (facts !== undefined && describes(facts, event.startTimeNs)) {
        this.#insertFacts(facts, event.startTimeNs).ancestors = ancestors.length > 0 ? ancestors : undefined;
        return;
      }
    }
    const inherited = image === undefined
      ? unknownImage(event.comm, this.#unreadableReason ?? "its parent was not seen")
      : inheritImage(image, event);
    const version = new Version(inherited, 0, 0, event.comm, event.uid, event.gid);
    const added = new Entry(event.tgid, event.startTimeNs, event.parentTgid, version);
    added.ancestors = ancestors;
    this.#store.insert(added, event.tsNs);
  }

  /**
   * A process was moved to another cgroup.
   *
   * @param event from the process sensor
   */
  onCgroup(event: ProcessCgroup): void {
    const entry = this.#findOrRead(event.tgid, event.startTimeNs);
    if (entry === undefined) return;
    const { current } = entry;
    const image = inheritImage(current.image, { cgroup: event.cgroup === "" ? "unknown" : event.cgroup });
    // What /proc showed later holds this move already.
    if (image === current.image || current.observedNs >= event.tsNs || current.sinceNs > event.tsNs) return;
    this.#store.pushVersion(entry, new Version(image, event.tsNs, 0, current.comm, current.uid, current.gid));
  }

  /**
   * A process ended. Its facts are kept for a while.
   *
   * @param event from the process sensor
   */
  onExit(event: ProcessExit): void {
    this.#store.prune(event.tsNs);
    let entry = this.#store.find(event.tgid, event.startTimeNs);
    if (entry === undefined) {
      entry = this.#insertUnknown(event, event.tsNs, event.parentTgid);
      const parent = this.#findOrRead(event.parentTgid ?? 0, event.parentStartTimeNs ?? 0);
      entry.ancestors = this.#childAncestorsOf(parent, event.tsNs);
    }
    if (entry.exitNs === undefined) this.#store.bury(entry, event.tsNs);
  }

  /**
   * The process of an event, as it was then.
   *
   * The same process, thread, comm, user and program yield the same object, so that what is made of it (its JSON) can
   * be kept by identity.
   *
   * @param ref whom; a `PacketOwner` of src/capture.ts is one
   * @param tsNs time of the event, CLOCK_BOOTTIME in ns
   * @returns its facts, frozen; where there are none, strings are `unknown` and `unknown_reason` says why
   */
  lookup(ref: PacketOwner | ProcessRef, tsNs: number): ProcessInfo {
    const { tgid, startTimeNs, tid, uid, gid, comm } = ref;
    let entry = this.#store.latest(tgid);
    if (entry === undefined || entry.startTimeNs !== startTimeNs) {
      if (tgid === 0) return unknownProcess("no process is known to own the socket");
      entry = this.#findOrRead(tgid, startTimeNs) ?? this.#insertUnknown(ref, tsNs);
    }
    entry.isUsed = true;
    const version = tsNs >= entry.current.sinceNs ? entry.current : entry.versionAt(tsNs);
    if (
      version.lastInfo !== undefined && version.lastTid === tid && version.lastComm === comm &&
      version.lastUid === uid && version.lastGid === gid
    ) return version.lastInfo;
    return this.#answers.answer(entry, version, this.#ancestorsOf(entry), ref);
  }

  /**
   * Drops the dead whose time is over. Every event does this; to be called only where none come.
   *
   * @param nowNs CLOCK_BOOTTIME, ns
   */
  prune(nowNs: number): void {
    this.#store.prune(nowNs);
  }

  /** What stands for the program a process ran before the first exec that was seen. */
  #unseenVersion({ uid, gid }: Version): Version {
    const image = unknownImage("unknown", "the program before the first exec seen is not known");
    return this.#store.keep(new Version(image, 0, 0, "unknown", uid, gid));
  }

  /** A fork of a process that is in the table already: /proc, or a message it sent, was worked on first. */
  #inheritLate(
    entry: Entry,
    image: ProcessImage | undefined,
    ancestors: readonly AncestorInfo[],
    event: ProcessFork,
  ): void {
    if (ancestors.length > 0) {
      entry.ancestors = ancestors;
      this.#store.forgetAnswers(entry);
    }
    if (image === undefined || entry.previous !== undefined) return;
    const inherited = new Version(image, 0, 0, event.comm, event.uid, event.gid);
    if (entry.current.image.exe === "unknown") {
      this.#store.replaceVersion(entry, inherited);
      this.#store.revive(entry);
    } else if (entry.current.observedNs > 0) {
      // It may have begun another program before it was looked at; if so, that exec is still to come.
      entry.previous = [this.#store.keep(inherited)];
      entry.current.sinceNs = entry.current.observedNs;
    }
  }

  /** Like `find()` of the store, then /proc. */
  #findOrRead(tgid: number, startTimeNs: number): Entry | undefined {
    if (tgid === 0) return undefined;
    const entry = this.#store.find(tgid, startTimeNs);
    if (entry !== undefined) return entry;
    const facts = this.#readProcess(tgid);
    if (facts === undefined || !describes(facts, startTimeNs)) return undefined;
    return this.#insertFacts(facts, startTimeNs);
  }

  /** Who forked an entry that /proc showed: the process with the parent's tgid that is not younger. */
  #parentOf(entry: Entry): Entry | undefined {
    if (entry.parentTgid === 0) return undefined;
    const latestNs = entry.startTimeNs + TICK_NS;
    for (let parent = this.#store.latest(entry.parentTgid); parent !== undefined; parent = parent.older) {
      if (parent.startTimeNs <= latestNs) return parent;
    }
    const facts = this.#readProcess(entry.parentTgid);
    return facts === undefined || facts.startTimeNs > latestNs
      ? undefined
      : this.#insertFacts(facts, facts.startTimeNs);
  }

  /** Ancestors of an entry, nearest first. */
  #ancestorsOf(entry: Entry): readonly AncestorInfo[] {
    if (entry.ancestors !== undefined) return entry.ancestors;
    const ancestors: AncestorInfo[] = [];
    let child = entry;
    while (ancestors.length < MAX_ANCESTORS) {
      const parent = this.#parentOf(child);
      // Pids used again can make a ring of what /proc showed at different times.
      if (parent === undefined || parent === entry || ancestors.some(({ pid }) => pid === parent.tgid)) break;
      ancestors.push(ancestorOf(parent, parent.versionAt(child.startTimeNs)));
      if (parent.ancestors !== undefined) {
        ancestors.push(...parent.ancestors.slice(0, MAX_ANCESTORS - ancestors.length));
        break;
      }
      child = parent;
    }
    return entry.ancestors = Object.freeze(ancestors);
  }

  /** Ancestors of the children that an entry forks at a time. */
  #childAncestorsOf(parent: Entry | undefined, tsNs: number): readonly AncestorInfo[] {
    if (parent === undefined) return NO_ANCESTORS;
    const version = parent.versionAt(tsNs);
    return version.childAncestors ??= Object.freeze([
      ancestorOf(parent, version),
      ...this.#ancestorsOf(parent).slice(0, MAX_ANCESTORS - 1),
    ]);
  }

  /** Adds a process that /proc shows; who its ancestors are is found out when someone asks. */
  #insertFacts(facts: ProcFacts, startTimeNs: number): Entry {
    const entry = new Entry(facts.tgid, startTimeNs, facts.parentTgid, versionOfFacts(facts));
    this.#store.insert(entry, facts.observedNs);
    return entry;
  }

  /** Adds a process that neither an event nor /proc described, as a dead one: it is the first to be dropped. */
  #insertUnknown(ref: ProcessRef, tsNs: number, parentTgid = 0): Entry {
    // Another thread's word is not the name of the process.
    const comm = ref.tid === undefined || ref.tid === ref.tgid ? ref.comm ?? "unknown" : "unknown";
    const image = unknownImage(comm, this.#unreadableReason ?? "process ended before its facts could be read");
    const version = new Version(image, 0, 0, comm, ref.uid ?? -1, ref.gid ?? -1);
    const entry = new Entry(ref.tgid, ref.startTimeNs, parentTgid, version);
    entry.ancestors = NO_ANCESTORS;
    this.#unknown++;
    this.#store.insert(entry, tsNs);
    this.#store.bury(entry, tsNs);
    return entry;
  }
}

/** Whether facts of /proc are of the process that started at a time. */
function describes(facts: ProcFacts, startTimeNs: number): boolean {
  const difference = startTimeNs - facts.startTimeNs;
  return difference >= 0 && difference <= TICK_NS;
}

/** The version that /proc shows. */
function versionOfFacts(facts: ProcFacts): Version {
  return new Version(imageOfFacts(facts), 0, facts.observedNs, facts.comm, facts.uid, facts.gid);
}

/** How an entry is shown among the ancestors of another. */
function ancestorOf(entry: Entry, version: Version): AncestorInfo {
  const { exe, name } = version.image;
  return Object.freeze({ pid: entry.tgid, name: exe === "" || exe === "unknown" ? version.comm : name, exe });
}
