/**
 * Writes to a terminal that may have stalled: nothing here waits for it longer than it says.
 *
 * @module
 */

import { closeFd, OPEN_FLAG, openFile, POLL_EVENT, pollFd, syscall, writeFdOnce } from "../../ffi/libc.ts";

/** A second way to the terminal, so that nobody who shares standard output gets a descriptor that does not wait. */
const STDOUT_PATH = "/proc/self/fd/1";
/** O_NOCTTY, the same on x86-64 and arm64. */
const NOCTTY = 0o400;
/** ioctl(2) by architecture, and what tcflush(3) asks of it (asm-generic/ioctls.h). */
const IOCTL = Deno.build.arch === "aarch64" ? 29 : 16;
const TCFLSH = 0x540b;
const TCOFLUSH = 1;
/** CAN ends a control sequence that was cut (ECMA-48 section 8.3.6). */
const CANCEL = "\x18";

/** A way to the terminal that never blocks. */
export class Tty implements Disposable {
  readonly #encoder = new TextEncoder();
  readonly #fd: number;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();
  #closed = false;

  /** @throws {LibbpfError} when standard output cannot be opened */
  constructor() {
    this.#fd = openFile(STDOUT_PATH, OPEN_FLAG.WRONLY | OPEN_FLAG.NONBLOCK | NOCTTY);
  }

  /**
   * Writes, unless the terminal has not taken yet what came before.
   *
   * @param text what to write
   * @returns false when it was left out
   * @throws {LibbpfError} when the terminal is gone
   */
  offer(text: string): boolean {
    this.#push();
    if (this.#rest.length > 0) return false;
    this.#rest = this.#encoder.encode(text);
    this.#push();
    return true;
  }

  /**
   * Writes what must arrive. What the terminal has not taken in time is dropped, to make room for it.
   *
   * @param text what to write
   * @param waitMs how long to wait for the terminal
   * @throws {LibbpfError} when the terminal is gone
   */
  insist(text: string, waitMs: number): void {
    const deadlineMs = performance.now() + waitMs;
    this.#push();
    for (let nowMs = performance.now(); this.#rest.length > 0 && nowMs < deadlineMs; nowMs = performance.now()) {
      pollFd(this.#fd, POLL_EVENT.OUT, Math.ceil(deadlineMs - nowMs));
      this.#push();
    }
    const isCut = this.#rest.length > 0;
    if (isCut) syscall(IOCTL, this.#fd, TCFLSH, TCOFLUSH);
    this.#rest = this.#encoder.encode(isCut ? CANCEL + text : text);
    this.#push();
    // Full again, and with something short.
    if (this.#rest.length > 0) {
      syscall(IOCTL, this.#fd, TCFLSH, TCOFLUSH);
      this.#push();
    }
  }

  /** Closes the way. Idempotent. */
  [Symbol.dispose](): void {
    if (!this.#closed) closeFd(this.#fd);
    this.#closed = true;
  }

  #push(): void {
    while (this.#rest.length > 0) {
      const count = writeFdOnce(this.#fd, this.#rest);
      if (count === 0) return;
      this.#rest = this.#rest.subarray(count);
    }
  }
}
