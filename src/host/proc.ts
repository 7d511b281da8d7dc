/**
 * What /proc tells about processes that ran before culprit did, or that it missed.
 *
 * Everything is read synchronously: a scan must finish before the first kernel events are worked on.
 *
 * @module
 */

import { listProcesses, ProcessDirectory, type ReadFailure } from "./_read.ts";
import { NS_PER_TICK, parseCgroup, parseCmdline, parseInode, parseStat, parseStatus } from "./proc_format.ts";
import type { ProcStat } from "./proc_format.ts";
import { bootTimeNs, timeNamespaceOffsetNs } from "./clock.ts";
import { isInInitialPidNamespace } from "./kernel.ts";

export { socketOwners } from "./proc_sockets.ts";

/** A process as /proc shows it. */
export interface ProcFacts {
  tgid: number;
  /** Start, CLOCK_BOOTTIME of the initial time namespace, ns, rounded down to the 10 ms of /proc. */
  startTimeNs: number;
  /** CLOCK_BOOTTIME, ns, just before it was read: the facts held then. */
  observedNs: number;
  parentTgid: number;
  /** Real user and group id; -1 where /proc would not say. */
  uid: number;
  gid: number;
  /** Comm of the thread group's leader, lossy UTF-8. */
  comm: string;
  /** Path of the executable without ` (deleted)`; empty for kernel threads, `unknown` where it could not be read. */
  exe: string;
  cmdline: string[];
  cmdlineTruncated: boolean;
  /** Working directory; empty for kernel threads, `unknown` where it could not be read. */
  cwd: string;
  cgroup: string;
  /** Inode number of the network namespace; 0 where it could not be read. */
  netns: number;
  isKernelThread: boolean;
  /** Why fields are unknown, where they are. */
  unknownReason?: string;
}

/** Opens the directory of a process, if it is there. */
function openDirectory(tgid: number): ProcessDirectory | undefined {
  const directory = ProcessDirectory.open(tgid);
  return typeof directory === "object" ? directory : undefined;
}

let initialNetnsInode: number | undefined;

/** Inode of the network namespace of kthreadd, which is the initial one; 0 where that cannot be read. */
function initialNetns(): number {
  if (initialNetnsInode !== undefined) return initialNetnsInode;
  using directory = openDirectory(2);
  const link = directory?.readLink("ns/net");
  return initialNetnsInode = typeof link === "object" ? parseInode(link.target) : 0;
}

/** What the kernel appends to the target of `exe` and `cwd` when the file has no name any more. */
const DELETED = " (deleted)";

/**
 * Takes the kernel's ` (deleted)` off, unless the file really bears that name: it would hide behind another's otherwise.
 */
function stripDeleted(tgid: number, name: "exe" | "cwd", target: string): string {
  if (!target.endsWith(DELETED)) return target;
  try {
    const linked = Deno.statSync(`/proc/${tgid}/${name}`);
    const named = Deno.lstatSync(`/proc/${tgid}/root${target}`);
    if (linked.ino === named.ino && linked.dev === named.dev) return target;
  } catch (error) {
    // No such file below its root, so the suffix is the kernel's; or the process has gone, or may not be looked at.
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  return target.slice(0, -DELETED.length);
}

/** Why a process cannot be described, in the words of the event. */
function reasonFor(failure: ReadFailure, stat: ProcStat): string {
  if (failure === "denied") return "no permission to read /proc";
  if (failure === "failed") return "the kernel failed to tell";
  return stat.state === "Z" ? "process is a zombie" : "process ended while it was read";
}

/** Target of a link that holds a path, or `unknown`; notes why in the facts. */
function readPath(directory: ProcessDirectory, name: "exe" | "cwd", stat: ProcStat, facts: ProcFacts): string {
  const link = directory.readLink(name);
  if (typeof link === "object") return stripDeleted(facts.tgid, name, link.target);
  facts.unknownReason ??= reasonFor(link, stat);
  return "unknown";
}

/** Fills in what only processes with user memory have. */
function readUserFacts(directory: ProcessDirectory, stat: ProcStat, facts: ProcFacts): void {
  const cmdline = directory.read("cmdline");
  if (typeof cmdline === "object") {
    const parsed = parseCmdline(cmdline);
    facts.cmdline = parsed.cmdline;
    facts.cmdlineTruncated = parsed.truncated;
  } else {
    facts.unknownReason ??= reasonFor(cmdline, stat);
  }
  facts.exe = readPath(directory, "exe", stat, facts);
  facts.cwd = readPath(directory, "cwd", stat, facts);
  const netns = directory.readLink("ns/net");
  if (typeof netns === "object") facts.netns = parseInode(netns.target);
  else facts.unknownReason ??= reasonFor(netns, stat);
}

/**
 * Reads one process.
 *
 * @param tgid thread group id, as seen in the pid namespace of /proc
 * @returns its facts, or undefined when there is no such process (any more), or `tgid` is only a thread of one
 */
export function readProcess(tgid: number): ProcFacts | undefined {
  const observedNs = bootTimeNs();
  using directory = openDirectory(tgid);
  const statBytes = directory?.read("stat");
  const stat = typeof statBytes === "object" ? parseStat(statBytes) : undefined;
  if (directory === undefined || stat === undefined) return undefined;
  const facts: ProcFacts = {
    tgid,
    startTimeNs: stat.startTicks * NS_PER_TICK - timeNamespaceOffsetNs(),
    observedNs,
    parentTgid: stat.parentTgid,
    uid: -1,
    gid: -1,
    comm: stat.comm,
    exe: "",
    cmdline: [],
    cmdlineTruncated: false,
    cwd: "",
    cgroup: "unknown",
    netns: 0,
    isKernelThread: stat.isKernelThread,
  };
  if (stat.isKernelThread) {
    // All of them are root's and in the initial namespaces.
    facts.uid = facts.gid = 0;
    facts.netns = initialNetns();
  } else {
    const statusBytes = directory.read("status");
    const status = typeof statusBytes === "object" ? parseStatus(statusBytes) : undefined;
    if (statusBytes === "gone" || (status !== undefined && status.tgid !== tgid)) return undefined;
    if (status !== undefined) {
      facts.uid = status.uid;
      facts.gid = status.gid;
    }
    readUserFacts(directory, stat, facts);
  }
  const cgroup = directory.read("cgroup");
  if (typeof cgroup === "object") facts.cgroup = parseCgroup(cgroup);
  else facts.unknownReason ??= reasonFor(cgroup, stat);
  return facts;
}

/** Why /proc does not show the processes that the kernel's events name. */
export interface ProcGap {
  /** It shows those of another pid namespace, under other numbers: what it says of a pid is of another process. */
  readonly isForeign: boolean;
  /** In words, for people and for `unknown_reason`. */
  readonly reason: string;
}

/** The first kernel thread, in the initial pid namespace only; whoever may see it may see everybody. */
const KTHREADD = 2;

/**
 * Finds out whether /proc shows every process, under the numbers of the kernel.
 *
 * @returns why not; undefined where it does
 */
export function procGap(): ProcGap | undefined {
  if (readProcess(KTHREADD)?.isKernelThread === true) return undefined;
  return isInInitialPidNamespace()
    ? { isForeign: false, reason: "/proc hides the processes of others (hidepid)" }
    : { isForeign: true, reason: "/proc shows only the processes of a pid namespace, not those of the host" };
}

/**
 * Reads every process, one by one.
 *
 * @returns facts in ascending order of tgid, so that parents mostly come before their children; processes that end
 * meanwhile are left out
 * @throws Deno errors other than "no such process" and "not permitted"
 */
export function* eachProcess(): Generator<ProcFacts, void, undefined> {
  for (const tgid of listProcesses()) {
    const facts = readProcess(tgid);
    if (facts !== undefined) yield facts;
  }
}

/**
 * Reads every process.
 *
 * @returns what {@linkcode eachProcess} yields
 * @throws Deno errors other than "no such process" and "not permitted"
 */
export function scanProcesses(): ProcFacts[] {
  return [...eachProcess()];
}
