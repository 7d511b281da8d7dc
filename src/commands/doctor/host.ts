/**
 * What `culprit doctor` looks at: one interface, so that every outcome can be tested on any host.
 *
 * @module
 */

import {
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
import { findAsset } from "../../assets.ts";
import { cgroup2Root } from "../../host/cgroup2.ts";
import {
  btfSizeBytes,
  type CapabilityName,
  effectiveCapabilities,
  isInInitialPidNamespace,
  kernelRelease,
  type LockdownState,
  lockdownState,
  unprivilegedBpfDisabled,
} from "../../host/kernel.ts";
import { procGap, scanProcesses } from "../../host/proc.ts";
import { readObject, whyNoKernelVariables } from "../../object.ts";
import { libcTargets, type SensorProgram } from "../../sensor.ts";

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
  /** Opens libbpf. */
  openLibbpf(path: string | undefined): { readonly path: string; readonly version: string };
  /** Reads the BPF object. */
  readObject(): Uint8Array<ArrayBuffer>;
  /** Why variables of the kernel cannot be read; undefined when they can. */
  whyNoKernelVariables(): string | undefined;
  /** Finds the root of cgroup v2, and takes a private mount away again. */
  findCgroupRoot(): { readonly path: string; readonly isPrivate: boolean };
  /** Creates the maps of the object, with a ring of that size, and frees them again. */
  createMaps(object: Uint8Array<ArrayBuffer>, ringSizeBytes: number): void;
  /** Loads a program by itself, attaches it for a moment and frees it again. */
  tryProgram(object: Uint8Array<ArrayBuffer>, program: SensorProgram): ProbeResult;
}

/** A ring nobody writes to: it only has to exist for programs that refer to it. */
const PROBE_RING_BYTES = 64 * 1024;

/** This host. */
export class LiveHost implements DoctorHost, Disposable {
  readonly release = kernelRelease;
  readonly btfSizeBytes = btfSizeBytes;
  readonly isInInitialPidNamespace = isInInitialPidNamespace;
  readonly unprivilegedBpfDisabled = unprivilegedBpfDisabled;

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

  readonly whyNoKernelVariables = whyNoKernelVariables;

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

  /** See {@linkcode DoctorHost.tryProgram}. */
  tryProgram(object: Uint8Array<ArrayBuffer>, program: SensorProgram): ProbeResult {
    using stack = new DisposableStack();
    return probeProgram(object, program.name, {
      name: "culprit",
      configure: (opened) => opened.map("events").setMaxEntries(PROBE_RING_BYTES),
      attach: (loaded) => {
        if (program.attach === "iterator") return loaded.attachIterator();
        if (program.attach === "tracing") return loaded.attach();
        if (program.attach === "libc") {
          // All or none are there.
          const [first] = libcTargets(program);
          if (first !== undefined) return loaded.attachUprobe(first);
        }
        const root = stack.use(cgroup2Root());
        return loaded.attachCgroup(stack.adopt(openFile(root.path), closeFd));
      },
    });
  }

  /** Closes libbpf. */
  [Symbol.dispose](): void {
    closeLibrary();
  }
}
