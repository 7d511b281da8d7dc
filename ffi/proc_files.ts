/**
 * Reads of /proc by way of a directory descriptor: a descriptor of /proc/PID stays bound to that process, so that what is
 * read through it can never be of another process that was given the same pid. No exceptions: processes vanish all the
 * time.
 *
 * @module
 */

import { AT_FDCWD, lastErrno, OPEN_FLAG } from "./libc.ts";
import { allocate } from "./memory.ts";

/** Symbol table, C prototype above each entry. */
const SYMBOLS = {
  // int openat(int dirfd, const char *pathname, int flags, ... /* mode_t mode */);
  openat: { parameters: ["i32", "buffer", "i32", "u32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count);
  // Results are below 2 GiB, as buffers are: taken as i32 they need no BigInt, which halves the cost of the call.
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // int close(int fd);
  close: { parameters: ["i32"], result: "i32" },
  // ssize_t readlinkat(int dirfd, const char *pathname, char *buf, size_t bufsiz);
  readlinkat: { parameters: ["i32", "buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;

/** libc, opened on first use and never closed: the runtime itself is linked to it. */
function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  library ??= Deno.dlopen("libc.so.6", SYMBOLS);
  return library.symbols;
}

/** Opens the library now, so that a test's resource sanitizer does not take it for a leak of the test. */
export function openProcFiles(): void {
  libc();
  lastErrno();
}

/** Holds the path of the call under way. */
const pathBuffer = allocate(256);

/** Encodes a path into {@linkcode pathBuffer}; only ASCII names made by this project or the kernel come here. */
function encodePath(path: string): Uint8Array<ArrayBuffer> {
  if (path.length >= pathBuffer.length) throw new RangeError(`Path is too long: ${JSON.stringify(path)}`);
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code === 0 || code > 0x7f) throw new RangeError(`Path is not plain ASCII: ${JSON.stringify(path)}`);
    pathBuffer[index] = code;
  }
  pathBuffer[path.length] = 0;
  return pathBuffer;
}

let sizedBuffer: Uint8Array<ArrayBuffer> | undefined;
let size = 0n;

/** Length of a buffer as FFI wants it; callers use the same buffer again and again, so the BigInt is made once. */
function sizeOf(buffer: Uint8Array<ArrayBuffer>): bigint {
  if (buffer !== sizedBuffer) {
    sizedBuffer = buffer;
    size = BigInt(buffer.length);
  }
  return size;
}

/**
 * Opens a directory (or any file) as an anchor for the other calls: openat(2) with O_PATH and O_CLOEXEC.
 *
 * @param path for example `/proc/1`
 * @returns the descriptor, to be given to {@linkcode closeAnchor}; or the negative errno
 */
export function openAnchor(path: string): number {
  const fd = libc().openat(AT_FDCWD, encodePath(path), OPEN_FLAG.PATH | OPEN_FLAG.CLOEXEC, 0);
  return fd < 0 ? -lastErrno() : fd;
}

/**
 * Closes a descriptor of {@linkcode openAnchor}.
 *
 * @param fd the descriptor
 */
export function closeAnchor(fd: number): void {
  libc().close(fd);
}

/**
 * Reads a file with a single read(2), which is all of it for the files of /proc/PID that the kernel makes in one piece.
 *
 * @param anchor descriptor of the directory
 * @param name NUL-terminated path below it
 * @param buffer is filled from its start
 * @returns octets read, or the negative errno
 */
export function readFileAt(
  anchor: number,
  name: Uint8Array<ArrayBuffer>,
  buffer: Uint8Array<ArrayBuffer>,
): number {
  const c = libc();
  const fd = c.openat(anchor, name, OPEN_FLAG.RDONLY | OPEN_FLAG.CLOEXEC, 0);
  if (fd < 0) return -lastErrno();
  const count = c.read(fd, buffer, sizeOf(buffer));
  const result = count < 0 ? -lastErrno() : count;
  c.close(fd);
  return result;
}

/**
 * Reads a symbolic link: readlinkat(2).
 *
 * @param anchor descriptor of the directory
 * @param name path below it; octets end in NUL
 * @param buffer is filled from its start, without NUL; a longer target is cut
 * @returns octets of the target, or the negative errno
 */
export function readLinkAt(
  anchor: number,
  name: Uint8Array<ArrayBuffer> | string,
  buffer: Uint8Array<ArrayBuffer>,
): number {
  const path = typeof name === "string" ? encodePath(name) : name;
  const count = libc().readlinkat(anchor, path, buffer, sizeOf(buffer));
  return count < 0 ? -lastErrno() : count;
}
