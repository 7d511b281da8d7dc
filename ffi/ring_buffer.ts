/**
 * Reader of the BPF ring buffer (Linux 5.8, kernel/bpf/ringbuf.c and Documentation/bpf/ringbuf.rst).
 *
 * The kernel has the data area twice in a row, so that a record that wraps is contiguous. Reading it directly from
 * JavaScript, without a call into libbpf per record, is what makes millions of records a second possible.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { ERRNO } from "./errno.ts";
import { type Mapping, mmap, munmap, pageSize } from "./libc.ts";
import { assertRingSize } from "./map.ts";

/** BPF_RINGBUF_BUSY_BIT: reserved, not yet submitted. The sign bit of the header's first word. */
const BUSY_BIT = 0x8000_0000 | 0;
/** BPF_RINGBUF_DISCARD_BIT: to be skipped. */
const DISCARD_BIT = 0x4000_0000;
/** BPF_RINGBUF_HDR_SZ: length and flags, then the page offset, 4 octets each. */
const HEADER_BYTES = 8;

/**
 * How much of the second copy of the data is mapped: a record that wraps lies in it with its end. All of it would count
 * as resident memory a second time.
 */
const OVERLAP_BYTES = 128 * 1024;

/**
 * How much is consumed before the kernel may reuse it. Publishing is a fenced store to a cache line the producers read:
 * per record it would cost them more than the room it frees.
 */
const PUBLISH_STEP_BYTES = 65536;

/**
 * Receives one record.
 *
 * @param view the data area, at its end a part of it once more; the same object each time, valid until the reader is
 * closed
 * @param offset first octet of the record in `view`, a multiple of 8
 * @param sizeBytes length of the record
 */
export type RecordHandler = (view: DataView, offset: number, sizeBytes: number) => void;

/** The memory of a ring: what the kernel maps, or a copy of its layout in tests. */
export interface RingMemory {
  /** Position up to which records were consumed, in octets since the ring was made, modulo 2^64. Written by the reader. */
  consumerPosition: BigUint64Array<ArrayBuffer>;
  /** Position up to which records were reserved. Written by the kernel. */
  producerPosition: BigUint64Array<ArrayBuffer>;
  /** The data area, and after it again as much of its start as the longest record takes. */
  data: ArrayBuffer;
  /** Where the data area begins in `data`. */
  dataOffset: number;
  /** Size of the ring, without what is there a second time. */
  sizeBytes: number;
}

/** Reads records out of a ring. Only one reader may exist per ring. */
export class RingReader {
  readonly #resources: DisposableStack;
  readonly #consumerPosition: BigUint64Array<ArrayBuffer>;
  readonly #producerPosition: BigUint64Array<ArrayBuffer>;
  /** The data as 32-bit words, for the headers. */
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #sizeBytes: number;

  /**
   * Maps a ring.
   *
   * @param mapFd descriptor of a loaded map of type BPF_MAP_TYPE_RINGBUF
   * @param sizeBytes its max_entries
   * @throws {RangeError} when the size is not a power of two and a multiple of the page size
   * @throws {LibbpfError} when the kernel refuses, for example ENOMEM
   */
  constructor(mapFd: number, sizeBytes: number);
  /**
   * Reads a ring in memory that somebody else owns.
   *
   * @param memory the ring
   */
  constructor(memory: RingMemory);
  constructor(source: number | RingMemory, sizeBytes = 0) {
    using stack = new DisposableStack();
    const memory = typeof source === "number" ? mapRing(stack, source, sizeBytes) : source;
    this.#consumerPosition = memory.consumerPosition;
    this.#producerPosition = memory.producerPosition;
    this.#words = new Int32Array(memory.data, memory.dataOffset, memory.sizeBytes / 4);
    this.#view = new DataView(memory.data, memory.dataOffset);
    this.#sizeBytes = memory.sizeBytes;
    this.#resources = stack.move();
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#resources.disposed;
  }

  /**
   * Octets that are waiting, with headers and records still being written.
   *
   * @returns 0 when the ring is empty
   * @throws {TypeError} after close
   */
  get pendingBytes(): number {
    this.#assertOpen();
    const consumer = Atomics.load(this.#consumerPosition, 0);
    return Number(BigInt.asUintN(64, Atomics.load(this.#producerPosition, 0) - consumer));
  }

  /**
   * Delivers the records that were ready when it was called, oldest first; those that come meanwhile are left for the
   * next call, so that it always ends. A record still being written ends the round too, because records are delivered in
   * order; so does closing the reader in the handler.
   *
   * When the handler throws, that record counts as consumed and the error reaches the caller.
   *
   * @param handler receives each record
   * @param maxRecords most records to deliver
   * @returns how many were delivered
   * @throws {TypeError} after close
   * @throws {RangeError} when a record is longer than what is mapped of it; all of this project are far shorter
   * @throws whatever the handler throws
   */
  consume(handler: RecordHandler, maxRecords = Infinity): number {
    this.#assertOpen();
    const words = this.#words;
    const view = this.#view;
    const size = this.#sizeBytes;
    let delivered = 0;
    let published = Atomics.load(this.#consumerPosition, 0);
    // Positions are 64-bit and wrap; within a round everything is relative to its start, so plain numbers do.
    const start = Number(published & BigInt(size - 1));
    // This load comes before the reads of the records: the kernel stored the headers before the position.
    const available = Number(BigInt.asUintN(64, Atomics.load(this.#producerPosition, 0) - published));
    let publishedBytes = 0;
    let used = 0;
    try {
      while (used < available && delivered < maxRecords) {
        // At most the size of the ring further than `start`.
        const offset = start + used < size ? start + used : start + used - size;
        // Pairs with the kernel's exchange of the header on submit: a clear busy bit means the record is written.
        const header = Atomics.load(words, offset >>> 2);
        if ((header & BUSY_BIT) !== 0) break;
        const sizeBytes = header & ~DISCARD_BIT;
        used += (sizeBytes + HEADER_BYTES + 7) & ~7;
        if ((header & DISCARD_BIT) === 0) {
          delivered++;
          if (offset + HEADER_BYTES + sizeBytes > view.byteLength) {
            throw new RangeError(`Record of ${sizeBytes} octets`);
          }
          handler(view, offset + HEADER_BYTES, sizeBytes);
          if (this.#resources.disposed) break;
        }
        if (used - publishedBytes >= PUBLISH_STEP_BYTES) {
          published = this.#publish(published, used - publishedBytes);
          publishedBytes = used;
        }
      }
    } finally {
      if (used > publishedBytes && !this.#resources.disposed) this.#publish(published, used - publishedBytes);
    }
    return delivered;
  }

  /** Gives the memory back; views handed to handlers become empty. */
  close(): void {
    this.#resources.dispose();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Lets the kernel reuse what was consumed. */
  #publish(published: bigint, usedBytes: number): bigint {
    const position = BigInt.asUintN(64, published + BigInt(usedBytes));
    Atomics.store(this.#consumerPosition, 0, position);
    return position;
  }

  /** Throws after close. */
  #assertOpen(): void {
    if (this.#resources.disposed) throw new TypeError("Ring reader is closed");
  }
}

/** Maps the consumer page, which is ours to write, and everything else, which is not. */
function mapRing(stack: DisposableStack, mapFd: number, sizeBytes: number): RingMemory {
  assertRingSize(sizeBytes);
  const page = pageSize();
  try {
    const consumer = adopt(stack, mmap(mapFd, page, { writable: true, operation: "map the consumer page of a ring" }));
    const producer = adopt(
      stack,
      mmap(mapFd, page + sizeBytes + Math.min(sizeBytes, OVERLAP_BYTES), {
        offsetBytes: page,
        operation: `map a ring of ${sizeBytes} octets`,
      }),
    );
    return {
      consumerPosition: new BigUint64Array(consumer.buffer, 0, 1),
      producerPosition: new BigUint64Array(producer.buffer, 0, 1),
      data: producer.buffer,
      dataOffset: page,
      sizeBytes,
    };
  } catch (error) {
    if (!(error instanceof LibbpfError) || error.errno !== ERRNO.ENOMEM) throw error;
    throw new LibbpfError(error.operation, error.errno, error.errnoName, {
      hint: "make the ring smaller or give the process more address space (ulimit -v)",
      cause: error,
    });
  }
}

/** Gives a mapping back with the stack. */
function adopt(stack: DisposableStack, mapping: Mapping): Mapping {
  return stack.adopt(mapping, munmap);
}
