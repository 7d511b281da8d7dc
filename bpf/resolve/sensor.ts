/**
 * The resolve sensor: its programs, and its records.
 *
 * @module
 */

import { OWNER_KIND, type PacketOwner } from "../../src/capture.ts";
import type { Sensor } from "../../src/sensor.ts";
import { readText } from "../record.ts";
import { readResolveEvent, RESOLVE_EVENT_COMM_OFFSET, RESOLVE_EVENT_NAME_OFFSET } from "./layout.gen.ts";

const COMM_SIZE = 16;

/** Functions of glibc that take a name first and resolve it. */
const FUNCTIONS = ["getaddrinfo", "gethostbyname", "gethostbyname2", "gethostbyname_r", "gethostbyname2_r"];

const WITHOUT = "queries of nscd and systemd-resolved are not tied to the processes they ask for";

/** Names that processes resolve through libc. */
export const RESOLVE_SENSOR: Sensor = {
  name: "resolve",
  minimumKernel: "5.10",
  programs: [
    { name: "resolve_begin", attach: "libc", hook: "uprobe", symbols: FUNCTIONS, without: WITHOUT },
    { name: "resolve_end", attach: "libc", hook: "uretprobe", symbols: FUNCTIONS, without: WITHOUT },
  ],
  lossCounters: { resolve_ring_full: "resolve_lost_ring" },
};

/** A process begins to resolve a name, or one of its threads has ended to do so. */
export interface Resolving {
  tsNs: number;
  /** The thread. */
  owner: PacketOwner;
  /** As the program gave it; absent at the end. */
  name?: string;
}

/**
 * Decodes a record of type RESOLVE.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`
 * @returns the event, copied
 */
export function decodeResolve(view: DataView, base: number): Resolving {
  const { tsNs, tgid, tid, startTimeNs, uid, gid, nameSize } = readResolveEvent(view, base);
  const comm = readText(view, base + RESOLVE_EVENT_COMM_OFFSET, COMM_SIZE);
  return {
    tsNs,
    owner: { tgid, tid, startTimeNs, uid, gid, comm, kind: OWNER_KIND.sender },
    ...(nameSize === 0 ? {} : { name: readText(view, base + RESOLVE_EVENT_NAME_OFFSET, nameSize) }),
  };
}
