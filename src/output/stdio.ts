/**
 * Writes texts to the standard streams.
 *
 * @module
 */

import { OutputError } from "../errors.ts";

/** Writes all of a text to one of the runtime's own streams. */
function writeAll(stream: typeof Deno.stdout, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}

/**
 * Writes a help page or the like to standard output. Events go through a sink, which knows how much of them arrived; this
 * needs no FFI. A reader that went away (`| head`) is no failure.
 *
 * @param text whole lines
 * @throws {OutputError} when it cannot be written
 */
export function writeStdout(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new OutputError(STDOUT_NAME, reasonOf(error), { cause: error });
  }
}

/**
 * How wide the terminal is that standard output is.
 *
 * @returns columns; undefined where it is no terminal
 */
export function stdoutColumns(): number | undefined {
  return Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined;
}

let prepareStderr: (() => void) | undefined;

/**
 * Says what must happen before anything can be read on standard error: a screen that was taken over is given back.
 *
 * @param prepare called before each text; undefined for nothing any more
 */
export function beforeStderr(prepare: (() => void) | undefined): void {
  prepareStderr = prepare;
}

let writeToStderr = (text: string): void => writeAll(Deno.stderr, text);

/**
 * Says how standard error is written from now on.
 *
 * @param write takes whole lines; what it throws is ignored
 */
export function setStderrWriter(write: (text: string) => void): void {
  writeToStderr = write;
}

/**
 * Writes to standard error.
 *
 * @param text whole lines
 */
export function writeStderr(text: string): void {
  prepareStderr?.();
  try {
    writeToStderr(text);
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
