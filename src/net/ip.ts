/**
 * Frames to packets: link layer, IPv4 and IPv6 with options, extension headers and fragments, UDP and TCP.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import { formatAddress } from "./address.ts";
import { type FragmentCounters, Fragments, type Reassembled } from "./fragments.ts";
import { findIp, type LinkResult } from "./link.ts";

const PROTOCOL_HOP_BY_HOP = 0;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PROTOCOL_ROUTING = 43;
const PROTOCOL_FRAGMENT = 44;
const PROTOCOL_AUTHENTICATION = 51;
const PROTOCOL_DESTINATION = 60;
const PROTOCOL_MOBILITY = 135;
const PROTOCOL_HIP = 139;
const PROTOCOL_SHIM6 = 140;

const IPV4_HEADER_MIN = 20;
const IPV6_HEADER = 40;
const UDP_HEADER = 8;
const TCP_HEADER_MIN = 20;
const TCP_SYN = 2;

/** More extension headers are taken for an attack. */
const EXTENSIONS_MAX = 16;

/** What was counted since a {@linkcode FrameParser} was made. */
export interface FrameCounters extends FragmentCounters {
  /** Frames taken. */
  frames: number;
  /** Frames that carry no IP, or IP that carries neither UDP nor TCP. */
  other: number;
  /** Frames and datagrams whose headers are cut or impossible. */
  malformed: number;
}

/** What the layers below say of a datagram. */
type FragmentContext = Pick<
  CapturedPacket,
  "tsNs" | "family" | "direction" | "interfaceName" | "owner" | "sourceAddress" | "destinationAddress"
>;

/** Parses frames. Everything it hands out is valid during the call only. */
export class FrameParser {
  readonly #handler: (packet: CapturedPacket) => void;
  readonly #fragments = new Fragments<FragmentContext>();
  readonly #link: LinkResult = { offset: -1, direction: undefined };
  readonly #counters = { frames: 0, other: 0, malformed: 0 };
  readonly #udp: CapturedPacket;
  readonly #tcp: CapturedPacket;

  /**
   * Starts with no fragments.
   *
   * @param handler called with each UDP datagram and TCP segment
   */
  constructor(handler: (packet: CapturedPacket) => void) {
    this.#handler = handler;
    const nothing = new Uint8Array(0);
    const base = {
      tsNs: 0,
      family: 4,
      sourceAddress: nothing,
      destinationAddress: nothing,
      sourcePort: 0,
      destinationPort: 0,
      direction: "egress",
      socketCookie: 0,
      netns: 0,
      interfaceName: "",
      owner: undefined,
      payload: nothing,
      payloadSize: 0,
    } as const;
    this.#udp = { ...base, transport: "udp" };
    this.#tcp = { ...base, transport: "tcp", tcpSequence: 0, tcpFlags: 0 };
  }

  /** What was counted so far. */
  get counters(): FrameCounters {
    return { ...this.#counters, ...this.#fragments.counters };
  }

  /**
   * Parses a frame.
   *
   * @param linkType of the capture
   * @param frame its octets; not kept
   * @param missing octets of it that the capture left out
   * @param tsNs when it was captured, ns
   * @param direction which way it went, where the capture says so
   * @param interfaceName where it was captured; empty where that is not known
   * @param owner who the capture says it belongs to
   */
  frame(
    linkType: number,
    frame: Uint8Array,
    missing: number,
    tsNs: number,
    direction: CapturedPacket["direction"] | undefined,
    interfaceName: string,
    owner?: PacketOwner,
  ): void {
    this.#counters.frames++;
    const link = this.#link;
    findIp(linkType, frame, link);
    if (link.offset < 0 || link.offset >= frame.length) {
      this.#counters.other++;
      return;
    }
    for (const packet of [this.#udp, this.#tcp]) {
      packet.tsNs = tsNs;
      // Without a word about it, files are shown from the point of view of the sender.
      packet.direction = direction ?? link.direction ?? "egress";
      packet.interfaceName = interfaceName;
      packet.owner = owner;
    }
    const version = (frame[link.offset] as number) >>> 4;
    if (version === 4) this.#ipv4(frame, link.offset, missing);
    else if (version === 6) this.#ipv6(frame, link.offset, missing);
    else this.#counters.malformed++;
  }

  /** Delivers what there is of datagrams whose fragments are not all there. To be called once, at the end. */
  flush(): void {
    this.#fragments.flush((part) => {
      Object.assign(this.#udp, part.context);
      Object.assign(this.#tcp, part.context);
      this.#reassembled(part);
    });
  }

  /** RFC 791 section 3.1. */
  #ipv4(frame: Uint8Array, start: number, missing: number): void {
    const header = ((frame[start] as number) & 15) * 4;
    if (header < IPV4_HEADER_MIN || start + header > frame.length) {
      this.#counters.malformed++;
      return;
    }
    const total = word(frame, start + 2);
    // Segmentation offload leaves the length 0; what follows the packet is padding of the link layer.
    const whole = total === 0 ? frame.length + missing : start + total;
    const end = Math.min(frame.length, whole);
    if (end < start + header) {
      this.#counters.malformed++;
      return;
    }
    const source = frame.subarray(start + 12, start + 16);
    const destination = frame.subarray(start + 16, start + 20);
    const protocol = frame[start + 9] as number;
    const fragment = word(frame, start + 6);
    this.#setAddresses(4, source, destination);
    if ((fragment & 0x3fff) === 0) this.#transport(protocol, frame, start + header, end, whole - end);
    else {
      const key = `4 ${formatAddress(source)} ${formatAddress(destination)} ${word(frame, start + 4)} ${protocol}`;
      const isLast = (fragment & 0x2000) === 0;
      this.#fragment(key, protocol, (fragment & 0x1fff) * 8, isLast, frame.subarray(start + header, end), whole > end);
    }
  }

  /** RFC 8200 sections 3 and 4. */
  #ipv6(frame: Uint8Array, start: number, missing: number): void {
    if (start + IPV6_HEADER > frame.length) {
      this.#counters.malformed++;
      return;
    }
    const length = word(frame, start + 4);
    const whole = length === 0 ? frame.length + missing : start + IPV6_HEADER + length;
    const end = Math.min(frame.length, whole);
    const source = frame.subarray(start + 8, start + 24);
    const destination = frame.subarray(start + 24, start + 40);
    this.#setAddresses(6, source, destination);
    this.#extensions(frame[start + 6] as number, frame, start + IPV6_HEADER, end, whole - end);
  }

  /** Walks the extension headers. */
  #extensions(first: number, bytes: Uint8Array, start: number, end: number, missing: number): void {
    let protocol = first;
    let offset = start;
    for (let headers = 0; headers < EXTENSIONS_MAX; headers++) {
      switch (protocol) {
        case PROTOCOL_HOP_BY_HOP:
        case PROTOCOL_ROUTING:
        case PROTOCOL_DESTINATION:
        case PROTOCOL_MOBILITY:
        case PROTOCOL_HIP:
        case PROTOCOL_SHIM6:
        case PROTOCOL_AUTHENTICATION: {
          if (offset + 8 > end) {
            this.#counters.malformed++;
            return;
          }
          const units = bytes[offset + 1] as number;
          // RFC 4302 section 2.2: the authentication header counts in four octets, less two.
          const size = protocol === PROTOCOL_AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
          protocol = bytes[offset] as number;
          offset += size;
          break;
        }
        case PROTOCOL_FRAGMENT: {
          if (offset + 8 > end) {
            this.#counters.malformed++;
            return;
          }
          const fragment = word(bytes, offset + 2);
          protocol = bytes[offset] as number;
          // RFC 6946: a fragment that is all of its datagram.
          if ((fragment & 0xfff9) !== 0) {
            const { sourceAddress, destinationAddress } = this.#udp;
            const id = word(bytes, offset + 4) * 65_536 + word(bytes, offset + 6);
            const key = `6 ${formatAddress(sourceAddress)} ${formatAddress(destinationAddress)} ${id}`;
            const octets = bytes.subarray(offset + 8, end);
            this.#fragment(key, protocol, fragment & 0xfff8, (fragment & 1) === 0, octets, missing > 0);
            return;
          }
          offset += 8;
          break;
        }
        default:
          this.#transport(protocol, bytes, offset, end, missing);
          return;
      }
    }
    this.#counters.malformed++;
  }

  /** Keeps a fragment; the one that completes a datagram delivers it. */
  #fragment(
    key: string,
    protocol: number,
    start: number,
    isLast: boolean,
    octets: Uint8Array,
    isCut: boolean,
  ): void {
    const at = this.#udp;
    // A fragment the capture cut leaves a hole: its datagram never becomes whole, and is told as such.
    const whole = this.#fragments.add(key, protocol, start, isLast && !isCut, octets, at.tsNs, () => ({
      tsNs: at.tsNs,
      family: at.family,
      direction: at.direction,
      interfaceName: at.interfaceName,
      owner: at.owner,
      sourceAddress: at.sourceAddress.slice(),
      destinationAddress: at.destinationAddress.slice(),
    }));
    if (whole !== undefined) this.#reassembled(whole);
  }

  /** Parses a datagram put together from fragments. */
  #reassembled({ context, bytes, protocol, size }: Reassembled<FragmentContext>): void {
    const missing = size < 0 ? 0 : size - bytes.length;
    if (context.family === 4) this.#transport(protocol, bytes, 0, bytes.length, missing);
    else this.#extensions(protocol, bytes, 0, bytes.length, missing);
  }

  /** Sets the addresses of what is handed out. */
  #setAddresses(family: 4 | 6, source: Uint8Array, destination: Uint8Array): void {
    for (const packet of [this.#udp, this.#tcp]) {
      packet.family = family;
      packet.sourceAddress = source;
      packet.destinationAddress = destination;
    }
  }

  /** Parses UDP (RFC 768) and TCP (RFC 9293 section 3.1), and hands them out. */
  #transport(protocol: number, bytes: Uint8Array, start: number, end: number, missing: number): void {
    if (protocol === PROTOCOL_UDP) this.#datagram(bytes, start, end, missing);
    else if (protocol === PROTOCOL_TCP) this.#segment(bytes, start, end, missing);
    else this.#counters.other++;
  }

  #datagram(bytes: Uint8Array, start: number, end: number, missing: number): void {
    if (start + UDP_HEADER > end) {
      this.#counters.malformed++;
      return;
    }
    const length = word(bytes, start + 4);
    const payloadStart = start + UDP_HEADER;
    // 0 stands for a jumbogram (RFC 2675), or is left by segmentation offload.
    const payloadSize = length === 0 ? end - payloadStart + missing : length - UDP_HEADER;
    if (payloadSize < 0) {
      this.#counters.malformed++;
      return;
    }
    const packet = this.#udp;
    packet.sourcePort = word(bytes, start);
    packet.destinationPort = word(bytes, start + 2);
    packet.payload = bytes.subarray(payloadStart, Math.min(end, payloadStart + payloadSize));
    packet.payloadSize = payloadSize;
    this.#handler(packet);
  }

  #segment(bytes: Uint8Array, start: number, end: number, missing: number): void {
    const payloadStart = start + ((bytes[start + 12] ?? 0) >>> 4) * 4;
    if (payloadStart < start + TCP_HEADER_MIN || payloadStart > end) {
      this.#counters.malformed++;
      return;
    }
    const packet = this.#tcp;
    packet.sourcePort = word(bytes, start);
    packet.destinationPort = word(bytes, start + 2);
    const flags = bytes[start + 13] as number;
    packet.tcpFlags = flags;
    // A SYN takes a sequence number of its own, before the data.
    const sequence = word(bytes, start + 4) * 65_536 + word(bytes, start + 6) + ((flags & TCP_SYN) === 0 ? 0 : 1);
    packet.tcpSequence = sequence >>> 0;
    packet.payload = bytes.subarray(payloadStart, end);
    packet.payloadSize = end - payloadStart + missing;
    this.#handler(packet);
  }
}

/** Two octets, network order. */
function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) << 8 | (bytes[offset + 1] as number);
}
