/**
 * A BPF object: programs and maps of one ELF file, opened from memory and loaded together.
 *
 * @module
 */

import { CulpritError, LibbpfError } from "../src/errors.ts";
import { errnoName } from "./errno.ts";
import { libbpf, type Library } from "./library.ts";
import { lastErrno } from "./libc.ts";
import { loadError } from "./load_error.ts";
import { BpfMap } from "./map.ts";
import { addressOf, allocate, cString, detach, whilePinned } from "./memory.ts";
import { BpfProgram } from "./program.ts";
import type { LibbpfSymbols } from "./symbols.ts";

/** What programs and maps need of the object that owns them. */
export interface ObjectHandle {
  /** The libbpf it was opened with. */
  readonly library: Library;
  /** The functions of libbpf; throws once the object is closed. */
  open(): LibbpfSymbols;
  /** Empties every view of the memory when the object is closed. */
  keepMemory(memory: ArrayBuffer): ArrayBuffer;
  /** Runs something before the object is closed. */
  onClose(action: () => void): void;
}

/** How to open an object. */
export interface OpenOptions {
  /** Name in messages; its first 15 characters name the maps of global variables. */
  name: string;
  /** BTF file used for CO-RE instead of /sys/kernel/btf/vmlinux. */
  kernelBtfPath?: string | undefined;
  /** libbpf to use, the shared one without it. */
  library?: Library | undefined;
}

/** An open BPF object; programs and maps of it end with it, links do not. */
export class BpfObject {
  /** Name it was opened with. */
  readonly name: string;
  readonly #library: Library;
  readonly #pointer: Deno.PointerObject;
  readonly #resources: DisposableStack;
  readonly #programs: ReadonlyMap<string, BpfProgram>;
  readonly #maps: ReadonlyMap<string, BpfMap>;
  #loaded = false;

  private constructor(library: Library, pointer: Deno.PointerObject, name: string) {
    using stack = new DisposableStack();
    this.name = name;
    this.#library = library;
    this.#pointer = stack.adopt(pointer, (object) => library.symbols.bpf_object__close(object));
    const handle: ObjectHandle = {
      library,
      open: () => this.#symbols(),
      keepMemory: (memory) => this.#resources.adopt(memory, detach),
      onClose: (action) => this.#resources.defer(action),
    };
    const { symbols } = library;
    this.#programs = collect(
      (last) => symbols.bpf_object__next_program(pointer, last),
      (p) => new BpfProgram(handle, p),
    );
    this.#maps = collect((last) => symbols.bpf_object__next_map(pointer, last), (p) => new BpfMap(handle, p));
    this.#resources = stack.move();
  }

  /**
   * Opens an object; nothing is loaded into the kernel yet.
   *
   * @param bytes the ELF file
   * @param options name, and what differs from the default
   * @returns the object, to be closed
   * @throws {LibbpfError} when libbpf does not understand the file
   * @throws {LibraryNotFoundError} when there is no libbpf
   * @throws {LibraryVersionError} when libbpf is too old
   */
  static openMemory(bytes: Uint8Array<ArrayBuffer>, options: OpenOptions): BpfObject {
    const library = options.library ?? libbpf();
    const name = cString(options.name);
    const btfPath = options.kernelBtfPath === undefined ? undefined : cString(options.kernelBtfPath);
    // struct bpf_object_open_opts { size_t sz; const char *object_name; bool relaxed_maps; const char *pin_root_path;
    //   __u32 :32; const char *kconfig; const char *btf_custom_path; ... }: 56 octets up to btf_custom_path.
    const opts = allocate(56);
    const view = new DataView(opts.buffer);
    view.setBigUint64(0, 56n, true);
    view.setBigUint64(8, addressOf(name), true);
    if (btfPath !== undefined) view.setBigUint64(48, addressOf(btfPath), true);
    let errno = 0;
    const { result, messages } = library.logged(() => {
      const pointer = whilePinned(
        [name, btfPath],
        () => library.symbols.bpf_object__open_mem(bytes, BigInt(bytes.length), opts),
      );
      if (pointer === null) errno = lastErrno();
      return pointer;
    });
    if (result !== null) return new BpfObject(library, result, options.name);
    throw new LibbpfError(`open BPF object "${options.name}"`, errno, errnoName(errno), { log: messages });
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#resources.disposed;
  }

  /** Whether {@linkcode load} succeeded. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /**
   * All programs, in the order of the file.
   *
   * @throws {TypeError} after close
   */
  programs(): BpfProgram[] {
    this.#symbols();
    return [...this.#programs.values()];
  }

  /**
   * A program by name.
   *
   * @param name of the C function
   * @returns the program
   * @throws {TypeError} when there is none, or after close
   */
  program(name: string): BpfProgram {
    this.#symbols();
    const program = this.#programs.get(name);
    if (program === undefined) throw new TypeError(`BPF object "${this.name}" has no program "${name}"`);
    return program;
  }

  /**
   * All maps, in the order of the file.
   *
   * @throws {TypeError} after close
   */
  maps(): BpfMap[] {
    this.#symbols();
    return [...this.#maps.values()];
  }

  /**
   * A map by name.
   *
   * @param name as in C; `.rodata`, `.data` and `.bss` for global variables
   * @returns the map
   * @throws {TypeError} when there is none, or after close
   */
  map(name: string): BpfMap {
    this.#symbols();
    const map = this.#maps.get(name);
    if (map === undefined) throw new TypeError(`BPF object "${this.name}" has no map "${name}"`);
    return map;
  }

  /**
   * Whether there is a map of this name.
   *
   * @param name as for {@linkcode map}
   * @throws {TypeError} after close
   */
  hasMap(name: string): boolean {
    this.#symbols();
    return this.#maps.has(name);
  }

  /**
   * Creates the maps and loads the programs that are switched on.
   *
   * @throws {VerifierError} when the kernel rejects a program; it carries the whole log
   * @throws {MissingPrivilegeError} when capabilities are missing, or the right to lock memory before Linux 5.11
   * @throws {UnsupportedKernelError} when the kernel has no BTF
   * @throws {LibbpfError} when loading fails otherwise; it carries what libbpf logged
   * @throws {TypeError} when called again, or after close
   */
  load(): void {
    const symbols = this.#symbols();
    if (this.#loaded) throw new TypeError(`BPF object "${this.name}" is loaded already`);
    const { result, messages } = this.#library.logged(() => symbols.bpf_object__load(this.#pointer));
    if (result < 0) throw loadError(this.name, -result, messages);
    this.#loaded = true;
  }

  /**
   * Like {@linkcode load}, for probing. After a failure the object can only be closed.
   *
   * @returns why loading failed; undefined when it did not
   * @throws {TypeError} when called again, or after close
   */
  tryLoad(): CulpritError | undefined {
    try {
      this.load();
      return undefined;
    } catch (error) {
      if (error instanceof CulpritError) return error;
      throw error;
    }
  }

  /** Frees programs and maps; views of their memory become empty. Attached programs run on until their link is closed. */
  close(): void {
    this.#resources.dispose();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The functions of libbpf, while the object is open. */
  #symbols(): LibbpfSymbols {
    if (this.#resources.disposed) throw new TypeError(`BPF object "${this.name}" is closed`);
    return this.#library.symbols;
  }
}

/** Walks one of libbpf's lists. */
function collect<T extends { readonly name: string }>(
  next: (last: Deno.PointerValue) => Deno.PointerValue,
  wrap: (pointer: Deno.PointerObject) => T,
): ReadonlyMap<string, T> {
  const items = new Map<string, T>();
  for (let pointer = next(null); pointer !== null; pointer = next(pointer)) {
    const item = wrap(pointer);
    items.set(item.name, item);
  }
  return items;
}
