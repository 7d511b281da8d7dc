import assert from "node:assert/strict";
import { packageOf } from "./packages.ts";

// The C library stays open once it is used, which the first test would be blamed for.
packageOf("/nowhere", "/usr/bin/true");

/** A root directory with these files. */
function makeRoot(stack: DisposableStack, files: Record<string, string>): string {
  const root = stack.adopt(Deno.makeTempDirSync(), (path) => Deno.removeSync(path, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(`${root}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    Deno.writeTextFileSync(root + path, text);
  }
  return root;
}

Deno.test("packageOf() reads the lists of dpkg, also those from before /usr was merged", () => {
  using stack = new DisposableStack();
  const root = makeRoot(stack, {
    "/var/lib/dpkg/info/curl.list": "/.\n/usr\n/usr/bin/curl\n/usr/bin/curl-config",
    "/var/lib/dpkg/info/coreutils.list": "/bin/ls\n",
    "/var/lib/dpkg/info/libx:i386.list": "/usr/lib/x\n",
    "/var/lib/dpkg/status": "Package: curl\nVersion: 7.88.1-10\n\nPackage: libx\nArchitecture: amd64\nVersion: 1\n\n" +
      "Package: libx\nStatus: x\nArchitecture: i386\nVersion: 2:3-4\n",
  });
  assert.deepEqual(packageOf(root, "/usr/bin/curl"), { name: "curl", version: "7.88.1-10" });
  assert.deepEqual(packageOf(root, "/usr/bin/curl-config"), { name: "curl", version: "7.88.1-10" });
  assert.deepEqual(packageOf(root, "/usr/bin/ls"), { name: "coreutils" });
  assert.deepEqual(packageOf(root, "/usr/lib/x"), { name: "libx", version: "2:3-4" });
  assert.deepEqual(packageOf(root, "/usr/bin/cur"), { name: "none" });
  assert.deepEqual(packageOf(root, "/opt/usr/bin/curl"), { name: "none" });
});

Deno.test("packageOf() reads the database of apk", () => {
  using stack = new DisposableStack();
  const root = makeRoot(stack, {
    "/lib/apk/db/installed": "C:Q1\nP:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl.so\n\nP:busybox\nV:1.36\nF:bin\nR:busybox\n",
  });
  assert.deepEqual(packageOf(root, "/bin/busybox"), { name: "busybox", version: "1.36" });
  assert.deepEqual(packageOf(root, "/bin/ld-musl.so"), { name: "none" });
});

Deno.test("packageOf() says what it cannot read", () => {
  using stack = new DisposableStack();
  assert.deepEqual(packageOf(makeRoot(stack, { "/var/lib/rpm/rpmdb.sqlite": "" }), "/usr/bin/curl"), {
    name: "unknown",
    reason: "the database of rpm cannot be read: it is no SQLite database",
  });
  assert.equal(packageOf(makeRoot(stack, {}), "/usr/bin/curl").name, "unknown");
});

Deno.test("packageOf() reads no database that is made to take all memory", () => {
  const cases: [string, string][] = [
    ["list of dpkg", "/var/lib/dpkg/info/a.list"],
    ["database of apk", "/lib/apk/db/installed"],
  ];
  for (const [name, path] of cases) {
    using stack = new DisposableStack();
    const root = makeRoot(stack, { [path]: "" });
    // Sparse: it takes no room on the disk.
    Deno.truncateSync(root + path, 512 << 20);
    const expected = { name: "unknown", reason: "the package database is too large to be read" };
    assert.deepEqual(packageOf(root, "/usr/bin/curl"), expected, name);
  }
});

Deno.test("packageOf() goes through a text of nothing but separators", () => {
  using stack = new DisposableStack();
  const separators = "\n".repeat(1 << 20);
  const root = makeRoot(stack, {
    "/var/lib/dpkg/info/curl.list": "/usr/bin/curl\n",
    "/var/lib/dpkg/status": `${separators}Package: curl\nVersion: 1`,
    "/lib/apk/db/installed": `${separators}P:musl\nV:2\nF:lib\nR:c.so`,
  });
  assert.deepEqual(packageOf(root, "/usr/bin/curl"), { name: "curl", version: "1" });
  assert.deepEqual(packageOf(root, "/lib/c.so"), { name: "musl", version: "2" });
});

Deno.test("packageOf() shows no version or name as long as somebody likes", () => {
  using stack = new DisposableStack();
  const long = "1".repeat(257);
  const root = makeRoot(stack, {
    "/var/lib/dpkg/info/curl.list": "/usr/bin/curl\n",
    "/var/lib/dpkg/status": `Package: curl\nVersion: ${long}\n`,
    "/lib/apk/db/installed": `P:${long}\nV:2\nF:lib\nR:c.so\n`,
  });
  assert.deepEqual(packageOf(root, "/usr/bin/curl"), { name: "curl" });
  assert.deepEqual(packageOf(root, "/lib/c.so"), { name: "unknown", reason: "the database of apk is damaged" });
});
