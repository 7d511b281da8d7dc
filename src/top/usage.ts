/**
 * Reads what the processes of living TCP sockets moved so far, from the storage of the sockets.
 *
 * @module
 */

import { CONN_LIVE_SIZE, readConnLive } from "../../bpf/conn/layout.gen.ts";
import { socketKey } from "../../bpf/conn/sensor.ts";
import { type BpfLink, BpfObject, closeFd } from "../../ffi/mod.ts";
import { LibbpfError, VerifierError } from "../errors.ts";
import { readObject } from "../object.ts";
import type { SensorRun } from "../sensor.ts";
import { OctetBuffer } from "../snapshot/iterators.ts";

/** What a process moved through a socket. */
export interface SocketUsage {
  readonly tgid: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** Name of the iterator in bpf/conn/. */
const PROGRAM = "conn_usages";

/** The loaded iterator. */
export class UsageReader implements Disposable {
  readonly #object: BpfObject;
  readonly #link: BpfLink;

  private constructor(object: BpfObject, link: BpfLink) {
    this.#object = object;
    this.#link = link;
  }

  /**
   * Loads the iterator.
   *
   * @param run a run with the connection sensor
   * @returns the reader, to be closed; or why the kernel refuses it
   */
  static load(run: SensorRun): UsageReader | LibbpfError | VerifierError {
    using stack = new DisposableStack();
    const object = stack.use(BpfObject.openMemory(readObject(), { name: "culprit" }));
    for (const program of object.programs()) program.setAutoload(program.name === PROGRAM);
    // It is given the map of the run; the ring alone would take 16 MiB.
    for (const map of object.maps()) map.setAutocreate(false);
    try {
      object.load();
      const link = stack.use(object.program(PROGRAM).attachIterator({ mapFd: run.map("conn_inline").fd }));
      stack.move();
      return new UsageReader(object, link);
    } catch (error) {
      if (error instanceof LibbpfError || error instanceof VerifierError) return error;
      throw error;
    }
  }

  /**
   * Reads all counters.
   *
   * @returns by key of the socket, as in records
   * @throws {LibbpfError} when the kernel refuses
   */
  read(): Map<string, SocketUsage[]> {
    const buffer = new OctetBuffer();
    const fd = this.#link.createIterator();
    try {
      buffer.readToEnd(fd);
    } finally {
      closeFd(fd);
    }
    const { view } = buffer;
    const usages = new Map<string, SocketUsage[]>();
    for (let base = 0; base + CONN_LIVE_SIZE <= view.byteLength; base += CONN_LIVE_SIZE) {
      const key = socketKey(view, base);
      const usage = readConnLive(view, base);
      const others = usages.get(key);
      if (others === undefined) usages.set(key, [usage]);
      else others.push(usage);
    }
    return usages;
  }

  /** Unloads it. Idempotent. */
  [Symbol.dispose](): void {
    this.#link.close();
    this.#object.close();
  }
}
