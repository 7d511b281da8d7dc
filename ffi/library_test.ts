import assert from "node:assert/strict";
import { LibraryNotFoundError } from "../src/errors.ts";
import { buildLibrary, openDescriptors, temporaryDirectory } from "./_testing.ts";
import {
  closeLibrary,
  configureLibrary,
  libbpf,
  libbpfVersion,
  Library,
  LibraryVersionError,
  systemLibraryPaths,
} from "./library.ts";
import { openLibc } from "./libc.ts";

openLibc();

/** A library that says it is libbpf of some version. */
function fakeLibbpf(stack: DisposableStack, major: number, minor: number): string {
  const source = `unsigned libbpf_major_version(void) { return ${major}; }
unsigned libbpf_minor_version(void) { return ${minor}; }
`;
  return buildLibrary(temporaryDirectory(stack), source, "libbpf.so.1");
}

/** Path of the libbpf of this system. */
function systemLibbpf(): string {
  using library = Library.open();
  return library.path;
}

Deno.test("Library finds the libbpf of the system", () => {
  const before = openDescriptors();
  {
    using library = Library.open();
    assert.ok(systemLibraryPaths().includes(library.path), library.path);
    assert.match(library.version, /^\d+\.\d+$/);
    assert.ok(library.possibleCpus() >= navigator.hardwareConcurrency);
  }
  assert.deepEqual(openDescriptors(), before);
});

Deno.test("the search looks in absolute directories of the system only", () => {
  for (const path of systemLibraryPaths()) assert.match(path, /^\/(?:usr\/)?(?:local\/)?lib(?:64)?\/.*libbpf\.so\.1$/);
});

Deno.test("Library loads from memory and keeps no descriptor after close", () => {
  const bytes = Deno.readFileSync(systemLibbpf());
  const before = openDescriptors();
  {
    using library = Library.open({ bytes });
    assert.match(library.path, /^\/proc\/self\/fd\/\d+$/);
    assert.equal(library.version, libbpfVersionOf(systemLibbpf()));
  }
  assert.deepEqual(openDescriptors(), before);
});

/** Version of a libbpf by path. */
function libbpfVersionOf(path: string): string {
  using library = Library.open({ path });
  return library.version;
}

Deno.test("two libraries from memory live side by side", () => {
  const bytes = Deno.readFileSync(systemLibbpf());
  using first = Library.open({ bytes });
  using second = Library.open({ bytes });
  assert.notEqual(first.path, second.path);
  assert.equal(first.version, second.version);
});

Deno.test("a path goes before bytes", () => {
  const path = systemLibbpf();
  using library = Library.open({ path, bytes: new Uint8Array(1) });
  assert.equal(library.path, Deno.realPathSync(path));
});

Deno.test("a path that does not exist is told, and nothing else is tried", () => {
  assert.throws(() => Library.open({ path: "/nonexistent/libbpf.so.1" }), (error: unknown) => {
    assert.ok(error instanceof LibraryNotFoundError);
    assert.deepEqual(error.searchedPaths, ["/nonexistent/libbpf.so.1"]);
    assert.equal(error.message, 'Cannot find libbpf.so.1; tried "/nonexistent/libbpf.so.1"');
    assert.match(error.hint ?? "", /No such file/);
    return true;
  });
});

Deno.test("a file that is no library is told with the loader's reason", () => {
  using stack = new DisposableStack();
  const path = `${temporaryDirectory(stack)}/libbpf.so.1`;
  Deno.writeTextFileSync(path, "not an ELF file");
  assert.throws(() => Library.open({ path }), (error: unknown) => {
    assert.ok(error instanceof LibraryNotFoundError);
    assert.match(error.hint ?? "", /cannot be opened: .*(?:too short|invalid ELF header)/);
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

Deno.test("bytes that are no library are told and leave no descriptor", () => {
  const before = openDescriptors();
  assert.throws(() => Library.open({ bytes: new Uint8Array(100) }), (error: unknown) => {
    assert.ok(error instanceof LibraryNotFoundError);
    assert.deepEqual(error.searchedPaths, ["(memory)"]);
    return true;
  });
  assert.deepEqual(openDescriptors(), before);
});

Deno.test("a library that is too old is told with its version", async (t) => {
  const rows: [number, number][] = [[0, 8], [1, 0]];
  for (const [major, minor] of rows) {
    await t.step(`${major}.${minor}`, () => {
      using stack = new DisposableStack();
      const path = fakeLibbpf(stack, major, minor);
      assert.throws(() => Library.open({ path }), (error: unknown) => {
        assert.ok(error instanceof LibraryVersionError);
        assert.equal(error.message, `Cannot use libbpf ${major}.${minor} in "${path}": 1.1 or newer is wanted`);
        assert.equal(error.found, `${major}.${minor}`);
        assert.equal(error.wanted, "1.1");
        return true;
      });
      assert.throws(() => Library.open({ bytes: Deno.readFileSync(path) }), LibraryVersionError);
    });
  }
});

Deno.test("a library that does not tell its version is too old", () => {
  using stack = new DisposableStack();
  const path = buildLibrary(temporaryDirectory(stack), "int nothing;\n", "libbpf.so.1");
  assert.throws(() => Library.open({ path }), { name: "LibraryVersionError", found: "older than 0.6" });
});

Deno.test("a newer major version is not too old, but must have the functions", () => {
  using stack = new DisposableStack();
  assert.throws(() => Library.open({ path: fakeLibbpf(stack, 2, 0) }), (error: unknown) => {
    assert.ok(error instanceof LibraryNotFoundError);
    assert.match(error.hint ?? "", /symbol/);
    return true;
  });
});

Deno.test("a search that finds nothing lists every path", () => {
  const searchPaths = ["/nonexistent/a/libbpf.so.1", "/nonexistent/b/libbpf.so.1"];
  assert.throws(() => Library.open({ searchPaths }), (error: unknown) => {
    assert.ok(error instanceof LibraryNotFoundError);
    assert.deepEqual(error.searchedPaths, searchPaths);
    assert.match(error.hint ?? "", /apt-get install libbpf1/);
    return true;
  });
});

Deno.test("a search goes on past a library that is too old or broken", () => {
  using stack = new DisposableStack();
  const old = fakeLibbpf(stack, 0, 8);
  const broken = `${temporaryDirectory(stack)}/libbpf.so.1`;
  Deno.writeTextFileSync(broken, "not an ELF file");
  const good = systemLibbpf();
  using library = Library.open({ searchPaths: ["/nonexistent", broken, old, good] });
  assert.equal(library.path, good);
  assert.throws(() => Library.open({ searchPaths: [broken, old] }), { name: "LibraryVersionError", path: old });
});

Deno.test({
  name: "root does not load a library that others may write",
  ignore: Deno.uid() !== 0,
  fn: async (t) => {
    using stack = new DisposableStack();
    const rows: [string, (path: string) => void, RegExp][] = [
      ["owner", (path) => Deno.chownSync(path, 65534, 0), /belongs to uid 65534/],
      ["mode", (path) => Deno.chmodSync(path, 0o757), /others than root may write it/],
    ];
    for (const [name, spoil, reason] of rows) {
      const path = `${temporaryDirectory(stack)}/libbpf.so.1`;
      Deno.copyFileSync(systemLibbpf(), path);
      spoil(path);
      await t.step(name, () => {
        assert.throws(() => Library.open({ searchPaths: [path] }), (error: unknown) => {
          assert.ok(error instanceof LibraryNotFoundError);
          assert.match(error.hint ?? "", reason);
          return true;
        });
      });
    }
  },
});

Deno.test("a closed library refuses to be used and can be closed twice", () => {
  const library = Library.open();
  library.close();
  library.close();
  assert.throws(() => library.symbols, TypeError);
  assert.throws(() => library.possibleCpus(), TypeError);
});

Deno.test("the shared library opens once, as configured", () => {
  try {
    const path = systemLibbpf();
    configureLibrary({ path });
    const library = libbpf();
    assert.equal(libbpf(), library);
    assert.equal(library.path, Deno.realPathSync(path));
    assert.equal(libbpfVersion(), library.version);
    assert.throws(() => configureLibrary({}), TypeError);
    closeLibrary();
    closeLibrary();
    configureLibrary({ path: "/nonexistent" });
    assert.throws(() => libbpf(), LibraryNotFoundError);
  } finally {
    closeLibrary();
    configureLibrary({});
  }
});
