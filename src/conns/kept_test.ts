import assert from "node:assert/strict";
import { OutputError } from "../errors.ts";
import { CONNECTION_EVENT } from "../../bpf/conn/fields.ts";
import { KeptServer, readKept } from "./kept.ts";

/** A directory of a test. */
function directory(stack: DisposableStack, mode = 0o700): string {
  const path = stack.adopt(Deno.makeTempDirSync(), (path) => Deno.removeSync(path, { recursive: true }));
  Deno.chmodSync(path, mode);
  return path;
}

const EVENT = CONNECTION_EVENT.example;

Deno.test("readKept() gets all that every run keeps, and nothing once they ended", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  const many = Array.from({ length: 5000 }, (_, index) => ({ ...EVENT, time: `${index}` }));
  {
    using _first = new KeptServer(() => many, path);
    using _second = new KeptServer(() => [EVENT], path);
    const { events, notObserved } = await readKept(path);
    assert.deepEqual(notObserved, []);
    assert.equal(events.length, 5001);
    assert.deepEqual(events.filter(({ time }) => time === "4999"), [many[4999]]);
  }
  assert.deepEqual(await readKept(path), { events: [], notObserved: [] });
  assert.deepEqual([...Deno.readDirSync(path)], []);
});

Deno.test("readKept() tells an end once that several runs saw, with its process", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  const at = (microseconds: number, event = EVENT) => ({
    ...event,
    time: `2026-07-27T12:00:00.${`${microseconds}`.padStart(6, "0")}000Z`,
  });
  assert.ok(EVENT.process);
  const nobody = { ...EVENT, process: { ...EVENT.process, pid: 0 } };
  const elsewhere = { ...EVENT, connection: { ...EVENT.connection, netns: 7 } };
  // The same addresses again within a millisecond, as often as one run tells them.
  using _first = new KeptServer(() => [at(100, nobody), at(500), at(9000)], path);
  using _second = new KeptServer(() => [at(101), at(501), at(502, elsewhere)], path);
  const { events } = await readKept(path);
  assert.deepEqual(
    events.map(({ process, connection: { netns } }) => [(process?.pid ?? 0) > 0, netns]),
    [EVENT, EVENT, elsewhere, EVENT].map(({ connection: { netns } }) => [true, netns]),
  );
});

Deno.test("readKept() says since when all is remembered where a run has no more room", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  const three = ["1", "2", "3"].map((time) => ({ ...EVENT, time }));
  using _run = new KeptServer(() => three, path);
  assert.equal((await readKept(path, 4)).since, undefined);
  assert.equal((await readKept(path, 3)).since, "1");
});

Deno.test("readKept() takes no run for one that was killed, nor a missing directory for a failure", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  Deno.listen({ transport: "unix", path: `${path}/conns-dead.sock` }).close();
  Deno.writeTextFileSync(`${path}/conns-file.sock`, "");
  assert.deepEqual(await readKept(path), { events: [], notObserved: [] });
  assert.deepEqual(await readKept(`${path}/nowhere`), { events: [], notObserved: [] });
});

Deno.test("a directory that others may enter is neither used nor believed", async () => {
  using stack = new DisposableStack();
  const path = directory(stack, 0o755);
  assert.throws(() => new KeptServer(() => [], path), {
    name: "OutputError",
    message: `Cannot answer look-ups of --keep in "${path}": it may be entered by others, wanted mode 700`,
  });
  const { notObserved } = await readKept(path);
  assert.match(notObserved[0] ?? "", /may be entered by others, wanted mode 700$/);
  const link = `${directory(stack)}/link`;
  Deno.symlinkSync(path, link);
  assert.throws(() => new KeptServer(() => [], link), OutputError);
});

for (
  const line of [
    "not JSON",
    "null",
    "{}",
    JSON.stringify({ ...EVENT, schema: "culprit/99" }),
    JSON.stringify({ ...EVENT, connection: { transport: "tcp" } }),
    JSON.stringify({ time: "x", connection: EVENT.connection }),
  ]
) {
  Deno.test(`readKept() says when a run answers with ${line.slice(0, 30)}`, async () => {
    using stack = new DisposableStack();
    const path = directory(stack);
    const listener = Deno.listen({ transport: "unix", path: `${path}/conns-odd.sock` });
    const served = (async () => {
      const client = await listener.accept();
      await client.write(new TextEncoder().encode(`${line}\n\n`));
      client.close();
    })();
    const { events, notObserved } = await readKept(path);
    await served;
    listener.close();
    assert.deepEqual(events, []);
    assert.match(notObserved.join(), /^all connections that a running culprit conns keeps: /);
  });
}

Deno.test("readKept() says when a run ended before it had told all", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  const listener = Deno.listen({ transport: "unix", path: `${path}/conns-short.sock` });
  const served = (async () => {
    const client = await listener.accept();
    await client.write(new TextEncoder().encode(`${JSON.stringify(EVENT)}\n`));
    client.close();
  })();
  const { events, notObserved } = await readKept(path);
  await served;
  listener.close();
  assert.deepEqual(events, [EVENT]);
  assert.deepEqual(notObserved, [
    "all connections that a running culprit conns keeps: it ended before it had told all",
  ]);
});

Deno.test("KeptServer answers however many ask and do not listen", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  // More than fits into the buffer of a socket.
  const many = Array.from({ length: 1000 }, () => EVENT);
  let asked = 0;
  using _run = new KeptServer(() => {
    asked++;
    return many;
  }, path);
  const [socket] = [...Deno.readDirSync(path)];
  const deaf = await Promise.all(
    Array.from({ length: 40 }, () => Deno.connect({ transport: "unix", path: `${path}/${socket?.name}` })),
  );
  const { events, notObserved } = await readKept(path);
  assert.deepEqual(notObserved, []);
  assert.equal(events.length, 1000);
  assert.equal(asked, 41);
  for (const client of deaf) client.close();
});

Deno.test("KeptServer removes the sockets of runs that were killed, and of no others", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  Deno.listen({ transport: "unix", path: `${path}/conns-dead.sock` }).close();
  stack.adopt(Deno.listen({ transport: "unix", path: `${path}/conns-busy.sock` }), (it) => it.close());
  const waiting: Deno.UnixConn[] = [];
  await assert.rejects(async () => {
    while (true) waiting.push(await Deno.connect({ transport: "unix", path: `${path}/conns-busy.sock` }));
  }, Deno.errors.WouldBlock);
  Deno.writeTextFileSync(`${path}/conns-file.sock`, "no socket");
  {
    using _run = new KeptServer(() => [], path);
    await readKept(path);
  }
  assert.deepEqual([...Deno.readDirSync(path)].map(({ name }) => name).sort(), ["conns-busy.sock", "conns-file.sock"]);
  for (const client of waiting) client.close();
});
