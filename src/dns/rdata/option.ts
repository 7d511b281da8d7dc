/**
 * Forms of EDNS options.
 *
 * @module
 */

import { EDNS_OPTIONS, extendedErrorName, typeName } from "../iana.ts";
import { Fault, type Reader, STRING_ESCAPES } from "../reader.ts";
import { hexOctets } from "../words.ts";
import { addressOf } from "./address.ts";
import { readPlainName } from "./field.ts";

/** What an option's octets mean. */
export interface OptionForm {
  /** Its mnemonic in lower case. */
  readonly key: string;
  /** Reads its value up to the reader's end; `data` is the same octets in hexadecimal. Absent where none is defined. */
  readonly read?: (reader: Reader, data: string) => unknown;
  /** Presentation form of the value. */
  readonly show: (value: unknown) => string;
}

/** A form with its types tied together. */
function form<T>(read: (reader: Reader, data: string) => T, show: (value: T) => string): Omit<OptionForm, "key"> {
  return { read, show: show as (value: unknown) => string };
}

/** Refuses an option. */
function malformed(reader: Reader): never {
  throw new Fault("option-malformed", reader.offset);
}

/** Numbers up to the end. */
function list<T>(readOne: (reader: Reader) => T): Omit<OptionForm, "key"> {
  return form((reader) => {
    const values: T[] = [];
    while (reader.left > 0) values.push(readOne(reader));
    return values;
  }, (values) => values.join(","));
}

/** Text in quotes. */
const TEXT = form((reader) => reader.escaped(reader.left, STRING_ESCAPES), (text) => `"${text}"`);

/** Algorithm numbers (RFC 6975 section 3). */
const ALGORITHMS = list((reader) => reader.u8());

/** Record types (RFC 10029). */
const TYPES = list((reader) => typeName(reader.u16()));

/** One 16-bit number. */
const NUMBER = form((reader) => reader.u16(), String);

/** A name. */
const NAME = form(readPlainName, String);

/** Long-lived query (RFC 8764 section 3.2). */
const LLQ = form((reader) => ({
  version: reader.u16(),
  opcode: reader.u16(),
  error: reader.u16(),
  id: reader.hex(8),
  leaseSeconds: reader.u32(),
}), ({ version, opcode, error, id, leaseSeconds }) => `${version}/${opcode}/${error}/${id}/${leaseSeconds}`);

/** Update lease (RFC 9664 section 4). */
const UPDATE_LEASE = form((reader): { leaseSeconds: number; keyLeaseSeconds?: number } => {
  const leaseSeconds = reader.u32();
  return reader.left === 0 ? { leaseSeconds } : { leaseSeconds, keyLeaseSeconds: reader.u32() };
}, (lease) => Object.values(lease).join("/"));

/** Client subnet (RFC 7871 section 6): no more octets than the prefix needs, and no bit after it. */
const ECS = form((reader, data) => {
  const family = reader.u16();
  const sourcePrefix = reader.u8();
  const scopePrefix = reader.u8();
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0;
  const octets = Math.ceil(sourcePrefix / 8);
  if (sourcePrefix > bits || scopePrefix > bits || reader.left !== octets) return malformed(reader);
  reader.skip(octets);
  const digits = hexOctets(data.slice(8));
  if (sourcePrefix % 8 > 0 && ((digits[octets - 1] ?? 0) & 0xff >> sourcePrefix % 8) !== 0) return malformed(reader);
  while (digits.length < bits / 8) digits.push(0);
  return { family, sourcePrefix, scopePrefix, address: bits === 0 ? "" : addressOf(digits) };
}, ({ sourcePrefix, scopePrefix, address }) => `${address}/${sourcePrefix}/${scopePrefix}`);

/** Expire: empty in queries (RFC 7314 section 2). */
const EXPIRE = form(
  (reader): { seconds?: number } => reader.left === 0 ? {} : { seconds: reader.u32() },
  ({ seconds }) => seconds === undefined ? "" : String(seconds),
);

/** Cookie: 8 octets of the client, then none or 8 to 32 of the server (RFC 7873 section 4). */
const COOKIE = form((reader, data): { client: string; server?: string } => {
  const size = reader.left;
  if (size !== 8 && (size < 16 || size > 40)) return malformed(reader);
  reader.skip(size);
  return size === 8 ? { client: data } : { client: data.slice(0, 16), server: data.slice(16) };
}, ({ client, server }) => server === undefined ? client : `${client}/${server}`);

/** TCP keepalive: empty in queries, in units of 100 ms (RFC 7828 section 3.1). */
const KEEPALIVE = form(
  (reader): { timeoutMs?: number } => reader.left === 0 ? {} : { timeoutMs: reader.u16() * 100 },
  ({ timeoutMs }) => timeoutMs === undefined ? "" : String(timeoutMs),
);

/** Padding: should be zeros (RFC 7830 section 3). */
const PADDING = form((reader, data) => {
  if (/[^0]/.test(data)) reader.note("edns-padding-nonzero");
  const size = reader.left;
  reader.skip(size);
  return { size };
}, ({ size }) => String(size));

/** Key tags: at least one (RFC 8145 section 4.1). */
const KEY_TAGS = form((reader) => {
  const tags: number[] = [];
  do tags.push(reader.u16()); while (reader.left > 0);
  return tags;
}, (tags) => tags.join(","));

/** Extended error: its text is UTF-8 (RFC 8914 section 2). In the presentation form it is escaped like any string. */
const EDE = form((reader) => {
  const code = reader.u16();
  const start = reader.offset;
  const utf8 = reader.utf8(reader.left);
  if (utf8 === undefined) reader.note("edns-ede-text-not-utf8");
  reader.offset = start;
  const escaped = reader.escaped(reader.left, STRING_ESCAPES);
  return { code, purpose: extendedErrorName(code), text: utf8 ?? escaped, escaped };
}, ({ code, escaped }) => escaped === "" ? String(code) : `${code}/"${escaped}"`);

/** Zone version: empty in queries; type 0 is a serial (RFC 9660 sections 2, 5). */
const ZONEVERSION = form((reader): { labels?: number; type?: number; serial?: number; version?: string } => {
  if (reader.left === 0) return {};
  const labels = reader.u8();
  const type = reader.u8();
  return type === 0 ? { labels, type, serial: reader.u32() } : { labels, type, version: reader.hex(reader.left) };
}, (version) => Object.values(version).join("/"));

/** Forms by option code. */
const FORMS: ReadonlyMap<number, Omit<OptionForm, "key">> = new Map<number, Omit<OptionForm, "key">>([
  [1, LLQ],
  [2, UPDATE_LEASE],
  [3, TEXT],
  [5, ALGORITHMS],
  [6, ALGORITHMS],
  [7, ALGORITHMS],
  [8, ECS],
  [9, EXPIRE],
  [10, COOKIE],
  [11, KEEPALIVE],
  [12, PADDING],
  [13, NAME],
  [14, KEY_TAGS],
  [15, EDE],
  [16, NUMBER],
  [17, NUMBER],
  [18, NAME],
  [19, ZONEVERSION],
  [20, TYPES],
  [21, TYPES],
  [22, TEXT],
  [23, TEXT],
  [24, TEXT],
  [25, TEXT],
]);

/** Every registered option. */
export const OPTION_FORMS: ReadonlyMap<number, OptionForm> = new Map(
  EDNS_OPTIONS.map(({ value, name }) => [value, { key: name.toLowerCase(), show: String, ...FORMS.get(value) }]),
);
