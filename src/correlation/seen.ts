/**
 * Messages as they are handed out, and as they are kept while they wait.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import { tryDecodeMessage } from "../dns/mod.ts";
import type { DecodeOptions, DnsMessage } from "../dns/types.ts";
import type { DnsInfo, NetworkInfo } from "../events.ts";
import { formatAddress } from "../net/address.ts";
import type { SeenMessage } from "./types.ts";

const MDNS: DecodeOptions = { mdns: true };
const PLAIN: DecodeOptions = {};

/** Stands for what could not be found out: a capture file need not name the device. */
const NOT_KNOWN = "unknown";

/** Octets kept in the slot of an entry; longer messages get an array of their own. */
export const SLOT_OCTETS = 128;

/**
 * A query that waits. Objects of this class are used again and again: waiting queries outlive the young generation of
 * the garbage collector, which then would have to copy every one of them twice.
 */
export class StoredQuery {
  tsNs = 0;
  protocol: DnsInfo["protocol"] = "dns";
  owner: PacketOwner | undefined;
  socketCookie = 0;
  netns = 0;
  transport: NetworkInfo["transport"] = "udp";
  isIpv4 = true;
  source = "";
  sourcePort = 0;
  destination = "";
  destinationPort = 0;
  /** Where it really went, if not to the destination; empty otherwise. */
  translatedTo = "";
  translatedPort = 0;
  interfaceName = "";
  isEgress = true;
  /** Octets that were captured, and octets there were. */
  size = 0;
  wholeSize = 0;
  anomalies: readonly string[] = [];
  readonly #slots: Uint8Array;
  readonly #offset: number;
  #long: Uint8Array | undefined;

  /**
   * @param slots array in which one slot is for this query
   * @param offset where the slot begins
   */
  constructor(slots: Uint8Array, offset: number) {
    this.#slots = slots;
    this.#offset = offset;
  }

  /** Keeps a message. */
  store(
    packet: CapturedPacket,
    source: string,
    destination: string,
    protocol: DnsInfo["protocol"],
    payload: Uint8Array,
    wholeSize: number,
    anomalies: readonly string[],
  ): void {
    this.tsNs = packet.tsNs;
    this.protocol = protocol;
    this.owner = packet.owner;
    this.socketCookie = packet.socketCookie;
    this.netns = packet.netns;
    this.transport = packet.transport;
    this.isIpv4 = packet.family === 4;
    this.source = source;
    this.sourcePort = packet.sourcePort;
    this.destination = destination;
    this.destinationPort = packet.destinationPort;
    this.translatedTo = "";
    this.interfaceName = packet.interfaceName;
    this.isEgress = packet.direction === "egress";
    this.size = payload.length;
    this.wholeSize = wholeSize;
    this.anomalies = anomalies;
    if (payload.length > SLOT_OCTETS) this.#long = payload.slice();
    else {
      const slots = this.#slots;
      const offset = this.#offset;
      // Queries are short: a loop beats the call into the engine that `set` is.
      for (let index = 0; index < payload.length; index++) slots[offset + index] = payload[index] as number;
    }
  }

  /** Takes note that its sender had addressed it to another than it went to. */
  addressedTo(address: string, port: number): void {
    this.translatedTo = this.destination;
    this.translatedPort = this.destinationPort;
    this.destination = address;
    this.destinationPort = port;
  }

  /** Lets go of what the slot does not hold. */
  clear(): void {
    this.owner = undefined;
    this.#long = undefined;
  }

  /** The message, to be decoded before this object is used again. */
  toSeen(): Seen {
    const bytes = this.#long ?? this.#slots.subarray(this.#offset, this.#offset + this.size);
    const network: NetworkInfo = {
      transport: this.transport,
      family: this.isIpv4 ? "ipv4" : "ipv6",
      source: { ip: this.source, port: this.sourcePort },
      destination: { ip: this.destination, port: this.destinationPort },
      interface: this.interfaceName === "" ? NOT_KNOWN : this.interfaceName,
      direction: this.isEgress ? "egress" : "ingress",
    };
    if (this.translatedTo !== "") network.translated = { ip: this.translatedTo, port: this.translatedPort };
    return new Seen(this, network, this.protocol, bytes, this.wholeSize, this.anomalies);
  }
}

/** A message at the packet that brought it. */
export class Seen implements SeenMessage {
  readonly tsNs: number;
  readonly sizeBytes: number;
  readonly protocol: DnsInfo["protocol"];
  readonly owner: PacketOwner | undefined;
  readonly socketCookie: number;
  readonly netns: number;
  readonly network: NetworkInfo;
  readonly #anomalies: readonly string[];
  #bytes: Uint8Array | undefined;
  #message: DnsMessage | undefined;

  /**
   * @param at when, at which socket and whose
   * @param network the packet
   * @param protocol what its ports and addresses make it
   * @param bytes octets of the message; valid until {@linkcode detach}
   * @param sizeBytes octets there were
   * @param anomalies names of what is wrong below the message
   */
  constructor(
    at: { tsNs: number; owner?: PacketOwner | undefined; socketCookie: number; netns: number },
    network: NetworkInfo,
    protocol: DnsInfo["protocol"],
    bytes: Uint8Array,
    sizeBytes: number,
    anomalies: readonly string[],
  ) {
    this.tsNs = at.tsNs;
    this.sizeBytes = sizeBytes;
    this.protocol = protocol;
    this.owner = at.owner;
    this.socketCookie = at.socketCookie;
    this.netns = at.netns;
    this.network = network;
    this.#bytes = bytes;
    this.#anomalies = anomalies;
  }

  get message(): DnsMessage {
    return this.#message ??= this.#read();
  }

  /** Its octets are used for something else from now on: whoever has not decoded it, cannot. */
  detach(): void {
    this.#bytes = undefined;
  }

  /** Decodes what is there, and adds what the layers below found wrong. */
  #read(): DnsMessage {
    const bytes = this.#bytes;
    if (bytes === undefined) throw new TypeError("A message must be read in the callback it is handed to");
    const { message, anomalies } = tryDecodeMessage(bytes, this.protocol === "mdns" ? MDNS : PLAIN);
    const decoded = message ?? headless(bytes, anomalies);
    for (const anomaly of this.#anomalies) decoded.anomalies.push(anomaly);
    if (bytes.length < this.sizeBytes) decoded.anomalies.push("capture-cut");
    return decoded;
  }
}

/**
 * The network part of a packet, as events show it.
 *
 * @param packet its address octets are not kept
 * @returns a new object
 */
export function networkOf(packet: CapturedPacket): NetworkInfo {
  return {
    transport: packet.transport,
    family: packet.family === 4 ? "ipv4" : "ipv6",
    source: { ip: formatAddress(packet.sourceAddress), port: packet.sourcePort },
    destination: { ip: formatAddress(packet.destinationAddress), port: packet.destinationPort },
    interface: packet.interfaceName === "" ? NOT_KNOWN : packet.interfaceName,
    direction: packet.direction,
  };
}

/** Stands for a message that is shorter than a header: its id where that is there, and why it is nothing more. */
function headless(bytes: Uint8Array, anomalies: string[]): DnsMessage {
  return {
    id: bytes.length >= 2 ? (bytes[0] as number) << 8 | (bytes[1] as number) : 0,
    isResponse: (bytes[2] ?? 0) >= 0x80,
    opcode: (bytes[2] ?? 0) >> 3 & 15,
    flags: 0,
    rcode: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    anomalies,
  };
}
