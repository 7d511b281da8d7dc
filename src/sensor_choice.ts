/**
 * Which programs of a sensor a kernel is given: the better ones, and those that stand in where it refuses them.
 *
 * @module
 */

import { forbidsFunctionPrograms } from "../ffi/mod.ts";
import { whyNoKernelVariables } from "./object.ts";
import type { Sensor, SensorProgram } from "./sensor.ts";

/**
 * Why a program need not be tried. To find that out by loading would take as long as the rest of the start, each time.
 *
 * @param program of a sensor
 * @returns the reason; undefined where only trying tells
 */
export function whyRefused({ hook, readsKernelVariables }: SensorProgram): string | undefined {
  if (readsKernelVariables) return whyNoKernelVariables();
  return /^f(?:entry|exit)\//.test(hook) && forbidsFunctionPrograms()
    ? "the kernel forbids fentry and fexit"
    : undefined;
}

/**
 * Whether to load a program: the kernel did not refuse it, and did refuse one it stands in for.
 *
 * @param program of a sensor
 * @param programs all of a run, by name
 * @param refused those the kernel refused
 * @returns true when it is to be loaded
 */
export function isWanted(
  program: SensorProgram,
  programs: ReadonlyMap<string, SensorProgram>,
  refused: ReadonlyMap<SensorProgram, string>,
): boolean {
  if (refused.has(program)) return false;
  if (program.insteadOf === undefined) return true;
  return program.insteadOf.some((name) => {
    const better = programs.get(name);
    return better === undefined || refused.has(better);
  });
}

/**
 * Whether others do the work of a program that was refused, or it only stands in for one that works.
 *
 * @param program of a sensor
 * @param sensors all of a run
 * @param refused programs the kernel refused
 * @returns true when nothing is missing without it
 */
export function isReplaced(
  program: SensorProgram,
  sensors: readonly Sensor[],
  refused: ReadonlyMap<SensorProgram, string>,
): boolean {
  const standIns = sensors.flatMap((sensor) => sensor.programs)
    .filter(({ insteadOf }) => insteadOf?.includes(program.name));
  return standIns.length > 0 && standIns.every((standIn) => !refused.has(standIn));
}
