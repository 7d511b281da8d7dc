/**
 * Reads of /proc that treat a process that has gone, or may not be looked at, as an answer and not as an error.
 *
 * @module
 */

import { ERRNO } from "../../ffi/errno.ts";
import { allocate, cString } from "../../ffi/memory.ts";
import { closeAnchor, openAnchor, readFileAt, readLinkAt } from "../../ffi/proc_files.ts";

/**
 * Why a file of /proc could not be read: its process has ended (or never had that file), access was refused
 * (`hidepid`, ptrace access mode, a security module), or the kernel gave another error.
 */
export type ReadFailure = "gone" | "denied" | "failed";

/** Sorts a negative errno. */
function classify(result: number): ReadFailure {
  if (result === -ERRNO.ENOENT || result === -ERRNO.ESRCH) return "gone";
  return result === -ERRNO.EACCES || result === -ERRNO.EPERM ? "denied" : "failed";
}

/** 64 KiB: above the 4 KiB of a command line that are kept, and above any `stat`, `status` or `cgroup` file. */
const buffer = allocate(64 * 1024);
/** Lossy on purpose: the kernel gives any bytes. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Names below /proc/PID, as C wants them. */
const NAMES = {
  stat: cString("stat"),
  status: cString("status"),
  cmdline: cString("cmdline"),
  cgroup: cString("cgroup"),
  exe: cString("exe"),
  cwd: cString("cwd"),
  "ns/net": cString("ns/net"),
};

/** /proc/PID of one process: reads through it fail once that process has gone, also when its pid is used again. */
export class ProcessDirectory implements Disposable {
  readonly #fd: number;
  #isOpen = true;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Opens the directory of a process.
   *
   * @param tgid process
   * @returns the directory, to be disposed of; or why there is none
   */
  static open(tgid: number): ProcessDirectory | ReadFailure {
    const fd = openAnchor(`/proc/${tgid}`);
    return fd < 0 ? classify(fd) : new ProcessDirectory(fd);
  }

  /**
   * Reads a file that the kernel yields in one read.
   *
   * @param name file
   * @returns a view of the content, at most 64 KiB, valid until the next read; or why there is none
   */
  read(name: "stat" | "status" | "cmdline" | "cgroup"): Uint8Array | ReadFailure {
    const count = readFileAt(this.#fd, NAMES[name], buffer);
    return count < 0 ? classify(count) : buffer.subarray(0, count);
  }

  /**
   * Reads a link.
   *
   * @param name link
   * @returns its target, lossy UTF-8; or why there is none
   */
  readLink(name: "exe" | "cwd" | "ns/net"): { target: string } | ReadFailure {
    const count = readLinkAt(this.#fd, NAMES[name], buffer);
    return count < 0 ? classify(count) : { target: decoder.decode(buffer.subarray(0, count)) };
  }

  /** Closes the directory; again does nothing. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeAnchor(this.#fd);
  }
}

/**
 * Lists the processes of /proc.
 *
 * @returns thread group ids, ascending
 * @throws {Deno.errors.NotFound} when /proc is not mounted
 */
export function listProcesses(): number[] {
  const tgids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first >= 0x31 && first <= 0x39) tgids.push(Number(name));
  }
  return tgids.sort((a, b) => a - b);
}
