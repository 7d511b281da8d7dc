/**
 * What the kernel tests of all sensors share.
 *
 * @module
 */

import type { SensorRun } from "../src/sensor.ts";

/**
 * Delivers everything in the ring.
 *
 * @param run attached sensors
 * @param handler receives type, memory and offset of each record
 * @returns how many there were
 */
export function drainAll(run: SensorRun, handler: (type: number, view: DataView, base: number) => void): number {
  return run.drain((view, base) => handler(view.getUint16(base + 8, true), view, base), Infinity);
}
