import assert from "node:assert/strict";
import type { CapturedPacket } from "../capture.ts";
import { packet, query } from "../correlation/tracker_testing.ts";
import type { ProcessInfo } from "../events.ts";
import { CaptureFile } from "./capture_file.ts";
import { join } from "./frames_testing.ts";
import { FileOwner, FileProcesses, PROCESS_OPTION } from "./pcapng_process.ts";
import { PcapngWriter } from "./pcapng_writer.ts";

const CURL: ProcessInfo = {
  pid: 1234,
  tid: 1235,
  start_time: "2025-09-10T10:26:39.123Z",
  name: "curl",
  comm: "resolver",
  exe: "/usr/bin/curl",
  cmdline: ["curl", "", "http://a.test/ b"],
  cwd: "unknown",
  uid: 1000,
  user: "alice",
  ppid: 812,
  ancestors: [],
  cgroup: "unknown",
  netns: 0,
  container: { id: "9f2c", runtime: "podman" },
  unknown_reason: "the capture file does not tell it",
};

/** What is read of packets that were written with these processes. */
function roundTrip(
  processes: readonly (ProcessInfo | undefined)[],
  change = (blocks: Uint8Array[]): Uint8Array[] => blocks,
): (ProcessInfo | undefined)[] {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({ application: "test", toEpochNs: BigInt, write: (bytes) => blocks.push(bytes) });
  for (const process of processes) writer.packet(packet("10.0.0.2:4000 > 10.0.0.53:53", query(7, "a.test")), process);
  const found: (ProcessInfo | undefined)[] = [];
  const file = new CaptureFile({
    onStart: () => {},
    onPacket: ({ owner }: CapturedPacket) => {
      assert.ok(owner === undefined || owner instanceof FileOwner);
      found.push(owner?.process);
    },
  });
  file.push(join(...change(blocks)));
  file.end();
  assert.equal(file.problem, undefined);
  return found;
}

const ROUND_TRIPS: readonly { name: string; processes: readonly (ProcessInfo | undefined)[] }[] = [
  { name: "a process in a container", processes: [CURL] },
  { name: "a packet of nobody between packets of one", processes: [CURL, undefined, CURL] },
  {
    name: "one pid that runs one program, another, and the first again",
    processes: [CURL, { ...CURL, name: "sh", exe: "/bin/sh", cmdline: ["sh"] }, CURL],
  },
  {
    name: "the same program with other arguments",
    processes: [CURL, { ...CURL, cmdline: ["curl", "http://b.test"] }],
  },
  { name: "a thread that calls itself like another field", processes: [{ ...CURL, comm: "a exe=/bin/b" }] },
  { name: "a path with an escape", processes: [{ ...CURL, exe: "/tmp/\x1b[31m", name: "\x1b[31m" }] },
  { name: "a kernel thread", processes: [{ ...CURL, cmdline: [], exe: "unknown" }] },
];

for (const { name, processes } of ROUND_TRIPS) {
  Deno.test(`PcapngReader reads what PcapngWriter wrote of ${name}`, () => {
    assert.deepEqual(roundTrip(processes), processes);
  });
}

Deno.test("PcapngReader takes no pid of one section for that of another", () => {
  const [first, second] = roundTrip([CURL, CURL], (blocks) => {
    const [head, device, , message] = blocks as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    return [...blocks, head, device, message];
  }).slice(1);
  assert.equal(first?.exe, "/usr/bin/curl");
  assert.deepEqual([second?.pid, second?.exe], [1234, "unknown"]);
});

Deno.test("FileProcesses compares a comment with no more than a bounded part of what a hostile file says", () => {
  const processes = new FileProcesses();
  const path = (index: number): Uint8Array => new TextEncoder().encode(`/bin/${index}`);
  for (let index = 0; index < 100; index++) processes.add(7, new Map([[PROCESS_OPTION.path, path(index)]]), true);
  const cases: readonly { name: string; comment: string; exe: string; comm: string }[] = [
    { name: "the latest", comment: "pid=7 tid=9 comm=a exe=/bin/99 uid=undefined ppid=0", exe: "/bin/99", comm: "a" },
    { name: "the 64th", comment: "pid=7 tid=9 comm=a exe=/bin/36 uid=undefined ppid=0", exe: "/bin/36", comm: "a" },
    {
      name: "one before",
      comment: "pid=7 tid=9 comm=a exe=/bin/35 uid=undefined ppid=0",
      exe: "/bin/99",
      comm: "unknown",
    },
    {
      name: "a comm no process has",
      comment: `pid=7 tid=9 comm=${"a".repeat(257)} exe=/bin/36 uid=undefined ppid=0`,
      exe: "/bin/99",
      comm: "unknown",
    },
  ];
  for (const { name, comment, exe, comm } of cases) {
    const found = processes.find(7, 9, comment)?.process;
    assert.deepEqual([found?.exe, found?.comm], [exe, comm], name);
  }
});

Deno.test("FileProcesses keeps a bounded part of what a hostile file says", () => {
  const processes = new FileProcesses();
  const long = new Uint8Array(60_000).fill(0x78);
  const values = new Map([[PROCESS_OPTION.name, long], [PROCESS_OPTION.path, long], [PROCESS_OPTION.cmdline, long]]);
  // About 100 MB of what is kept of each.
  for (let pid = 1; pid <= 4000; pid++) processes.add(pid, values, true);
  const lengths = [1, 4000].map((pid) => processes.find(pid, pid, undefined)?.process.name.length);
  assert.deepEqual(lengths, ["unknown".length, 8192]);
});

/** Values of options that nobody should believe. */
const HOSTILE: readonly { name: string; at: (view: DataView) => void; want: Partial<ProcessInfo> }[] = [
  { name: "a length beyond the block", at: (view) => view.setUint32(16, 0xffff_ffff, true), want: { name: "curl" } },
  { name: "an option beyond the entry", at: (view) => view.setUint16(26, 0xffff, true), want: { name: "unknown" } },
  { name: "another enterprise", at: (view) => view.setUint32(8, 1, true), want: { name: "unknown", ppid: 0 } },
  { name: "another kind of entry", at: (view) => view.setUint32(12, 9, true), want: { name: "unknown" } },
];

for (const { name, at, want } of HOSTILE) {
  Deno.test(`PcapngReader survives process information with ${name}`, () => {
    const [found] = roundTrip([CURL], (blocks) => {
      const block = blocks[2] as Uint8Array;
      at(new DataView(block.buffer, block.byteOffset));
      return blocks;
    });
    for (const [key, value] of Object.entries(want)) assert.equal(found?.[key as keyof ProcessInfo], value);
    assert.equal(found?.pid, 1234);
  });
}
