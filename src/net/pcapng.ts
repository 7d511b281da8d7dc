/**
 * Capture files of the next generation (draft-ietf-opsawg-pcapng): sections in either byte order, interfaces with their
 * own link types and time resolutions, enhanced, simple and obsolete packet blocks.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";
import { CUSTOM_BLOCK, ENTRY_PROCESS, FileProcesses, OPTION_PROCESS_THREAD, PEN_WIRESHARK } from "./pcapng_process.ts";
import { FileTime, type FormatReader, FRAME_OCTETS_MAX, type FrameSink } from "./capture_format.ts";

/** Block types. */
export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  /** Obsolete, with drop counters. */
  packet: 2,
  simplePacket: 3,
  enhancedPacket: 6,
} as const;

/** In the byte order of its section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Option codes; 0 ends a list. */
export const OPTION = {
  end: 0,
  comment: 1,
  interfaceName: 2,
  interfaceTsResolution: 9,
  interfaceFcsLength: 13,
  interfaceTsOffset: 14,
  packetFlags: 2,
} as const;

/** Blocks beyond this are taken for a corrupt file. */
const BLOCK_OCTETS_MAX = 16_777_216;

/** Type, both lengths. */
const BLOCK_OVERHEAD = 12;

/** Interfaces of one section. */
const INTERFACES_MAX = 65_536;

const NS_PER_SECOND = 1_000_000_000;

/** An interface of the present section. */
interface Interface {
  linkType: number;
  snapLength: number;
  name: string;
  /** Units of time in a second. */
  resolution: number;
  offsetSeconds: number;
  fcs: number;
}

/** Reads captures of the next generation. */
export class PcapngReader implements FormatReader {
  /** See {@linkcode FormatReader}. */
  problem: string | undefined;
  /** See {@linkcode FormatReader}. */
  needed = BLOCK_OVERHEAD;
  readonly #sink: FrameSink;
  readonly #time: FileTime;
  readonly #names = new TextDecoder();
  readonly #processes = new FileProcesses();
  #isLittle = true;
  #hasSection = false;
  #interfaces: Interface[] = [];

  /**
   * Starts before the first section.
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
    while (this.problem === undefined) {
      this.needed = BLOCK_OVERHEAD;
      if (bytes.length - offset < BLOCK_OVERHEAD) return offset;
      const size = this.#readBlock(view, bytes, offset);
      if (size === 0) return offset;
      offset += size;
    }
    return offset;
  }

  /** Reads the block at an offset; returns its size, or 0 when it is not all there or impossible. */
  #readBlock(view: DataView, bytes: Uint8Array, offset: number): number {
    // The type of a section is a palindrome; the byte order is in the field behind its length.
    const isSection = view.getUint32(offset) === BLOCK.section;
    if (isSection) {
      const magic = view.getUint32(offset + 8);
      this.#isLittle = magic !== BYTE_ORDER_MAGIC;
      if (this.#isLittle && view.getUint32(offset + 8, true) !== BYTE_ORDER_MAGIC) {
        return this.#fail("a section without byte order magic");
      }
    }
    const isLittle = this.#isLittle;
    const size = view.getUint32(offset + 4, isLittle);
    if (size < BLOCK_OVERHEAD || size % 4 !== 0 || size > BLOCK_OCTETS_MAX) {
      return this.#fail(`a block of ${size} octets`);
    }
    if (offset + size > bytes.length) {
      this.needed = size;
      return 0;
    }
    if (view.getUint32(offset + size - 4, isLittle) !== size) return this.#fail("a block whose two lengths differ");
    this.#readBody(view, bytes, offset + 8, offset + size - 4, view.getUint32(offset, isLittle));
    return this.problem === undefined ? size : 0;
  }

  #readBody(view: DataView, bytes: Uint8Array, start: number, end: number, type: number): void {
    switch (type) {
      case BLOCK.section:
        this.#readSection(view, start, end);
        return;
      case BLOCK.interface:
        this.#readInterface(view, bytes, start, end);
        return;
      case BLOCK.enhancedPacket:
        this.#readPacket(view, bytes, start, end, view.getUint32(start, this.#isLittle));
        return;
      case BLOCK.packet:
        this.#readPacket(view, bytes, start, end, view.getUint16(start, this.#isLittle));
        return;
      case BLOCK.simplePacket:
        this.#readSimplePacket(view, bytes, start, end);
        return;
      case CUSTOM_BLOCK.copied:
      case CUSTOM_BLOCK.kept:
        this.#readCustom(view, bytes, start, end);
        return;
    }
  }

  #readSection(view: DataView, start: number, end: number): void {
    this.#interfaces = [];
    this.#processes.clear();
    this.#hasSection = true;
    if (end - start < 16) this.#fail("a section header that is too short");
    const major = view.getUint16(start + 4, this.#isLittle);
    if (this.problem === undefined && major !== 1) this.#fail(`pcapng version ${major}, wanted 1`);
  }

  #readInterface(view: DataView, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#hasSection || end - start < 8 || this.#interfaces.length >= INTERFACES_MAX) {
      this.#fail("an interface description out of place");
      return;
    }
    const isLittle = this.#isLittle;
    const added: Interface = {
      linkType: view.getUint16(start, isLittle),
      snapLength: view.getUint32(start + 4, isLittle),
      name: "",
      resolution: 1e6,
      offsetSeconds: 0,
      fcs: 0,
    };
    this.#eachOption(view, start + 8, end, (code, at, length) => {
      if (code === OPTION.interfaceName) added.name = this.#names.decode(bytes.subarray(at, at + length));
      else if (code === OPTION.interfaceTsResolution && length === 1) {
        const exponent = view.getUint8(at);
        added.resolution = exponent < 0x80 ? 10 ** exponent : 2 ** (exponent & 0x7f);
      } else if (code === OPTION.interfaceTsOffset && length === 8) {
        added.offsetSeconds = Number(view.getBigInt64(at, isLittle));
      } else if (code === OPTION.interfaceFcsLength && length === 1) added.fcs = view.getUint8(at);
    });
    this.#interfaces.push(added);
  }

  /** An enhanced packet block, or the obsolete one, whose fields stand at the same places. */
  #readPacket(view: DataView, bytes: Uint8Array, start: number, end: number, index: number): void {
    const from = this.#interfaces[index];
    if (from === undefined || end - start < 20) {
      this.#fail(
        from === undefined ? `a packet of interface ${index}, which is not described` : "a packet block too short",
      );
      return;
    }
    const isLittle = this.#isLittle;
    const captured = view.getUint32(start + 12, isLittle);
    const whole = view.getUint32(start + 16, isLittle);
    const data = start + 20;
    if (captured > FRAME_OCTETS_MAX || data + captured > end) {
      this.#fail(`a packet of ${captured} octets in a block of ${end - start}`);
      return;
    }
    let direction: CapturedPacket["direction"] | undefined;
    let pid = 0;
    let tid = 0;
    let comment: Uint8Array | undefined;
    const options = data + (captured + 3 & ~3);
    if (options + 4 <= end) {
      this.#eachOption(view, options, end, (code, at, length) => {
        if (code === OPTION.packetFlags && length === 4) {
          const way = view.getUint32(at, isLittle) & 3;
          direction = way === 1 ? "ingress" : way === 2 ? "egress" : undefined;
        } else if (code === OPTION_PROCESS_THREAD && length === 8) {
          pid = view.getUint32(at, isLittle);
          tid = view.getUint32(at + 4, isLittle);
        } else if (code === OPTION.comment) comment ??= bytes.subarray(at, at + length);
      });
    }
    const owner = pid === 0 ? undefined : this.#processes.find(pid, tid, comment && this.#names.decode(comment));
    const tsNs = this.#tsNs(view.getUint32(start + 4, isLittle), view.getUint32(start + 8, isLittle), from);
    this.#deliver(from, bytes.subarray(data, data + captured), whole, tsNs, direction, owner);
  }

  /** A block somebody defined for himself: process information is read, all else passed over. */
  #readCustom(view: DataView, bytes: Uint8Array, start: number, end: number): void {
    const isLittle = this.#isLittle;
    // Number of who defined it, kind, length of the entry, pid.
    if (end - start < 16 || view.getUint32(start, isLittle) !== PEN_WIRESHARK) return;
    if (view.getUint32(start + 4, isLittle) !== ENTRY_PROCESS) return;
    const values = new Map<number, Uint8Array>();
    const entryEnd = Math.min(end, start + 12 + view.getUint32(start + 8, isLittle));
    this.#eachOption(view, start + 16, entryEnd, (code, at, length) => {
      values.set(code, bytes.subarray(at, at + length));
    });
    this.#processes.add(view.getUint32(start + 12, isLittle), values, isLittle);
  }

  #readSimplePacket(view: DataView, bytes: Uint8Array, start: number, end: number): void {
    const from = this.#interfaces[0];
    if (from === undefined || end - start < 4) {
      this.#fail("a simple packet without interface");
      return;
    }
    const whole = view.getUint32(start, this.#isLittle);
    const data = start + 4;
    const limit = from.snapLength === 0 ? whole : Math.min(whole, from.snapLength);
    this.#deliver(
      from,
      bytes.subarray(data, Math.min(end, data + limit)),
      whole,
      this.#time.sinceFirst(0, 0),
      undefined,
    );
  }

  #deliver(
    from: Interface,
    frame: Uint8Array,
    whole: number,
    tsNs: number,
    direction: CapturedPacket["direction"] | undefined,
    owner?: PacketOwner,
  ): void {
    const missing = Math.max(0, whole - frame.length);
    const shown = from.fcs > 0 && missing === 0 ? frame.subarray(0, Math.max(0, frame.length - from.fcs)) : frame;
    this.#sink.frame(from.linkType, shown, missing, tsNs, direction, from.name, owner);
  }

  /** Time of 64 bits in units of the interface, without leaving the numbers that are exact. */
  #tsNs(high: number, low: number, { resolution, offsetSeconds }: Interface): number {
    const upper = high * 0x1_0000_0000;
    const remainder = upper % resolution;
    const rest = remainder + low;
    // The quotient is far below 2^53, so that rounding it is exact although the dividend was rounded.
    const seconds = Math.round((upper - remainder) / resolution) + Math.floor(rest / resolution);
    const ns = Math.floor(rest % resolution * NS_PER_SECOND / resolution);
    return this.#time.sinceFirst(seconds + offsetSeconds, ns);
  }

  /** Walks a list of options. */
  #eachOption(
    view: DataView,
    start: number,
    end: number,
    handler: (code: number, at: number, length: number) => void,
  ): void {
    let offset = start;
    while (offset + 4 <= end) {
      const code = view.getUint16(offset, this.#isLittle);
      const length = view.getUint16(offset + 2, this.#isLittle);
      if (code === OPTION.end || offset + 4 + length > end) return;
      handler(code, offset + 4, length);
      offset += 4 + (length + 3 & ~3);
    }
  }

  #fail(problem: string): 0 {
    this.problem ??= problem;
    return 0;
  }
}
