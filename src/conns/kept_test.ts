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

Deno.test("readKept() says when a run does not answer with lines", async () => {
  using stack = new DisposableStack();
  const path = directory(stack);
  const listener = Deno.listen({ transport: "unix", path: `${path}/conns-odd.sock` });
  const served = (async () => {
    const client = await listener.accept();
    await client.write(new TextEncoder().encode("not JSON\n"));
    client.close();
  })();
  const { events, notObserved } = await readKept(path);
  await served;
  listener.close();
  assert.deepEqual(events, []);
  assert.equal(notObserved.length, 1);
});
