/**
 * The sensor of Unix sockets: its programs, and its records as their tracker takes them.
 *
 * @module
 */

import type { UnixRecord } from "../../src/conns/unix_types.ts";
import type { Sensor } from "../../src/sensor.ts";
import { socketKey } from "../conn/sensor.ts";
import { readUnixName, TextCache } from "../record.ts";
import { readUnixEvent, UNIX_EVENT_COMM_OFFSET, UNIX_EVENT_PATH_OFFSET } from "./layout.gen.ts";

/** Connections of Unix sockets, with the processes of both ends. */
export const UNIX_SENSOR: Sensor = {
  name: "unix",
  minimumKernel: "5.10",
  programs: [
    { name: "unix_sys_exit", attach: "tracing", hook: "tp_btf/sys_exit" },
  ],
  lossCounters: {
    unix_ring_full: "unix_lost_ring",
  },
};

/** Offsets of the two sockets. */
const SOCKET_OFFSET = 16;
const PEER_OFFSET = 24;

/** Turns records of type UNIX into what the tracker takes. */
export class UnixDecoder {
  readonly #comms = new TextCache();

  /**
   * Decodes one record.
   *
   * @param view memory that holds the record
   * @param base offset of the record in `view`
   * @returns the record, copied
   */
  decode(view: DataView, base: number): UnixRecord {
    const event = readUnixEvent(view, base);
    return {
      kind: event.kind,
      flags: event.flags,
      tsNs: event.tsNs,
      netns: event.netns,
      socket: socketKey(view, base + SOCKET_OFFSET),
      peer: socketKey(view, base + PEER_OFFSET),
      inode: event.inode,
      peerInode: event.peerInode,
      socketType: event.socketType,
      error: event.error,
      path: readUnixName(view, base + UNIX_EVENT_PATH_OFFSET, event.pathSize),
      task: {
        tgid: event.tgid,
        tid: event.tid,
        startTimeNs: event.startTimeNs,
        uid: event.uid,
        gid: event.gid,
        comm: this.#comms.read16(view, base + UNIX_EVENT_COMM_OFFSET),
      },
      peerProcess: event.peerTgid === 0 ? undefined : { tgid: event.peerTgid, startTimeNs: event.peerStartTimeNs },
    };
  }
}
