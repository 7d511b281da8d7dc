/**
 * Data of OPT records: EDNS(0) options (RFC 6891).
 *
 * @module
 */

import { ednsOptionName, extendedErrorName, typeName } from "../iana.ts";
import { Fault, type Reader, STRING_ESCAPES } from "../reader.ts";
import type { DnsRecord } from "../types.ts";
import { hexOctets } from "../words.ts";
import type { Writer } from "../writer.ts";
import { addressOf } from "./address.ts";
import { readPlainName } from "./field.ts";

/** One option, in the structured form of an OPT record. */
export interface EdnsOption {
  code: number;
  /** Mnemonic, or `OPT<number>`. */
  name: string;
  /** All octets, hexadecimal. */
  data: string;
  /** What they mean; absent where that is unknown or they are malformed. */
  value?: unknown;
}

/** Reads the value of an option up to the reader's end. */
type OptionReader = (reader: Reader) => unknown;

/** Refuses an option's form. */
function malformed(reader: Reader): never {
  throw new Fault("option-malformed", reader.offset);
}

/** Reads numbers of 8 or 16 bits up to the end. */
function readNumbers<T>(reader: Reader, readOne: () => T): T[] {
  const numbers: T[] = [];
  while (reader.left > 0) numbers.push(readOne());
  return numbers;
}

/** Reads algorithm numbers (RFC 6975 section 3). */
function readAlgorithms(reader: Reader): unknown {
  return readNumbers(reader, () => reader.u8());
}

/** Reads record types (RFC 10029 section 3). */
function readTypes(reader: Reader): unknown {
  return readNumbers(reader, () => typeName(reader.u16()));
}

/** Reads text. */
function readText(reader: Reader): unknown {
  return reader.escaped(reader.left, STRING_ESCAPES);
}

/** Reads a client subnet (RFC 7871 section 6). */
function readClientSubnet(reader: Reader): unknown {
  const family = reader.u16();
  const sourcePrefix = reader.u8();
  const scopePrefix = reader.u8();
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0;
  const octets = Math.ceil(sourcePrefix / 8);
  if (sourcePrefix > bits || scopePrefix > bits || reader.left !== octets) return malformed(reader);
  if (octets > 0 && sourcePrefix % 8 !== 0) {
    const last = reader.at(reader.end - 1, reader.end, "option-malformed");
    if ((last & 0xff >> sourcePrefix % 8) !== 0) return malformed(reader);
  }
  const digits = reader.hex(octets).padEnd(bits / 4, "0");
  const address = bits === 0 ? "" : addressOf(hexOctets(digits));
  return { family, sourcePrefix, scopePrefix, address };
}

/** Readers by option code. */
const READERS: ReadonlyMap<number, OptionReader> = new Map<number, OptionReader>([
  // LLQ (RFC 8764 section 3.2)
  [1, (reader) => ({
    version: reader.u16(),
    opcode: reader.u16(),
    error: reader.u16(),
    id: reader.hex(8),
    leaseSeconds: reader.u32(),
  })],
  // Update Lease (RFC 9664 section 4)
  [2, (reader) => {
    const leaseSeconds = reader.u32();
    return reader.left === 0 ? { leaseSeconds } : { leaseSeconds, keyLeaseSeconds: reader.u32() };
  }],
  [3, readText],
  [5, readAlgorithms],
  [6, readAlgorithms],
  [7, readAlgorithms],
  [8, readClientSubnet],
  // Expire: empty in queries (RFC 7314 section 2)
  [9, (reader) => reader.left === 0 ? {} : { seconds: reader.u32() }],
  // Cookie (RFC 7873 section 4)
  [10, (reader) => {
    const client = reader.hex(8);
    if (reader.left === 0) return { client };
    return reader.left < 8 || reader.left > 32 ? malformed(reader) : { client, server: reader.hex(reader.left) };
  }],
  // TCP keepalive: empty in queries, in units of 100 ms (RFC 7828 section 3.1)
  [11, (reader) => reader.left === 0 ? {} : { timeoutMs: reader.u16() * 100 }],
  // Padding: should be zeros (RFC 7830 section 3)
  [12, (reader) => {
    const size = reader.left;
    if (/[^0]/.test(reader.hex(size))) reader.note("edns-padding-nonzero");
    return { size };
  }],
  [13, (reader) => ({ closestTrustPoint: readPlainName(reader) })],
  // Key tags: at least one (RFC 8145 section 4.1)
  [14, (reader) => reader.left === 0 ? malformed(reader) : readNumbers(reader, () => reader.u16())],
  // Extended DNS error: text is UTF-8 (RFC 8914 section 2)
  [15, (reader) => {
    const code = reader.u16();
    const offset = reader.offset;
    const text = reader.utf8(reader.left);
    if (text === undefined) {
      reader.note("edns-ede-text-not-utf8");
      reader.offset = offset;
    }
    return { code, purpose: extendedErrorName(code), text: text ?? reader.escaped(reader.left, STRING_ESCAPES) };
  }],
  [16, (reader) => reader.u16()],
  [17, (reader) => reader.u16()],
  [18, (reader) => ({ agent: readPlainName(reader) })],
  // Zone version: empty in queries (RFC 9660 section 2)
  [19, (reader) => {
    if (reader.left === 0) return {};
    const labels = reader.u8();
    const type = reader.u8();
    return type === 0 ? { labels, type, serial: reader.u32() } : { labels, type, version: reader.hex(reader.left) };
  }],
  [20, readTypes],
  [21, readTypes],
  [22, readText],
  [23, readText],
  [24, readText],
  [25, readText],
]);

/** Presentation form of an option's value. */
function showValue(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.values(value).filter((part) => part !== "").join("/");
}

/** Reads one option up to the reader's end. */
function readOption(reader: Reader, code: number): [option: EdnsOption, text: string] {
  const start = reader.offset;
  const name = ednsOptionName(code);
  const key = name.toLowerCase();
  const option: EdnsOption = { code, name, data: reader.hex(reader.left) };
  const read = READERS.get(code);
  if (read !== undefined) {
    reader.offset = start;
    try {
      const value = read(reader);
      if (reader.left > 0) return malformed(reader);
      option.value = value;
      const text = code === 8 ? showSubnet(value) : code === 15 ? showError(reader, start) : showValue(value);
      return [option, text === "" ? key : `${key}=${text}`];
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      reader.error(`edns-${key}-malformed`, start);
      reader.offset = reader.end;
    }
  }
  return [option, option.data === "" ? key : `${key}=${option.data}`];
}

/** Presentation form of a client subnet. */
function showSubnet(value: unknown): string {
  const { address, sourcePrefix, scopePrefix } = value as Record<string, string | number>;
  return `${address}/${sourcePrefix}/${scopePrefix}`;
}

/** Presentation form of an extended error: its text escaped, whatever its alphabet. */
function showError(reader: Reader, start: number): string {
  reader.offset = start;
  const code = reader.u16();
  return reader.left === 0 ? String(code) : `${code}/"${reader.escaped(reader.left, STRING_ESCAPES)}"`;
}

/**
 * Reads the data of an OPT record, and what its class and TTL mean (RFC 6891 section 6.1.3).
 *
 * @param reader at the first option
 * @param record an OPT record; receives `data` and `fields`
 */
export function readOpt(reader: Reader, record: DnsRecord): void {
  const version = record.ttl >>> 16 & 0xff;
  const dnssecOk = (record.ttl & 0x8000) !== 0;
  const end = reader.end;
  const options: EdnsOption[] = [];
  let data = `version=${version} udp=${record.class}${dnssecOk ? " flags=do" : ""}`;
  record.fields = { version, udpSize: record.class, dnssecOk, options };
  while (reader.left > 0) {
    const offset = reader.offset;
    const code = reader.left < 4 ? -1 : reader.u16();
    const size = code < 0 ? 0 : reader.u16();
    if (code < 0 || size > reader.left) {
      reader.error("edns-option-truncated", offset);
      reader.offset = end;
      break;
    }
    reader.end = reader.offset + size;
    const [option, text] = readOption(reader, code);
    reader.end = end;
    options.push(option);
    data += ` ${text}`;
  }
  if (version !== 0) reader.note("edns-version-unknown");
  record.data = data;
}

/**
 * Writes the data of an OPT record from its structured form.
 *
 * @param fields as {@linkcode readOpt} makes them: of each option, `code` and `data` are written
 * @param writer receives the options
 */
export function writeOpt(fields: Record<string, unknown> | undefined, writer: Writer): void {
  const options = (fields?.["options"] ?? []) as readonly Pick<EdnsOption, "code" | "data">[];
  for (const { code, data } of options) {
    const octets = hexOctets(data);
    writer.u16(code);
    writer.u16(octets.length);
    writer.octets(octets);
  }
}
