/**
 * Asks the kernel which TCP sockets live, so that ends nobody told of are found.
 *
 * @module
 */

import { CONN_SURVIVOR_SIZE, readConnSurvivor } from "../../bpf/conn/layout.gen.ts";
import { socketKey } from "../../bpf/conn/sensor.ts";
import { bootTimeNs } from "../host/clock.ts";
import type { SensorRun } from "../sensor.ts";
import type { Survivors } from "./types.ts";

/**
 * Reads which TCP sockets of the sensor's map live. Records that are in the ring by now have to be taken before it is of
 * use.
 *
 * @param run attached, with the connection sensor
 * @returns them; undefined where the kernel refuses
 */
export function readSurvivors(run: SensorRun): Survivors | undefined {
  const atNs = bootTimeNs();
  const view = run.iterate("conn_survivors");
  if (view === undefined) return undefined;
  const birthsNs = new Map<string, number>();
  for (let base = 0; base < view.byteLength; base += CONN_SURVIVOR_SIZE) {
    birthsNs.set(socketKey(view, base), readConnSurvivor(view, base).birthNs);
  }
  return { atNs, birthsNs };
}
