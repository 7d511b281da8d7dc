/**
 * Finds the owner of a file in rpm's database. No program is run, and nothing of rpm's library.
 *
 * @module
 */

import type { PackageOwner } from "./packages.ts";
import { readPart, type RootFiles } from "./packages_files.ts";
import { readHeader } from "./packages_header.ts";
import { type RandomAccess, SqliteFormatError, SqliteReader } from "./packages_sqlite.ts";

/** Where distributions keep it; the first leads to the second, or the other way round, on some. */
const DIRECTORIES = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];

/** Databases that are not read, by their files. */
const OTHER_FORMATS = [
  ["Packages.db", "ndb"],
  ["Packages", "Berkeley DB, as before rpm 4.16"],
] as const;

/** Octets of the headers of packages that have a file of one name; large ones have a few MiB each. */
const MAX_HEADERS_BYTES = 64 << 20;

/** How often a database is read that is being written meanwhile. */
const MAX_ATTEMPTS = 3;
/** What of a write-ahead log is never the same in another round: its salts. */
const LOG_HEADER_SIZE = 32;

/** A file of a root, of which only so much may be read. */
class RootFile implements RandomAccess, Disposable {
  readonly sizeBytes: number;
  readonly #files: RootFiles;
  readonly #file: Deno.FsFile;

  constructor(files: RootFiles, file: Deno.FsFile) {
    this.#files = files;
    this.#file = file;
    this.sizeBytes = file.statSync().size;
  }

  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (!this.#files.spend(length)) throw new SqliteFormatError("too much of it would have to be read");
    return readPart(this.#file, offset, length);
  }

  /** What differs when the file was written. */
  get version(): string {
    const { size, mtime } = this.#file.statSync();
    return `${size} ${mtime?.getTime()}`;
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}

/** Opens a file; undefined where there is none. */
function openRootFile(files: RootFiles, path: string): RootFile | undefined {
  const file = files.open(path);
  return file === undefined ? undefined : new RootFile(files, file);
}

/** By package, the numbers of its files that have a name. */
function filesNamed(reader: SqliteReader, name: string): Map<number, number[]> {
  const index = reader.rootOf("index", "Basenames_key_idx");
  const table = reader.rootOf("table", "Basenames");
  const files = new Map<number, number[]>();
  for (const rowid of reader.rowidsOf(index, name)) {
    const [, number, position] = reader.row(table, rowid) ?? [];
    if (typeof number !== "number" || typeof position !== "number") throw new SqliteFormatError("a name leads nowhere");
    const positions = files.get(number);
    if (positions === undefined) files.set(number, [position]);
    else positions.push(position);
  }
  return files;
}

/** The package whose file is at one of the paths; where other files took their places, one that had it there. */
function ownerIn(reader: SqliteReader, paths: readonly string[]): PackageOwner | undefined {
  const [path = ""] = paths;
  const packages = reader.rootOf("table", "Packages");
  let absent: PackageOwner | undefined;
  let headersBytes = 0;
  for (const [number, positions] of filesNamed(reader, path.slice(path.lastIndexOf("/") + 1))) {
    const header = reader.row(packages, number)?.[1];
    if (typeof header === "object") headersBytes += header.bytes.length;
    if (headersBytes > MAX_HEADERS_BYTES) throw new SqliteFormatError("too much of it would have to be read");
    const file = typeof header === "object" ? readHeader(header.bytes, positions, paths) : undefined;
    if (file === undefined) throw new SqliteFormatError("the header of a package is damaged");
    if (file === "none") continue;
    const { name, version } = file;
    if (file.isPresent) return { name, version };
    absent ??= { name, version };
  }
  return absent;
}

/** Reads a database; undefined where it is none of SQLite, or nobody may read it. */
function findInSqlite(files: RootFiles, path: string, paths: readonly string[]): PackageOwner | undefined {
  let reason = "it is being written";
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    using file = openRootFile(files, path);
    if (file === undefined) return undefined;
    using log = openRootFile(files, `${path}-wal`);
    const version = (): string => `${file.version} ${log?.version} ${log?.read(0, LOG_HEADER_SIZE).join()}`;
    const before = version();
    try {
      const owner = ownerIn(new SqliteReader(file, log), paths) ?? { name: "none" };
      if (version() === before) return owner;
    } catch (error) {
      if (!(error instanceof SqliteFormatError)) throw error;
      // Halfway written looks like damaged.
      reason = files.isExhausted || version() === before ? error.message : reason;
      if (files.isExhausted) break;
    }
  }
  return { name: "unknown", reason: `the database of rpm cannot be read: ${reason}` };
}

/**
 * Finds the package a file belongs to.
 *
 * @param files of the root it is below
 * @param paths names the file may have in the database, all with the same last part
 * @returns the package; `none` when the database does not have it; undefined where there is no database
 */
export function findInRpm(files: RootFiles, paths: readonly string[]): PackageOwner | undefined {
  for (const directory of DIRECTORIES) {
    const owner = findInSqlite(files, `${directory}/rpmdb.sqlite`, paths);
    if (owner !== undefined) return owner;
  }
  for (const directory of DIRECTORIES) {
    for (const [name, format] of OTHER_FORMATS) {
      using file = files.open(`${directory}/${name}`);
      if (file !== undefined) {
        return { name: "unknown", reason: `the database of rpm is in a format that is not read (${format})` };
      }
    }
  }
  return undefined;
}
