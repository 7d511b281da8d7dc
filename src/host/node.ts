/**
 * Modules of Node that few runs need. Imported at the top of a file, each would take 5 to 15 ms of every start.
 *
 * @module
 */

import type * as crypto from "node:crypto";
import type * as zlib from "node:zlib";

/** What there is, by name. */
interface NodeModules {
  readonly "node:crypto": typeof crypto;
  readonly "node:zlib": typeof zlib;
}

/**
 * Loads a module of Node, on first use.
 *
 * @param name its name
 * @returns the module
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  // Not by an import, which would load it at every start; the global loads itself when it is read.
  return globalThis.process.getBuiltinModule(name) as NodeModules[Name];
}
