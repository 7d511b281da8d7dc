/**
 * `culprit doctor`.
 *
 * @module
 */

import { type ExitCode, UsageError } from "../errors.ts";
import type { DoctorOptions } from "./options.ts";

/**
 * Runs `culprit doctor`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {UsageError} always: it is not built yet
 */
export function runDoctor(options: DoctorOptions): Promise<ExitCode> {
  throw new UsageError(`command doctor: found ${Object.keys(options).length} options, wanted a build that has it`);
}
