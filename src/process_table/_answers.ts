/**
 * The public process block, built once per (process, program, thread, comm, user) and then always the same object.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import type { AncestorInfo, ProcessInfo } from "../events.ts";
import type { UserNames } from "../host/users.ts";
import type { Entry, Version } from "./_entry.ts";
import type { ProcessRef } from "./types.ts";

/** Answers kept beside the last one of each version, over all processes: an answer is some 300 octets. */
const MAX_ANSWERS = 65_536;

/** Key of "no thread" among tids. */
const NO_TID = -1;

/** Builds process blocks and remembers them. */
export class Answers {
  /** Versions with more than one answer. */
  readonly #answered = new Set<Version>();
  #count = 0;

  /**
   * @param clock shows start times
   * @param users names users, if anything does
   */
  constructor(readonly clock: Clock, readonly users: Pick<UserNames, "userName"> | undefined) {}

  /** The answer for a thread, new or remembered; becomes the version's last one. */
  answer(entry: Entry, version: Version, ancestors: readonly AncestorInfo[], ref: ProcessRef): ProcessInfo {
    // A thread may have taken its name away (prctl(2), PR_SET_NAME).
    const comm = ref.comm ?? version.comm;
    const uid = ref.uid ?? version.uid;
    const gid = ref.gid ?? version.gid;
    let info = version.infos?.get(ref.tid ?? NO_TID);
    if (info === undefined || info.comm !== comm || (info.uid ?? -1) !== uid || (info.gid ?? -1) !== gid) {
      info = this.#build(entry, version, ancestors, ref.tid, comm, uid, gid);
    }
    if (version.lastInfo !== undefined) this.#remember(version, version.lastInfo);
    version.lastInfo = info;
    version.lastTid = ref.tid;
    version.lastComm = ref.comm;
    version.lastUid = ref.uid;
    version.lastGid = ref.gid;
    return info;
  }

  /** Forgets the answers of a version. */
  forget(version: Version): void {
    version.lastInfo = undefined;
    if (version.infos === undefined) return;
    this.#count -= version.infos.size;
    version.infos = undefined;
    this.#answered.delete(version);
  }

  /** Keeps an answer that is no longer the last one. */
  #remember(version: Version, info: ProcessInfo): void {
    if (this.#count >= MAX_ANSWERS) {
      for (const one of this.#answered) one.infos = undefined;
      this.#answered.clear();
      this.#count = 0;
    }
    if (version.infos === undefined) {
      version.infos = new Map();
      this.#answered.add(version);
    }
    const before = version.infos.size;
    version.infos.set(info.tid ?? NO_TID, info);
    this.#count += version.infos.size - before;
  }

  /** Builds an answer. */
  #build(
    entry: Entry,
    version: Version,
    ancestors: readonly AncestorInfo[],
    tid: number | undefined,
    comm: string,
    uid: number,
    gid: number,
  ): ProcessInfo {
    const { image } = version;
    const hasExe = image.exe !== "" && image.exe !== "unknown";
    const user = uid < 0 ? undefined : this.users?.userName(uid);
    const info: ProcessInfo = {
      pid: entry.tgid,
      ...(tid === undefined ? {} : { tid }),
      start_time: `${this.clock.toRfc3339(entry.startTimeNs).slice(0, 23)}Z`,
      // Kernel threads name themselves after the fork, so the main thread's own word is newer than the version's.
      name: hasExe ? image.name : (tid === entry.tgid ? comm : version.comm) || "unknown",
      comm,
      exe: image.exe,
      // Shared between answers and frozen where they were made, which the mutable type of the event cannot say.
      cmdline: image.cmdline as string[],
      ...(image.cmdlineTruncated ? { cmdline_truncated: true } : {}),
      cwd: image.cwd,
      ...(uid < 0 ? {} : { uid }),
      ...(gid < 0 ? {} : { gid }),
      ...(user === undefined ? {} : { user }),
      ppid: entry.parentTgid,
      ancestors: ancestors as AncestorInfo[],
      cgroup: image.cgroup,
      netns: image.netns,
      ...(image.container === undefined ? {} : { container: image.container }),
      ...(image.unknownReason === undefined ? {} : { unknown_reason: image.unknownReason }),
    };
    return Object.freeze(info);
  }
}
