/**
 * Why the kernel answered EPERM: what this process may not do.
 *
 * @module
 */

/** Bits of the capabilities loading BPF needs (linux/capability.h), by name. */
const CAPABILITY_BIT = {
  CAP_NET_ADMIN: 12n,
  CAP_SYS_ADMIN: 21n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
} as const;

/**
 * Capabilities that loading tracing and network programs needs and this process lacks. CAP_SYS_ADMIN stands for
 * CAP_BPF and CAP_PERFMON, as it does in the kernel.
 *
 * @param status text of /proc/PID/status, of the calling thread without it
 * @returns names, empty when nothing is missing
 */
export function missingBpfCapabilities(status: string = Deno.readTextFileSync("/proc/thread-self/status")): string[] {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const has = (name: keyof typeof CAPABILITY_BIT): boolean => ((effective >> CAPABILITY_BIT[name]) & 1n) === 1n;
  if (has("CAP_SYS_ADMIN")) return has("CAP_NET_ADMIN") ? [] : ["CAP_NET_ADMIN"];
  return (["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"] as const).filter((name) => !has(name));
}

/**
 * Whether the process may lock only little memory. Kernels before 5.11 charge maps to this limit; libbpf raises it
 * where it is allowed to.
 *
 * @param limits text of /proc/PID/limits, of this process without it
 * @param release of the kernel, as `uname -r` prints it
 * @returns true when there is a limit; false on newer kernels, which may refuse for other reasons
 */
export function isMemlockLimited(
  limits: string = Deno.readTextFileSync("/proc/self/limits"),
  release: string = Deno.osRelease(),
): boolean {
  const [major = 0, minor = 0] = release.split(".", 2).map((part) => parseInt(part, 10));
  if (major > 5 || (major === 5 && minor >= 11)) return false;
  return /^Max locked memory\s+\d+/m.test(limits);
}

/**
 * Whether the process is root only inside a user namespace, where capabilities do not count for BPF.
 *
 * @param uidMap text of /proc/PID/uid_map, of this process without it
 * @returns true when it is
 */
export function isInUserNamespace(uidMap: string = Deno.readTextFileSync("/proc/self/uid_map")): boolean {
  return uidMap.trim().split(/\s+/).join(" ") !== "0 0 4294967295";
}
