/**
 * Runs the BPF iterators of bpf/sockets/ and gathers what they write.
 *
 * @module
 */

import { type BpfLink, BpfObject, closeFd, readIteratorFd } from "../../ffi/mod.ts";
import { allocate } from "../../ffi/memory.ts";
import { readObject } from "../object.ts";

/** The iterator programs by what they list. */
const PROGRAMS = {
  files: "sockets_files",
  tcp: "sockets_tcp",
  tcpBrief: "sockets_tbrief",
  udp: "sockets_udp",
  unixFiles: "sockets_ufiles",
  unixTable: "sockets_utable",
} as const;

/** Which iterator. */
export type IteratorName = keyof typeof PROGRAMS;

/** Room left in the buffer before a read: the kernel gives at most 32 KiB (bpf_iter: 8 pages). */
const READ_BYTES = 256 * 1024;

/** Octets one after the other, in memory that grows. */
export class OctetBuffer {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param sizeBytes memory to begin with */
  constructor(sizeBytes = 1024 * 1024) {
    this.#bytes = allocate(sizeBytes);
  }

  /** What was gathered: a view, valid until more is read. */
  get view(): DataView<ArrayBuffer> {
    return new DataView(this.#bytes.buffer, 0, this.#length);
  }

  /**
   * Reads a descriptor to its end.
   *
   * @param fd descriptor
   * @throws {LibbpfError} when the kernel refuses
   */
  readToEnd(fd: number): void {
    for (;;) {
      if (this.#bytes.length - this.#length < READ_BYTES) {
        const larger = allocate(Math.max(2 * this.#bytes.length, this.#length + READ_BYTES));
        larger.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = larger;
      }
      const count = readIteratorFd(fd, this.#bytes.subarray(this.#length));
      if (count === 0) return;
      this.#length += count;
    }
  }
}

/** The loaded iterators. */
export class SocketIterators implements Disposable {
  readonly #resources: DisposableStack;
  readonly #links: ReadonlyMap<IteratorName, BpfLink>;

  private constructor(resources: DisposableStack, links: ReadonlyMap<IteratorName, BpfLink>) {
    this.#resources = resources;
    this.#links = links;
  }

  /**
   * Loads iterators.
   *
   * @param names which
   * @returns them, to be closed
   * @throws {CulpritError} when the kernel refuses: privilege, lockdown, no such iterator
   */
  static load(names: readonly IteratorName[]): SocketIterators {
    using stack = new DisposableStack();
    const object = stack.use(BpfObject.openMemory(readObject(), { name: "culprit" }));
    const wanted = new Set<string>(names.map((name) => PROGRAMS[name]));
    for (const program of object.programs()) program.setAutoload(wanted.has(program.name));
    // They use no map; the ring alone would take 16 MiB.
    for (const map of object.maps()) map.setAutocreate(false);
    object.load();
    const links = new Map<IteratorName, BpfLink>();
    for (const name of names) links.set(name, stack.use(object.program(PROGRAMS[name]).attachIterator()));
    return new SocketIterators(stack.move(), links);
  }

  /**
   * Runs an iterator to its end. Tables are those of the network namespace of the calling thread.
   *
   * @param name which; one that was loaded
   * @param buffer takes what it writes
   * @throws {LibbpfError} when the kernel refuses
   */
  read(name: IteratorName, buffer: OctetBuffer): void {
    const link = this.#links.get(name);
    if (link === undefined) throw new TypeError(`Iterator "${name}" was not loaded`);
    const fd = link.createIterator();
    try {
      buffer.readToEnd(fd);
    } finally {
      closeFd(fd);
    }
  }

  /** Unloads them. Idempotent. */
  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
