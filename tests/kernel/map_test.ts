import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { EdgeEvent } from "../../src/events.ts";
import { findMounts } from "../../src/host/cgroup2.ts";
import { isAtLeast, kernelRelease } from "../../src/host/kernel.ts";
import { documentOf, hostileEdges, manyEdges, NETNS } from "../../src/map/_testing.ts";
import { renderNft } from "../../src/map/nft.ts";
import { ACTORS, buildActors } from "../conns/build.ts";
import type { Truth } from "../conns/score.ts";
import { must, Network, run } from "../map/network.ts";
import { type Ended, parseLines, RunningCulprit, summaryOf } from "./culprit.ts";

/** Guests are emulated and some fifty times slower. */
const IS_GUEST = Deno.env.has("CULPRIT_GUEST");

/** First of the ports these tests use; nothing else on the machine should. */
const PORT = 21761;

/** The edges of a run. */
function edgesOf({ stdout }: Ended): EdgeEvent[] {
  return parseLines(stdout).filter((event) => event.type === "edge");
}

/** The only edge with a port. */
function edgeTo(edges: readonly EdgeEvent[], port: number): EdgeEvent {
  const found = edges.filter((edge) => edge.port === port);
  assert.equal(found.length, 1, JSON.stringify(edges, undefined, 1));
  return found[0]!;
}

/** Runs the program that makes connections, and reads the truth. */
async function act(...args: string[]): Promise<Truth[]> {
  return (await must(ACTORS, ...args)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** Port of an address as truths have it. */
function portOf(end: string): number {
  return Number(end.split(" ")[1]);
}

Deno.test("culprit map has every connection once, with its processes and octets", async () => {
  await buildActors();
  await using culprit = await RunningCulprit.start(["map", "--json", "--duration", "1h", "--exe", "actors"]);
  const truths: Truth[] = [];
  for (const args of [["churn", "200"], ["plain6"], ["mapped"], ["udp4"], ["namespaces"], ["nat"]]) {
    truths.push(...await act(...args));
  }
  const [refused] = await act("refused");
  const ended = await culprit.stop();
  const edges = edgesOf(ended);
  const joined = edges.filter(({ destination }) => destination.kind === "process");
  const closes = truths.filter(({ event }) => event === "close");
  for (const edge of joined) {
    assert.equal(edge.source.process?.exe, ACTORS);
    assert.equal(edge.destination.process?.exe, ACTORS);
    // Seen from who began: what it talks to is the remote end.
    const expected = closes.filter(({ proto, remote }) => proto === edge.transport && portOf(remote) === edge.port);
    const sum = (of: "sent" | "received"): number => expected.reduce((total, truth) => total + (truth[of] ?? NaN), 0);
    assert.deepEqual(
      [edge.connections, edge.failed, edge.bytes_sent, edge.bytes_received],
      [expected.length, 0, sum("sent"), sum("received")],
      `port ${edge.port}`,
    );
  }
  assert.equal(joined.reduce((sum, { connections }) => sum + connections, 0), closes.length / 2);
  assert.equal(
    joined.filter(({ source, destination }) => source.process?.netns !== destination.process?.netns).length,
    2,
  );
  // The port may have been a listener's of before.
  const failed = edgeTo(edges.filter((edge) => !joined.includes(edge)), portOf(refused?.remote ?? ""));
  assert.deepEqual([failed.connections, failed.failed, failed.errors], [0, 1, { ECONNREFUSED: 1 }]);
  assert.deepEqual(failed.destination, { kind: "address", ip: "127.0.0.1" });
  assert.equal(edges.length, joined.length + 1);
  const { observed, lost, not_observed: notObserved } = summaryOf(parseLines(ended.stdout));
  assert.deepEqual([observed["names_dropped"], notObserved], [0, []]);
  assert.deepEqual(lost, {});
});

Deno.test("culprit map counts what lives, with the octets of the run alone", async () => {
  const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(65);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: PORT });
  const connect = async (): Promise<[Deno.Conn, Deno.Conn]> => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port: PORT });
    return [client, await listener.accept()];
  };
  /** Sends, and waits until all of it came. */
  const send = async (from: Deno.Conn, to: Deno.Conn, count: number): Promise<void> => {
    await from.write(bytes(count));
    for (let left = count; left > 0;) left -= await to.read(new Uint8Array(left)) ?? NaN;
  };
  const [old, oldServer] = await connect();
  await send(old, oldServer, 5000);
  const started = Date.now();
  await using culprit = await RunningCulprit.start([
    ...["map", "--json", "--duration", "1h", "--port", `${PORT},${PORT + 1}`],
  ]);
  await send(old, oldServer, 70);
  await send(oldServer, old, 7);
  const [young, youngServer] = await connect();
  await send(young, youngServer, 300);
  const [brief, briefServer] = await connect();
  await send(briefServer, brief, 1000);
  brief.close();
  briefServer.close();
  const server = createSocket("udp4");
  server.bind(PORT + 1, "127.0.0.1");
  await once(server, "listening");
  const client = createSocket("udp4");
  for (let count = 0; count < 3; count++) {
    client.send(bytes(10), PORT + 1, "127.0.0.1");
    await once(server, "message");
  }
  const ended = await culprit.stop();
  for (const connection of [old, oldServer, young, youngServer]) connection.close();
  for (const socket of [client, server]) {
    socket.close();
    await once(socket, "close");
  }
  const edges = edgesOf(ended);
  assert.equal(edges.length, 2);
  const tcp = edgeTo(edges, PORT);
  assert.deepEqual(tcp.source.process?.pids, [Deno.pid]);
  assert.deepEqual(tcp.destination.process?.pids, [Deno.pid]);
  assert.deepEqual([tcp.connections, tcp.open, tcp.preexisting, tcp.failed], [3, 2, 1, 0]);
  assert.deepEqual([tcp.bytes_sent, tcp.bytes_received], [370, 1007]);
  assert.ok(Date.parse(tcp.first_seen) >= started && tcp.last_seen === tcp.time);
  const udp = edgeTo(edges, PORT + 1);
  assert.deepEqual([udp.connections, udp.open, udp.preexisting], [1, 1, 0]);
  assert.deepEqual([udp.bytes_sent, udp.bytes_received], [30, 0]);
  assert.ok(udp.last_seen < udp.time);
});

Deno.test("culprit map --format writes a document in place of what was there", async (test) => {
  await buildActors();
  const directory = await Deno.makeTempDir({ prefix: "culprit-map-" });
  try {
    for (
      const [format, begin] of [
        ["html", /^<!DOCTYPE html>\n/],
        ["dot", /^digraph map \{\n/],
        ["mermaid", /^flowchart LR\n/],
      ] as const
    ) {
      await test.step(format, async () => {
        const file = `${directory}/${format}`;
        await Deno.writeTextFile(file, "x".repeat(1_000_000));
        const args = ["map", "--format", format, "--output", file, "--duration", "1h", "--exe", "actors"];
        await using culprit = await RunningCulprit.start(args);
        await act("plain4");
        const ended = await culprit.stop();
        assert.equal(ended.code, 0, ended.stderr);
        assert.equal(ended.stdout, "");
        assert.match(ended.stderr, /^culprit map: 1 event in /);
        const text = await Deno.readTextFile(file);
        assert.match(text, begin);
        assert.match(text, /actors/);
        assert.doesNotMatch(text, /xxxx/);
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** A cgroup as that of a unit, below the root of cgroup v2. */
class UnitCgroup implements Disposable {
  readonly cgroup = `/culprit-test-${Deno.pid}.slice/map-client.service`;
  readonly path: string;
  /** Where nft(8) finds it. */
  readonly nftPath: string;

  constructor() {
    const mount = findMounts(Deno.readTextFileSync("/proc/self/mountinfo")).find((path) =>
      path.startsWith("/sys/fs/cgroup")
    );
    assert.ok(mount !== undefined, "cgroup v2 is not mounted at or below /sys/fs/cgroup");
    this.path = `${mount}${this.cgroup}`;
    this.nftPath = this.path.slice("/sys/fs/cgroup/".length);
    Deno.mkdirSync(this.path, { recursive: true });
  }

  /** Words before a command line that is to run within. */
  get within(): string[] {
    return ["/bin/sh", "-ec", `echo $$ > ${this.path}/cgroup.procs; exec "$@"`, "sh"];
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
    Deno.removeSync(this.path.slice(0, this.path.lastIndexOf("/")));
  }
}

Deno.test("culprit map --policy nft: what was seen passes when it is enforced, and nothing else does", async () => {
  const directory = await Deno.makeTempDir({ prefix: "culprit-map-" });
  const file = `${directory}/policy.nft`;
  try {
    await using network = await Network.create();
    using unit = new UnitCgroup();
    const { a, b } = network;
    await network.serve(b, 8080, 8082);
    await network.serve(a, 8081);
    const curl = (host: typeof a, url: string, ...wrapper: string[]): Promise<{ code: number; stdout: string }> =>
      run(...network.on(host), ...wrapper, "curl", "--silent", "--max-time", IS_GUEST ? "30" : "2", url);
    {
      const args = ["map", "--policy", "nft", "--output", file, "--duration", "1h"];
      await using culprit = await RunningCulprit.start(args, { wrapper: network.on(a) });
      for (let count = 0; count < 3; count++) {
        assert.equal((await curl(a, `http://${b.ip}:8080/`, ...unit.within)).stdout, "hello\n");
      }
      assert.equal((await curl(b, `http://${a.ip}:8081/`)).stdout, "hello\n");
      assert.equal((await curl(a, `http://${b.ip}:9/`)).code, 7);
      const ended = await culprit.stop();
      assert.equal(ended.code, 0, ended.stderr);
    }
    const text = await Deno.readTextFile(file);
    // Linux 5.13: nft_socket knows cgroups.
    const hasCgroups = isAtLeast(kernelRelease(), "5.13");
    const owner = hasCgroups ? `socket cgroupv2 level 2 "${unit.nftPath}"` : "meta skuid 0";
    assert.ok(text.includes(`    ${owner} ip daddr ${b.ip} tcp dport 8080 counter accept comment "3 x `), text);
    assert.ok(text.includes(`    ip saddr ${b.ip} tcp dport 8081 counter accept comment "1 x `), text);
    assert.match(text, /# {3}output tcp\/9 +curl \(.*\) to 10\.97\.1\.2: never came about in 1 attempt\n/);
    // As it stands it is sound and blocks nothing.
    await must(...network.on(a), "nft", "-c", "-f", file);
    await must(...network.on(a), "nft", "-f", file);
    assert.equal((await curl(a, `http://${b.ip}:8082/`)).stdout, "hello\n");
    // Enforced, and loaded in place of itself.
    await Deno.writeTextFile(file, text.replaceAll("# counter drop", "counter drop"));
    await must(...network.on(a), "nft", "-f", file);
    assert.equal((await curl(a, `http://${b.ip}:8080/`, ...unit.within)).stdout, "hello\n");
    assert.equal((await curl(b, `http://${a.ip}:8081/`)).stdout, "hello\n");
    assert.equal((await curl(a, `http://${b.ip}:8082/`, ...unit.within)).code, 28, "another port");
    if (hasCgroups) assert.equal((await curl(a, `http://${b.ip}:8080/`)).code, 28, "the same port, but not the unit");
    const table = await must(...network.on(a), "nft", "list", "table", "inet", "culprit");
    assert.match(table, /counter packets [1-9]\d* bytes \d+ comment "no rule allows it"/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("nft(8) takes a policy of hostile texts, and one of 300 edges", async () => {
  const file = await Deno.makeTempFile({ suffix: ".nft" });
  try {
    for (const edges of [hostileEdges(), manyEdges(300), []]) {
      const host = { netns: NETNS, isOwn: () => false, cgroupPath: () => undefined };
      await Deno.writeTextFile(file, renderNft(documentOf(edges), 1, host));
      await must("unshare", "--net", "nft", "-c", "-f", file);
    }
  } finally {
    await Deno.remove(file);
  }
});
