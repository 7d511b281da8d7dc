/**
 * Messages as kept while they wait: their octets in shared chunks, decoded when somebody looks.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import { tryDecodeMessage } from "../dns/mod.ts";
import type { DecodeOptions, DnsMessage } from "../dns/types.ts";
import type { DnsInfo, NetworkInfo } from "../events.ts";
import { formatAddress } from "../net/address.ts";
import type { SeenMessage } from "./types.ts";

/** Octets of a chunk: some thousand queries; it is freed when the last of them is. */
const CHUNK_OCTETS = 262_144;

/** Larger payloads get an array of their own, so that they do not pin a chunk or leave its end unused. */
const CHUNKED_OCTETS_MAX = 4096;

const MDNS: DecodeOptions = { mdns: true };
const PLAIN: DecodeOptions = {};

/** Where payloads are copied to: one allocation for thousands of them. */
export class PayloadArena {
  #chunk = new Uint8Array(CHUNK_OCTETS);
  #used = 0;
  /** The array that holds the payload last stored. */
  chunk: Uint8Array = this.#chunk;
  /** Where in {@linkcode chunk} it begins. */
  offset = 0;

  /**
   * Copies a payload; `chunk` and `offset` then say where to.
   *
   * @param payload octets to keep
   */
  store(payload: Uint8Array): void {
    const size = payload.length;
    if (size > CHUNKED_OCTETS_MAX) {
      this.chunk = payload.slice();
      this.offset = 0;
      return;
    }
    if (this.#used + size > CHUNK_OCTETS) {
      this.#chunk = new Uint8Array(CHUNK_OCTETS);
      this.#used = 0;
    }
    const chunk = this.#chunk;
    const offset = this.#used;
    // Queries are short: a loop beats the call into the engine that `set` is.
    if (size <= 64) { for (let index = 0; index < size; index++) chunk[offset + index] = payload[index] as number; }
    else chunk.set(payload, offset);
    this.#used = offset + size;
    this.chunk = chunk;
    this.offset = offset;
  }
}

/** A message at the packet that brought it. */
export class Seen implements SeenMessage {
  readonly tsNs: number;
  readonly sizeBytes: number;
  protocol: DnsInfo["protocol"];
  readonly owner: PacketOwner | undefined;
  readonly socketCookie: number;
  readonly netns: number;
  readonly network: NetworkInfo;
  /** Octets that were captured; the rest up to `sizeBytes` is missing. */
  readonly capturedBytes: number;
  readonly #chunk: Uint8Array;
  readonly #offset: number;
  readonly #anomalies: readonly string[];
  #message: DnsMessage | undefined;

  /**
   * @param packet where it was seen; its address octets are not kept
   * @param protocol what its ports and addresses make it
   * @param chunk holds the octets of the message; kept
   * @param offset where they begin
   * @param capturedBytes how many there are
   * @param sizeBytes how many there were
   * @param anomalies names of what is wrong below the message
   */
  constructor(
    packet: CapturedPacket,
    protocol: DnsInfo["protocol"],
    chunk: Uint8Array,
    offset: number,
    capturedBytes: number,
    sizeBytes: number,
    anomalies: readonly string[],
  ) {
    this.tsNs = packet.tsNs;
    this.sizeBytes = sizeBytes;
    this.protocol = protocol;
    this.owner = packet.owner;
    this.socketCookie = packet.socketCookie;
    this.netns = packet.netns;
    this.network = {
      transport: packet.transport,
      family: packet.family === 4 ? "ipv4" : "ipv6",
      source: { ip: formatAddress(packet.sourceAddress), port: packet.sourcePort },
      destination: { ip: formatAddress(packet.destinationAddress), port: packet.destinationPort },
      interface: packet.interfaceName,
      direction: packet.direction,
    };
    this.capturedBytes = capturedBytes;
    this.#chunk = chunk;
    this.#offset = offset;
    this.#anomalies = anomalies;
  }

  /** The octets of the message. */
  get bytes(): Uint8Array {
    return this.#chunk.subarray(this.#offset, this.#offset + this.capturedBytes);
  }

  get message(): DnsMessage {
    return this.#message ??= this.#read();
  }

  /** Decodes the message if that is not done yet: its octets are not needed any more then. */
  decode(): void {
    this.#message ??= this.#read();
  }

  /** Decodes what is there, and adds what the layers below found wrong. */
  #read(): DnsMessage {
    const { message, anomalies } = tryDecodeMessage(this.bytes, this.protocol === "mdns" ? MDNS : PLAIN);
    const decoded = message ?? headless(this.bytes, anomalies);
    for (const anomaly of this.#anomalies) decoded.anomalies.push(anomaly);
    if (this.capturedBytes < this.sizeBytes) decoded.anomalies.push("capture-cut");
    return decoded;
  }
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
