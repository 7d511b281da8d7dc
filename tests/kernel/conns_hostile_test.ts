import assert from "node:assert/strict";
import type { ConnectionEvent } from "../../src/events.ts";
import { buildActors, HOSTILE } from "../conns/build.ts";
import { type Ended, parseLines, runCulprit, RunningCulprit, summaryOf } from "./culprit.ts";

const IN_GUEST = Deno.env.has("CULPRIT_GUEST");
/**
 * Most memory under load, MiB: 90 at the start, what the tables may hold (131,072 flows of 280 octets, 65,535 listeners
 * of 500), what V8 has not collected yet, and a fifth more.
 */
const MEMORY_MIB = { flood: 140, scan: 200, listeners: 225, churn: 160 } as const;

/** A process that makes trouble when it is told to. */
class Hostile implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  #ended = false;
  pid = 0;
  netns = 0;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts it; it waits. */
  static async start(mode: string, count: number): Promise<Hostile> {
    await buildActors();
    const args = [mode, `${count}`];
    const hostile = new Hostile(new Deno.Command(HOSTILE, { args, stdin: "piped", stdout: "piped" }).spawn());
    const { pid, netns } = JSON.parse(await hostile.#line());
    hostile.pid = pid;
    hostile.netns = netns;
    return hostile;
  }

  /** Lets it work; how often it did what it does. */
  async work(): Promise<number> {
    await this.#writer.write(new Uint8Array(1));
    return JSON.parse(await this.#line()).count;
  }

  /** Waits until its network namespace has no TCP sockets but FIN_WAIT2 and TIME_WAIT: a lost ACK is sent again later. */
  async settled(): Promise<void> {
    const states = async (): Promise<string[]> =>
      [...(await Deno.readTextFile(`/proc/${this.pid}/net/tcp`)).matchAll(/^ *\d+: \S+ \S+ (\w+)/gm)]
        .map(([, state = ""]) => state);
    while ((await states()).some((state) => state !== "05" && state !== "06")) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Lets it end. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#writer.close();
    await this.#reader.cancel();
    assert.equal((await this.#child.status).code, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#child.kill("SIGKILL");
    await this.#writer.abort();
    await this.#reader.cancel();
    await this.#child.status;
  }

  async #line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const part = await this.#reader.read();
      if (part.done) throw new Error(`hostile ended: ${this.#text}`);
      this.#text += part.value;
    }
    const end = this.#text.indexOf("\n") + 1;
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end);
    return line;
  }
}

/** Most memory a process ever had, MiB. */
function peakMib(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]) / 1024;
}

/** Ends who made trouble, then who watched; `peak`: the most memory that took, MiB. */
async function endBoth(hostile: Hostile, culprit: RunningCulprit): Promise<{ peak: number; ended: Ended }> {
  await hostile.end();
  return { peak: peakMib(culprit.pid), ended: await culprit.stop() };
}

/** Counts of the summary for people: events, and losses by cause. */
function countsOf({ stderr }: Ended): { events: number; lost: Record<string, number> } {
  const lost: Record<string, number> = {};
  for (const [, count, cause = ""] of (/^lost: (.*)$/m.exec(stderr)?.[1] ?? "").matchAll(/(\d+) (\w+)/g)) {
    lost[cause] = Number(count);
  }
  return { events: Number(/^culprit conns: (\d+) events/m.exec(stderr)?.[1]), lost };
}

/** A complete run ends with 0, one that lost anything with 3 and says so. */
function assertHonest(ended: Ended, lost: Readonly<Record<string, number>>): void {
  assert.equal(ended.code, Object.keys(lost).length === 0 ? 0 : 3, ended.stderr);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

Deno.test("culprit conns tells a SYN flood from forged addresses as one flow, packet for packet", async () => {
  await using hostile = await Hostile.start("flood", IN_GUEST ? 20_000 : 200_000);
  await using culprit = await RunningCulprit.start(["conns", "--json", "--pid", `${hostile.pid}`]);
  const count = await hostile.work();
  const { peak, ended } = await endBoth(hostile, culprit);
  const events = parseLines(ended.stdout);
  const connections = events.filter((event): event is ConnectionEvent => event.type === "connection");
  const flows = connections.filter(({ connection }) => connection.transport === "raw");
  assert.deepEqual(flows.map(({ event }) => event), ["open", "close"]);
  assert.equal(flows[1]?.packets_sent, count);
  assert.equal(flows[1]?.process?.pid, hostile.pid);
  // Nobody shook hands: the listener is all there is besides.
  const others = connections.filter(({ connection }) => connection.transport !== "raw");
  assert.deepEqual(others.map(({ event }) => event), ["bind", "listen", "close"]);
  assertHonest(ended, summaryOf(events).lost);
  assert.ok(peak < MEMORY_MIB.flood, `${peak} MiB`);
});

Deno.test("culprit conns counts every flow of a scan, those it has no room for as lost", async () => {
  // More addresses than there is room for flows.
  await using hostile = await Hostile.start("scan", IN_GUEST ? 20_000 : 150_000);
  const options = ["--pid", `${hostile.pid}`, "--event", "open", "--output", "/dev/null"];
  await using culprit = await RunningCulprit.start(["conns", "--format", "text", ...options]);
  const count = await hostile.work();
  const { peak, ended } = await endBoth(hostile, culprit);
  const { events, lost } = countsOf(ended);
  const { connection_flows_full: full = 0, connection_ring_full: ring = 0 } = lost;
  if (!IN_GUEST) assert.ok(full > 0, "the table of flows was not filled");
  // What was lost may be of others, too.
  assert.ok(events <= count && events + full + ring >= count, `${events} + ${full} + ${ring}, wanted ${count}`);
  assertHonest(ended, lost);
  assert.ok(peak < MEMORY_MIB.scan, `${peak} MiB`);
});

Deno.test("culprit conns tells of 65,535 listeners, live and at once", async () => {
  const wanted = IN_GUEST ? 4000 : 65_535;
  await using hostile = await Hostile.start("listeners", wanted);
  const options = ["--comm", "hostile", "--output", "/dev/null", "--event", "bind,listen,close"];
  await using culprit = await RunningCulprit.start(["conns", "--format", "text", ...options]);
  assert.equal(await hostile.work(), wanted);
  const once = await runCulprit(["conns", "--once", "--json", "--state", "listen", "--comm", "hostile"]);
  assert.equal(once.code, 0, once.stderr);
  const sockets = parseLines(once.stdout).filter((event) => event.type === "socket");
  const ports = sockets.filter(({ netns }) => netns === hostile.netns).map(({ local }) => local?.port);
  assert.equal(ports.length, wanted);
  assert.equal(new Set(ports).size, wanted);
  const { peak, ended } = await endBoth(hostile, culprit);
  const { events, lost } = countsOf(ended);
  assert.ok(events <= 3 * wanted && events + sum(lost) >= 3 * wanted, `${events} of ${3 * wanted}, ${ended.stderr}`);
  assertHonest(ended, lost);
  assert.ok(peak < MEMORY_MIB.listeners, `${peak} MiB`);
});

Deno.test("culprit conns accounts for both ends of a process that connects and closes as fast as it can", async () => {
  await using hostile = await Hostile.start("churn", 10);
  const options = ["--pid", `${hostile.pid}`, "--output", "/dev/null"];
  await using culprit = await RunningCulprit.start(["conns", "--format", "text", ...options]);
  const count = await hostile.work();
  await hostile.settled();
  const { peak, ended } = await endBoth(hostile, culprit);
  const { events, lost } = countsOf(ended);
  // Open, accept and two ends each; bind, listen and end of the listener.
  const wanted = 4 * count + 3;
  assert.ok(events <= wanted && events + sum(lost) >= wanted, `${events} of ${wanted}, ${ended.stderr}`);
  assertHonest(ended, lost);
  assert.ok(peak < MEMORY_MIB.churn, `${peak} MiB`);
});

for (
  const [what, args] of [
    ["a network with too long a prefix", ["conns", "--addr", "10.0.0.0/33"]],
    ["a network that is none", ["conns", "--once", "--addr", "10.0.0/8"]],
    ["an unknown protocol", ["conns", "--proto", "tpc"]],
    ["a port that is none", ["conns", "--port", "65536"]],
    ["an address that is none", ["who", "10.0.0.256:80"]],
    ["a network where an address is wanted", ["who", "10.0.0.0/8"]],
    ["an address without end", ["who", "[::1"]],
    ["a name that cannot be one", ["who", "no such host"]],
  ] as const
) {
  Deno.test(`culprit refuses ${what}`, async () => {
    const { code, stdout, stderr } = await runCulprit(args);
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^culprit: .*\n/);
  });
}

Deno.test("culprit who says that it does not know a host nobody asked for", async () => {
  const { code, stdout, stderr } = await runCulprit(["who", "--json", "no-such-host.invalid"]);
  assert.ok(code === 1 || code === 3, `${code} ${stderr}`);
  assert.deepEqual(parseLines(stdout).filter(({ type }) => type === "who"), []);
});
