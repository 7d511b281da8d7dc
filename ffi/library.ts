/**
 * Finds and opens libbpf on first use, and receives its log.
 *
 * Search order: the path asked for, then bytes given (loaded from memory), then the library directories of the system.
 * Neither the environment nor the current directory takes part in the search.
 *
 * @module
 */

import { CulpritError, LibraryNotFoundError } from "../src/errors.ts";
import { closeFd, memfdCreate, writeFd } from "./libc.ts";
import { LibbpfLog, type LibbpfLogger, type LogLevel } from "./log.ts";
import { LIBBPF_SYMBOLS, type LibbpfSymbols } from "./symbols.ts";

/** Oldest libbpf that will do: 1.1 is the first whose functions are all in the symbol table. */
export const MINIMUM_LIBBPF_VERSION: { readonly major: number; readonly minor: number } = { major: 1, minor: 1 };

/** A libbpf.so was found but is too old. */
export class LibraryVersionError extends CulpritError {
  /** Where it was found. */
  readonly path: string;
  /** Its version, for example `0.8`. */
  readonly found: string;
  /** Oldest version that will do, for example `1.1`. */
  readonly wanted: string;

  /**
   * Says what was found and what is wanted.
   *
   * @param path where it was found
   * @param found its version
   * @param wanted oldest version that will do
   */
  constructor(path: string, found: string, wanted: string) {
    super(`Cannot use libbpf ${found} in "${path}": ${wanted} or newer is wanted`, {
      hint: `install libbpf ${wanted} or newer (Debian 12: apt-get install libbpf1) or name it with --libbpf PATH`,
    });
    this.path = path;
    this.found = found;
    this.wanted = wanted;
  }
}

/** Which libbpf to open and what to do with its log. */
export interface LibraryOptions {
  /** Path of a libbpf.so; nothing else is tried. */
  path?: string | undefined;
  /** A libbpf.so to load from memory; used when no path is given. */
  bytes?: Uint8Array<ArrayBuffer> | undefined;
  /** Absolute paths to try instead of {@linkcode systemLibraryPaths}. */
  searchPaths?: readonly string[] | undefined;
  /** Receives the lines libbpf logs; the last ones are kept for error messages in any case. */
  logger?: LibbpfLogger | undefined;
  /** Least important level that is passed on, `warn` without it. */
  logLevel?: LogLevel | undefined;
}

/** The calls that exist in every libbpf since 0.6, enough to tell its version. */
const VERSION_SYMBOLS = {
  libbpf_major_version: { ...LIBBPF_SYMBOLS.libbpf_major_version, optional: true },
  libbpf_minor_version: { ...LIBBPF_SYMBOLS.libbpf_minor_version, optional: true },
} as const;

/**
 * Where the system keeps libbpf.so.1, in the order of the search.
 *
 * @returns absolute paths
 */
export function systemLibraryPaths(): readonly string[] {
  const triple = `${Deno.build.arch}-linux-gnu`;
  return [`/usr/lib/${triple}`, `/lib/${triple}`, "/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib"]
    .map((directory) => `${directory}/libbpf.so.1`);
}

/** Why a file that was found is not loaded into a process of root. */
class LibraryTrustError extends CulpritError {
  /**
   * @param path the file
   * @param reason what is wrong with it
   */
  constructor(path: string, reason: string) {
    super(`Cannot trust "${path}": ${reason}`);
  }
}

/** Why root should not load a file: `missing`, who may write it, or undefined when it is fine. */
function untrustedReason(path: string): string | undefined {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch {
    // Whatever keeps it from being looked at keeps it from being loaded: the search goes on.
    return "missing";
  }
  if (Deno.uid() !== 0) return undefined;
  if (info.uid !== 0) return `it belongs to uid ${info.uid}`;
  const GROUP_AND_OTHER_WRITE = 0o022;
  if (((info.mode ?? 0) & GROUP_AND_OTHER_WRITE) !== 0) return "others than root may write it";
  return undefined;
}

/** Hint that quotes why something could not be opened. */
function reasonOf(what: string, error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return `${what} cannot be opened: ${reason.replace(/^Could not open library: /, "")}`;
}

/** Version of an opened library, which must be new enough. */
function checkedVersion(path: string, symbols: Deno.DynamicLibrary<typeof VERSION_SYMBOLS>["symbols"]): string {
  const wanted = `${MINIMUM_LIBBPF_VERSION.major}.${MINIMUM_LIBBPF_VERSION.minor}`;
  const major = symbols.libbpf_major_version?.();
  const minor = symbols.libbpf_minor_version?.();
  if (major === undefined || minor === undefined) throw new LibraryVersionError(path, "older than 0.6", wanted);
  const found = `${major}.${minor}`;
  const difference = major - MINIMUM_LIBBPF_VERSION.major || minor - MINIMUM_LIBBPF_VERSION.minor;
  if (difference < 0) throw new LibraryVersionError(path, found, wanted);
  return found;
}

/** An open libbpf. */
export class Library {
  /** Path it was opened by; `/proc/self/fd/N` when it came from memory. */
  readonly path: string;
  /** For example `1.1`. */
  readonly version: string;
  /** Its log. */
  readonly log: LibbpfLog;
  readonly #library: Deno.DynamicLibrary<typeof LIBBPF_SYMBOLS>;
  readonly #resources: DisposableStack;
  #closed = false;

  /** `base` is what the file behind the path lives on; it is owned from now on. */
  private constructor(path: string, options: LibraryOptions, base = new DisposableStack()) {
    using stack = base.move();
    this.path = path;
    // Stays open, or the library would be unloaded and its dependencies with it, only to be loaded again below.
    const probe = stack.adopt(Deno.dlopen(path, VERSION_SYMBOLS), (library) => library.close());
    this.version = checkedVersion(path, probe.symbols);
    this.#library = stack.adopt(Deno.dlopen(path, LIBBPF_SYMBOLS), (library) => library.close());
    this.log = stack.use(new LibbpfLog(options.logger, options.logLevel));
    this.#listen();
    // Before the callback is freed, libbpf must stop calling it.
    stack.defer(() => this.#library.symbols.libbpf_set_print(null));
    this.#resources = stack.move();
  }

  /**
   * Opens a libbpf of its own; most callers want the shared {@linkcode libbpf}.
   *
   * @param options which one
   * @returns the library, to be closed after everything made with it
   * @throws {LibraryNotFoundError} when none is found or the one asked for cannot be opened
   * @throws {LibraryVersionError} when the only one is too old
   */
  static open(options: LibraryOptions = {}): Library {
    if (options.path !== undefined) return Library.#openExplicit(options.path, options);
    if (options.bytes !== undefined) return Library.#openBytes(options.bytes, options);
    return Library.#openSystem(options);
  }

  /** Opens the one that was asked for. */
  static #openExplicit(path: string, options: LibraryOptions): Library {
    try {
      // Absolute, because the loader searches its own path for a bare name.
      return new Library(Deno.realPathSync(path), options);
    } catch (error) {
      if (error instanceof LibraryVersionError) throw error;
      throw new LibraryNotFoundError([path], { cause: error, hint: reasonOf(path, error) });
    }
  }

  /** Opens one from memory. */
  static #openBytes(bytes: Uint8Array<ArrayBuffer>, options: LibraryOptions): Library {
    using stack = new DisposableStack();
    // glibc knows libraries by their path: the descriptor stays open so that no other library can get the same path.
    const fd = stack.adopt(memfdCreate("libbpf.so.1"), closeFd);
    writeFd(fd, bytes);
    try {
      return new Library(`/proc/self/fd/${fd}`, options, stack.move());
    } catch (error) {
      if (error instanceof LibraryVersionError) throw error;
      throw new LibraryNotFoundError(["(memory)"], { cause: error, hint: reasonOf("the libbpf given", error) });
    }
  }

  /** Opens the first usable one of the system. */
  static #openSystem(options: LibraryOptions): Library {
    const paths = options.searchPaths ?? systemLibraryPaths();
    const refusals: unknown[] = [];
    for (const path of paths) {
      const problem = untrustedReason(path);
      if (problem === "missing") continue;
      if (problem !== undefined) {
        refusals.push(new LibraryTrustError(path, problem));
        continue;
      }
      try {
        return new Library(path, options);
      } catch (error) {
        refusals.push(error);
      }
    }
    const tooOld = refusals.find((refusal) => refusal instanceof LibraryVersionError);
    if (tooOld !== undefined) throw tooOld;
    if (refusals.length === 0) throw new LibraryNotFoundError(paths);
    const cause = refusals[0];
    throw new LibraryNotFoundError(paths, { cause, hint: reasonOf("what was found", cause) });
  }

  /**
   * The functions of libbpf.
   *
   * @throws {TypeError} after close
   */
  get symbols(): LibbpfSymbols {
    if (this.#closed) throw new TypeError("Library is closed");
    return this.#library.symbols;
  }

  /**
   * CPUs the kernel may ever have: the length of a per-CPU value.
   *
   * @returns at least 1
   * @throws {TypeError} after close
   */
  possibleCpus(): number {
    return Math.max(1, this.symbols.libbpf_num_possible_cpus());
  }

  /**
   * Runs a call and tells what libbpf logged meanwhile. Threads that use the same libbpf must take turns, because its
   * log goes to one callback per process.
   *
   * @param call the call
   * @returns its result and the messages, oldest first
   * @throws {TypeError} after close
   * @throws whatever the call or the logger threw
   */
  logged<T>(call: () => T): { result: T; messages: readonly string[] } {
    // A worker that opened the same library took the log over, and left it without a listener when it closed.
    this.#listen();
    return this.log.during(call);
  }

  /** Directs libbpf's log here. */
  #listen(): void {
    this.symbols.libbpf_set_print(this.log.callbackPointer);
  }

  /** Closes it; every object made with it must be closed before. */
  close(): void {
    this.#closed = true;
    this.#resources.dispose();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

let shared: Library | undefined;
let sharedOptions: LibraryOptions = {};

/**
 * Says which libbpf {@linkcode libbpf} will open, and where its log goes.
 *
 * @param options which one
 * @throws {TypeError} when it is already open
 */
export function configureLibrary(options: LibraryOptions): void {
  if (shared !== undefined) throw new TypeError("libbpf is already open");
  sharedOptions = options;
}

/**
 * The shared libbpf, opened on first use.
 *
 * @returns the library; it stays open until {@linkcode closeLibrary}
 * @throws {LibraryNotFoundError} when none is found or the one asked for cannot be opened
 * @throws {LibraryVersionError} when the only one is too old
 */
export function libbpf(): Library {
  return shared ??= Library.open(sharedOptions);
}

/** Closes the shared libbpf, if it is open; every object made with it must be closed before. */
export function closeLibrary(): void {
  shared?.close();
  shared = undefined;
}

/**
 * Version of the shared libbpf, which is opened for it.
 *
 * @returns for example `1.1`
 * @throws {LibraryNotFoundError} when none is found or the one asked for cannot be opened
 * @throws {LibraryVersionError} when the only one is too old
 */
export function libbpfVersion(): string {
  return libbpf().version;
}
