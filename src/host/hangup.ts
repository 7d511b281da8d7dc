/**
 * SIGHUP: the terminal went away.
 *
 * @module
 */

import { readOptional } from "./files.ts";

/** Bit of SIGHUP in the masks of /proc/PID/status. */
const SIGHUP_BIT = 1n;

let isIgnored = false;

/**
 * Goes on ignoring SIGHUP where whoever started this process had it ignored, as nohup(1) does. To be called before any
 * signal is listened to: from then on Deno 2.9 ends the process at SIGHUP, ignored or not.
 */
export function keepIgnoringHangup(): void {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readOptional("/proc/self/status") ?? "")?.[1] ?? "0";
  isIgnored = (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  if (isIgnored) Deno.addSignalListener("SIGHUP", () => {});
}

/**
 * Whether the process is to outlive its terminal.
 *
 * @returns true where SIGHUP was ignored when it was started
 */
export function ignoresHangup(): boolean {
  return isIgnored;
}
