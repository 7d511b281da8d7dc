/**
 * What the tests of all sensors share.
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

/**
 * Reads a captured record: `testdata/NAME.hex` of a sensor, as scripts/capture_records.ts writes it.
 *
 * @param directory folder of the sensor, as a URL
 * @param name file name without its ending
 * @param base offset at which the record shall lie, so that tests catch offsets taken from 0
 * @returns the memory that holds the record at `base`
 */
export function readRecord(directory: URL, name: string, base = 16): DataView {
  const text = Deno.readTextFileSync(new URL(`testdata/${name}.hex`, directory)).replaceAll("\n", "");
  const octets = Uint8Array.fromHex(text);
  const memory = new Uint8Array(base + octets.length);
  memory.fill(0xee, 0, base);
  memory.set(octets, base);
  return new DataView(memory.buffer);
}
