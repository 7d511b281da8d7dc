/**
 * Reads capture files of whatever format, in pieces of any size.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import type { FormatReader, FrameSink } from "./capture_format.ts";
import { type FrameCounters, FrameParser } from "./ip.ts";
import { isKnownLinkType } from "./link.ts";
import { isPcap, PcapReader } from "./pcap.ts";
import { BLOCK, PcapngReader } from "./pcapng.ts";

/** Whom to tell. */
export interface CaptureFileOptions {
  /**
   * Called once, before the first packet.
   *
   * @param baseNs wall time for which `tsNs` of the packets is 0; ns since 1970
   */
  onStart: (baseNs: bigint) => void;
  /** Called with each UDP datagram and TCP segment; valid during the call only. */
  onPacket: (packet: CapturedPacket) => void;
}

/** A capture file that is being read: push its octets, then end it. */
export class CaptureFile {
  readonly #parser: FrameParser;
  readonly #sink: FrameSink;
  #reader: FormatReader | undefined;
  #problem: string | undefined;
  /** What could not be read yet. */
  #rest = new Uint8Array(0);
  #restSize = 0;
  #totalSize = 0;
  #lastNs = 0;
  readonly #unknownLinkTypes = new Set<number>();

  /**
   * Starts before the first octet.
   *
   * @param options see {@linkcode CaptureFileOptions}
   */
  constructor(options: CaptureFileOptions) {
    const parser = new FrameParser(options.onPacket);
    this.#parser = parser;
    this.#sink = {
      start: options.onStart,
      frame: (linkType, frame, missing, tsNs, direction, interfaceName, owner) => {
        if (tsNs > this.#lastNs) this.#lastNs = tsNs;
        if (!isKnownLinkType(linkType)) this.#unknownLinkTypes.add(linkType);
        parser.frame(linkType, frame, missing, tsNs, direction, interfaceName, owner);
      },
    };
  }

  /** What is wrong with the file, for people; undefined while nothing is. Complete after {@linkcode end}. */
  get problem(): string | undefined {
    return this.#problem ?? this.#reader?.problem;
  }

  /** What was counted so far. */
  get counters(): FrameCounters {
    return this.#parser.counters;
  }

  /** Time of the latest frame, ns since the first one. */
  get lastNs(): number {
    return this.#lastNs;
  }

  /** Link types in the file that cannot be read. */
  get unknownLinkTypes(): number[] {
    return [...this.#unknownLinkTypes];
  }

  /**
   * Takes the next octets of the file.
   *
   * @param bytes not kept
   * @returns false once nothing more can be read
   */
  push(bytes: Uint8Array): boolean {
    if (this.problem !== undefined) return false;
    this.#totalSize += bytes.length;
    let work = bytes;
    if (this.#restSize > 0) {
      this.#append(bytes);
      work = this.#rest.subarray(0, this.#restSize);
    }
    if (work.length >= (this.#reader?.needed ?? 4)) {
      const done = this.#read(work);
      this.#restSize = 0;
      if (done < work.length) this.#append(work.subarray(done));
    } else if (work === bytes) this.#append(bytes);
    return this.problem === undefined;
  }

  /** Ends the file: delivers what there is of datagrams in fragments, and says whether the file was cut off. */
  end(): void {
    this.#parser.flush();
    if (this.problem !== undefined) return;
    if (this.#totalSize === 0) this.#problem = "the file is empty";
    else if (this.#restSize > 0 || this.#reader === undefined) {
      this.#problem = `the file is cut off: ${this.#restSize} octets of an unfinished record at its end`;
    }
  }

  /** Finds out the format, and reads; returns octets that are done with. */
  #read(bytes: Uint8Array): number {
    this.#reader ??= this.#open(bytes);
    return this.#reader?.read(bytes) ?? bytes.length;
  }

  #open(bytes: Uint8Array): FormatReader | undefined {
    const magic = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
    if (magic === BLOCK.section) return new PcapngReader(this.#sink);
    if (isPcap(magic)) return new PcapReader(this.#sink);
    const octets = magic.toString(16).padStart(8, "0");
    this.#problem = `neither pcap nor pcapng: the file begins with the octets ${octets}`;
    return undefined;
  }

  /** Adds to the rest. */
  #append(bytes: Uint8Array): void {
    const size = this.#restSize + bytes.length;
    if (size > this.#rest.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#rest.length));
      larger.set(this.#rest.subarray(0, this.#restSize));
      this.#rest = larger;
    }
    // `bytes` may be a part of the rest itself: `set` copies as if through a buffer of its own.
    this.#rest.set(bytes, this.#restSize);
    this.#restSize = size;
  }
}
