/**
 * Finds out by trying whether this kernel takes a program.
 *
 * @module
 */

import { CulpritError } from "../src/errors.ts";
import { ERRNO } from "./errno.ts";
import { syscall } from "./libc.ts";
import { addressOf, allocate, cString, whilePinned } from "./memory.ts";
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
    attach?: ((program: BpfProgram, object: BpfObject) => BpfLink) | undefined;
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
    options.attach?.(wanted, object).close();
    return { ok: true };
  } catch (error) {
    if (error instanceof CulpritError) return { ok: false, step, error };
    throw error;
  }
}

/** Number of bpf(2). */
const SYS_BPF = Deno.build.arch === "aarch64" ? 280 : 321;
/** BPF_PROG_LOAD, BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT (include/uapi/linux/bpf.h). */
const PROG_LOAD = 5;
const PROG_TYPE_TRACING = 26;
const ATTACH_TRACE_FEXIT = 25;
/** Offsets and size of what is used of `union bpf_attr` for BPF_PROG_LOAD; the same since Linux 5.5. */
const ATTR = { progType: 0, insnCount: 4, insns: 8, license: 16, attachType: 68, attachBtfId: 108, size: 120 } as const;
/**
 * Whether the kernel forbids this process programs at functions (fentry, fexit), as some hardened ones do. It says so
 * before it looks where a program is to be attached, so this takes microseconds. False does not mean that it has them.
 *
 * @returns true for EPERM
 */
export function forbidsFunctionPrograms(): boolean {
  const license = cString("GPL");
  // r0 = 0; exit
  const instructions = allocate(16);
  instructions.set([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95]);
  const octets = allocate(ATTR.size);
  const attr = new DataView(octets.buffer);
  attr.setUint32(ATTR.progType, PROG_TYPE_TRACING, true);
  attr.setUint32(ATTR.insnCount, instructions.length / 8, true);
  attr.setBigUint64(ATTR.insns, addressOf(instructions), true);
  attr.setBigUint64(ATTR.license, addressOf(license), true);
  attr.setUint32(ATTR.attachType, ATTACH_TRACE_FEXIT, true);
  // The first type of the kernel is no function: it never gets as far as loading.
  attr.setUint32(ATTR.attachBtfId, 1, true);
  return whilePinned(
    [license, instructions, octets],
    () => syscall(SYS_BPF, PROG_LOAD, addressOf(octets), ATTR.size) === -ERRNO.EPERM,
  );
}
