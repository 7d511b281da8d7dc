import assert from "node:assert/strict";
import { CONN_FLAG } from "../../bpf/conn/layout.gen.ts";
import { MS, record, REVERSED, task } from "../conns/_testing.ts";
import { ConnectionTracker } from "../conns/tracker.ts";
import type { Connection, FlowCounters } from "../conns/types.ts";
import type { ProcessInfo } from "../events.ts";
import { processNamed, S } from "./_testing.ts";
import { TrafficMeter } from "./meter.ts";
import { TopModel } from "./model.ts";
import type { View } from "./types.ts";

/** A meter behind a tracker, as a live run has them. */
class Bench {
  readonly model = new TopModel(0);
  readonly meter: TrafficMeter;
  readonly tracker: ConnectionTracker;
  flow: FlowCounters = { lastNs: 0, bytesSent: 0, bytesReceived: 0, packetsSent: 0, packetsReceived: 0 };

  constructor(passesProcess?: (process: ProcessInfo) => boolean) {
    this.meter = new TrafficMeter({
      model: this.model,
      resolve: ({ tgid }) => processNamed(tgid, `p${tgid}`),
      nameOf: (_, address) => address === "10.0.0.2" ? "Example.COM" : undefined,
      listenerOf: (connection) => this.tracker.listenerOf(connection),
      passes: ({ shape }) => shape === "connection" || shape === "flow",
      passesProcess,
    });
    this.tracker = new ConnectionTracker({
      counters: { flow: () => this.flow, takeFlow: () => this.flow, takeUsage: () => undefined },
      resolve: ({ tgid }) => processNamed(tgid, `p${tgid}`),
      onEvent: (name, connection, tsNs) => {
        if (name === "close" || name === "fail") this.meter.close(connection, tsNs);
        else this.meter.open(connection, tsNs);
      },
    });
  }

  /** The only connection that lives. */
  get connection(): Connection {
    const [counted] = [...this.tracker.counted()];
    assert.ok(counted !== undefined);
    return counted.connection;
  }

  /** Rows of a view: name, sent, received, open, connections, lookups. */
  rows(view: View): unknown[][] {
    return this.model.frame(S).rows[view].map(({ label, total, open }) => [
      label.view === "process"
        ? label.process.name
        : label.view === "destination"
        ? label.address
        : label.view === "name" && label.name,
      ...[total.sent, total.received, open, total.connections, total.lookups],
    ]);
  }

  sum(): number[] {
    const { total, open } = this.model.frame(S).sum;
    return [total.sent, total.received, open, total.connections, total.lookups];
  }
}

const OPENED = { openedNs: 1 * MS, establishedNs: 2 * MS, tsNs: 2 * MS, task: task(1) };

Deno.test("TrafficMeter credits what a connection moves while it is open, and the rest at its end", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, 1, 100, 5, 60 * MS);
  bench.meter.credit(bench.connection, 1, 300, 5, 70 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 300, 5, 1, 1, 0]]);
  assert.deepEqual(bench.rows("destination"), [["10.0.0.2:80", 300, 5, 1, 1, 0]]);
  assert.deepEqual(bench.rows("name"), [["Example.COM", 300, 5, 1, 1, 0]]);
  bench.tracker.record(record("USAGE", { task: task(1), bytesSent: 350, bytesReceived: 50 }));
  bench.tracker.record(record("CLOSE", { task: task(1), tsNs: 80 * MS, bytesSent: 350, bytesReceived: 50 }));
  bench.tracker.tick(90 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 350, 50, 0, 1, 0]]);
  assert.deepEqual(bench.sum(), [350, 50, 0, 1, 0]);
  assert.equal(bench.meter.size, 0);
});

Deno.test("TrafficMeter counts a connection once that began and ended between two refreshes", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.record(record("CLOSE", { tsNs: 3 * MS, bytesSent: 7, bytesReceived: 9 }));
  bench.tracker.finish();
  assert.deepEqual(bench.rows("process"), [["p1", 7, 9, 0, 1, 0]]);
});

Deno.test("TrafficMeter credits each process that shares a connection with its own octets", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.record(record("USER", { task: task(2) }));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, 1, 100, 0, 60 * MS);
  bench.meter.credit(bench.connection, 2, 0, 50, 60 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 100, 0, 1, 1, 0], ["p2", 0, 50, 0, 0, 0]]);
  assert.deepEqual(bench.rows("destination"), [["10.0.0.2:80", 100, 50, 1, 1, 0]]);
  // Ten that no process is known to have sent.
  bench.tracker.record(record("USAGE", { task: task(1), bytesSent: 100 }));
  bench.tracker.record(record("USAGE", { task: task(2), bytesReceived: 50 }));
  bench.tracker.record(record("CLOSE", { tsNs: 80 * MS, bytesSent: 110, bytesReceived: 50 }));
  bench.tracker.finish();
  assert.deepEqual(bench.rows("process"), [["p1", 110, 0, 0, 1, 0], ["p2", 0, 50, 0, 0, 0]]);
});

Deno.test("TrafficMeter gives an accepted connection to the child that uses it", () => {
  const bench = new Bench();
  bench.tracker.record(record("PASSIVE", { establishedNs: 2 * MS }));
  bench.tracker.record(record("ACCEPT", { birthNs: 0, tsNs: 3 * MS, task: task(1) }));
  bench.tracker.tick(50 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 0, 0, 1, 1, 0]]);
  bench.tracker.record(record("USER", { task: task(2) }));
  bench.meter.credit(bench.connection, 2, 9, 0, 60 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 0, 0, 0, 0, 0], ["p2", 9, 0, 1, 1, 0]]);
});

Deno.test("TrafficMeter waits for who used a connection, and credits nothing twice", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, 2, 500, 0, 60 * MS);
  assert.deepEqual(bench.sum(), [0, 0, 1, 1, 0]);
  bench.tracker.record(record("USER", { task: task(2) }));
  bench.meter.credit(bench.connection, 2, 600, 0, 70 * MS);
  assert.deepEqual(bench.sum(), [600, 0, 1, 1, 0]);
});

Deno.test("TrafficMeter leaves out what was moved before culprit came", () => {
  const bench = new Bench();
  bench.tracker.record(record("HOLDER", { task: task(1), flags: CONN_FLAG.PREEXISTING }));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, 1, 10, 0, 60 * MS);
  bench.tracker.record(record("CLOSE", { tsNs: 80 * MS, bytesSent: 1_000_010, flags: CONN_FLAG.PREEXISTING }));
  bench.tracker.finish();
  assert.deepEqual(bench.sum(), [10, 0, 0, 1, 0]);
});

Deno.test("TrafficMeter counts a connection within this host once by destination, and for both processes", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.record(record("PASSIVE", { key: "b", birthNs: 2, establishedNs: 2 * MS, ...REVERSED }));
  bench.tracker.record(record("ACCEPT", { key: "b", birthNs: 0, tsNs: 4 * MS, task: task(2), ...REVERSED }));
  bench.tracker.tick(50 * MS);
  for (const { connection } of bench.tracker.counted()) {
    bench.meter.credit(connection, connection.users[0]?.task.tgid, 10, 20, 60 * MS);
  }
  assert.deepEqual(bench.rows("process"), [["p1", 10, 20, 1, 1, 0], ["p2", 10, 20, 1, 1, 0]]);
  assert.deepEqual(bench.rows("destination"), [["10.0.0.2:80", 10, 20, 1, 1, 0]]);
});

Deno.test("TrafficMeter counts failed attempts, with nothing open", () => {
  const bench = new Bench();
  bench.tracker.record(record("FAIL", { task: task(1), error: 111 }));
  bench.tracker.finish();
  assert.deepEqual(bench.rows("process"), [["p1", 0, 0, 0, 1, 0]]);
});

Deno.test("TrafficMeter credits flows of datagrams", () => {
  const bench = new Bench();
  bench.tracker.record(record("FLOW", { protocol: 17, socketType: 2, task: task(1) }));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, undefined, 40, 80, 60 * MS);
  assert.deepEqual(bench.rows("process"), [["p1", 40, 80, 1, 1, 0]]);
  bench.flow = { ...bench.flow, bytesSent: 41, bytesReceived: 81 };
  bench.tracker.record(record("RELEASE", { socketType: 2, task: task(1), tsNs: 70 * MS }));
  bench.tracker.finish();
  assert.deepEqual(bench.rows("process"), [["p1", 41, 81, 0, 1, 0]]);
});

Deno.test("TrafficMeter closes what ended without being told", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.tick(50 * MS);
  // The end was lost: the socket's memory is another one's.
  bench.tracker.record(record("OPEN", { ...OPENED, birthNs: 9, task: task(2), tsNs: 100 * MS }));
  bench.tracker.tick(150 * MS);
  assert.equal(bench.sum()[2], 2);
  bench.meter.sweep(5 * S);
  assert.deepEqual(bench.rows("process"), [["p1", 0, 0, 0, 1, 0], ["p2", 0, 0, 1, 1, 0]]);
});

Deno.test("TrafficMeter counts only processes that pass, also where another one owns the connection", () => {
  const bench = new Bench(({ pid }) => pid === 2);
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.tick(50 * MS);
  bench.meter.credit(bench.connection, 1, 100, 0, 60 * MS);
  assert.deepEqual(bench.sum(), [0, 0, 0, 0, 0]);
  bench.tracker.record(record("USER", { task: task(2) }));
  bench.meter.credit(bench.connection, 1, 200, 0, 70 * MS);
  bench.meter.credit(bench.connection, 2, 7, 0, 70 * MS);
  assert.deepEqual(bench.rows("process"), [["p2", 7, 0, 1, 1, 0]]);
  assert.deepEqual(bench.rows("destination"), [["10.0.0.2:80", 7, 0, 1, 1, 0]]);
});

Deno.test("TrafficMeter counts lookups by process, server and name, those for others not by name", () => {
  const bench = new Bench();
  const asked = { name: "A.test", server: { ip: "::1", port: 53 }, transport: "udp", isForwarded: false };
  bench.meter.lookup({ ...asked, client: task(1) }, S);
  bench.meter.lookup({ ...asked, client: task(1), name: "a.TEST" }, S);
  bench.meter.lookup({ ...asked, client: task(2), isForwarded: true }, S);
  assert.deepEqual(bench.rows("process"), [["p1", 0, 0, 0, 0, 2], ["p2", 0, 0, 0, 0, 1]]);
  assert.deepEqual(bench.rows("destination"), [["[::1]:53", 0, 0, 0, 0, 3]]);
  assert.deepEqual(bench.rows("name"), [["A.test", 0, 0, 0, 0, 2]]);
  assert.deepEqual(bench.sum(), [0, 0, 0, 0, 3]);
});

Deno.test("TrafficMeter marks processes that ended", () => {
  const bench = new Bench();
  bench.tracker.record(record("OPEN", OPENED));
  bench.tracker.tick(50 * MS);
  bench.meter.exit(1, 1);
  bench.meter.exit(2, 2);
  const label = bench.model.frame(S).rows.process[0]?.label;
  assert.ok(label?.view === "process" && label.ended);
});
