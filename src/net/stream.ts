/**
 * TCP segments to DNS messages: one stream per socket and direction, octets put in sequence, repetitions dropped.
 *
 * Memory is bounded per stream and in all; what had to be given up is counted, and never guessed.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import { DnsFraming, type FramingCounters, type MessageHandler } from "./framing.ts";
import { type Stream, STREAM_OVERHEAD, StreamTable, type Waiting } from "./stream_table.ts";

const FIN = 1;
const SYN = 2;
const RST = 4;

/** A message with its prefix takes 64 KiB; as much again may wait out of order. */
const STREAM_OCTETS_MAX = 131_072;

/** All streams together. */
const TOTAL_OCTETS_MAX = 16_777_216;

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

/** Reassembles streams. */
export class TcpStreams {
  readonly #options: TcpStreamsOptions;
  readonly #maxStream: number;
  readonly #maxTotal: number;
  readonly #table = new StreamTable();
  /** Streams with holes or with an end they have not reached, in the order in which they began to wait. */
  readonly #waiting = new Set<Stream>();
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
    let stream = this.#table.find(packet);
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
    this.#table.touch(stream);
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
    for (let stream = this.#table.oldest; stream !== undefined; stream = stream.newer) {
      stream.endSequence ??= stream.nextSequence;
      this.#stopWaiting(stream);
    }
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
    const stream = this.#table.add(packet, sequence, new DnsFraming(this.#counters, isStart));
    this.#counters.streams++;
    this.#counters.heldBytes += STREAM_OVERHEAD;
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
    while (this.#counters.heldBytes > this.#maxTotal && this.#table.oldest !== undefined) {
      this.#counters.evictedStreams++;
      this.#remove(this.#table.oldest, false);
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
    this.#table.remove(stream);
    this.#counters.streams--;
    this.#counters.heldBytes -= stream.heldBytes;
  }
}
