/**
 * `culprit procs`.
 *
 * @module
 */

import { type ExitCode, UsageError } from "../errors.ts";
import type { ProcsOptions } from "./options.ts";

/**
 * Runs `culprit procs`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {UsageError} always: it is not built yet
 */
export function runProcs(options: ProcsOptions): Promise<ExitCode> {
  throw new UsageError(`command procs: found ${Object.keys(options).length} options, wanted a build that has it`);
}
