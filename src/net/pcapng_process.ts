/**
 * Processes in capture files: the places the writer puts them into, and what the reader makes of them.
 *
 * @module
 */

import { OWNER_KIND, type OwnerKind, type PacketOwner } from "../capture.ts";
import type { ContainerInfo, ProcessInfo } from "../events.ts";

/** Custom blocks: one that may be copied into other files, and one that may not. */
export const CUSTOM_BLOCK = { copied: 0x0000_0bad, kept: 0x4000_0bad } as const;

/** Private enterprise number of the Wireshark Foundation. */
export const PEN_WIRESHARK = 32_622;

/** Kind of custom block: process information. */
export const ENTRY_PROCESS = 3;

/** Option of a packet (`epb_processid_threadid`): pid and tid. */
export const OPTION_PROCESS_THREAD = 8;

/** Options of process information. */
export const PROCESS_OPTION = { name: 2, path: 3, cmdline: 4, ppid: 5, uid: 6, user: 7, startTime: 9 } as const;

/** Octets of a value that are kept: more than a path or what is kept of a command line can have. */
const VALUE_OCTETS_MAX = 8192;

/** Octets of all descriptions together; beyond it the oldest go. */
const TOTAL_OCTETS_MAX = 32 * 1024 * 1024;

/** What a description takes besides its values, roughly. */
const DESCRIPTION_OCTETS = 512;

/** Of so many descriptions of one pid, the latest, the one a comment agrees with is looked for. */
const DESCRIPTIONS_COMPARED_MAX = 64;

/** Longest comm in a comment: 64 octets, as /proc has those of kernel threads, each of which may be shown as \xNN. */
const COMM_SHOWN_MAX = 4 * 64;

/** Packets of as many threads and descriptions share their owner. */
const OWNERS_MAX = 4096;

/** Stands for what the file does not say. */
const NOT_SAID = "unknown";

/** C0 and C1 controls, and DEL. */
// deno-lint-ignore no-control-regex -- they are what is looked for
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/**
 * A line about a process, for programs that know nothing else.
 *
 * @param process the process
 * @param tid thread that acted
 * @returns without control characters: comments are shown on terminals, and processes choose their names
 */
export function describeProcess(process: ProcessInfo, tid: number): string {
  const { runtime, id } = process.container ?? {};
  const container = id === undefined ? "" : ` container=${runtime}:${id}`;
  return visible(
    `${descriptionHead(process.pid, tid)}${process.comm}${descriptionBody(process)}${container}` +
      descriptionTail(process),
  );
}

function descriptionHead(pid: number, tid: number): string {
  return `pid=${pid} tid=${tid} comm=`;
}

function descriptionBody({ exe, uid, ppid }: ProcessInfo): string {
  return ` exe=${exe} uid=${uid} ppid=${ppid}`;
}

function descriptionTail({ cmdline }: ProcessInfo): string {
  return cmdline.length === 0 ? "" : ` cmdline=${cmdline.join(" ")}`;
}

function visible(text: string): string {
  return text.replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** The task a capture file names as the owner of a packet. */
export class FileOwner implements PacketOwner {
  readonly tgid: number;
  readonly tid: number;
  /** Since 1970, not since the boot of a machine that is not this one. */
  readonly startTimeNs: number;
  readonly uid: number;
  /** Files do not tell it. */
  readonly gid = 0;
  readonly comm: string;
  /** Files do not tell how it was known: the least that can be. */
  readonly kind: OwnerKind = OWNER_KIND.holder;
  /** What the file says of the process. */
  readonly process: ProcessInfo;

  /**
   * @param process what the file says
   * @param tid thread that acted
   */
  constructor(process: ProcessInfo, tid: number) {
    this.process = process;
    this.tgid = process.pid;
    this.tid = tid;
    this.startTimeNs = (Date.parse(process.start_time) || 0) * 1e6;
    this.uid = process.uid ?? 0;
    this.comm = process.comm;
  }
}

/** A description of a process, and where it counts. */
interface Description {
  process: ProcessInfo;
  /** What a comment about it has behind the comm, and at its end. */
  body: string;
  tail: string;
  octets: number;
}

/** The processes of a file. Nothing it holds is believed to be short, text or true. */
export class FileProcesses {
  readonly #decoder = new TextDecoder();
  /** The latest last: a process may run one program after another, and pids are used again. */
  readonly #byPid = new Map<number, Description[]>();
  readonly #owners = new Map<string, FileOwner>();
  #octets = 0;

  /** Another section begins: its pids may be those of another host. */
  clear(): void {
    this.#byPid.clear();
    this.#owners.clear();
    this.#octets = 0;
  }

  /**
   * Takes a description.
   *
   * @param pid of the process
   * @param values options by code, see {@linkcode PROCESS_OPTION}; not kept
   * @param isLittle byte order of the section
   */
  add(pid: number, values: ReadonlyMap<number, Uint8Array>, isLittle: boolean): void {
    if (pid === 0) return;
    const text = (code: number): string | undefined => {
      const bytes = values.get(code);
      return bytes === undefined ? undefined : this.#decoder.decode(bytes.subarray(0, VALUE_OCTETS_MAX));
    };
    const number = (code: number, octets: 4 | 8): bigint | undefined => {
      const bytes = values.get(code);
      if (bytes?.length !== octets) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset, octets);
      return octets === 4 ? BigInt(view.getUint32(0, isLittle)) : view.getBigUint64(0, isLittle);
    };
    const process = unnamed(pid, "the capture file does not tell it");
    process.name = text(PROCESS_OPTION.name) ?? NOT_SAID;
    process.exe = text(PROCESS_OPTION.path) ?? NOT_SAID;
    process.cmdline = text(PROCESS_OPTION.cmdline)?.split("\0") ?? [];
    process.ppid = Number(number(PROCESS_OPTION.ppid, 4) ?? 0);
    const uid = number(PROCESS_OPTION.uid, 4);
    if (uid !== undefined) process.uid = Number(uid);
    const user = text(PROCESS_OPTION.user);
    if (user !== undefined) process.user = user;
    const startNs = number(PROCESS_OPTION.startTime, 8);
    if (startNs !== undefined) process.start_time = new Date(Number(startNs / 1_000_000n)).toISOString();
    const body = visible(descriptionBody(process));
    const tail = visible(descriptionTail(process));
    let octets = DESCRIPTION_OCTETS + body.length + tail.length;
    for (const value of values.values()) octets += Math.min(value.length, VALUE_OCTETS_MAX);
    const known = this.#byPid.get(pid) ?? [];
    known.push({ process, body, tail, octets });
    // At the end again: it is among those that were described last.
    this.#byPid.delete(pid);
    this.#byPid.set(pid, known);
    this.#owners.clear();
    this.#octets += octets;
    while (this.#octets > TOTAL_OCTETS_MAX) this.#forgetOldest();
  }

  /**
   * @param pid as the packet says
   * @param tid as the packet says
   * @param comment of the packet, where it has one
   * @returns the owner of the packet; undefined where the file names none
   */
  find(pid: number, tid: number, comment: string | undefined): FileOwner | undefined {
    if (pid === 0) return undefined;
    const key = `${pid} ${tid} ${comment ?? ""}`;
    let owner = this.#owners.get(key);
    if (owner !== undefined) return owner;
    owner = new FileOwner(this.#resolve(pid, tid, comment), tid);
    if (this.#owners.size >= OWNERS_MAX) this.#owners.clear();
    this.#owners.set(key, owner);
    return owner;
  }

  #resolve(pid: number, tid: number, comment: string | undefined): ProcessInfo {
    const known = this.#byPid.get(pid) ?? [];
    const compared = comment === undefined ? [] : known.slice(-DESCRIPTIONS_COMPARED_MAX).reverse();
    for (const description of compared) {
      const said = readDescription(comment ?? "", description, tid);
      if (said !== undefined) return { ...description.process, tid, ...said };
    }
    const latest = known.at(-1)?.process ?? unnamed(pid, "the capture file tells its pid and no more");
    return { ...latest, tid };
  }

  #forgetOldest(): void {
    for (const [pid, known] of this.#byPid) {
      this.#octets -= known.shift()?.octets ?? 0;
      if (known.length === 0) this.#byPid.delete(pid);
      return;
    }
  }
}

/**
 * Reads a comment that {@linkcode describeProcess} made. Only what the description of the process lacks is taken from
 * it, and only where all the rest agrees: a thread may call itself `a exe=/bin/b`.
 */
function readDescription(
  comment: string,
  { process, body, tail }: Description,
  tid: number,
): { comm: string; container?: ContainerInfo } | undefined {
  const head = descriptionHead(process.pid, tid);
  if (!comment.startsWith(head) || !comment.endsWith(tail)) return undefined;
  const commSize = comment.slice(head.length, head.length + COMM_SHOWN_MAX + body.length).indexOf(body);
  if (commSize < 0) return undefined;
  const comm = comment.slice(head.length, head.length + commSize);
  const middle = comment.slice(head.length + commSize + body.length, comment.length - tail.length);
  if (middle === "") return { comm };
  const [, runtime, id] = /^ container=([^: ]+):([^ ]+)$/.exec(middle) ?? [];
  return runtime === undefined || id === undefined ? undefined : { comm, container: { id, runtime } };
}

/** A process of which nothing but the pid is known. */
function unnamed(pid: number, reason: string): ProcessInfo {
  return {
    pid,
    start_time: NOT_SAID,
    name: NOT_SAID,
    comm: NOT_SAID,
    exe: NOT_SAID,
    cmdline: [],
    cwd: NOT_SAID,
    ppid: 0,
    ancestors: [],
    cgroup: NOT_SAID,
    netns: 0,
    unknown_reason: reason,
  };
}
