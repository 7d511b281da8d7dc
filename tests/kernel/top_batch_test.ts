import assert from "node:assert/strict";
import { formatBytes } from "../../src/top/format.ts";
import { culpritCommand, runCulprit, RunningCulprit } from "./culprit.ts";
import { Download, FIRST, SECOND, SlowServer, until } from "./traffic.ts";

/** Linux 7 preempts tracing programs and leaves out their runs meanwhile, often where the CPU is emulated: that is told. */
function isToldIncomplete(stdout: string): boolean {
  const told = /^LOST: \d+ connection_(?:usage|states)_missed(?:, \d+ connection_(?:usage|states)_missed)?$/m;
  return Deno.env.has("CULPRIT_GUEST") && told.test(stdout);
}

Deno.test("culprit top without a terminal says what to use instead", async () => {
  const { code, stdout, stderr } = await runCulprit(["top"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.match(stderr, /wants a terminal/);
  assert.match(stderr, /hint: run culprit top --batch for plain text, or culprit conns --json/);
});

Deno.test("culprit top --batch counts every octet, once it is over", async () => {
  await using server = await SlowServer.start(FIRST + SECOND);
  await using culprit = await RunningCulprit.start(
    ["top", "--batch", "--port", `${server.port}`, "--comm", "curl", "--interval", "100ms"],
  );
  {
    await using download = new Download(server.port);
    await server.send(FIRST + SECOND, true);
    await download.ended();
  }
  const { code, stdout, stderr } = await culprit.stop();
  if (isToldIncomplete(stdout)) return assert.equal(code, 3);
  const frames = stdout.split("\n\n");
  assert.ok(frames.length >= 1);
  assert.ok(!stdout.includes("\x1b"));
  const last = frames.at(-1)?.split("\n") ?? [];
  assert.match(last[0] ?? "", /^culprit top .*by process, bytes now$/);
  assert.match(
    last[1] ?? "",
    new RegExp(`all: sent \\d+B {2}recv ${formatBytes(server.headBytes + FIRST + SECOND)} {2}conns 1 `),
  );
  assert.equal(last[2], "nothing lost");
  assert.match(last[4] ?? "", /^ *\d+ curl /);
  assert.match(stderr, /^culprit top: 1 event .*nothing lost$/m);
  assert.equal(code, 0);
});

/** Whether everything that was sent from a port over IPv4 was read by the other end. */
async function isRead(port: number): Promise<true | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const sockets = (await Deno.readTextFile("/proc/net/tcp")).split("\n").map((line) => line.trim().split(/\s+/));
  const queues = sockets.filter(([, local = "", remote = "", state]) =>
    state === "01" && (local.endsWith(`:${hex}`) || remote.endsWith(`:${hex}`))
  ).map(([, , , , queue]) => queue);
  return queues.length === 2 && queues.every((queue) => queue === "00000000:00000000") ? true : undefined;
}

Deno.test("culprit top counts of an older connection what it moves from then on", async () => {
  await using server = await SlowServer.start(FIRST + SECOND);
  await using download = new Download(server.port);
  await server.send(FIRST, true);
  await until("all to be read", () => isRead(server.port), () => `port ${server.port}`);
  await using culprit = await RunningCulprit.start(["top", "--batch", "--pid", `${download.pid}`]);
  await server.send(SECOND);
  await download.ended();
  const { code, stdout } = await culprit.stop();
  if (isToldIncomplete(stdout)) return assert.equal(code, 3);
  assert.match(
    stdout.split("\n\n").at(-1) ?? "",
    new RegExp(`all: sent - {2}recv ${formatBytes(SECOND)} {2}conns 1 `),
  );
  assert.equal(code, 0);
});

Deno.test("culprit top --batch --count ends after so many tables, and when nobody reads", async () => {
  const counted = await runCulprit(["top", "--batch", "--count", "2", "--interval", "100ms", "--quiet"]);
  assert.equal(counted.stdout.match(/^culprit top /gm)?.length, 2);
  assert.deepEqual([counted.code, counted.stderr], [0, ""]);
  const words = [...culpritCommand(), "top", "--batch", "--quiet", "--interval", "200ms"];
  const line = `${words.map((word) => `'${word}'`).join(" ")} | head -n 1`;
  const { stdout } = await new Deno.Command("bash", { args: ["-o", "pipefail", "-c", line] }).output();
  assert.match(new TextDecoder().decode(stdout), /^culprit top .*\n$/);
});
