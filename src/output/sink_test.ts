import assert from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { OutputError } from "../errors.ts";
import { FileSink } from "./sink.ts";

openLibc();

/** Octets of a text. */
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** Runs a test in a directory of its own. */
function withDirectory(run: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = Deno.makeTempDirSync();
    try {
      await run(directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  };
}

/** A sink that must not fail to reopen. */
function open(path: string): FileSink {
  return new FileSink(path, (error) => {
    throw error;
  });
}

/** Writes a text and returns how much arrived by the sink's own account. */
function write(sink: FileSink, text: string): number {
  let written = 0;
  sink.write(utf8(text), (count) => written = count);
  return written;
}

Deno.test(
  "FileSink creates a file for its owner only and appends to one that is there",
  withDirectory((directory) => {
    const path = `${directory}/events.json`;
    for (const text of ["one\n", "two\n"]) {
      const sink = open(path);
      assert.equal(write(sink, text), 4);
      sink.close();
      sink.close();
    }
    assert.equal(Deno.readTextFileSync(path), "one\ntwo\n");
    assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o600);
  }),
);

Deno.test(
  "FileSink that replaces a file leaves it alone until it writes, and then empties it once",
  withDirectory((directory) => {
    const path = `${directory}/map.html`;
    Deno.writeTextFileSync(path, "of yesterday, and longer\n");
    const sink = new FileSink(path, (error) => assert.fail(error), true);
    assert.equal(Deno.readTextFileSync(path), "of yesterday, and longer\n");
    write(sink, "today\n");
    write(sink, "more\n");
    assert.equal(sink.takeBack(5), true);
    sink.close();
    assert.equal(Deno.readTextFileSync(path), "today\n");
  }),
);

Deno.test(
  "FileSink refuses a symbolic link and leaves its target alone",
  withDirectory((directory) => {
    Deno.symlinkSync(`${directory}/target`, `${directory}/link`);
    assert.throws(
      () => open(`${directory}/link`),
      (error) => error instanceof OutputError && /it is a symbolic link$/.test(error.message) && error.exitCode === 3,
    );
    assert.throws(() => Deno.statSync(`${directory}/target`), Deno.errors.NotFound);
  }),
);

Deno.test(
  "FileSink says in plain words why it cannot open",
  withDirectory((directory) => {
    assert.throws(() => open(`${directory}/no/file`), {
      message: `Cannot write events to "${directory}/no/file": No such file or directory`,
    });
    assert.throws(() => open(directory), {
      message: `Cannot write events to "${directory}": Is a directory`,
    });
  }),
);

Deno.test(
  "FileSink takes back what it wrote last",
  withDirectory((directory) => {
    const path = `${directory}/events`;
    Deno.writeTextFileSync(path, "before\n");
    const sink = open(path);
    write(sink, "whole\npart");
    assert.equal(sink.takeBack(4), true);
    write(sink, "next\n");
    sink.close();
    assert.equal(Deno.readTextFileSync(path), "before\nwhole\nnext\n");
  }),
);

Deno.test(
  "FileSink takes nothing back from a file someone else appended to",
  withDirectory((directory) => {
    const path = `${directory}/events`;
    const sink = open(path);
    write(sink, "part");
    Deno.writeTextFileSync(path, "theirs\n", { append: true });
    assert.equal(sink.takeBack(4), false);
    sink.close();
    assert.equal(Deno.readTextFileSync(path), "parttheirs\n");
  }),
);

Deno.test("FileSink takes nothing back from a device", () => {
  const sink = open("/dev/null");
  write(sink, "part");
  assert.equal(sink.takeBack(4), false);
  sink.close();
});

Deno.test("FileSink throws what the system says about a full device", () => {
  const sink = open("/dev/full");
  assert.throws(() => write(sink, "event\n"), { errnoName: "ENOSPC" });
  sink.close();
});

Deno.test(
  "FileSink opens its path anew on SIGHUP",
  withDirectory(async (directory) => {
    const path = `${directory}/events`;
    const sink = open(path);
    write(sink, "old\n");
    assert.equal(sink.beginnings, 1);
    Deno.renameSync(path, `${path}.1`);
    Deno.kill(Deno.pid, "SIGHUP");
    await until(() => exists(path));
    assert.equal(sink.beginnings, 2);
    write(sink, "newpart");
    assert.equal(sink.takeBack(4), true);
    sink.close();
    assert.equal(Deno.readTextFileSync(`${path}.1`), "old\n");
    assert.equal(Deno.readTextFileSync(path), "new");
  }),
);

Deno.test(
  "FileSink begins nothing where something is there, unless it replaces that",
  withDirectory((directory) => {
    const path = `${directory}/events`;
    Deno.writeTextFileSync(path, "old\n");
    for (const [replaces, beginnings] of [[false, 0], [true, 1]] as const) {
      const sink = new FileSink(path, () => {}, replaces);
      assert.equal(sink.beginnings, beginnings);
      sink.close();
    }
  }),
);

Deno.test(
  "FileSink goes on in the old file when SIGHUP cannot open the new one",
  withDirectory(async (directory) => {
    Deno.mkdirSync(`${directory}/sub`);
    const path = `${directory}/sub/events`;
    const failures: OutputError[] = [];
    const sink = new FileSink(path, (error) => failures.push(error));
    Deno.renameSync(`${directory}/sub`, `${directory}/moved`);
    Deno.kill(Deno.pid, "SIGHUP");
    await until(() => failures.length > 0);
    assert.match(failures[0]?.message ?? "", /No such file or directory/);
    write(sink, "still\n");
    sink.close();
    assert.equal(Deno.readTextFileSync(`${directory}/moved/events`), "still\n");
  }),
);

/** Whether a file is there. */
function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits for a condition, five seconds at most. */
async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("it never came true");
}
