/**
 * Joins the records of the iterators: every socket once, with all its holders.
 *
 * @module
 */

import { TextCache } from "../../bpf/record.ts";
import {
  readSocketsBrief,
  readSocketsRecord,
  SOCKETS_BRIEF_SIZE,
  SOCKETS_BRIEF_SOCKET_ID_OFFSET,
  SOCKETS_FLAG,
  SOCKETS_RECORD_COMM_OFFSET,
  SOCKETS_RECORD_LISTENER_ID_OFFSET,
  SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET,
  SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET,
  SOCKETS_RECORD_SIZE,
  SOCKETS_RECORD_SOCKET_ID_OFFSET,
  type SocketsRecord,
} from "../../bpf/sockets/layout.gen.ts";
import { IdIndex } from "./id_index.ts";
import { Listeners } from "./listeners.ts";
import { makeRow, STATE } from "./rows.ts";
import type { SocketHolder, SocketRow } from "./types.ts";

/** Why a socket has no holder; constant texts. */
export const REASON = {
  timeWait: "closed: the kernel remembers no process in TIME_WAIT",
  dead: "closed by its process: the kernel finishes the connection",
  kernel: "held by the kernel itself, not by a process",
  inFlight:
    "no descriptor of it: in flight between processes, held by io_uring or the kernel, or the kernel hides its process",
  denied: "its holder may be a process whose descriptors may not be read",
  severalListeners: "not accepted yet, and several listeners share its port",
  noListener: "not accepted yet, and its listener is not held by a process that can be seen",
} as const;

/** A socket that some process should hold, and none was seen to. */
interface Unheld {
  inode: number;
  netns: number;
  /** Its row; -1 where there is none yet. */
  row: number;
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

/** Goes through the records of a table: full ones, and brief ones for sockets with a file. */
function eachRecord(
  view: DataView,
  onFull: (base: number) => void,
  onBrief: (base: number) => void,
): void {
  for (let base = 0; base + SOCKETS_BRIEF_SIZE <= view.byteLength;) {
    // No socket has the address 0.
    const isBrief = view.getUint32(base, true) === 0 && view.getUint32(base + 4, true) === 0;
    if (isBrief) onBrief(base);
    else onFull(base);
    base += isBrief ? SOCKETS_BRIEF_SIZE : SOCKETS_RECORD_SIZE;
  }
}

/** Gathers IP and packet sockets: first {@linkcode addFiles}, then the tables. */
export class SocketAssembler {
  readonly #index = new IdIndex();
  readonly #rows: SocketRow[] = [];
  readonly #flags: number[] = [];
  /** Listeners of requests, by the number of the request's row. */
  readonly #listenerIds = new Map<number, number>();
  readonly #unheld = new Map<number, Unheld>();
  readonly #comms = new TextCache();

  /** Network namespaces of the sockets. */
  namespaces(): Set<number> {
    const inodes = new Set<number>();
    for (const row of this.#rows) inodes.add(row.netns);
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
      let number = this.#index.find(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET);
      // Another inode: the memory of a socket that closed meanwhile was used again.
      if (number < 0 || this.#rows[number]?.inode !== record.inode) number = this.#add(record, view, base);
      const row = this.#rows[number];
      if (row !== undefined) this.#hold(row, record, view, base);
    }
  }

  #hold(row: SocketRow, record: SocketsRecord, view: DataView, base: number): void {
    const { holders } = row;
    const last = holders[holders.length - 1];
    // The kernel goes from process to process, so those of one come in a row.
    if (last !== undefined && last.tgid === record.tgid && last.startTimeNs === record.startTimeNs) {
      // Threads that do not share their descriptors come again.
      if (!last.fds.includes(record.fd)) last.fds.push(record.fd);
      return;
    }
    row.ownership = "holder";
    holders.push({
      tgid: record.tgid,
      startTimeNs: record.startTimeNs,
      comm: this.#comms.read16(view, base + SOCKETS_RECORD_COMM_OFFSET),
      fds: [record.fd],
    });
  }

  /**
   * Adds what iter/tcp and iter/udp wrote. Sockets that are there already stay as they are.
   *
   * @param view whole records
   */
  addTable(view: DataView): void {
    eachRecord(view, (base) => {
      if (this.#index.find(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET) >= 0) return;
      const record = readSocketsRecord(view, base);
      const row = this.#add(record, view, base);
      if ((record.flags & SOCKETS_FLAG.FILE) === 0) return;
      const { inode, netns } = record;
      this.#unheld.set(readId(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET), { inode, netns, row });
    }, (base) => {
      if (this.#index.find(view, base + SOCKETS_BRIEF_SOCKET_ID_OFFSET) >= 0) return;
      const { inode, netns } = readSocketsBrief(view, base);
      this.#unheld.set(readId(view, base + SOCKETS_BRIEF_SOCKET_ID_OFFSET), { inode, netns, row: -1 });
    });
  }

  /** Adds a row. */
  #add(record: SocketsRecord, view: DataView, base: number): number {
    const number = this.#rows.length;
    this.#rows.push(makeRow(
      record,
      view,
      base + SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET,
      base + SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET,
    ));
    this.#flags.push(record.flags);
    if (record.state === STATE.NEW_SYN_RECV) {
      this.#listenerIds.set(number, this.#index.find(view, base + SOCKETS_RECORD_LISTENER_ID_OFFSET));
    }
    this.#index.set(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET, number);
    return number;
  }

  /** Network namespaces of sockets that should have a holder and have none: closed meanwhile, or without descriptor. */
  unheldNamespaces(): Set<number> {
    return new Set(Array.from(this.#unheld.values(), ({ netns }) => netns));
  }

  /**
   * Settles which of the sockets without the holder they should have are still there.
   *
   * @param view what iter/tcp and iter/udp wrote when they were run again, in full
   * @returns how many have closed and were dropped
   */
  confirmUnheld(view: DataView): number {
    eachRecord(view, (base) => {
      const id = readId(view, base + SOCKETS_RECORD_SOCKET_ID_OFFSET);
      const unheld = this.#unheld.get(id);
      if (unheld === undefined) return;
      const record = readSocketsRecord(view, base);
      if (record.inode !== unheld.inode) return;
      if (unheld.row < 0) this.#add(record, view, base);
      this.#unheld.delete(id);
    }, () => {});
    const closed = this.#unheld.size;
    for (const { row } of this.#unheld.values()) if (row >= 0) this.#flags[row] = GONE;
    this.#unheld.clear();
    return closed;
  }

  /**
   * Settles who the sockets without a descriptor belong to.
   *
   * @returns all sockets
   */
  finish(): SocketRow[] {
    const rows = this.#rows.filter((_, number) => this.#flags[number] !== GONE);
    let listeners: Listeners | undefined;
    for (const [number, row] of this.#rows.entries()) {
      const flags = this.#flags[number] ?? 0;
      if (row.holders.length > 0 || flags === GONE) continue;
      const listenerNumber = this.#listenerIds.get(number);
      if (listenerNumber === undefined && !isQueued(row, flags)) {
        row.unknownReason = reasonOf(row, flags);
        continue;
      }
      const listener = this.#rows[listenerNumber ?? -1] ?? (listeners ??= new Listeners(rows)).find(row);
      giveHolders(row, listener);
    }
    return rows;
  }
}

/** Flags of a row that closed while the snapshot was taken. */
const GONE = -1;

/** Whether a connection is complete, or was, and waits for accept(). */
function isQueued(row: SocketRow, flags: number): boolean {
  return (flags & (SOCKETS_FLAG.SOCKET | SOCKETS_FLAG.DEAD)) === 0 && row.protocol === "tcp" &&
    row.state !== "time_wait" && row.remote !== undefined;
}

/** Why a socket has no holder. */
function reasonOf(row: SocketRow, flags: number): string {
  if (row.state === "time_wait") return REASON.timeWait;
  if ((flags & SOCKETS_FLAG.FILE) !== 0) return REASON.inFlight;
  return (flags & SOCKETS_FLAG.SOCKET) !== 0 ? REASON.kernel : REASON.dead;
}

/**
 * Gives a connection that was not accepted the holders of its listener, without their descriptors.
 *
 * @param row the connection
 * @param listener its listener; `several` where more than one may be it
 */
export function giveHolders(row: SocketRow, listener: SocketRow | "several" | undefined): void {
  if (listener === undefined || listener === "several" || listener.holders.length === 0) {
    row.unknownReason = listener === "several" ? REASON.severalListeners : REASON.noListener;
    return;
  }
  row.ownership = "listener";
  row.holders = listener.holders.map((holder): SocketHolder => ({ ...holder, fds: [] }));
}
