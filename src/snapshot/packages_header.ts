/**
 * Reads the header of an installed package as rpm's database has it (rpm-software-management.github.io, "RPM package
 * format", section Header): two counts, an index of tags, and their data.
 *
 * @module
 */

/** Tags (rpmtag.h of rpm 4.18). */
const NAME = 1000;
const VERSION = 1001;
const RELEASE = 1002;
const EPOCH = 1003;
const FILE_STATES = 1029;
const DIR_INDEXES = 1116;
const BASE_NAMES = 1117;
const DIR_NAMES = 1118;

/** Types of tags. */
const CHAR = 1;
const INT32 = 4;
const STRING = 6;
const STRING_ARRAY = 8;

/** Octets before the index, and of an entry of it. */
const COUNTS_SIZE = 8;
const ENTRY_SIZE = 16;
/** Entries at most, as rpm has it (hdrchkTags). */
const MAX_ENTRIES = 0xffff;
/** Longest name, version or release, octets. */
const MAX_TEXT = 256;

/** Of RPMTAG_FILESTATES: another package's file took its place, it was not installed, or is of the other word size. */
const ABSENT_STATES = [1, 2, 4];

/** A package that has a file. */
export interface HeaderFile {
  readonly name: string;
  /** `EPOCH:VERSION-RELEASE`, without an epoch of 0, as rpm shows it. */
  readonly version: string;
  /** Whether what is at the path is the file of this package. */
  readonly isPresent: boolean;
}

/** Data of a header, by tag. */
class Header {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries: number;
  readonly #data: number;
  readonly #end: number;

  private constructor(bytes: Uint8Array, entries: number, data: number, end: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#entries = entries;
    this.#data = data;
    this.#end = end;
  }

  /** Undefined where the counts do not fit the octets. */
  static read(bytes: Uint8Array): Header | undefined {
    if (bytes.length < COUNTS_SIZE) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const entries = view.getUint32(0);
    const data = COUNTS_SIZE + entries * ENTRY_SIZE;
    const end = data + view.getUint32(4);
    return entries > MAX_ENTRIES || end > bytes.length ? undefined : new Header(bytes, entries, data, end);
  }

  /** Where the data of a tag begins and how many values it has; undefined where there is none of that type. */
  #find(tag: number, type: number): { start: number; count: number } | undefined {
    for (let index = 0; index < this.#entries; index++) {
      const entry = COUNTS_SIZE + index * ENTRY_SIZE;
      if (this.#view.getUint32(entry) !== tag) continue;
      if (this.#view.getUint32(entry + 4) !== type) return undefined;
      return { start: this.#data + this.#view.getUint32(entry + 8), count: this.#view.getUint32(entry + 12) };
    }
    return undefined;
  }

  /** Gives the numbers of a tag by their place; undefined where there is none. */
  numbers(tag: number, type: typeof CHAR | typeof INT32): (index: number) => number | undefined {
    const { start, count } = this.#find(tag, type) ?? { start: 0, count: 0 };
    const size = type === CHAR ? 1 : 4;
    return (index) => {
      const offset = start + index * size;
      if (!(index >= 0 && index < count) || offset + size > this.#end) return undefined;
      return type === CHAR ? this.#view.getUint8(offset) : this.#view.getUint32(offset);
    };
  }

  /** Texts of a tag, each of which ends with NUL; as octets, because most are only passed over. */
  *texts(tag: number, type: typeof STRING | typeof STRING_ARRAY): Generator<Uint8Array, void, undefined> {
    const found = this.#find(tag, type);
    if (found === undefined) return;
    let { start } = found;
    for (let index = 0; index < found.count && start < this.#end; index++) {
      const end = this.#bytes.indexOf(0, start);
      if (end < 0 || end >= this.#end) return;
      yield this.#bytes.subarray(start, end);
      start = end + 1;
    }
  }

  /** The text of a tag that has one. */
  text(tag: number): string | undefined {
    const [octets] = this.texts(tag, STRING);
    return octets === undefined || octets.length > MAX_TEXT ? undefined : new TextDecoder().decode(octets);
  }
}

/** Whether octets are a text. */
function areText(octets: Uint8Array, text: Uint8Array): boolean {
  return octets.length === text.length && octets.every((octet, index) => octet === text[index]);
}

/** Number of the first of some files that lies in a folder; undefined for none. */
function fileIn(header: Header, indexes: readonly number[], folder: string): number | undefined {
  const wanted = new TextEncoder().encode(folder);
  const folderOf = header.numbers(DIR_INDEXES, INT32);
  let number = 0;
  for (const octets of header.texts(DIR_NAMES, STRING_ARRAY)) {
    if (areText(octets, wanted)) return indexes.find((index) => folderOf(index) === number);
    number++;
  }
  return undefined;
}

/** Whether a file has a name. */
function isNamed(header: Header, index: number, name: string): boolean {
  let number = 0;
  for (const octets of header.texts(BASE_NAMES, STRING_ARRAY)) {
    if (number++ === index) return areText(octets, new TextEncoder().encode(name));
  }
  return false;
}

/**
 * Reads which package it is, and whether one of its files has a path.
 *
 * @param bytes the header, without magic
 * @param indexes numbers of the files that have the last part of the path
 * @param paths absolute; any of them will do
 * @returns package and file; `none` where no file has the path; undefined where the header is damaged
 */
export function readHeader(
  bytes: Uint8Array,
  indexes: readonly number[],
  paths: readonly string[],
): HeaderFile | "none" | undefined {
  const header = Header.read(bytes);
  const [name, version, release] = [header?.text(NAME), header?.text(VERSION), header?.text(RELEASE)];
  if (header === undefined || !name || version === undefined || release === undefined) return undefined;
  const epoch = header.numbers(EPOCH, INT32)(0) ?? 0;
  for (const path of paths) {
    const end = path.lastIndexOf("/") + 1;
    const index = fileIn(header, indexes, path.slice(0, end));
    if (index === undefined || !isNamed(header, index, path.slice(end))) continue;
    return {
      name,
      version: `${epoch === 0 ? "" : `${epoch}:`}${version}-${release}`,
      isPresent: !ABSENT_STATES.includes(header.numbers(FILE_STATES, CHAR)(index) ?? 0),
    };
  }
  return "none";
}
