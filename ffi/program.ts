/**
 * Programs of an object: whether they are loaded, and attaching them to hooks.
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { errnoName } from "./errno.ts";
import { lastErrno } from "./libc.ts";
import { BpfLink } from "./link.ts";
import { addressOf, allocate, cString, textAt, whilePinned } from "./memory.ts";
import type { ObjectHandle } from "./object.ts";

/** Where to attach a uprobe. */
export interface UprobeTarget {
  /** Executable or library, as this process sees it. */
  path: string;
  /** Function to attach to; `offset` then counts from its start. */
  symbol?: string | undefined;
  /** Offset in octets: in the file, or from the start of `symbol`. */
  offset?: number | undefined;
  /** Process to watch; every process without it. */
  pid?: number | undefined;
  /** Run at the return of the function instead of its entry. */
  atReturn?: boolean | undefined;
  /** Answered by bpf_get_attach_cookie (Linux 5.15). */
  cookie?: bigint | undefined;
}

/** What the kernel knows about a loaded program, from `struct bpf_prog_info`. */
export interface ProgramInfo {
  /** Number of the program, shown by `bpftool prog`. */
  id: number;
  /** Time spent in the program, counted while statistics are on (Linux 5.1). */
  runTimeNs: bigint;
  /** Runs of the program, counted while statistics are on. */
  runCount: bigint;
  /** Runs left out because the program was running on that CPU already (Linux 5.12, 0 before). */
  recursionMisses: bigint;
}

/** A program of a {@linkcode BpfObject}, which owns it. */
export class BpfProgram {
  /** Name of the C function. */
  readonly name: string;
  /** ELF section, which says the hook, for example `tp_btf/sched_process_exec`. */
  readonly section: string;
  readonly #object: ObjectHandle;
  readonly #pointer: Deno.PointerObject;

  /**
   * Made by {@linkcode BpfObject}.
   *
   * @param object owner
   * @param pointer the `struct bpf_program`
   */
  constructor(object: ObjectHandle, pointer: Deno.PointerObject) {
    const { symbols } = object.library;
    this.#object = object;
    this.#pointer = pointer;
    this.name = textAt(symbols.bpf_program__name(pointer));
    this.section = textAt(symbols.bpf_program__section_name(pointer));
  }

  /**
   * Whether load() loads the program.
   *
   * @throws {TypeError} after the object was closed
   */
  get autoload(): boolean {
    return this.#object.open().bpf_program__autoload(this.#pointer);
  }

  /**
   * Says whether load() loads the program.
   *
   * @param autoload true to load it
   * @throws {LibbpfError} when the object is loaded already
   * @throws {TypeError} after the object was closed
   */
  setAutoload(autoload: boolean): void {
    const result = this.#object.open().bpf_program__set_autoload(this.#pointer, autoload);
    if (result < 0) throw new LibbpfError(`switch program "${this.name}"`, -result, errnoName(-result));
  }

  /**
   * Descriptor of the loaded program.
   *
   * @returns a descriptor that the object keeps owning
   * @throws {LibbpfError} when the program is not loaded
   * @throws {TypeError} after the object was closed
   */
  get fd(): number {
    const fd = this.#object.open().bpf_program__fd(this.#pointer);
    if (fd < 0) throw new LibbpfError(`use program "${this.name}", which is not loaded`, -fd, errnoName(-fd));
    return fd;
  }

  /**
   * Attaches the program where its section says: tp_btf, raw_tp, tp, fentry, fexit, kprobe, iterators without target.
   *
   * @returns the attachment
   * @throws {LibbpfError} when the kernel refuses or the section names no hook
   * @throws {TypeError} after the object was closed
   */
  attach(): BpfLink {
    const symbols = this.#object.open();
    return this.#link("attach program", () => symbols.bpf_program__attach(this.#pointer));
  }

  /**
   * Attaches the program to a cgroup and all below it. Programs of others on the same cgroup keep running (links are
   * always of the "multi" kind).
   *
   * @param cgroupFd descriptor of a cgroup v2 directory
   * @returns the attachment
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  attachCgroup(cgroupFd: number): BpfLink {
    const symbols = this.#object.open();
    return this.#link("attach program", () => symbols.bpf_program__attach_cgroup(this.#pointer, cgroupFd));
  }

  /**
   * Attaches the program to an open perf event (Linux 5.15 as a link).
   *
   * @param perfEventFd descriptor of perf_event_open; libbpf closes it with the link
   * @returns the attachment
   * @throws {LibbpfError} when the kernel refuses; the descriptor then stays the caller's
   * @throws {TypeError} after the object was closed
   */
  attachPerfEvent(perfEventFd: number): BpfLink {
    const symbols = this.#object.open();
    return this.#link("attach program", () => symbols.bpf_program__attach_perf_event(this.#pointer, perfEventFd));
  }

  /**
   * Attaches the program to a place in user-space code.
   *
   * @param target where
   * @returns the attachment
   * @throws {LibbpfError} when there is no such file or symbol or the kernel refuses
   * @throws {RangeError} when the offset is negative or not an integer
   * @throws {TypeError} after the object was closed
   */
  attachUprobe(target: UprobeTarget): BpfLink {
    const symbols = this.#object.open();
    const offset = target.offset ?? 0;
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`Not an offset: ${offset}`);
    const symbol = target.symbol === undefined ? undefined : cString(target.symbol);
    // struct bpf_uprobe_opts { size_t sz; size_t ref_ctr_offset; __u64 bpf_cookie; bool retprobe; const char *func_name; }
    const options = allocate(40);
    const view = new DataView(options.buffer);
    view.setBigUint64(0, 40n, true);
    view.setBigUint64(16, target.cookie ?? 0n, true);
    view.setUint8(24, target.atReturn ? 1 : 0);
    view.setBigUint64(32, symbol === undefined ? 0n : addressOf(symbol), true);
    const path = cString(target.path);
    const operation = `attach to ${JSON.stringify(target.path)} ${target.symbol ?? `offset ${offset}`} program`;
    return this.#link(
      operation,
      () => symbols.bpf_program__attach_uprobe_opts(this.#pointer, target.pid ?? -1, path, BigInt(offset), options),
      [symbol],
    );
  }

  /**
   * Attaches an iterator program; `readIterator()` of the link runs it.
   *
   * @param target `mapFd`: map whose elements are visited, for iterators over a map (Linux 5.9)
   * @returns the attachment
   * @throws {LibbpfError} when the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  attachIterator(target: { mapFd?: number } = {}): BpfLink {
    const symbols = this.#object.open();
    if (target.mapFd === undefined) {
      return this.#link("attach program", () => symbols.bpf_program__attach_iter(this.#pointer, null));
    }
    // union bpf_iter_link_info { struct { __u32 map_fd; } map; ... }
    const linkInfo = allocate(8);
    new DataView(linkInfo.buffer).setUint32(0, target.mapFd, true);
    // struct bpf_iter_attach_opts { size_t sz; union bpf_iter_link_info *link_info; __u32 link_info_len; }
    const options = allocate(24);
    const view = new DataView(options.buffer);
    view.setBigUint64(0, 24n, true);
    view.setBigUint64(8, addressOf(linkInfo), true);
    view.setUint32(16, 4, true);
    return this.#link("attach program", () => symbols.bpf_program__attach_iter(this.#pointer, options), [linkInfo]);
  }

  /**
   * What the kernel knows about the loaded program.
   *
   * @returns its number and statistics
   * @throws {LibbpfError} when the program is not loaded or the kernel refuses
   * @throws {TypeError} after the object was closed
   */
  info(): ProgramInfo {
    const symbols = this.#object.open();
    // struct bpf_prog_info is 232 octets in Linux 6.x; older kernels fill what they know.
    const info = allocate(232);
    const sizeBytes = new Uint32Array(new ArrayBuffer(4)).fill(info.length);
    const result = symbols.bpf_obj_get_info_by_fd(this.fd, info, new Uint8Array(sizeBytes.buffer));
    if (result < 0) throw new LibbpfError(`inspect program "${this.name}"`, -result, errnoName(-result));
    const view = new DataView(info.buffer);
    return {
      id: view.getUint32(4, true),
      runTimeNs: view.getBigUint64(192, true),
      runCount: view.getBigUint64(200, true),
      recursionMisses: view.getBigUint64(208, true),
    };
  }

  /**
   * Runs the loaded program once without attaching it, for tests and benches: raw_tp (Linux 5.10), syscall (5.14).
   *
   * @param context what the program receives; its arguments as 64-bit words for raw_tp
   * @returns what the program returned, 32 bits
   * @throws {LibbpfError} when the kernel cannot run programs of this type
   * @throws {TypeError} after the object was closed
   */
  testRun(context: Uint8Array<ArrayBuffer> = allocate(0)): number {
    const symbols = this.#object.open();
    const memory = allocate(context.length);
    memory.set(context);
    // struct bpf_test_run_opts: sz 0, data_in 8, data_out 16, data sizes 24 and 28, ctx_in 32, ctx_out 40,
    // ctx_size_in 48, ctx_size_out 52, retval 56, repeat 60, duration 64, flags 68, cpu 72, batch_size 76
    const options = allocate(80);
    const view = new DataView(options.buffer);
    view.setBigUint64(0, 80n, true);
    if (context.length > 0) view.setBigUint64(32, addressOf(memory), true);
    view.setUint32(48, context.length, true);
    const { fd } = this;
    const result = whilePinned([memory], () => symbols.bpf_prog_test_run_opts(fd, options));
    if (result < 0) throw new LibbpfError(`run program "${this.name}"`, -result, errnoName(-result));
    return view.getInt32(56, true);
  }

  /** Calls an attach function; `kept` is memory it reads through pointers in its options. */
  #link(operation: string, call: () => Deno.PointerValue, kept: readonly unknown[] = []): BpfLink {
    const { library } = this.#object;
    let errno = 0;
    const { result, messages } = library.logged(() => {
      const pointer = whilePinned(kept, call);
      if (pointer === null) errno = lastErrno();
      return pointer;
    });
    if (result !== null) return new BpfLink(library, result, this.name);
    throw new LibbpfError(`${operation} "${this.name}"`, errno, errnoName(errno), { log: messages });
  }
}
