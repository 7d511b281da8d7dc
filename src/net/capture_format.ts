/**
 * What readers of capture file formats have in common.
 *
 * @module
 */

import type { CapturedPacket, PacketOwner } from "../capture.ts";

const NS_PER_SECOND = 1_000_000_000;

/** Frames beyond this are taken for a corrupt file: libpcap stops at 256 KiB, except on link types without IP. */
export const FRAME_OCTETS_MAX = 1_048_576;

/** Takes what a file holds. */
export interface FrameSink {
  /**
   * Called once, before the first frame.
   *
   * @param baseNs wall time of that frame, for which `tsNs` is 0; ns since 1970
   */
  start(baseNs: bigint): void;
  /**
   * Called with each frame.
   *
   * @param linkType of the interface
   * @param frame its octets; valid during the call only
   * @param missing octets of it that were not captured
   * @param tsNs when it was captured, ns since the first frame; negative where frames are out of order
   * @param direction which way it went, where the file says so
   * @param interfaceName empty where the file does not say
   * @param owner who the file says it belongs to
   */
  frame(
    linkType: number,
    frame: Uint8Array,
    missing: number,
    tsNs: number,
    direction: CapturedPacket["direction"] | undefined,
    interfaceName: string,
    owner?: PacketOwner,
  ): void;
}

/** Reads one format. Octets come in pieces of any size. */
export interface FormatReader {
  /** What is wrong with the file; reading ends there. */
  readonly problem: string | undefined;
  /** Octets that must be there before anything more can be read. */
  readonly needed: number;
  /**
   * Reads what is whole.
   *
   * @param bytes what follows what was read before
   * @returns octets of it that are done with
   */
  read(bytes: Uint8Array): number;
}

/** Turns times of the file into nanoseconds since its first frame. */
export class FileTime {
  readonly #sink: FrameSink;
  #baseSeconds: number | undefined;
  #baseNs = 0;
  #latestNs = 0;

  /**
   * Starts before the first frame.
   *
   * @param sink told of the first time
   */
  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /**
   * Nanoseconds since the first frame; exact over 104 days.
   *
   * @param seconds since 1970
   * @param ns of that second
   */
  sinceFirst(seconds: number, ns: number): number {
    if (this.#baseSeconds === undefined) {
      this.#baseSeconds = Math.max(0, seconds);
      this.#baseNs = ns;
      this.#sink.start(BigInt(this.#baseSeconds) * BigInt(NS_PER_SECOND) + BigInt(ns));
    }
    return this.#latestNs = (seconds - this.#baseSeconds) * NS_PER_SECOND + (ns - this.#baseNs);
  }

  /** The time last asked for, for frames that have none; that of 1970 where there was no other. */
  latest(): number {
    return this.#baseSeconds === undefined ? this.sinceFirst(0, 0) : this.#latestNs;
  }
}
