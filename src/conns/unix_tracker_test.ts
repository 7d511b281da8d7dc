import assert from "node:assert/strict";
import { UNIX_FLAG, UNIX_KIND } from "../../bpf/unix/layout.gen.ts";
import type { UnixRecord } from "./unix_types.ts";
import { UnixTracker } from "./unix_tracker.ts";

const MS = 1e6;

/** A record; what is left out is that of a client (pid 1) that connected to a server (pid 2). */
function record(kind: keyof typeof UNIX_KIND, given: Partial<UnixRecord> & { pid?: number } = {}): UnixRecord {
  const { pid = 1, ...rest } = given;
  return {
    kind: UNIX_KIND[kind],
    flags: 0,
    tsNs: 1 * MS,
    netns: 1,
    socket: "client",
    peer: "accepted",
    inode: 10,
    peerInode: 0,
    socketType: 1,
    error: 0,
    path: "/run/socket",
    task: { tgid: pid, tid: pid, startTimeNs: pid, uid: 0, gid: 0, comm: "test" },
    peerProcess: { tgid: 2, startTimeNs: 2 },
    ...rest,
  };
}

/** The accept by a child of the server. */
function accept(given: Partial<UnixRecord> & { pid?: number } = {}): UnixRecord {
  const client = { tgid: 1, startTimeNs: 1 };
  return record("ACCEPT", {
    pid: 3,
    tsNs: 2 * MS,
    socket: "accepted",
    peer: "client",
    inode: 11,
    peerInode: 10,
    peerProcess: client,
    ...given,
  });
}

/** A first datagram to a mailbox. */
function send(given: Partial<UnixRecord> & { pid?: number } = {}): UnixRecord {
  return record("SEND", {
    socket: "mailbox",
    inode: 20,
    peer: "datagram",
    socketType: 2,
    peerProcess: undefined,
    ...given,
  });
}

/** A tracker, and what it told: event, process, peer, how it is known. */
function track(): { tracker: UnixTracker; told: string[] } {
  const told: string[] = [];
  const tracker = new UnixTracker(({ name, record: { task }, peer }) => {
    told.push(`${name} ${task.tgid}${peer === undefined ? "" : ` ${peer.process?.tgid ?? 0} ${peer.attribution}`}`);
  });
  return { tracker, told };
}

const BOTH = ["open 1 3 acceptor", "accept 3 1 opener"];

Deno.test("UnixTracker holds an open back until it is accepted, for a while", () => {
  const { tracker, told } = track();
  tracker.record(record("OPEN"));
  tracker.tick(100 * MS);
  assert.deepEqual(told, []);
  tracker.record(accept());
  assert.deepEqual(told, BOTH);
  tracker.tick(Infinity);
  assert.deepEqual(told, BOTH);
});

Deno.test("UnixTracker joins an accept that comes before its connect returned", () => {
  const { tracker, told } = track();
  tracker.record(accept());
  tracker.record(record("OPEN", { tsNs: 3 * MS, peerInode: 11 }));
  assert.deepEqual(told, BOTH.toReversed());
});

Deno.test("UnixTracker names who listens where nobody accepts, and the client of a late accept", () => {
  const { tracker, told } = track();
  tracker.record(record("OPEN"));
  tracker.tick(300 * MS);
  tracker.record(accept({ flags: UNIX_FLAG.PEER_ENDED, tsNs: 400 * MS }));
  assert.deepEqual(told, ["open 1 2 listener", "accept 3 1 opener"]);
});

Deno.test("UnixTracker does not name a process that ended by its number alone", () => {
  const { tracker, told } = track();
  tracker.record(accept({ flags: UNIX_FLAG.PEER_ENDED }));
  tracker.record(record("OPEN", { socket: "other", peer: "later", flags: UNIX_FLAG.PEER_ENDED }));
  tracker.tick(Infinity);
  assert.deepEqual(told, ["accept 3 0 unknown", "open 1 0 unknown"]);
});

Deno.test("UnixTracker does not take sockets at the same addresses for those before", () => {
  const others: [string, Partial<UnixRecord>][] = [
    ["another client", { peer: "somebody" }],
    ["another process", { peerProcess: { tgid: 9, startTimeNs: 9 } }],
    ["another accepted end", { inode: 12 }],
  ];
  for (const [name, given] of others) {
    const { tracker, told } = track();
    tracker.record(record("OPEN", { peerInode: 11 }));
    tracker.record(accept(given));
    tracker.tick(Infinity);
    assert.deepEqual(told, [`accept 3 ${given.peerProcess?.tgid ?? 1} opener`, "open 1 2 listener"], name);
  }
  const { tracker, told } = track();
  tracker.record(accept({ tsNs: 1 * MS }));
  tracker.record(record("OPEN", { tsNs: 2000 * MS }));
  tracker.tick(Infinity);
  assert.deepEqual(told, ["accept 3 1 opener", "open 1 2 listener"], "an accept of long ago");
});

Deno.test("UnixTracker tells a close after the open of its end", () => {
  const { tracker, told } = track();
  tracker.record(record("OPEN"));
  tracker.record(record("CLOSE", { tsNs: 2 * MS }));
  assert.deepEqual(told, []);
  tracker.record(accept());
  assert.deepEqual(told, ["open 1 3 acceptor", "close 1", "accept 3 1 opener"]);
});

Deno.test("UnixTracker names who received the datagram, not who bound or has the socket", () => {
  const { tracker, told } = track();
  tracker.record(record("BIND", { pid: 4, socket: "mailbox", inode: 20, socketType: 2 }));
  tracker.record(send());
  tracker.record(record("RECEIVE", { pid: 5, socket: "client", peer: "datagram" }));
  tracker.record(record("RECEIVE", { pid: 6, socket: "client", peer: "another" }));
  tracker.tick(Infinity);
  assert.deepEqual(told, ["bind 4", "open 1 5 receiver"]);
});

Deno.test("UnixTracker names who bound or has a mailbox nobody reads, where that is one process", () => {
  const mailbox = { socket: "mailbox", inode: 20, socketType: 2 };
  const cases: [string, UnixRecord[], string][] = [
    ["nobody", [], "0 unknown"],
    ["bound", [record("BIND", { pid: 4, ...mailbox })], "4 listener"],
    ["held", [record("HOLDER", { pid: 5, ...mailbox })], "5 holder"],
    ["held by two", [record("HOLDER", { pid: 5, ...mailbox }), record("HOLDER", { pid: 6, ...mailbox })], "0 unknown"],
    ["another socket there now", [record("HOLDER", { pid: 5, ...mailbox, inode: 19 })], "0 unknown"],
    ["bound anew", [record("HOLDER", { pid: 5, ...mailbox }), record("BIND", { pid: 4, ...mailbox })], "4 listener"],
    ["closed", [record("BIND", { pid: 4, ...mailbox }), record("CLOSE", { pid: 4, ...mailbox })], "0 unknown"],
  ];
  for (const [name, records, expected] of cases) {
    const { tracker, told } = track();
    records.forEach((one) => tracker.record(one));
    tracker.record(send());
    tracker.tick(Infinity);
    assert.equal(told.at(-1), `open 1 ${expected}`, name);
  }
});

Deno.test("UnixTracker forgets processes that ended, but not whom it names already", () => {
  const { tracker, told } = track();
  tracker.record(record("BIND", { pid: 4, socket: "mailbox", inode: 20, socketType: 2 }));
  tracker.record(send());
  tracker.ended({ tgid: 4, startTimeNs: 4 });
  tracker.record(send({ pid: 7, peer: "second" }));
  tracker.tick(Infinity);
  assert.deepEqual(told, ["bind 4", "open 1 4 listener", "open 7 0 unknown"]);
});

Deno.test("UnixTracker tells everything however much comes at once", () => {
  const { tracker, told } = track();
  const count = 20_000;
  for (let index = 0; index < count; index++) {
    tracker.record(record("OPEN", { socket: `c${index}`, peer: `a${index}` }));
    tracker.record(send({ socket: `m${index}`, peer: `d${index}` }));
    tracker.record(record("HOLDER", { pid: index, socket: `m${index}`, inode: 20, socketType: 2 }));
    tracker.record(accept({ socket: `x${index}`, peer: `y${index}` }));
  }
  tracker.tick(Infinity);
  assert.equal(told.filter((text) => text.startsWith("open")).length, 2 * count);
  assert.equal(told.filter((text) => text.startsWith("accept")).length, count);
});
