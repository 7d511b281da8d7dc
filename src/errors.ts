/**
 * Every error class of the project. Each carries the data behind its message, so that callers branch on fields and
 * never on text. `TypeError` and `RangeError` stay what they are: mistakes of the programmer.
 *
 * @module
 */

import { escapeTerminal } from "./output/escape.ts";

/** Exit codes of the command line, one meaning each. */
export const EXIT_CODE = {
  /** Done and clean. */
  ok: 0,
  /** An audit found something. */
  findings: 1,
  /** The command line was wrong. */
  usage: 2,
  /** Could not observe, or observed incompletely: privilege, kernel, loss, unwritable output. */
  incomplete: 3,
  /** Another run holds the lock. */
  locked: 4,
  /** A defect of culprit itself. */
  internal: 10,
} as const;

/** One of the numbers in {@linkcode EXIT_CODE}. */
export type ExitCode = typeof EXIT_CODE[keyof typeof EXIT_CODE];

/** Base of every error this project throws on purpose: it knows its exit code and how to mend the cause. */
export abstract class CulpritError extends Error {
  /** Exit code the command line ends with when this error reaches it. */
  readonly exitCode: ExitCode = EXIT_CODE.incomplete;
  /** What the reader can do about it, one sentence without a final period; absent when nothing can be done. */
  readonly hint: string | undefined;

  /**
   * Makes an error.
   *
   * @param message what was attempted, what was found and what was wanted; no final period. It becomes one line: a name
   *   in it may hold anything, line feeds too
   * @param options `hint`: what to do about it; `cause`: the error behind this one; `quoted`: lines of a log, which the
   *   message shows below its own
   */
  constructor(
    message: string,
    options: { hint?: string | undefined; cause?: unknown; quoted?: readonly string[] } = {},
  ) {
    super(
      [message, ...options.quoted ?? []].map(escapeTerminal).join("\n  "),
      "cause" in options ? { cause: options.cause } : undefined,
    );
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** A call into libbpf or the kernel failed. */
export class LibbpfError extends CulpritError {
  /** What was attempted, for example `attach program "dns_egress"`. */
  readonly operation: string;
  /** Positive errno of the failing call. */
  readonly errno: number;
  /** Symbolic name of {@linkcode errno}, for example `EACCES`, or `E<number>` when it has none here. */
  readonly errnoName: string;
  /** What libbpf logged during the call, oldest first; the message shows the last lines. */
  readonly log: readonly string[];

  /**
   * Makes an error of a failed call.
   *
   * @param operation what was attempted, in the infinitive
   * @param errno positive errno
   * @param errnoName symbolic name of the errno
   * @param options hint, cause and `log`: lines libbpf logged during the call, oldest first
   */
  constructor(
    operation: string,
    errno: number,
    errnoName: string,
    options: { hint?: string | undefined; cause?: unknown; log?: readonly string[] } = {},
  ) {
    super(`Cannot ${operation}: errno ${errnoName} (${errno})`, { ...options, quoted: options.log?.slice(-4) ?? [] });
    this.log = options.log ?? [];
    this.operation = operation;
    this.errno = errno;
    this.errnoName = errnoName;
  }
}

/** The kernel's verifier rejected a program. */
export class VerifierError extends CulpritError {
  /** Name of the rejected program. */
  readonly program: string;
  /** The whole verifier log. */
  readonly log: string;

  /**
   * Makes an error of a rejected program.
   *
   * @param program name of the rejected program
   * @param log whole verifier log; the message shows its last lines
   * @param options hint and cause
   */
  constructor(program: string, log: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(`The kernel rejected program "${program}":`, {
      ...options,
      quoted: log.trimEnd().split("\n").slice(-6),
    });
    this.program = program;
    this.log = log;
  }
}

/** The running kernel lacks something without which nothing can be observed. */
export class UnsupportedKernelError extends CulpritError {
  /** What is missing, for example `BTF (/sys/kernel/btf/vmlinux)`. */
  readonly feature: string;
  /** First kernel release that has it, for example `5.10`. */
  readonly minimumKernel: string;
  /** Release of the running kernel. */
  readonly kernel: string;

  /**
   * Makes an error of a kernel that is too old.
   *
   * @param feature what is missing
   * @param minimumKernel first kernel release that has it
   * @param kernel release of the running kernel
   * @param options hint and cause
   */
  constructor(
    feature: string,
    minimumKernel: string,
    kernel: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(`Kernel ${kernel} has no ${feature}; it is in Linux ${minimumKernel} and newer`, options);
    this.feature = feature;
    this.minimumKernel = minimumKernel;
    this.kernel = kernel;
  }
}

/** The process lacks capabilities for what was asked of it. */
export class MissingPrivilegeError extends CulpritError {
  /** Names of the missing capabilities, for example `CAP_BPF`. */
  readonly capabilities: readonly string[];

  /**
   * Makes an error of missing capabilities.
   *
   * @param operation what was attempted, in the infinitive
   * @param capabilities names of the missing capabilities
   * @param options hint (a default names sudo) and cause
   */
  constructor(
    operation: string,
    capabilities: readonly string[],
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(`Cannot ${operation}: missing ${capabilities.join(", ")}`, {
      hint: "run it as root, for example with sudo; in a container, add these capabilities",
      ...options,
    });
    this.capabilities = capabilities;
  }
}

/** No usable libbpf.so was found. */
export class LibraryNotFoundError extends CulpritError {
  /** Paths that were tried, in order. */
  readonly searchedPaths: readonly string[];

  /**
   * Makes an error of a library that is not there.
   *
   * @param searchedPaths paths that were tried, in order
   * @param options hint (a default names the package) and cause
   */
  constructor(searchedPaths: readonly string[], options: { hint?: string | undefined; cause?: unknown } = {}) {
    super(`Cannot find libbpf.so.1; tried ${searchedPaths.map((path) => `"${path}"`).join(", ")}`, {
      hint: "install libbpf 1.1 or newer (Debian: apt-get install libbpf1) or name it with --libbpf PATH",
      ...options,
    });
    this.searchedPaths = searchedPaths;
  }
}

/** Bytes are not a DNS message. */
export class DnsDecodeError extends CulpritError {
  /** Stable name of what is wrong, for example `pointer-loop`. */
  readonly reason: string;
  /** Offset in the message, in octets, at which it was found. */
  readonly offset: number;

  /**
   * Makes an error of octets that are no message.
   *
   * @param reason stable name of what is wrong
   * @param offset offset in the message, in octets
   */
  constructor(reason: string, offset: number) {
    super(`Not a DNS message: ${reason} at offset ${offset}`);
    this.reason = reason;
    this.offset = offset;
  }
}

/** The command line asks for something that does not exist or does not go together. */
export class UsageError extends CulpritError {
  /** That of a wrong command line. */
  override readonly exitCode: ExitCode = EXIT_CODE.usage;
}

/** Events, or something else a run makes, could not be written to where they should go. */
export class OutputError extends CulpritError {
  /** Where it should have gone: a path, or `standard output`. */
  readonly target: string;

  /**
   * Makes an error of a failed write.
   *
   * @param target a path, or `standard output`
   * @param reason what went wrong, for example `No space left on device`
   * @param options hint and cause; `action`: what was attempted with the target, where it is not `write events to`
   */
  constructor(
    target: string,
    reason: string,
    options: { hint?: string | undefined; cause?: unknown; action?: string } = {},
  ) {
    super(`Cannot ${options.action ?? "write events to"} ${target}: ${reason}`, options);
    this.target = target;
  }
}
