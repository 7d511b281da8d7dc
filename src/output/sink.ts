/**
 * Where bytes go: standard output or a file. A sink takes whole events, knows how much of them arrived when it fails,
 * and can take back the part of an event that did.
 *
 * @module
 */

import { errnoMessage } from "../../ffi/errno.ts";
import { closeFd, NOFOLLOW, OPEN_FLAG, openFile, truncateFd, writeFd } from "../../ffi/libc.ts";
import { LibbpfError, OutputError } from "../errors.ts";
import { offerFd } from "./offer.ts";
import { STDOUT_NAME } from "./stdio.ts";

/** An open output. */
export interface Sink {
  /** A path, or `standard output`. */
  readonly target: string;
  /** Whether a person sees it as it is written. */
  readonly isTerminal: boolean;
  /** The reader closed its end; what is written now is dropped. */
  readonly ended: boolean;
  /** How many outputs were begun, one after the other: not those that held something already. */
  readonly beginnings: number;
  /**
   * Writes everything.
   *
   * @param bytes whole events
   * @param onPart told the octets written so far, also when more fails
   * @throws {LibbpfError} with the errno of write(2)
   */
  write(bytes: Uint8Array<ArrayBuffer>, onPart: (written: number) => void): void;
  /** Whoever reads it may keep a write waiting: it is no file. */
  readonly mayWait: boolean;
  /**
   * Writes what is taken in time; everything where {@linkcode mayWait} is not set.
   *
   * @param bytes whole events, or the rest of them
   * @param waitMs how long to wait for the reader in all, ms; less when a signal comes
   * @param onPart told the octets written so far, also when more fails
   * @throws {LibbpfError} with the errno of write(2)
   */
  offer(bytes: Uint8Array<ArrayBuffer>, waitMs: number, onPart: (written: number) => void): void;
  /**
   * Takes back what was written last, where the output can.
   *
   * @param count octets
   * @returns whether they are gone
   */
  takeBack(count: number): boolean;
  /** Releases what the sink opened. Idempotent. */
  close(): void;
}

/** Descriptor of standard output. */
const STDOUT_FD = 1;

/** Standard output. */
export class StdoutSink implements Sink {
  readonly target: string = STDOUT_NAME;
  readonly isTerminal: boolean = Deno.stdout.isTerminal();
  readonly beginnings = 1;
  readonly mayWait: boolean;
  #ended = false;
  /** A descriptor of our own for the same device, which may be in non-blocking mode. */
  #ownFd: number | undefined;

  /** Looks what it is. */
  constructor() {
    const { isFile, isBlockDevice } = statFd(STDOUT_FD);
    this.mayWait = !isFile && isBlockDevice !== true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(bytes: Uint8Array<ArrayBuffer>, onPart: (written: number) => void): void {
    // Deno.stdout holds back what a non-blocking pipe did not take, and writes it again later.
    this.#unlessEnded(() => writeFd(STDOUT_FD, bytes, onPart));
  }

  offer(bytes: Uint8Array<ArrayBuffer>, waitMs: number, onPart: (written: number) => void): void {
    if (!this.mayWait) return this.write(bytes, onPart);
    this.#ownFd ??= reopenNonBlocking(STDOUT_FD);
    const fd = this.#ownFd;
    this.#unlessEnded(() => offerFd(fd, bytes, fd === STDOUT_FD, waitMs, onPart));
  }

  /** Writes, unless nobody reads any more. */
  #unlessEnded(write: () => void): void {
    if (this.#ended) return;
    try {
      write();
    } catch (error) {
      if (!(error instanceof LibbpfError && error.errnoName === "EPIPE")) throw error;
      this.#ended = true;
    }
  }

  takeBack(_count: number): boolean {
    // Standard output belongs to whoever gave it to us: it may be a pipe, or a file others write to.
    return false;
  }

  close(): void {
    // Standard output itself outlives us.
    if (this.#ownFd !== undefined && this.#ownFd !== STDOUT_FD) closeFd(this.#ownFd);
    this.#ownFd = undefined;
  }
}

/** O_NOCTTY: opening a terminal does not make it ours. */
const NOCTTY = 0o400;

/**
 * Opens a pipe or device once more, for the mode of a descriptor is shared with everybody who has it. Of a terminal,
 * poll(2) says that there is room, not how much; to a pipe, large writes are three times as fast.
 */
function reopenNonBlocking(fd: number): number {
  try {
    return openFile(`/proc/self/fd/${fd}`, OPEN_FLAG.WRONLY | OPEN_FLAG.NONBLOCK | NOCTTY);
  } catch (error) {
    // A socket, no /proc, or another user's terminal: small pieces have to do.
    if (error instanceof LibbpfError) return fd;
    throw error;
  }
}

/**
 * Never through a symbolic link: culprit runs as root, and whoever may write the directory could point the name at any
 * file. Appending keeps what is there and lets logrotate truncate a copied file.
 */
const OPEN_FLAGS = OPEN_FLAG.WRONLY | OPEN_FLAG.CREAT | OPEN_FLAG.APPEND | NOFOLLOW |
  // A named pipe that nobody reads would hold the open, and with it every signal, for ever.
  OPEN_FLAG.NONBLOCK;

/** Events name people's programs and arguments: for the owner only. */
const FILE_MODE = 0o600;

/** What a descriptor is. */
function statFd(fd: number): Deno.FileInfo {
  return Deno.statSync(`/proc/self/fd/${fd}`);
}

/** Opens an output file. */
function openOutput(path: string): number {
  try {
    return openFile(path, OPEN_FLAGS, { mode: FILE_MODE });
  } catch (error) {
    if (!(error instanceof LibbpfError)) throw error;
    if (error.errnoName === "ELOOP") {
      throw new OutputError(`"${path}"`, "it is a symbolic link", { hint: "name the file it points to", cause: error });
    }
    throw new OutputError(`"${path}"`, errnoMessage(error.errno), { cause: error });
  }
}

/** A file given with `--output`. */
export class FileSink implements Sink {
  readonly target: string;
  readonly isTerminal = false;
  readonly ended = false;
  readonly #path: string;
  readonly #onReopenFailure: (error: OutputError) => void;
  readonly #onHangup = (): void => this.#reopen();
  #fd: number;
  /** Where the file ends if nobody but us writes it; undefined for pipes and devices, which have no end. */
  #end: number | undefined;
  /** What is there goes with the first write, so that a run that dies before has not destroyed it. */
  #replaces: boolean;
  #beginnings = 0;
  #closed = false;

  /**
   * Opens the file for appending and creates it with mode 0600 where it is missing. SIGHUP opens it anew, so that it
   * can be renamed and rotated.
   *
   * @param path path of the file
   * @param onReopenFailure told when SIGHUP could not open it; writing goes on in the old file
   * @param replace empty it before the first write, where it is a file
   * @throws {OutputError} when it cannot be opened or is a symbolic link
   */
  constructor(path: string, onReopenFailure: (error: OutputError) => void, replace = false) {
    this.target = `"${path}"`;
    this.#path = path;
    this.#onReopenFailure = onReopenFailure;
    this.#fd = openOutput(path);
    this.#replaces = replace;
    this.#measure();
    Deno.addSignalListener("SIGHUP", this.#onHangup);
  }

  write(bytes: Uint8Array<ArrayBuffer>, onPart: (written: number) => void): void {
    this.#empty();
    const end = this.#end;
    // Not node:fs: its writeSync() repeats until all is written and does not tell how much was when that fails.
    writeFd(this.#fd, bytes, (written) => {
      if (end !== undefined) this.#end = end + written;
      onPart(written);
    });
  }

  get beginnings(): number {
    return this.#beginnings;
  }

  get mayWait(): boolean {
    return this.#end === undefined;
  }

  offer(bytes: Uint8Array<ArrayBuffer>, waitMs: number, onPart: (written: number) => void): void {
    if (this.mayWait) offerFd(this.#fd, bytes, false, waitMs, onPart);
    else this.write(bytes, onPart);
  }

  takeBack(count: number): boolean {
    if (this.#end === undefined) return false;
    try {
      // Someone else wrote or cut the file since: what stands at its end is not ours to remove.
      if (statFd(this.#fd).size !== this.#end) return false;
      truncateFd(this.#fd, this.#end - count);
    } catch {
      // This runs after a failed write, whose error is the one to report.
      return false;
    }
    this.#end -= count;
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    Deno.removeSignalListener("SIGHUP", this.#onHangup);
    closeFd(this.#fd);
  }

  /** Removes what is to be replaced. */
  #empty(): void {
    if (!this.#replaces) return;
    this.#replaces = false;
    if (this.#end === undefined) return;
    truncateFd(this.#fd, 0);
    this.#end = 0;
  }

  /** Notes where the file ends. */
  #measure(): void {
    const { isFile, size } = statFd(this.#fd);
    this.#end = isFile ? size : undefined;
    // Whoever reads a pipe goes on reading.
    if (this.#replaces || (isFile ? size === 0 : this.#beginnings === 0)) this.#beginnings++;
  }

  /** Lets go of a renamed file. Runs between writes, hence between events. */
  #reopen(): void {
    let fd: number;
    try {
      fd = openOutput(this.#path);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#onReopenFailure(error);
      return;
    }
    closeFd(this.#fd);
    this.#fd = fd;
    this.#measure();
  }
}
