// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct unix_event`; variable data follows. */
export const UNIX_EVENT_SIZE = 216;
/** Offset of `comm`, 16 octets. */
export const UNIX_EVENT_COMM_OFFSET = 88;
/** Offset of `path`, 110 octets. */
export const UNIX_EVENT_PATH_OFFSET = 106;

/** The integers of `struct unix_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface UnixEvent {
  tsNs: number;
  recordType: number;
  kind: number;
  flags: number;
  netns: number;
  socket: number;
  peer: number;
  startTimeNs: number;
  tgid: number;
  tid: number;
  uid: number;
  gid: number;
  peerStartTimeNs: number;
  peerTgid: number;
  error: number;
  socketType: number;
  inode: number;
  peerInode: number;
  pathSize: number;
}

/**
 * Reads the integers of a `struct unix_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readUnixEvent(view: DataView, base: number): UnixEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    kind: view.getUint8(base + 10),
    flags: view.getUint8(base + 11),
    netns: view.getUint32(base + 12, true),
    socket: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    peer: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    startTimeNs: view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 40, true),
    tid: view.getUint32(base + 44, true),
    uid: view.getUint32(base + 48, true),
    gid: view.getUint32(base + 52, true),
    peerStartTimeNs: view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000,
    peerTgid: view.getUint32(base + 64, true),
    error: view.getUint16(base + 68, true),
    socketType: view.getUint8(base + 70),
    inode: view.getUint32(base + 72, true) + view.getUint32(base + 76, true) * 0x1_0000_0000,
    peerInode: view.getUint32(base + 80, true) + view.getUint32(base + 84, true) * 0x1_0000_0000,
    pathSize: view.getUint16(base + 104, true),
  };
}

/**
 * Reads the integers of a `struct unix_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readUnixEventInto(view: DataView, base: number, event: UnixEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.kind = view.getUint8(base + 10);
  event.flags = view.getUint8(base + 11);
  event.netns = view.getUint32(base + 12, true);
  event.socket = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.peer = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.startTimeNs = view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 40, true);
  event.tid = view.getUint32(base + 44, true);
  event.uid = view.getUint32(base + 48, true);
  event.gid = view.getUint32(base + 52, true);
  event.peerStartTimeNs = view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000;
  event.peerTgid = view.getUint32(base + 64, true);
  event.error = view.getUint16(base + 68, true);
  event.socketType = view.getUint8(base + 70);
  event.inode = view.getUint32(base + 72, true) + view.getUint32(base + 76, true) * 0x1_0000_0000;
  event.peerInode = view.getUint32(base + 80, true) + view.getUint32(base + 84, true) * 0x1_0000_0000;
  event.pathSize = view.getUint16(base + 104, true);
}

/** Values of `enum unix_kind`. */
export const UNIX_KIND = {
  OPEN: 1,
  FAIL: 2,
  ACCEPT: 3,
  LISTEN: 4,
  BIND: 5,
  SEND: 6,
  RECEIVE: 7,
  HOLDER: 8,
  CLOSE: 9,
} as const;

/** Values of `enum unix_flag`. */
export const UNIX_FLAG = {
  PEER_ENDED: 1,
  LISTENER: 2,
  OUTBOUND: 4,
  INBOUND: 8,
} as const;
