/**
 * `culprit dns`.
 *
 * @module
 */

import { type ExitCode, UsageError } from "../errors.ts";
import type { DnsOptions } from "./options.ts";

/**
 * Runs `culprit dns`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {UsageError} always: it is not built yet
 */
export function runDns(options: DnsOptions): Promise<ExitCode> {
  throw new UsageError(`command dns: found ${Object.keys(options).length} options, wanted a build that has it`);
}
