import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { encodeMessage } from "../../src/dns/mod.ts";
import {
  assertUnloaded,
  culpritCommand,
  type Ended,
  parseLines,
  programsOf,
  ROOT,
  runCulprit,
  RunningCulprit,
  summaryOf,
} from "./culprit.ts";

/** What every failure must look like: our words, a hint where one is named, no stack. */
function assertFailure(ended: Ended, code: number, message: RegExp, hint?: RegExp): void {
  assert.equal(ended.signal, null);
  assert.match(ended.stderr, message);
  if (hint) assert.match(ended.stderr, hint);
  assert.doesNotMatch(ended.stderr, /^\s+at .*:\d+:\d+/m, "no stack trace");
  assert.doesNotMatch(ended.stderr, /internal error|libbpf:/);
  assert.equal(ended.code, code, ended.stderr);
}

function query(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeMessage({ id: 7, questions: [{ name, type: 1, class: 1 }] }));
}

/** Sends queries to the discard port of loopback, where nobody answers. */
async function sendQueries(names: Iterable<string>): Promise<void> {
  const socket = createSocket("udp4");
  for (const name of names) {
    await new Promise<void>((resolve) => socket.send(query(name), 53, "127.99.99.99", () => resolve()));
  }
  socket.close();
  await once(socket, "close");
}

function* numbered(prefix: string, count: number): Iterable<string> {
  for (let index = 0; index < count; index++) yield `${prefix}${index}.test`;
}

/** A command that runs in a mount namespace of its own. */
const OWN_MOUNTS = ["unshare", "--mount"];

Deno.test("culprit dns without capabilities names those that are missing", async () => {
  const ended = await runCulprit(["dns", "--count", "1"], { wrapper: ["setpriv", "--bounding-set=-all"] });
  assertFailure(ended, 3, /missing .*CAP_(BPF|SYS_ADMIN)/, /^hint: .*root/m);
  assert.equal(ended.stdout, "");
});

Deno.test("culprit dns needs no CAP_SYS_ADMIN", async () => {
  const ended = await runCulprit(["dns", "--duration", "1ms"], { wrapper: ["setpriv", "--bounding-set=-sys_admin"] });
  assert.equal(ended.stderr.includes("CAP_SYS_ADMIN is missing"), false, ended.stderr);
  assert.equal(ended.code, 0, ended.stderr);
});

Deno.test("culprit dns without BTF says which kernels have it", async () => {
  const ended = await runCulprit(["dns", "--count", "1"], {
    wrapper: OWN_MOUNTS,
    prelude: "mount -t tmpfs none /sys/kernel/btf",
  });
  // Other tools may have left BTF files below /boot or /lib, where libbpf looks too: none is installed here.
  assertFailure(ended, 3, /has no .*BTF/);
});

Deno.test("culprit dns without a cgroup v2 mount makes a private one and takes it away", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json"], {
    wrapper: OWN_MOUNTS,
    prelude: `for point in $(awk '$0 ~ / - cgroup2 / { print $5 }' /proc/self/mountinfo); do umount -l "$point"; done
! grep -q ' - cgroup2 ' /proc/self/mountinfo`,
  });
  await sendQueries(["no-cgroup2.test"]);
  const ended = await culprit.stop();
  const events = parseLines(ended.stdout);
  assert.ok(
    events.some((event) => event.type === "dns" && event.dns.question?.name === "no-cgroup2.test"),
    ended.stderr,
  );
  assert.deepEqual([...Deno.readDirSync("/run")].filter(({ name }) => name.startsWith("culprit-")), []);
});

const SURROUNDINGS = [
  ["a removed directory", "cd $(mktemp -d); rmdir $PWD", /^culprit: Cannot start: the current directory was removed/m],
  ["few open files", "ulimit -n 20", /^culprit: Cannot start: at most 20 files may be open, 256 are needed/m],
  ["a small stack", "ulimit -s 100", /^culprit: Cannot start: the stack is limited to 100 KiB, 2048 are needed/m],
] as const;
for (const [name, prelude, message] of SURROUNDINGS) {
  Deno.test(`culprit in ${name} says so`, async () => {
    const { code, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-ec", `${prelude}\nexec "$@"`, "sh", `${ROOT}/scripts/culprit`, "--version"],
    }).output();
    assert.match(new TextDecoder().decode(stderr), message);
    assert.equal(code, 3);
  });
}

Deno.test("culprit without /proc says so", async () => {
  // The runtime itself cannot start then: what starts it has to say so.
  const { code, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "/bin/sh", "-ec", `mount -t tmpfs none /proc\nexec "$@"`, "sh", `${ROOT}/scripts/culprit`, "dns"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "culprit: Cannot start: /proc is not mounted\n");
  assert.equal(code, 3);
});

for (
  const [what, options, reason] of [
    [
      "whose /proc hides processes",
      {
        wrapper: OWN_MOUNTS,
        // A mount of its own: remounting would change that of the whole machine. Group 0 may see all with hidepid=2.
        prelude: 'mount -t proc -o hidepid=ptraceable proc /proc\nset -- setpriv --bounding-set=-sys_ptrace "$@"',
      },
      /hidepid.*CAP_SYS_PTRACE/,
    ],
    [
      "in a pid namespace",
      { wrapper: ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] },
      /a pid namespace, not those of the host; pids are those of the host.*--pid=host/,
    ],
  ] as const
) {
  Deno.test(`culprit dns ${what} says at once that older processes cannot be looked up, and exits with 3`, async () => {
    const ended = await runCulprit(["dns", "--json", "--timeout", "10ms", "--duration", "2s"], {
      ...options,
    });
    assert.match(ended.stderr, reason);
    assert.equal(ended.code, 3, ended.stderr);
    const summary = summaryOf(parseLines(ended.stdout));
    assert.match(summary.not_observed.join("\n"), reason);
    const doctor = await runCulprit(["doctor"], options);
    assert.match(doctor.stdout, /^warn +proc +\/proc (hides|shows only)/m);
  });
}

Deno.test("culprit dns in a pid namespace shows older processes as unknown, with the true reason", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json", "--timeout", "10ms", "--duration", "2s"], {
    wrapper: ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"],
  });
  await sendQueries(["older.test"]);
  const ended = await culprit.ended();
  const found = parseLines(ended.stdout).find((event) =>
    event.type === "dns" && event.dns.question?.name === "older.test"
  );
  assert.ok(found?.type === "dns");
  assert.equal(found.process?.pid, Deno.pid);
  assert.equal(found.process.exe, "unknown");
  assert.match(found.process.unknown_reason ?? "", /pid namespace/);
  assert.deepEqual(found.process.ancestors, []);
});

Deno.test("culprit dns with a libbpf that is not there names the path", async () => {
  const ended = await runCulprit(["dns", "--libbpf", "/nonexistent/libbpf.so.1", "--count", "1"]);
  assertFailure(ended, 3, /"\/nonexistent\/libbpf\.so\.1"/, /^hint: /m);
});

Deno.test("culprit dns with a libbpf that is too old says found and wanted", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const source = `${directory}/old.c`;
    await Deno.writeTextFile(
      source,
      "unsigned libbpf_major_version(void) { return 0; }\nunsigned libbpf_minor_version(void) { return 8; }\n",
    );
    const library = `${directory}/libbpf.so.0`;
    const { code } = await new Deno.Command("gcc", { args: ["-shared", "-fPIC", "-o", library, source] }).output();
    assert.equal(code, 0);
    assertFailure(await runCulprit(["dns", "--libbpf", library, "--count", "1"]), 3, /0\.8.*1\.1/s, /^hint: /m);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("culprit dns with a ring no machine has room for says what sizes there are", async () => {
  const ended = await runCulprit(["dns", "--ring-size", "8GiB", "--count", "1"]);
  assertFailure(ended, 2, /ring/i);
});

Deno.test("culprit dns on a full disk keeps whole lines and says how many it could not write", async () => {
  const directory = await Deno.makeTempDir();
  const mounted = await new Deno.Command("mount", { args: ["-t", "tmpfs", "-o", "size=64k", "none", directory] })
    .output();
  assert.equal(mounted.code, 0);
  try {
    const file = `${directory}/events.jsonl`;
    await using culprit = await RunningCulprit.start(["dns", "--json", "--timeout", "10ms", "--output", file]);
    await sendQueries(numbered("full", 503));
    const ended = await culprit.ended();
    assertFailure(ended, 3, /No space left on device/);
    const events = parseLines(await Deno.readTextFile(file));
    assert.ok(events.length > 3, "what fitted was written");
    assert.ok(events.every((event) => event.schema === "culprit/1"));
  } finally {
    await new Deno.Command("umount", { args: [directory] }).output();
    await Deno.remove(directory);
  }
});

Deno.test("culprit dns ends quietly when nobody reads any more", async () => {
  const { code, stdout, stderr } = await runCulprit(["dns", "--json", "--timeout", "10ms"], {
    wrapper: ["/bin/bash", "-o", "pipefail", "-c", '"$@" | head -n 1', "bash"],
    // Queries for as long as the reader is there.
    prelude: `(while kill -0 $$ 2>/dev/null; do dig @127.99.99.99 +tries=1 +time=1 pipe.test >/dev/null || :; done) &`,
  });
  assert.equal(parseLines(stdout).length, 1);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /rror/);
});

for (
  const [what, args, wrapper] of [
    ["SIGTERM", [], undefined],
    ["--duration", ["--duration", "2s"], undefined],
    ["SIGTERM, standard error in the same pipe", [], ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh"]],
  ] as const
) {
  Deno.test(`culprit dns ends although its reader stalls: ${what}`, async () => {
    const directory = await Deno.makeTempDir();
    try {
      const ready = `${directory}/ready`;
      const words = [...culpritCommand(), "dns", "--json", "--timeout", "10ms", "--ready-file", ready, ...args];
      const [program = "", ...rest] = [...wrapper ?? [], ...words];
      // Its output is never read: a pipe holds 64 KiB.
      const child = new Deno.Command(program, { args: rest, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
      while (!existsSync(ready)) await new Promise((resolve) => setTimeout(resolve, 5));
      await sendQueries(numbered("stalled", 997));
      if (args.length === 0) child.kill("SIGTERM");
      const begin = performance.now();
      const { code, signal } = await child.status;
      assert.ok(performance.now() - begin < 8000, "it ended soon");
      const [stdout, stderr] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      assert.equal(signal, null);
      assert.equal(code, 3, stderr);
      // The last one may be cut off anywhere, also behind a brace.
      const lines = stdout.split("\n").slice(0, -1);
      const arrived = lines.filter((line) => line.startsWith('{"schema"') && line.endsWith("}")).length;
      assert.ok(arrived > 10, "what fits into a pipe arrived");
      if (wrapper !== undefined) return;
      assert.match(stderr, /^culprit: Cannot write events to standard output: nobody reads it$/m);
      const [, missing, events] = /^not written: (\d+) of (\d+) events$/m.exec(stderr) ?? [];
      assert.equal(Number(missing), Number(events) - arrived, stderr);
      assert.ok(Number(events) >= 997);
      assert.doesNotMatch(stderr, /nothing lost|internal error|^\s+at /m);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

Deno.test("culprit dns told to stop in a burst writes what it saw, and leaves no program behind", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json"]);
  const programs = programsOf(culprit.pid);
  assert.ok(programs.size > 3);
  const burst = sendQueries(numbered("burst", 1009));
  await sendQueries(numbered("first", 211));
  culprit.signal("SIGTERM");
  const ended = await culprit.ended();
  await burst;
  assert.equal(ended.code, 0, ended.stderr);
  const events = parseLines(ended.stdout);
  const names = events.flatMap((event) => event.type === "dns" ? [event.dns.question?.name ?? ""] : []);
  assert.equal(names.filter((name) => name.startsWith("first")).length, 211);
  const summary = summaryOf(events);
  assert.deepEqual(summary.lost, {});
  assert.equal(summary.events, events.length - 1);
  await assertUnloaded(programs);
});

Deno.test("culprit map whose terminal goes away ends with what it gathered", async () => {
  await using culprit = await RunningCulprit.start(["map", "--json", "--duration", "1h"]);
  culprit.signal("SIGHUP");
  const ended = await culprit.ended();
  assert.equal(ended.signal, null);
  assert.equal(summaryOf(parseLines(ended.stdout)).command, "map");
});

Deno.test("culprit dns under nohup outlives its terminal", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json"], {
    wrapper: ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh"],
  });
  culprit.signal("SIGHUP");
  await sendQueries(numbered("outlived", 3));
  const events = parseLines((await culprit.stop()).stdout);
  assert.ok(events.some((event) => event.type === "dns" && event.dns.question?.name.startsWith("outlived")));
});

Deno.test("culprit dns that is killed leaves no program behind", async () => {
  await using culprit = await RunningCulprit.start(["dns", "--json"]);
  const programs = programsOf(culprit.pid);
  assert.ok(programs.size > 3);
  culprit.signal("SIGKILL");
  const ended = await culprit.ended();
  assert.equal(ended.signal, "SIGKILL");
  await assertUnloaded(programs);
});

Deno.test("culprit dns ends by itself after --count and after --duration", async () => {
  await using counted = await RunningCulprit.start(["dns", "--json", "--count", "3", "--timeout", "10ms"]);
  await sendQueries(numbered("count", 11));
  const ended = await counted.ended();
  assert.equal(ended.code, 0, ended.stderr);
  assert.equal(summaryOf(parseLines(ended.stdout)).events, 3);
  const timed = await runCulprit(["dns", "--json", "--duration", "200ms"]);
  assert.equal(timed.code, 0, timed.stderr);
  assert.ok(summaryOf(parseLines(timed.stdout)).duration_ms >= 200);
});

Deno.test("culprit dns --write to a file system that is full says that packets could not be written", async () => {
  const ended = await runCulprit(["dns", "--duration", "30s", "--write", "/run/full/x.pcapng"], {
    wrapper: OWN_MOUNTS,
    prelude: `mount -t tmpfs none /run
mkdir /run/full
mount -t tmpfs -o size=4k none /run/full
head -c 4096 /dev/zero >/run/full/rest`,
  });
  assertFailure(ended, 3, /^culprit: Cannot write packets to "\/run\/full\/x\.pcapng": No space left on device$/m);
  assert.doesNotMatch(ended.stderr, /not written/);
});

Deno.test("culprit says that it could not create its ready file", async () => {
  const ended = await runCulprit(["dns", "--ready-file", "/nowhere/ready"]);
  assertFailure(ended, 3, /^culprit: Cannot create the ready file "\/nowhere\/ready": No such file or directory$/m);
});
