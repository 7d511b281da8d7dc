import assert from "node:assert/strict";
import { connect, createServer, type Server } from "node:net";
import { once } from "node:events";
import { probeProgram } from "../../ffi/mod.ts";
import type { ConnectionRecord } from "../../src/conns/types.ts";
import { readObject } from "../../src/object.ts";
import { SensorRun } from "../../src/sensor.ts";
import { drainAll } from "../record_testing.ts";
import { RECORD_TYPE } from "../records.gen.ts";
import { CONN_KIND } from "./layout.gen.ts";
import { CONN_SENSOR, CONN_SENSOR_WITH_USAGES, ConnectionDecoder } from "./sensor.ts";

const RING_SIZE = 1 << 22;

function start(ringSizeBytes = RING_SIZE): SensorRun {
  return SensorRun.start([CONN_SENSOR], { ringSizeBytes });
}

// Libraries stay open once they are used, which the first test would be blamed for.
start().close();

/** Records in the ring about a port. */
function collect(run: SensorRun, port: number): ConnectionRecord[] {
  const records: ConnectionRecord[] = [];
  const decoder = new ConnectionDecoder();
  drainAll(run, (type, view, base) => {
    if (type !== RECORD_TYPE.CONNECTION) return;
    const record = decoder.decode(view, base);
    if (record.localPort === port || record.remotePort === port) records.push(record);
  });
  return records;
}

/** A server that ends every connection at once. */
async function serve(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return { server, port: address.port };
}

async function connectOnce(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.resume();
  await once(socket, "close");
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

function count(records: readonly ConnectionRecord[], kind: number): number {
  return records.filter((record) => record.kind === kind).length;
}

Deno.test("conn sensor tells of 41 connections: each end begins and ends once", async () => {
  using run = start();
  const { server, port } = await serve();
  for (let index = 0; index < 41; index++) await connectOnce(port);
  await close(server);
  const records = collect(run, port);
  assert.equal(count(records, CONN_KIND.BIND), 1);
  assert.equal(count(records, CONN_KIND.LISTEN), 1);
  assert.equal(count(records, CONN_KIND.OPEN), 41);
  assert.equal(count(records, CONN_KIND.PASSIVE), 41);
  assert.equal(count(records, CONN_KIND.ACCEPT), 41);
  // The listener ends, too.
  assert.equal(count(records, CONN_KIND.CLOSE), 2 * 41 + 1);
  for (const { kind, task } of records) {
    if (kind !== CONN_KIND.PASSIVE) assert.equal(task?.tgid, Deno.pid);
  }
  assert.deepEqual([...run.losses()], []);
});

Deno.test("conn sensor joins the two ends by their sequence numbers", async () => {
  using run = start();
  const { server, port } = await serve();
  await connectOnce(port);
  await close(server);
  const records = collect(run, port);
  const open = records.find(({ kind }) => kind === CONN_KIND.OPEN);
  const passive = records.find(({ kind }) => kind === CONN_KIND.PASSIVE);
  assert.notEqual(open?.sendSequence, 0);
  assert.equal(open?.sendSequence, passive?.receiveSequence);
  assert.equal(open?.receiveSequence, passive?.sendSequence);
});

Deno.test("conn sensor tells nothing of Unix sockets", async () => {
  const directory = await Deno.makeTempDir();
  try {
    using run = start();
    let records = 0;
    drainAll(run, () => {});
    using listener = Deno.listen({ transport: "unix", path: `${directory}/socket` });
    using client = await Deno.connect({ transport: "unix", path: `${directory}/socket` });
    using accepted = await listener.accept();
    await client.write(new Uint8Array(7));
    assert.equal(await accepted.read(new Uint8Array(9)), 7);
    const decoder = new ConnectionDecoder();
    drainAll(run, (type, view, base) => {
      if (type === RECORD_TYPE.CONNECTION && decoder.decode(view, base).task?.tgid === Deno.pid) records++;
    });
    assert.equal(records, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("conn sensor counts every record a full ring cannot take", async () => {
  using run = start(4096);
  drainAll(run, () => {});
  const before = run.losses().get("connection_ring_full") ?? 0;
  const { server, port } = await serve();
  for (let index = 0; index < 31; index++) await connectOnce(port);
  await close(server);
  const kept = collect(run, port).length;
  const lost = (run.losses().get("connection_ring_full") ?? 0) - before;
  assert.ok(lost > 0, "the ring was too small");
  // Open, passive, accept and two closes each; bind, listen and close of the listener. Others may be lost besides.
  assert.ok(kept + lost >= 5 * 31 + 3, `kept ${kept} + lost ${lost}`);
});

Deno.test("conn sensor leaves no descriptor behind", () => {
  const descriptors = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  start().close();
  const before = descriptors();
  for (let round = 0; round < 3; round++) start().close();
  assert.equal(descriptors(), before);
});

Deno.test("conn sensor watches system calls only where the kernel takes no program at functions", () => {
  const { ok } = probeProgram(readObject(), "conn_accept", {
    name: "culprit",
    configure: (object) => object.map("events").setMaxEntries(RING_SIZE),
    attach: (program) => program.attach(),
  });
  using run = start();
  const programs = run.programs();
  assert.deepEqual([programs.has("conn_accept"), programs.has("conn_connect")], [ok, ok]);
  assert.equal(programs.has("conn_sys_exit"), !ok);
});

Deno.test("conn sensor loads the stand-in of a program that cannot be attached", () => {
  const programs = CONN_SENSOR.programs.map((program) => {
    if (program.name === "conn_set_again") {
      return { ...program, attach: "libc" as const, symbols: ["no_such_function"] };
    }
    return program.name === "conn_sys_exit" ? { ...program, insteadOf: ["conn_set_again"] } : program;
  }).filter(({ name }) => name !== "conn_accept" && name !== "conn_connect");
  using run = SensorRun.start([{ ...CONN_SENSOR, programs }], { ringSizeBytes: RING_SIZE });
  assert.ok(run.programs().has("conn_sys_exit"));
  assert.ok(!run.programs().has("conn_set_again"));
  assert.deepEqual(run.notObserved, []);
});

Deno.test("conn sensor does without an iterator that the kernel refuses, and says so", () => {
  const programs = CONN_SENSOR_WITH_USAGES.programs.map((program) =>
    program.name === "conn_usages" ? { ...program, map: "conn_sockets" } : program
  );
  using run = SensorRun.start([{ ...CONN_SENSOR, programs }], { ringSizeBytes: RING_SIZE });
  assert.match(run.notObserved.join(), /^octets of open connections are known only when they end: .*EINVAL/);
  assert.equal(run.iterate("conn_usages"), undefined);
  assert.ok(run.iterate("conn_survivors") !== undefined);
});
