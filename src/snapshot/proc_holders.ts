/**
 * Who holds which socket, with the descriptors, from /proc/PID/fd.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { allocate } from "../../ffi/memory.ts";
import { closeAnchor, openAnchor, readLinkAt } from "../../ffi/proc_files.ts";
import { readProcess } from "../host/proc.ts";
import type { SocketHolder } from "./types.ts";

/** `socket:[`, what the link of a socket's descriptor begins with. */
const PREFIX = new TextEncoder().encode("socket:[");
const target = allocate(64);

/** Inode number in the target of a link, or -1 when it is no socket. */
function socketInode(length: number): number {
  for (let index = 0; index < PREFIX.length; index++) if (target[index] !== PREFIX[index]) return -1;
  let inode = 0;
  for (let index = PREFIX.length; index < length - 1; index++) inode = inode * 10 + (target[index] ?? 0) - 0x30;
  return inode;
}

/** Names in a directory, ascending by number; why there are none otherwise. */
function numbersIn(directory: string): number[] | "gone" | "denied" {
  try {
    const numbers: number[] = [];
    for (const { name } of Deno.readDirSync(directory)) if (/^\d+$/.test(name)) numbers.push(Number(name));
    return numbers.sort((a, b) => a - b);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EACCES" || code === "EPERM") return "denied";
    if (code === "ENOENT" || code === "ESRCH") return "gone";
    throw error;
  }
}

/**
 * Finds the holders of every socket.
 *
 * @returns holders by inode number of the socket; `denied`: processes whose descriptors may not be read
 */
export function readHolders(): { byInode: Map<number, SocketHolder[]>; denied: number } {
  const byInode = new Map<number, SocketHolder[]>();
  let denied = 0;
  const tgids = numbersIn("/proc");
  for (const tgid of typeof tgids === "string" ? [] : tgids) {
    const directory = `/proc/${tgid}/fd`;
    const fds = numbersIn(directory);
    if (fds === "denied") denied++;
    if (typeof fds === "string" || fds.length === 0) continue;
    const anchor = openAnchor(directory);
    if (anchor < 0) continue;
    let facts: { startTimeNs: number; comm: string } | undefined;
    let isDenied = false;
    for (const fd of fds) {
      const length = readLinkAt(anchor, String(fd), target);
      // Listing the directory of a process of another user can be allowed where reading its links is not.
      if (length === -ERRNO.EACCES || length === -ERRNO.EPERM) isDenied = true;
      const inode = length < PREFIX.length + 2 ? -1 : socketInode(length);
      if (inode < 0) continue;
      facts ??= readProcess(tgid) ?? { startTimeNs: 0, comm: "unknown" };
      addHolder(byInode, inode, tgid, facts, fd);
    }
    closeAnchor(anchor);
    if (isDenied) denied++;
  }
  return { byInode, denied };
}

/** Notes a descriptor. */
function addHolder(
  byInode: Map<number, SocketHolder[]>,
  inode: number,
  tgid: number,
  facts: { startTimeNs: number; comm: string },
  fd: number,
): void {
  const holders = byInode.get(inode);
  const last = holders?.[holders.length - 1];
  if (last?.tgid === tgid) last.fds.push(fd);
  else {
    const holder: SocketHolder = { tgid, startTimeNs: facts.startTimeNs, comm: facts.comm, fds: [fd] };
    if (holders === undefined) byInode.set(inode, [holder]);
    else holders.push(holder);
  }
}
