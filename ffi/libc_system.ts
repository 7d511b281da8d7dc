/**
 * The calls of libc that are about the system: namespaces, devices, clocks, mounts, directories and limits.
 *
 * @module
 */

import { AT_FDCWD, failure, lastErrno, libc } from "./_libc.ts";
import { allocate, cString, textUntilNul } from "./memory.ts";

/**
 * Moves the calling thread into a namespace: setns(2). Other threads of the runtime stay where they are.
 *
 * @param fd descriptor of /proc/PID/ns/X
 * @param namespaceType CLONE_NEW* flag it must have, 0 for any
 * @throws {LibbpfError} when the kernel refuses
 */
export function setns(fd: number, namespaceType = 0): void {
  if (libc().setns(fd, namespaceType) < 0) throw failure(lastErrno(), "enter a namespace");
}

/**
 * Name of a network device in the network namespace of the calling thread.
 *
 * @param index number of the device
 * @returns its name, or undefined when there is no such device
 */
export function interfaceName(index: number): string | undefined {
  const IF_NAMESIZE = 16;
  const name = allocate(IF_NAMESIZE);
  return libc().if_indextoname(index, name) === null ? undefined : textUntilNul(name);
}

/**
 * Release of the kernel: uname(2), which needs no /proc.
 *
 * @returns for example `6.1.0-18-amd64`
 * @throws {LibbpfError} when the kernel refuses, which it never does
 */
export function unameRelease(): string {
  // struct utsname of Linux: six texts of 65 octets, the release third.
  const TEXT_OCTETS = 65;
  const names = allocate(6 * TEXT_OCTETS);
  if (libc().uname(names) < 0) throw failure(lastErrno(), "ask for the name of the kernel");
  return textUntilNul(names.subarray(2 * TEXT_OCTETS, 3 * TEXT_OCTETS));
}

/** Clocks of clock_gettime(2). */
export const CLOCK = { REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7 } as const;

/**
 * Reads a clock.
 *
 * @param clock of {@linkcode CLOCK}
 * @returns nanoseconds
 * @throws {LibbpfError} when there is no such clock
 */
export function clockNs(clock: number): bigint {
  const timespec = new BigInt64Array(new ArrayBuffer(16));
  if (libc().clock_gettime(clock, new Uint8Array(timespec.buffer)) < 0) {
    throw failure(lastErrno(), `read clock ${clock}`);
  }
  return (timespec[0] ?? 0n) * 1_000_000_000n + (timespec[1] ?? 0n);
}

/**
 * Mounts a file system: mount(2).
 *
 * @param source device, or a name for file systems without one
 * @param target existing directory
 * @param fileSystem for example `cgroup2`
 * @param options `flags`: MS_* bits; `data`: options of the file system
 * @throws {LibbpfError} when the kernel refuses
 */
export function mount(
  source: string,
  target: string,
  fileSystem: string,
  options: { flags?: number; data?: string } = {},
): void {
  const data = options.data === undefined ? null : cString(options.data);
  const flags = BigInt(options.flags ?? 0);
  if (libc().mount(cString(source), cString(target), cString(fileSystem), flags, data) < 0) {
    throw failure(lastErrno(), `mount ${fileSystem} on ${JSON.stringify(target)}`);
  }
}

/** Flag of {@linkcode umount}: out of sight now, freed when nothing uses it. */
export const MNT_DETACH = 2;

/**
 * Unmounts a file system: umount2(2).
 *
 * @param target where it is mounted
 * @param flags for example {@linkcode MNT_DETACH}
 * @throws {LibbpfError} when the kernel refuses
 */
export function umount(target: string, flags = 0): void {
  if (libc().umount2(cString(target), flags) < 0) throw failure(lastErrno(), `unmount ${JSON.stringify(target)}`);
}

/**
 * Makes a directory: mkdirat(2).
 *
 * @param path path
 * @param options `dirFd`: directory a relative path starts from; `mode` (0700 without it)
 * @throws {LibbpfError} when the kernel refuses
 */
export function makeDirectory(path: string, options: { dirFd?: number; mode?: number } = {}): void {
  if (libc().mkdirat(options.dirFd ?? AT_FDCWD, cString(path), options.mode ?? 0o700) < 0) {
    throw failure(lastErrno(), `make directory ${JSON.stringify(path)}`);
  }
}

/**
 * Removes an empty directory: unlinkat(2) with AT_REMOVEDIR.
 *
 * @param path path
 * @param dirFd directory a relative path starts from
 * @throws {LibbpfError} when the kernel refuses
 */
export function removeDirectory(path: string, dirFd: number = AT_FDCWD): void {
  const AT_REMOVEDIR = 0x200;
  if (libc().unlinkat(dirFd, cString(path), AT_REMOVEDIR) < 0) {
    throw failure(lastErrno(), `remove directory ${JSON.stringify(path)}`);
  }
}

/** Magic numbers of linux/magic.h that {@linkcode fileSystemType} may answer. */
export const FILE_SYSTEM_TYPE = {
  CGROUP2: 0x63677270,
  CGROUP: 0x27e0eb,
  BPF: 0xcafe4a11,
  PROC: 0x9fa0,
  TMPFS: 0x01021994,
} as const;

/**
 * What kind of file system a path is on: statfs(2).
 *
 * @param path existing path
 * @returns its magic number, see {@linkcode FILE_SYSTEM_TYPE}
 * @throws {LibbpfError} when the kernel refuses
 */
export function fileSystemType(path: string): number {
  // struct statfs of 64-bit Linux is 120 octets and opens with `long f_type`.
  const buffer = allocate(128);
  if (libc().statfs(cString(path), buffer) < 0) {
    throw failure(lastErrno(), `find the file system of ${JSON.stringify(path)}`);
  }
  return new DataView(buffer.buffer).getUint32(0, true);
}

/** Resources of prlimit(2). */
export const RESOURCE = { NOFILE: 7, MEMLOCK: 8 } as const;

/** RLIM_INFINITY. */
export const RLIMIT_INFINITY = 0xffff_ffff_ffff_ffffn;

/** A resource limit; {@linkcode RLIMIT_INFINITY} is none. */
export interface ResourceLimit {
  /** What is enforced. */
  soft: bigint;
  /** How far an unprivileged process may raise it. */
  hard: bigint;
}

/**
 * A resource limit of this process, optionally replaced.
 *
 * @param resource of {@linkcode RESOURCE}
 * @param replacement new limit
 * @returns the limit before
 * @throws {LibbpfError} when the kernel refuses
 */
export function resourceLimit(resource: number, replacement?: ResourceLimit): ResourceLimit {
  const previous = new BigUint64Array(new ArrayBuffer(16));
  const next = replacement && new BigUint64Array([replacement.soft, replacement.hard]);
  const result = libc().prlimit(
    0,
    resource,
    next === undefined ? null : new Uint8Array(next.buffer),
    new Uint8Array(previous.buffer),
  );
  if (result < 0) {
    throw failure(lastErrno(), `${replacement === undefined ? "read" : "set"} resource limit ${resource}`);
  }
  return { soft: previous[0] ?? 0n, hard: previous[1] ?? 0n };
}
