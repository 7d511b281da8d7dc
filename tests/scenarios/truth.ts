/**
 * Ground truth: what the scenario programs log about themselves (`scenario.h`), one JSON object a line.
 *
 * @module
 */

/** What a program said about itself at the moment it acted. */
export interface Truth {
  /** `asked`: sent a query. `ready`: waits for the runner. `heard`: received a multicast datagram. */
  kind: string;
  pid: number;
  tid: number;
  ppid: number;
  uid: number;
  gid: number;
  /** Absent where a parent logged the truth about a child too brief to do it. */
  comm?: string;
  exe: string;
  cmdline: string[];
  /** Inode number of the network namespace. */
  netns?: number;
  /** Start of the process, ms since the epoch, exact to a clock tick (10 ms). */
  startMs?: number;
  name?: string;
  type?: string;
  transport?: string;
  /** 0 where the program cannot know it. */
  sourcePort?: number;
  destinationPort?: number;
  /** -1 without an answer. */
  rcode?: number;
  /** How many answers arrived, in programs that ask many questions. */
  answers?: number;
  /** From before the start to after the end of a process, microseconds. */
  lifeUs?: number;
}

/** The octets written as hex, as lossy UTF-8. */
function fromHex(hex: unknown): string {
  if (typeof hex !== "string") return "";
  return new TextDecoder().decode(Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16)));
}

/** The arguments of a command line as /proc/PID/cmdline holds it. */
function splitCmdline(text: string): string[] {
  return text.replace(/\0$/, "").split("\0");
}

/**
 * Reads one line of ground truth.
 *
 * @param line a JSON object as `emit()` of `scenario.h` writes it
 * @returns the truth, texts decoded from hex
 * @throws {SyntaxError} when the line is no JSON
 */
export function parseTruth(line: string): Truth {
  const raw = JSON.parse(line);
  const { comm, exe, cmdline, name, startTicks, ticksPerSecond, realtimeMs, boottimeMs, ...rest } = raw;
  return {
    ...rest,
    ...(comm === undefined ? {} : { comm: fromHex(comm) }),
    exe: fromHex(exe).replace(/ \(deleted\)$/, ""),
    cmdline: splitCmdline(fromHex(cmdline)),
    ...(name === undefined ? {} : { name: fromHex(name) }),
    ...(startTicks === undefined ? {} : { startMs: realtimeMs - boottimeMs + startTicks * 1000 / ticksPerSecond }),
  };
}
