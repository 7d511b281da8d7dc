/**
 * Who asked whom what: the key by which the two messages of a transaction find each other.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import type { DnsInfo } from "../events.ts";
import { addressWord, formatAddress, formatIpv4, isGroupAddress, isLoopbackAddress } from "../net/address.ts";
import { mix } from "../net/mix.ts";
import type { MessageKey } from "./question.ts";

/** Stands for the address of whoever answers a query sent to a group of hosts. */
export const ANY_ADDRESS = "*";

/** What both messages of a transaction have in common. */
export interface TransactionKey {
  clientAddress: string;
  clientPort: number;
  /** {@linkcode ANY_ADDRESS} where the query went to a group. */
  serverAddress: string;
  serverPort: number;
  isTcp: boolean;
  id: number;
  hasQuestion: boolean;
  questionHash: number;
  questionType: number;
  /** Network namespace of a loopback address; else 0. */
  loopbackNetns: number;
  /** Of the client, the protocol and the id. */
  idHash: number;
  /** Of all of the above. */
  hash: number;
}

/** A key that is read into again and again. */
export class KeyReader implements TransactionKey {
  clientAddress = "";
  clientPort = 0;
  serverAddress = "";
  serverPort = 0;
  isTcp = false;
  id = 0;
  hasQuestion = false;
  questionHash = 0;
  questionType = 0;
  loopbackNetns = 0;
  idHash = 0;
  hash = 0;
  /** Both addresses as text. */
  source = "";
  destination = "";
  /** The packet went to a group of hosts. */
  isToGroup = false;
  #sourceHash = 0;
  #destinationHash = 0;
  #isLoopback = false;
  readonly #seed: number;

  /**
   * Starts with nothing.
   *
   * @param seed makes the hashes unpredictable to who sends the messages; 32 bits
   */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /**
   * Reads the key of a message.
   *
   * @param packet what the message came in
   * @param message its fields
   * @param anyServer look for a query that went to a group: the address of a response says nothing then
   */
  read(packet: CapturedPacket, message: MessageKey, anyServer: boolean): void {
    this.#readAddresses(packet);
    const fromClient = !message.isResponse;
    this.clientPort = fromClient ? packet.sourcePort : packet.destinationPort;
    this.serverPort = fromClient ? packet.destinationPort : packet.sourcePort;
    this.isTcp = packet.transport === "tcp";
    this.id = message.id;
    this.hasQuestion = message.hasQuestion;
    this.questionHash = message.questionHash;
    this.questionType = message.questionType;
    this.clientAddress = fromClient ? this.source : this.destination;
    let hash = mix(this.#seed, fromClient ? this.#sourceHash : this.#destinationHash);
    hash = mix(hash, message.id << 5 | message.opcode << 1 | (this.isTcp ? 1 : 0));
    hash = mix(hash, this.clientPort);
    // 30 bits are a small integer to the engine, and take no memory of their own.
    this.idHash = hash & 0x3fff_ffff;
    // The same loopback addresses are used in every namespace, and never lead from one to another.
    this.loopbackNetns = this.#isLoopback ? packet.netns : 0;
    hash = mix(mix(hash, this.serverPort), this.loopbackNetns);
    if (anyServer || fromClient && this.isToGroup) this.serverAddress = ANY_ADDRESS;
    else {
      this.serverAddress = fromClient ? this.destination : this.source;
      hash = mix(hash, fromClient ? this.#destinationHash : this.#sourceHash);
    }
    this.hash = mix(hash, message.questionHash) & 0x3fff_ffff;
  }

  /** Reads what is needed of both addresses. */
  #readAddresses(packet: CapturedPacket): void {
    const { sourceAddress, destinationAddress } = packet;
    if (packet.family === 4) {
      const source = addressWord(sourceAddress, 0);
      const destination = addressWord(destinationAddress, 0);
      this.#sourceHash = source;
      this.#destinationHash = destination;
      this.source = formatIpv4(source);
      this.destination = formatIpv4(destination);
      this.isToGroup = destination >= 0xe000_0000 && (destination < 0xf000_0000 || destination === 0xffff_ffff);
      this.#isLoopback = source >>> 24 === 127 || destination >>> 24 === 127;
      return;
    }
    this.#sourceHash = addressHash(sourceAddress);
    this.#destinationHash = addressHash(destinationAddress);
    this.source = formatAddress(sourceAddress);
    this.destination = formatAddress(destinationAddress);
    this.isToGroup = isGroupAddress(destinationAddress);
    this.#isLoopback = isLoopbackAddress(destinationAddress);
  }
}

/** A number for an IPv6 address. */
function addressHash(bytes: Uint8Array): number {
  return mix(
    mix(mix(addressWord(bytes, 0), addressWord(bytes, 4)), addressWord(bytes, 8)),
    addressWord(bytes, 12),
  );
}

/** Ports of DNS (53), mDNS (5353) and LLMNR (5355). */
export function isDnsPort(port: number): boolean {
  return port === 53 || port === 5353 || port === 5355;
}

/**
 * What a message is by its ports and addresses.
 *
 * Port 5353 alone is not mDNS, for any server may listen there: it takes a group address, port 5353 at both ends, or a
 * name in `local.` (RFC 6762 sections 3, 5.5 and 11).
 *
 * @param packet what the message came in
 * @param message its fields
 * @param isToGroup it went to a group of hosts
 * @returns the protocol
 */
export function protocolOf(packet: CapturedPacket, message: MessageKey, isToGroup: boolean): DnsInfo["protocol"] {
  const { sourcePort, destinationPort } = packet;
  if (sourcePort === 5355 || destinationPort === 5355) return "llmnr";
  if (sourcePort !== 5353 && destinationPort !== 5353) return "dns";
  const isMdns = sourcePort === destinationPort || message.isLocalName || isToGroup;
  return isMdns ? "mdns" : "dns";
}
