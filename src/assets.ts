/**
 * Finds the files that travel with culprit: the BPF object and, in single-file builds, libbpf.
 *
 * @module
 */

import { CulpritError, EXIT_CODE } from "./errors.ts";

/** A file that belongs to culprit is not where it should be. */
export class AssetNotFoundError extends CulpritError {
  override readonly exitCode = EXIT_CODE.incomplete;
}

/**
 * Reads one of culprit's own files.
 *
 * @param name file name, for example `culprit.bpf.o`
 * @returns its content
 * @throws {AssetNotFoundError} when it is not there
 */
export function readAsset(name: string): Uint8Array<ArrayBuffer> {
  const url = new URL(`../dist/${name}`, import.meta.url);
  try {
    return Deno.readFileSync(url);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new AssetNotFoundError(`Cannot find "${name}" beside culprit`, {
      hint: "build it with: deno task build",
      cause: error,
    });
  }
}
