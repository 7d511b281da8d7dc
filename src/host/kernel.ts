/**
 * What the running kernel is and lets this process do. Nothing here needs privilege; what may not be read is unknown.
 *
 * @module
 */

import { unameRelease } from "../../ffi/libc_system.ts";
import { readOptional } from "./files.ts";
import { nodeModule } from "./node.ts";

/** Names of capabilities (linux/capability.h), by bit. */
const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_DAC_READ_SEARCH",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETPCAP",
  "CAP_LINUX_IMMUTABLE",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_ADMIN",
  "CAP_NET_RAW",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_SYS_MODULE",
  "CAP_SYS_RAWIO",
  "CAP_SYS_CHROOT",
  "CAP_SYS_PTRACE",
  "CAP_SYS_PACCT",
  "CAP_SYS_ADMIN",
  "CAP_SYS_BOOT",
  "CAP_SYS_NICE",
  "CAP_SYS_RESOURCE",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_MKNOD",
  "CAP_LEASE",
  "CAP_AUDIT_WRITE",
  "CAP_AUDIT_CONTROL",
  "CAP_SETFCAP",
  "CAP_MAC_OVERRIDE",
  "CAP_MAC_ADMIN",
  "CAP_SYSLOG",
  "CAP_WAKE_ALARM",
  "CAP_BLOCK_SUSPEND",
  "CAP_AUDIT_READ",
  "CAP_PERFMON",
  "CAP_BPF",
  "CAP_CHECKPOINT_RESTORE",
] as const;

/** Name of a capability, for example `CAP_BPF`. */
export type CapabilityName = typeof CAPABILITIES[number];

/** Inode number of the initial pid namespace (PROC_PID_INIT_INO of include/linux/proc_ns.h). */
const INITIAL_PID_NAMESPACE = "pid:[4026531836]";

/**
 * Release of the running kernel.
 *
 * @returns as `uname -r` prints it, for example `6.1.0-18-amd64`
 */
export function kernelRelease(): string {
  // Deno 2.9 reads it from /proc/sys, and is content with nothing where that is hidden.
  return Deno.osRelease() || unameRelease();
}

/**
 * Compares a release with the one something first came with.
 *
 * @param release as `uname -r` prints it
 * @param minimum for example `5.10`
 * @returns whether the release is that or newer; false when it does not start with a version
 */
export function isAtLeast(release: string, minimum: string): boolean {
  const [major, minor] = minimum.split(".").map(Number);
  const match = /^(\d+)\.(\d+)/.exec(release);
  if (match === null) return false;
  const difference = Number(match[1]) - (major ?? 0) || Number(match[2]) - (minor ?? 0);
  return difference >= 0;
}

/** Where a kernel shows the options of its build, compressed. */
const CONFIG_PATH = "/proc/config.gz";

/** What {@linkcode loadKernelConfig} read. */
let loadedConfig: string | undefined;

/**
 * Reads the options of the running kernel's build ahead, where they are compressed: node:zlib, which whoever cannot wait
 * has to load, takes 20 ms.
 */
export async function loadKernelConfig(): Promise<void> {
  const bytes = readOptionalBytes(CONFIG_PATH);
  if (bytes === undefined) return;
  // Not by way of a Response, which takes as long to load.
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  const written = writer.write(bytes).then(() => writer.close());
  const decoder = new TextDecoder("latin1");
  let config = "";
  for await (const part of readable) config += decoder.decode(part);
  await written;
  loadedConfig = config;
}

/** Options of the running kernel's build, where they are kept. */
function kernelConfig(): string | undefined {
  if (loadedConfig !== undefined) return loadedConfig;
  const bytes = readOptionalBytes(CONFIG_PATH);
  if (bytes === undefined) return readOptional(`/boot/config-${kernelRelease()}`);
  return nodeModule("node:zlib").gunzipSync(bytes).toString("latin1");
}

/** A file that not every host has, or shows. */
function readOptionalBytes(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/**
 * Whether the running kernel was built without an option.
 *
 * @param option for example `CONFIG_KALLSYMS_ALL`
 * @param config options of the build, read from /proc/config.gz or /boot when absent
 * @returns true when it is known to be missing; false also where nothing tells
 */
export function isBuiltWithout(option: string, config: string | undefined = kernelConfig()): boolean {
  return config !== undefined && !new RegExp(`^${option}=[ym]$`, "m").test(config);
}

/** Where the kernel shows its own types. */
export const BTF_PATH = "/sys/kernel/btf/vmlinux";

/**
 * Size of the kernel's BTF.
 *
 * @returns octets; undefined when the kernel has none, or /sys is not mounted
 */
export function btfSizeBytes(): number | undefined {
  try {
    return Deno.statSync(BTF_PATH).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

/**
 * Whether /proc holds processes and nothing else: mounted with `subset=pid` (Linux 5.8).
 *
 * @returns true when settings, options and symbols of the kernel cannot be read there
 */
export function isProcSubset(): boolean {
  return readOptional("/proc/version") === undefined;
}

/** How far the kernel is locked down (kernel_lockdown(7)). */
export type LockdownState = "none" | "integrity" | "confidentiality";

/**
 * How far the kernel is locked down.
 *
 * @param text content of /sys/kernel/security/lockdown, which is read when this is absent
 * @returns the state in force; undefined when securityfs is not mounted or the kernel has no lockdown
 */
export function lockdownState(
  text: string | undefined = readOptional("/sys/kernel/security/lockdown"),
): LockdownState | undefined {
  const state = /\[(none|integrity|confidentiality)\]/.exec(text ?? "")?.[1];
  return state as LockdownState | undefined;
}

/**
 * Capabilities that are in effect.
 *
 * @param status text of /proc/PID/status, of the calling thread when absent
 * @returns names, in the order of their bits
 */
export function effectiveCapabilities(
  status: string = Deno.readTextFileSync("/proc/thread-self/status"),
): ReadonlySet<CapabilityName> {
  const bits = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  return new Set(CAPABILITIES.filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n));
}

/**
 * Whether the pids this process sees are those of the kernel.
 *
 * @returns false in a pid namespace, where events would name processes by numbers nobody there knows
 */
export function isInInitialPidNamespace(): boolean {
  return Deno.readLinkSync("/proc/self/ns/pid") === INITIAL_PID_NAMESPACE;
}

/**
 * The setting of kernel.unprivileged_bpf_disabled.
 *
 * @returns 0 (allowed), 1 (forbidden until boot) or 2 (forbidden); undefined when it may not be read
 */
export function unprivilegedBpfDisabled(): number | undefined {
  const text = readOptional("/proc/sys/kernel/unprivileged_bpf_disabled");
  return text === undefined ? undefined : Number(text);
}
