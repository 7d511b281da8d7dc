/**
 * The libc calls the project needs, as functions that throw {@linkcode LibbpfError} with the errno of the call: here
 * those on descriptors and memory, in libc_system.ts the others.
 *
 * errno is read synchronously after the failing call, through the `__errno_location` of the same thread.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { AT_FDCWD, failure, lastErrno, libc } from "./_libc.ts";
import { ERRNO } from "./errno.ts";
import { allocate, cString, detach, memoryAt, textUntilNul } from "./memory.ts";

export { AT_FDCWD, lastErrno, openLibc } from "./_libc.ts";
export * from "./libc_system.ts";

/** Path as C wants it; octets are taken as they are and must end in NUL. */
function cPath(path: string | Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (typeof path === "string") return cString(path);
  if (path.at(-1) !== 0) throw new TypeError("Path octets must end in NUL");
  return path;
}

/** O_NOFOLLOW: the last part of the path is no symbolic link. Another number on arm64. */
export const NOFOLLOW: number = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;

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
 * Reads once from an iterator. The kernel answers EAGAIN when it went through a million objects without output: it goes
 * on from there.
 *
 * @param fd descriptor of an iterator, or one that waits
 * @param buffer is filled from its start
 * @returns octets read, 0 at the end
 * @throws {LibbpfError} when the kernel refuses
 */
export function readIteratorFd(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
  for (;;) {
    try {
      return readFd(fd, buffer);
    } catch (error) {
      if (!(error instanceof LibbpfError) || error.errno !== ERRNO.EAGAIN) throw error;
    }
  }
}

/**
 * Reads a descriptor to its end.
 *
 * @param fd descriptor of an iterator, or one that waits
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
    const count = readIteratorFd(fd, buffer.subarray(length));
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
 * Writes all octets: write(2) until done, again after EINTR; waits while a descriptor in non-blocking mode is full.
 *
 * @param fd descriptor
 * @param bytes what to write
 * @param onPart told the octets written so far after every part, so that the caller knows them when more fails
 * @throws {LibbpfError} when the kernel refuses
 */
export function writeFd(fd: number, bytes: Uint8Array<ArrayBuffer>, onPart?: (written: number) => void): void {
  for (let written = 0; written < bytes.length;) {
    const rest = written === 0 ? bytes : bytes.subarray(written);
    const count = Number(libc().write(fd, rest, BigInt(rest.length)));
    if (count >= 0) {
      written += count;
      onPart?.(written);
      continue;
    }
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN) pollFd(fd, POLL_EVENT.OUT, -1);
    else if (errno !== ERRNO.EINTR) throw failure(errno, `write descriptor ${fd}`);
  }
}

/**
 * Writes once: write(2), again after EINTR.
 *
 * @param fd descriptor
 * @param bytes what to write
 * @returns octets written; 0 where a descriptor in non-blocking mode is full
 * @throws {LibbpfError} when the kernel refuses
 */
export function writeFdOnce(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
  for (;;) {
    const count = Number(libc().write(fd, bytes, BigInt(bytes.length)));
    if (count >= 0) return count;
    const errno = lastErrno();
    if (errno === ERRNO.EAGAIN) return 0;
    if (errno !== ERRNO.EINTR) throw failure(errno, `write descriptor ${fd}`);
  }
}

/**
 * Cuts a file off, or makes it longer: ftruncate(2).
 *
 * @param fd descriptor of a file, open for writing
 * @param sizeBytes its new length
 * @throws {LibbpfError} when the kernel refuses
 */
export function truncateFd(fd: number, sizeBytes: number): void {
  if (libc().ftruncate(fd, BigInt(sizeBytes)) < 0) throw failure(lastErrno(), `truncate descriptor ${fd}`);
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
  /** First octet. */
  readonly pointer: Deno.PointerObject;
  /** Length of the mapping. */
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
  detach(mapping.buffer);
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
