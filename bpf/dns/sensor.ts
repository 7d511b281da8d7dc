/**
 * The DNS sensor: its programs, and its records as packets.
 *
 * @module
 */

import { type CapturedPacket, OWNER_KIND, type OwnerKind, type PacketOwner } from "../../src/capture.ts";
import type { Sensor } from "../../src/sensor.ts";
import { TextCache } from "../record.ts";
import {
  DNS_DIRECTION,
  DNS_OWNER,
  DNS_PACKET_EVENT_COMM_OFFSET,
  DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET,
  DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET,
  DNS_PACKET_EVENT_SIZE,
  DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET,
  DNS_PACKET_FLAG,
  DNS_TRANSPORT,
  type DnsPacketEvent,
  readDnsPacketEvent,
} from "./layout.gen.ts";

/** Datagrams and TCP segments that carry DNS, with their owners. */
export const DNS_SENSOR: Sensor = {
  name: "dns",
  minimumKernel: "5.10",
  programs: [
    { name: "dns_egress", attach: "cgroup", hook: "cgroup_skb/egress" },
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

/** Turns records of type DNS_PACKET into packets. */
export class DnsPacketDecoder {
  readonly #comms = new TextCache();
  readonly #interfaces = new TextCache();
  readonly #findOwner: SocketOwnerLookup;

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
   */
  decode(view: DataView, base: number, handler: (packet: CapturedPacket) => void): void {
    const record = readDnsPacketEvent(view, base);
    const payload = this.#bytes(view, base + DNS_PACKET_EVENT_SIZE, record.capturedSize);
    const packet = this.#packet(view, base, record, payload);
    if (record.gsoSize === 0 || record.gsoSize >= record.payloadSize) {
      handler(packet);
      return;
    }
    for (let start = 0; start < payload.length; start += record.gsoSize) {
      packet.payload = payload.subarray(start, start + record.gsoSize);
      packet.payloadSize = packet.payload.length;
      handler(packet);
    }
  }

  #bytes(view: DataView, offset: number, size: number): Uint8Array {
    return new Uint8Array(view.buffer, view.byteOffset + offset, size);
  }

  #packet(view: DataView, base: number, record: DnsPacketEvent, payload: Uint8Array): CapturedPacket {
    const addressSize = record.family === 4 ? 4 : 16;
    const packet: CapturedPacket = {
      tsNs: record.tsNs,
      transport: TRANSPORTS.get(record.transport) ?? "udp",
      family: record.family === 4 ? 4 : 6,
      sourceAddress: this.#bytes(view, base + DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET, addressSize),
      destinationAddress: this.#bytes(view, base + DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET, addressSize),
      sourcePort: record.sourcePort,
      destinationPort: record.destinationPort,
      direction: record.direction === DNS_DIRECTION.EGRESS ? "egress" : "ingress",
      socketCookie: record.socketCookie,
      netns: record.netns,
      interfaceName: this.#interfaces.read16(view, base + DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET),
      payload,
      payloadSize: record.payloadSize,
    };
    const owner = this.#owner(view, base, record);
    if (owner !== undefined) packet.owner = owner;
    if (record.transport === DNS_TRANSPORT.TCP) {
      packet.tcpSequence = record.tcpSequence;
      packet.tcpFlags = record.tcpFlags;
      if ((record.packetFlags & DNS_PACKET_FLAG.STREAM_START) !== 0) packet.tcpStreamStart = true;
    }
    return packet;
  }

  #owner(view: DataView, base: number, record: DnsPacketEvent): PacketOwner | undefined {
    if (record.ownerKind === DNS_OWNER.NONE) {
      const found = record.socketInode === 0 ? undefined : this.#findOwner(record.socketInode);
      return found && { ...found, tid: found.tgid, kind: OWNER_KIND.holder };
    }
    return {
      tgid: record.tgid,
      tid: record.tid,
      startTimeNs: record.startTimeNs,
      uid: record.uid,
      gid: record.gid,
      comm: this.#comms.read16(view, base + DNS_PACKET_EVENT_COMM_OFFSET),
      kind: record.ownerKind as OwnerKind,
    };
  }
}
