/**
 * Reads tables of an SQLite file (www.sqlite.org/fileformat2.html), and nothing else: no SQL of the file is run, nothing is
 * locked or written, and a file that was made to keep a reader busy cannot.
 *
 * The library would do all of that: it follows `/proc/PID/root` as the symbolic link it looks like, to the host's own
 * root; it makes files beside the database; and views, generated columns or trees that lead into each other can take it
 * for ever.
 *
 * @module
 */

import { CulpritError } from "../errors.ts";

/** A file, or what stands for one. */
export interface RandomAccess {
  readonly sizeBytes: number;
  /** A part of it; shorter where it ends. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** The file is no database, is damaged, is being written, or asks for too much. */
export class SqliteFormatError extends CulpritError {}

/** A column: absent for NULL and for fractions, which the databases read here do not have. */
export type SqliteValue =
  | number
  | { readonly type: "text" | "blob"; readonly bytes: Uint8Array<ArrayBuffer> }
  | undefined;

/** Pages looked at in all; rpm's database of a large host takes a few hundred. */
const MAX_PAGES = 65_536;
/** Cells looked at in all, many of which can be one and the same; a page of 4 KiB has a few hundred. */
const MAX_CELLS = 1 << 22;
/** Levels of a tree, as of SQLite itself (BTCURSOR_MAX_DEPTH). */
const MAX_DEPTH = 20;
/** Octets of one row. rpm limits headers to this (4.14: 64 MiB of data and 1 MiB of index, later more). */
const MAX_PAYLOAD_BYTES = 64 << 20;
/** Columns of one row, which takes as little as one octet for each; the tables read here have 5 at most. */
const MAX_COLUMNS = 64;
/** Octets of a write-ahead log; SQLite begins a new one at 4 MiB where no reader keeps it from that. */
const MAX_LOG_BYTES = 256 << 20;

/** Pages of b-trees, by their first octet. */
const INDEX_INTERIOR = 0x02;
const TABLE_INTERIOR = 0x05;
const INDEX_LEAF = 0x0a;
const TABLE_LEAF = 0x0d;

const MAGIC = "SQLite format 3\0";
const LOG_HEADER_SIZE = 32;
const FRAME_HEADER_SIZE = 24;

/** Number of variable length at an offset, and where it ends; above 2^53 it is rounded. */
function varint(bytes: Uint8Array, offset: number): [value: number, end: number] {
  let value = 0;
  for (let index = 0; index < 9; index++) {
    const byte = bytes[offset + index];
    if (byte === undefined) throw new SqliteFormatError("a number is cut off");
    if (index === 8) return [value * 256 + byte, offset + 9];
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [value, offset + index + 1];
  }
  return [value, offset + 9];
}

function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Octets of integers by their serial type. */
const INTEGER_SIZES = [0, 1, 2, 3, 4, 6, 8];

/** Columns of a record. */
function columnsOf(payload: Uint8Array<ArrayBuffer>): SqliteValue[] {
  const [headerSize, first] = varint(payload, 0);
  const values: SqliteValue[] = [];
  let offset = headerSize;
  for (let at = first; at < headerSize;) {
    if (values.length >= MAX_COLUMNS) throw new SqliteFormatError("a row has too many columns");
    const [type, next] = varint(payload, at);
    at = next;
    const size = type >= 12 ? Math.floor((type - 12) / 2) : type === 7 ? 8 : INTEGER_SIZES[type] ?? 0;
    if (offset + size > payload.length) throw new SqliteFormatError("a row is cut off");
    const bytes = payload.subarray(offset, offset + size);
    offset += size;
    if (type >= 12) values.push({ type: type % 2 === 0 ? "blob" : "text", bytes });
    else if (type === 8 || type === 9) values.push(type - 8);
    else values.push(type === 0 || type > 6 ? undefined : integerOf(bytes));
  }
  return values;
}

/** A signed integer, big-endian. */
function integerOf(bytes: Uint8Array): number {
  let value = (bytes[0] ?? 0) << 24 >> 24;
  for (let index = 1; index < bytes.length; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
}

/** The order of an index of texts, as memcmp(3): what is no text comes before, blobs after. */
function compareText(value: SqliteValue, wanted: Uint8Array): number {
  if (typeof value !== "object") return -1;
  if (value.type === "blob") return 1;
  const { bytes } = value;
  const length = Math.min(bytes.length, wanted.length);
  for (let index = 0; index < length; index++) {
    const difference = (bytes[index] ?? 0) - (wanted[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return bytes.length - wanted.length;
}

/** Checksums of a write-ahead log go on from each other. */
function checksum(
  bytes: Uint8Array<ArrayBuffer>,
  isLittleEndian: boolean,
  [first, second]: readonly [number, number],
): [number, number] {
  const view = viewOf(bytes);
  for (let offset = 0; offset + 8 <= bytes.length; offset += 8) {
    first = first + view.getUint32(offset, isLittleEndian) + second | 0;
    second = second + view.getUint32(offset + 4, isLittleEndian) + first | 0;
  }
  return [first, second];
}

/** A b-tree page, taken apart as far as cells go. */
interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly type: number;
  /** Offsets of cells. */
  readonly cells: readonly number[];
  /** Rightmost child; 0 on leaves. */
  readonly last: number;
}

/** An SQLite file. All methods throw {@linkcode SqliteFormatError} where it is not what it should be. */
export class SqliteReader {
  readonly #file: RandomAccess;
  readonly #log: RandomAccess | undefined;
  readonly #pageSize: number;
  readonly #usableSize: number;
  /** Where in the log the latest version of a page is. */
  readonly #logged = new Map<number, number>();
  #pages = 0;
  #cells = 0;

  /**
   * Opens a database.
   *
   * @param file the database
   * @param log its write-ahead log; undefined where there is none
   * @throws {SqliteFormatError} when it is none, or its text is not UTF-8
   */
  constructor(file: RandomAccess, log: RandomAccess | undefined) {
    this.#file = file;
    this.#log = log;
    const logHeader = log?.read(0, LOG_HEADER_SIZE);
    const hasLog = logHeader?.length === LOG_HEADER_SIZE;
    const start = file.read(0, 100);
    if (start.length === 100) {
      const size = viewOf(start).getUint16(16);
      this.#pageSize = size === 1 ? 65_536 : size;
    } else {
      // Nothing was moved from the log to the file yet.
      this.#pageSize = hasLog ? viewOf(logHeader).getUint32(8) : 0;
    }
    if (this.#pageSize < 512 || this.#pageSize > 65_536 || (this.#pageSize & this.#pageSize - 1) !== 0) {
      throw new SqliteFormatError("it is no SQLite database");
    }
    if (log !== undefined && hasLog) this.#readLog(log, logHeader);
    const header = this.#read(1);
    if (new TextDecoder().decode(header.subarray(0, MAGIC.length)) !== MAGIC) {
      throw new SqliteFormatError("it is no SQLite database");
    }
    this.#usableSize = this.#pageSize - (header[20] ?? 0);
    if (this.#usableSize < 480) throw new SqliteFormatError("its pages have no room");
    if (viewOf(header).getUint32(56) > 1) throw new SqliteFormatError("its text is not UTF-8");
  }

  /**
   * Finds a table or an index.
   *
   * @param type which of the two
   * @param name its name
   * @returns the page it begins at
   */
  rootOf(type: "table" | "index", name: string): number {
    const decoder = new TextDecoder();
    const textOf = (value: SqliteValue): string => typeof value === "object" ? decoder.decode(value.bytes) : "";
    for (const [itsType, itsName, , root] of this.#rows(1, 0)) {
      if (textOf(itsType) === type && textOf(itsName) === name && typeof root === "number") return root;
    }
    throw new SqliteFormatError(`it has no ${type} "${name}"`);
  }

  /**
   * Finds a row.
   *
   * @param table page a table begins at
   * @param rowid which
   * @returns its columns; undefined when there is none
   */
  row(table: number, rowid: number): SqliteValue[] | undefined {
    let number = table;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
      const page = this.#page(number);
      if (page.type === TABLE_LEAF) {
        for (const cell of page.cells) {
          const [size, afterSize] = varint(page.bytes, cell);
          const [key, start] = varint(page.bytes, afterSize);
          if (key === rowid) return columnsOf(this.#payload(page, start, size, this.#usableSize - 35));
        }
        return undefined;
      }
      if (page.type !== TABLE_INTERIOR) throw new SqliteFormatError("a page is of the wrong kind");
      const cell = page.cells.find((offset) => varint(page.bytes, offset + 4)[0] >= rowid);
      number = cell === undefined ? page.last : page.view.getUint32(cell);
    }
    throw new SqliteFormatError("a tree is too deep");
  }

  /**
   * Finds the rows an index has for a text.
   *
   * @param index page an index begins at whose first column is a text
   * @param text which
   * @returns rowids
   */
  *rowidsOf(index: number, text: string): Generator<number, void, undefined> {
    yield* this.#search(index, new TextEncoder().encode(text), 0);
  }

  /** Goes where the text is or may begin, and on until what is there is behind it. True: nothing comes after. */
  *#search(number: number, wanted: Uint8Array, depth: number): Generator<number, boolean, undefined> {
    if (depth >= MAX_DEPTH) throw new SqliteFormatError("a tree is too deep");
    const page = this.#page(number);
    const isLeaf = page.type === INDEX_LEAF;
    if (!isLeaf && page.type !== INDEX_INTERIOR) throw new SqliteFormatError("a page is of the wrong kind");
    const most = Math.floor((this.#usableSize - 12) * 64 / 255) - 23;
    for (const cell of page.cells) {
      const [size, start] = varint(page.bytes, cell + (isLeaf ? 0 : 4));
      const columns = columnsOf(this.#payload(page, start, size, most));
      const order = compareText(columns[0], wanted);
      if (order < 0) continue;
      if (!isLeaf && (yield* this.#search(page.view.getUint32(cell), wanted, depth + 1))) return true;
      if (order > 0) return true;
      const rowid = columns.at(-1);
      if (typeof rowid === "number") yield rowid;
    }
    return isLeaf ? false : yield* this.#search(page.last, wanted, depth + 1);
  }

  /** All rows of a table. */
  *#rows(number: number, depth: number): Generator<SqliteValue[], void, undefined> {
    if (depth >= MAX_DEPTH) throw new SqliteFormatError("a tree is too deep");
    const page = this.#page(number);
    if (page.type === TABLE_LEAF) {
      for (const cell of page.cells) {
        const [size, afterSize] = varint(page.bytes, cell);
        const [, start] = varint(page.bytes, afterSize);
        yield columnsOf(this.#payload(page, start, size, this.#usableSize - 35));
      }
    } else if (page.type === TABLE_INTERIOR) {
      for (const cell of page.cells) yield* this.#rows(page.view.getUint32(cell), depth + 1);
      yield* this.#rows(page.last, depth + 1);
    } else {
      throw new SqliteFormatError("a page is of the wrong kind");
    }
  }

  /** A payload, of which so much is in its cell and the rest in pages that lead to each other. */
  #payload({ bytes, view }: Page, start: number, size: number, most: number): Uint8Array<ArrayBuffer> {
    if (size <= most) {
      if (start + size > this.#usableSize) throw new SqliteFormatError("a row is cut off");
      return bytes.subarray(start, start + size);
    }
    // Nothing is larger than the file it is in: a size alone makes nobody allocate.
    if (size > Math.min(MAX_PAYLOAD_BYTES, this.#file.sizeBytes + (this.#log?.sizeBytes ?? 0))) {
      throw new SqliteFormatError("a row is too large");
    }
    const least = Math.floor((this.#usableSize - 12) * 32 / 255) - 23;
    const wanted = least + (size - least) % (this.#usableSize - 4);
    const local = wanted <= most ? wanted : least;
    if (start + local + 4 > this.#usableSize) throw new SqliteFormatError("a row is cut off");
    const payload = new Uint8Array(size);
    payload.set(bytes.subarray(start, start + local));
    let next = view.getUint32(start + local);
    for (let length = local; length < size;) {
      const page = this.#read(next);
      const part = page.subarray(4, Math.min(this.#usableSize, 4 + size - length));
      payload.set(part, length);
      length += part.length;
      next = viewOf(page).getUint32(0);
    }
    return payload;
  }

  #page(number: number): Page {
    const bytes = this.#read(number);
    const view = viewOf(bytes);
    const start = number === 1 ? 100 : 0;
    const type = view.getUint8(start);
    const isLeaf = type === TABLE_LEAF || type === INDEX_LEAF;
    const count = view.getUint16(start + 3);
    const pointers = start + (isLeaf ? 8 : 12);
    if (pointers + 2 * count > this.#usableSize) throw new SqliteFormatError("a page has too many cells");
    this.#cells += count;
    if (this.#cells > MAX_CELLS) throw new SqliteFormatError("too many of its rows would have to be read");
    const cells: number[] = [];
    for (let index = 0; index < count; index++) {
      const cell = view.getUint16(pointers + 2 * index);
      if (cell + 4 > this.#usableSize) throw new SqliteFormatError("a cell is outside its page");
      cells.push(cell);
    }
    return { bytes, view, type, cells, last: isLeaf ? 0 : view.getUint32(start + 8) };
  }

  #read(number: number): Uint8Array<ArrayBuffer> {
    if (++this.#pages > MAX_PAGES) throw new SqliteFormatError("too many of its pages would have to be read");
    if (number === 0) throw new SqliteFormatError("a page is missing");
    const logged = this.#logged.get(number);
    const bytes = logged === undefined || this.#log === undefined
      ? this.#file.read((number - 1) * this.#pageSize, this.#pageSize)
      : this.#log.read(logged, this.#pageSize);
    if (bytes.length < this.#pageSize) throw new SqliteFormatError("a page is missing");
    return bytes;
  }

  /** Notes which pages the log has, as far as transactions in it were ended. */
  #readLog(log: RandomAccess, header: Uint8Array<ArrayBuffer>): void {
    const view = viewOf(header);
    const magic = view.getUint32(0);
    // The last bit says how words are summed up.
    if ((magic & ~1) >>> 0 !== 0x377f0682 || view.getUint32(8) !== this.#pageSize) return;
    if (log.sizeBytes > MAX_LOG_BYTES) throw new SqliteFormatError("its write-ahead log is too large");
    const isLittleEndian = (magic & 1) === 0;
    let sums = checksum(header.subarray(0, 24), isLittleEndian, [0, 0]);
    if (sums[0] !== view.getInt32(24) || sums[1] !== view.getInt32(28)) return;
    const begun = new Map<number, number>();
    const frameSize = FRAME_HEADER_SIZE + this.#pageSize;
    for (let offset = LOG_HEADER_SIZE; offset + frameSize <= log.sizeBytes; offset += frameSize) {
      const frame = log.read(offset, frameSize);
      if (frame.length < frameSize) return;
      const frameView = viewOf(frame);
      // Frames of an earlier round have other salts.
      if (frameView.getUint32(8) !== view.getUint32(16) || frameView.getUint32(12) !== view.getUint32(20)) return;
      sums = checksum(frame.subarray(0, 8), isLittleEndian, sums);
      sums = checksum(frame.subarray(FRAME_HEADER_SIZE), isLittleEndian, sums);
      if (sums[0] !== frameView.getInt32(16) || sums[1] !== frameView.getInt32(20)) return;
      begun.set(frameView.getUint32(0), offset + FRAME_HEADER_SIZE);
      if (frameView.getUint32(4) === 0) continue;
      for (const [number, at] of begun) this.#logged.set(number, at);
      begun.clear();
    }
  }
}
