/**
 * What `culprit doctor` looks at: one interface, so that every outcome can be tested on any host.
 *
 * @module
 */

import {
  type BpfLink,
  BpfObject,
  closeFd,
  closeLibrary,
  configureLibrary,
  isInUserNamespace,
  isMemlockLimited,
  libbpf,
  missingBpfCapabilities,
  openFile,
  probeProgram,
  type ProbeResult,
} from "../../../ffi/mod.ts";
import { CulpritError } from "../../errors.ts";
import { findAsset } from "../../assets.ts";
import { cgroup2Root } from "../../host/cgroup2.ts";
import {
  btfSizeBytes,
  type CapabilityName,
  effectiveCapabilities,
  isInInitialPidNamespace,
  isProcSubset,
  kernelRelease,
  type LockdownState,
  lockdownState,
  unprivilegedBpfDisabled,
} from "../../host/kernel.ts";
import { procGap, scanProcesses } from "../../host/proc.ts";
import { readObject } from "../../object.ts";
import { libcTargets, programOf, type SensorProgram } from "../../sensor.ts";
import { whyRefused } from "../../sensor_choice.ts";

/** What the checks ask. Methods that try something throw the `CulpritError` that says why it failed. */
export interface DoctorHost {
  /** As `uname -r` prints it. */
  release(): string;
  /** Octets of the kernel's BTF; undefined when there is none. */
  btfSizeBytes(): number | undefined;
  isInInitialPidNamespace(): boolean;
  isInUserNamespace(): boolean;
  capabilities(): ReadonlySet<CapabilityName>;
  /** Those without which no program can be loaded. */
  missingCapabilities(): readonly string[];
  lockdown(): LockdownState | undefined;
  /** kernel.unprivileged_bpf_disabled; undefined when it may not be read. */
  unprivilegedBpfDisabled(): number | undefined;
  /** Whether RLIMIT_MEMLOCK is set. */
  isMemlockLimited(): boolean;
  /** Processes /proc lists, how many of them it may not be asked about, and why it does not list all. */
  countProcesses(): { readonly listed: number; readonly refused: number; readonly gap?: string };
  /** Whether /proc shows processes only, and nothing of the kernel. */
  isProcSubset(): boolean;
  /** Opens libbpf. */
  openLibbpf(path: string | undefined): { readonly path: string; readonly version: string };
  /** Reads the BPF object. */
  readObject(): Uint8Array<ArrayBuffer>;
  /** Why a program need not be tried; undefined where only trying tells. */
  whyRefused(program: SensorProgram): string | undefined;
  /** Finds the root of cgroup v2, and takes a private mount away again. */
  findCgroupRoot(): { readonly path: string; readonly isPrivate: boolean };
  /** Creates the maps of the object, with a ring of that size, and frees them again. */
  createMaps(object: Uint8Array<ArrayBuffer>, ringSizeBytes: number): void;
  /** Loads programs together, those that can be: {@linkcode tryProgram} need not load them one by one. */
  loadPrograms(object: Uint8Array<ArrayBuffer>, programs: readonly SensorProgram[]): void;
  /** Loads a program where it is not loaded yet, attaches it for a moment and frees it again. */
  tryProgram(object: Uint8Array<ArrayBuffer>, program: SensorProgram): ProbeResult;
}

/** A ring nobody writes to: it only has to exist for programs that refer to it. */
const PROBE_RING_BYTES = 64 * 1024;

/** This host. */
export class LiveHost implements DoctorHost, Disposable {
  readonly release = kernelRelease;
  readonly btfSizeBytes = btfSizeBytes;
  readonly isInInitialPidNamespace = isInInitialPidNamespace;
  readonly isProcSubset = isProcSubset;
  readonly unprivilegedBpfDisabled = unprivilegedBpfDisabled;
  readonly #refused = new Map<string, ProbeResult>();
  #loaded: BpfObject | undefined;

  /** See {@linkcode DoctorHost.isInUserNamespace}. */
  isInUserNamespace(): boolean {
    return isInUserNamespace();
  }

  /** See {@linkcode DoctorHost.capabilities}. */
  capabilities(): ReadonlySet<CapabilityName> {
    return effectiveCapabilities();
  }

  /** See {@linkcode DoctorHost.missingCapabilities}. */
  missingCapabilities(): readonly string[] {
    return missingBpfCapabilities();
  }

  /** See {@linkcode DoctorHost.lockdown}. */
  lockdown(): LockdownState | undefined {
    return lockdownState();
  }

  /** See {@linkcode DoctorHost.isMemlockLimited}. */
  isMemlockLimited(): boolean {
    return isMemlockLimited();
  }

  /** See {@linkcode DoctorHost.countProcesses}. */
  countProcesses(): { readonly listed: number; readonly refused: number; readonly gap?: string } {
    const processes = scanProcesses();
    const counts = { listed: processes.length, refused: processes.filter(({ exe }) => exe === "unknown").length };
    const gap = procGap();
    return gap === undefined ? counts : { ...counts, gap: gap.reason };
  }

  /** See {@linkcode DoctorHost.openLibbpf}. */
  openLibbpf(path: string | undefined): { readonly path: string; readonly version: string } {
    configureLibrary({ path, bytes: findAsset("libbpf.so.1") });
    return libbpf();
  }

  readonly whyRefused = whyRefused;

  /** See {@linkcode DoctorHost.readObject}. */
  readObject(): Uint8Array<ArrayBuffer> {
    return readObject();
  }

  /** See {@linkcode DoctorHost.findCgroupRoot}. */
  findCgroupRoot(): { readonly path: string; readonly isPrivate: boolean } {
    using root = cgroup2Root();
    return { path: root.path, isPrivate: root.isPrivate };
  }

  /** See {@linkcode DoctorHost.createMaps}. */
  createMaps(object: Uint8Array<ArrayBuffer>, ringSizeBytes: number): void {
    using opened = BpfObject.openMemory(object, { name: "culprit" });
    for (const program of opened.programs()) program.setAutoload(false);
    opened.map("events").setMaxEntries(ringSizeBytes);
    opened.load();
  }

  /** See {@linkcode DoctorHost.loadPrograms}. */
  loadPrograms(object: Uint8Array<ArrayBuffer>, programs: readonly SensorProgram[]): void {
    const wanted = new Set(programs.map(({ name }) => name));
    while (wanted.size > 0) {
      const outcome = loadTogether(object, wanted);
      if (outcome instanceof BpfObject) {
        this.#loaded = outcome;
        return;
      }
      const rejected = programOf(outcome);
      // What is wrong with all of them is found again with the first that is tried by itself.
      if (rejected === undefined || !wanted.delete(rejected)) return;
      this.#refused.set(rejected, { ok: false, step: "load", error: outcome });
    }
  }

  /** See {@linkcode DoctorHost.tryProgram}. */
  tryProgram(object: Uint8Array<ArrayBuffer>, program: SensorProgram): ProbeResult {
    const refused = this.#refused.get(program.name);
    if (refused !== undefined) return refused;
    using stack = new DisposableStack();
    if (this.#loaded?.program(program.name).autoload === true) {
      try {
        attach(this.#loaded, program, stack).close();
        return { ok: true };
      } catch (error) {
        if (error instanceof CulpritError) return { ok: false, step: "attach", error };
        throw error;
      }
    }
    return probeProgram(object, program.name, {
      name: "culprit",
      configure: (opened) => opened.map("events").setMaxEntries(PROBE_RING_BYTES),
      attach: (_, alone) => attach(alone, program, stack),
    });
  }

  /** Unloads what was loaded and closes libbpf. */
  [Symbol.dispose](): void {
    this.#loaded?.close();
    closeLibrary();
  }
}

/** Loads some programs of the object; returns what went wrong where the kernel does not take all of them. */
function loadTogether(bytes: Uint8Array<ArrayBuffer>, wanted: ReadonlySet<string>): BpfObject | CulpritError {
  using stack = new DisposableStack();
  try {
    const object = stack.use(BpfObject.openMemory(bytes, { name: "culprit" }));
    for (const program of object.programs()) program.setAutoload(wanted.has(program.name));
    object.map("events").setMaxEntries(PROBE_RING_BYTES);
    object.load();
    stack.move();
    return object;
  } catch (error) {
    if (error instanceof CulpritError) return error;
    throw error;
  }
}

/** Attaches a loaded program; what that takes is disposed with the stack. */
function attach(object: BpfObject, program: SensorProgram, stack: DisposableStack): BpfLink {
  const loaded = object.program(program.name);
  if (program.map !== undefined) return loaded.attachIterator({ mapFd: object.map(program.map).fd });
  if (program.attach === "iterator") return loaded.attachIterator();
  if (program.attach === "tracing") return loaded.attach();
  if (program.attach === "libc") {
    // All or none are there.
    const [first] = libcTargets(program);
    if (first !== undefined) return loaded.attachUprobe(first);
  }
  const root = stack.use(cgroup2Root());
  return loaded.attachCgroup(stack.adopt(openFile(root.path), closeFd));
}
