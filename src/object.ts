/**
 * The BPF object, as this host can load it.
 *
 * @module
 */

import { readAsset } from "./assets.ts";
import { effectiveCapabilities, isBuiltWithout } from "./host/kernel.ts";

/** Name of the linked BPF object among the assets. */
const OBJECT_ASSET = "culprit.bpf.o";

/**
 * Reads the object of all sensors.
 *
 * @returns an ELF file; where variables of the kernel cannot be read, those programs that need them must not be loaded
 * @throws {CulpritError} when it is not there
 */
export function readObject(): Uint8Array<ArrayBuffer> {
  const bytes = readAsset(OBJECT_ASSET);
  return whyNoKernelVariables() === undefined ? bytes : withoutKernelVariables(bytes);
}

/** The answer of {@linkcode whyNoKernelVariables}, once it was asked for: the kernel's options are compressed. */
let noKernelVariables: { readonly reason: string | undefined } | undefined;

/**
 * Why variables of the kernel cannot be read. Looked up once: neither the kernel nor the capabilities change in a run.
 *
 * @returns the reason; undefined when they can, as far as can be told beforehand
 */
export function whyNoKernelVariables(): string | undefined {
  noKernelVariables ??= { reason: findReason() };
  return noKernelVariables.reason;
}

function findReason(): string | undefined {
  if (!effectiveCapabilities().has("CAP_SYS_ADMIN")) return "CAP_SYS_ADMIN is missing";
  return isBuiltWithout("CONFIG_KALLSYMS_ALL") ? "the kernel was built without CONFIG_KALLSYMS_ALL" : undefined;
}

/** Variables the object may read (bpf/include/context.h), and others of the same kind that every kernel has. */
const KERNEL_VARIABLES = [["__preempt_count", "this_cpu_off"], ["pcpu_hot", "cpu_info"]] as const;

/**
 * The object with other variables in place of those that no program will read. libbpf looks for every variable an object
 * names, for those that this kernel does not have in all of its modules, and fails without CAP_SYS_ADMIN.
 */
function withoutKernelVariables(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const renamed = bytes.slice();
  // Names lie in string tables, each between two NULs.
  const text = new TextDecoder("latin1").decode(renamed);
  for (const [name, other] of KERNEL_VARIABLES) {
    const octets = new TextEncoder().encode(other.padEnd(name.length, "\0"));
    for (let at = text.indexOf(`\0${name}\0`); at >= 0; at = text.indexOf(`\0${name}\0`, at + 1)) {
      renamed.set(octets, at + 1);
    }
  }
  return renamed;
}
