/**
 * Writes captures that name the process of each packet, in the places the format and Wireshark have for that:
 *
 * - `epb_processid_threadid` (option 8 of the enhanced packet block, draft-ietf-opsawg-pcapng);
 * - process information in custom blocks of the Wireshark Foundation, as Wireshark reads them since 2026; it joins them
 *   to packets by pid and start time (https://wiki.wireshark.org/Development/PcapngCustom);
 * - a comment on each packet, which every older version shows.
 *
 * Packets are raw IP: what the sensor sees has no link layer.
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import type { ProcessInfo } from "../events.ts";
import { LINK_TYPE } from "./link.ts";
import { writeIpPacket } from "./ip_writer.ts";
import { BLOCK, BYTE_ORDER_MAGIC, OPTION } from "./pcapng.ts";
import {
  CUSTOM_BLOCK,
  describeProcess,
  ENTRY_PROCESS,
  OPTION_PROCESS_THREAD,
  PEN_WIRESHARK,
  PROCESS_OPTION,
} from "./pcapng_process.ts";

/** Option codes that are written only. */
const OPTION_HARDWARE = 2;
const OPTION_OS = 3;
const OPTION_APPLICATION = 4;

/** Packet flags: bits 0 and 1. */
const FLAG_INBOUND = 1;
const FLAG_OUTBOUND = 2;

/** Nanoseconds: 10^-9. */
const TS_RESOLUTION = 9;

/** Longest value of an option. */
const OPTION_OCTETS_MAX = 65_535;

/** Processes whose information is known to be in the file. */
const PROCESSES_MAX = 65_536;

/** What is put in the head of the file. */
export interface PcapngWriterOptions {
  /** Program that writes, with its version. */
  application: string;
  /** Operating system and its release, where known. */
  os?: string;
  /** Hardware, where known. */
  hardware?: string;
  /**
   * Turns the time of packets into wall time.
   *
   * @param tsNs as in packets
   * @returns ns since 1970
   */
  toEpochNs: (tsNs: number) => bigint;
  /**
   * Takes what is to be written.
   *
   * @param bytes whole blocks; not used again
   */
  write: (bytes: Uint8Array) => void;
}

/** Writes a capture. The head is written at once; there is nothing to close. */
export class PcapngWriter {
  readonly #options: PcapngWriterOptions;
  readonly #interfaces = new Map<string, number>();
  readonly #processes = new Set<string>();
  readonly #text = new TextEncoder();

  /**
   * Writes the head of the file.
   *
   * @param options see {@linkcode PcapngWriterOptions}
   */
  constructor(options: PcapngWriterOptions) {
    this.#options = options;
    const block = new BlockBuilder(this.#text);
    block.u32(BYTE_ORDER_MAGIC);
    block.u16(1);
    block.u16(0);
    // The length of the section is not known: all ones.
    block.u32(0xffff_ffff);
    block.u32(0xffff_ffff);
    if (options.hardware !== undefined) block.text(OPTION_HARDWARE, options.hardware);
    if (options.os !== undefined) block.text(OPTION_OS, options.os);
    block.text(OPTION_APPLICATION, options.application);
    block.endOptions();
    options.write(block.finish(BLOCK.section));
  }

  /**
   * Writes a packet, and before it whatever it refers to that is not in the file yet.
   *
   * @param packet not kept
   * @param process the owner of its socket, where known
   */
  packet(packet: CapturedPacket, process?: ProcessInfo): void {
    const index = this.#interface(packet.interfaceName);
    if (process !== undefined && process.pid > 0) this.#process(process);
    const frame = writeIpPacket(packet);
    const epochNs = this.#options.toEpochNs(packet.tsNs);
    const block = new BlockBuilder(this.#text, frame.length + 256);
    block.u32(index);
    block.u32(Number(epochNs >> 32n));
    block.u32(Number(epochNs & 0xffff_ffffn));
    block.u32(frame.length);
    block.u32(frame.length + packet.payloadSize - packet.payload.length);
    block.bytes(frame);
    const tid = process?.tid ?? packet.owner?.tid ?? 0;
    if (process !== undefined) block.text(OPTION.comment, describeProcess(process, tid));
    block.option32(OPTION.packetFlags, packet.direction === "egress" ? FLAG_OUTBOUND : FLAG_INBOUND);
    if (process !== undefined && process.pid > 0) {
      block.u16(OPTION_PROCESS_THREAD);
      block.u16(8);
      block.u32(process.pid);
      block.u32(tid);
    }
    block.endOptions();
    this.#options.write(block.finish(BLOCK.enhancedPacket));
  }

  /** Number of an interface, described when it is new. */
  #interface(name: string): number {
    const known = this.#interfaces.get(name);
    if (known !== undefined) return known;
    const index = this.#interfaces.size;
    this.#interfaces.set(name, index);
    const block = new BlockBuilder(this.#text);
    block.u16(LINK_TYPE.raw);
    block.u16(0);
    // No limit on the size of packets.
    block.u32(0);
    block.text(OPTION.interfaceName, name === "" ? "unknown" : name);
    block.u16(OPTION.interfaceTsResolution);
    block.u16(1);
    block.bytes(Uint8Array.of(TS_RESOLUTION));
    block.endOptions();
    this.#options.write(block.finish(BLOCK.interface));
    return index;
  }

  /** Describes a process that is not in the file yet. */
  #process(process: ProcessInfo): void {
    const { pid, start_time, exe, name, cmdline } = process;
    const key = JSON.stringify([pid, start_time, exe, name, cmdline]);
    if (this.#processes.has(key)) return;
    // Being written twice does no harm; being kept for ever would.
    if (this.#processes.size >= PROCESSES_MAX) this.#processes.clear();
    this.#processes.add(key);
    const entry = new BlockBuilder(this.#text);
    entry.u32(process.pid);
    entry.text(PROCESS_OPTION.name, process.name);
    if (process.exe !== "unknown") entry.text(PROCESS_OPTION.path, process.exe);
    if (process.cmdline.length > 0) entry.text(PROCESS_OPTION.cmdline, process.cmdline.join("\0"));
    entry.option32(PROCESS_OPTION.ppid, process.ppid);
    if (process.uid !== undefined) entry.option32(PROCESS_OPTION.uid, process.uid);
    if (process.user !== undefined) entry.text(PROCESS_OPTION.user, process.user);
    const startMs = Date.parse(process.start_time);
    if (startMs >= 0) {
      entry.u16(PROCESS_OPTION.startTime);
      entry.u16(8);
      const startNs = BigInt(startMs) * 1_000_000n;
      entry.u32(Number(startNs & 0xffff_ffffn));
      entry.u32(Number(startNs >> 32n));
    }
    entry.endOptions();
    const body = entry.body();
    const block = new BlockBuilder(this.#text, body.length + 64);
    block.u32(PEN_WIRESHARK);
    block.u32(ENTRY_PROCESS);
    block.u32(body.length);
    block.bytes(body);
    this.#options.write(block.finish(CUSTOM_BLOCK.copied));
  }
}

/** Builds a block, little-endian. */
class BlockBuilder {
  readonly #text: TextEncoder;
  #bytes: Uint8Array;
  #view: DataView;
  /** Type and length come first. */
  #size = 8;

  constructor(text: TextEncoder, capacity = 256) {
    this.#text = text;
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u16(value: number): void {
    this.#reserve(2);
    this.#view.setUint16(this.#size, value, true);
    this.#size += 2;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#size, value, true);
    this.#size += 4;
  }

  /** Octets, padded to a multiple of four. */
  bytes(value: Uint8Array): void {
    const padded = value.length + 3 & ~3;
    this.#reserve(padded);
    this.#bytes.set(value, this.#size);
    this.#size += padded;
  }

  /** An option of text; none when it is empty. What is too long for an option is cut. */
  text(code: number, value: string): void {
    const whole = this.#text.encode(value);
    if (whole.length === 0) return;
    const kept = whole.length > OPTION_OCTETS_MAX ? whole.subarray(0, OPTION_OCTETS_MAX) : whole;
    this.u16(code);
    this.u16(kept.length);
    this.bytes(kept);
  }

  /** An option of 32 bits. */
  option32(code: number, value: number): void {
    this.u16(code);
    this.u16(4);
    this.u32(value);
  }

  endOptions(): void {
    this.u32(OPTION.end);
  }

  /** What was written so far. */
  body(): Uint8Array {
    return this.#bytes.subarray(8, this.#size);
  }

  /** The block, whole. */
  finish(type: number): Uint8Array {
    const size = this.#size + 4;
    this.#view.setUint32(0, type, true);
    this.#view.setUint32(4, size, true);
    this.u32(size);
    return this.#bytes.subarray(0, size);
  }

  #reserve(octets: number): void {
    if (this.#size + octets <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#size + octets));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
