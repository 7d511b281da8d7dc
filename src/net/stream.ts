/**
 * TCP segments to DNS messages: one stream per socket and direction, octets put in sequence, repetitions dropped.
 *
 * Memory is bounded per stream and in all; what had to be given up is counted, and never guessed.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import { addressWord, formatAddress } from "./address.ts";
import { mix } from "./mix.ts";
import { DnsFraming, type FramingCounters, type MessageHandler } from "./framing.ts";

const EMPTY = new Uint8Array(0);

const FIN = 1;
const SYN = 2;
const RST = 4;

/** A message with its prefix takes 64 KiB; as much again may wait out of order. */
const STREAM_OCTETS_MAX = 131_072;

/** All streams together. */
const TOTAL_OCTETS_MAX = 16_777_216;

/** What a stream is taken to cost besides what it holds. */
const STREAM_OVERHEAD = 512;

/** Segments of one stream that may wait for an earlier one. */
const WAITING_MAX = 128;

/** How long a missing segment, or the rest of a message after a FIN, is waited for, ns. */
const WAIT_NS = 1e9;

/** Sequence numbers further apart than any window (RFC 7323: 1 GiB, usual ones below 16 MiB) are of another connection. */
const WINDOW_MAX = 1 << 24;

/** How far back the accepted socket may repeat what the listening one got: one segment. */
const MOVED_MAX = 65_536;

/** What was counted since a {@linkcode TcpStreams} was made. */
export interface StreamCounters extends FramingCounters {
  /** Segments with data. */
  segments: number;
  /** Of them, wholly or in part repetitions of what was there already. */
  overlaps: number;
  /** Of them, later in sequence than what was expected. */
  outOfOrder: number;
  /** Holes that were never filled. */
  gaps: number;
  /** Octets in them. */
  lostBytes: number;
  /** Streams forgotten for want of memory. */
  evictedStreams: number;
  /** Streams known now. */
  streams: number;
  /** Memory they are taken to hold now, octets. */
  heldBytes: number;
}

/** How much to hold, and whom to tell. */
export interface TcpStreamsOptions {
  /** Memory of one stream, octets. Default: 128 KiB. */
  maxStreamBytes?: number;
  /** Memory of all streams, octets. Default: 16 MiB. */
  maxTotalBytes?: number;
  /**
   * Called with each message.
   *
   * @param packet the segment that completed it
   * @param bytes without the length prefix; valid during the call only
   * @param anomalies `tcp-resynchronised` or `tcp-incomplete`
   */
  onMessage: (packet: CapturedPacket, bytes: Uint8Array, anomalies: readonly string[]) => void;
  /** Called when octets of a stream were lost. */
  onLoss?: (packet: CapturedPacket) => void;
}

/** A segment that waits for an earlier one. */
interface Waiting {
  sequence: number;
  bytes: Uint8Array;
  /** Octets there were, where the capture was cut. */
  size: number;
}

/** One direction of a connection. */
class Stream {
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

/** Reassembles streams. */
export class TcpStreams {
  readonly #options: TcpStreamsOptions;
  readonly #maxStream: number;
  readonly #maxTotal: number;
  readonly #byHash = new Map<number, Stream>();
  /** Streams with holes or with an end they have not reached, in the order in which they began to wait. */
  readonly #waiting = new Set<Stream>();
  readonly #seed = crypto.getRandomValues(new Int32Array(1))[0] as number;
  #oldest: Stream | undefined;
  #newest: Stream | undefined;
  #packet: CapturedPacket | undefined;
  readonly #deliver: MessageHandler;
  readonly #counters: StreamCounters = {
    segments: 0,
    overlaps: 0,
    outOfOrder: 0,
    gaps: 0,
    lostBytes: 0,
    evictedStreams: 0,
    streams: 0,
    heldBytes: 0,
    messages: 0,
    emptyMessages: 0,
    lostMessages: 0,
    resynchronised: 0,
    skippedBytes: 0,
    incompleteMessages: 0,
  };

  /**
   * Starts with no streams.
   *
   * @param options see {@linkcode TcpStreamsOptions}
   */
  constructor(options: TcpStreamsOptions) {
    this.#options = options;
    this.#maxStream = options.maxStreamBytes ?? STREAM_OCTETS_MAX;
    this.#maxTotal = options.maxTotalBytes ?? TOTAL_OCTETS_MAX;
    this.#deliver = (bytes, anomalies) => options.onMessage(this.#packet as CapturedPacket, bytes, anomalies);
  }

  /** What was counted so far. */
  get counters(): Readonly<StreamCounters> {
    return this.#counters;
  }

  /** When {@linkcode tick} has something to do, ns; Infinity while it has not. */
  get wakeNs(): number {
    for (const stream of this.#waiting) return stream.waitsSinceNs + WAIT_NS;
    return Infinity;
  }

  /**
   * Takes a segment.
   *
   * @param packet with transport `tcp`; not kept
   */
  segment(packet: CapturedPacket): void {
    const flags = packet.tcpFlags ?? 0;
    const isSyn = (flags & SYN) !== 0;
    const sequence = (packet.tcpSequence ?? 0) >>> 0;
    const size = packet.payloadSize;
    if (size > 0) this.#counters.segments++;
    const isStart = isSyn || packet.tcpStreamStart === true;
    let stream = this.#find(packet);
    if (stream !== undefined && this.#isOther(stream, packet, sequence, isStart)) {
      this.#remove(stream, true);
      stream = undefined;
    }
    if (stream === undefined) {
      if (size === 0 && !isSyn) return;
      stream = this.#add(packet, sequence, isStart);
    }
    const own = stream.packet;
    own.tsNs = packet.tsNs;
    own.socketCookie = packet.socketCookie;
    if (packet.owner !== undefined) own.owner = packet.owner;
    if ((flags & (FIN | RST)) !== 0) stream.endSequence = sequence + size >>> 0;
    this.#packet = packet;
    if (size > 0) this.#take(stream, sequence, packet.payload, size);
    if (stream.waiting.length > 0 || this.#waiting.size > 0) this.#checkWaiting(stream, packet.tsNs);
    else if (stream.endSequence !== undefined && stream.framing.hasPartial) this.#checkWaiting(stream, packet.tsNs);
    this.#account(stream);
    this.#touch(stream);
    if (this.#counters.heldBytes > this.#maxTotal) this.#shrink();
  }

  /**
   * Gives up waiting where that took too long.
   *
   * @param nowNs every packet before this time has been handed in, ns in the clock of the packets
   */
  tick(nowNs: number): void {
    for (const stream of this.#waiting) {
      if (nowNs - stream.waitsSinceNs < WAIT_NS) break;
      this.#stopWaiting(stream);
    }
  }

  /** Delivers what is left of every stream. To be called once, at the end. */
  flush(): void {
    for (let stream = this.#oldest; stream !== undefined; stream = stream.newer) {
      stream.endSequence ??= stream.nextSequence;
      this.#stopWaiting(stream);
    }
  }

  /** The stream of a packet. */
  #find(packet: CapturedPacket): Stream | undefined {
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

  /** Whether a segment belongs to a later connection between the same ends. */
  #isOther(stream: Stream, packet: CapturedPacket, sequence: number, isStart: boolean): boolean {
    const distance = sequence - stream.nextSequence | 0;
    if (distance > WINDOW_MAX || distance < -WINDOW_MAX) return true;
    if (isStart) return sequence !== stream.startSequence;
    // The first data of a connection may be seen at the listening socket, the rest at the accepted one.
    const isMoved = packet.socketCookie !== 0 && stream.packet.socketCookie !== 0 &&
      packet.socketCookie !== stream.packet.socketCookie;
    return isMoved && (distance > 0 || distance < -MOVED_MAX);
  }

  /** Opens a stream. */
  #add(packet: CapturedPacket, sequence: number, isStart: boolean): Stream {
    const hash = this.#hash(packet);
    const framing = new DnsFraming(this.#counters, isStart);
    const source = formatAddress(packet.sourceAddress);
    const destination = formatAddress(packet.destinationAddress);
    const stream = new Stream(hash, source, destination, sequence, framing, packet);
    stream.next = this.#byHash.get(hash);
    this.#byHash.set(hash, stream);
    this.#counters.streams++;
    this.#counters.heldBytes += STREAM_OVERHEAD;
    this.#append(stream);
    return stream;
  }

  /** Puts the data of a segment where it belongs. */
  #take(stream: Stream, sequence: number, payload: Uint8Array, size: number): void {
    const distance = sequence - stream.nextSequence | 0;
    if (distance > 0) {
      this.#counters.outOfOrder++;
      this.#keep(stream, sequence, payload, size);
      return;
    }
    if (distance < 0) {
      this.#counters.overlaps++;
      if (size + distance <= 0) return;
    }
    this.#push(stream, payload, size, -distance);
    while (stream.waiting.length > 0) {
      const first = stream.waiting[0] as Waiting;
      const ahead = first.sequence - stream.nextSequence | 0;
      if (ahead > 0) break;
      stream.waiting.shift();
      stream.waitingBytes -= first.bytes.length;
      if (first.size + ahead <= 0) continue;
      this.#push(stream, first.bytes, first.size, -ahead);
    }
  }

  /** Hands the next octets in sequence to the framing. */
  #push(stream: Stream, bytes: Uint8Array, size: number, from: number): void {
    stream.nextSequence = stream.nextSequence + size - from >>> 0;
    if (from < bytes.length) stream.framing.push(from === 0 ? bytes : bytes.subarray(from), this.#deliver);
    if (bytes.length < size) this.#lose(stream, size - Math.max(from, bytes.length));
  }

  /** Keeps a segment that came too early. */
  #keep(stream: Stream, sequence: number, payload: Uint8Array, size: number): void {
    const { waiting } = stream;
    let index = waiting.length;
    while (index > 0 && ((waiting[index - 1] as Waiting).sequence - sequence | 0) > 0) index--;
    const before = waiting[index - 1];
    if (before !== undefined && before.sequence === sequence && before.size >= size) {
      this.#counters.overlaps++;
      return;
    }
    waiting.splice(index, 0, { sequence, bytes: payload.slice(), size });
    stream.waitingBytes += payload.length;
    while (waiting.length > WAITING_MAX || stream.waitingBytes + stream.framing.heldBytes > this.#maxStream) {
      this.#skipHole(stream);
    }
  }

  /** Gives up what is missing before the first waiting segment. */
  #skipHole(stream: Stream): void {
    const first = stream.waiting[0];
    if (first === undefined) return;
    const missing = first.sequence - stream.nextSequence | 0;
    if (missing > 0) {
      stream.nextSequence = first.sequence;
      this.#lose(stream, missing);
    }
    stream.waiting.shift();
    stream.waitingBytes -= first.bytes.length;
    this.#take(stream, first.sequence, first.bytes, first.size);
  }

  /** Counts and tells a loss. */
  #lose(stream: Stream, missing: number): void {
    this.#counters.gaps++;
    this.#counters.lostBytes += missing;
    stream.framing.lose(missing);
    this.#options.onLoss?.(stream.packet);
  }

  /** Notes whether a stream waits for something, and since when. */
  #checkWaiting(stream: Stream, nowNs: number): void {
    const hasHole = stream.waiting.length > 0;
    const isEnding = stream.endSequence !== undefined && stream.framing.hasPartial;
    if (!hasHole && !isEnding) {
      this.#waiting.delete(stream);
      return;
    }
    if (!this.#waiting.has(stream)) {
      stream.waitsSinceNs = nowNs;
      this.#waiting.add(stream);
    } else if (nowNs - stream.waitsSinceNs >= WAIT_NS) this.#stopWaiting(stream);
  }

  /** Gives up every hole of a stream, and its unfinished message if it has ended. */
  #stopWaiting(stream: Stream): void {
    this.#waiting.delete(stream);
    this.#packet = stream.packet;
    while (stream.waiting.length > 0) this.#skipHole(stream);
    if (stream.endSequence !== undefined) stream.framing.end(this.#deliver);
    this.#account(stream);
  }

  /** Brings the sum of what is held up to date. */
  #account(stream: Stream): void {
    const heldBytes = STREAM_OVERHEAD + stream.waitingBytes + stream.framing.heldBytes;
    this.#counters.heldBytes += heldBytes - stream.heldBytes;
    stream.heldBytes = heldBytes;
  }

  /** Forgets the streams used longest ago until the rest fits. */
  #shrink(): void {
    while (this.#counters.heldBytes > this.#maxTotal && this.#oldest !== undefined) {
      this.#counters.evictedStreams++;
      this.#remove(this.#oldest, false);
    }
  }

  /** Forgets a stream; `hasEnded` when another connection took its place. */
  #remove(stream: Stream, hasEnded: boolean): void {
    if (hasEnded) {
      stream.endSequence ??= stream.nextSequence;
      this.#stopWaiting(stream);
    } else {
      if (stream.framing.hasPartial || stream.waiting.length > 0) this.#options.onLoss?.(stream.packet);
      stream.framing.abandon();
      this.#waiting.delete(stream);
    }
    this.#detach(stream);
    this.#counters.streams--;
    this.#counters.heldBytes -= stream.heldBytes;
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
  #touch(stream: Stream): void {
    if (this.#newest === stream) return;
    this.#detach(stream);
    this.#append(stream);
  }

  /** Appends a stream to the order of use. */
  #append(stream: Stream): void {
    stream.older = this.#newest;
    stream.newer = undefined;
    if (this.#newest === undefined) this.#oldest = stream;
    else this.#newest.newer = stream;
    this.#newest = stream;
  }

  /** Takes a stream out of the order of use. */
  #detach(stream: Stream): void {
    if (stream.older === undefined) this.#oldest = stream.newer;
    else stream.older.newer = stream.newer;
    if (stream.newer === undefined) this.#newest = stream.older;
    else stream.newer.older = stream.older;
    stream.older = undefined;
    stream.newer = undefined;
  }
}
