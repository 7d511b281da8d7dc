/**
 * Sockets from sock_diag(7) and their holders from /proc: where the kernel refuses BPF iterators, and for plain users.
 *
 * @module
 */

import { netlinkDump } from "../../ffi/netlink.ts";
import { LibbpfError } from "../errors.ts";
import { counted } from "../output/count.ts";
import { giveHolders, REASON } from "./assemble.ts";
import { Listeners } from "./listeners.ts";
import { insideNamespaces } from "./namespaces.ts";
import { readHolders } from "./proc_holders.ts";
import { FAMILY, makeRow } from "./rows.ts";
import type { SocketRow } from "./types.ts";

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
/** struct inet_diag_req_v2 (linux/inet_diag.h). */
const REQUEST_SIZE = 56;
/** Offsets in struct inet_diag_msg. */
const MESSAGE = {
  state: 1,
  sport: 4,
  dport: 6,
  source: 8,
  destination: 24,
  rqueue: 56,
  wqueue: 60,
  uid: 64,
  inode: 68,
};
const MESSAGE_SIZE = 72;

/** What is asked for: IP protocol, and the type its sockets have. */
const LISTINGS = [
  { name: "tcp", protocol: 6, type: 1 },
  { name: "udp", protocol: 17, type: 2 },
  { name: "udplite", protocol: 136, type: 2 },
  { name: "raw", protocol: 255, type: 3 },
] as const;

/** Errno of a listing the kernel was built without, or that only root makes it load. */
const NOT_THERE = new Set(["ENOENT", "EINVAL", "EOPNOTSUPP", "EPROTONOSUPPORT"]);

/** Lists the sockets of the namespace of the calling thread. */
function listSockets(netns: number, rows: SocketRow[], missing: Set<string>): void {
  for (const { name, protocol, type } of LISTINGS) {
    for (const family of [FAMILY.INET, FAMILY.INET6]) {
      const request = new Uint8Array(new ArrayBuffer(REQUEST_SIZE));
      request[0] = family;
      request[1] = protocol;
      // All states.
      new DataView(request.buffer).setUint32(4, 0xffff_ffff, true);
      try {
        const isConsistent = netlinkDump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, request, (view, offset, size) => {
          if (size >= MESSAGE_SIZE) rows.push(readMessage(view, offset, { family, type, protocol, netns }));
        });
        if (!isConsistent) missing.add(`some ${name} sockets: the list changed while it was read`);
      } catch (error) {
        if (!(error instanceof LibbpfError)) throw error;
        if (name === "udplite" && NOT_THERE.has(error.errnoName)) continue;
        missing.add(`${name} sockets: ${error.message}`);
      }
    }
  }
}

/** The row of one struct inet_diag_msg. */
function readMessage(
  view: DataView,
  offset: number,
  kind: { family: number; type: number; protocol: number; netns: number },
): SocketRow {
  return makeRow(
    {
      ...kind,
      state: view.getUint8(offset + MESSAGE.state),
      localPort: view.getUint16(offset + MESSAGE.sport),
      remotePort: view.getUint16(offset + MESSAGE.dport),
      inode: view.getUint32(offset + MESSAGE.inode, true),
      uid: view.getUint32(offset + MESSAGE.uid, true),
      receiveQueue: view.getUint32(offset + MESSAGE.rqueue, true),
      sendQueue: view.getUint32(offset + MESSAGE.wqueue, true),
    },
    view,
    offset + MESSAGE.source,
    offset + MESSAGE.destination,
  );
}

/** States in which a TCP socket without inode was not accepted; in the others it was closed by its process. */
const QUEUED: ReadonlySet<string> = new Set(["established", "close_wait", "syn_recv"]);

/**
 * Lists all sockets.
 *
 * @param namespaces inode number to path of each network namespace
 * @param notObserved told what could not be seen and why
 * @returns all sockets with their holders
 */
export function readSockDiag(namespaces: ReadonlyMap<number, string>, notObserved: string[]): SocketRow[] {
  const rows: SocketRow[] = [];
  const missing = new Set<string>();
  insideNamespaces(
    namespaces,
    (inode) => listSockets(inode, rows, missing),
    (inode, error) => missing.add(`sockets of network namespace ${inode}: ${error.message}`),
  );
  const { byInode, denied } = readHolders();
  if (denied > 0) {
    missing.add(`the sockets of ${counted(denied, "processes")}: no permission to read their descriptors`);
  }
  notObserved.push(...missing);
  for (const row of rows) {
    const holders = row.inode === 0 ? undefined : byInode.get(row.inode);
    if (holders === undefined) continue;
    row.holders = holders;
    row.ownership = "holder";
  }
  const listeners = new Listeners(rows);
  for (const row of rows) {
    if (row.holders.length > 0) continue;
    if (row.state === "time_wait") row.unknownReason = REASON.timeWait;
    else if (row.inode === 0 && row.remote !== undefined && QUEUED.has(row.state)) {
      giveHolders(row, listeners.find(row));
    } else if (row.inode === 0) row.unknownReason = REASON.dead;
    else row.unknownReason = denied > 0 ? REASON.denied : REASON.inFlight;
  }
  return rows;
}
