import assert from "node:assert/strict";
import { OWNER_KIND } from "./capture.ts";
import { FileClock } from "./host/clock.ts";
import type { ProcFacts } from "./host/proc.ts";
import type { ProcessInfo } from "./events.ts";
import { type ProcessExec, type ProcessFork, ProcessTable, unknownProcess } from "./process_table.ts";

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
/** Boot was at 2026-11-21T00:00:00Z. */
const CLOCK = new FileClock(1_795_219_200_000_000_000n);
const ID = "9f2c6f1b0b6d4ad1a8b3f0d35c1c7e6f2f7f0a1b2c3d4e5f60718293a4b5c6d7";

/** A table that never asks /proc unless the test says so. */
function makeTable(options: Partial<ConstructorParameters<typeof ProcessTable>[0]> = {}): ProcessTable {
  return new ProcessTable({ clock: CLOCK, readProcess: () => undefined, ...options });
}

function fork(parent: [number, number], child: [number, number], more: Partial<ProcessFork> = {}): ProcessFork {
  return {
    tsNs: child[1],
    tgid: child[0],
    startTimeNs: child[1],
    parentTgid: parent[0],
    parentStartTimeNs: parent[1],
    uid: 0,
    gid: 0,
    comm: "bash",
    ...more,
  };
}

function exec(key: [number, number], tsNs: number, exe: string, more: Partial<ProcessExec> = {}): ProcessExec {
  const name = exe.slice(exe.lastIndexOf("/") + 1);
  return {
    tsNs,
    tgid: key[0],
    tid: key[0],
    startTimeNs: key[1],
    parentTgid: 0,
    parentStartTimeNs: 0,
    uid: 0,
    gid: 0,
    comm: name.slice(0, 15),
    exe,
    cmdline: [name],
    cmdlineTruncated: false,
    cwd: "/root",
    cgroup: "/user.slice",
    netns: 4026531840,
    ...more,
  };
}

function facts(
  tgid: number,
  startTimeNs: number,
  parentTgid: number,
  exe: string,
  more: Partial<ProcFacts> = {},
): ProcFacts {
  const name = exe.slice(exe.lastIndexOf("/") + 1);
  return {
    tgid,
    startTimeNs,
    observedNs: 100 * SECOND,
    parentTgid,
    uid: 0,
    gid: 0,
    comm: name.slice(0, 15),
    exe,
    cmdline: [name],
    cmdlineTruncated: false,
    cwd: "/",
    cgroup: "/system.slice",
    netns: 4026531840,
    isKernelThread: false,
    ...more,
  };
}

/** init 1 -> bash 812, both from /proc. */
function makeShell(options: Partial<ConstructorParameters<typeof ProcessTable>[0]> = {}): ProcessTable {
  const table = makeTable(options);
  table.addFromProc(facts(1, 10_000_000, 0, "/usr/lib/systemd/systemd"));
  table.addFromProc(facts(812, 5_010_000_000, 1, "/usr/bin/bash"));
  return table;
}
const BASH: [number, number] = [812, 5_012_345_678];

Deno.test("lookup() yields the whole block for a process that lived a millisecond", () => {
  const table = makeShell({ users: { userName: (uid) => uid === 1000 ? "ann" : undefined } });
  const ping: [number, number] = [877, 103_101_000_000];
  table.onFork(fork(BASH, ping));
  table.onExec(exec(ping, ping[1] + 200_000, "/usr/bin/ping", {
    cmdline: ["ping", "baidu.com"],
    cgroup: `/docker/${ID}`,
    netns: 4026532000,
    uid: 1000,
    gid: 1001,
  }));
  table.onExit({ tsNs: ping[1] + 1_000_000, tgid: 877, startTimeNs: ping[1], exitStatus: 0 });
  const owner = {
    tgid: 877,
    tid: 877,
    startTimeNs: ping[1],
    uid: 1000,
    gid: 1001,
    comm: "ping",
    kind: OWNER_KIND.sender,
  };
  assert.deepEqual(table.lookup(owner, ping[1] + 700_000), {
    pid: 877,
    tid: 877,
    start_time: "2026-11-21T00:01:43.101Z",
    name: "ping",
    comm: "ping",
    exe: "/usr/bin/ping",
    cmdline: ["ping", "baidu.com"],
    cwd: "/root",
    uid: 1000,
    gid: 1001,
    user: "ann",
    ppid: 812,
    ancestors: [
      { pid: 812, name: "bash", exe: "/usr/bin/bash" },
      { pid: 1, name: "systemd", exe: "/usr/lib/systemd/systemd" },
    ],
    cgroup: `/docker/${ID}`,
    netns: 4026532000,
    container: { id: ID, runtime: "docker" },
  });
});

Deno.test("lookup() shows what ran at the time of the event, also after later execs", () => {
  const table = makeShell();
  const child: [number, number] = [900, 101 * SECOND + 1];
  table.onFork(fork(BASH, child));
  table.onExec(exec(child, 102 * SECOND, "/bin/sh"));
  table.onExec(exec(child, 103 * SECOND, "/usr/bin/curl"));
  const key = { tgid: 900, startTimeNs: child[1] };
  const at = (tsNs: number): string => table.lookup(key, tsNs).exe;
  assert.equal(at(103 * SECOND), "/usr/bin/curl");
  assert.equal(at(103 * SECOND - 1), "/bin/sh");
  assert.equal(at(102 * SECOND), "/bin/sh");
  assert.equal(at(102 * SECOND - 1), "/usr/bin/bash");
  assert.equal(at(0), "/usr/bin/bash");
});

Deno.test("lookup() answers the same object until something shown changes", () => {
  const table = makeShell();
  const ref = { tgid: 812, startTimeNs: BASH[1], tid: 812, uid: 0, gid: 0, comm: "bash" };
  const first = table.lookup(ref, 200 * SECOND);
  assert.equal(table.lookup({ ...ref }, 201 * SECOND), first);
  const thread = table.lookup({ ...ref, tid: 813, comm: "worker" }, 201 * SECOND);
  assert.equal(thread.comm, "worker");
  assert.equal(thread.tid, 813);
  assert.equal(thread.name, "bash");
  assert.equal(table.lookup(ref, 202 * SECOND), first, "another thread in between");
  assert.equal(table.lookup({ ...ref, tid: 813, comm: "worker" }, 202 * SECOND), thread);
  assert.notEqual(table.lookup({ ...ref, tid: 813, comm: "renamed" }, 202 * SECOND), thread);
  assert.equal(table.lookup({ ...ref, uid: 33 }, 202 * SECOND).uid, 33, "it dropped its privileges");
  assert.equal("tid" in table.lookup({ tgid: 812, startTimeNs: BASH[1] }, 202 * SECOND), false);
});

Deno.test("lookup() answers the same object for hundreds of threads in turn", () => {
  const table = makeShell();
  const ask = (tid: number): unknown =>
    table.lookup({ tgid: 812, startTimeNs: BASH[1], tid, uid: 0, gid: 0, comm: "w" }, 1);
  const first = Array.from({ length: 500 }, (_, tid) => ask(tid));
  for (let round = 0; round < 3; round++) first.forEach((info, tid) => assert.equal(ask(tid), info));
});

Deno.test("lookup() keeps apart two processes with one pid", () => {
  const table = makeShell();
  const first: [number, number] = [900, 101 * SECOND + 1];
  const second: [number, number] = [900, 105 * SECOND + 1];
  table.onFork(fork(BASH, first));
  table.onExec(exec(first, 102 * SECOND, "/usr/bin/first"));
  table.onExit({ tsNs: 103 * SECOND, tgid: 900, startTimeNs: first[1], exitStatus: 0 });
  table.onFork(fork(BASH, second));
  table.onExec(exec(second, 106 * SECOND, "/usr/bin/second"));
  assert.equal(table.lookup({ tgid: 900, startTimeNs: first[1] }, 107 * SECOND).exe, "/usr/bin/first");
  assert.equal(table.lookup({ tgid: 900, startTimeNs: second[1] }, 107 * SECOND).exe, "/usr/bin/second");
  const third = table.lookup({ tgid: 900, startTimeNs: 103 * SECOND + 1 }, 107 * SECOND);
  assert.equal(third.exe, "unknown");
  assert.equal(third.unknown_reason, "process ended before its facts could be read");
});

Deno.test("a process of which nothing is known is not named after one of its threads", () => {
  const table = makeShell();
  const name = (tgid: number, tid: number): string[] => {
    const info = table.lookup({ tgid, tid, startTimeNs: 104 * SECOND, comm: "isc-net-0000" }, 107 * SECOND);
    return [info.name, info.comm];
  };
  assert.deepEqual(name(950, 951), ["unknown", "isc-net-0000"]);
  assert.deepEqual(name(960, 960), ["isc-net-0000", "isc-net-0000"]);
});

Deno.test("an exit that was lost does not keep the next process with that pid from being right", () => {
  const table = makeShell({ keepMs: 1000 });
  table.onExec(exec([900, 101 * SECOND + 1], 102 * SECOND, "/usr/bin/first"));
  table.onExec(exec([900, 105 * SECOND + 1], 106 * SECOND, "/usr/bin/second"));
  assert.equal(table.lookup({ tgid: 900, startTimeNs: 101 * SECOND + 1 }, 106 * SECOND).exe, "/usr/bin/first");
  assert.equal(table.stats.living, 3);
  table.prune(108 * SECOND);
  assert.equal(table.stats.expired, 1);
});

const START_CASES: readonly (readonly [name: string, startTimeNs: number, learnt: number | undefined, exe: string])[] =
  [
    ["just before the tick", 5_009_999_999, undefined, "unknown"],
    ["the tick itself", 5_010_000_000, undefined, "/usr/bin/bash"],
    ["within the tick", BASH[1], undefined, "/usr/bin/bash"],
    ["just after the tick", 5_020_000_001, undefined, "unknown"],
    ["1 ns off the exact start, once that is known", BASH[1] + 1, BASH[1], "unknown"],
    ["the tick, once the exact start is known", 5_010_000_000, BASH[1], "/usr/bin/bash"],
    ["another tick, once the exact start is known", 5_000_000_000, BASH[1], "unknown"],
  ];
for (const [name, startTimeNs, learnt, exe] of START_CASES) {
  Deno.test(`a start of /proc, 5.01 s, against ${name}: ${exe}`, () => {
    const table = makeShell();
    if (learnt !== undefined) table.lookup({ tgid: 812, startTimeNs: learnt }, 200 * SECOND);
    assert.equal(table.lookup({ tgid: 812, startTimeNs }, 200 * SECOND).exe, exe);
  });
}

Deno.test("what /proc shows does not replace what an event told", () => {
  const table = makeShell();
  const child: [number, number] = [900, 101 * SECOND + 1];
  table.onFork(fork(BASH, child));
  table.onExec(exec(child, 102 * SECOND, "/usr/bin/curl"));
  table.addFromProc(facts(900, 101 * SECOND, 1, "/usr/bin/other"));
  assert.equal(table.lookup({ tgid: 900, startTimeNs: child[1] }, 103 * SECOND).exe, "/usr/bin/curl");
});

Deno.test("an exec older than the look at /proc makes what ran before it unknown", () => {
  const table = makeTable();
  table.addFromProc(facts(900, 50 * SECOND, 1, "/usr/bin/curl", { observedNs: 100 * SECOND }));
  table.onExec(exec([900, 50 * SECOND + 7], 99 * SECOND, "/usr/bin/curl"));
  const at = (tsNs: number): string => table.lookup({ tgid: 900, startTimeNs: 50 * SECOND + 7 }, tsNs).exe;
  assert.equal(at(99 * SECOND), "/usr/bin/curl");
  assert.equal(at(99 * SECOND - 1), "unknown");
});

Deno.test("a fork and an exec older than the look at /proc are both shown", () => {
  const table = makeShell();
  table.addFromProc(facts(900, 98 * SECOND, 812, "/usr/bin/curl", { observedNs: 100 * SECOND }));
  const child: [number, number] = [900, 98 * SECOND + 7];
  table.onFork(fork(BASH, child));
  const at = (tsNs: number): string => table.lookup({ tgid: 900, startTimeNs: child[1] }, tsNs).exe;
  assert.equal(at(98.5 * SECOND), "/usr/bin/bash");
  table.onExec(exec(child, 99 * SECOND, "/usr/bin/curl"));
  assert.equal(at(98.5 * SECOND), "/usr/bin/bash");
  assert.equal(at(99 * SECOND), "/usr/bin/curl");
});

Deno.test("a forked child has its parent's facts until it execs, and its own where the fork says so", () => {
  const table = makeShell();
  table.onFork(fork(BASH, [900, 101 * SECOND + 1]));
  table.onFork(fork(BASH, [901, 101 * SECOND + 2], { cgroup: `/system.slice/docker-${ID}.scope`, netns: 77 }));
  const plain = table.lookup({ tgid: 900, startTimeNs: 101 * SECOND + 1 }, 102 * SECOND);
  assert.deepEqual([plain.exe, plain.cmdline, plain.cwd, plain.cgroup, plain.netns, plain.container], [
    "/usr/bin/bash",
    ["bash"],
    "/",
    "/system.slice",
    4026531840,
    undefined,
  ]);
  const moved = table.lookup({ tgid: 901, startTimeNs: 101 * SECOND + 2 }, 102 * SECOND);
  assert.deepEqual([moved.exe, moved.netns, moved.container?.runtime], ["/usr/bin/bash", 77, "docker"]);
});

Deno.test("a process is in the cgroup and container it was in at the time of the event", () => {
  const table = makeShell();
  const child: [number, number] = [900, 120_000_000_000];
  table.onFork(fork(BASH, child));
  table.onExec(exec(child, child[1] + 1000, "/usr/bin/worker"));
  table.onCgroup({ tsNs: child[1] + 5000, tgid: 900, startTimeNs: child[1], cgroup: `/docker/${ID}` });
  const at = (tsNs: number): ProcessInfo => table.lookup({ tgid: 900, startTimeNs: child[1] }, tsNs);
  assert.equal(at(child[1] + 4999).cgroup, "/user.slice");
  assert.equal(at(child[1] + 4999).container, undefined);
  assert.equal(at(child[1] + 5000).cgroup, `/docker/${ID}`);
  assert.deepEqual(at(child[1] + 5000).container, { id: ID, runtime: "docker" });
  assert.equal(at(child[1] + 5000).exe, "/usr/bin/worker");
  // An older one of the same pid, and what /proc showed later, are left alone.
  table.onCgroup({ tsNs: child[1] + 6000, tgid: 900, startTimeNs: 7_000_000_001, cgroup: "/other" });
  table.onCgroup({ tsNs: 99 * SECOND, tgid: 812, startTimeNs: BASH[1], cgroup: "/before" });
  assert.equal(at(child[1] + 7000).cgroup, `/docker/${ID}`);
  assert.equal(table.lookup({ tgid: 812, startTimeNs: BASH[1] }, 120 * SECOND).cgroup, "/system.slice");
});

Deno.test("ancestors are those of the time of the fork", () => {
  const table = makeShell();
  const child: [number, number] = [900, 101 * SECOND + 1];
  table.onFork(fork(BASH, child));
  table.onExec(exec(child, 102 * SECOND, "/usr/bin/curl"));
  table.onExec(exec(BASH, 103 * SECOND, "/usr/bin/vim"));
  table.onExit({ tsNs: 104 * SECOND, tgid: 812, startTimeNs: BASH[1], exitStatus: 0 });
  const info = table.lookup({ tgid: 900, startTimeNs: child[1] }, 105 * SECOND);
  assert.equal(info.ppid, 812);
  assert.deepEqual(info.ancestors.map(({ name }) => name), ["bash", "systemd"]);
  table.onFork(fork(BASH, [901, 103 * SECOND + 5]));
  assert.equal(table.lookup({ tgid: 901, startTimeNs: 103 * SECOND + 5 }, 105 * SECOND).ancestors[0]?.name, "vim");
});

Deno.test("ancestors are at most 16, nearest first", () => {
  const table = makeTable();
  table.addFromProc(facts(1, 10_000_000, 0, "/sbin/init"));
  for (let pid = 2; pid <= 40; pid++) table.onFork(fork([pid - 1, (pid - 1) * 1e7], [pid, pid * 1e7]));
  const { ancestors } = table.lookup({ tgid: 40, startTimeNs: 40 * 1e7 }, SECOND);
  assert.deepEqual(ancestors.map(({ pid }) => pid), Array.from({ length: 16 }, (_, index) => 39 - index));
});

Deno.test("ancestors from /proc come in any order and end where they make a ring", () => {
  const table = makeTable();
  table.addFromProc(facts(10, 30_000_000, 20, "/bin/a"));
  table.addFromProc(facts(20, 30_000_000, 30, "/bin/b"));
  table.addFromProc(facts(30, 30_000_000, 10, "/bin/c"));
  const { ancestors } = table.lookup({ tgid: 10, startTimeNs: 30_000_000 }, SECOND);
  assert.deepEqual(ancestors.map(({ pid }) => pid), [20, 30]);
});

Deno.test("a parent younger than the child is not its parent", () => {
  const table = makeTable();
  table.addFromProc(facts(20, 90 * SECOND, 1, "/bin/reused"));
  table.addFromProc(facts(30, 30 * SECOND, 20, "/bin/child"));
  assert.deepEqual(table.lookup({ tgid: 30, startTimeNs: 30 * SECOND }, 95 * SECOND).ancestors, []);
});

Deno.test("lookup() asks /proc once for a process no event told of", () => {
  const asked: number[] = [];
  const table = makeTable({
    readProcess: (tgid) => {
      asked.push(tgid);
      return tgid === 50 ? facts(50, 40 * SECOND, 0, "/usr/sbin/unbound") : undefined;
    },
  });
  for (let round = 0; round < 3; round++) {
    assert.equal(table.lookup({ tgid: 50, startTimeNs: 40 * SECOND + 3 }, 90 * SECOND).exe, "/usr/sbin/unbound");
    assert.equal(
      table.lookup({ tgid: 50, startTimeNs: 20 * SECOND + 3 }, 90 * SECOND).exe,
      "unknown",
      "older, same pid",
    );
    assert.equal(table.lookup({ tgid: 51, startTimeNs: 3 }, 90 * SECOND).exe, "unknown");
  }
  assert.deepEqual(asked, [50, 50, 51]);
  assert.equal(table.stats.unknown, 2);
});

Deno.test("a process thought unknown takes the facts of a later event", () => {
  const table = makeShell();
  const child: [number, number] = [900, 101 * SECOND + 1];
  assert.equal(table.lookup({ tgid: 900, startTimeNs: child[1] }, 101 * SECOND + 2).exe, "unknown");
  table.onFork(fork(BASH, child));
  assert.equal(table.lookup({ tgid: 900, startTimeNs: child[1] }, 101 * SECOND + 2).exe, "/usr/bin/bash");
  assert.equal(table.stats.living, 3);
});

Deno.test("lookup() of nobody says so", () => {
  const info = makeTable().lookup(
    { tgid: 0, tid: 0, startTimeNs: 0, uid: 0, gid: 0, comm: "swapper/0", kind: OWNER_KIND.none },
    1,
  );
  assert.equal(info.name, "unknown");
  assert.equal(info, unknownProcess("no process is known to own the socket"));
});

Deno.test("an exec that the kernel could not describe says what is missing", () => {
  const table = makeTable();
  table.onExec(exec([7, 7], 8, "", { comm: "odd", cmdlineTruncated: true }));
  const info = table.lookup({ tgid: 7, startTimeNs: 7, tid: 7, comm: "odd" }, 9);
  assert.deepEqual([info.exe, info.name, info.unknown_reason, info.cmdline_truncated], [
    "unknown",
    "odd",
    "path of the executable could not be read",
    true,
  ]);
});

Deno.test("an ancestor whose executable may not be read has its comm for a name", () => {
  const table = makeTable();
  table.addFromProc(facts(1, 10_000_000, 0, "unknown", { comm: "init", unknownReason: "no permission to read /proc" }));
  table.onFork(fork([1, 10_000_000], [88, 90_000_001]));
  const info = table.lookup({ tgid: 88, startTimeNs: 90_000_001 }, SECOND);
  assert.deepEqual(info.ancestors, [{ pid: 1, name: "init", exe: "unknown" }]);
  assert.equal(table.lookup({ tgid: 1, startTimeNs: 10_000_000 }, SECOND).name, "init");
});

Deno.test("kernel threads have a name and no executable", () => {
  const table = makeTable();
  table.addFromProc(facts(2, 10_000_000, 0, "", { comm: "kthreadd", cmdline: [], cwd: "", isKernelThread: true }));
  table.onFork(fork([2, 10_000_000], [88, 90_000_001], { comm: "kthreadd" }));
  const info = table.lookup({ tgid: 88, tid: 88, startTimeNs: 90_000_001, comm: "kworker/u8:1" }, SECOND);
  assert.deepEqual([info.name, info.exe, info.ancestors[0]?.name], ["kworker/u8:1", "", "kthreadd"]);
});

Deno.test("the dead are kept for keepMs and no longer", () => {
  const table = makeShell({ keepMs: 60_000 });
  table.onExec(exec([900, 101 * SECOND + 1], 102 * SECOND, "/usr/bin/curl"));
  table.onExit({ tsNs: 103 * SECOND, tgid: 900, startTimeNs: 101 * SECOND + 1, exitStatus: 0 });
  const exe = (tsNs: number): string => table.lookup({ tgid: 900, startTimeNs: 101 * SECOND + 1 }, tsNs).exe;
  table.prune(103 * SECOND + MINUTE);
  assert.equal(exe(103 * SECOND + MINUTE), "/usr/bin/curl");
  table.prune(103 * SECOND + MINUTE + 1);
  assert.equal(exe(103 * SECOND + MINUTE), "unknown");
  assert.equal(table.stats.expired, 1);
});

Deno.test("a full table gives up the dead before the living, and counts both", () => {
  const table = makeTable({ maxProcesses: 4 });
  for (let pid = 1; pid <= 4; pid++) table.onExec(exec([pid, pid + 0.5], 10 + pid, `/bin/p${pid}`));
  table.onExit({ tsNs: 20, tgid: 3, startTimeNs: 3.5, exitStatus: 0 });
  table.onExec(exec([5, 21], 22, "/bin/p5"));
  const { evictedDead, evictedLiving, size } = table.stats;
  assert.deepEqual({ evictedDead, evictedLiving, size }, { evictedDead: 1, evictedLiving: 0, size: 4 });
  table.lookup({ tgid: 1, startTimeNs: 1.5 }, 30);
  table.onExec(exec([6, 31], 32, "/bin/p6"));
  assert.equal(table.stats.evictedLiving, 1);
  assert.equal(table.lookup({ tgid: 1, startTimeNs: 1.5 }, 33).exe, "/bin/p1", "it was asked for lately");
  assert.equal(table.lookup({ tgid: 2, startTimeNs: 2.5 }, 33).exe, "unknown");
});

Deno.test("a million forks and execs with long command lines stay within both limits", () => {
  const table = makeShell({ maxBytes: 8 * 1024 * 1024 });
  const cmdline = ["x".repeat(4000)];
  let parent = BASH;
  let most = 0;
  for (let count = 0; count < 1_000_000; count++) {
    const child: [number, number] = [1000 + (count % 4_000_000), 200 * SECOND + count * 1000 + 1];
    table.onFork(fork(parent, child));
    if (count % 10 === 0) table.onExec(exec(child, child[1] + 1, "/bin/bomb", { cmdline }));
    if (count % 3 === 0) table.onExit({ tsNs: child[1] + 2, tgid: child[0], startTimeNs: child[1], exitStatus: 9 });
    else parent = child;
    if (count % 1000 === 0) most = Math.max(most, table.stats.bytes);
  }
  const { size, living, dead, bytes, evictedDead, evictedLiving, expired } = table.stats;
  assert.equal(living + dead, size);
  assert.ok(size <= 65_536 && size > 1000, `${size} processes`);
  assert.ok(most <= 8 * 1024 * 1024 && bytes > 0, `${most} octets`);
  assert.equal(size + evictedDead + evictedLiving + expired, 1_000_002);
  const last = table.lookup({ tgid: parent[0], startTimeNs: parent[1] }, 300 * SECOND);
  assert.equal(last.name, "bomb");
  assert.equal(last.ancestors.length, 16);
});

Deno.test("a process that execs for ever keeps few images", () => {
  const table = makeShell();
  for (let count = 0; count < 100_000; count++) {
    table.onExec(exec(BASH, 200 * SECOND + count, `/bin/p${count}`, { cmdline: ["x".repeat(1000)] }));
  }
  assert.ok(table.stats.bytes < 20_000, `${table.stats.bytes} octets`);
  assert.equal(table.lookup({ tgid: 812, startTimeNs: BASH[1] }, 300 * SECOND).exe, "/bin/p99999");
});

Deno.test("memory is given back when everything is gone", () => {
  const table = makeTable({ keepMs: 0 });
  for (let pid = 1; pid <= 50; pid++) {
    table.onExec(exec([pid, pid + 0.5], 100, "/bin/a"));
    table.onExec(exec([pid, pid + 0.5], 101, "/bin/b"));
    table.onFork(fork([pid, pid + 0.5], [pid + 100, 102.5]));
    table.onExit({ tsNs: 103, tgid: pid, startTimeNs: pid + 0.5, exitStatus: 0 });
    table.onExit({ tsNs: 103, tgid: pid + 100, startTimeNs: 102.5, exitStatus: 0 });
  }
  table.prune(200);
  const { size, living, bytes } = table.stats;
  assert.deepEqual({ size, living, bytes }, { size: 0, living: 0, bytes: 0 });
});

Deno.test("ProcessTable refuses limits that are not positive", () => {
  assert.throws(() => makeTable({ maxProcesses: 0 }), RangeError);
  assert.throws(() => makeTable({ keepMs: -1 }), RangeError);
});

Deno.test("lookup() shows a name that was taken away as empty", () => {
  const table = makeTable();
  table.onExec(exec([7, 7], 8, "/bin/worker", { comm: "worker" }));
  assert.equal(table.lookup({ tgid: 7, startTimeNs: 7, tid: 7, comm: "" }, 10).comm, "");
  assert.equal(table.lookup({ tgid: 7, startTimeNs: 7, tid: 7, comm: "worker" }, 10).comm, "worker");
  assert.equal(table.lookup({ tgid: 7, startTimeNs: 7 }, 10).comm, "worker");
});

Deno.test("processes of which nothing is known have no user, as the schema wants it", () => {
  const table = makeTable();
  for (const info of [unknownProcess("a test"), table.lookup({ tgid: 9, startTimeNs: 9 }, 10)]) {
    assert.deepEqual(["uid" in info, "gid" in info], [false, false]);
    assert.notEqual(info.name, "");
  }
});
