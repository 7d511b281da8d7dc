/**
 * Cuts one direction of a TCP connection into DNS messages by their length prefixes (RFC 1035 section 4.2.2,
 * RFC 7766 section 8). Octets come in sequence; what was lost between them is told, and never guessed over.
 *
 * @module
 */

import { isWholeMessage, messageAt, TELLING_OCTETS, VERDICT } from "./resync.ts";

/** Shorter messages have no header to report when the stream ends in the middle of them. */
const HEADER_OCTETS = 12;

/** A stream in which no message was found in this many octets is taken for something else. */
const SEARCH_OCTETS_MAX = 65_536;

const NONE: readonly string[] = [];
const RESYNCHRONISED: readonly string[] = ["tcp-resynchronised"];
const INCOMPLETE: readonly string[] = ["tcp-incomplete"];

/** What all streams count together. */
export interface FramingCounters {
  /** Messages that were whole. */
  messages: number;
  /** Length prefixes of 0. */
  emptyMessages: number;
  /** Messages of which a part was lost. */
  lostMessages: number;
  /** Times the start of a message had to be searched for, and was found. */
  resynchronised: number;
  /** Octets passed over in such searches. */
  skippedBytes: number;
  /** Messages that the end of their stream cut. */
  incompleteMessages: number;
}

/**
 * Takes a message.
 *
 * @param bytes the message without its prefix; valid during the call only
 * @param anomalies what is wrong with the stream: `tcp-resynchronised` or `tcp-incomplete`
 */
export type MessageHandler = (bytes: Uint8Array, anomalies: readonly string[]) => void;

/** One direction of a connection. */
export class DnsFraming {
  /** What came of the message that is not whole yet, its prefix included. */
  #buffer: Uint8Array | undefined;
  #size = 0;
  /** Octets to pass over: the rest of a message of which a part was lost. */
  #skip = 0;
  /** Message starts are known. */
  #isAligned: boolean;
  /** They were known once, until something was lost. */
  #isBroken = false;
  /** The next message is the first after a search. */
  #isResynchronised = false;
  /** Octets searched in vain. */
  #searched = 0;
  readonly #counters: FramingCounters;

  /**
   * Starts with nothing.
   *
   * @param counters added to
   * @param isStart the first octets are those of a new connection
   */
  constructor(counters: FramingCounters, isStart: boolean) {
    this.#counters = counters;
    this.#isAligned = isStart;
  }

  /** Octets of memory it holds. */
  get heldBytes(): number {
    return this.#buffer?.length ?? 0;
  }

  /** Whether part of a message is waiting for the rest. */
  get hasPartial(): boolean {
    return this.#size > 0 || this.#skip > 0;
  }

  /**
   * Takes the next octets of the stream.
   *
   * @param bytes not kept
   * @param handler called for each message that is whole now
   */
  push(bytes: Uint8Array, handler: MessageHandler): void {
    let offset = 0;
    if (this.#skip > 0) {
      offset = Math.min(this.#skip, bytes.length);
      this.#skip -= offset;
    }
    if (!this.#isAligned) {
      this.#search(offset === 0 ? bytes : bytes.subarray(offset), handler);
      return;
    }
    while (this.#size > 0 && offset < bytes.length) offset = this.#fill(bytes, offset, handler);
    while (bytes.length - offset >= 2) {
      const end = offset + 2 + ((bytes[offset] as number) << 8 | (bytes[offset + 1] as number));
      if (end > bytes.length) break;
      this.#deliver(bytes.subarray(offset + 2, end), handler);
      offset = end;
    }
    if (offset < bytes.length) this.#append(bytes, offset, bytes.length);
  }

  /**
   * Tells that octets of the stream are missing here.
   *
   * @param missing how many
   */
  lose(missing: number): void {
    if (!this.#isAligned) {
      this.#drop();
      return;
    }
    let rest = this.#skip;
    if (this.#size >= 2) rest = this.#wanted() - this.#size;
    if (this.#size > 0) this.#counters.lostMessages++;
    this.#drop();
    // The prefix says where the next message begins, if the hole ends before that.
    if (rest > 0 && missing <= rest) this.#skip = rest - missing;
    else {
      this.#skip = 0;
      this.#isAligned = false;
      this.#isBroken = true;
      this.#searched = 0;
    }
  }

  /**
   * Ends the stream: what is there of a last message is delivered as incomplete.
   *
   * @param handler called at most once
   */
  end(handler: MessageHandler): void {
    const buffer = this.#buffer;
    const size = this.#size;
    const isAligned = this.#isAligned;
    this.#drop();
    this.#skip = 0;
    if (buffer === undefined || size === 0) return;
    if (!isAligned) {
      this.#counters.skippedBytes += size;
      return;
    }
    this.#counters.incompleteMessages++;
    if (size >= 2 + HEADER_OCTETS) handler(buffer.subarray(2, size), INCOMPLETE);
  }

  /** Forgets an unfinished message, counted as lost. */
  abandon(): void {
    if (this.#size > 0 && this.#isAligned) this.#counters.lostMessages++;
    this.#drop();
  }

  /** Adds to the unfinished message what belongs to it; returns where the next one begins. */
  #fill(bytes: Uint8Array, offset: number, handler: MessageHandler): number {
    if (this.#size < 2) {
      this.#append(bytes, offset, offset + 1);
      if (this.#wanted() === 2) this.#finish(handler);
      return offset + 1;
    }
    const end = Math.min(bytes.length, offset + this.#wanted() - this.#size);
    this.#append(bytes, offset, end);
    if (this.#size === this.#wanted()) this.#finish(handler);
    return end;
  }

  /** Delivers the message in the buffer, which is whole. */
  #finish(handler: MessageHandler): void {
    const message = (this.#buffer as Uint8Array).subarray(2, this.#size);
    this.#drop();
    this.#deliver(message, handler);
  }

  /** Hands out a message. */
  #deliver(message: Uint8Array, handler: MessageHandler): void {
    if (message.length === 0) {
      this.#counters.emptyMessages++;
      return;
    }
    this.#counters.messages++;
    const anomalies = this.#isResynchronised ? RESYNCHRONISED : NONE;
    this.#isResynchronised = false;
    handler(message, anomalies);
  }

  /** Size of the message in the buffer with its prefix; 2 while the prefix is not whole. */
  #wanted(): number {
    const buffer = this.#buffer as Uint8Array;
    return this.#size < 2 ? 2 : 2 + ((buffer[0] as number) << 8 | (buffer[1] as number));
  }

  /** Searches for the start of a message. */
  #search(bytes: Uint8Array, handler: MessageHandler): void {
    if (this.#searched >= SEARCH_OCTETS_MAX) {
      this.#counters.skippedBytes += bytes.length;
      return;
    }
    // Nothing before it, or a prefix that came alone.
    const isFirst = this.#size === 0 || this.#size === 2;
    this.#append(bytes, 0, bytes.length);
    const buffer = this.#buffer as Uint8Array;
    const size = this.#size;
    if (isFirst && isWholeMessage(buffer, size)) {
      this.#found(buffer, 0, size, handler);
      return;
    }
    let first = size;
    for (let offset = 0; offset < size; offset++) {
      const verdict = messageAt(buffer, offset, size);
      if (verdict === VERDICT.no) continue;
      if (verdict === VERDICT.yes) {
        this.#found(buffer, offset, size, handler);
        return;
      }
      first = Math.min(first, offset);
    }
    this.#keepFrom(first);
  }

  /** Goes on from the start of a message that a search has found. */
  #found(buffer: Uint8Array, offset: number, size: number, handler: MessageHandler): void {
    const isMoved = offset > 0 || this.#searched > 0 || this.#isBroken;
    this.#counters.skippedBytes += offset;
    if (isMoved) this.#counters.resynchronised++;
    this.#isResynchronised = isMoved;
    this.#isAligned = true;
    this.#isBroken = false;
    this.#drop();
    this.push(buffer.subarray(offset, size), handler);
  }

  /** Passes over what is before an offset in the buffer, and so much that the rest can still tell. */
  #keepFrom(offset: number): void {
    const buffer = this.#buffer as Uint8Array;
    const from = Math.max(offset, this.#size - TELLING_OCTETS);
    this.#counters.skippedBytes += from;
    this.#searched += from;
    const rest = this.#size - from;
    this.#drop();
    if (rest > 0) this.#append(buffer, from, from + rest);
  }

  /** Appends octets to the buffer. It grows with what came, never by what a prefix announces. */
  #append(bytes: Uint8Array, start: number, end: number): void {
    const size = this.#size + end - start;
    let buffer = this.#buffer;
    if (buffer === undefined || size > buffer.length) {
      const larger = new Uint8Array(Math.max(64, size, Math.min(2 * (buffer?.length ?? 0), 65_537)));
      if (buffer !== undefined) larger.set(buffer.subarray(0, this.#size));
      buffer = larger;
      this.#buffer = larger;
    }
    buffer.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#size);
    this.#size = size;
  }

  /** Empties the buffer. */
  #drop(): void {
    this.#buffer = undefined;
    this.#size = 0;
  }
}
