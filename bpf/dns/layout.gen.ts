// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct dns_packet_event`; variable data follows. */
export const DNS_PACKET_EVENT_SIZE = 152;
/** Offset of `comm`, 16 octets. */
export const DNS_PACKET_EVENT_COMM_OFFSET = 88;
/** Offset of `source_address`, 16 octets. */
export const DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET = 104;
/** Offset of `destination_address`, 16 octets. */
export const DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET = 120;
/** Offset of `interface_name`, 16 octets. */
export const DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET = 136;

/** The integers of `struct dns_packet_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface DnsPacketEvent {
  tsNs: number;
  recordType: number;
  packetFlags: number;
  payloadSize: number;
  socketCookie: number;
  socketInode: number;
  startTimeNs: number;
  tgid: number;
  tid: number;
  uid: number;
  gid: number;
  netns: number;
  capturedSize: number;
  tcpSequence: number;
  gsoSize: number;
  sourcePort: number;
  destinationPort: number;
  family: number;
  transport: number;
  direction: number;
  ownerKind: number;
  tcpFlags: number;
}

/**
 * Reads the integers of a `struct dns_packet_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readDnsPacketEvent(view: DataView, base: number): DnsPacketEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    packetFlags: view.getUint16(base + 10, true),
    payloadSize: view.getUint32(base + 12, true),
    socketCookie: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    socketInode: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    startTimeNs: view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 40, true),
    tid: view.getUint32(base + 44, true),
    uid: view.getUint32(base + 48, true),
    gid: view.getUint32(base + 52, true),
    netns: view.getUint32(base + 56, true),
    capturedSize: view.getUint32(base + 60, true),
    tcpSequence: view.getUint32(base + 64, true),
    gsoSize: view.getUint32(base + 68, true),
    sourcePort: view.getUint16(base + 72, true),
    destinationPort: view.getUint16(base + 74, true),
    family: view.getUint8(base + 76),
    transport: view.getUint8(base + 77),
    direction: view.getUint8(base + 78),
    ownerKind: view.getUint8(base + 79),
    tcpFlags: view.getUint8(base + 80),
  };
}

/**
 * Reads the integers of a `struct dns_packet_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readDnsPacketEventInto(view: DataView, base: number, event: DnsPacketEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.packetFlags = view.getUint16(base + 10, true);
  event.payloadSize = view.getUint32(base + 12, true);
  event.socketCookie = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.socketInode = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.startTimeNs = view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 40, true);
  event.tid = view.getUint32(base + 44, true);
  event.uid = view.getUint32(base + 48, true);
  event.gid = view.getUint32(base + 52, true);
  event.netns = view.getUint32(base + 56, true);
  event.capturedSize = view.getUint32(base + 60, true);
  event.tcpSequence = view.getUint32(base + 64, true);
  event.gsoSize = view.getUint32(base + 68, true);
  event.sourcePort = view.getUint16(base + 72, true);
  event.destinationPort = view.getUint16(base + 74, true);
  event.family = view.getUint8(base + 76);
  event.transport = view.getUint8(base + 77);
  event.direction = view.getUint8(base + 78);
  event.ownerKind = view.getUint8(base + 79);
  event.tcpFlags = view.getUint8(base + 80);
}

/** Values of `enum dns_direction`. */
export const DNS_DIRECTION = {
  INGRESS: 0,
  EGRESS: 1,
} as const;

/** Values of `enum dns_transport`. */
export const DNS_TRANSPORT = {
  UDP: 0,
  TCP: 1,
  PACKET: 2,
} as const;

/** Values of `enum dns_owner`. */
export const DNS_OWNER = {
  NONE: 0,
  HOLDER: 1,
  OPENER: 2,
  USER: 3,
  SENDER: 4,
} as const;

/** Values of `enum dns_packet_flag`. */
export const DNS_PACKET_FLAG = {
  STREAM_START: 1,
  CONNECTED: 2,
} as const;
