/**
 * Parts that records' data are made of. Each knows its wire form, its presentation form and its structured form, so
 * that a type is a list of parts (`schemas.ts`), for decoding and encoding alike.
 *
 * @module
 */

import { rcodeNumber, tsigErrorName, typeName, typeNumber } from "../iana.ts";
import { readName } from "../name.ts";
import { Fault, LABEL_ESCAPES, type Reader, STRING_ESCAPES, WORD_ESCAPES } from "../reader.ts";
import {
  base32HexOctets,
  base64Octets,
  hexOctets,
  ipv4Octets,
  ipv6Octets,
  nameLabels,
  unescapeOctets,
  type Words,
} from "../words.ts";
import type { Writer } from "../writer.ts";

/** A part of a record's data. */
export interface Field {
  /**
   * Reads the part.
   *
   * @param reader at its first octet; `end` is the end of the record's data
   * @param fields receives its structured form
   * @param key under this key
   * @returns its presentation form; empty where it shows nothing
   */
  read(reader: Reader, fields: Record<string, unknown>, key: string): string;
  /**
   * Writes the part.
   *
   * @param words its presentation form is next
   * @param writer receives its wire form
   */
  write(words: Words, writer: Writer): void;
}

/** Parts in order, with their keys in the structured form. */
export type Schema = readonly (readonly [key: string, field: Field])[];

/**
 * A part whose value is shown by itself.
 *
 * @param read reads the value
 * @param write writes it from words
 * @param show presentation form of the value
 * @returns the part
 */
export function field<T>(
  read: (reader: Reader) => T,
  write: (words: Words, writer: Writer) => void,
  show: (value: T) => string = String,
): Field {
  return {
    read(reader, fields, key): string {
      const value = read(reader);
      fields[key] = value;
      return show(value);
    },
    write,
  };
}

/** 8 bits. */
export const U8: Field = field((reader) => reader.u8(), (words, writer) => writer.u8(words.number(0xff)));

/** 16 bits. */
export const U16: Field = field((reader) => reader.u16(), (words, writer) => writer.u16(words.number(0xffff)));

/** 32 bits. */
export const U32: Field = field((reader) => reader.u32(), (words, writer) => writer.u32(words.number(0xffff_ffff)));

/** 48 bits. */
export const U48: Field = field(
  (reader) => reader.u48(),
  (words, writer) => writer.u48(words.number(0xffff_ffff_ffff)),
);

/** 64 bits, decimal; a string in the structured form, which may exceed 2^53. */
export const U64: Field = field(
  (reader) => (BigInt(reader.u32()) << 32n | BigInt(reader.u32())).toString(),
  (words, writer) => {
    const value = BigInt(words.next());
    writer.u32(Number(BigInt.asUintN(32, value >> 32n)));
    writer.u32(Number(BigInt.asUintN(32, value)));
  },
);

/** Reads a name that must not be compressed (RFC 3597 section 4); mDNS allows it everywhere (RFC 6762 section 18.14). */
export function readPlainName(reader: Reader): string {
  const name = readName(reader);
  if (reader.compressed && !reader.mdns) reader.note("rdata-name-compressed");
  return name;
}

/** A name of the types of RFC 1035, which may be compressed. */
export const NAME: Field = field(readName, (words, writer) => writer.name(nameLabels(words.next())));

/** A name that is not written compressed but read so without a word (RFC 3597 section 4). */
export const LENIENT_NAME: Field = field(readName, (words, writer) => writer.name(nameLabels(words.next()), false));

/** A name that may not be compressed. */
export const PLAIN_NAME: Field = field(
  readPlainName,
  (words, writer) => writer.name(nameLabels(words.next()), false),
);

/** A type's number, shown as its mnemonic. */
export const TYPE_NUMBER: Field = field(
  (reader) => typeName(reader.u16()),
  (words, writer) => writer.u16(requireType(words.next())),
);

/**
 * @param name mnemonic of a type
 * @returns its number
 * @throws RangeError when there is no such type
 */
export function requireType(name: string): number {
  const type = typeNumber(name);
  if (type === undefined) throw new RangeError(`Cannot encode "${name}": no record type`);
  return type;
}

/** Error field of TSIG and TKEY, shown as its mnemonic. */
export const TSIG_ERROR: Field = field(
  (reader) => tsigErrorName(reader.u16()),
  (words, writer) => {
    const name = words.next();
    const error = rcodeNumber(name);
    if (error === undefined) throw new RangeError(`Cannot encode "${name}": no TSIG error`);
    writer.u16(error);
  },
);

/** An IPv4 address. */
export const IPV4: Field = field((reader) => reader.ipv4(), (words, writer) => writer.octets(ipv4Octets(words.next())));

/** An IPv6 address. */
export const IPV6: Field = field((reader) => reader.ipv6(), (words, writer) => writer.octets(ipv6Octets(words.next())));

/** Writes a character-string (RFC 1035 section 3.3). */
export function writeString(text: string, writer: Writer): void {
  const octets = unescapeOctets(text);
  if (octets.length > 255) throw new RangeError(`Cannot encode a string of ${octets.length} octets: at most 255`);
  writer.u8(octets.length);
  writer.octets(octets);
}

/** A character-string in quotes. */
export const STRING: Field = field(
  (reader) => reader.escaped(reader.u8(), STRING_ESCAPES),
  (words, writer) => writeString(words.next(), writer),
  (text) => `"${text}"`,
);

/** A character-string without quotes, where it is one word. */
export const WORD: Field = field(
  (reader) => reader.escaped(reader.u8(), WORD_ESCAPES),
  (words, writer) => writeString(words.next(), writer),
  (text) => text === "" ? '""' : text,
);

/** A character-string that may be absent at the end. */
export const OPTIONAL_STRING: Field = {
  read: (reader, fields, key) => reader.left === 0 ? "" : STRING.read(reader, fields, key),
  write: (words, writer) => words.left === 0 ? undefined : STRING.write(words, writer),
};

/** One or more character-strings up to the end. */
export const STRINGS: Field = field(
  (reader) => {
    const strings: string[] = [];
    do strings.push(reader.escaped(reader.u8(), STRING_ESCAPES)); while (reader.left > 0);
    return strings;
  },
  (words, writer) => words.rest().forEach((text) => writeString(text, writer)),
  (strings) => `"${strings.join('" "')}"`,
);

/** Text without a length, up to the end, in quotes. */
export const TEXT: Field = field(
  (reader) => reader.escaped(reader.left, STRING_ESCAPES),
  (words, writer) => writer.octets(unescapeOctets(words.next())),
  (text) => `"${text}"`,
);

/** Tag of a CAA record: a length, then letters and digits (RFC 8659 section 4.1). */
export const TAG: Field = field(
  (reader) => {
    const offset = reader.offset;
    const length = reader.u8();
    if (length === 0) throw new Fault("caa-tag-empty", offset);
    const tag = reader.escaped(length, LABEL_ESCAPES);
    if (!/^[A-Za-z0-9]+$/.test(tag)) reader.note("caa-tag-odd");
    return tag;
  },
  (words, writer) => writeString(words.next(), writer),
);

/** Octets up to the end, in hexadecimal. */
export const HEX_REST: Field = field(
  (reader) => reader.hex(reader.left),
  (words, writer) => writer.octets(hexOctets(words.rest().join(""))),
);

/** Octets up to the end, in base64. */
export const BASE64_REST: Field = field(
  (reader) => reader.base64(reader.left),
  (words, writer) => writer.octets(base64Octets(words.rest().join(""))),
);

/** Octets up to the end, in base64; a dash for none. */
export const BASE64_OR_DASH: Field = field(
  (reader) => reader.base64(reader.left),
  (words, writer) => writer.octets(dashed(words.rest().join(""), base64Octets)),
  (text) => text === "" ? "-" : text,
);

/** Octets of a dash or of digits. */
function dashed(text: string, octets: (text: string) => number[]): number[] {
  return text === "-" ? [] : octets(text);
}

/** Writes octets after their number. */
function writeCounted(octets: number[], writer: Writer): void {
  if (octets.length > 255) throw new RangeError(`Cannot encode ${octets.length} octets: at most 255`);
  writer.u8(octets.length);
  writer.octets(octets);
}

/** Octets after their number, in hexadecimal; a dash for none (RFC 5155 section 3.3). */
export const SALT: Field = field(
  (reader) => reader.hex(reader.u8()),
  (words, writer) => writeCounted(dashed(words.next(), hexOctets), writer),
  (text) => text === "" ? "-" : text,
);

/** Octets after their number, in base32hex (RFC 5155 section 3.3). */
export const HASH: Field = field(
  (reader) => reader.base32Hex(reader.u8()),
  (words, writer) => writeCounted(dashed(words.next(), base32HexOctets), writer),
  (text) => text === "" ? "-" : text,
);

/** Octets after their 16-bit number: the number and, where it is not 0, base64 (RFC 8945 section 4.2). */
export const SIZED_BASE64: Field = {
  read(reader, fields, key): string {
    const size = reader.u16();
    const text = reader.base64(size);
    fields[key] = text;
    return size === 0 ? "0" : `${size} ${text}`;
  },
  write(words, writer): void {
    const size = words.number(0xffff);
    const octets = size === 0 ? [] : base64Octets(words.next());
    writer.u16(octets.length);
    writer.octets(octets);
  },
};

/**
 * @param octets how many
 * @param separator between groups
 * @param group octets in a group
 * @returns a fixed number of octets as groups of hexadecimal digits
 */
export function hexGroups(octets: number, separator: string, group: number): Field {
  const groups = Array.from({ length: octets / group });
  return field(
    (reader) => groups.map(() => reader.hex(group)).join(separator),
    (words, writer) => {
      const digits = hexOctets(words.next().replaceAll(separator, ""));
      if (digits.length !== octets) throw new RangeError(`Cannot encode ${digits.length} octets: ${octets} wanted`);
      writer.octets(digits);
    },
  );
}

/** Seconds of a day. */
const DAY = 86_400;

/** Days from 1 March of year 0 to 1 January 1970, and of 400, 100, 4 years and one. */
const EPOCH_DAYS = 719_468;
const DAYS_400 = 146_097;
const DAYS_100 = 36_524;
const DAYS_4 = 1_461;
const DAYS_1 = 365;

/** `YYYYMMDDHHmmSS` of seconds since 1970. Date.toISOString() takes ten times as long. */
function timeText(seconds: number): string {
  // Years are counted from March, so that the day that some years have more is the last one.
  const days = Math.floor(seconds / DAY) + EPOCH_DAYS;
  const inEra = days % DAYS_400;
  const leaps = Math.floor(inEra / (DAYS_4 - 1)) - Math.floor(inEra / DAYS_100) + Math.floor(inEra / (DAYS_400 - 1));
  const yearOfEra = Math.floor((inEra - leaps) / DAYS_1);
  const dayOfYear = inEra - (yearOfEra * DAYS_1 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // From March on, five months have 153 days.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1;
  const year = Math.floor(days / DAYS_400) * 400 + yearOfEra + (month >= 10 ? 1 : 0);
  const date = (year * 100 + (month >= 10 ? month - 9 : month + 3)) * 100 + day;
  const inDay = seconds % DAY;
  const time = (Math.floor(inDay / 3600) * 100 + Math.floor(inDay / 60) % 60) * 100 + inDay % 60;
  return `${date}${String(time).padStart(6, "0")}`;
}

/** Seconds since 1970 as `YYYYMMDDHHmmSS` (RFC 4034 section 3.2). Read as 1970 to 2106, whatever the date today is. */
export const TIME: Field = field(
  (reader) => timeText(reader.u32()),
  (words, writer) => {
    const word = words.next();
    const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(word) ?? [];
    const time = year === undefined
      ? Number(word)
      : Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
    if (!(time >= 0 && time <= 0xffff_ffff)) throw new RangeError(`Cannot encode "${word}": no time`);
    writer.u32(time);
  },
);
