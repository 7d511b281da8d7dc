/**
 * Reads files below a root directory that may be anybody's: of a container, whose owner put there what he liked.
 *
 * Symbolic links lead where they lead for who lives there, never out of that root (openat2(2), Linux 5.6); what is no
 * regular file is not opened, because a pipe would never end; and only so much is read.
 *
 * @module
 */

import { closeAnchor, openAnchor } from "../../ffi/proc_files.ts";
import { addressOf, allocate, cString, whilePinned } from "../../ffi/memory.ts";
import { OPEN_FLAG, syscall } from "../../ffi/libc.ts";

/** openat2(2) on every architecture. */
const SYS_OPENAT2 = 437;
/** `struct open_how`: flags, mode and resolve, of 64 bits each. */
const OPEN_HOW_SIZE = 24;
const RESOLVE_OFFSET = 16;
/** RESOLVE_NO_MAGICLINKS and RESOLVE_IN_ROOT. */
const RESOLVE_FLAGS = 0x02 | 0x10;

/** Octets read of one root at most: several times what the databases of large hosts have. */
const MAX_TOTAL_BYTES = 512 << 20;
/** Octets of one text at most, which is in memory as a whole: the status of dpkg has a few MiB on large hosts. */
const MAX_TEXT_BYTES = 64 << 20;
/** What a text counts for at least: empty ones take time, too. */
const MIN_TEXT_BYTES = 4096;

/** A root directory. */
export class RootFiles implements Disposable {
  readonly #anchor: number;
  #leftBytes: number;
  #isExhausted = false;

  private constructor(anchor: number, maxBytes: number) {
    this.#anchor = anchor;
    this.#leftBytes = maxBytes;
  }

  /**
   * Opens a root directory.
   *
   * @param path absolute, ASCII, without final slash: empty, or `/proc/PID/root` of a process
   * @param maxBytes octets that may be read in all
   * @returns the directory; undefined when it is not there or may not be looked at
   */
  static open(path: string, maxBytes = MAX_TOTAL_BYTES): RootFiles | undefined {
    const anchor = openAnchor(path === "" ? "/" : path);
    return anchor < 0 ? undefined : new RootFiles(anchor, maxBytes);
  }

  /** More was asked for than may be read: what was found is not all there is. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /**
   * Opens a regular file.
   *
   * @param path absolute, below the root
   * @returns the file; undefined when it is not there, may not be read, or is no regular file
   */
  open(path: string): Deno.FsFile | undefined {
    return this.#at(path, (link, { isFile }) => isFile ? Deno.openSync(link) : undefined);
  }

  /**
   * Reads a text file.
   *
   * @param path absolute, below the root
   * @returns the text, lossy UTF-8; undefined when it cannot be read, or not all of it may be
   */
  readText(path: string): string | undefined {
    using file = this.open(path);
    if (file === undefined) return undefined;
    const { size } = file.statSync();
    if (!this.spend(Math.max(size, MIN_TEXT_BYTES), MAX_TEXT_BYTES)) return undefined;
    const bytes = new Uint8Array(size);
    return new TextDecoder().decode(bytes.subarray(0, readAll(file, bytes)));
  }

  /**
   * Lists a directory.
   *
   * @param path absolute, below the root
   * @returns names; undefined when there is no such directory, or not all of it may be read
   */
  list(path: string): string[] | undefined {
    return this.#at(
      path,
      (link, { isDirectory, size }) =>
        isDirectory && this.spend(size, MAX_TEXT_BYTES)
          ? Array.from(Deno.readDirSync(link), ({ name }) => name)
          : undefined,
    );
  }

  /**
   * Takes octets from what may be read.
   *
   * @param bytes how many
   * @param maxBytes how many may be read at once
   * @returns whether they may be read
   */
  spend(bytes: number, maxBytes = Infinity): boolean {
    if (bytes > Math.min(this.#leftBytes, maxBytes)) this.#isExhausted = true;
    else this.#leftBytes -= bytes;
    return !this.#isExhausted;
  }

  /** Closes the directory. */
  [Symbol.dispose](): void {
    closeAnchor(this.#anchor);
  }

  /** Finds what is at a path without opening it, then opens it by a link that leads there whatever is moved meanwhile. */
  #at<T>(path: string, use: (link: string, info: Deno.FileInfo) => T | undefined): T | undefined {
    const name = cString(path);
    const how = allocate(OPEN_HOW_SIZE);
    const view = new DataView(how.buffer);
    view.setUint32(0, OPEN_FLAG.PATH | OPEN_FLAG.CLOEXEC, true);
    view.setUint32(RESOLVE_OFFSET, RESOLVE_FLAGS, true);
    const fd = whilePinned(
      [name, how],
      () => syscall(SYS_OPENAT2, this.#anchor, addressOf(name), addressOf(how), OPEN_HOW_SIZE),
    );
    if (fd < 0) return undefined;
    try {
      const link = `/proc/thread-self/fd/${fd}`;
      return use(link, Deno.statSync(link));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    } finally {
      closeAnchor(fd);
    }
  }
}

/** Fills a buffer from a file; how many octets there were. */
function readAll(file: Deno.FsFile, bytes: Uint8Array): number {
  let length = 0;
  while (length < bytes.length) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) break;
    length += count;
  }
  return length;
}

/**
 * Reads a part of a file.
 *
 * @param file open for reading
 * @param offset where it begins, octets
 * @param length octets
 * @returns the part; shorter where the file ends
 */
export function readPart(file: Deno.FsFile, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(offset, Deno.SeekMode.Start);
  return bytes.subarray(0, readAll(file, bytes));
}

/** Whether a file is not there, may not be read, or its process has gone. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory || (error instanceof Error && "code" in error && error.code === "ESRCH");
}
