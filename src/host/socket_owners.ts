/**
 * Owners of sockets by inode, from /proc: for kernels whose iterators cannot write socket storage (before Linux 5.11).
 *
 * @module
 */

import { readProcess } from "./proc.ts";

/** The owner of a socket as /proc tells it. */
export interface SocketOwnerFacts {
  tgid: number;
  startTimeNs: number;
  uid: number;
  gid: number;
  comm: string;
}

/** Walks again for an inode it does not know at most this often: sockets can be made and gone faster than a walk. */
const RESCAN_INTERVAL_MS = 1000;

/** Finds owners of sockets; walks /proc once at start and seldom again. */
export class SocketOwners {
  #owners = socketOwners();
  #scannedMs = performance.now();

  /**
   * Names the owner of a socket.
   *
   * @param inode inode number of the socket
   * @returns its owner; undefined when no living process holds it, or several do
   */
  find(inode: number): SocketOwnerFacts | undefined {
    let holders = this.#owners.get(inode);
    if (holders === undefined && performance.now() - this.#scannedMs >= RESCAN_INTERVAL_MS) {
      this.#owners = socketOwners();
      this.#scannedMs = performance.now();
      holders = this.#owners.get(inode);
    }
    const [tgid, second] = holders ?? [];
    // Which of several holders acts is not to be told from here: unknown is better than wrong.
    if (tgid === undefined || second !== undefined) return undefined;
    const facts = readProcess(tgid);
    if (facts === undefined) return undefined;
    return { tgid, startTimeNs: facts.startTimeNs, uid: facts.uid, gid: facts.gid, comm: facts.comm };
  }
}

/** Lists who holds which socket: every descriptor of every process. */
function socketOwners(): Map<number, number[]> {
  const owners = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const tgid = Number(name);
    if (!Number.isInteger(tgid)) continue;
    for (const inode of socketsOf(tgid)) {
      const holders = owners.get(inode);
      if (holders === undefined) owners.set(inode, [tgid]);
      else if (holders.at(-1) !== tgid) holders.push(tgid);
    }
  }
  return owners;
}

/** Inodes of the sockets a process holds; none when it is gone or not ours to look at. */
function socketsOf(tgid: number): number[] {
  const inodes: number[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${tgid}/fd`)) {
      const target = /^socket:\[(\d+)\]$/.exec(Deno.readLinkSync(`/proc/${tgid}/fd/${name}`));
      if (target !== null) inodes.push(Number(target[1]));
    }
  } catch (error) {
    // A process may end, and a descriptor be closed, while it is looked at.
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  return inodes;
}
