/**
 * The libc calls the project needs, as functions that throw {@linkcode LibbpfError} with the errno of the call.
 *
 * errno is read synchronously after the failing call, through the `__errno_location` of the same thread.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { ERRNO, errnoMessage, errnoName } from "./errno.ts";
import { allocate, cString, memoryAt, textUntilNul } from "./memory.ts";

/** Symbol table of glibc, C prototype above each entry. */
const LIBC_SYMBOLS = {
  // int *__errno_location(void);
  __errno_location: { parameters: [], result: "pointer" },
  // int vsnprintf(char *str, size_t size, const char *format, va_list ap);
  vsnprintf: { parameters: ["buffer", "usize", "pointer", "buffer"], result: "i32" },
  // long sysconf(int name);
  sysconf: { parameters: ["i32"], result: "i64" },
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length);
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // int memfd_create(const char *name, unsigned int flags);
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // int open(const char *pathname, int flags, ... /* mode_t mode */);
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int openat(int dirfd, const char *pathname, int flags, ... /* mode_t mode */);
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  read: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // ssize_t write(int fd, const void *buf, size_t count);
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // int poll(struct pollfd *fds, nfds_t nfds, int timeout);
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  // int setns(int fd, int nstype);
  setns: { parameters: ["i32", "i32"], result: "i32" },
  // char *if_indextoname(unsigned int ifindex, char *ifname);
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  // int clock_gettime(clockid_t clockid, struct timespec *tp);
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // int mount(const char *source, const char *target, const char *fstype, unsigned long flags, const void *data);
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  // int umount2(const char *target, int flags);
  umount2: { parameters: ["buffer", "i32"], result: "i32" },
  // int mkdirat(int dirfd, const char *pathname, mode_t mode);
  mkdirat: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int unlinkat(int dirfd, const char *pathname, int flags);
  unlinkat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int statfs(const char *path, struct statfs *buf);
  statfs: { parameters: ["buffer", "buffer"], result: "i32" },
  // int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit);
  prlimit: { parameters: ["i32", "i32", "buffer", "buffer"], result: "i32" },
  // long syscall(long number, ...);
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64", "i64", "i64"], result: "i64" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof LIBC_SYMBOLS>;

let library: Libc | undefined;
let errnoView: Deno.UnsafePointerView | undefined;

/** libc, opened on first use; it is never closed because the runtime itself lives on it. */
function libc(): Libc["symbols"] {
  // The runtime is linked to it, so the loader answers with the copy in memory and searches no path.
  library ??= Deno.dlopen("libc.so.6", LIBC_SYMBOLS);
  return library.symbols;
}

/**
 * Opens libc now instead of on first use, so that a test's resource sanitizer does not take it for a leak of the test.
 */
export function openLibc(): void {
  lastErrno();
}

/**
 * errno of the calling thread; meaningful only directly after a failed call, before any await.
 *
 * @returns positive errno, or 0
 */
export function lastErrno(): number {
  if (errnoView === undefined) {
    const location = libc().__errno_location();
    // __errno_location answers the address of a thread-local variable and cannot fail.
    if (location === null) throw new TypeError("__errno_location() answered NULL");
    errnoView = new Deno.UnsafePointerView(location);
  }
  return errnoView.getInt32();
}

/** The error of a call that just failed. */
function failure(errno: number, operation: string): LibbpfError {
  return new LibbpfError(operation, errno, errnoName(errno), { cause: errnoMessage(errno) });
}

/** Path as C wants it; octets are taken as they are and must end in NUL. */
function cPath(path: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (typeof path === "string") return cString(path);
  if (path.at(-1) !== 0) throw new TypeError("Path octets must end in NUL");
  return path;
}

/** Flags of open(2), the same on x86-64 and arm64. */
export const OPEN_FLAG = {
  RDONLY: 0o0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/** `dirfd` that stands for the current directory. */
export const AT_FDCWD = -100;

/**
 * Opens a file: openat(2) with O_CLOEXEC added.
 *
 * @param path path, or its octets with NUL
 * @param flags of {@linkcode OPEN_FLAG}
 * @param options `dirFd`: directory a relative path starts from; `mode`: of a created file
 * @returns the descriptor
 * @throws {LibbpfError} when the kernel refuses
 */
export function openFile(
  path: string | Uint8Array<ArrayBuffer>,
  flags: number = OPEN_FLAG.RDONLY,
  options: { dirFd?: number; mode?: number } = {},
): number {
  const fd = libc().openat(options.dirFd ?? AT_FDCWD, cPath(path), flags | OPEN_FLAG.CLOEXEC, options.mode ?? 0o600);
  if (fd < 0) {
    throw failure(lastErrno(), `open ${JSON.stringify(typeof path === "string" ? path : textUntilNul(path))}`);
  }
  return fd;
}

/**
 * Reads once: read(2), again after EINTR.
 *
 * @param fd descriptor
 * @param buffer is filled from its start
 * @returns octets read; 0 at the end
 * @throws {LibbpfError} when the kernel refuses
 */
export function readFd(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  for (;;) {
    const count = Number(libc().read(fd, buffer, BigInt(buffer.length)));
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno !== ERRNO.EINTR) throw failure(errno, `read descriptor ${fd}`);
  }
}

/**
 * Reads a descriptor to its end.
 *
 * @param fd descriptor
 * @param chunkBytes size of the first buffer, which doubles when it is full
 * @returns all octets
 * @throws {LibbpfError} when the kernel refuses
 */
export function readToEnd(fd: number, chunkBytes = 65536): Uint8Array<ArrayBuffer> {
  let buffer = allocate(chunkBytes);
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      const larger = allocate(2 * length);
      larger.set(buffer);
      buffer = larger;
    }
    const count = readFd(fd, buffer.subarray(length));
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
}

/**
 * Reads a small file such as those of /proc in one go, without an exception on the hot path.
 *
 * @param path path, or its octets with NUL (saves the encoding where it is read often)
 * @param buffer is filled from its start; what does not fit is not read
 * @param dirFd directory a relative path starts from
 * @returns octets read, or the negative errno
 */
export function readFileInto(
  path: string | Uint8Array<ArrayBuffer>,
  buffer: Uint8Array<ArrayBuffer>,
  dirFd: number = AT_FDCWD,
): number {
  const c = libc();
  const fd = c.openat(dirFd, cPath(path), OPEN_FLAG.RDONLY | OPEN_FLAG.CLOEXEC, 0);
  if (fd < 0) return -lastErrno();
  let length = 0;
  let errno = 0;
  // /proc answers at most a page per read for some files, so one read is not the whole file.
  while (length < buffer.length) {
    const rest = length === 0 ? buffer : buffer.subarray(length);
    const count = Number(c.read(fd, rest, BigInt(rest.length)));
    if (count > 0) {
      length += count;
      continue;
    }
    if (count < 0) errno = lastErrno();
    if (errno !== ERRNO.EINTR) break;
    errno = 0;
  }
  c.close(fd);
  return errno === 0 ? length : -errno;
}

/**
 * Writes all octets: write(2) until done, again after EINTR.
 *
 * @param fd descriptor in blocking mode
 * @param bytes what to write
 * @throws {LibbpfError} when the kernel refuses
 */
export function writeFd(fd: number, bytes: Uint8Array<ArrayBuffer>): void {
  let rest = bytes;
  while (rest.length > 0) {
    const count = Number(libc().write(fd, rest, BigInt(rest.length)));
    if (count >= 0) {
      rest = rest.subarray(count);
      continue;
    }
    const errno = lastErrno();
    if (errno !== ERRNO.EINTR) throw failure(errno, `write descriptor ${fd}`);
  }
}

/**
 * Closes a descriptor.
 *
 * @param fd descriptor
 * @throws {LibbpfError} when it is not open
 */
export function closeFd(fd: number): void {
  // Linux frees the descriptor even when close answers EINTR: trying again could close another's.
  if (libc().close(fd) < 0 && lastErrno() !== ERRNO.EINTR) throw failure(lastErrno(), `close descriptor ${fd}`);
}

/**
 * Makes a file that lives in memory only, closed on exec.
 *
 * @param name shown in /proc/self/maps
 * @returns its descriptor
 * @throws {LibbpfError} when the kernel refuses
 */
export function memfdCreate(name: string): number {
  const MFD_CLOEXEC = 1;
  const fd = libc().memfd_create(cString(name), MFD_CLOEXEC);
  if (fd < 0) throw failure(lastErrno(), "create a file in memory");
  return fd;
}

/**
 * Size of a memory page.
 *
 * @returns octets
 */
export function pageSize(): number {
  const SC_PAGESIZE = 30;
  return Number(libc().sysconf(SC_PAGESIZE));
}

/** Shared memory mapped from a descriptor. */
export interface Mapping {
  readonly pointer: Deno.PointerObject;
  readonly sizeBytes: number;
  /** The memory itself; {@linkcode munmap} empties it. */
  readonly buffer: ArrayBuffer;
}

/**
 * Maps a descriptor shared: mmap(2) with MAP_SHARED.
 *
 * @param fd descriptor
 * @param sizeBytes length of the mapping
 * @param options `writable`; `offsetBytes`: multiple of the page size; `operation`: named in the error
 * @returns the mapping, to be given back with {@linkcode munmap}
 * @throws {LibbpfError} when the kernel refuses
 */
export function mmap(
  fd: number,
  sizeBytes: number,
  options: { writable?: boolean; offsetBytes?: number; operation?: string } = {},
): Mapping {
  const PROT_READ = 1;
  const PROT_WRITE = 2;
  const MAP_SHARED = 1;
  const protection = options.writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const pointer = libc().mmap(null, BigInt(sizeBytes), protection, MAP_SHARED, fd, BigInt(options.offsetBytes ?? 0));
  // MAP_FAILED is (void *)-1.
  if (pointer === null || Deno.UnsafePointer.value(pointer) === 0xffff_ffff_ffff_ffffn) {
    throw failure(lastErrno(), options.operation ?? `map ${sizeBytes} octets of descriptor ${fd}`);
  }
  return { pointer, sizeBytes, buffer: memoryAt(pointer, sizeBytes) };
}

/**
 * Gives a mapping back and empties every view of it.
 *
 * @param mapping from {@linkcode mmap}, used once
 */
export function munmap(mapping: Mapping): void {
  // Detached first: a view kept too long then reads nothing instead of unmapped memory.
  mapping.buffer.transfer(0);
  libc().munmap(mapping.pointer, BigInt(mapping.sizeBytes));
}

/** Events of poll(2). */
export const POLL_EVENT = { IN: 1, OUT: 4, ERR: 8, HUP: 16, NVAL: 32 } as const;

/**
 * Waits, blocking the thread, until a descriptor is ready: poll(2).
 *
 * @param fd descriptor
 * @param events of {@linkcode POLL_EVENT}
 * @param timeoutMs 0 answers at once, -1 waits for ever
 * @returns the events that are there; 0 after the timeout or a signal
 * @throws {LibbpfError} when the kernel refuses
 */
export function pollFd(fd: number, events: number, timeoutMs: number): number {
  // struct pollfd { int fd; short events; short revents; }
  const view = new DataView(new ArrayBuffer(8));
  view.setInt32(0, fd, true);
  view.setInt16(4, events, true);
  const count = libc().poll(new Uint8Array(view.buffer), 1n, timeoutMs);
  if (count >= 0) return count === 0 ? 0 : view.getUint16(6, true);
  const errno = lastErrno();
  if (errno === ERRNO.EINTR) return 0;
  throw failure(errno, `poll descriptor ${fd}`);
}

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
  soft: bigint;
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

/**
 * Any system call with integer arguments: syscall(2).
 *
 * @param number of the system call, architecture-specific
 * @param args up to six
 * @returns its result, or the negative errno
 */
export function syscall(number: number, ...args: (number | bigint)[]): number {
  const argument = (index: number): bigint => BigInt(args[index] ?? 0);
  const result = libc().syscall(
    BigInt(number),
    argument(0),
    argument(1),
    argument(2),
    argument(3),
    argument(4),
    argument(5),
  );
  return result < 0n ? -lastErrno() : Number(result);
}

/**
 * Formats like printf, for callbacks that receive a `va_list`.
 *
 * @param buffer is filled, with NUL
 * @param format the format, valid during the call
 * @param vaList copy of the `va_list`, which the call uses up
 * @returns octets the whole text needs without NUL; more than fits when it was cut; negative on a bad format
 */
export function formatVaList(
  buffer: Uint8Array<ArrayBuffer>,
  format: Deno.PointerValue,
  vaList: Uint8Array<ArrayBuffer>,
): number {
  return libc().vsnprintf(buffer, BigInt(buffer.length), format, vaList);
}
