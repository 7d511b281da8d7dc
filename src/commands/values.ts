/**
 * Parsers of option values. Each takes the text and the flag it was given to, and throws a {@linkcode UsageError} that
 * names what was found and what was wanted.
 *
 * @module
 */

import { type Network, parseNetwork } from "../conns/filter.ts";
import { rcodeName, typeName, typeNumber } from "../dns/iana.ts";
import { UsageError } from "../errors.ts";
import { compileGlob } from "../output/glob.ts";

/** Milliseconds per unit of a duration. */
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Bytes per suffix of a size. */
const SIZE_UNITS: Readonly<Record<string, number>> = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** setTimeout() holds its delay in 31 bits and fires at once above: 24.8 days. */
const LONGEST_DURATION_MS = 2 ** 31 - 1;

/** A ring smaller than this loses events between two reads on any busy host. */
const SMALLEST_RING_BYTES = 64 * 1024;

/** The kernel takes rings up to 2 GiB; above 1 GiB pages are better spent elsewhere. */
const LARGEST_RING_BYTES = 1024 ** 3;

/** PID_MAX_LIMIT of Linux (include/linux/threads.h). */
const LARGEST_PID = 2 ** 22;

/** (uid_t) -1 means "no change" to the kernel and belongs to nobody. */
const LARGEST_UID = 2 ** 32 - 2;

/** A text on one line. */
function printable(text: string): string {
  return text.replaceAll("\n", "\\n");
}

/** The error every parser throws. */
function unwanted(flag: string, found: string, wanted: string, hint?: string): UsageError {
  return new UsageError(`option ${flag}: found "${printable(found)}", wanted ${wanted}`, { hint });
}

/** A decimal integer within bounds, nothing around it. */
function parseInteger(text: string, flag: string, wanted: string, low: number, high: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= low && value <= high)) throw unwanted(flag, text, `${wanted} from ${low} to ${high}`);
  return value;
}

/** The parts of a list, each without space around it; `excess` says what to do about a comma that is too many. */
function wholeParts(
  text: string,
  flag: string,
  parts: readonly string[],
  excess = "remove the comma that is too many",
): string[] {
  const trimmed = parts.map((part) => part.trim());
  if (!trimmed.includes("")) return trimmed;
  if (trimmed.length === 1) {
    throw unwanted(flag, text, "values separated by commas", "leave the option out where it should not matter");
  }
  throw new UsageError(`option ${flag}: found nothing beside a comma in "${printable(text)}", wanted a value`, {
    hint: excess,
  });
}

/** Reads a comma-separated list. */
function parseList<T>(text: string, flag: string, parse: (part: string) => T): T[] {
  return wholeParts(text, flag, text.split(",")).map(parse);
}

/**
 * Reads a length of time.
 *
 * @param text a number with its unit: `250ms`, `5s`, `1.5m`, `2h`
 * @param flag option it was given to
 * @returns milliseconds, at least 1, whole
 * @throws {UsageError} without a unit, for zero, or above 24 days
 */
export function parseDuration(text: string, flag: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h)$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? ""];
  if (match?.[1] === undefined || unit === undefined) {
    throw unwanted(flag, text, "a number with a unit: ms, s, m or h", "for example 500ms, 30s, 5m or 1h");
  }
  const milliseconds = Math.round(Number(match[1]) * unit);
  if (milliseconds < 1) throw unwanted(flag, text, "at least 1ms");
  if (milliseconds > LONGEST_DURATION_MS) throw unwanted(flag, text, "at most 596h");
  return milliseconds;
}

/**
 * Reads a number of things.
 *
 * @param text a decimal number
 * @param flag option it was given to
 * @returns the number, at least 1
 * @throws {UsageError} for anything else
 */
export function parseCount(text: string, flag: string): number {
  return parseInteger(text, flag, "a number", 1, Number.MAX_SAFE_INTEGER);
}

/**
 * Reads the size of the ring buffer.
 *
 * @param text bytes as a decimal number, with `K`, `M` or `G` for powers of 1024
 * @param flag option it was given to
 * @returns bytes, a power of two from 64 KiB to 1 GiB
 * @throws {UsageError} for anything else
 */
export function parseRingSize(text: string, flag: string): number {
  const match = /^(\d{1,12})([KMG]?)$/i.exec(text);
  const unit = SIZE_UNITS[match?.[2]?.toUpperCase() ?? "-"];
  const bytes = unit === undefined ? NaN : Number(match?.[1]) * unit;
  const isPowerOfTwo = Number.isInteger(Math.log2(bytes));
  if (!isPowerOfTwo || bytes < SMALLEST_RING_BYTES || bytes > LARGEST_RING_BYTES) {
    throw unwanted(flag, text, "a power of two from 64K to 1G", "for example 16M");
  }
  return bytes;
}

/**
 * Reads process ids.
 *
 * @param text process ids, separated by commas
 * @param flag option it was given to
 * @returns at least one process id
 * @throws {UsageError} for anything that is none
 */
export function parsePids(text: string, flag: string): number[] {
  return parseList(text, flag, (part) => parseInteger(part, flag, "a process id", 1, LARGEST_PID));
}

/**
 * Reads user ids.
 *
 * @param text user ids, separated by commas
 * @param flag option it was given to
 * @returns at least one user id
 * @throws {UsageError} for anything that is none
 */
export function parseUids(text: string, flag: string): number[] {
  return parseList(text, flag, (part) => parseInteger(part, flag, "a user id", 0, LARGEST_UID));
}

/** Ports the kernel side compares each packet with: PORTS_MAX of bpf/dns/dns.bpf.c. */
const PORTS_MAX = 16;

/**
 * Reads ports.
 *
 * @param text ports, separated by commas
 * @param flag option it was given to
 * @returns at least one port
 * @throws {UsageError} for anything that is none
 */
export function parsePorts(text: string, flag: string): number[] {
  const ports = parseList(text, flag, (part) => parseInteger(part, flag, "a port", 1, 65535));
  if (ports.length > PORTS_MAX) {
    throw new UsageError(`option ${flag}: found ${ports.length} ports, wanted at most ${PORTS_MAX}`);
  }
  return ports;
}

/** What stands between the commas of a list of globs: a comma in brackets is a member of a class. */
const GLOB = /(?:\[[!^]?\]?[^\]]*\]|[^,])*/y;

/**
 * Reads globs.
 *
 * @param text globs, separated by commas; `[,]` matches a comma
 * @param flag option it was given to
 * @returns at least one glob
 * @throws {UsageError} for a malformed glob, or an empty one
 */
export function parseGlobs(text: string, flag: string): string[] {
  const parts: string[] = [];
  for (GLOB.lastIndex = 0; GLOB.lastIndex <= text.length; GLOB.lastIndex++) parts.push(GLOB.exec(text)?.[0] ?? "");
  const globs = wholeParts(text, flag, parts, 'remove the comma that is too many, or write "[,]" to match one');
  try {
    globs.forEach(compileGlob);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`option ${flag}: ${error.message}`, { hint: error.hint, cause: error });
  }
  return globs;
}

/**
 * Reads networks.
 *
 * @param text addresses and networks, separated by commas
 * @param flag option it was given to
 * @returns at least one network
 * @throws {UsageError} for anything that is none
 */
export function parseNetworks(text: string, flag: string): Network[] {
  return parseList(text, flag, (part) => parseNetwork(part, flag));
}

/**
 * Reads a path.
 *
 * @param text a path
 * @param flag option it was given to
 * @returns the path as it is
 * @throws {UsageError} for an empty one, or one with a NUL
 */
export function parsePath(text: string, flag: string): string {
  if (text === "" || text.includes("\0")) throw unwanted(flag, text, "the path of a file");
  return text;
}

/**
 * Makes the parser of an option that takes one of a few words.
 *
 * @param choices the words
 * @returns the parser
 */
export function parseChoice<T extends string>(choices: readonly T[]): (text: string, flag: string) => T {
  return (text, flag) => {
    const found = choices.find((choice) => choice === text);
    if (found === undefined) throw unwanted(flag, text, `one of ${choices.join(", ")}`);
    return found;
  };
}

/**
 * Makes the parser of an option that takes some of a few words, separated by commas.
 *
 * @param choices the words
 * @returns the parser; its result holds at least one
 */
export function parseChoices<T extends string>(choices: readonly T[]): (text: string, flag: string) => T[] {
  const parse = parseChoice(choices);
  return (text, flag) => parseList(text, flag, (part) => parse(part, flag));
}

/** Largest extended response code (RFC 6891 section 6.1.3): 12 bits. */
const LARGEST_RCODE = 4095;

/**
 * Reads record types.
 *
 * @param text record types, separated by commas: mnemonics in any case, `TYPE<n>` (RFC 3597 section 5) or numbers
 * @param flag option it was given to
 * @returns names as events show them
 * @throws {UsageError} for what the registry does not have
 */
export function parseTypes(text: string, flag: string): string[] {
  return parseList(text, flag, (part) => {
    const type = typeNumber(/^\d+$/.test(part) ? `TYPE${part}` : part);
    if (type === undefined) throw unwanted(flag, part, "a record type such as A, AAAA, HTTPS or TYPE65280");
    return typeName(type);
  });
}

/**
 * Reads response codes.
 *
 * @param text response codes, separated by commas: mnemonics in any case, `RCODE<n>` or numbers
 * @param flag option it was given to
 * @returns names as events show them
 * @throws {UsageError} for what the registry does not have
 */
export function parseRcodes(text: string, flag: string): string[] {
  return parseList(text, flag, (part) => {
    const name = part.toUpperCase();
    const code = Number(/^(?:RCODE)?(\d{1,4})$/.exec(name)?.[1] ?? NaN);
    if (code <= LARGEST_RCODE) return rcodeName(code);
    for (let known = 0; known <= LARGEST_RCODE; known++) {
      if (rcodeName(known) === name) return name;
    }
    throw unwanted(flag, part, "a response code such as NOERROR, NXDOMAIN, SERVFAIL or RCODE24");
  });
}
