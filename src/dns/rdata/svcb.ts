/**
 * Service parameters of SVCB and HTTPS records (RFC 9460).
 *
 * @module
 */

import { SVC_PARAMS } from "../iana.ts";
import { Fault, type Reader, STRING_ESCAPES } from "../reader.ts";
import { base64Octets, ipv4Octets, ipv6Octets, nameLabels, unescapeOctets, type Words } from "../words.ts";
import type { Writer } from "../writer.ts";
import { type Field, readPlainName } from "./field.ts";

/** What a parameter's value is made of. */
interface Param {
  /** Reads up to the reader's end. */
  read(reader: Reader): unknown;
  /** Text after the equals sign; absent for parameters without a value. */
  show?(value: unknown): string;
  /** Octets of that text. */
  parse(text: string): Iterable<number>;
}

/** Octets of a 16-bit number. */
function octets16(text: string): number[] {
  if (!/^[0-9]+$/.test(text) || Number(text) > 0xffff) throw new RangeError(`Cannot encode "${text}": not 0 to 65535`);
  return [Number(text) >> 8, Number(text) & 0xff];
}

/** Reads one value or more up to the end. */
function readList(reader: Reader, readOne: () => string | number): (string | number)[] {
  const values: (string | number)[] = [];
  do values.push(readOne()); while (reader.left > 0);
  return values;
}

/** Values between commas. */
function listParam(readOne: (reader: Reader) => string | number, parseOne: (text: string) => Iterable<number>): Param {
  return {
    read: (reader) => readList(reader, () => readOne(reader)),
    show: (value) => (value as unknown[]).join(","),
    parse: (text) => text.split(",").flatMap((one) => [...parseOne(one)]),
  };
}

/** Protocol ids, each a character-string that is not empty (RFC 9460 section 7.1). */
const ALPN: Param = {
  read: (reader) =>
    readList(reader, () => {
      const length = reader.u8();
      if (length === 0) throw new Fault("svcb-alpn-malformed", reader.offset - 1);
      return reader.escaped(length, STRING_ESCAPES);
    }),
  // Commas and backslashes are escaped for the list and again for the string around it (RFC 9460 appendix A.1).
  show: (value) =>
    `"${
      (value as string[]).map((id) => id.replace(/\\\\|,/g, (found) => found === "," ? "\\\\," : "\\\\\\\\")).join(",")
    }"`,
  parse: (text) =>
    Array.from(text.matchAll(/(?:\\\\\\\\|\\\\,|\\[0-9]{3}|\\[^\\]|[^,\\])+/gs), ([one]) => {
      const octets = unescapeOctets(one.replace(/\\\\(\\\\|,)/g, (_, kept: string) => kept));
      return [octets.length, ...octets];
    }).flat(),
};

/** No value. */
const EMPTY: Param = { read: () => true, parse: () => [] };

/** Text. */
const TEXT: Param = {
  read: (reader) => reader.escaped(reader.left, STRING_ESCAPES),
  show: (value) => `"${value}"`,
  parse: unescapeOctets,
};

/** Keys a client must understand, ascending, `mandatory` itself not among them (RFC 9460 section 8). */
const MANDATORY: Param = {
  read(reader): string[] {
    const keys: number[] = [];
    do {
      const key = reader.u16();
      if (key <= (keys.at(-1) ?? 0)) throw new Fault("svcb-mandatory-malformed", reader.offset - 2);
      keys.push(key);
    } while (reader.left > 0);
    return keys.map(keyName);
  },
  show: (value) => (value as string[]).join(","),
  parse: (text) =>
    text.split(",").map(keyNumber).sort((first, second) => first - second).flatMap((key) => octets16(`${key}`)),
};

/** Parameters by key. */
const PARAMS: ReadonlyMap<number, Param> = new Map<number, Param>([
  [0, MANDATORY],
  [1, ALPN],
  [2, EMPTY],
  [3, { read: (reader) => reader.u16(), show: String, parse: octets16 }],
  [4, listParam((reader) => reader.ipv4(), ipv4Octets)],
  [5, { read: (reader) => reader.base64(reader.left), show: String, parse: base64Octets }],
  [6, listParam((reader) => reader.ipv6(), ipv6Octets)],
  [7, TEXT],
  [8, EMPTY],
  [9, listParam((reader) => reader.u16(), octets16)],
]);

const KEY_NAMES: ReadonlyMap<number, string> = new Map(SVC_PARAMS.map(({ value, name }) => [value, name]));
const KEY_NUMBERS: ReadonlyMap<string, number> = new Map(SVC_PARAMS.map(({ value, name }) => [name, value]));

/** Name of a key. */
function keyName(key: number): string {
  return KEY_NAMES.get(key) ?? `key${key}`;
}

/** Number of a key's name. */
function keyNumber(name: string): number {
  const digits = /^key([0-9]{1,5})$/.exec(name)?.[1];
  const key = KEY_NUMBERS.get(name) ?? (digits === undefined ? undefined : Number(digits));
  if (key === undefined) throw new RangeError(`Cannot encode "${name}": no service parameter`);
  return key;
}

/** Reads one parameter; a malformed value is an error of form and is shown as that of an unknown key. */
function readParam(reader: Reader, key: number, params: Record<string, unknown>): string {
  const name = keyName(key);
  const param = PARAMS.get(key);
  const start = reader.offset;
  try {
    if (param !== undefined) {
      const value = param.read(reader);
      if (reader.left > 0) throw new Fault("param-long", reader.offset);
      params[name] = value;
      return param.show === undefined ? name : `${name}=${param.show(value)}`;
    }
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    reader.error(`svcb-${name}-malformed`, start);
    reader.offset = start;
  }
  const text = reader.escaped(reader.left, STRING_ESCAPES);
  params[`key${key}`] = text;
  return text === "" ? `key${key}` : `key${key}="${text}"`;
}

/** All of an SVCB or HTTPS record. */
export const SVCB: Field = {
  read(reader, fields): string {
    const priority = reader.u16();
    const target = readPlainName(reader);
    const params: Record<string, unknown> = {};
    const texts: string[] = [];
    const end = reader.end;
    // Keys ascend, so that the last one tells; only where they do not, all of them must be known.
    let previous = -1;
    let seen: Set<number> | undefined;
    const keys: number[] = [];
    if (priority === 0 && reader.left > 0) reader.note("svcb-alias-with-params");
    while (reader.left > 0) {
      const offset = reader.offset;
      const key = reader.u16();
      const size = reader.u16();
      if (seen === undefined && key <= previous) seen = new Set(keys);
      if (seen?.has(key) === true) reader.error("svcb-key-repeated", offset);
      else if (key < previous) reader.error("svcb-keys-unsorted", offset);
      seen?.add(key);
      keys.push(key);
      previous = key;
      reader.end = reader.offset + size;
      if (reader.end > end) {
        reader.end = end;
        throw new Fault("rdata-short", offset);
      }
      texts.push(readParam(reader, key, params));
      reader.end = end;
    }
    const mandatory = params["mandatory"];
    if (Array.isArray(mandatory)) {
      const present = new Set(keys);
      if (mandatory.some((name: string) => !present.has(keyNumber(name)))) reader.note("svcb-mandatory-missing");
    }
    if (keys.includes(2) && !keys.includes(1)) reader.note("svcb-alpn-missing");
    Object.assign(fields, { priority, target, params });
    return [priority, target, ...texts].join(" ");
  },
  write: writeSvcb,
};

/** Writes an SVCB or HTTPS record; parameters in the order of their keys. */
function writeSvcb(words: Words, writer: Writer): void {
  writer.u16(words.number(0xffff));
  writer.name(nameLabels(words.next()), false);
  const params = words.rest().map((word): [number, number[]] => {
    const [, name = "", quoted, plain = ""] = /^([^=]*)(?:="(.*)"|=(.*))?$/s.exec(word) ?? [];
    const key = keyNumber(name);
    const generic = name === `key${key}`;
    const text = quoted ?? plain;
    return [key, [...(generic ? unescapeOctets(text) : PARAMS.get(key)?.parse(text) ?? unescapeOctets(text))]];
  });
  for (const [key, octets] of params.sort(([first], [second]) => first - second)) {
    writer.u16(key);
    writer.u16(octets.length);
    writer.octets(octets);
  }
}
