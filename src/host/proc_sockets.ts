/**
 * Which processes hold which sockets, from the descriptors in /proc/PID/fd.
 *
 * @module
 */

import { allocate } from "../../ffi/memory.ts";
import { closeAnchor, openAnchor, readLinkAt } from "../../ffi/proc_files.ts";
import { listProcesses } from "./_read.ts";

/** `socket:[`, what the link of a socket's descriptor begins with. */
const PREFIX = new TextEncoder().encode("socket:[");

/** Longer than `socket:[<20 digits>]`; what is cut is no socket. */
const target = allocate(64);

/** Inode number in the target of a descriptor's link, or -1 when it is no socket. */
function parseSocketLink(bytes: Uint8Array, length: number): number {
  for (let index = 0; index < PREFIX.length; index++) if (bytes[index] !== PREFIX[index]) return -1;
  let inode = 0;
  for (let index = PREFIX.length; index < length - 1; index++) inode = inode * 10 + bytes[index]! - 0x30;
  return inode;
}

/** Names of the descriptors of a process; none when it has gone or may not be looked at. */
function listDescriptors(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name);
  } catch (error) {
    // ESRCH, of a process that ended in between, is a plain Error with a code.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return [];
    throw error;
  }
}

/**
 * Finds who holds every socket.
 *
 * @returns inode number of the socket to the thread group ids that hold a descriptor of it, ascending, each once;
 * processes that may not be looked at are missing
 * @throws Deno errors other than "no such process" and "not permitted"
 */
export function socketOwners(): Map<number, number[]> {
  const owners = new Map<number, number[]>();
  for (const tgid of listProcesses()) {
    const directory = `/proc/${tgid}/fd`;
    const names = listDescriptors(directory);
    if (names.length === 0) continue;
    const anchor = openAnchor(directory);
    if (anchor < 0) continue;
    for (const name of names) {
      const length = readLinkAt(anchor, name, target);
      const inode = length < PREFIX.length + 2 ? -1 : parseSocketLink(target, length);
      if (inode < 0) continue;
      const holders = owners.get(inode);
      if (holders === undefined) owners.set(inode, [tgid]);
      else if (holders[holders.length - 1] !== tgid) holders.push(tgid);
    }
    closeAnchor(anchor);
  }
  return owners;
}
