import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { once } from "node:events";
import type { UnixRecord } from "../../src/conns/unix_types.ts";
import { SensorRun } from "../../src/sensor.ts";
import { drainAll } from "../record_testing.ts";
import { RECORD_TYPE } from "../records.gen.ts";
import { UNIX_KIND } from "./layout.gen.ts";
import { UNIX_SENSOR, UnixDecoder } from "./sensor.ts";

const RING_SIZE = 1 << 22;

function start(ringSizeBytes = RING_SIZE): SensorRun {
  return SensorRun.start([UNIX_SENSOR], { ringSizeBytes });
}

// Libraries stay open once they are used, which the first test would be blamed for.
start().close();

/** Records in the ring about a path. */
function collect(run: SensorRun, path: string): UnixRecord[] {
  const records: UnixRecord[] = [];
  const decoder = new UnixDecoder();
  drainAll(run, (type, view, base) => {
    if (type !== RECORD_TYPE.UNIX) return;
    const record = decoder.decode(view, base);
    if (record.path === path) records.push(record);
  });
  return records;
}

function count(records: readonly UnixRecord[], kind: number): number {
  return records.filter((record) => record.kind === kind).length;
}

/** Connects so often to a server that ends every connection at once. */
async function talk(path: string, times: number): Promise<void> {
  const server = createServer((socket) => socket.end());
  server.listen(path);
  await once(server, "listening");
  for (let index = 0; index < times; index++) {
    const socket = connect(path);
    socket.resume();
    await once(socket, "close");
  }
  server.close();
  await once(server, "close");
}

/** A path for a socket. */
async function makePath(): Promise<AsyncDisposable & { path: string }> {
  const directory = await Deno.makeTempDir();
  return { path: `${directory}/socket`, [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
}

Deno.test("unix sensor tells of 41 connections: each is opened and accepted once", async () => {
  await using socket = await makePath();
  using run = start();
  await talk(socket.path, 41);
  const records = collect(run, socket.path);
  assert.equal(count(records, UNIX_KIND.BIND), 1);
  assert.equal(count(records, UNIX_KIND.LISTEN), 1);
  assert.equal(count(records, UNIX_KIND.OPEN), 41);
  assert.equal(count(records, UNIX_KIND.ACCEPT), 41);
  // Where ends are seen: both of each, and that of the listener.
  const ends = count(records, UNIX_KIND.CLOSE);
  assert.equal(ends, run.notObserved.length > 0 ? 0 : 2 * 41 + 1);
  for (const { kind, task, peerProcess } of records) {
    assert.equal(task.tgid, Deno.pid);
    if (kind === UNIX_KIND.OPEN || kind === UNIX_KIND.ACCEPT) assert.equal(peerProcess?.tgid, Deno.pid);
  }
  assert.deepEqual([...run.losses()].filter(([cause]) => !cause.endsWith("_missed")), []);
});

Deno.test("unix sensor tells nothing of other sockets, nor of pairs", async () => {
  using run = start();
  drainAll(run, () => {});
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using accepted = await listener.accept();
  await client.write(new Uint8Array(7));
  assert.equal(await accepted.read(new Uint8Array(9)), 7);
  // Its pipes are pairs of Unix sockets.
  const { code } = await new Deno.Command("true", { stdout: "piped" }).output();
  assert.equal(code, 0);
  const decoder = new UnixDecoder();
  const own: UnixRecord[] = [];
  drainAll(run, (type, view, base) => {
    if (type !== RECORD_TYPE.UNIX) return;
    const record = decoder.decode(view, base);
    if (record.task.tgid === Deno.pid) own.push(record);
  });
  assert.deepEqual(own, []);
});

Deno.test("unix sensor counts every record a full ring cannot take", async () => {
  await using socket = await makePath();
  using run = start(4096);
  drainAll(run, () => {});
  const before = run.losses().get("unix_ring_full") ?? 0;
  await talk(socket.path, 31);
  const kept = collect(run, socket.path).length;
  const lost = (run.losses().get("unix_ring_full") ?? 0) - before;
  assert.ok(lost > 0, "the ring was too small");
  // Open and accept each, bind and listen. Others may be lost besides.
  assert.ok(kept + lost >= 2 * 31 + 2, `kept ${kept} + lost ${lost}`);
});

Deno.test("unix sensor leaves no descriptor behind", () => {
  const descriptors = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  start().close();
  const before = descriptors();
  for (let round = 0; round < 3; round++) start().close();
  assert.equal(descriptors(), before);
});
