/**
 * The formats of /proc/PID (Linux, Documentation/filesystems/proc.rst), parsed from bytes: no file is opened here.
 *
 * @module
 */

/** Lossy on purpose: the kernel gives any bytes. A leading U+FEFF is kept, it is part of the name. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** USER_HZ is 100 on every architecture Deno runs on: one tick of /proc/PID/stat is 10 ms. */
export const NS_PER_TICK = 10_000_000;

/** PF_KTHREAD of include/linux/sched.h: a thread of the kernel, without user memory. */
const PF_KTHREAD = 0x0020_0000;

/** What is read of /proc/PID/stat. */
export interface ProcStat {
  /** Comm of the thread group's leader, lossy UTF-8. */
  comm: string;
  /** State letter, for example `S`; `Z` is a zombie. */
  state: string;
  /** Thread group id of the parent; 0 for init and kthreadd. */
  parentTgid: number;
  isKernelThread: boolean;
  /** Start, ticks of 10 ms since boot, in the time namespace of the reader. */
  startTicks: number;
}

/** What is read of /proc/PID/status. */
export interface ProcStatus {
  tgid: number;
  /** Real user and group id. */
  uid: number;
  gid: number;
}

/**
 * Parses the decimal number at an offset.
 *
 * @param bytes content
 * @param offset where its first digit stands
 * @returns the number; 0 when there is no digit
 */
function parseDecimal(bytes: Uint8Array, offset: number): number {
  let value = 0;
  for (let index = offset; index < bytes.length; index++) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Parses /proc/PID/stat.
 *
 * The comm may hold any byte but NUL, `)`, `(`, blanks and newlines included; what follows it holds no `)`, so the last
 * one ends it.
 *
 * @param bytes content of the file
 * @returns its fields, or undefined when the content is not that of a stat file
 */
export function parseStat(bytes: Uint8Array): ProcStat | undefined {
  const open = bytes.indexOf(0x28);
  const close = bytes.lastIndexOf(0x29);
  if (open < 0 || close < open) return undefined;
  // Field numbers as in proc_pid_stat(5): 3 is the state, one blank before each.
  let field = 2;
  let parentTgid = 0, flags = 0, startTicks = -1;
  for (let index = close + 1; index < bytes.length; index++) {
    if (bytes[index] !== 0x20) continue;
    field++;
    if (field === 4) parentTgid = parseDecimal(bytes, index + 1);
    else if (field === 9) flags = parseDecimal(bytes, index + 1);
    else if (field === 22) {
      startTicks = parseDecimal(bytes, index + 1);
      break;
    }
  }
  if (startTicks < 0) return undefined;
  return {
    comm: decoder.decode(bytes.subarray(open + 1, close)),
    state: String.fromCharCode(bytes[close + 2]!),
    parentTgid,
    isKernelThread: (flags & PF_KTHREAD) !== 0,
    startTicks,
  };
}

/** First offset after `\n<key>:` and blanks, or -1. The kernel escapes newlines in the one free field (Name). */
function findStatusValue(bytes: Uint8Array, key: string): number {
  for (let start = bytes.indexOf(0x0a); start >= 0; start = bytes.indexOf(0x0a, start + 1)) {
    let index = start + 1;
    let matched = 0;
    while (matched < key.length && bytes[index] === key.charCodeAt(matched)) {
      index++;
      matched++;
    }
    if (matched < key.length || bytes[index] !== 0x3a) continue;
    do index++; while (bytes[index] === 0x09 || bytes[index] === 0x20);
    return index;
  }
  return -1;
}

/**
 * Parses /proc/PID/status.
 *
 * @param bytes content of the file
 * @returns its fields, or undefined when one of them is missing
 */
export function parseStatus(bytes: Uint8Array): ProcStatus | undefined {
  const tgid = findStatusValue(bytes, "Tgid");
  const uid = findStatusValue(bytes, "Uid");
  const gid = findStatusValue(bytes, "Gid");
  if (tgid < 0 || uid < 0 || gid < 0) return undefined;
  return { tgid: parseDecimal(bytes, tgid), uid: parseDecimal(bytes, uid), gid: parseDecimal(bytes, gid) };
}

/** Octets of a command line that are kept, as the kernel sensor keeps. */
export const CMDLINE_MAX_BYTES = 4096;

/** Length without an incomplete UTF-8 sequence that a cut left at the end. */
function trimPartialSequence(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const wanted = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return wanted > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/**
 * Splits /proc/PID/cmdline into arguments.
 *
 * A process that rewrote its arguments (setproctitle) leaves one string and NUL padding: the padding is dropped.
 *
 * @param bytes content of the file; what is beyond {@linkcode CMDLINE_MAX_BYTES} is cut
 * @returns arguments, lossy UTF-8, empty for kernel threads and zombies; and whether they were cut
 */
export function parseCmdline(bytes: Uint8Array): { cmdline: string[]; truncated: boolean } {
  if (bytes.length === 0) return { cmdline: [], truncated: false };
  const truncated = bytes.length > CMDLINE_MAX_BYTES;
  let kept = truncated ? bytes.subarray(0, CMDLINE_MAX_BYTES) : bytes;
  if (truncated) kept = kept.subarray(0, trimPartialSequence(kept));
  const ended = kept[kept.length - 1] === 0;
  const cmdline = decoder.decode(ended ? kept.subarray(0, kept.length - 1) : kept).split("\0");
  if (cmdline.length > 2 && cmdline.every((argument, index) => index === 0 || argument === "")) cmdline.length = 1;
  return { cmdline, truncated };
}

/**
 * Chooses a cgroup path from /proc/PID/cgroup.
 *
 * @param bytes content of the file
 * @returns the v2 path (`0::`) unless it is the root; else the first v1 path that is not the root; else `/`. The
 * kernel's ` (deleted)` is dropped. Empty when the file is.
 */
export function parseCgroup(bytes: Uint8Array): string {
  const lines = decoder.decode(bytes).split("\n");
  let unified = "";
  let legacy = "";
  for (const line of lines) {
    const path = line.slice(line.indexOf(":", line.indexOf(":") + 1) + 1);
    if (line.startsWith("0::")) unified = path.endsWith(" (deleted)") ? path.slice(0, -10) : path;
    else if (legacy === "" && path !== "/") legacy = path;
  }
  return unified !== "/" && unified !== "" ? unified : legacy !== "" ? legacy : unified;
}

/**
 * Takes the inode number out of a namespace or socket link such as `net:[4026531840]`.
 *
 * @param target target of the link
 * @returns the number, or 0 when it has none
 */
export function parseInode(target: string): number {
  const match = /\[(\d+)\]$/.exec(target);
  return match === null ? 0 : Number(match[1]);
}
