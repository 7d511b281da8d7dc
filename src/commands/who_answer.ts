/**
 * What the answers of `culprit who` are made of.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import { EXIT_CODE } from "../errors.ts";
import { type ConnectionEvent, type ProcessInfo, SCHEMA, type WhoEvent, type WhoSocketInfo } from "../events.ts";
import type { Programs } from "../snapshot/program.ts";
import { matchesEnd, type Target } from "../snapshot/target.ts";

/** Exit code when nobody was found, as of grep(1): everything was looked at, there is nothing. */
export const NOBODY_FOUND = EXIT_CODE.findings;

/**
 * Finds out which addresses are of this host, as far as culprit's own network namespace goes.
 *
 * @returns whether an address is
 */
export function ownAddresses(): (ip: string) => boolean {
  const addresses = new Set(Deno.networkInterfaces().map(({ address }) => address));
  return (ip) => addresses.has(ip) || ip.startsWith("127.");
}

/**
 * Which end of a socket, or of a connection, is what was asked for.
 *
 * @param targets one end, or both ends of a connection
 * @param socket its addresses
 * @param isOwn whether an address is of this host
 * @returns the end of the first target; undefined where it is neither
 */
export function endOf(
  targets: readonly Target[],
  socket: Pick<WhoSocketInfo, "local" | "remote">,
  isOwn: (ip: string) => boolean,
): "local" | "remote" | undefined {
  const { local, remote } = socket;
  const [first, second] = targets;
  if (first === undefined) return undefined;
  const other = (end: typeof remote): boolean => second === undefined || matchesEnd(second, end, isOwn);
  if (matchesEnd(first, remote, () => false) && other(local)) return "remote";
  return matchesEnd(first, local, isOwn) && other(remote) ? "local" : undefined;
}

/**
 * A connection of an answer.
 *
 * @param told what happened to it
 * @param end which of its ends was asked for
 * @returns it as a socket
 */
export function connectionSocket(told: ConnectionEvent, end: "local" | "remote"): WhoSocketInfo {
  const { event, connection } = told;
  const { transport, local, remote, netns } = connection;
  return {
    end,
    protocol: transport,
    state: event,
    local,
    ...(remote === undefined ? {} : { remote }),
    netns,
    fds: [],
  };
}

/**
 * Makes an answer, with the facts of the program.
 *
 * @param process who
 * @param clock shows the time
 * @param tsNs when it was so, CLOCK_BOOTTIME in ns
 * @param what what was asked for and what was found; `programs` describes the executable
 * @returns the event
 */
export function whoEvent(
  process: ProcessInfo,
  clock: Clock,
  tsNs: number,
  what: Pick<WhoEvent, "evidence" | "sockets" | "lookup"> & { targets: readonly Target[]; programs: Programs },
): WhoEvent {
  const { targets, programs, evidence, sockets, lookup } = what;
  const program = programs.describe(process);
  return {
    schema: SCHEMA,
    type: "who",
    time: clock.toRfc3339(tsNs),
    target: targets.map(({ text }) => text).join(" "),
    evidence,
    process,
    exe_sha256: program.sha256,
    package: program.package,
    ...(program.packageVersion === undefined ? {} : { package_version: program.packageVersion }),
    ...(program.unknownReason === undefined ? {} : { unknown_reason: program.unknownReason }),
    sockets,
    ...(lookup === undefined ? {} : { lookup }),
  };
}
