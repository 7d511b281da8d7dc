/**
 * `culprit schema`: prints the JSON Schema of the events.
 *
 * @module
 */

import { EXIT_CODE, type ExitCode } from "../errors.ts";
import { eventSchema } from "../output/schema.ts";
import { writeStdout } from "../output/stdio.ts";

/**
 * Runs `culprit schema`.
 *
 * @returns the exit code
 * @throws {OutputError} when standard output cannot be written
 */
export function runSchema(): Promise<ExitCode> {
  writeStdout(`${JSON.stringify(eventSchema(), undefined, 2)}\n`);
  return Promise.resolve(EXIT_CODE.ok);
}
