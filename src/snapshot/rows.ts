/**
 * Numbers of the kernel as the words of a row.
 *
 * @module
 */

import type { Endpoint, SocketEvent } from "../events.ts";
import { formatAddress, formatIpv4 } from "../net/address.ts";
import type { SocketRow } from "./types.ts";

/** Address families of linux/socket.h. */
export const FAMILY = { UNIX: 1, INET: 2, INET6: 10, PACKET: 17 } as const;

/** Socket types of linux/net.h. */
const TYPE_RAW = 3;

/** TCP states of net/tcp_states.h by number; other protocols use 1 and 7. 12 is a request, 13 Linux 6.8's "bound". */
const STATES: readonly SocketEvent["state"][] = [
  "unknown",
  "established",
  "syn_sent",
  "syn_recv",
  "fin_wait1",
  "fin_wait2",
  "time_wait",
  "close",
  "close_wait",
  "last_ack",
  "listen",
  "closing",
  "syn_recv",
  "bound",
];

/** Numbers of TCP states the code branches on. */
export const STATE = { ESTABLISHED: 1, TIME_WAIT: 6, CLOSE: 7, LISTEN: 10, NEW_SYN_RECV: 12 } as const;

/** IP protocols (IANA); 262 is the kernel's own number of MPTCP. */
const PROTOCOLS: ReadonlyMap<number, SocketEvent["protocol"]> = new Map<number, SocketEvent["protocol"]>([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmp"],
  [132, "sctp"],
  [136, "udplite"],
  [262, "mptcp"],
]);

/** The protocol of a socket. */
export function protocolName(family: number, type: number, protocol: number): SocketEvent["protocol"] {
  if (family === FAMILY.PACKET) return "packet";
  if (type === TYPE_RAW) return "raw";
  return PROTOCOLS.get(protocol) ?? "other";
}

/** The state of a socket. */
export function stateName(protocol: SocketEvent["protocol"], state: number, localPort: number): SocketEvent["state"] {
  if (state !== STATE.CLOSE) return STATES[state] ?? "unknown";
  if (protocol !== "tcp" && protocol !== "mptcp" && protocol !== "sctp") return "unconnected";
  return localPort === 0 ? "close" : "bound";
}

/** Whether the 16 octets at an offset are an IPv4-mapped address. */
function isMapped(view: DataView, offset: number): boolean {
  return view.getUint32(offset + 8) === 0xffff && view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0;
}

/** An address at an offset. */
function addressAt(view: DataView, offset: number, isIpv4: boolean, mapped: boolean): string {
  if (isIpv4) return formatIpv4(view.getUint32(offset));
  if (mapped && isMapped(view, offset)) return formatIpv4(view.getUint32(offset + 12));
  return formatAddress(new Uint8Array(view.buffer, view.byteOffset + offset, 16));
}

/** The numbers of an IP or packet socket. */
export interface SocketNumbers {
  family: number;
  type: number;
  protocol: number;
  state: number;
  localPort: number;
  remotePort: number;
  netns: number;
  inode: number;
  uid: number;
  receiveQueue: number;
  sendQueue: number;
}

/**
 * Makes the row of an IP or packet socket, without holders.
 *
 * @param numbers what the kernel tells of it
 * @param view memory that holds its addresses: 4 or 16 octets each, network order
 * @param localOffset where the own address stands
 * @param remoteOffset where the other end's stands
 * @returns the row
 */
export function makeRow(numbers: SocketNumbers, view: DataView, localOffset: number, remoteOffset: number): SocketRow {
  const isIpv4 = numbers.family === FAMILY.INET;
  const isPacket = numbers.family === FAMILY.PACKET;
  const mapped = !isIpv4 && !isPacket && (isMapped(view, localOffset) || isMapped(view, remoteOffset));
  const protocol = protocolName(numbers.family, numbers.type, numbers.protocol);
  const hasPeer = protocol === "raw" || protocol === "icmp"
    ? numbers.state === STATE.ESTABLISHED
    : numbers.remotePort !== 0;
  const endpoint = (offset: number, port: number): Endpoint => ({
    ip: addressAt(view, offset, isIpv4, mapped),
    port,
  });
  const isMinimal = numbers.state === STATE.TIME_WAIT || numbers.state === STATE.NEW_SYN_RECV;
  return {
    protocol,
    family: isPacket ? "packet" : isIpv4 || mapped ? "ipv4" : "ipv6",
    mapped,
    state: stateName(protocol, numbers.state, numbers.localPort),
    local: isPacket ? undefined : endpoint(localOffset, numbers.localPort),
    remote: isPacket || !hasPeer ? undefined : endpoint(remoteOffset, numbers.remotePort),
    path: undefined,
    peerInode: undefined,
    holders: [],
    ownership: "none",
    unknownReason: undefined,
    netns: numbers.netns,
    inode: numbers.inode,
    uid: isMinimal ? -1 : numbers.uid,
    receiveQueue: numbers.receiveQueue,
    sendQueue: numbers.sendQueue,
  };
}
