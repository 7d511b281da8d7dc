/**
 * What the process sensor tells the process table, and what the table is asked with.
 *
 * Times are CLOCK_BOOTTIME in ns. Strings are lossy UTF-8 and otherwise as the kernel has them: nothing is escaped.
 *
 * @module
 */

/** Names a process for ever: a tgid is used again, never with the same start. */
export interface ProcessKey {
  tgid: number;
  /** Start of the thread group's leader (`start_boottime`); a multiple of 10 ms is taken as rounded down by /proc. */
  startTimeNs: number;
}

/** Names a process and, where known, the thread that acted. {@linkcode PacketOwner} of src/capture.ts is one. */
export interface ProcessRef extends ProcessKey {
  /** Acting thread; without it no `tid` is shown. */
  tid?: number;
  /** Comm of the acting thread; without it that of the image is shown. */
  comm?: string;
  /** Real user and group of the acting thread; without them those of the last exec or fork are shown. */
  uid?: number;
  gid?: number;
}

/** A process began another program (`sched_process_exec`). */
export interface ProcessExec extends ProcessKey {
  tsNs: number;
  /** Thread that called execve, as it was numbered before the call; the leader where that is not known. */
  tid: number;
  parentTgid: number;
  parentStartTimeNs: number;
  /** Real user and group id. */
  uid: number;
  gid: number;
  comm: string;
  /** Path of the executable in the process's own mount namespace; empty where it could not be read. */
  exe: string;
  /** Present and true when `exe` lost its beginning. */
  exeTruncated?: boolean;
  cmdline: string[];
  /** The command line was longer than what was kept (4 KiB). */
  cmdlineTruncated: boolean;
  /** Empty where it could not be read. */
  cwd: string;
  /** Path of the cgroup in the v2 hierarchy. */
  cgroup: string;
  /** Inode number of the network namespace. */
  netns: number;
}

/** A process was created (`sched_process_fork`); threads of an existing process are none. */
export interface ProcessFork extends ProcessKey {
  tsNs: number;
  /** Who called fork: facts are inherited from it. */
  parentTgid: number;
  parentStartTimeNs: number;
  uid: number;
  gid: number;
  comm: string;
  /** Where the child differs from its parent (CLONE_INTO_CGROUP, CLONE_NEWNET); absent means inherited. */
  cgroup?: string;
  netns?: number;
}

/** A process was moved to another cgroup (`cgroup_attach_task`), or created in another than its parent's. */
export interface ProcessCgroup extends ProcessKey {
  tsNs: number;
  /** Path in the v2 hierarchy; empty where it could not be read. */
  cgroup: string;
}

/** The last thread of a process ended (`sched_process_exit`). */
export interface ProcessExit extends ProcessKey {
  tsNs: number;
  /** Wait status of wait(2): exit code in bits 8 to 15, signal in bits 0 to 6, core dumped in bit 7. */
  exitStatus: number;
  /** Facts of the leader, used when the process is not in the table. */
  uid?: number;
  gid?: number;
  comm?: string;
  parentTgid?: number;
  parentStartTimeNs?: number;
}
