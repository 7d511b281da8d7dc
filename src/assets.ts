/**
 * Finds the files that travel with culprit. They lie beside the bundled program, on disk (a package, the offline single
 * file, the virtual files of `deno compile`) or in memory (the offline single file where no directory will do); beside
 * the sources there is only what `deno task build` makes.
 *
 * @module
 */

import { CulpritError, EXIT_CODE } from "./errors.ts";

/** The bundled program itself. */
export const SCRIPT = "culprit.js";

/**
 * Files of the bundled program, itself first. The launcher of the offline single file gives them consecutive descriptors
 * in this order when it runs from memory.
 */
export const APP_FILES = [SCRIPT, "culprit.bpf.o", "libbpf.so.1", "build.json"] as const;

/** A file that travels with culprit. */
export type AssetName = Exclude<(typeof APP_FILES)[number], typeof SCRIPT>;

/** A file that belongs to culprit is not where it should be. */
export class AssetNotFoundError extends CulpritError {
  override readonly exitCode = EXIT_CODE.incomplete;
}

/** What runs: the sources, or which kind of build. */
export type BuildKind = "source" | "compiled" | "offline" | "memory";

/** Path of a descriptor, as the launcher names the program when it is in memory. */
const DESCRIPTOR = /^file:\/\/\/proc\/self\/fd\/(\d+)$/;

/**
 * Tells the kinds of builds apart.
 *
 * @param moduleUrl `import.meta.url` of this module, or of the bundle that contains it
 * @returns `source` for the work tree, `compiled` for `deno compile`, `offline` for the bundle beside its files, `memory`
 * for the bundle in memory files
 */
export function buildKind(moduleUrl: string = import.meta.url): BuildKind {
  if (moduleUrl.endsWith("/src/assets.ts")) return "source";
  if (DESCRIPTOR.test(moduleUrl)) return "memory";
  return Deno.build.standalone ? "compiled" : "offline";
}

/**
 * Where a file should be.
 *
 * @param name which file
 * @param moduleUrl as for {@linkcode buildKind}
 * @returns a `file:` URL
 */
export function assetUrl(name: AssetName, moduleUrl: string = import.meta.url): URL {
  switch (buildKind(moduleUrl)) {
    case "source":
      return new URL(`../dist/${name}`, moduleUrl);
    case "memory":
      return new URL(`./${Number(DESCRIPTOR.exec(moduleUrl)?.[1]) + APP_FILES.indexOf(name)}`, moduleUrl);
    default:
      return new URL(`./${name}`, moduleUrl);
  }
}

/**
 * Reads one of culprit's own files, if it is there: the sources have only the BPF object.
 *
 * @param name which file
 * @returns its content; undefined when there is none
 */
export function findAsset(name: AssetName): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(assetUrl(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Reads one of culprit's own files.
 *
 * @param name which file
 * @returns its content
 * @throws {AssetNotFoundError} when it is not there
 */
export function readAsset(name: AssetName): Uint8Array<ArrayBuffer> {
  const content = findAsset(name);
  if (content !== undefined) return content;
  throw new AssetNotFoundError(`Cannot find "${name}" beside culprit`, {
    hint: buildKind() === "source" ? "build it with: deno task build" : "install culprit again",
  });
}
