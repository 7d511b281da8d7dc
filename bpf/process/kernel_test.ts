import assert from "node:assert/strict";
import { libbpf, openLibc } from "../../ffi/mod.ts";
import { RECORD_TYPE } from "../records.gen.ts";
import { drainAll } from "../record_testing.ts";
import { SensorRun } from "../../src/sensor.ts";
import { cgroup2Root } from "../../src/host/cgroup2.ts";
import type { ProcessCgroup, ProcessExec, ProcessExit, ProcessFork } from "../../src/process_table/types.ts";
import { decodeCgroup, decodeExec, decodeExit, decodeFork, PROCESS_SENSOR } from "./sensor.ts";

// Opened on first use and kept: inside a test that would look like a leak.
openLibc();
libbpf();

const RING_SIZE = 1 << 20;

interface Seen {
  execs: ProcessExec[];
  forks: ProcessFork[];
  exits: ProcessExit[];
  moves: ProcessCgroup[];
}

/** Takes what is in the ring apart. */
function collect(run: SensorRun): Seen {
  const seen: Seen = { execs: [], forks: [], exits: [], moves: [] };
  drainAll(run, (type, view, base) => {
    if (type === RECORD_TYPE.EXEC) seen.execs.push(decodeExec(view, base));
    else if (type === RECORD_TYPE.FORK) seen.forks.push(decodeFork(view, base));
    else if (type === RECORD_TYPE.EXIT) seen.exits.push(decodeExit(view, base));
    else if (type === RECORD_TYPE.CGROUP) seen.moves.push(decodeCgroup(view, base));
  });
  return seen;
}

function runProgram(
  path: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): number {
  return new Deno.Command(path, { args, ...options }).outputSync().code;
}

Deno.test("process sensor sees each of 37 programs begin, and end with its exit code", () => {
  using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: RING_SIZE });
  collect(run);
  const marker = crypto.randomUUID();
  for (let index = 0; index < 37; index++) {
    assert.equal(runProgram("/bin/sh", ["-c", `exit ${index}`, marker], { cwd: "/usr" }), index);
  }
  const seen = collect(run);
  const execs = seen.execs.filter((exec) => exec.cmdline.includes(marker));
  assert.equal(execs.length, 37);
  const codes: number[] = [];
  for (const exec of execs) {
    assert.match(exec.exe, /^\/(usr\/)?bin\/(da|ba)?sh$/);
    assert.equal(exec.cwd, "/usr");
    assert.equal(exec.comm, "sh");
    assert.equal(exec.parentTgid, Deno.pid);
    assert.equal(exec.uid, Deno.uid());
    assert.equal(exec.cmdlineTruncated, false);
    const same = (other: { tgid: number; startTimeNs: number }): boolean =>
      other.tgid === exec.tgid && other.startTimeNs === exec.startTimeNs;
    assert.equal(seen.forks.filter(same).length, 1, "one fork");
    const exits = seen.exits.filter(same);
    assert.equal(exits.length, 1, "one exit");
    codes.push((exits[0]?.exitStatus ?? -1) >> 8);
  }
  assert.deepEqual(codes, Array.from({ length: 37 }, (_, index) => index));
  assert.deepEqual([...run.losses()], []);
});

Deno.test("process sensor tells nothing of new threads", () => {
  using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: RING_SIZE });
  collect(run);
  // tar compresses in a thread-free child; xz -T makes threads of its own.
  assert.equal(runProgram("/bin/sh", ["-c", "head -c 3000000 /dev/zero | xz -T2 --block-size=1MiB >/dev/null"]), 0);
  const seen = collect(run);
  const xz = seen.execs.filter((exec) => exec.comm === "xz");
  assert.equal(xz.length, 1);
  assert.equal(seen.forks.filter((fork) => fork.parentTgid === xz[0]?.tgid).length, 0);
  // Threads that end at the same moment may each find themselves the last: the loop of the commands drops the second.
  const exits = seen.exits.filter((exit) => exit.tgid === xz[0]?.tgid);
  assert.ok(exits.length === 1 || exits.length === 2, `${exits.length} exits`);
});

Deno.test("process sensor keeps 4 KiB of the arguments and says that they were cut", () => {
  using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: RING_SIZE });
  collect(run);
  const marker = crypto.randomUUID();
  assert.equal(runProgram("/bin/true", [marker, "x".repeat(10_000)]), 0);
  const exec = collect(run).execs.find(({ cmdline }) => cmdline[1] === marker);
  assert.ok(exec, "the program was seen");
  assert.equal(exec.cmdlineTruncated, true);
  assert.equal(exec.cmdline.join("\0").length, 4096);
});

Deno.test("process sensor tells signals from exit codes", () => {
  using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: RING_SIZE });
  collect(run);
  const marker = crypto.randomUUID();
  new Deno.Command("/bin/sh", { args: ["-c", "kill -9 $$", marker] }).outputSync();
  const seen = collect(run);
  const exec = seen.execs.find(({ cmdline }) => cmdline.includes(marker));
  assert.equal((seen.exits.find((exit) => exit.tgid === exec?.tgid)?.exitStatus ?? 0) & 0x7f, 9);
});

Deno.test("process sensor counts every record a full ring cannot take", () => {
  // One page: room for some twenty records, while hundreds are made.
  using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: 4096 });
  collect(run);
  const before = run.losses().get("process_ring_full") ?? 0;
  assert.equal(runProgram("/bin/sh", ["-c", "i=0; while [ $i -lt 211 ]; do (:); i=$((i+1)); done"]), 0);
  const seen = collect(run);
  const lost = (run.losses().get("process_ring_full") ?? 0) - before;
  const kept = seen.execs.length + seen.forks.length + seen.exits.length;
  assert.ok(lost > 0, "the ring was too small");
  // 211 subshells make a fork and an exit each; the shell itself a fork, an exec and an exit. Others may run besides.
  assert.ok(kept + lost >= 2 * 211 + 3, `kept ${kept} + lost ${lost}`);
});

Deno.test("process sensor tells where a process was moved to, and its children begin", () => {
  using root = cgroup2Root();
  const name = `culprit-test-${crypto.randomUUID()}`;
  const outer = `${root.path}/${name}`;
  const inner = `${outer}/inner`;
  Deno.mkdirSync(inner, { recursive: true });
  try {
    using run = SensorRun.start([PROCESS_SENSOR], { ringSizeBytes: RING_SIZE });
    collect(run);
    const marker = crypto.randomUUID();
    // The shell moves itself, runs a program there, and goes back, so that the cgroup can be removed.
    const script = `echo $$ >"$1/cgroup.procs"; /bin/true "$2"; echo $$ >"$3/cgroup.procs"; :`;
    assert.equal(runProgram("/bin/sh", ["-c", script, "sh", inner, marker, root.path]), 0);
    const seen = collect(run);
    const shell = seen.execs.find(({ cmdline }) => cmdline[1] === "-c" && cmdline.includes(marker));
    const moves = seen.moves.filter(({ tgid, startTimeNs }) =>
      tgid === shell?.tgid && startTimeNs === shell.startTimeNs
    );
    assert.equal(moves.length, 2);
    assert.equal(moves[0]?.cgroup, `/${name}/inner`);
    assert.ok((moves[0]?.tsNs ?? 0) > (shell?.tsNs ?? 0));
    assert.notEqual(moves[1]?.cgroup, `/${name}/inner`);
    const child = seen.execs.find(({ exe, cmdline }) => exe.endsWith("/true") && cmdline.includes(marker));
    assert.equal(child?.cgroup, `/${name}/inner`);
  } finally {
    Deno.removeSync(inner);
    Deno.removeSync(outer);
  }
});
