/**
 * What a process runs: the hash of its executable and the package that owns it.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import type { ProcessInfo } from "../events.ts";
import { nodeModule } from "../host/node.ts";
import { readProcess } from "../host/proc.ts";
import { packageOf, type PackageOwner } from "./packages.ts";

/** What is known of a program. */
export interface ProgramFacts {
  sha256: string;
  package: string;
  packageVersion?: string;
  unknownReason?: string;
}

const CHUNK_BYTES = 256 * 1024;

/** Octets of executables read in all: anybody can run one that is a hole of terabytes behind a small program. */
const MAX_HASHED_BYTES = 4 * 2 ** 30;
const TOO_LARGE = "the executables are larger than 4 GiB together";

/** SHA-256 of a file, in hex, and its octets; or why it cannot be read. */
function hashFile(path: string, maxBytes: number): { hex: string; bytes: number } | "denied" | "gone" | "large" {
  try {
    using file = Deno.openSync(path);
    if (file.statSync().size > maxBytes) return "large";
    let bytes = 0;
    const hash = nodeModule("node:crypto").createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let count = file.readSync(chunk); count !== null; count = file.readSync(chunk)) {
      hash.update(chunk.subarray(0, count));
      bytes += count;
      if (bytes > maxBytes) return "large";
    }
    return { hex: hash.digest("hex"), bytes };
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return "denied";
    // Ended, or about to: a zombie has no executable any more.
    if (error instanceof Deno.errors.NotFound) return "gone";
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return "gone";
    throw error;
  }
}

/** How far the start in an event may be from that of /proc, which counts in 10 ms, both rounded; milliseconds. */
const START_TOLERANCE_MS = 20;

/** Whether a process is still there: its pid may be that of another one meanwhile. */
function isAlive(process: ProcessInfo, clock: Clock): boolean {
  const facts = readProcess(process.pid);
  if (facts === undefined) return false;
  const difference = Date.parse(process.start_time) - Date.parse(clock.toRfc3339(facts.startTimeNs));
  return Math.abs(difference) <= START_TOLERANCE_MS;
}

/** Names an executable file as long as it does not change; undefined when it cannot be looked at. */
function fileKey(path: string): string | undefined {
  try {
    const { dev, ino, size, mtime } = Deno.statSync(path);
    return `${dev} ${ino} ${size} ${mtime?.getTime()}`;
  } catch (error) {
    // Whoever hashes it next finds out why.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return undefined;
    throw error;
  }
}

/**
 * Path of an executable below the root of its process. Who called chroot(2) and no more is in a mount namespace where the
 * path begins elsewhere; of another mount namespace that root is shown as "/".
 */
function pathInRoot({ pid, exe }: ProcessInfo): string {
  try {
    const root = Deno.readLinkSync(`/proc/${pid}/root`);
    return exe.startsWith(`${root}/`) ? exe.slice(root.length) : exe;
  } catch (error) {
    // Ended, or not to be looked at: whoever reads its packages finds out.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return exe;
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return exe;
    throw error;
  }
}

/** Describes programs; each file is hashed and looked up once, however many processes run it. */
export class Programs {
  readonly #clock: Clock;
  readonly #unreadable: string | undefined;
  readonly #known = new Map<string, ProgramFacts>();
  #leftBytes = MAX_HASHED_BYTES;

  /**
   * @param clock made the start times of the processes
   * @param unreadable why /proc is not that of the processes; undefined where it is
   */
  constructor(clock: Clock, unreadable: string | undefined) {
    this.#clock = clock;
    this.#unreadable = unreadable;
  }

  /**
   * Describes the program of a process.
   *
   * @param process the process
   * @returns the facts; what could not be found out is `unknown`
   */
  describe(process: ProcessInfo): ProgramFacts {
    if (process.pid === 0 || process.exe === "unknown") {
      return facts({ name: "unknown" }, undefined, this.#unreadable ?? "the process is not known");
    }
    if (process.exe === "") return { sha256: "unknown", package: "none", unknownReason: "a thread of the kernel" };
    if (this.#unreadable !== undefined) return facts({ name: "unknown" }, undefined, this.#unreadable);
    const found = isAlive(process, this.#clock) ? this.#read(process) : undefined;
    // Alive before and after: what was read in between is its own.
    if (found !== undefined && isAlive(process, this.#clock)) return found;
    const reason = "the process ended before its executable could be hashed";
    // What lay at the path then is not known, but to whom the path belongs is; in a container it is another's path.
    return facts(process.container === undefined ? packageOf("", process.exe) : { name: "unknown" }, undefined, reason);
  }

  /** Reads by the links of the process: right also where the file was replaced, deleted, or lies in a container. */
  #read(process: ProcessInfo): ProgramFacts | undefined {
    const link = `/proc/${process.pid}/exe`;
    const file = fileKey(link);
    const key = file === undefined ? undefined : `${file} ${process.exe} ${process.container?.id ?? ""}`;
    const known = key === undefined ? undefined : this.#known.get(key);
    if (known !== undefined) return known;
    const hash = hashFile(link, this.#leftBytes);
    if (hash === "gone") return undefined;
    const owner = packageOf(`/proc/${process.pid}/root`, pathInRoot(process));
    if (hash === "denied") return facts(owner, undefined, "no permission to read the executable");
    if (hash === "large") return facts(owner, undefined, TOO_LARGE);
    this.#leftBytes -= hash.bytes;
    const found = facts(owner, hash.hex, owner.reason);
    if (key !== undefined) this.#known.set(key, found);
    return found;
  }
}

function facts(owner: PackageOwner, sha256: string | undefined, reason: string | undefined): ProgramFacts {
  return {
    sha256: sha256 ?? "unknown",
    package: owner.name,
    ...(owner.version === undefined ? {} : { packageVersion: owner.version }),
    ...(reason === undefined ? {} : { unknownReason: reason }),
  };
}
