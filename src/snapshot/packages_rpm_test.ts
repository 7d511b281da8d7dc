import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { makeRpmDatabase } from "./_rpm_testing.ts";
import { packageOf } from "./packages.ts";
import { RootFiles } from "./packages_files.ts";
import { readHeader } from "./packages_header.ts";
import { type RandomAccess, SqliteFormatError, SqliteReader } from "./packages_sqlite.ts";

// The C library stays open once it is used, which the first test would be blamed for.
packageOf("/nowhere", "/usr/bin/true");

/** Where a database of many files has them: all of one name, so that its index is a tree of several pages. */
const MANY = Array.from({ length: 3000 }, (_, index) => `/opt/many/with-a-long-name-${index}/tool`);

/** A root directory of a test. */
function makeRoot(stack: DisposableStack): string {
  return stack.adopt(Deno.makeTempDirSync(), (path) => Deno.removeSync(path, { recursive: true }));
}

/** A root directory with packages; made once, because rpmbuild takes a while. */
const template = (() => {
  let root: string | undefined;
  return (): string => {
    if (root === undefined) {
      const made = root = Deno.makeTempDirSync();
      addEventListener("unload", () => Deno.removeSync(made, { recursive: true }));
      makeRpmDatabase(root, [
        { name: "first", epoch: 4, files: ["/usr/bin/hello", "/opt/x/hello", "/usr/bin/taken"] },
        { name: "second", files: ["/usr/bin/taken", "/bin/old"] },
        { name: "many", files: MANY },
      ]);
    }
    return root;
  };
})();

const DATABASE = "/usr/lib/sysimage/rpm/rpmdb.sqlite";

/** A copy of it that a test may change. */
function makeRpmRoot(stack: DisposableStack): string {
  const root = makeRoot(stack);
  Deno.mkdirSync(`${root}/usr/lib/sysimage/rpm`, { recursive: true });
  Deno.copyFileSync(template() + DATABASE, root + DATABASE);
  return root;
}

for (
  const { name, path, wanted } of [
    { name: "with its epoch", path: "/usr/bin/hello", wanted: { name: "first", version: "4:1.2-3" } },
    { name: "by its folder", path: "/opt/x/hello", wanted: { name: "first", version: "4:1.2-3" } },
    { name: "not of another folder", path: "/opt/y/hello", wanted: { name: "none" } },
    { name: "whose file took another's place", path: "/usr/bin/taken", wanted: { name: "second", version: "1.2-3" } },
    { name: "from before /usr was merged", path: "/usr/bin/old", wanted: { name: "second", version: "1.2-3" } },
    { name: "of the first of many", path: MANY.at(0) ?? "", wanted: { name: "many", version: "1.2-3" } },
    { name: "of the last of many", path: MANY.at(-1) ?? "", wanted: { name: "many", version: "1.2-3" } },
    { name: "of nothing", path: "/usr/bin/nothing", wanted: { name: "none" } },
  ]
) {
  Deno.test(`packageOf() finds the package in a database of rpm: ${name}`, () => {
    assert.deepEqual(packageOf(template(), path), wanted);
  });
}

Deno.test("packageOf() sees what was committed to a database of rpm, and not what was not", () => {
  using stack = new DisposableStack();
  const root = makeRpmRoot(stack);
  const database = stack.adopt(new DatabaseSync(root + DATABASE), (open) => open.close());
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
  database.exec("BEGIN; DELETE FROM Basenames WHERE key = 'hello'");
  assert.equal(packageOf(root, "/usr/bin/hello").name, "first");
  database.exec("COMMIT");
  assert.ok(Deno.statSync(`${root}${DATABASE}-wal`).size > 0);
  assert.equal(packageOf(root, "/usr/bin/hello").name, "none");
  assert.equal(packageOf(root, "/usr/bin/taken").name, "second");
  // A frame that was not written to its end: what was before it counts.
  const log = Deno.readFileSync(`${root}${DATABASE}-wal`);
  Deno.writeFileSync(`${root}${DATABASE}-wal`, log.subarray(0, log.length - 1));
  assert.equal(packageOf(root, "/usr/bin/hello").name, "first");
});

Deno.test("packageOf() says why it cannot read a database of rpm", () => {
  const cases: { name: string; reason: RegExp; make: (root: string) => void }[] = [
    {
      name: "Berkeley DB",
      reason: /format that is not read \(Berkeley DB/,
      make: (root) => Deno.renameSync(root + DATABASE, `${root}/usr/lib/sysimage/rpm/Packages`),
    },
    {
      name: "ndb",
      reason: /format that is not read \(ndb\)/,
      make: (root) => Deno.renameSync(root + DATABASE, `${root}/usr/lib/sysimage/rpm/Packages.db`),
    },
    { name: "empty", reason: /it is no SQLite database/, make: (root) => Deno.writeTextFileSync(root + DATABASE, "") },
    {
      name: "text",
      reason: /it is no SQLite database/,
      make: (root) => Deno.writeTextFileSync(root + DATABASE, "x".repeat(10_000)),
    },
    { name: "cut off", reason: /a page is missing/, make: (root) => Deno.truncateSync(root + DATABASE, 16_384) },
    {
      name: "without the index",
      reason: /has no index "Basenames_key_idx"/,
      make: (root) => change(root, "DROP INDEX Basenames_key_idx"),
    },
    {
      name: "a view that never ends in place of the table",
      reason: /has no table "Basenames"/,
      make: (root) =>
        change(
          root,
          "ALTER TABLE Basenames RENAME TO other; CREATE VIEW Basenames AS WITH RECURSIVE x(key) AS " +
            "(SELECT 1 UNION ALL SELECT key FROM x) SELECT key, 1 AS hnum, 0 AS idx FROM x",
        ),
    },
    {
      name: "damaged header",
      reason: /the header of a package is damaged/,
      make: (root) => change(root, "UPDATE Packages SET blob = x'00000001ffffffff'"),
    },
    {
      name: "a name of a package that is gone",
      reason: /the header of a package is damaged/,
      make: (root) => change(root, "DELETE FROM Packages"),
    },
  ];
  for (const { name, reason, make } of cases) {
    using stack = new DisposableStack();
    const root = makeRpmRoot(stack);
    make(root);
    const owner = packageOf(root, "/usr/bin/hello");
    assert.equal(owner.name, "unknown", name);
    assert.match(owner.reason ?? "", reason, name);
  }
});

/** Changes a database by SQL. */
function change(root: string, sql: string): void {
  const database = new DatabaseSync(root + DATABASE);
  database.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  database.close();
}

Deno.test("packageOf() opens no pipe and leaves no root, wherever a container's links lead", () => {
  using stack = new DisposableStack();
  const outside = makeRpmRoot(stack);
  const root = makeRoot(stack);
  Deno.mkdirSync(`${root}/var/lib`, { recursive: true });
  // Leads to the databases of the host, or whatever is there, unless it is taken as the container takes it.
  Deno.symlinkSync(`${outside}/usr/lib/sysimage/rpm`, `${root}/var/lib/rpm`);
  Deno.symlinkSync("/../../../../../../var/lib/dpkg", `${root}/var/lib/dpkg`);
  assert.match(packageOf(root, "/usr/bin/hello").reason ?? "", /no package database/);
  Deno.removeSync(`${root}/var/lib/rpm`);
  Deno.symlinkSync("/data", `${root}/var/lib/rpm`);
  Deno.mkdirSync(`${root}/data`);
  Deno.copyFileSync(outside + DATABASE, `${root}/data/rpmdb.sqlite`);
  assert.equal(packageOf(root, "/usr/bin/hello").name, "first");
  Deno.removeSync(`${root}/data/rpmdb.sqlite`);
  const { success } = new Deno.Command("mkfifo", { args: [`${root}/data/rpmdb.sqlite`] }).outputSync();
  assert.ok(success);
  assert.match(packageOf(root, "/usr/bin/hello").reason ?? "", /no package database/);
});

Deno.test("RootFiles reads only so much of a root", () => {
  using stack = new DisposableStack();
  const root = makeRoot(stack);
  Deno.writeTextFileSync(`${root}/a`, "12345");
  // A text counts for a page at least.
  using files = RootFiles.open(root, 8191);
  assert.equal(files?.readText("/a"), "12345");
  assert.equal(files?.isExhausted, false);
  assert.equal(files?.readText("/a"), undefined);
  assert.equal(files?.isExhausted, true);
});

/** Octets as a file. */
function fileOf(bytes: Uint8Array<ArrayBuffer>): RandomAccess {
  return { sizeBytes: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length) };
}

/** Looks a name up in a database whatever it holds. */
function lookUp(bytes: Uint8Array<ArrayBuffer>, log?: Uint8Array<ArrayBuffer>): unknown[] {
  try {
    const reader = new SqliteReader(fileOf(bytes), log && fileOf(log));
    const [names, packages] = [reader.rootOf("table", "Basenames"), reader.rootOf("table", "Packages")];
    const found: unknown[] = [];
    for (const rowid of reader.rowidsOf(reader.rootOf("index", "Basenames_key_idx"), "tool")) {
      const number = reader.row(names, rowid)?.[1];
      const header = typeof number === "number" && found.length < 20 ? reader.row(packages, number)?.[1] : undefined;
      found.push(typeof header === "object" ? readHeader(header.bytes, [0], ["/usr/bin/tool"]) : undefined);
    }
    return found;
  } catch (error) {
    if (!(error instanceof SqliteFormatError)) throw error;
    return [error.message];
  }
}

Deno.test("SqliteReader gives rows or SqliteFormatError, whatever octets of a database are changed", () => {
  const database = Deno.readFileSync(template() + DATABASE);
  assert.equal(lookUp(database).length, MANY.length);
  const changes = fc.array(fc.tuple(fc.nat(database.length - 1), fc.nat(255)), { minLength: 1, maxLength: 2000 });
  fc.assert(
    fc.property(changes, fc.nat(database.length), (changed, length) => {
      const bytes = database.slice(0, Math.max(length, database.length >> 1));
      for (const [offset, value] of changed) if (offset < bytes.length) bytes[offset] = value;
      lookUp(bytes);
    }),
    { numRuns: 60 },
  );
});

Deno.test("SqliteReader gives rows or SqliteFormatError for any octets", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2048 }), fc.uint8Array({ maxLength: 2048 }), (file, log) => {
    const start = new TextEncoder().encode("SQLite format 3\0\x02\0");
    lookUp(Uint8Array.from([...start, ...file]), Uint8Array.from(log));
  }));
});

Deno.test("SqliteReader does not follow a tree into itself", () => {
  const database = Deno.readFileSync(template() + DATABASE);
  const reader = new SqliteReader(fileOf(database), undefined);
  const view = new DataView(database.buffer);
  const pageSize = view.getUint16(16);
  for (const [type, name] of [["index", "Basenames_key_idx"], ["table", "Basenames"]] as const) {
    const root = reader.rootOf(type, name);
    const bytes = database.slice();
    const page = new DataView(bytes.buffer, (root - 1) * pageSize, pageSize);
    assert.ok(page.getUint8(0) === 2 || page.getUint8(0) === 5, "not a tree of several pages");
    page.setUint32(8, root);
    for (let cell = 0; cell < page.getUint16(3); cell++) page.setUint32(page.getUint16(12 + 2 * cell), root);
    assert.deepEqual(lookUp(bytes), ["a tree is too deep"], name);
  }
});

Deno.test("SqliteReader looks at one cell only so often", () => {
  const database = Deno.readFileSync(template() + DATABASE);
  const pageSize = new DataView(database.buffer).getUint16(16);
  const root = new SqliteReader(fileOf(database), undefined).rootOf("index", "Basenames_key_idx");
  const page = new DataView(database.buffer, (root - 1) * pageSize, pageSize);
  // A leaf of cells that are all the last of them, over which the cells before them were written.
  const count = Math.floor((pageSize - 100) / 2);
  const cell = pageSize - 6;
  database.set([5, 3, 15, 1, 65, 7], (root - 1) * pageSize + cell);
  page.setUint8(0, 10);
  page.setUint16(3, count);
  for (let index = 0; index < count; index++) page.setUint16(8 + 2 * index, cell);
  const reader = new SqliteReader(fileOf(database), undefined);
  const searches = Math.ceil((1 << 22) / count);
  const search = (): void => {
    for (let times = 0; times < searches; times++) assert.deepEqual([...reader.rowidsOf(root, "B")], []);
  };
  assert.throws(search, new SqliteFormatError("too many of its rows would have to be read"));
});

Deno.test("SqliteReader takes no row of more columns than a table of rpm could have", () => {
  using stack = new DisposableStack();
  const path = `${makeRoot(stack)}/wide.sqlite`;
  const made = new DatabaseSync(path);
  for (const columns of [64, 65]) {
    const names = Array.from({ length: columns }, (_, index) => `c${index}`);
    made.exec(
      `CREATE TABLE t${columns} (${names.join()}); INSERT INTO t${columns} VALUES (${names.map(() => 7).join()})`,
    );
  }
  made.close();
  const reader = new SqliteReader(fileOf(Deno.readFileSync(path)), undefined);
  assert.deepEqual(reader.row(reader.rootOf("table", "t64"), 1), Array.from({ length: 64 }, () => 7));
  const wide = reader.rootOf("table", "t65");
  assert.throws(() => reader.row(wide, 1), new SqliteFormatError("a row has too many columns"));
});

Deno.test("readHeader() gives a package or undefined for any octets, and allocates nothing they ask for", () => {
  const database = new DatabaseSync(template() + DATABASE, { readOnly: true });
  const header = new Uint8Array(database.prepare("SELECT blob FROM Packages WHERE hnum = 1").get()?.blob as Uint8Array);
  database.close();
  const paths = ["/usr/bin/hello", "/bin/hello"];
  const owner = { name: "first", version: "4:1.2-3", isPresent: true };
  assert.deepEqual(readHeader(header, [0, 1, 2], paths), owner);
  assert.equal(readHeader(header, [99], paths), "none");
  assert.equal(readHeader(header, [0, 1, 2], ["/usr/bin/hell"]), "none");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat()), (bytes, indexes) => {
    readHeader(bytes, indexes, paths);
  }));
  const changes = fc.array(fc.tuple(fc.nat(header.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(changes, fc.nat(header.length), (changed, length) => {
    const bytes = header.slice(0, length);
    for (const [offset, value] of changed) if (offset < length) bytes[offset] = value;
    const file = readHeader(bytes, [0, 1, 2], paths);
    assert.ok(typeof file !== "object" || file.name.length <= 256);
  }));
});
