// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct conn_event`; variable data follows. */
export const CONN_EVENT_SIZE = 192;
/** Offset of `comm`, 16 octets. */
export const CONN_EVENT_COMM_OFFSET = 144;
/** Offset of `local_address`, 16 octets. */
export const CONN_EVENT_LOCAL_ADDRESS_OFFSET = 160;
/** Offset of `remote_address`, 16 octets. */
export const CONN_EVENT_REMOTE_ADDRESS_OFFSET = 176;

/** The integers of `struct conn_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ConnEvent {
  tsNs: number;
  recordType: number;
  kind: number;
  family: number;
  netns: number;
  socket: number;
  birthNs: number;
  startTimeNs: number;
  tgid: number;
  tid: number;
  uid: number;
  gid: number;
  openedNs: number;
  establishedNs: number;
  bytesSent: number;
  bytesReceived: number;
  usageSent: number;
  usageReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
  rttUs: number;
  sendSequence: number;
  receiveSequence: number;
  localPort: number;
  remotePort: number;
  error: number;
  protocol: number;
  socketType: number;
  oldState: number;
  flags: number;
}

/**
 * Reads the integers of a `struct conn_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readConnEvent(view: DataView, base: number): ConnEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    kind: view.getUint8(base + 10),
    family: view.getUint8(base + 11),
    netns: view.getUint32(base + 12, true),
    socket: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    birthNs: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    startTimeNs: view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 40, true),
    tid: view.getUint32(base + 44, true),
    uid: view.getUint32(base + 48, true),
    gid: view.getUint32(base + 52, true),
    openedNs: view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000,
    establishedNs: view.getUint32(base + 64, true) + view.getUint32(base + 68, true) * 0x1_0000_0000,
    bytesSent: view.getUint32(base + 72, true) + view.getUint32(base + 76, true) * 0x1_0000_0000,
    bytesReceived: view.getUint32(base + 80, true) + view.getUint32(base + 84, true) * 0x1_0000_0000,
    usageSent: view.getUint32(base + 88, true) + view.getUint32(base + 92, true) * 0x1_0000_0000,
    usageReceived: view.getUint32(base + 96, true) + view.getUint32(base + 100, true) * 0x1_0000_0000,
    packetsSent: view.getUint32(base + 104, true),
    packetsReceived: view.getUint32(base + 108, true),
    retransmits: view.getUint32(base + 112, true),
    rttUs: view.getUint32(base + 116, true),
    sendSequence: view.getUint32(base + 120, true),
    receiveSequence: view.getUint32(base + 124, true),
    localPort: view.getUint16(base + 128, true),
    remotePort: view.getUint16(base + 130, true),
    error: view.getUint16(base + 132, true),
    protocol: view.getUint8(base + 134),
    socketType: view.getUint8(base + 135),
    oldState: view.getUint8(base + 136),
    flags: view.getUint8(base + 137),
  };
}

/**
 * Reads the integers of a `struct conn_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readConnEventInto(view: DataView, base: number, event: ConnEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.kind = view.getUint8(base + 10);
  event.family = view.getUint8(base + 11);
  event.netns = view.getUint32(base + 12, true);
  event.socket = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.birthNs = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.startTimeNs = view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 40, true);
  event.tid = view.getUint32(base + 44, true);
  event.uid = view.getUint32(base + 48, true);
  event.gid = view.getUint32(base + 52, true);
  event.openedNs = view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000;
  event.establishedNs = view.getUint32(base + 64, true) + view.getUint32(base + 68, true) * 0x1_0000_0000;
  event.bytesSent = view.getUint32(base + 72, true) + view.getUint32(base + 76, true) * 0x1_0000_0000;
  event.bytesReceived = view.getUint32(base + 80, true) + view.getUint32(base + 84, true) * 0x1_0000_0000;
  event.usageSent = view.getUint32(base + 88, true) + view.getUint32(base + 92, true) * 0x1_0000_0000;
  event.usageReceived = view.getUint32(base + 96, true) + view.getUint32(base + 100, true) * 0x1_0000_0000;
  event.packetsSent = view.getUint32(base + 104, true);
  event.packetsReceived = view.getUint32(base + 108, true);
  event.retransmits = view.getUint32(base + 112, true);
  event.rttUs = view.getUint32(base + 116, true);
  event.sendSequence = view.getUint32(base + 120, true);
  event.receiveSequence = view.getUint32(base + 124, true);
  event.localPort = view.getUint16(base + 128, true);
  event.remotePort = view.getUint16(base + 130, true);
  event.error = view.getUint16(base + 132, true);
  event.protocol = view.getUint8(base + 134);
  event.socketType = view.getUint8(base + 135);
  event.oldState = view.getUint8(base + 136);
  event.flags = view.getUint8(base + 137);
}

/** Octets of the fixed part of `struct conn_live`; variable data follows. */
export const CONN_LIVE_SIZE = 32;

/** The integers of `struct conn_live`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ConnLive {
  socket: number;
  bytesSent: number;
  bytesReceived: number;
  tgid: number;
}

/**
 * Reads the integers of a `struct conn_live`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readConnLive(view: DataView, base: number): ConnLive {
  return {
    socket: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    bytesSent: view.getUint32(base + 8, true) + view.getUint32(base + 12, true) * 0x1_0000_0000,
    bytesReceived: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 24, true),
  };
}

/**
 * Reads the integers of a `struct conn_live` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readConnLiveInto(view: DataView, base: number, event: ConnLive): void {
  event.socket = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.bytesSent = view.getUint32(base + 8, true) + view.getUint32(base + 12, true) * 0x1_0000_0000;
  event.bytesReceived = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 24, true);
}

/** Octets of the fixed part of `struct conn_survivor`; variable data follows. */
export const CONN_SURVIVOR_SIZE = 16;

/** The integers of `struct conn_survivor`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ConnSurvivor {
  socket: number;
  birthNs: number;
}

/**
 * Reads the integers of a `struct conn_survivor`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readConnSurvivor(view: DataView, base: number): ConnSurvivor {
  return {
    socket: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    birthNs: view.getUint32(base + 8, true) + view.getUint32(base + 12, true) * 0x1_0000_0000,
  };
}

/**
 * Reads the integers of a `struct conn_survivor` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readConnSurvivorInto(view: DataView, base: number, event: ConnSurvivor): void {
  event.socket = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.birthNs = view.getUint32(base + 8, true) + view.getUint32(base + 12, true) * 0x1_0000_0000;
}

/** Values of `enum conn_kind`. */
export const CONN_KIND = {
  OPEN: 1,
  FAIL: 2,
  PASSIVE: 3,
  ACCEPT: 4,
  LISTEN: 5,
  BIND: 6,
  USER: 7,
  USAGE: 8,
  CLOSE: 9,
  HOLDER: 10,
  FLOW: 11,
  RELEASE: 12,
} as const;

/** Values of `enum conn_flag`. */
export const CONN_FLAG = {
  PREEXISTING: 1,
  PASSIVE: 2,
  LOCAL_FIRST: 4,
  REMOTE_FIRST: 8,
  INGRESS: 16,
} as const;

/** Values of `enum conn_state`. */
export const CONN_STATE = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
} as const;
