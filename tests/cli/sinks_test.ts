import assert from "node:assert/strict";
import { runShell } from "./_run.ts";

const NO_SPACE = "No space left on device";

/** Runs a test with a directory of its own. */
async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync();
  try {
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

for (const [format, lines] of [["json", 1], ["kv", 1], ["text", 1]] as const) {
  Deno.test(`a reader that goes away ends the run quietly with 0: ${format} | head -1`, async () => {
    const { code, out, err } = await runShell(`$events ${format} 100000 | head -n ${lines}`);
    assert.equal(out.split("\n").length, lines + 1);
    assert.equal(code, 0);
    assert.doesNotMatch(err, /Broken pipe|error|at /);
  });
}

Deno.test("help and schema end quietly with 0 when nobody reads", async () => {
  for (const command of ["--help", "schema"]) {
    assert.deepEqual(await runShell(`$culprit ${command} | true`), { code: 0, out: "", err: "" });
  }
});

Deno.test("standard output that is full is an error", async () => {
  for (const command of ["$culprit schema", "$culprit --help", "$events json 3"]) {
    const { code, err } = await runShell(`${command} > /dev/full`);
    assert.equal(code, 3, command);
    assert.match(err, /culprit: Cannot write events to standard output: No space left on device\n/);
  }
});

Deno.test("a limit on the size of files is an error like a full disk", () =>
  withDirectory(async (directory) => {
    const { code, err } = await runShell(
      // Sparse, and so large that nothing but this file is at the limit.
      `truncate -s 1G ${directory}/file; ulimit -f 1048576; $culprit schema >> ${directory}/file`,
    );
    assert.equal(err, "culprit: Cannot write events to standard output: File too large\n");
    assert.equal(code, 3);
  }));

Deno.test("standard output that is non-blocking and slow loses nothing", async () => {
  const nonBlocking = "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETFL, os.O_NONBLOCK)";
  const { code, out } = await runShell(
    `{ python3 -c '${nonBlocking}'; $events json 2000; } | { sleep 0.2; wc -l; }`,
  );
  assert.deepEqual([code, out.trim()], [0, "2001"]);
});

Deno.test("the summary goes to standard error beside formats for people, into JSON otherwise", async () => {
  const kv = await runShell("$events kv 2");
  assert.equal(kv.out.split("\n").length, 5);
  assert.equal(kv.err, "culprit dns: 2 events in 30.0 s, from 24 messages, nothing lost\n");
  const json = await runShell("$events json 2");
  assert.equal(json.err, "");
  assert.deepEqual(json.out.trim().split("\n").map((line) => JSON.parse(line).type), ["dns", "dns", "summary"]);
});

Deno.test("--output to a device that is full ends with 3 and counts what is missing", async () => {
  const { code, out, err } = await runShell("$events kv 3 /dev/full");
  assert.deepEqual([code, out], [3, ""]);
  assert.equal(
    err,
    "culprit dns: 3 events in 30.0 s, from 24 messages\n" +
      "not written: 3 of 3 events\n" +
      `culprit: Cannot write events to "/dev/full": ${NO_SPACE}\n`,
  );
});

Deno.test({
  name: "--output to a file system that fills up keeps whole events and counts the others",
  ignore: Deno.uid() !== 0,
  fn: () =>
    withDirectory(async (directory) => {
      const mounted = await runShell(`mount -t tmpfs -o size=200k culprit-test ${directory}`);
      assert.equal(mounted.code, 0, mounted.err);
      try {
        const { code, err } = await runShell(`$events json 1009 ${directory}/events`);
        assert.equal(code, 3);
        const text = Deno.readTextFileSync(`${directory}/events`);
        assert.equal(text.at(-1), "\n");
        const events = text.trimEnd().split("\n").map((line) => JSON.parse(line));
        assert.deepEqual(events.map((event) => event.latency_us), events.map((_, index) => index));
        assert.ok(events.length > 100);
        assert.equal(
          err,
          "culprit dns: 1009 events in 30.0 s, from 24 messages\n" +
            `not written: ${1009 - events.length} of 1009 events\n` +
            `culprit: Cannot write events to "${directory}/events": ${NO_SPACE}\n`,
        );
      } finally {
        await runShell(`umount ${directory}`);
      }
    }),
});

Deno.test("--output appends, for its owner only", () =>
  withDirectory(async (directory) => {
    for (const count of [2, 3]) assert.equal((await runShell(`umask 0; $events json ${count} ${directory}/e`)).code, 0);
    assert.equal(Deno.readTextFileSync(`${directory}/e`).trimEnd().split("\n").length, 2 + 1 + 3 + 1);
    assert.equal((Deno.statSync(`${directory}/e`).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("--output refuses a symbolic link", () =>
  withDirectory(async (directory) => {
    Deno.symlinkSync(`${directory}/target`, `${directory}/link`);
    const { code, err } = await runShell(`$events json 1 ${directory}/link`);
    assert.equal(code, 3);
    assert.equal(
      err,
      `culprit: Cannot write events to "${directory}/link": it is a symbolic link\nhint: name the file it points to\n`,
    );
  }));

Deno.test("colours are for terminals that want them", async () => {
  const inTerminal = "script -qec '$events text 1' /dev/null";
  assert.ok((await runShell(inTerminal, { NO_COLOR: "", TERM: "xterm" })).out.includes("\x1b[1mTIME"));
  for (const env of [{ NO_COLOR: "1", TERM: "xterm" }, { NO_COLOR: "", TERM: "dumb" }]) {
    const { out } = await runShell(inTerminal, env);
    assert.match(out, /TIME/);
    assert.ok(!out.includes("\x1b"));
  }
  assert.ok(!(await runShell("$events text 1", { NO_COLOR: "", TERM: "xterm" })).out.includes("\x1b"));
});
