/**
 * Rows of a snapshot as events.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import { type ProcessInfo, SCHEMA, type SocketEvent } from "../events.ts";
import type { ProcessRef } from "../process_table.ts";
import type { SocketRow } from "./types.ts";

/** What events are made with. */
export interface SocketEventOptions {
  /** Shows the time. */
  readonly clock: Clock;
  /** Describes a process. */
  readonly lookup: (ref: ProcessRef, tsNs: number) => ProcessInfo;
  /** When the snapshot was taken, CLOCK_BOOTTIME ns. */
  readonly tsNs: number;
}

/** Makes the events of one snapshot; all have the same time. */
export class SocketEventBuilder {
  readonly #options: SocketEventOptions;
  readonly #time: string;

  /** @param options see {@linkcode SocketEventOptions} */
  constructor(options: SocketEventOptions) {
    this.#options = options;
    this.#time = options.clock.toRfc3339(options.tsNs);
  }

  /**
   * Makes the event of a socket.
   *
   * @param row the socket
   * @returns its event
   */
  event(row: SocketRow): SocketEvent {
    const { lookup, tsNs } = this.#options;
    return {
      schema: SCHEMA,
      type: "socket",
      time: this.#time,
      protocol: row.protocol,
      family: row.family,
      ...(row.mapped ? { mapped: true as const } : {}),
      state: row.state,
      ...(row.local === undefined ? {} : { local: row.local }),
      ...(row.remote === undefined ? {} : { remote: row.remote }),
      ...(row.path === undefined ? {} : { path: row.path }),
      ...(row.peerInode === undefined ? {} : { peer_inode: row.peerInode }),
      owners: row.holders.map(({ tgid, startTimeNs, comm, fds }) => ({
        process: lookup({ tgid, startTimeNs, comm }, tsNs),
        fds,
      })),
      ownership: row.ownership,
      ...(row.unknownReason === undefined ? {} : { unknown_reason: row.unknownReason }),
      netns: row.netns,
      ...(row.inode === 0 ? {} : { inode: row.inode }),
      ...(row.uid < 0 ? {} : { uid: row.uid }),
      receive_queue: row.receiveQueue,
      send_queue: row.sendQueue,
    };
  }
}
