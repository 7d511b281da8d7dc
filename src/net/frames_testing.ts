/**
 * Frames and capture files for the tests.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import { packet, type PacketExtras } from "../correlation/tracker_testing.ts";
import { CaptureFile } from "./capture_file.ts";
import { writeIpPacket } from "./ip_writer.ts";

/** Octets one after the other. */
export function join(...parts: (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Octets of hexadecimal digits; spaces divide. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.fromHex(digits.replaceAll(" ", ""));
}

/** An IP packet with a datagram or segment. */
export function ip(route: string, payload: Uint8Array, extras: PacketExtras = {}): Uint8Array {
  return writeIpPacket(packet(route, payload, extras));
}

/** A 16-bit number in network order. */
export function be16(value: number): number[] {
  return [value >> 8 & 255, value & 255];
}

/** An Ethernet frame. */
export function ethernet(type: number, payload: Uint8Array): Uint8Array {
  return join(hex("020000000002 020000000001"), be16(type), payload);
}

/** Fragments of an IPv4 packet: of so many octets each, a multiple of 8. */
export function fragmentIpv4(whole: Uint8Array, octets: number, id: number): Uint8Array[] {
  const body = whole.subarray(20);
  const fragments: Uint8Array[] = [];
  for (let start = 0; start < body.length; start += octets) {
    const part = body.subarray(start, start + octets);
    const header = whole.slice(0, 20);
    const view = new DataView(header.buffer);
    view.setUint16(2, 20 + part.length);
    view.setUint16(4, id);
    view.setUint16(6, start / 8 | (start + octets < body.length ? 0x2000 : 0));
    fragments.push(join(header, part));
  }
  return fragments;
}

/** Fragments of an IPv6 packet. */
export function fragmentIpv6(whole: Uint8Array, octets: number, id: number): Uint8Array[] {
  const body = whole.subarray(40);
  const fragments: Uint8Array[] = [];
  for (let start = 0; start < body.length; start += octets) {
    const part = body.subarray(start, start + octets);
    const header = whole.slice(0, 40);
    new DataView(header.buffer).setUint16(4, 8 + part.length);
    const next = header[6] as number;
    header[6] = 44;
    const more = start + octets < body.length ? 1 : 0;
    fragments.push(join(header, [next, 0], be16(start | more), be16(0), be16(id), part));
  }
  return fragments;
}

/** How to write a classic capture. */
export interface PcapOptions {
  isLittle?: boolean;
  magic?: number;
  linkType?: number;
  minor?: number;
}

/** A frame with its time. */
export interface TimedFrame {
  seconds: number;
  fraction: number;
  frame: Uint8Array;
  /** Size on the wire. Default: that of the frame. */
  size?: number;
}

/** A classic capture. */
export function pcap(frames: readonly TimedFrame[], options: PcapOptions = {}): Uint8Array {
  const { isLittle = true, magic = 0xa1b2c3d4, linkType = 1, minor = 4 } = options;
  const head = new DataView(new ArrayBuffer(24));
  head.setUint32(0, magic, isLittle);
  head.setUint16(4, 2, isLittle);
  head.setUint16(6, minor, isLittle);
  head.setUint32(16, 65_535, isLittle);
  head.setUint32(20, linkType, isLittle);
  const records = frames.map(({ seconds, fraction, frame, size = frame.length }) => {
    const record = new DataView(new ArrayBuffer(magic === 0xa1b2cd34 ? 24 : 16));
    record.setUint32(0, seconds, isLittle);
    record.setUint32(4, fraction, isLittle);
    record.setUint32(8, frame.length, isLittle);
    record.setUint32(12, size, isLittle);
    return join(new Uint8Array(record.buffer), frame);
  });
  return join(new Uint8Array(head.buffer), ...records);
}

/** What a file was read as. */
export interface ReadResult {
  packets: CapturedPacket[];
  file: CaptureFile;
  baseNs: bigint | undefined;
}

/** Reads a file, in pieces of so many octets. */
export function read(bytes: Uint8Array, step: number = bytes.length): ReadResult {
  const packets: CapturedPacket[] = [];
  let baseNs: bigint | undefined;
  const file = new CaptureFile({
    onStart: (base) => baseNs = base,
    onPacket: (at) =>
      packets.push({
        ...at,
        sourceAddress: at.sourceAddress.slice(),
        destinationAddress: at.destinationAddress.slice(),
        payload: at.payload.slice(),
      }),
  });
  for (let offset = 0; offset < bytes.length; offset += Math.max(1, step)) {
    // Pieces do not outlive the call.
    const piece = bytes.slice(offset, offset + step);
    const goesOn = file.push(piece);
    piece.fill(0xee);
    if (!goesOn) break;
  }
  file.end();
  return { packets, file, baseNs };
}
