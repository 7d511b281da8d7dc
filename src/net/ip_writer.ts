/**
 * Writes IP packets around payloads: what a raw IP capture of them would show.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const UDP_HEADER = 8;
const TCP_HEADER = 20;
const TCP_SYN = 2;
/** Linux net.ipv4.ip_default_ttl. */
const TTL = 64;
const WINDOW = 65_535;
/** Do not fragment. */
const FLAG_DF = 0x4000;

/**
 * Writes a packet with its headers.
 *
 * What the capture does not know is given its usual value: identification 0 and DF, TTL 64, and for TCP an
 * acknowledgement number of 0. Checksums are right for what is written.
 *
 * @param packet with all of its payload or the start of it; lengths in the headers are those of the whole
 * @returns IP header, transport header and payload
 */
export function writeIpPacket(packet: CapturedPacket): Uint8Array {
  const isTcp = packet.transport === "tcp";
  const ipHeader = packet.family === 4 ? IPV4_HEADER : IPV6_HEADER;
  const transportHeader = isTcp ? TCP_HEADER : UDP_HEADER;
  const bytes = new Uint8Array(ipHeader + transportHeader + packet.payload.length);
  const view = new DataView(bytes.buffer);
  const transportSize = Math.min(65_535, transportHeader + packet.payloadSize);
  const protocol = isTcp ? PROTOCOL_TCP : PROTOCOL_UDP;
  if (packet.family === 4) writeIpv4(bytes, view, packet, protocol, Math.min(65_535, ipHeader + transportSize));
  else writeIpv6(bytes, view, packet, protocol, transportSize);
  view.setUint16(ipHeader, packet.sourcePort);
  view.setUint16(ipHeader + 2, packet.destinationPort);
  bytes.set(packet.payload, ipHeader + transportHeader);
  if (isTcp) writeTcp(view, packet, ipHeader);
  else view.setUint16(ipHeader + 4, transportSize);
  const sum = transportSum(bytes, packet, protocol, transportSize, ipHeader);
  // RFC 768: a checksum of zero is sent as all ones, for zero means none.
  view.setUint16(ipHeader + (isTcp ? 16 : 6), sum === 0 && !isTcp ? 0xffff : sum);
  return bytes;
}

/** RFC 791 section 3.1. */
function writeIpv4(bytes: Uint8Array, view: DataView, packet: CapturedPacket, protocol: number, size: number): void {
  view.setUint8(0, 0x45);
  view.setUint16(2, size);
  view.setUint16(6, FLAG_DF);
  view.setUint8(8, TTL);
  view.setUint8(9, protocol);
  bytes.set(packet.sourceAddress, 12);
  bytes.set(packet.destinationAddress, 16);
  view.setUint16(10, fold(sumOf(bytes, 0, IPV4_HEADER)));
}

/** RFC 8200 section 3. */
function writeIpv6(bytes: Uint8Array, view: DataView, packet: CapturedPacket, protocol: number, size: number): void {
  view.setUint8(0, 0x60);
  view.setUint16(4, size);
  view.setUint8(6, protocol);
  view.setUint8(7, TTL);
  bytes.set(packet.sourceAddress, 8);
  bytes.set(packet.destinationAddress, 24);
}

/** RFC 9293 section 3.1. */
function writeTcp(view: DataView, packet: CapturedPacket, start: number): void {
  const flags = packet.tcpFlags ?? 0;
  // A SYN takes a sequence number of its own, before the data.
  view.setUint32(start + 4, (packet.tcpSequence ?? 0) - ((flags & TCP_SYN) === 0 ? 0 : 1) >>> 0);
  view.setUint8(start + 12, TCP_HEADER / 4 << 4);
  view.setUint8(start + 13, flags);
  view.setUint16(start + 14, WINDOW);
}

/** Checksum of UDP and TCP, with the pseudo header (RFC 8200 section 8.1). */
function transportSum(
  bytes: Uint8Array,
  packet: CapturedPacket,
  protocol: number,
  size: number,
  start: number,
): number {
  const addresses = sumOf(packet.sourceAddress, 0, packet.sourceAddress.length) +
    sumOf(packet.destinationAddress, 0, packet.destinationAddress.length);
  return fold(addresses + protocol + size + sumOf(bytes, start, bytes.length));
}

/** Sum of the 16-bit words; exact for the largest packets. */
function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let offset = start; offset < end; offset += 2) {
    sum += (bytes[offset] as number) << 8 | (offset + 1 < end ? bytes[offset + 1] as number : 0);
  }
  return sum;
}

/** One's complement of the one's complement sum (RFC 1071). */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
