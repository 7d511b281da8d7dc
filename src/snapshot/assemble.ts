/**
 * Joins the records of the iterators: every socket once, with all its holders.
 *
 * @module
 */

import { TextCache } from "../../bpf/record.ts";
import {
  readSocketsRecord,
  SOCKETS_FLAG,
  SOCKETS_RECORD_COMM_OFFSET,
  SOCKETS_RECORD_LISTENER_ID_OFFSET,
  SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET,
  SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET,
  SOCKETS_RECORD_SIZE,
  SOCKETS_RECORD_SOCKET_ID_OFFSET,
} from "../../bpf/sockets/layout.gen.ts";
import { Listeners } from "./listeners.ts";
import { makeRow, STATE } from "./rows.ts";
import type { SocketHolder, SocketRow } from "./types.ts";

/** Why a socket has no holder; constant texts. */
export const REASON = {
  timeWait: "closed: the kernel remembers no process in TIME_WAIT",
  dead: "closed by its process: the kernel finishes the connection",
  kernel: "held by the kernel itself, not by a process",
  inFlight: "no descriptor of it: in flight between processes, or held by io_uring or the kernel",
  severalListeners: "not accepted yet, and several listeners share its port",
  noListener: "not accepted yet, and its listener is not held by a process that can be seen",
} as const;

/** What is kept of a socket until the snapshot is complete. */
export interface Pending {
  row: SocketRow;
  flags: number;
  /** Of a request: its listener. */
  listenerId: number;
}

/**
 * Reads a kernel address as a number that differs wherever the address does.
 *
 * @param view memory that holds it
 * @param offset first of its 8 octets
 * @returns its low 53 bits; those above are the same for all kernel addresses
 */
export function readId(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + (view.getUint32(offset + 4, true) & 0x1f_ffff) * 0x1_0000_0000;
}

/** Gathers IP and packet sockets. */
export class SocketAssembler {
  readonly #sockets = new Map<number, Pending>();
  readonly #comms = new TextCache();

  /** How many sockets there are. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Network namespaces of the sockets. */
  namespaces(): Set<number> {
    const inodes = new Set<number>();
    for (const { row } of this.#sockets.values()) inodes.add(row.netns);
    return inodes;
  }

  /**
   * Adds what iter/task_file wrote: sockets with a holder each.
   *
   * @param view whole records
   */
  addFiles(view: DataView): void {
    for (let base = 0; base + SOCKETS_RECORD_SIZE <= view.byteLength; base += SOCKETS_RECORD_SIZE) {
      const record = readSocketsRecord(view, base);
      const id = readId(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET);
      let pending = this.#sockets.get(id);
      if (pending === undefined || pending.row.inode !== record.inode) {
        // Another inode: the memory of a socket that closed meanwhile was used again.
        pending = this.#add(id, record, view, base);
      }
      const { holders } = pending.row;
      pending.row.ownership = "holder";
      const last = holders[holders.length - 1];
      // The kernel goes from process to process, so those of one come in a row.
      if (last !== undefined && last.tgid === record.tgid && last.startTimeNs === record.startTimeNs) {
        // Threads that do not share their descriptors come again.
        if (!last.fds.includes(record.fd)) last.fds.push(record.fd);
        continue;
      }
      holders.push({
        tgid: record.tgid,
        startTimeNs: record.startTimeNs,
        comm: this.#comms.read16(view, base + SOCKETS_RECORD_COMM_OFFSET),
        fds: [record.fd],
      });
    }
  }

  /**
   * Adds what iter/tcp and iter/udp wrote. Sockets that are there already stay as they are.
   *
   * @param view whole records
   */
  addTable(view: DataView): void {
    for (let base = 0; base + SOCKETS_RECORD_SIZE <= view.byteLength; base += SOCKETS_RECORD_SIZE) {
      const id = readId(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET);
      if (!this.#sockets.has(id)) this.#add(id, readSocketsRecord(view, base), view, base);
    }
  }

  #add(id: number, record: ReturnType<typeof readSocketsRecord>, view: DataView, base: number): Pending {
    const row = makeRow(
      record,
      view,
      base + SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET,
      base + SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET,
    );
    const pending: Pending = { row, flags: record.flags, listenerId: 0 };
    if (record.state === STATE.NEW_SYN_RECV) {
      pending.listenerId = readId(view, base + SOCKETS_RECORD_LISTENER_ID_OFFSET);
    }
    this.#sockets.set(id, pending);
    return pending;
  }

  /** Whether some socket should have a holder and has none: it closed meanwhile, or is held by no descriptor. */
  get hasUnheld(): boolean {
    for (const { row, flags } of this.#sockets.values()) if (isUnheld(row, flags)) return true;
    return false;
  }

  /**
   * Drops sockets without the holder they should have, unless they are still there.
   *
   * @param view what iter/tcp and iter/udp wrote when they were run again
   * @returns how many were dropped
   */
  dropClosed(view: DataView): number {
    const present = new Map<number, number>();
    for (let base = 0; base + SOCKETS_RECORD_SIZE <= view.byteLength; base += SOCKETS_RECORD_SIZE) {
      const { inode } = readSocketsRecord(view, base);
      present.set(readId(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET), inode);
    }
    let dropped = 0;
    for (const [id, { row, flags }] of this.#sockets) {
      if (!isUnheld(row, flags) || present.get(id) === row.inode) continue;
      this.#sockets.delete(id);
      dropped++;
    }
    return dropped;
  }

  /**
   * Settles who the sockets without a descriptor belong to.
   *
   * @returns all sockets
   */
  finish(): SocketRow[] {
    const rows: SocketRow[] = [];
    for (const { row } of this.#sockets.values()) rows.push(row);
    let listeners: Listeners | undefined;
    for (const pending of this.#sockets.values()) {
      if (pending.row.holders.length > 0) continue;
      const waits = pending.listenerId !== 0 || isQueued(pending);
      if (!waits) {
        pending.row.unknownReason = reasonOf(pending);
        continue;
      }
      const listener = this.#sockets.get(pending.listenerId)?.row ??
        (listeners ??= new Listeners(rows)).find(pending.row);
      giveHolders(pending.row, listener);
    }
    return rows;
  }
}

/** Whether a socket has a file but no process with a descriptor of it was seen. */
function isUnheld(row: SocketRow, flags: number): boolean {
  return row.holders.length === 0 && (flags & SOCKETS_FLAG.FILE) !== 0;
}

/** Whether a connection is complete, or was, and waits for accept(). */
function isQueued({ row, flags }: Pending): boolean {
  return (flags & (SOCKETS_FLAG.SOCKET | SOCKETS_FLAG.DEAD)) === 0 && row.protocol === "tcp" &&
    row.state !== "time_wait" && row.remote !== undefined;
}

/** Why a socket has no holder. */
function reasonOf({ row, flags }: Pending): string {
  if (row.state === "time_wait") return REASON.timeWait;
  if ((flags & SOCKETS_FLAG.FILE) !== 0) return REASON.inFlight;
  return (flags & SOCKETS_FLAG.SOCKET) !== 0 ? REASON.kernel : REASON.dead;
}

/** Gives a connection that was not accepted the holders of its listener, without their descriptors. */
export function giveHolders(row: SocketRow, listener: SocketRow | "several" | undefined): void {
  if (listener === undefined || listener === "several" || listener.holders.length === 0) {
    row.unknownReason = listener === "several" ? REASON.severalListeners : REASON.noListener;
    return;
  }
  row.ownership = "listener";
  row.holders = listener.holders.map((holder): SocketHolder => ({ ...holder, fds: [] }));
}
