/**
 * Writes captured packets with their processes to a pcapng file.
 *
 * @module
 */

import { closeFd, errnoMessage, NOFOLLOW, OPEN_FLAG, openFile, writeFd } from "../ffi/mod.ts";
import type { CapturedPacket } from "./capture.ts";
import { LibbpfError, OutputError } from "./errors.ts";
import type { ProcessInfo } from "./events.ts";
import type { LiveClock } from "./host/clock.ts";
import { kernelRelease } from "./host/kernel.ts";
import { PcapngWriter } from "./net/pcapng_writer.ts";

/** Octets gathered before they are written. */
const BUFFER_SIZE = 1 << 18;

/** An open capture. */
export class CaptureWriter implements Disposable {
  readonly #path: string;
  readonly #writer: PcapngWriter;
  readonly #buffer = new Uint8Array(BUFFER_SIZE);
  #used = 0;
  #fd: number | undefined;

  /**
   * Creates the file with mode 0600. One that is there is evidence: it is left alone.
   *
   * @param path path of a file that is not there
   * @param application program and version, for the head of the file
   * @param clock turns times of packets into wall time
   * @throws {OutputError} when it cannot be created
   */
  constructor(path: string, application: string, clock: LiveClock) {
    this.#path = path;
    const flags = OPEN_FLAG.WRONLY | OPEN_FLAG.CREAT | OPEN_FLAG.EXCL | NOFOLLOW;
    this.#fd = this.#told(() => openFile(path, flags, { mode: 0o600 }));
    this.#writer = new PcapngWriter({
      application,
      os: `Linux ${kernelRelease()}`,
      hardware: Deno.build.arch,
      toEpochNs: (tsNs) => clock.toEpochNs(tsNs),
      write: (bytes) => this.#write(bytes),
    });
  }

  /**
   * Adds a packet. One over loopback is at two sockets: it is written as it was sent, once.
   *
   * @param packet not kept
   * @param process the owner of its socket, where known
   * @throws {OutputError} when it cannot be written
   */
  packet(packet: CapturedPacket, process: ProcessInfo | undefined): void {
    if (packet.direction === "ingress" && packet.interfaceName === "lo") return;
    this.#writer.packet(packet, process);
  }

  /**
   * Hands everything to the system.
   *
   * @throws {OutputError} when it cannot be written
   */
  flush(): void {
    const fd = this.#fd;
    if (fd === undefined || this.#used === 0) return;
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#told(() => writeFd(fd, bytes));
  }

  /** Flushes and closes the file. Idempotent. */
  [Symbol.dispose](): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    try {
      this.flush();
    } finally {
      this.#fd = undefined;
      closeFd(fd);
    }
  }

  #write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BUFFER_SIZE) this.flush();
    if (bytes.length > BUFFER_SIZE) {
      const fd = this.#fd;
      if (fd !== undefined) this.#told(() => writeFd(fd, new Uint8Array(bytes)));
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Runs a call; its failure is one of the output. */
  #told<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof LibbpfError)) throw error;
      const hint = error.errnoName === "EEXIST" ? "captures are evidence: name a file that is not there" : undefined;
      const action = "write packets to";
      throw new OutputError(`"${this.#path}"`, errnoMessage(error.errno), { action, hint, cause: error });
    }
  }
}
