/**
 * Owners of sockets by inode, from /proc: for kernels whose iterators cannot write socket storage (before Linux 5.11).
 *
 * @module
 */

import { readProcess, socketOwners } from "./proc.ts";

/** The owner of a socket as /proc tells it. */
export interface SocketOwnerFacts {
  tgid: number;
  /** CLOCK_BOOTTIME, ns, rounded down to 10 ms. */
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
