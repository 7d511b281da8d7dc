/**
 * The streams that are known: found by socket and direction, in the order in which they were used.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import { addressWord, formatAddress } from "./address.ts";
import type { DnsFraming } from "./framing.ts";
import { mix } from "./mix.ts";

const EMPTY = new Uint8Array(0);

/** What a stream is taken to cost besides what it holds, octets. */
export const STREAM_OVERHEAD = 512;

/** A segment that waits for an earlier one. */
export interface Waiting {
  sequence: number;
  bytes: Uint8Array;
  /** Octets there were, where the capture was cut. */
  size: number;
}

/** One direction of a connection. */
export class Stream {
  readonly waiting: Waiting[] = [];
  waitingBytes = 0;
  /** When it began to wait for something, ns; only while in the waiting set. */
  waitsSinceNs = 0;
  /** Sequence number after the last octet; undefined before a FIN or RST was seen. */
  endSequence: number | undefined;
  readonly startSequence: number;
  heldBytes = STREAM_OVERHEAD;
  older: Stream | undefined;
  newer: Stream | undefined;
  /** Another stream with the same hash. */
  next: Stream | undefined;
  /** The first segment without its data: what all have in common. Time, cookie and owner are those of the last. */
  readonly packet: CapturedPacket;

  constructor(
    readonly hash: number,
    readonly source: string,
    readonly destination: string,
    public nextSequence: number,
    readonly framing: DnsFraming,
    packet: CapturedPacket,
  ) {
    this.startSequence = nextSequence;
    this.packet = {
      ...packet,
      sourceAddress: packet.sourceAddress.slice(),
      destinationAddress: packet.destinationAddress.slice(),
      payload: EMPTY,
      payloadSize: 0,
    };
  }

  /** Whether a packet is of this stream. */
  matches(packet: CapturedPacket, source: string, destination: string): boolean {
    const own = this.packet;
    return own.sourcePort === packet.sourcePort && own.destinationPort === packet.destinationPort &&
      own.direction === packet.direction && own.netns === packet.netns && this.source === source &&
      this.destination === destination;
  }
}

/** All streams. */
export class StreamTable {
  readonly #byHash = new Map<number, Stream>();
  readonly #seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  /** Used longest ago; follow `newer`. */
  oldest: Stream | undefined;
  #newest: Stream | undefined;

  /** The stream of a packet. */
  find(packet: CapturedPacket): Stream | undefined {
    const source = formatAddress(packet.sourceAddress);
    const destination = formatAddress(packet.destinationAddress);
    let stream = this.#byHash.get(this.#hash(packet));
    while (stream !== undefined && !stream.matches(packet, source, destination)) stream = stream.next;
    return stream;
  }

  /** A number for socket and direction. */
  #hash(packet: CapturedPacket): number {
    let hash = this.#seed ^ (packet.direction === "egress" ? 1 : 0);
    hash = mix(hash, packet.sourcePort << 16 | packet.destinationPort);
    for (let offset = 0; offset < packet.sourceAddress.length; offset += 4) {
      hash = mix(mix(hash, addressWord(packet.sourceAddress, offset)), addressWord(packet.destinationAddress, offset));
    }
    return mix(hash, packet.netns);
  }

  /** Adds a stream for a packet. */
  add(packet: CapturedPacket, sequence: number, framing: DnsFraming): Stream {
    const hash = this.#hash(packet);
    const source = formatAddress(packet.sourceAddress);
    const destination = formatAddress(packet.destinationAddress);
    const stream = new Stream(hash, source, destination, sequence, framing, packet);
    stream.next = this.#byHash.get(hash);
    this.#byHash.set(hash, stream);
    this.#append(stream);
    return stream;
  }

  /** Takes out a stream that is in it. */
  remove(stream: Stream): void {
    this.#detach(stream);
    const first = this.#byHash.get(stream.hash);
    if (first === stream) {
      if (stream.next === undefined) this.#byHash.delete(stream.hash);
      else this.#byHash.set(stream.hash, stream.next);
      return;
    }
    for (let other = first; other !== undefined; other = other.next) {
      if (other.next === stream) other.next = stream.next;
    }
  }

  /** Moves a stream to the end of the order of use. */
  touch(stream: Stream): void {
    if (this.#newest === stream) return;
    this.#detach(stream);
    this.#append(stream);
  }

  /** Appends a stream to the order of use. */
  #append(stream: Stream): void {
    stream.older = this.#newest;
    stream.newer = undefined;
    if (this.#newest === undefined) this.oldest = stream;
    else this.#newest.newer = stream;
    this.#newest = stream;
  }

  /** Takes a stream out of the order of use. */
  #detach(stream: Stream): void {
    if (stream.older === undefined) this.oldest = stream.newer;
    else stream.older.newer = stream.newer;
    if (stream.newer === undefined) this.#newest = stream.older;
    else stream.newer.older = stream.older;
    stream.older = undefined;
    stream.newer = undefined;
  }
}
