/**
 * The message at hand: one object that is filled anew for each message, so that following it allocates nothing.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import type { DnsInfo } from "../events.ts";
import { isDnsPort, KeyReader, protocolOf } from "./key.ts";
import { digest, HEADER_OCTETS, MessageKey } from "./question.ts";
import { networkOf, Seen } from "./seen.ts";
import type { Entry } from "./table.ts";

const MDNS_PORT = 5353;

const NOTHING = new Uint8Array(0);

/** Stands until the first message is there. */
const NO_PACKET: CapturedPacket = {
  tsNs: 0,
  transport: "udp",
  family: 4,
  sourceAddress: NOTHING,
  destinationAddress: NOTHING,
  sourcePort: 0,
  destinationPort: 0,
  direction: "egress",
  socketCookie: 0,
  netns: 0,
  interfaceName: "",
  payload: NOTHING,
  payloadSize: 0,
};

/** A message, the packet that brought it, and what matching needs of both. */
export class Arrival {
  packet: CapturedPacket = NO_PACKET;
  /** The message is at a port of DNS, or at one the user named. */
  isKnownPort = false;
  /** Either port is that of multicast DNS. */
  isMdnsPort = false;
  /** Too short for a header. */
  isShort = false;
  /** Octets of the message; valid while it is handled. */
  payload: Uint8Array = NOTHING;
  readonly message: MessageKey;
  readonly key: KeyReader;
  #size = 0;
  #anomalies: readonly string[] = [];

  /**
   * Starts with nothing.
   *
   * @param seed makes hashes unpredictable to who sends the messages; 32 bits
   */
  constructor(seed: number) {
    this.message = new MessageKey(seed);
    this.key = new KeyReader(seed);
  }

  /**
   * Takes a message.
   *
   * @param packet what it came in
   * @param payload its octets
   * @param size octets there were
   * @param anomalies what is wrong below the message
   * @param isListedPort the user named one of its ports
   */
  set(
    packet: CapturedPacket,
    payload: Uint8Array,
    size: number,
    anomalies: readonly string[],
    isListedPort: boolean,
  ): void {
    const { sourcePort, destinationPort } = packet;
    this.packet = packet;
    this.payload = payload;
    this.#size = size;
    this.#anomalies = anomalies;
    this.isKnownPort = isListedPort || isDnsPort(sourcePort) || isDnsPort(destinationPort);
    this.isMdnsPort = sourcePort === MDNS_PORT || destinationPort === MDNS_PORT;
    this.isShort = payload.length < HEADER_OCTETS;
    if (!this.isShort) this.message.read(payload, this.isMdnsPort ? 0x7fff : 0xffff);
    // By its port: what comes from the port of a server is a response.
    else this.message.setHeaderless(isDnsPort(sourcePort) && !isDnsPort(destinationPort), digest(payload));
    this.key.read(packet, this.message, false);
  }

  /** It left the socket at which it was seen. */
  get isEgress(): boolean {
    return this.packet.direction === "egress";
  }

  /** It was seen at a socket or task of this host, rather than in a file. */
  get isLocal(): boolean {
    return this.packet.socketCookie !== 0 || this.packet.owner !== undefined;
  }

  /** The owner of the socket at which it was seen, where one is known. */
  get owner(): PacketOwner | undefined {
    const { owner } = this.packet;
    return owner !== undefined && owner.kind !== 0 ? owner : undefined;
  }

  /** A number by which repeated messages are told from different ones. */
  get digest(): number {
    return digest(this.payload);
  }

  /** What its ports and addresses make it. */
  get protocol(): DnsInfo["protocol"] {
    return protocolOf(this.packet, this.message, this.key.isToGroup);
  }

  /** Keeps it as the query of a transaction. */
  storeIn(entry: Entry): void {
    const { source, destination } = this.key;
    entry.query.store(this.packet, source, destination, this.protocol, this.payload, this.#size, this.#anomalies);
    entry.hasQuery = true;
  }

  /**
   * The message decoded now: its octets are not kept.
   *
   * @param protocol what its query was, where that is known
   */
  look(protocol: DnsInfo["protocol"] = this.protocol): Seen {
    const seen = new Seen(this.packet, networkOf(this.packet), protocol, this.payload, this.#size, this.#anomalies);
    seen.message;
    seen.detach();
    return seen;
  }
}
