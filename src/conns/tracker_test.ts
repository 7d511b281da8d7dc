import assert from "node:assert/strict";
import { CONN_FLAG, CONN_STATE } from "../../bpf/conn/layout.gen.ts";
import type { FlowCounters } from "./types.ts";
import { MS, record, REVERSED, task, track } from "./_testing.ts";

const OPENED = { openedNs: 1 * MS, establishedNs: 2 * MS, tsNs: 2 * MS, task: task(1) };

const NOTHING: FlowCounters = { lastNs: 0, bytesSent: 0, bytesReceived: 0, packetsSent: 0, packetsReceived: 0 };

Deno.test("ConnectionTracker holds an open back until the other end is accepted", () => {
  const { tracker, told, connections } = track();
  tracker.record(record("OPEN", OPENED));
  tracker.record(record("PASSIVE", { key: "b", birthNs: 2, establishedNs: 2 * MS, ...REVERSED }));
  tracker.tick(3 * MS);
  assert.deepEqual(told, []);
  tracker.record(record("ACCEPT", { key: "b", birthNs: 0, tsNs: 4 * MS, task: task(2), ...REVERSED }));
  tracker.tick(4 * MS);
  assert.deepEqual(told, ["open 1", "accept 2"]);
  assert.equal(connections[0]?.peer, connections[1]);
  assert.equal(connections[1]?.peer, connections[0]);
});

Deno.test("ConnectionTracker tells an open whose other end is elsewhere after a moment", () => {
  const { tracker, told } = track();
  tracker.record(record("OPEN", OPENED));
  tracker.tick(10 * MS);
  assert.deepEqual(told, []);
  tracker.tick(40 * MS);
  assert.deepEqual(told, ["open 1"]);
});

Deno.test("ConnectionTracker never tells a close before its open", () => {
  const { tracker, told } = track();
  tracker.record(record("OPEN", OPENED));
  tracker.record(record("CLOSE", { tsNs: 3 * MS }));
  tracker.tick(3 * MS);
  assert.deepEqual(told, []);
  tracker.finish();
  assert.deepEqual(told, ["open 1", "close 1"]);
});

Deno.test("ConnectionTracker joins ends by sequence numbers where NAT changes the addresses", () => {
  const { tracker, connections } = track();
  tracker.record(record("OPEN", { ...OPENED, sendSequence: 5, receiveSequence: 9 }));
  const behind = { ...REVERSED, localPort: 8080, netns: 7 };
  tracker.record(record("PASSIVE", { key: "b", birthNs: 2, ...behind, sendSequence: 9, receiveSequence: 5 }));
  tracker.record(record("ACCEPT", { key: "b", task: task(2), ...behind }));
  tracker.finish();
  assert.equal(connections[0]?.peer, connections[1]);
});

Deno.test("ConnectionTracker does not join ends of the same addresses whose sequence numbers differ", () => {
  const { tracker, connections } = track();
  tracker.record(record("OPEN", { ...OPENED, sendSequence: 5, receiveSequence: 9 }));
  tracker.record(record("PASSIVE", { key: "b", birthNs: 2, ...REVERSED, sendSequence: 10, receiveSequence: 5 }));
  tracker.finish();
  assert.equal(connections[0]?.peer, undefined);
});

Deno.test("ConnectionTracker does not join sockets without ports", () => {
  const { tracker, connections } = track();
  const raw = { protocol: 1, socketType: 3, localPort: 0, remotePort: 0, task: task(1) };
  tracker.record(record("FLOW", raw));
  tracker.record(record("FLOW", { ...raw, ...REVERSED, localPort: 0, remotePort: 0, key: "b" }));
  tracker.finish();
  assert.deepEqual(connections.map(({ peer }) => peer), [undefined, undefined]);
});

const ENDS = [
  {
    name: "this end first",
    flags: CONN_FLAG.LOCAL_FIRST,
    error: 0,
    oldState: CONN_STATE.FIN_WAIT2,
    is: "closed local",
  },
  {
    name: "the other first",
    flags: CONN_FLAG.REMOTE_FIRST,
    error: 0,
    oldState: CONN_STATE.LAST_ACK,
    is: "closed remote",
  },
  { name: "RST received", flags: 0, error: 104, oldState: CONN_STATE.ESTABLISHED, is: "reset remote" },
  {
    name: "RST after a FIN",
    flags: CONN_FLAG.REMOTE_FIRST,
    error: 32,
    oldState: CONN_STATE.CLOSE_WAIT,
    is: "reset remote",
  },
  { name: "abort", flags: 0, error: 0, oldState: CONN_STATE.ESTABLISHED, task: task(1), is: "reset local" },
  { name: "no answer any more", flags: 0, error: 110, oldState: CONN_STATE.ESTABLISHED, is: "timeout unknown" },
  { name: "ICMP error", flags: 0, error: 113, oldState: CONN_STATE.ESTABLISHED, is: "error unknown" },
] as const;

for (const { name, is, ...given } of ENDS) {
  Deno.test(`ConnectionTracker tells how a connection ends: ${name}`, () => {
    const { tracker, connections } = track();
    tracker.record(record("OPEN", OPENED));
    tracker.record(record("CLOSE", { tsNs: 3 * MS, ...given }));
    tracker.finish();
    const [connection] = connections;
    assert.equal(`${connection?.end} ${connection?.closedBy}`, is);
  });
}

Deno.test("ConnectionTracker adds up the users of a socket, also those counted in a map", () => {
  const { tracker, connections, usage } = track();
  tracker.record(record("OPEN", OPENED));
  for (const tgid of [2, 3]) tracker.record(record("USER", { task: task(tgid), tsNs: 3 * MS }));
  tracker.record(record("USAGE", { task: task(2), bytesSent: 20 }));
  usage.set(3, { bytesSent: 30, bytesReceived: 31 });
  tracker.record(record("CLOSE", { tsNs: 4 * MS }));
  tracker.finish();
  assert.deepEqual(
    connections[0]?.users.map((
      { task, roles, bytesSent, bytesReceived },
    ) => [task.tgid, roles, bytesSent, bytesReceived]),
    [[1, ["opener"], 0, 0], [2, ["user"], 20, 0], [3, ["user"], 30, 31]],
  );
});

Deno.test("ConnectionTracker takes the first user for the acceptor where nobody called accept(2)", () => {
  const { tracker, told, connections } = track();
  tracker.record(record("PASSIVE", REVERSED));
  tracker.record(record("USER", { task: task(2), tsNs: 3 * MS }));
  tracker.finish();
  assert.deepEqual(told, ["accept 1"]);
  assert.deepEqual(connections[0]?.users[0]?.roles, ["user", "acceptor"]);
});

Deno.test("ConnectionTracker ignores what is told of an earlier socket at the same address", () => {
  const { tracker, connections } = track();
  tracker.record(record("OPEN", OPENED));
  tracker.record(record("USER", { birthNs: 0.5, task: task(9) }));
  tracker.record(record("USAGE", { birthNs: 0.5, task: task(9), bytesSent: 1 }));
  tracker.finish();
  assert.deepEqual(connections[0]?.users.map(({ task }) => task.tgid), [1]);
});

Deno.test("ConnectionTracker counts ends it missed", () => {
  const { tracker } = track();
  tracker.record(record("OPEN", OPENED));
  tracker.record(record("OPEN", { ...OPENED, birthNs: 2 }));
  assert.deepEqual(tracker.counts.missed, { connection_ends_missed: 1 });
});

Deno.test("ConnectionTracker counts what neither lives nor was told to end when it finishes", () => {
  const { tracker, told } = track();
  const sockets = { lives: 5, gone: 6, older: 5, younger: 9 };
  for (const [key, birthNs] of Object.entries(sockets)) tracker.record(record("OPEN", { ...OPENED, key, birthNs }));
  // Waited to be accepted before the kernel side came.
  tracker.record(record("ACCEPT", { ...REVERSED, key: "waited", birthNs: 0, task: task(2) }));
  tracker.record(record("OPEN", { ...OPENED, key: "ended", birthNs: 7 }));
  tracker.record(record("CLOSE", { key: "ended", birthNs: 7, tsNs: MS }));
  // Under the address of an older one there is another socket now.
  tracker.finish({ atNs: 8, birthsNs: new Map([["lives", 5], ["older", 8]]) });
  assert.deepEqual(tracker.counts.missed, { connection_ends_missed: 2 });
  const known = [...Object.keys(sockets), "waited"].filter((key) => tracker.connectionOf(key) !== undefined);
  assert.deepEqual(known, ["lives", "younger", "waited"]);
  assert.equal(told.filter((event) => event.startsWith("close")).length, 1);
});

Deno.test("ConnectionTracker counts beginnings it missed, but not those before culprit", () => {
  const { tracker } = track();
  tracker.record(record("CLOSE", { key: "before", tsNs: MS }));
  assert.deepEqual(tracker.counts.missed, {});
  tracker.record(record("CLOSE", { openedNs: 1, tsNs: MS }));
  assert.deepEqual(tracker.counts.missed, { connection_opens_missed: 1 });
});

Deno.test("ConnectionTracker takes a connection that was held while it opened for one", () => {
  const { tracker, told, connections } = track();
  tracker.record(record("HOLDER", { ...OPENED, oldState: 2, task: task(9) }));
  tracker.record(record("OPEN", OPENED));
  tracker.finish();
  assert.deepEqual(told, ["open 2"]);
  assert.equal(connections[0]?.preexisting, false);
  assert.deepEqual(tracker.counts.missed, {});
  assert.equal(tracker.counts.living, 1);
});

Deno.test("ConnectionTracker knows who held a connection that began to open before culprit came", () => {
  const { tracker, told, connections } = track();
  tracker.record(record("HOLDER", { flags: 1, oldState: 2, task: task(9) }));
  tracker.record(record("OPEN", { flags: 1, establishedNs: 2 * MS, tsNs: 2 * MS }));
  tracker.finish();
  assert.deepEqual(told, ["open 2"]);
  assert.deepEqual(connections[0]?.users.map(({ task, roles }) => [task.tgid, roles]), [[9, ["holder"]]]);
  assert.equal(connections[0]?.direction, "outbound");
  assert.equal(connections[0]?.preexisting, true);
});

Deno.test("ConnectionTracker knows whose connect failed that began before culprit came", () => {
  const { tracker, told, connections } = track();
  tracker.record(record("HOLDER", { flags: 1, oldState: 2, task: task(9) }));
  tracker.record(record("FAIL", { flags: 1, error: 111, tsNs: 2 * MS }));
  tracker.finish();
  assert.deepEqual(told, ["fail 2"]);
  assert.deepEqual(connections[0]?.users.map(({ task }) => task.tgid), [9]);
  assert.deepEqual(tracker.counts.missed, {});
});

Deno.test("ConnectionTracker leaves out what was accepted before it could see the end", () => {
  const { tracker, told } = track({ sinceNs: 5 * MS });
  const accept = (key: string, tsNs: number): void =>
    tracker.record(record("ACCEPT", { ...REVERSED, key, birthNs: 0, tsNs, task: task(2) }));
  accept("early", 4 * MS);
  accept("late", 6 * MS);
  tracker.record(record("PASSIVE", { ...REVERSED, key: "early", flags: 2, birthNs: 7 * MS, establishedNs: 7 * MS }));
  tracker.finish();
  assert.deepEqual(told, ["accept 1"]);
  assert.deepEqual(tracker.counts.missed, {});
});

Deno.test("ConnectionTracker counts accepts it missed: of what was closed in order by a process", () => {
  const { tracker } = track();
  for (
    const [key, closed] of Object.entries({
      missed: { oldState: 9, task: task(2) },
      "never accepted": { oldState: 1, task: task(2) },
      "the other end timed out": { oldState: 1, error: 110 },
    })
  ) {
    tracker.record(record("PASSIVE", { ...REVERSED, key, flags: 2, establishedNs: 1 }));
    tracker.record(record("CLOSE", { ...REVERSED, key, flags: 2, ...closed }));
  }
  tracker.finish();
  assert.deepEqual(tracker.counts.missed, { connection_accepts_missed: 1 });
});

Deno.test("ConnectionTracker asks the kernel whether a flow is idle, and ends it with its counters", () => {
  const tracked = track({ idleMs: 10 });
  const { tracker, told, connections } = tracked;
  tracker.record(record("FLOW", { protocol: 17, socketType: 2, tsNs: 0, task: task(1) }));
  tracked.flow = { lastNs: 8 * MS, bytesSent: 5, bytesReceived: 6, packetsSent: 1, packetsReceived: 2 };
  tracker.tick(10 * MS);
  tracker.tick(17 * MS);
  assert.deepEqual(told, []);
  tracker.tick(40 * MS);
  tracker.tick(41 * MS);
  assert.deepEqual(told, ["open 1", "close 1"]);
  assert.equal(connections[1]?.end, "idle");
  assert.equal(connections[1]?.bytesReceived, 6);
  assert.equal(connections[1]?.endNs, 8 * MS);
});

Deno.test("ConnectionTracker ends all flows with their socket", () => {
  const { tracker, told } = track();
  const datagram = { protocol: 17, socketType: 2, task: task(1) };
  for (const remotePort of [53, 54, 55]) tracker.record(record("FLOW", { ...datagram, remotePort }));
  tracker.record(record("RELEASE", { ...datagram, tsNs: MS }));
  tracker.finish();
  assert.deepEqual(told.filter((text) => text.startsWith("close")), ["close 1", "close 2", "close 3"]);
});

Deno.test("ConnectionTracker keeps what has ended, bounded in number and time", () => {
  const { tracker } = track({ maxEnded: 5, keepMs: 10 });
  for (let index = 0; index < 7; index++) tracker.record(record("FAIL", { key: `${index}`, tsNs: index * MS }));
  assert.equal(tracker.counts.kept, 5);
  assert.equal(tracker.counts.evicted, 2);
  assert.deepEqual([...tracker.ended()].map(({ id }) => id), [3, 4, 5, 6, 7]);
  tracker.tick(14 * MS);
  assert.deepEqual([...tracker.ended()].map(({ id }) => id), [6, 7]);
});

Deno.test("ConnectionTracker tells what waited long enough within a turn of many records", () => {
  const { tracker, told } = track();
  const flow = { protocol: 17, socketType: 2, task: task(1), birthNs: 1 };
  for (let index = 0; index < 3000; index++) {
    tracker.record(record("FLOW", { ...flow, tsNs: index * MS, remoteIp: `10.${index >> 8}.0.${index & 255}` }));
  }
  assert.ok(told.length > 2000, `${told.length}`);
  tracker.finish();
  assert.equal(told.length, 3000);
  tracker.record(record("RELEASE", { ...flow, tsNs: 3001 * MS }));
  tracker.finish();
  assert.deepEqual(
    told,
    [1, 2].flatMap((time) =>
      Array.from({ length: 3000 }, (_, index) => `${time === 1 ? "open" : "close"} ${index + 1}`)
    ),
  );
  assert.equal(tracker.counts.living, 0);
});

Deno.test("ConnectionTracker ends one idle flow of a socket and goes on with its neighbours", () => {
  const lastNs = new Map<number, number>();
  const { tracker, told } = track({
    idleMs: 10,
    counters: {
      flow: ({ remotePort }) => ({ ...NOTHING, lastNs: lastNs.get(remotePort) ?? 0 }),
      takeFlow: () => undefined,
      takeUsage: () => undefined,
    },
  });
  const flow = { protocol: 17, socketType: 2, task: task(1) };
  for (const remotePort of [1, 2, 3]) tracker.record(record("FLOW", { ...flow, remotePort }));
  lastNs.set(1, 5 * MS).set(3, 9 * MS);
  tracker.tick(12 * MS);
  assert.deepEqual([...tracker.living()].map(({ remotePort }) => remotePort), [1, 3]);
  tracker.record(record("FLOW", { ...flow, remotePort: 4, tsNs: 12 * MS }));
  tracker.tick(16 * MS);
  assert.deepEqual([...tracker.living()].map(({ remotePort }) => remotePort), [3, 4]);
  tracker.record(record("RELEASE", { ...flow, tsNs: 17 * MS }));
  tracker.finish();
  assert.deepEqual(told.filter((text) => text.startsWith("close")), ["close 2", "close 1", "close 3", "close 4"]);
  assert.deepEqual([...tracker.living()], []);
});

Deno.test("ConnectionTracker forgets the oldest sockets where ends were lost, and counts them", () => {
  const { tracker } = track({ maxSockets: 100, keepMs: 0 });
  for (let index = 0; index < 150; index++) {
    tracker.record(record("OPEN", { ...OPENED, key: `${index}`, localPort: index + 1 }));
  }
  const { living, missed } = tracker.counts;
  assert.equal(living, 100);
  assert.deepEqual(missed, { connection_ends_missed: 50, connection_sockets_forgotten: 50 });
  assert.equal(tracker.connectionOf("49"), undefined);
  assert.equal(tracker.connectionOf("50")?.localPort, 51);
});

Deno.test("ConnectionTracker lists only so many processes of a socket, counts the rest, and empties the kernel's map", () => {
  const taken: number[] = [];
  const counters = {
    flow: () => undefined,
    takeFlow: () => undefined,
    takeUsage: (_: Uint8Array, tgid: number) => {
      taken.push(tgid);
      return { bytesSent: 1, bytesReceived: 0 };
    },
  };
  const { tracker, connections } = track({ counters });
  tracker.record(record("OPEN", OPENED));
  for (let tgid = 2; tgid <= 1501; tgid++) tracker.record(record("USER", { task: task(tgid), tsNs: 3 * MS }));
  tracker.record(record("CLOSE", { tsNs: 4 * MS }));
  tracker.finish();
  assert.equal(connections[0]?.users.length, 1024);
  assert.equal(taken.length, 1500);
  assert.deepEqual(tracker.counts.missed, { connection_users_unlisted: 477 });
});
