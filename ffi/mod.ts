/**
 * The binding to libbpf and libc: the only code of the project that touches memory outside of JavaScript.
 *
 * @module
 */

export * from "./capabilities.ts";
export * from "./errno.ts";
export * from "./library.ts";
export * from "./libc.ts";
export * from "./link.ts";
export type { LibbpfLog, LibbpfLogger, LogLevel } from "./log.ts";
export * from "./map.ts";
export * from "./object.ts";
export * from "./probe.ts";
export * from "./program.ts";
export * from "./ring_buffer.ts";
export * from "./statistics.ts";
export { LIBBPF_SYMBOLS, type LibbpfSymbols } from "./symbols.ts";
