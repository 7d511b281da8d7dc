/**
 * Attachments of programs to hooks.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { errnoName } from "./errno.ts";
import type { Library } from "./library.ts";
import { closeFd, readToEnd } from "./libc.ts";

/** An attached program; it runs until the link is closed, also when its object is closed before. */
export class BpfLink {
  /** Name of the attached program. */
  readonly programName: string;
  readonly #library: Library;
  #pointer: Deno.PointerObject | undefined;

  /**
   * Made by the attach functions of {@linkcode BpfProgram}.
   *
   * @param library the libbpf that made it
   * @param pointer the `struct bpf_link`, owned from now on
   * @param programName name of the attached program
   */
  constructor(library: Library, pointer: Deno.PointerObject, programName: string) {
    this.#library = library;
    this.#pointer = pointer;
    this.programName = programName;
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#pointer === undefined;
  }

  /**
   * Descriptor of the link.
   *
   * @returns a descriptor that the link keeps owning
   * @throws {TypeError} after close
   */
  get fd(): number {
    return this.#library.symbols.bpf_link__fd(this.#open());
  }

  /**
   * Starts a run of an attached iterator.
   *
   * @returns a descriptor to read the output from, which the caller closes
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after close
   */
  createIterator(): number {
    const fd = this.#library.symbols.bpf_iter_create(this.fd);
    if (fd < 0) throw new LibbpfError(`run iterator "${this.programName}"`, -fd, errnoName(-fd));
    return fd;
  }

  /**
   * Runs an attached iterator to its end.
   *
   * @returns all octets the program wrote with bpf_seq_write
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after close
   */
  readIterator(): Uint8Array<ArrayBuffer> {
    const fd = this.createIterator();
    try {
      return readToEnd(fd);
    } finally {
      closeFd(fd);
    }
  }

  /** Detaches the program. */
  close(): void {
    if (this.#pointer === undefined) return;
    // The answer is of no use: libbpf frees the link also when the kernel could not detach it.
    this.#library.symbols.bpf_link__destroy(this.#pointer);
    this.#pointer = undefined;
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** The pointer, while it is valid. */
  #open(): Deno.PointerObject {
    if (this.#pointer === undefined) throw new TypeError(`Link of "${this.programName}" is closed`);
    return this.#pointer;
  }
}
