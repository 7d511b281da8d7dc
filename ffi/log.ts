/**
 * libbpf's own log, kept for error messages instead of shown on the screen.
 *
 * @module
 */

import { formatVaList } from "./libc.ts";
import { allocate, textUntilNul } from "./memory.ts";

/** Importance of a line, enum libbpf_print_level. */
export type LogLevel = "warn" | "info" | "debug";

/**
 * Receives one message of libbpf.
 *
 * @param level its importance
 * @param message without the final newline; a verifier log is one message of many lines
 */
export type LibbpfLogger = (level: LogLevel, message: string) => void;

const LEVELS: readonly LogLevel[] = ["warn", "info", "debug"];

/** Messages that are kept: a failed load writes about ten. */
const KEPT_MESSAGES = 64;

/**
 * Octets of a `va_list` that must be saved before vsnprintf uses it up: 24 on x86-64 (System V ABI 3.5.7), 32 on arm64
 * (AAPCS64 appendix B). A callback receives its address on both.
 */
const VA_LIST_BYTES = Deno.build.arch === "aarch64" ? 32 : 24;

const PRINT_CALLBACK = { parameters: ["u32", "pointer", "pointer"], result: "i32" } as const;

/** Collects what libbpf logs. */
export class LibbpfLog {
  readonly #messages: string[] = [];
  readonly #logger: LibbpfLogger | undefined;
  readonly #maximumLevel: number;
  readonly #callback: Deno.UnsafeCallback<typeof PRINT_CALLBACK>;
  #line = allocate(4096);
  #loggerError: { error: unknown } | undefined;
  #closed = false;

  /**
   * Makes the callback, which libbpf calls once it is told to.
   *
   * @param logger receives every message that is kept
   * @param level least important level that is kept
   */
  constructor(logger?: LibbpfLogger, level: LogLevel = "warn") {
    this.#logger = logger;
    this.#maximumLevel = LEVELS.indexOf(level);
    this.#callback = new Deno.UnsafeCallback(PRINT_CALLBACK, (messageLevel, format, vaList) => {
      // Debug messages come by the hundred: those nobody wants are not even formatted.
      if (messageLevel > this.#maximumLevel) return 0;
      try {
        this.#receive(LEVELS[messageLevel] ?? "debug", this.#format(format, vaList));
      } catch (error) {
        // An exception must not unwind through C: rethrowLoggerError() delivers it.
        this.#loggerError ??= { error };
      }
      return 0;
    });
  }

  /** What `libbpf_set_print` takes. */
  get callbackPointer(): Deno.PointerObject {
    return this.#callback.pointer;
  }

  /**
   * Runs a call and tells what libbpf logged meanwhile.
   *
   * @param call the call
   * @returns its result and the messages, oldest first
   * @throws whatever the logger threw
   */
  during<T>(call: () => T): { result: T; messages: readonly string[] } {
    this.#messages.length = 0;
    const result = call();
    this.rethrowLoggerError();
    return { result, messages: this.#messages.splice(0) };
  }

  /**
   * Delivers the first error the logger threw inside a callback.
   *
   * @throws whatever the logger threw
   */
  rethrowLoggerError(): void {
    const thrown = this.#loggerError;
    this.#loggerError = undefined;
    if (thrown !== undefined) throw thrown.error;
  }

  /** Frees the callback; libbpf must not hold it any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#callback.close();
  }

  /** See {@linkcode close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Text of a message. */
  #format(format: Deno.PointerValue, vaList: Deno.PointerValue): string {
    if (vaList === null) return "";
    const saved = new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(vaList, VA_LIST_BYTES).slice(0));
    const sizeBytes = formatVaList(this.#line, format, saved.slice());
    if (sizeBytes >= this.#line.length) {
      // A verifier log is one message of up to megabytes.
      const large = allocate(sizeBytes + 1);
      formatVaList(large, format, saved);
      return textUntilNul(large);
    }
    return textUntilNul(this.#line);
  }

  /** Keeps and passes on a message. */
  #receive(level: LogLevel, text: string): void {
    const message = text.replace(/^libbpf: /, "").trimEnd();
    if (this.#messages.length === KEPT_MESSAGES) this.#messages.shift();
    this.#messages.push(message);
    this.#logger?.(level, message);
  }
}
