/**
 * Maps of an object: their size, their elements and their memory.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { ERRNO, errnoName } from "./errno.ts";
import { mmap, munmap, pageSize } from "./libc.ts";
import { allocate, memoryAt, textAt } from "./memory.ts";
import type { ObjectHandle } from "./object.ts";

/** Types of enum bpf_map_type that the binding treats specially. */
export const MAP_TYPE = {
  HASH: 1,
  ARRAY: 2,
  PERCPU_HASH: 5,
  PERCPU_ARRAY: 6,
  LRU_HASH: 9,
  LRU_PERCPU_HASH: 10,
  PERCPU_CGROUP_STORAGE: 21,
  RINGBUF: 27,
} as const;

const PER_CPU_TYPES: ReadonlySet<number> = new Set([
  MAP_TYPE.PERCPU_HASH,
  MAP_TYPE.PERCPU_ARRAY,
  MAP_TYPE.LRU_PERCPU_HASH,
  MAP_TYPE.PERCPU_CGROUP_STORAGE,
]);

/** BPF_F_RDONLY_PROG: the flag of .rodata, which user space must not map writable once it is frozen. */
const RDONLY_PROG = 0x80;

/** When update() may write. */
export const UPDATE_FLAG = {
  /** Whether or not the key is there. */
  ANY: 0n,
  /** Only when the key is not there. */
  NOEXIST: 1n,
  /** Only when the key is there. */
  EXIST: 2n,
} as const;

/** A map of a {@linkcode BpfObject}, which owns it. */
export class BpfMap {
  /** Name as in C; global variables have the section name, for example `.rodata`. */
  readonly name: string;
  /** enum bpf_map_type. */
  readonly type: number;
  /** Octets of a key. */
  readonly keySize: number;
  /** Octets of a value, on one CPU. */
  readonly valueSize: number;
  readonly #object: ObjectHandle;
  readonly #pointer: Deno.PointerObject;

  /**
   * Made by {@linkcode BpfObject}.
   *
   * @param object owner
   * @param pointer the `struct bpf_map`
   */
  constructor(object: ObjectHandle, pointer: Deno.PointerObject) {
    const { symbols } = object.library;
    this.#object = object;
    this.#pointer = pointer;
    const name = textAt(symbols.bpf_map__name(pointer));
    // libbpf prefixes global data with the object's name, cut to fit the kernel's 15 characters.
    this.name = /\.(?:rodata|data|bss|kconfig)(?:\..*)?$/.exec(name)?.[0] ?? name;
    this.type = symbols.bpf_map__type(pointer);
    this.keySize = symbols.bpf_map__key_size(pointer);
    this.valueSize = symbols.bpf_map__value_size(pointer);
  }

  /** Whether there is one value per CPU. */
  get isPerCpu(): boolean {
    return PER_CPU_TYPES.has(this.type);
  }

  /**
   * Elements the map can hold; octets for a ring buffer.
   *
   * @throws {TypeError} after the object was closed
   */
  get maxEntries(): number {
    return this.#object.open().bpf_map__max_entries(this.#pointer);
  }

  /**
   * Sets how many elements the map can hold, before load().
   *
   * @param maxEntries elements; for a ring buffer octets, a power of two and multiple of the page size
   * @throws {RangeError} when the number is out of range or no size of a ring buffer
   * @throws {LibbpfError} when the object is loaded already
   * @throws {TypeError} after the object was closed
   */
  setMaxEntries(maxEntries: number): void {
    const symbols = this.#object.open();
    if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 0xffff_ffff) {
      throw new RangeError(`Map "${this.name}" cannot have ${maxEntries} entries`);
    }
    if (this.type === MAP_TYPE.RINGBUF) assertRingSize(maxEntries);
    this.#check("resize", symbols.bpf_map__set_max_entries(this.#pointer, maxEntries));
  }

  /**
   * Says whether load() creates the map, which only programs that are not loaded may then use.
   *
   * @param autocreate true to create it
   * @throws {LibbpfError} when the object is loaded already
   * @throws {TypeError} after the object was closed
   */
  setAutocreate(autocreate: boolean): void {
    this.#check("switch", this.#object.open().bpf_map__set_autocreate(this.#pointer, autocreate));
  }

  /**
   * Uses a map that exists already instead of creating one, before load().
   *
   * @param fd descriptor of that map, which libbpf duplicates
   * @throws {LibbpfError} when the maps differ or the object is loaded already
   * @throws {TypeError} after the object was closed
   */
  reuseFd(fd: number): void {
    this.#check("reuse a descriptor for", this.#object.open().bpf_map__reuse_fd(this.#pointer, fd));
  }

  /**
   * Descriptor of the created map.
   *
   * @returns a descriptor that the object keeps owning
   * @throws {LibbpfError} when the map is not created
   * @throws {TypeError} after the object was closed
   */
  get fd(): number {
    const fd = this.#object.open().bpf_map__fd(this.#pointer);
    if (fd < 0) throw new LibbpfError(`use map "${this.name}", which is not created`, -fd, errnoName(-fd));
    return fd;
  }

  /**
   * The initial content of global variables, live: what is written before load() is what the programs see.
   *
   * @returns the memory itself; empty after the object was closed
   * @throws {TypeError} when the map holds no global variables or the object was closed
   */
  initialValue(): Uint8Array<ArrayBuffer> {
    const sizeBytes = new BigUint64Array(new ArrayBuffer(8));
    const size = new Uint8Array(sizeBytes.buffer);
    const pointer = this.#object.open().bpf_map__initial_value(this.#pointer, size);
    if (pointer === null) throw new TypeError(`Map "${this.name}" holds no global variables`);
    return new Uint8Array(this.#object.keepMemory(memoryAt(pointer, Number(sizeBytes[0]))));
  }

  /**
   * The elements of a loaded array map with BPF_F_MMAPABLE, or the global variables, shared with the kernel.
   *
   * @returns the memory itself, read-only in effect for .rodata; empty after the object was closed
   * @throws {LibbpfError} when the map is not created or not mappable
   * @throws {TypeError} after the object was closed
   */
  mmapped(): Uint8Array<ArrayBuffer> {
    // The kernel lays elements out at multiples of eight octets.
    const contentBytes = roundUp(this.valueSize, 8) * this.maxEntries;
    const mapping = mmap(this.fd, roundUp(contentBytes, pageSize()), {
      writable: (this.#object.open().bpf_map__map_flags(this.#pointer) & RDONLY_PROG) === 0,
      operation: `map the memory of map "${this.name}"`,
    });
    this.#object.onClose(() => munmap(mapping));
    return new Uint8Array(mapping.buffer, 0, contentBytes);
  }

  /**
   * Reads an element.
   *
   * @param key `keySize` octets
   * @returns a copy of its value, all CPUs one after another at multiples of 8 octets for per-CPU maps; undefined when
   * the key is not there
   * @throws {RangeError} when the key has another size
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  lookup(key: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | undefined {
    const value = allocate(this.#valueBytes());
    return this.lookupInto(key, value) ? value : undefined;
  }

  /**
   * Reads an element into a buffer.
   *
   * @param key `keySize` octets
   * @param value receives the value
   * @returns false when the key is not there
   * @throws {RangeError} when key or value have another size
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  lookupInto(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): boolean {
    const symbols = this.#object.open();
    this.#assertSizes(key, value);
    const sizes = [BigInt(key.length), BigInt(value.length)] as const;
    const result = symbols.bpf_map__lookup_elem(this.#pointer, key, sizes[0], value, sizes[1], 0n);
    if (result === -ERRNO.ENOENT) return false;
    this.#check("look up in", result);
    return true;
  }

  /**
   * Sum over all CPUs of the 64-bit counters a value consists of.
   *
   * @param key `keySize` octets
   * @returns one sum per counter; undefined when the key is not there
   * @throws {TypeError} when the map is not per-CPU or its values are no 64-bit counters, or the object was closed
   * @throws {LibbpfError} when the kernel refuses
   */
  sumPerCpu(key: Uint8Array<ArrayBuffer>): BigUint64Array<ArrayBuffer> | undefined {
    if (!this.isPerCpu || this.valueSize % 8 !== 0) {
      throw new TypeError(`Map "${this.name}" holds no 64-bit counters per CPU`);
    }
    const value = this.lookup(key);
    if (value === undefined) return undefined;
    const counters = new BigUint64Array(value.buffer);
    const sums = new BigUint64Array(this.valueSize / 8);
    // A BigUint64Array wraps as the counters themselves do.
    counters.forEach((counter, index) => sums[index % sums.length]! += counter);
    return sums;
  }

  /**
   * Writes an element.
   *
   * @param key `keySize` octets
   * @param value its value, laid out as {@linkcode lookup} answers it
   * @param flags of {@linkcode UPDATE_FLAG}
   * @returns false when `flags` forbade it because the key is there or is not there
   * @throws {RangeError} when key or value have another size
   * @throws {LibbpfError} when the kernel refuses, for example E2BIG when the map is full
   * @throws {TypeError} after the object was closed
   */
  update(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>, flags: bigint = UPDATE_FLAG.ANY): boolean {
    const symbols = this.#object.open();
    this.#assertSizes(key, value);
    const sizes = [BigInt(key.length), BigInt(value.length)] as const;
    const result = symbols.bpf_map__update_elem(this.#pointer, key, sizes[0], value, sizes[1], flags);
    if (flags === UPDATE_FLAG.NOEXIST && result === -ERRNO.EEXIST) return false;
    if (flags === UPDATE_FLAG.EXIST && result === -ERRNO.ENOENT) return false;
    this.#check("update", result);
    return true;
  }

  /**
   * Removes an element.
   *
   * @param key `keySize` octets
   * @returns false when the key was not there
   * @throws {RangeError} when the key has another size
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  delete(key: Uint8Array<ArrayBuffer>): boolean {
    const symbols = this.#object.open();
    this.#assertSizes(key);
    const result = symbols.bpf_map__delete_elem(this.#pointer, key, BigInt(key.length), 0n);
    if (result === -ERRNO.ENOENT) return false;
    this.#check("delete from", result);
    return true;
  }

  /**
   * The keys that are in the map. Elements that come or go meanwhile may be missed or seen twice.
   *
   * @returns a copy of each key
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  *keys(): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
    let current: Uint8Array<ArrayBuffer> | null = null;
    for (;;) {
      const next = allocate(this.keySize);
      const result: number = this.#object.open()
        .bpf_map__get_next_key(this.#pointer, current, next, BigInt(this.keySize));
      if (result === -ERRNO.ENOENT) return;
      this.#check("walk", result);
      // A copy, because the caller may write to what it received.
      current = next.slice();
      yield next;
    }
  }

  /** Octets lookup() and update() move. */
  #valueBytes(): number {
    return this.isPerCpu ? roundUp(this.valueSize, 8) * this.#object.library.possibleCpus() : this.valueSize;
  }

  /** Refuses buffers the kernel would read or write past the end of. */
  #assertSizes(key: Uint8Array, value?: Uint8Array): void {
    if (key.length !== this.keySize) {
      throw new RangeError(`Key of map "${this.name}" has ${this.keySize} octets, not ${key.length}`);
    }
    if (value !== undefined && value.length !== this.#valueBytes()) {
      throw new RangeError(`Value of map "${this.name}" has ${this.#valueBytes()} octets, not ${value.length}`);
    }
  }

  /** Throws for a negative errno. */
  #check(action: string, result: number): void {
    if (result < 0) throw new LibbpfError(`${action} map "${this.name}"`, -result, errnoName(-result));
  }
}

/** Next multiple of `step`. */
function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/**
 * Refuses what the kernel does not take for the size of a BPF ring buffer (Linux 5.8).
 *
 * @param sizeBytes the size
 * @throws {RangeError} when it is not a power of two and a multiple of the page size
 */
export function assertRingSize(sizeBytes: number): void {
  const page = pageSize();
  if (Number.isInteger(Math.log2(sizeBytes)) && sizeBytes % page === 0 && sizeBytes <= 2 ** 31) return;
  throw new RangeError(`Ring buffer of ${sizeBytes} octets: a power of two from ${page} to ${2 ** 31} is wanted`);
}
