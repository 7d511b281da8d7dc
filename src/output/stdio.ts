/**
 * Writes whole texts to the standard streams.
 *
 * @module
 */

import { OutputError } from "../errors.ts";

/** How long to wait before trying again a stream that someone made non-blocking and that is full. */
const RETRY_MS = 2;

/** Something Deno writes to synchronously. */
interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Sleeps without running anything else, as a blocking write would. */
function waitForRoom(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}

/**
 * Writes all of a buffer, also where the system takes it in parts or only later.
 *
 * @param writer open stream
 * @param bytes what to write
 * @param onPart told the octets written so far after every part, so that the caller knows them when it fails
 * @throws what the stream throws, except for interruptions and a full non-blocking stream, which are waited for
 */
export function writeAll(writer: SyncWriter, bytes: Uint8Array, onPart?: (written: number) => void): void {
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writer.writeSync(written === 0 ? bytes : bytes.subarray(written));
      onPart?.(written);
    } catch (error) {
      if (error instanceof Deno.errors.WouldBlock) waitForRoom();
      else if (!(error instanceof Deno.errors.Interrupted)) throw error;
    }
  }
}

/**
 * Writes to standard output. A reader that went away (`| head`) is no failure.
 *
 * @param text whole lines
 * @throws {OutputError} when it cannot be written
 */
export function writeStdout(text: string): void {
  try {
    writeAll(Deno.stdout, new TextEncoder().encode(text));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new OutputError(STDOUT_NAME, reasonOf(error), { cause: error });
  }
}

/**
 * Writes to standard error.
 *
 * @param text whole lines
 */
export function writeStderr(text: string): void {
  try {
    writeAll(Deno.stderr, new TextEncoder().encode(text));
  } catch {
    // Nobody is left to be told; the exit code still tells.
  }
}

/** How messages call standard output. */
export const STDOUT_NAME = "standard output";

/**
 * Puts an error of the system into words.
 *
 * @param error what a read or write threw
 * @returns the system's own text without Deno's number, for example `No space left on device`
 */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(os error \d+\)/, "") : String(error);
}
