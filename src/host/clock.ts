/**
 * Clocks: kernel events carry CLOCK_BOOTTIME, people read wall time.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import { CLOCK, clockNs } from "../../ffi/libc.ts";
import { formatSum, Rfc3339Formatter } from "./_rfc3339.ts";

/** Nanoseconds of a second. */
const NS_PER_SECOND = 1_000_000_000;
const NS_PER_SECOND_BIG = 1_000_000_000n;

/** Reads the offset of CLOCK_BOOTTIME in this process's time namespace. */
function readTimeNamespaceOffsetNs(): number {
  try {
    const line = Deno.readTextFileSync("/proc/self/timens_offsets").split("\n").find((one) =>
      one.startsWith("boottime")
    );
    const [, seconds, ns] = line?.split(/\s+/) ?? [];
    return Number(seconds ?? 0) * NS_PER_SECOND + Number(ns ?? 0);
  } catch {
    // Linux before 5.6, or built without CONFIG_TIME_NS: there is only one time namespace.
    return 0;
  }
}

let offsetNs: number | undefined;

/**
 * Offset of this process's time namespace (time_namespaces(7), Linux 5.6): what CLOCK_BOOTTIME and the start times of
 * /proc show here, minus what the kernel's own BPF clock shows.
 *
 * @returns nanoseconds; 0 in the initial time namespace
 */
export function timeNamespaceOffsetNs(): number {
  return offsetNs ??= readTimeNamespaceOffsetNs();
}

/**
 * Reads CLOCK_BOOTTIME as BPF's `bpf_ktime_get_boot_ns` does: without the offset of a time namespace.
 *
 * @returns nanoseconds since boot, suspend included
 * @throws {LibbpfError} when the kernel has no such clock
 */
export function bootTimeNs(): number {
  return Number(clockNs(CLOCK.BOOTTIME)) - timeNamespaceOffsetNs();
}

/** Readings of both clocks of which the closest pair is used: one of them can be interrupted, hardly all. */
const READINGS = 5;

/** CLOCK_REALTIME minus CLOCK_BOOTTIME, and how far it may be off. */
interface ClockOffset {
  ns: bigint;
  errorNs: bigint;
}

/** Reads the offset between wall time and boot time. */
function readClockOffset(): ClockOffset {
  let best: ClockOffset | undefined;
  for (let reading = 0; reading < READINGS; reading++) {
    const before = clockNs(CLOCK.BOOTTIME);
    const wall = clockNs(CLOCK.REALTIME);
    const errorNs = clockNs(CLOCK.BOOTTIME) - before;
    if (best === undefined || errorNs < best.errorNs) best = { ns: wall - before - errorNs / 2n, errorNs };
  }
  return { ns: best!.ns + BigInt(timeNamespaceOffsetNs()), errorNs: best!.errorNs };
}

/** A wall clock step shorter than this is not told from the noise of reading two clocks; NTP slews, it steps by more. */
const MIN_STEP_NS = 100_000n;

/** Event time between two looks at the clocks. */
const REFRESH_INTERVAL_NS = 1_000_000_000;

/**
 * Clock of live events: CLOCK_BOOTTIME to wall time.
 *
 * Both clocks are slewed alike, so the offset between them changes only when wall time is set (settimeofday, an NTP
 * step, a leap second). It is read again every second of event time.
 */
export class LiveClock implements Clock {
  readonly #formatter = new Rfc3339Formatter();
  readonly #readOffset: () => ClockOffset;
  #offset: ClockOffset;
  #baseSeconds = 0;
  #baseNs = 0;
  #nextRefreshNs = -Infinity;

  /**
   * Reads the clocks for the first time.
   *
   * @param readOffset reads the offset between the clocks; the kernel's, when absent
   */
  constructor(readOffset: () => ClockOffset = readClockOffset) {
    this.#readOffset = readOffset;
    this.#offset = readOffset();
    this.#setOffset(this.#offset);
  }

  /** {@inheritDoc Clock.toRfc3339} */
  toRfc3339(tsNs: number): string {
    if (tsNs >= this.#nextRefreshNs) {
      this.refresh();
      this.#nextRefreshNs = tsNs + REFRESH_INTERVAL_NS;
    }
    return formatSum(this.#baseSeconds, this.#baseNs, tsNs, this.#formatter);
  }

  /**
   * Wall time as a number.
   *
   * @param tsNs CLOCK_BOOTTIME, ns
   * @returns ns since 1970
   */
  toEpochNs(tsNs: number): bigint {
    return this.#offset.ns + BigInt(Math.round(tsNs));
  }

  /**
   * Reads the clocks again, for times to come and times past alike.
   *
   * @returns whether wall time was stepped
   */
  refresh(): boolean {
    const offset = this.#readOffset();
    const change = offset.ns - this.#offset.ns;
    const noise = MIN_STEP_NS + offset.errorNs + this.#offset.errorNs;
    if (change <= noise && -change <= noise) return false;
    this.#setOffset(offset);
    return true;
  }

  /** Adopts an offset. */
  #setOffset(offset: ClockOffset): void {
    this.#offset = offset;
    this.#baseSeconds = Number(offset.ns / NS_PER_SECOND_BIG);
    this.#baseNs = Number(offset.ns % NS_PER_SECOND_BIG);
  }
}

/** Clock of a capture file: times count from a fixed point, that of the first packet. */
export class FileClock implements Clock {
  readonly #formatter = new Rfc3339Formatter();
  readonly #baseSeconds: number;
  readonly #baseNs: number;

  /**
   * Starts at a fixed point.
   *
   * @param baseNs wall time that `tsNs` 0 stands for, ns since 1970
   * @throws {RangeError} when it is negative
   */
  constructor(baseNs: bigint) {
    if (baseNs < 0n) throw new RangeError(`Clock base is before 1970: ${baseNs}`);
    this.#baseSeconds = Number(baseNs / NS_PER_SECOND_BIG);
    this.#baseNs = Number(baseNs % NS_PER_SECOND_BIG);
  }

  /** {@inheritDoc Clock.toRfc3339} */
  toRfc3339(tsNs: number): string {
    return formatSum(this.#baseSeconds, this.#baseNs, tsNs, this.#formatter);
  }
}
