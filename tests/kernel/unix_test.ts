import assert from "node:assert/strict";
import type { UnixEvent } from "../../src/events.ts";
import { buildActors, UNIX_ACTORS } from "../conns/build.ts";
import { type Ended, parseLines, RunningCulprit, summaryOf } from "./culprit.ts";

/** Every way to talk through Unix sockets, as the program knows them. */
const CASES = [
  "stream",
  "seqpacket",
  "abstract",
  "long",
  "refused",
  "denied",
  "full",
  "inherited",
  "passed",
  "orphaned",
  "brief",
  "thread",
  "mounts",
  "uring-connect",
  "uring-accept",
  "datagram",
  "datagram-connected",
  "datagram-abstract",
  "datagram-shared",
  "datagram-dropped",
  "datagram-unread",
  "datagram-uring",
  "datagram-refused",
];

/** What the program says it did. */
interface Truth {
  event: UnixEvent["event"];
  pid: number;
  peer?: number;
  by?: string;
  path?: string;
  type: UnixEvent["socket_type"];
  error?: string;
}

/** Reads the truth. */
function truthsOf(text: string): Truth[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Runs the program. */
async function act(args: readonly string[]): Promise<Truth[]> {
  const { code, stdout, stderr } = await new Deno.Command(UNIX_ACTORS, { args: [...args], stderr: "piped" }).output();
  assert.equal(code, 0, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return truthsOf(new TextDecoder().decode(stdout));
}

/** What culprit says was done with sockets of a directory, in the words of the program, which does not tell of ends. */
function toldOf(ended: Ended, directory: string): Truth[] {
  const events = parseLines(ended.stdout).filter((event) => event.type === "unix");
  return events.filter(({ event, path }) => event !== "close" && path?.includes(`${directory}/`)).map((event) => ({
    event: event.event,
    pid: event.process.pid,
    ...(event.peer_process === undefined ? {} : { peer: event.peer_process.pid }),
    ...(event.peer_attribution === undefined ? {} : { by: event.peer_attribution }),
    ...(event.path === undefined ? {} : { path: event.path }),
    type: event.socket_type,
    ...(event.error === undefined ? {} : { error: event.error }),
  }));
}

/** The same in an order of its own: processes act at the same time. */
function sorted(truths: readonly Truth[]): string[] {
  return truths.map((truth) => JSON.stringify(Object.entries(truth).sort())).sort();
}

/** Nothing is lost, and nothing but ends is unseen: only functions of the kernel tell of these, and not all let us in. */
function assertComplete(ended: Ended): void {
  const { lost, not_observed: notObserved } = summaryOf(parseLines(ended.stdout));
  // Linux 7 preempts tracing programs and leaves out their runs meanwhile, often where the CPU is emulated: of all calls
  // and sockets, so that hardly ever one of ours is missing.
  const { unix_calls_missed: calls = 0, unix_datagrams_missed: datagrams = 0, unix_ends_missed: ends = 0, ...others } =
    lost;
  const missed = calls + datagrams + ends;
  if (missed > 0) assert.ok(Deno.env.has("CULPRIT_GUEST"), `${missed} runs were left out`);
  assert.deepEqual(others, {});
  assert.deepEqual(notObserved.filter((text) => !text.startsWith("ends of Unix sockets are not seen: ")), []);
  assert.equal(ended.code, notObserved.length > 0 || missed > 0 ? 3 : 0, ended.stderr);
}

/** Whether the kernel let its functions be traced: then ends are seen, and what goes through io_uring. */
function sawFunctions(ended: Ended): boolean {
  return !summaryOf(parseLines(ended.stdout)).not_observed.some((text) => text.startsWith("ends of Unix sockets"));
}

/** What of the truth system calls tell, where functions are not traced. */
function seenByCalls(name: string, truths: readonly Truth[]): readonly Truth[] {
  // Who accepted names who connected.
  if (name === "uring-connect") return truths.filter(({ event }) => event !== "open");
  if (name !== "uring-accept") return truths;
  // Nobody is seen to accept; here it is who listens.
  return truths.filter(({ event }) => event !== "accept").map((truth) =>
    truth.event === "open" ? { ...truth, by: "listener" } : truth
  );
}

/**
 * Where CPUs are emulated, the other end may take what is sent to it later than it is waited for: then the same process is
 * named as who listens or is bound there.
 */
function asLateAs(told: readonly Truth[]): Truth[] {
  if (!Deno.env.has("CULPRIT_GUEST")) return [...told];
  return told.map((one) => one.by === "receiver" || one.by === "acceptor" ? { ...one, by: "listener" } : one);
}

/** A directory for sockets, open to everybody. */
async function makeDirectory(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "culprit-unix-" });
  await Deno.chmod(path, 0o755);
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("culprit conns --unix is right about every way to talk", async (test) => {
  await buildActors();
  await using directory = await makeDirectory();
  await using culprit = await RunningCulprit.start(["conns", "--proto", "unix", "--json"]);
  const truths = new Map<string, Truth[]>();
  for (const name of CASES) {
    const inside = `${directory.path}/${name}`;
    await Deno.mkdir(inside);
    truths.set(name, await act([name, inside]));
  }
  const ended = await culprit.stop();
  for (const [name, expected] of truths) {
    await test.step(name, () => {
      assert.ok(expected.length > 0);
      const seen = sawFunctions(ended) ? expected : seenByCalls(name, expected);
      const told = toldOf(ended, `${directory.path}/${name}`);
      assert.deepEqual(sorted(asLateAs(told)), sorted(asLateAs(seen)));
    });
  }
  assertComplete(ended);
});

Deno.test("culprit conns --unix tells who closed which end, or that it cannot", async () => {
  await buildActors();
  await using directory = await makeDirectory();
  await using culprit = await RunningCulprit.start(["conns", "--proto", "unix", "--json"]);
  const [, , open] = await act(["stream", directory.path]);
  const ended = await culprit.stop();
  const closes = parseLines(ended.stdout).filter((event) => event.type === "unix").filter(({ event, path }) =>
    event === "close" && path?.startsWith(`${directory.path}/`)
  ).map(({ process, direction }) => `${process.pid} ${direction}`);
  assertComplete(ended);
  // The client, the end the server accepted, and its listener.
  const expected = [`${open?.pid} outbound`, `${open?.peer} inbound`, `${open?.peer} undefined`];
  assert.deepEqual(closes.sort(), sawFunctions(ended) ? expected.sort() : []);
});

Deno.test("culprit conns --unix tells of Unix sockets beside others, and does without what no kind asked for needs", async () => {
  await using directory = await makeDirectory();
  const path = `${directory.path}/socket`;
  await using culprit = await RunningCulprit.start(["conns", "--unix", "--event", "open,accept", "--json"]);
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using unix = Deno.listen({ transport: "unix", path });
  const ends = [
    await Deno.connect({ hostname: "127.0.0.1", port: tcp.addr.port }),
    await tcp.accept(),
    await Deno.connect({ transport: "unix", path }),
    await unix.accept(),
  ];
  ends.forEach((end) => end.close());
  const ended = await culprit.stop();
  const events = parseLines(ended.stdout);
  const own = events.map((event) =>
    (event.type === "unix" || event.type === "connection") && event.process?.pid === Deno.pid &&
      event.peer_process?.pid === Deno.pid
      ? `${event.type} ${event.event}`
      : ""
  );
  const expected = ["connection accept", "connection open", "unix accept", "unix open"];
  assert.deepEqual(own.filter((text) => text !== "").sort(), expected);
  assert.deepEqual(summaryOf(events).not_observed.filter((text) => text.includes("Unix")), []);
});

/** How often: guests are emulated and some fifty times slower. */
const MANY = Deno.env.has("CULPRIT_GUEST") ? 500 : 10_000;

Deno.test("culprit conns --unix names both ends of 10,000 connections in a row", async () => {
  await buildActors();
  await using directory = await makeDirectory();
  await using culprit = await RunningCulprit.start(["conns", "--proto", "unix", "--json"]);
  const truths = await act(["churn", directory.path, String(MANY)]);
  const ended = await culprit.stop();
  assert.equal(truths.length, 2 * MANY + 2);
  assert.deepEqual(sorted(toldOf(ended, directory.path)), sorted(truths));
  assertComplete(ended);
});

Deno.test("culprit conns --unix never names a wrong receiver of a datagram", async () => {
  await buildActors();
  await using directory = await makeDirectory();
  await using culprit = await RunningCulprit.start(["conns", "--proto", "unix", "--json"]);
  const truths = await act(["datagram-race", directory.path, String(MANY / 25)]);
  const ended = await culprit.stop();
  const [bind, ...opens] = truths;
  assert.equal(opens.length, MANY / 25 + 1);
  const told = toldOf(ended, directory.path).filter(({ event }) => event === "open");
  // Whom a receiver that is awake takes a datagram from before it can be seen is not known: then it is who is bound there.
  const expected = opens.map((open) =>
    told.some(({ pid, by }) => pid === open.pid && by === "listener")
      ? { ...open, by: "listener", peer: bind?.pid }
      : open
  );
  assert.deepEqual(sorted(told), sorted(expected as Truth[]));
  assertComplete(ended);
});

for (const name of ["earlier", "earlier-datagram"]) {
  Deno.test(`culprit conns --unix names who had a socket before it came: ${name}`, async () => {
    await buildActors();
    await using directory = await makeDirectory();
    const child = new Deno.Command(UNIX_ACTORS, { args: [name, directory.path], stdin: "piped", stdout: "piped" })
      .spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    // It listens or, of datagrams, has bound its socket.
    const isThere = name === "earlier" ? '"listen"' : '"bind"';
    let said = "";
    while (!said.includes(isThere)) said += (await reader.read()).value ?? assert.fail("it ended");
    await using culprit = await RunningCulprit.start(["conns", "--path", `${directory.path}/*`, "--json"]);
    const before = said.length;
    const input = child.stdin.getWriter();
    await input.write(new TextEncoder().encode("x"));
    await input.close();
    for (let part = await reader.read(); part.value !== undefined; part = await reader.read()) said += part.value;
    assert.equal((await child.status).code, 0);
    const ended = await culprit.stop();
    assert.deepEqual(sorted(toldOf(ended, directory.path)), sorted(truthsOf(said.slice(before))));
    const others = parseLines(ended.stdout).filter((event) => !JSON.stringify(event).includes(directory.path));
    assert.deepEqual(others.map(({ type }) => type), ["summary"]);
    assertComplete(ended);
  });
}
