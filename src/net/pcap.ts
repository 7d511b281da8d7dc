/**
 * Classic capture files (draft-ietf-opsawg-pcap): both byte orders, micro- and nanoseconds, and the variant of 1999 with
 * longer record headers.
 *
 * @module
 */

import { FileTime, type FormatReader, FRAME_OCTETS_MAX, type FrameSink } from "./capture_format.ts";

/** First four octets, read big-endian. */
const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
/** Alexey Kuznetsov's variant: eight more octets in each record header. */
const MAGIC_MODIFIED = 0xa1b2cd34;

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const RECORD_HEADER_MODIFIED = 24;

/** Upper bits of the link type field: frames end in a frame check sequence of so many 16-bit words. */
const FCS_PRESENT = 0x0400_0000;

/** The same octets in the other order. */
function swapped(magic: number): number {
  return (magic << 24 | (magic & 0xff00) << 8 | magic >>> 8 & 0xff00 | magic >>> 24) >>> 0;
}

/**
 * Whether a file begins like a classic capture.
 *
 * @param magic its first four octets, read big-endian
 */
export function isPcap(magic: number): boolean {
  const all = [MAGIC_MICRO, MAGIC_NANO, MAGIC_MODIFIED];
  return all.includes(magic) || all.includes(swapped(magic));
}

/** Reads classic captures. */
export class PcapReader implements FormatReader {
  /** See {@linkcode FormatReader}. */
  problem: string | undefined;
  /** See {@linkcode FormatReader}. */
  needed = FILE_HEADER;
  readonly #sink: FrameSink;
  readonly #time: FileTime;
  #hasHeader = false;
  #isLittle = false;
  #unitNs = 1000;
  #linkType = 0;
  #fcs = 0;
  #recordHeader = RECORD_HEADER;
  /** Before version 2.3 the two lengths stood the other way round. */
  #mayBeSwapped = false;

  /**
   * Starts before the head of the file.
   *
   * @param sink gets the frames
   */
  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#time = new FileTime(sink);
  }

  read(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let offset = 0;
    if (!this.#hasHeader) {
      if (bytes.length < FILE_HEADER) return 0;
      this.#readHeader(view);
      offset = FILE_HEADER;
    }
    while (this.problem === undefined) {
      const left = bytes.length - offset;
      this.needed = this.#recordHeader;
      if (left < this.#recordHeader) return offset;
      const size = this.#readRecord(view, bytes, offset);
      if (size === 0) return offset;
      offset += size;
    }
    return offset;
  }

  #readHeader(view: DataView): void {
    this.#hasHeader = true;
    const magic = view.getUint32(0);
    this.#isLittle = magic !== MAGIC_MICRO && magic !== MAGIC_NANO && magic !== MAGIC_MODIFIED;
    const native = this.#isLittle ? swapped(magic) : magic;
    if (native === MAGIC_NANO) this.#unitNs = 1;
    if (native === MAGIC_MODIFIED) this.#recordHeader = RECORD_HEADER_MODIFIED;
    const major = view.getUint16(4, this.#isLittle);
    const minor = view.getUint16(6, this.#isLittle);
    if (major !== 2) this.problem = `pcap version ${major}.${minor}, wanted 2.x`;
    this.#mayBeSwapped = minor <= 3;
    const network = view.getUint32(20, this.#isLittle);
    this.#linkType = network & 0xffff;
    if ((network & FCS_PRESENT) !== 0) this.#fcs = (network >>> 28) * 2;
  }

  /** Reads the record at an offset; returns its size, or 0 when it is not all there. */
  #readRecord(view: DataView, bytes: Uint8Array, offset: number): number {
    const isLittle = this.#isLittle;
    const fraction = view.getUint32(offset + 4, isLittle);
    let captured = view.getUint32(offset + 8, isLittle);
    let whole = view.getUint32(offset + 12, isLittle);
    if (this.#mayBeSwapped && captured > whole) [captured, whole] = [whole, captured];
    if (captured > FRAME_OCTETS_MAX) {
      this.problem = `a record of ${captured} octets`;
      return 0;
    }
    const start = offset + this.#recordHeader;
    const size = this.#recordHeader + captured;
    if (start + captured > bytes.length) {
      this.needed = size;
      return 0;
    }
    const tsNs = this.#time.sinceFirst(view.getUint32(offset, isLittle), fraction * this.#unitNs);
    const length = captured === whole ? captured - this.#fcs : captured;
    const missing = Math.max(0, whole - captured);
    this.#sink.frame(this.#linkType, bytes.subarray(start, start + Math.max(0, length)), missing, tsNs, undefined, "");
    return size;
  }
}
