/**
 * Writes to whoever may not read: never longer than told.
 *
 * @module
 */

import { POLL_EVENT, pollFd, writeFdOnce } from "../../ffi/libc.ts";

/** PIPE_BUF of Linux: where poll(2) says that a pipe or a socket has room, a write of this much does not wait. */
const PIECE_BYTES = 4096;

const LINE_FEED = 10;

/**
 * Writes what is taken in time.
 *
 * @param fd a pipe, a socket, or anything in non-blocking mode
 * @param bytes what to write
 * @param mayBlock it is not in non-blocking mode: pieces of {@linkcode PIECE_BYTES}, when there is room for one
 * @param waitMs how long to wait in all, ms; less when a signal comes
 * @param onPart told the octets written so far after every part
 * @throws {LibbpfError} with the errno of write(2)
 */
export function offerFd(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  mayBlock: boolean,
  waitMs: number,
  onPart: (written: number) => void,
): void {
  const deadlineMs = waitMs === 0 ? 0 : performance.now() + waitMs;
  const hasRoom = (): boolean => {
    // Errors make it ready, too: write(2) says which.
    if (pollFd(fd, POLL_EVENT.OUT, 0) !== 0) return true;
    if (waitMs === 0) return false;
    return pollFd(fd, POLL_EVENT.OUT, Math.max(0, Math.ceil(deadlineMs - performance.now()))) !== 0;
  };
  for (let written = 0; written < bytes.length;) {
    if (mayBlock && !hasRoom()) return;
    const end = mayBlock ? endOfPiece(bytes, written) : bytes.length;
    let count = writeFdOnce(fd, bytes.subarray(written, end));
    if (count === 0 && hasRoom()) count = writeFdOnce(fd, bytes.subarray(written, end));
    // A terminal may say it has room, but not for this.
    if (count === 0) return;
    written += count;
    onPart(written);
  }
}

/** Where a piece ends: after a line if it can, so that others who write to the same pipe come between lines. */
function endOfPiece(bytes: Uint8Array, start: number): number {
  const end = start + PIECE_BYTES;
  if (end >= bytes.length) return bytes.length;
  const lineFeed = bytes.lastIndexOf(LINE_FEED, end - 1);
  return lineFeed < start ? end : lineFeed + 1;
}

/** Descriptor of standard error. */
const STDERR_FD = 2;

/**
 * A way to write to standard error by which nobody who does not read it holds the run.
 *
 * @param waitMs how long to wait for a reader, ms: what is not taken in time is dropped, and not waited for again
 * @returns takes texts; throws {LibbpfError} with the errno of write(2)
 */
export function stderrOffer(waitMs: number): (text: string) => void {
  let patienceMs = waitMs;
  return (text) => {
    const bytes = new TextEncoder().encode(text);
    let written = 0;
    offerFd(STDERR_FD, bytes, true, patienceMs, (count) => written = count);
    if (written < bytes.length) patienceMs = 0;
  };
}
