/**
 * Who asked whom what: the key by which the two messages of a transaction find each other.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import type { DnsInfo } from "../events.ts";
import { addressWord, formatAddress, isGroupAddress, isLoopbackAddress } from "../net/address.ts";
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
  /** Of all of the above but the question. */
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
  idHash = 0;
  hash = 0;
  readonly #seed: number;

  /** @param seed makes the hashes unpredictable to who sends the messages; 32 bits */
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
    const { sourceAddress, destinationAddress } = packet;
    const fromClient = !message.isResponse;
    const client = fromClient ? sourceAddress : destinationAddress;
    const server = fromClient ? destinationAddress : sourceAddress;
    this.clientAddress = formatAddress(client);
    this.clientPort = fromClient ? packet.sourcePort : packet.destinationPort;
    this.serverPort = fromClient ? packet.destinationPort : packet.sourcePort;
    this.isTcp = packet.transport === "tcp";
    this.id = message.id;
    this.hasQuestion = message.hasQuestion;
    this.questionHash = message.questionHash;
    this.questionType = message.questionType;
    let hash = mix(this.#seed, addressHash(client));
    hash = mix(hash, this.clientPort << 16 | this.serverPort);
    hash = mix(hash, message.id << 5 | message.opcode << 1 | (this.isTcp ? 1 : 0));
    // The same loopback addresses are used in every namespace, and never lead from one to another.
    if (isLoopbackAddress(server)) hash = mix(hash, packet.netns);
    if (anyServer || fromClient && isGroupAddress(destinationAddress)) this.serverAddress = ANY_ADDRESS;
    else {
      this.serverAddress = formatAddress(server);
      hash = mix(hash, addressHash(server));
    }
    // 30 bits are a small integer to the engine, and take no memory of their own.
    this.idHash = hash & 0x3fff_ffff;
    this.hash = mix(hash, message.questionHash) & 0x3fff_ffff;
  }
}

/** A number for an address. */
function addressHash(bytes: Uint8Array): number {
  const first = addressWord(bytes, 0);
  if (bytes.length === 4) return first;
  return mix(mix(mix(first, addressWord(bytes, 4)), addressWord(bytes, 8)), addressWord(bytes, 12));
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
 * @returns the protocol
 */
export function protocolOf(packet: CapturedPacket, message: MessageKey): DnsInfo["protocol"] {
  const { sourcePort, destinationPort } = packet;
  if (sourcePort === 5355 || destinationPort === 5355) return "llmnr";
  if (sourcePort !== 5353 && destinationPort !== 5353) return "dns";
  const isMdns = sourcePort === destinationPort || message.isLocalName || isGroupAddress(packet.destinationAddress);
  return isMdns ? "mdns" : "dns";
}
