/**
 * Finds out by trying whether this kernel takes a program.
 *
 * @module
 */

import { CulpritError } from "../src/errors.ts";
import { BpfObject, type OpenOptions } from "./object.ts";
import type { BpfProgram } from "./program.ts";
import type { BpfLink } from "./link.ts";

/** Answer of {@linkcode probeProgram}: `ok`, or the step that failed and why. */
export type ProbeResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly step: "open" | "load" | "attach"; readonly error: CulpritError };

/**
 * Loads one program of an object by itself, attaches it for a moment if asked to, and frees everything again.
 *
 * @param bytes the ELF file
 * @param programName the program to try
 * @param options as for opening; `configure` runs before the load (make big maps small here); `attach` attaches it
 * @returns whether the kernel took it
 * @throws {TypeError} when the object has no such program
 */
export function probeProgram(
  bytes: Uint8Array<ArrayBuffer>,
  programName: string,
  options: OpenOptions & {
    configure?: ((object: BpfObject) => void) | undefined;
    attach?: ((program: BpfProgram) => BpfLink) | undefined;
  },
): ProbeResult {
  let step: "open" | "load" | "attach" = "open";
  try {
    using object = BpfObject.openMemory(bytes, options);
    const wanted = object.program(programName);
    for (const program of object.programs()) program.setAutoload(program === wanted);
    options.configure?.(object);
    step = "load";
    object.load();
    step = "attach";
    options.attach?.(wanted).close();
    return { ok: true };
  } catch (error) {
    if (error instanceof CulpritError) return { ok: false, step, error };
    throw error;
  }
}
