/**
 * The DNS sensor: its programs, and its records as packets.
 *
 * @module
 */

import { type CapturedPacket, OWNER_KIND, type OwnerKind, type PacketOwner } from "../../src/capture.ts";
import type { Sensor, SensorProgram } from "../../src/sensor.ts";
import { TextCache } from "../record.ts";
import {
  DNS_DIRECTION,
  DNS_OWNER,
  DNS_PACKET_EVENT_COMM_OFFSET,
  DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET,
  DNS_PACKET_EVENT_SIZE,
  DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET,
  DNS_PACKET_FLAG,
  DNS_TRANSPORT,
  type DnsPacketEvent,
  readDnsPacketEvent,
  readDnsPacketEventInto,
} from "./layout.gen.ts";

/** Datagrams and TCP segments that carry DNS, with their owners. */
export const DNS_SENSOR: Sensor = {
  name: "dns",
  minimumKernel: "5.10",
  programs: [
    {
      name: "dns_egress",
      attach: "cgroup",
      hook: "cgroup_skb/egress",
      readsKernelVariables: true,
      without: "datagrams that an NFQUEUE held back are shown as sent by the daemon that released them",
    },
    {
      name: "dns_egress_plain",
      attach: "cgroup",
      hook: "cgroup_skb/egress",
      insteadOf: ["dns_egress"],
      misses: "who sent a datagram that an NFQUEUE held back: the daemon that released it is shown",
    },
    { name: "dns_ingress", attach: "cgroup", hook: "cgroup_skb/ingress" },
    {
      name: "dns_post_bind4",
      attach: "cgroup",
      hook: "cgroup/post_bind4",
      without: "IPv4 servers are named only once they answered",
    },
    {
      name: "dns_post_bind6",
      attach: "cgroup",
      hook: "cgroup/post_bind6",
      without: "IPv6 servers are named only once they answered",
    },
    {
      name: "dns_connect4",
      attach: "cgroup",
      hook: "cgroup/connect4",
      without: "some IPv4 TCP segments have no owner",
    },
    {
      name: "dns_connect6",
      attach: "cgroup",
      hook: "cgroup/connect6",
      without: "some IPv6 TCP segments have no owner",
    },
    ...["4", "6"].map((version): SensorProgram => ({
      name: `dns_sendmsg${version}`,
      attach: "cgroup",
      hook: `cgroup/sendmsg${version}`,
      without: `some IPv${version} datagrams that an NFQUEUE held back have no owner`,
    })),
    {
      name: "dns_packet_send",
      attach: "tracing",
      hook: "tp_btf/net_dev_queue",
      without: "queries sent through AF_PACKET are not seen",
    },
    {
      name: "dns_holders",
      attach: "iterator",
      hook: "iter/task_file",
      without: "sockets older than culprit are named from /proc",
    },
  ],
  lossCounters: {
    ring_full: "dns_lost_ring",
    packet_unreadable: "dns_lost_read",
    segment_cut_bytes: "dns_cut_segment",
    owner_memory: "dns_lost_owner",
  },
};

/** Finds the process of a socket that is older than culprit, where the kernel could not tell. */
export type SocketOwnerLookup = (
  inode: number,
) => Pick<PacketOwner, "tgid" | "startTimeNs" | "uid" | "gid" | "comm"> | undefined;

const TRANSPORTS = new Map<number, CapturedPacket["transport"]>([
  [DNS_TRANSPORT.UDP, "udp"],
  [DNS_TRANSPORT.TCP, "tcp"],
  [DNS_TRANSPORT.PACKET, "packet"],
]);

/** Owners kept for use again, a power of two: a process sends many packets. */
const OWNERS_MAX = 256;

/** A view of the first octets of a buffer for each length up to this: nearly every message over UDP is shorter. */
const SHORT_PAYLOAD_MAX = 512;

/** Turns records of type DNS_PACKET into packets. Datagrams, of which there may be very many, allocate next to nothing. */
export class DnsPacketDecoder {
  readonly #comms = new TextCache();
  readonly #interfaces = new TextCache();
  readonly #findOwner: SocketOwnerLookup;
  readonly #record: DnsPacketEvent = readDnsPacketEvent(new DataView(new ArrayBuffer(DNS_PACKET_EVENT_SIZE)), 0);
  readonly #owners = new Array<PacketOwner | undefined>(OWNERS_MAX).fill(undefined);
  readonly #addresses = new Addresses();
  readonly #payloads = new ShortPayloads();
  /** What the handler is given for a datagram whose owner is known. */
  readonly #datagram: CapturedPacket & { owner: PacketOwner } = {
    tsNs: 0,
    transport: "udp",
    family: 4,
    sourceAddress: this.#addresses.source4,
    destinationAddress: this.#addresses.destination4,
    sourcePort: 0,
    destinationPort: 0,
    direction: "egress",
    socketCookie: 0,
    netns: 0,
    interfaceName: "",
    isConnected: false,
    payload: new Uint8Array(0),
    payloadSize: 0,
    owner: { tgid: 0, tid: 0, startTimeNs: 0, uid: 0, gid: 0, comm: "", kind: OWNER_KIND.none },
  };

  /** @param findOwner asked for packets whose owner the kernel does not know */
  constructor(findOwner: SocketOwnerLookup) {
    this.#findOwner = findOwner;
  }

  /**
   * Decodes one record. A datagram sent with segmentation offload (UDP_SEGMENT) holds several messages: each becomes a
   * packet.
   *
   * @param view memory that holds the record
   * @param base offset of the record in `view`
   * @param handler receives each packet, which is valid until it returns
   * @throws {RangeError} when the record is cut
   */
  decode(view: DataView, base: number, handler: (packet: CapturedPacket) => void): void {
    const record = this.#record;
    readDnsPacketEventInto(view, base, record);
    const payload = this.#payloads.read(view, base + DNS_PACKET_EVENT_SIZE, record.capturedSize);
    const packet = record.transport === DNS_TRANSPORT.TCP || record.ownerKind === DNS_OWNER.NONE
      ? this.#newPacket(view, base, record)
      : this.#knownDatagram(view, base, record);
    packet.payload = payload;
    packet.payloadSize = record.payloadSize;
    if (record.gsoSize === 0 || record.gsoSize >= record.payloadSize) {
      handler(packet);
      return;
    }
    const { gsoSize } = record;
    for (let start = 0; start < payload.length; start += gsoSize) {
      packet.payload = payload.subarray(start, start + gsoSize);
      packet.payloadSize = packet.payload.length;
      handler(packet);
    }
  }

  /** Fills the packet that is used again and again. */
  #knownDatagram(view: DataView, base: number, record: DnsPacketEvent): CapturedPacket {
    const packet = this.#datagram;
    const addresses = this.#addresses;
    const isIpv4 = record.family === 4;
    addresses.read(view, base + DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET, isIpv4);
    packet.tsNs = record.tsNs;
    packet.transport = record.transport === DNS_TRANSPORT.UDP ? "udp" : "packet";
    packet.family = isIpv4 ? 4 : 6;
    packet.sourceAddress = isIpv4 ? addresses.source4 : addresses.source6;
    packet.destinationAddress = isIpv4 ? addresses.destination4 : addresses.destination6;
    packet.sourcePort = record.sourcePort;
    packet.destinationPort = record.destinationPort;
    packet.direction = record.direction === DNS_DIRECTION.EGRESS ? "egress" : "ingress";
    packet.socketCookie = record.socketCookie;
    packet.netns = record.netns;
    packet.interfaceName = this.#interfaces.read16(view, base + DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET);
    packet.isConnected = (record.packetFlags & DNS_PACKET_FLAG.CONNECTED) !== 0;
    packet.owner = this.#knownOwner(view, base, record);
    return packet;
  }

  /** Makes a packet for everything else. */
  #newPacket(view: DataView, base: number, record: DnsPacketEvent): CapturedPacket {
    const addresses = this.#addresses;
    const isIpv4 = record.family === 4;
    addresses.read(view, base + DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET, isIpv4);
    const packet: CapturedPacket = {
      tsNs: record.tsNs,
      transport: TRANSPORTS.get(record.transport) ?? "udp",
      family: isIpv4 ? 4 : 6,
      sourceAddress: isIpv4 ? addresses.source4 : addresses.source6,
      destinationAddress: isIpv4 ? addresses.destination4 : addresses.destination6,
      sourcePort: record.sourcePort,
      destinationPort: record.destinationPort,
      direction: record.direction === DNS_DIRECTION.EGRESS ? "egress" : "ingress",
      socketCookie: record.socketCookie,
      netns: record.netns,
      interfaceName: this.#interfaces.read16(view, base + DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET),
      payload: NOTHING,
      payloadSize: 0,
    };
    const owner = record.ownerKind === DNS_OWNER.NONE
      ? this.#searchedOwner(record)
      : this.#knownOwner(view, base, record);
    if (owner !== undefined) packet.owner = owner;
    if ((record.packetFlags & DNS_PACKET_FLAG.CONNECTED) !== 0) packet.isConnected = true;
    if (record.transport === DNS_TRANSPORT.TCP) {
      packet.tcpSequence = record.tcpSequence;
      packet.tcpFlags = record.tcpFlags;
      if ((record.packetFlags & DNS_PACKET_FLAG.STREAM_START) !== 0) packet.tcpStreamStart = true;
    }
    return packet;
  }

  /** The owner the kernel named: the same object as long as nothing of it changes. */
  #knownOwner(view: DataView, base: number, record: DnsPacketEvent): PacketOwner {
    const { tgid, tid, startTimeNs, uid, gid, ownerKind } = record;
    const comm = this.#comms.read16(view, base + DNS_PACKET_EVENT_COMM_OFFSET);
    const slot = (tid * 5 + ownerKind) & (OWNERS_MAX - 1);
    const known = this.#owners[slot];
    if (
      known !== undefined && known.tid === tid && known.kind === ownerKind && known.startTimeNs === startTimeNs &&
      known.tgid === tgid && known.uid === uid && known.gid === gid && known.comm === comm
    ) return known;
    return this.#owners[slot] = { tgid, tid, startTimeNs, uid, gid, comm, kind: ownerKind as OwnerKind };
  }

  /** The owner found by the inode of the socket, if any. */
  #searchedOwner(record: DnsPacketEvent): PacketOwner | undefined {
    const found = record.socketInode === 0 ? undefined : this.#findOwner(record.socketInode);
    return found && { ...found, tid: found.tgid, kind: OWNER_KIND.holder };
  }
}

const NOTHING = new Uint8Array(0);

/** Address octets of the packet at hand. */
class Addresses {
  readonly #words = new Uint32Array(10);
  readonly source4 = new Uint8Array(this.#words.buffer, 0, 4);
  readonly destination4 = new Uint8Array(this.#words.buffer, 4, 4);
  readonly source6 = new Uint8Array(this.#words.buffer, 8, 16);
  readonly destination6 = new Uint8Array(this.#words.buffer, 24, 16);

  /** Copies two fields of 16 octets that follow each other. Words are copied in the order of this machine both ways. */
  read(view: DataView, offset: number, isIpv4: boolean): void {
    const words = this.#words;
    if (isIpv4) {
      words[0] = view.getUint32(offset, LITTLE_ENDIAN);
      words[1] = view.getUint32(offset + 16, LITTLE_ENDIAN);
      return;
    }
    for (let index = 0; index < 8; index++) words[2 + index] = view.getUint32(offset + 4 * index, LITTLE_ENDIAN);
  }
}

/** Octets of payloads, valid until the next one is read. */
class ShortPayloads {
  readonly #words = new Uint32Array(SHORT_PAYLOAD_MAX / 4);
  readonly #views: Uint8Array[] = Array.from(
    { length: SHORT_PAYLOAD_MAX + 1 },
    (_, size) => new Uint8Array(this.#words.buffer, 0, size),
  );

  /** Copies short ones, which takes less than making a view; long ones are left in place. */
  read(view: DataView, offset: number, size: number): Uint8Array {
    const short = this.#views[size];
    // A record has room for whole words, but its copy in a test need not have.
    if (short === undefined || offset + size + 3 > view.byteLength) {
      return new Uint8Array(view.buffer, view.byteOffset + offset, size);
    }
    const words = this.#words;
    for (let index = 0; 4 * index < size; index++) words[index] = view.getUint32(offset + 4 * index, LITTLE_ENDIAN);
    return short;
  }
}

/** Order of octets of this machine. */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
