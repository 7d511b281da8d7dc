/**
 * The processes of a snapshot, as far as /proc is that of the processes the kernel names.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import { type ProcGap, procGap } from "../host/proc.ts";
import { UserNames } from "../host/users.ts";
import { ProcessTable } from "../process_table.ts";
import { REASON } from "./assemble.ts";
import type { Snapshot } from "./types.ts";

/** Why a socket may seem to be held by nobody: the kernel lists the files of one pid namespace only. */
const ELSEWHERE = "its holder may be a process outside the pid namespace culprit runs in";

/** Reasons that hold only where the files of all processes were seen. */
const NEEDS_ALL: ReadonlySet<string | undefined> = new Set([REASON.inFlight, REASON.kernel, REASON.noListener]);

/**
 * Why the pids the kernel tells are not those of /proc.
 *
 * @returns the reason, in words; undefined where they are
 */
export function foreignProcReason(): string | undefined {
  const gap = procGap();
  return gap?.isForeign === true ? gap.reason : undefined;
}

/**
 * Makes the table that knows the holders of a snapshot. What /proc does not show of them is added to what the snapshot
 * could not observe, and reasons that would be wrong because of it are put right.
 *
 * @param snapshot is changed
 * @param clock for start times
 * @returns the table
 */
export function processesOf(snapshot: Snapshot, clock: Clock): ProcessTable {
  const gap = procGap();
  const users = new UserNames();
  if (gap === undefined) return new ProcessTable({ clock, users });
  snapshot.notObserved.push(notice(gap, snapshot.source));
  if (!gap.isForeign) return new ProcessTable({ clock, users, unreadableReason: gap.reason });
  for (const row of snapshot.sockets) if (NEEDS_ALL.has(row.unknownReason)) row.unknownReason = ELSEWHERE;
  // From /proc come holders by the numbers of /proc.
  if (snapshot.source === "sock_diag") return new ProcessTable({ clock, users });
  // Its numbers are those of other processes: a wrong process is worse than none.
  return new ProcessTable({ clock, users, readProcess: () => undefined, unreadableReason: gap.reason });
}

/** What /proc does not show, as a sentence without a final period. */
function notice({ isForeign, reason }: ProcGap, source: Snapshot["source"]): string {
  if (!isForeign) return `processes of others: ${reason}; run it as root or add CAP_SYS_PTRACE`;
  const whose = source === "iterators" ? "the host" : "that namespace";
  return `processes: ${reason}; pids are those of ${whose}: start it on the host, or with the host's pids (--pid=host)`;
}
