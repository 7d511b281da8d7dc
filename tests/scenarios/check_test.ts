import assert from "node:assert/strict";
import type { DnsEvent } from "../../src/events.ts";
import { unknownProcess } from "../../src/process_table.ts";
import { type Expected, judge } from "./check.ts";

/** A right event for {@linkcode EXPECTED}. */
function event(): DnsEvent {
  return {
    schema: "culprit/1",
    type: "dns",
    time: "2026-11-21T00:00:00.000000000Z",
    status: "answered",
    latency_us: 10,
    role: "client",
    attribution: "sender",
    process: {
      pid: 7,
      tid: 8,
      start_time: "2026-11-21T00:00:00.000Z",
      name: "ask",
      comm: "worker",
      exe: "/bin/ask",
      cmdline: ["ask", "x"],
      cwd: "/",
      uid: 0,
      gid: 0,
      ppid: 6,
      ancestors: [{ pid: 6, name: "sh", exe: "/bin/sh" }],
      cgroup: "/",
      netns: 42,
    },
    network: {
      transport: "udp",
      family: "ipv4",
      source: { ip: "127.0.0.1", port: 4000 },
      destination: { ip: "127.0.0.1", port: 53 },
      interface: "lo",
      direction: "egress",
    },
    dns: {
      id: 1,
      opcode: "QUERY",
      rcode: "NOERROR",
      flags: [],
      question: { name: "a.test", type: "A", class: "IN" },
      answers: [],
      authorities: [],
      additionals: [],
      anomalies: [],
      protocol: "dns",
      size: 24,
    },
  };
}

const EXPECTED: Expected = {
  name: "A.test",
  type: "A",
  process: {
    pid: 7,
    tid: 8,
    ppid: 6,
    exe: "/bin/ask",
    cmdline: ["ask", "x"],
    netns: 42,
    comm: "worker",
    startMs: Date.parse("2026-11-21T00:00:00.010Z"),
  },
  sourcePort: 4000,
  status: ["answered"],
  rcode: "NOERROR",
};

/** Kinds of the findings for an event changed by `change`. */
function kinds(change: (event: DnsEvent) => void, expected: Expected = EXPECTED): string[] {
  const changed = event();
  change(changed);
  return judge([expected], new Set([changed])).map(({ kind }) => kind);
}

const CASES: { name: string; change: (event: DnsEvent) => void; kinds: string[] }[] = [
  { name: "a right event", change: () => {}, kinds: [] },
  { name: "another pid", change: (e) => e.process!.pid = 9, kinds: ["wrong"] },
  { name: "the thread as the process", change: (e) => e.process!.pid = 8, kinds: ["wrong"] },
  { name: "another executable", change: (e) => e.process!.exe = "/bin/ask (deleted)", kinds: ["wrong"] },
  { name: "an unknown executable", change: (e) => e.process!.exe = "unknown", kinds: ["missed"] },
  { name: "the comm as the name", change: (e) => e.process!.name = "worker", kinds: ["wrong"] },
  { name: "an empty command line", change: (e) => e.process!.cmdline = [], kinds: ["missed"] },
  { name: "a cut command line", change: (e) => e.process!.cmdline = ["ask"], kinds: ["wrong"] },
  { name: "no ancestors", change: (e) => e.process!.ancestors = [], kinds: ["missed"] },
  { name: "another start", change: (e) => e.process!.start_time = "2026-11-21T00:00:01.000Z", kinds: ["wrong"] },
  { name: "an unknown start", change: (e) => e.process!.start_time = "unknown", kinds: ["missed"] },
  { name: "no process", change: (e) => delete e.process, kinds: ["missed"] },
  { name: "a report of the answering end alone", change: (e) => e.role = "server", kinds: ["missed"] },
  { name: "no role", change: (e) => delete e.role, kinds: ["missed"] },
  { name: "unknown attribution", change: (e) => e.attribution = "unknown", kinds: ["missed"] },
  { name: "another port", change: (e) => e.network.source.port = 4001, kinds: ["wrong"] },
  { name: "another status", change: (e) => e.status = "timeout", kinds: ["wrong"] },
  { name: "another rcode", change: (e) => e.dns.rcode = "NXDOMAIN", kinds: ["wrong"] },
  { name: "no latency", change: (e) => delete e.latency_us, kinds: ["missed"] },
  { name: "negative latency", change: (e) => e.latency_us = -1, kinds: ["wrong"] },
];

for (const { name, change, kinds: wanted } of CASES) {
  Deno.test(`judge() finds ${wanted.join(", ") || "nothing"} in ${name}`, () => {
    assert.deepEqual(kinds(change), wanted);
  });
}

Deno.test("judge() misses a process that says it could not be read, and finds it wrong when it does not say so", () => {
  const unread = (e: DnsEvent): void => {
    Object.assign(e.process!, { exe: "unknown", name: "worker", ppid: 0, netns: 0, cmdline: [], ancestors: [] });
  };
  assert.ok(kinds(unread).includes("wrong"));
  const said = kinds((e) => {
    unread(e);
    e.process!.unknown_reason = "ended before it was read";
  });
  assert.deepEqual([...new Set(said)], ["missed"]);
});

Deno.test("judge() misses a process nobody knows", () => {
  const said = kinds((e) => e.process = unknownProcess("no process was seen opening or using the socket"));
  assert.deepEqual(said, ["missed"]);
});

Deno.test("judge() misses what is not reported, and leaves other events alone", () => {
  const other = event();
  other.dns.question!.name = "b.test";
  other.network.source.port = 5;
  const events = new Set([other]);
  assert.deepEqual(judge([EXPECTED], events), [{ kind: "missed", text: "a.test A: not reported" }]);
  assert.equal(events.size, 1);
});

Deno.test("judge() finds a second report wrong", () => {
  const found = judge([EXPECTED], new Set([event(), event()]));
  assert.equal(found.length, 1);
  assert.match(found[0]!.text, /reported again/);
});

Deno.test("judge() gives each of two askers of one name its own event", () => {
  const second = event();
  second.process!.pid = second.process!.tid = 17;
  second.network.source.port = 4001;
  const expected = { ...EXPECTED, sourcePort: 4001, process: { pid: 17 } };
  assert.deepEqual(judge([expected, EXPECTED], new Set([event(), second])), []);
});

Deno.test("judge() leaves alone what another process sent from the same port", () => {
  const nameless = event();
  delete nameless.dns.question;
  const later = event();
  later.process!.pid = 9;
  const events = new Set([nameless, later]);
  assert.deepEqual(judge([{ sourcePort: 4000, process: { pid: 7 } }], events), []);
  assert.deepEqual([...events], [later]);
});

Deno.test("judge() tells events without a name by source port and process", () => {
  const nameless = event();
  delete nameless.dns.question;
  assert.deepEqual(judge([{ sourcePort: 4000, process: { pid: 7 } }], new Set([nameless])), []);
});

Deno.test("judge() takes one escape of an octet for another", () => {
  const escaped = event();
  escaped.dns.question!.name = "a\\.b\\032.test";
  assert.deepEqual(judge([{ ...EXPECTED, name: "a\\046b\\ .test" }], new Set([escaped])), []);
});

Deno.test("judge() wants the server only where it is required, and never another", () => {
  const required: Expected = { ...EXPECTED, server: { pid: 3 }, serverRequired: true };
  assert.deepEqual(kinds(() => {}, required), ["missed"]);
  assert.deepEqual(kinds(() => {}, { ...required, serverRequired: false }), []);
  const other = event();
  other.server_process = { ...other.process!, pid: 4 };
  assert.deepEqual(judge([{ ...required, serverRequired: false }], new Set([other])).map(({ kind }) => kind), [
    "wrong",
  ]);
});
