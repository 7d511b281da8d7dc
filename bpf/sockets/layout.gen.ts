// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct sockets_record`; variable data follows. */
export const SOCKETS_RECORD_SIZE = 120;
/** Offset of `socket_id`, 8 octets. */
export const SOCKETS_RECORD_SOCKET_ID_OFFSET = 0;
/** Offset of `listener_id`, 8 octets. */
export const SOCKETS_RECORD_LISTENER_ID_OFFSET = 8;
/** Offset of `comm`, 16 octets. */
export const SOCKETS_RECORD_COMM_OFFSET = 72;
/** Offset of `local_address`, 16 octets. */
export const SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET = 88;
/** Offset of `remote_address`, 16 octets. */
export const SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET = 104;

/** The integers of `struct sockets_record`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface SocketsRecord {
  inode: number;
  startTimeNs: number;
  netns: number;
  tgid: number;
  fd: number;
  uid: number;
  receiveQueue: number;
  sendQueue: number;
  family: number;
  type: number;
  protocol: number;
  localPort: number;
  remotePort: number;
  state: number;
  flags: number;
  source: number;
}

/**
 * Reads the integers of a `struct sockets_record`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readSocketsRecord(view: DataView, base: number): SocketsRecord {
  return {
    inode: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    startTimeNs: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    netns: view.getUint32(base + 32, true),
    tgid: view.getUint32(base + 36, true),
    fd: view.getUint32(base + 40, true),
    uid: view.getUint32(base + 44, true),
    receiveQueue: view.getUint32(base + 48, true),
    sendQueue: view.getUint32(base + 52, true),
    family: view.getUint16(base + 56, true),
    type: view.getUint16(base + 58, true),
    protocol: view.getUint16(base + 60, true),
    localPort: view.getUint16(base + 62, true),
    remotePort: view.getUint16(base + 64, true),
    state: view.getUint8(base + 66),
    flags: view.getUint8(base + 67),
    source: view.getUint8(base + 68),
  };
}

/**
 * Reads the integers of a `struct sockets_record` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readSocketsRecordInto(view: DataView, base: number, event: SocketsRecord): void {
  event.inode = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.startTimeNs = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.netns = view.getUint32(base + 32, true);
  event.tgid = view.getUint32(base + 36, true);
  event.fd = view.getUint32(base + 40, true);
  event.uid = view.getUint32(base + 44, true);
  event.receiveQueue = view.getUint32(base + 48, true);
  event.sendQueue = view.getUint32(base + 52, true);
  event.family = view.getUint16(base + 56, true);
  event.type = view.getUint16(base + 58, true);
  event.protocol = view.getUint16(base + 60, true);
  event.localPort = view.getUint16(base + 62, true);
  event.remotePort = view.getUint16(base + 64, true);
  event.state = view.getUint8(base + 66);
  event.flags = view.getUint8(base + 67);
  event.source = view.getUint8(base + 68);
}

/** Octets of the fixed part of `struct sockets_brief`; variable data follows. */
export const SOCKETS_BRIEF_SIZE = 32;
/** Offset of `socket_id`, 8 octets. */
export const SOCKETS_BRIEF_SOCKET_ID_OFFSET = 8;

/** The integers of `struct sockets_brief`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface SocketsBrief {
  zero: number;
  inode: number;
  netns: number;
}

/**
 * Reads the integers of a `struct sockets_brief`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readSocketsBrief(view: DataView, base: number): SocketsBrief {
  return {
    zero: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    inode: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    netns: view.getUint32(base + 24, true),
  };
}

/**
 * Reads the integers of a `struct sockets_brief` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readSocketsBriefInto(view: DataView, base: number, event: SocketsBrief): void {
  event.zero = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.inode = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.netns = view.getUint32(base + 24, true);
}

/** Octets of the fixed part of `struct sockets_unix`; variable data follows. */
export const SOCKETS_UNIX_SIZE = 192;
/** Offset of `socket_id`, 8 octets. */
export const SOCKETS_UNIX_SOCKET_ID_OFFSET = 0;
/** Offset of `peer_id`, 8 octets. */
export const SOCKETS_UNIX_PEER_ID_OFFSET = 8;
/** Offset of `comm`, 16 octets. */
export const SOCKETS_UNIX_COMM_OFFSET = 64;
/** Offset of `path`, 112 octets. */
export const SOCKETS_UNIX_PATH_OFFSET = 80;

/** The integers of `struct sockets_unix`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface SocketsUnix {
  inode: number;
  startTimeNs: number;
  netns: number;
  tgid: number;
  fd: number;
  uid: number;
  receiveQueue: number;
  sendQueue: number;
  type: number;
  pathSize: number;
  state: number;
  flags: number;
  source: number;
}

/**
 * Reads the integers of a `struct sockets_unix`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readSocketsUnix(view: DataView, base: number): SocketsUnix {
  return {
    inode: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    startTimeNs: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    netns: view.getUint32(base + 32, true),
    tgid: view.getUint32(base + 36, true),
    fd: view.getUint32(base + 40, true),
    uid: view.getUint32(base + 44, true),
    receiveQueue: view.getUint32(base + 48, true),
    sendQueue: view.getUint32(base + 52, true),
    type: view.getUint16(base + 56, true),
    pathSize: view.getUint16(base + 58, true),
    state: view.getUint8(base + 60),
    flags: view.getUint8(base + 61),
    source: view.getUint8(base + 62),
  };
}

/**
 * Reads the integers of a `struct sockets_unix` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readSocketsUnixInto(view: DataView, base: number, event: SocketsUnix): void {
  event.inode = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.startTimeNs = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.netns = view.getUint32(base + 32, true);
  event.tgid = view.getUint32(base + 36, true);
  event.fd = view.getUint32(base + 40, true);
  event.uid = view.getUint32(base + 44, true);
  event.receiveQueue = view.getUint32(base + 48, true);
  event.sendQueue = view.getUint32(base + 52, true);
  event.type = view.getUint16(base + 56, true);
  event.pathSize = view.getUint16(base + 58, true);
  event.state = view.getUint8(base + 60);
  event.flags = view.getUint8(base + 61);
  event.source = view.getUint8(base + 62);
}

/** Values of `enum sockets_source`. */
export const SOCKETS_SOURCE = {
  FILE: 0,
  TABLE: 1,
} as const;

/** Values of `enum sockets_flag`. */
export const SOCKETS_FLAG = {
  FILE: 1,
  DEAD: 2,
  SOCKET: 4,
} as const;
