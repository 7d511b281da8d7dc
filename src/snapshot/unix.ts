/**
 * Joins the records of unix sockets.
 *
 * @module
 */

import { readUnixName, TextCache } from "../../bpf/record.ts";
import {
  readSocketsUnix,
  SOCKETS_FLAG,
  SOCKETS_SOURCE,
  SOCKETS_UNIX_COMM_OFFSET,
  SOCKETS_UNIX_PATH_OFFSET,
  SOCKETS_UNIX_PEER_ID_OFFSET,
  SOCKETS_UNIX_SIZE,
  SOCKETS_UNIX_SOCKET_ID_OFFSET,
  type SocketsUnix,
} from "../../bpf/sockets/layout.gen.ts";
import { giveHolders, readId, REASON } from "./assemble.ts";
import { STATE } from "./rows.ts";
import type { SocketRow } from "./types.ts";

/** A socket with what is needed until all are known. */
interface Pending {
  row: SocketRow;
  peerId: number;
  flags: number;
}

/** The row of a record, without holders. */
function makeUnixRow(record: SocketsUnix, path: string | undefined): SocketRow {
  const state = record.state === STATE.LISTEN
    ? "listen"
    : record.state === STATE.ESTABLISHED
    ? "established"
    : "unconnected";
  return {
    protocol: "unix",
    family: "unix",
    mapped: false,
    state,
    local: undefined,
    remote: undefined,
    path,
    peerInode: undefined,
    holders: [],
    ownership: "none",
    unknownReason: undefined,
    netns: record.netns,
    inode: record.inode,
    uid: record.uid,
    receiveQueue: record.receiveQueue,
    sendQueue: record.sendQueue,
  };
}

/**
 * Makes the rows of all unix sockets.
 *
 * @param files what iter/task_file wrote
 * @param table what iter/unix wrote, in every network namespace
 * @returns rows with their holders; sockets that closed between the two listings are left out
 */
export function assembleUnix(files: DataView, table: DataView): SocketRow[] {
  const sockets = new Map<number, Pending>();
  const comms = new TextCache();
  for (const view of [files, table]) {
    for (let base = 0; base + SOCKETS_UNIX_SIZE <= view.byteLength; base += SOCKETS_UNIX_SIZE) {
      const record = readSocketsUnix(view, base);
      const id = readId(view, base + SOCKETS_UNIX_SOCKET_ID_OFFSET);
      let pending = sockets.get(id);
      if (record.source === SOCKETS_SOURCE.TABLE && pending !== undefined) continue;
      if (pending === undefined || pending.row.inode !== record.inode) {
        const row = makeUnixRow(record, readUnixName(view, base + SOCKETS_UNIX_PATH_OFFSET, record.pathSize));
        pending = { row, peerId: readId(view, base + SOCKETS_UNIX_PEER_ID_OFFSET), flags: record.flags };
        sockets.set(id, pending);
      }
      if (record.source !== SOCKETS_SOURCE.FILE) continue;
      const { holders } = pending.row;
      const last = holders[holders.length - 1];
      pending.row.ownership = "holder";
      if (last !== undefined && last.tgid === record.tgid && last.startTimeNs === record.startTimeNs) {
        if (!last.fds.includes(record.fd)) last.fds.push(record.fd);
      } else {
        const comm = comms.read16(view, base + SOCKETS_UNIX_COMM_OFFSET);
        holders.push({ tgid: record.tgid, startTimeNs: record.startTimeNs, comm, fds: [record.fd] });
      }
    }
  }
  return finish(sockets);
}

/** Settles peers and sockets without a descriptor. */
function finish(sockets: ReadonlyMap<number, Pending>): SocketRow[] {
  const listeners = new Map<string, SocketRow>();
  for (const { row } of sockets.values()) {
    if (row.state === "listen" && row.path !== undefined) listeners.set(`${row.netns} ${row.path}`, row);
  }
  const rows: SocketRow[] = [];
  for (const { row, peerId, flags } of sockets.values()) {
    const peer = sockets.get(peerId);
    if (peer !== undefined && peer.row.inode !== 0) row.peerInode = peer.row.inode;
    rows.push(row);
    if (row.holders.length > 0) continue;
    // A connection nobody accepted has no struct socket yet, and its listener's name.
    if ((flags & (SOCKETS_FLAG.SOCKET | SOCKETS_FLAG.DEAD)) === 0) {
      giveHolders(row, listeners.get(`${row.netns} ${row.path}`));
    } else {
      row.unknownReason = (flags & SOCKETS_FLAG.DEAD) !== 0
        ? REASON.dead
        : (flags & SOCKETS_FLAG.FILE) !== 0
        ? REASON.inFlight
        : REASON.kernel;
    }
  }
  return rows;
}
