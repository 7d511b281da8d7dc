/**
 * The network namespaces of this host, and work done inside each.
 *
 * @module
 */

import { closeFd, openFile, setns } from "../../ffi/mod.ts";
import { allocate } from "../../ffi/memory.ts";
import { closeAnchor, openAnchor, readLinkAt } from "../../ffi/proc_files.ts";
import { CulpritError, EXIT_CODE, LibbpfError } from "../errors.ts";
import { parseInode } from "../host/proc_format.ts";

/** CLONE_NEWNET of linux/sched.h: setns() then refuses what is no network namespace. */
const CLONE_NEWNET = 0x4000_0000;

/** The thread could not go back to its own network namespace: whatever it does next would be done in a strange one. */
export class NamespaceReturnError extends CulpritError {
  override readonly exitCode = EXIT_CODE.internal;
}

/** Leads to the namespace of the calling thread, as long as it stays there. */
const OWN_NAMESPACE = "/proc/thread-self/ns/net";

const decoder = new TextDecoder();
const target = allocate(64);

/** Inode number of the namespace a link below /proc names; 0 when it has gone or may not be read. */
function namespaceOf(anchor: number, link: string): number {
  const length = readLinkAt(anchor, link, target);
  return length <= 0 ? 0 : parseInode(decoder.decode(target.subarray(0, length)));
}

/**
 * Finds every network namespace that a process is in or that is mounted (`ip netns`, container runtimes).
 *
 * @returns inode number to a path that leads to it; that of the calling thread first
 */
export function findNetworkNamespaces(): Map<number, string> {
  const found = new Map<number, string>();
  const anchor = openAnchor("/proc");
  try {
    const own = namespaceOf(anchor, "thread-self/ns/net");
    if (own > 0) found.set(own, OWN_NAMESPACE);
    for (const { name } of Deno.readDirSync("/proc")) {
      const first = name.charCodeAt(0);
      if (first < 0x31 || first > 0x39) continue;
      const inode = namespaceOf(anchor, `${name}/ns/net`);
      if (inode > 0 && !found.has(inode)) found.set(inode, `/proc/${name}/ns/net`);
    }
  } finally {
    closeAnchor(anchor);
  }
  for (const [inode, path] of findNamespaceMounts(Deno.readTextFileSync("/proc/self/mountinfo"))) {
    if (!found.has(inode)) found.set(inode, path);
  }
  return found;
}

/**
 * Finds network namespaces that are kept by a mount.
 *
 * @param mountinfo content of /proc/self/mountinfo (proc_pid_mountinfo(5))
 * @returns pairs of inode number and mount point
 */
export function findNamespaceMounts(mountinfo: string): [number, string][] {
  const mounts: [number, string][] = [];
  for (const line of mountinfo.split("\n")) {
    const fields = line.split(" ");
    const inode = /^net:\[(\d+)\]$/.exec(fields[3] ?? "")?.[1];
    const point = fields[4];
    if (inode === undefined || point === undefined) continue;
    mounts.push([
      Number(inode),
      point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
    ]);
  }
  return mounts;
}

/**
 * Runs work inside network namespaces, one after the other. Only the calling thread moves, and it is back when this
 * returns or throws; the work must therefore be synchronous.
 *
 * @param namespaces inode number to path
 * @param work is told the inode number of the namespace it runs in
 * @param refused told of each namespace that could not be entered; one that has gone meanwhile is not told
 * @throws {NamespaceReturnError} when the thread cannot go back
 * @throws whatever the work throws
 */
export function insideNamespaces(
  namespaces: ReadonlyMap<number, string>,
  work: (inode: number) => void,
  refused: (inode: number, error: LibbpfError) => void,
): void {
  const home = openFile(OWN_NAMESPACE);
  using stack = new DisposableStack();
  stack.defer(() => closeFd(home));
  stack.defer(() => goBack(home));
  for (const [inode, path] of namespaces) {
    if (path === OWN_NAMESPACE) goBack(home);
    else if (!enter(path, (error) => refused(inode, error))) continue;
    work(inode);
  }
}

/** Goes back to the own namespace; where the thread never left it this changes nothing. */
function goBack(home: number): void {
  try {
    setns(home, CLONE_NEWNET);
  } catch (error) {
    // Without CAP_SYS_ADMIN no namespace was entered either.
    if (error instanceof LibbpfError && error.errnoName === "EPERM") return;
    throw new NamespaceReturnError("Cannot go back to culprit's own network namespace", { cause: error });
  }
}

/** Enters a namespace; false when that was refused or it has gone. */
function enter(path: string, refused: (error: LibbpfError) => void): boolean {
  try {
    using stack = new DisposableStack();
    const fd = stack.adopt(openFile(path), closeFd);
    setns(fd, CLONE_NEWNET);
    return true;
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    if (error.errnoName !== "ENOENT" && error.errnoName !== "ESRCH") refused(error);
    return false;
  }
}
