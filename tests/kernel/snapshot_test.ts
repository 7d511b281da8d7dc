import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { buildLoad, type Load, startLoad } from "../bench/snapshot_load.ts";
import { findNetworkNamespaces } from "../../src/snapshot/namespaces.ts";
import { REASON } from "../../src/snapshot/assemble.ts";
import { type Snapshot, type SocketRow, takeSnapshot } from "../../src/snapshot/snapshot.ts";

const OWN_NETNS = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))?.[0]);

/** First of the ports these tests use; nothing else on the machine should. */
const PORT = 21731;

// Opens the libraries, which stay open: the resource sanitizer would take them for a leak of the first test.
for (const source of ["iterators", "sock_diag"] as const) takeSnapshot({ source, unix: true });

/** The sockets with a port at either end. */
function withPort(snapshot: Snapshot, port: number): SocketRow[] {
  return snapshot.sockets.filter(({ local, remote }) => local?.port === port || remote?.port === port);
}

/** The only socket a test is true for. */
function only(rows: readonly SocketRow[], test: (row: SocketRow) => boolean): SocketRow {
  const found = rows.filter(test);
  assert.equal(found.length, 1, JSON.stringify(rows, undefined, 1));
  return found[0]!;
}

/** Descriptors of this process that refer to a socket. */
function ownDescriptors(inode: number): number[] {
  const fds: number[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`) === `socket:[${inode}]`) fds.push(Number(name));
    } catch (error) {
      // The descriptor of the directory itself.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return fds.sort((a, b) => a - b);
}

for (const source of ["iterators", "sock_diag"] as const) {
  Deno.test(`takeSnapshot() from ${source} shows a listener, both ends of a connection, and who holds them`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: PORT });
    using client = await Deno.connect({ hostname: "127.0.0.1", port: PORT });
    using accepted = await listener.accept();
    const snapshot = takeSnapshot({ source });
    assert.equal(snapshot.source, source);
    // Those of a run just before still wait.
    const rows = withPort(snapshot, PORT).filter(({ state }) => state !== "time_wait");
    assert.equal(rows.length, 3);
    const clientPort = (client.localAddr as Deno.NetAddr).port;
    assert.equal((accepted.remoteAddr as Deno.NetAddr).port, clientPort);
    for (
      const [name, row, state] of [
        ["listener", only(rows, ({ state }) => state === "listen"), "listen"],
        ["client", only(rows, ({ local }) => local?.port === clientPort), "established"],
        ["accepted", only(rows, ({ remote }) => remote?.port === clientPort), "established"],
      ] as const
    ) {
      assert.equal(row.state, state, name);
      assert.equal(row.protocol, "tcp", name);
      assert.equal(row.family, "ipv4", name);
      assert.equal(row.netns, OWN_NETNS, name);
      assert.equal(row.local?.ip, "127.0.0.1", name);
      assert.equal(row.ownership, "holder", name);
      assert.deepEqual(row.holders.map(({ tgid, fds }) => [tgid, fds]), [[Deno.pid, ownDescriptors(row.inode)]], name);
    }
  });

  Deno.test(`takeSnapshot() from ${source} gives a connection nobody accepted to the holder of its listener`, async () => {
    using listener = Deno.listen({ hostname: "::", port: PORT + 1 });
    using client = await Deno.connect({ hostname: "127.0.0.1", port: PORT + 1 });
    const port = (client.localAddr as Deno.NetAddr).port;
    const rows = withPort(takeSnapshot({ source }), PORT + 1);
    const waiting = only(rows, ({ remote }) => remote?.port === port);
    assert.equal(waiting.ownership, "listener");
    assert.deepEqual(waiting.holders.map(({ tgid, fds }) => [tgid, fds]), [[Deno.pid, []]]);
    assert.equal(waiting.inode, 0);
    // IPv4 through an IPv6 socket is shown as IPv4, and said to be mapped.
    assert.equal(waiting.mapped, true);
    assert.equal(waiting.family, "ipv4");
    assert.equal(waiting.local?.ip, "127.0.0.1");
    assert.equal(only(rows, ({ local }) => local?.port === port).mapped, false);
    const listening = only(rows, ({ state }) => state === "listen");
    assert.deepEqual([listening.family, listening.local?.ip, listening.receiveQueue], ["ipv6", "::", 1]);
    (await listener.accept()).close();
  });

  Deno.test(`takeSnapshot() from ${source} shows TIME_WAIT without a process and says why`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: PORT + 2 });
    const client = await Deno.connect({ hostname: "127.0.0.1", port: PORT + 2 });
    const port = (client.localAddr as Deno.NetAddr).port;
    const accepted = await listener.accept();
    client.close();
    // The end that closes first waits; it knows that the other one closed too when that one's read has ended.
    assert.equal(await accepted.read(new Uint8Array(1)), null);
    accepted.close();
    const row = only(
      withPort(takeSnapshot({ source }), PORT + 2),
      ({ local }) => local?.port === port,
    );
    assert.equal(row.state, "time_wait");
    assert.deepEqual(row.holders, []);
    assert.equal(row.unknownReason, REASON.timeWait);
  });

  Deno.test(`takeSnapshot() from ${source} shows a UDP socket`, async () => {
    const free = createSocket("udp4");
    const bound = once(free, "listening");
    free.bind(PORT + 3, "127.0.0.1");
    await bound;
    const row = only(withPort(takeSnapshot({ source }), PORT + 3), () => true);
    assert.deepEqual([row.protocol, row.state, row.remote], ["udp", "unconnected", undefined]);
    assert.deepEqual(row.holders.map(({ tgid, fds }) => [tgid, fds]), [[Deno.pid, ownDescriptors(row.inode)]]);
    const closed = once(free, "close");
    free.close();
    await closed;
  });
}

/** Sockets of another network namespace, held by processes that share them. */
async function loadElsewhere(sockets: number, processes: number): Promise<Load> {
  return await startLoad(await buildLoad(), { sockets, processes, share: true, newNamespace: true });
}

Deno.test("takeSnapshot() goes into every network namespace, sees all who share a socket, and comes back", async () => {
  await using load = await loadElsewhere(211, 2);
  const own = Deno.readLinkSync("/proc/thread-self/ns/net");
  const snapshot = takeSnapshot();
  assert.equal(Deno.readLinkSync("/proc/thread-self/ns/net"), own);
  const rows = snapshot.sockets.filter(({ netns }) => netns === load.netns);
  assert.deepEqual(snapshot.notObserved, []);
  assert.equal(rows.length, load.sockets);
  // Each part is held by the process that made it and by its child.
  for (const row of rows) assert.equal(row.holders.length, 2, JSON.stringify(row));
  assert.equal(new Set(rows.flatMap(({ holders }) => holders.map(({ tgid }) => tgid))).size, 4);
  assert.ok(findNetworkNamespaces().has(load.netns));
});

Deno.test("takeSnapshot() shows what ss shows, for every socket of a namespace", async () => {
  await using load = await loadElsewhere(997, 3);
  const rows = takeSnapshot().sockets.filter(({ netns }) => netns === load.netns);
  const ours = rows.map((row) => {
    const end = (endpoint: { ip: string; port: number } | undefined): string =>
      endpoint === undefined ? "0.0.0.0:*" : `${endpoint.ip}:${endpoint.port}`;
    const holders = row.holders.flatMap(({ tgid, fds }) => fds.map((fd) => `${tgid}/${fd}`)).sort();
    return `${row.protocol} ${end(row.local)} ${end(row.remote)} ${holders.join(",")}`;
  }).sort();
  const theirs = load.run("ss", "-H", "-tunap").trimEnd().split("\n").map((line) => {
    const [protocol, , , , local, remote] = line.split(/\s+/);
    const holders = [...line.matchAll(/pid=(\d+),fd=(\d+)/g)].map(([, pid, fd]) => `${pid}/${fd}`).sort();
    return `${protocol} ${local} ${remote} ${holders.join(",")}`;
  }).sort();
  assert.deepEqual(ours, theirs);
});

Deno.test("takeSnapshot() lists unix sockets with both ends, where asked to", async () => {
  const path = `${Deno.makeTempDirSync()}/socket`;
  using listener = Deno.listen({ transport: "unix", path });
  using _client = await Deno.connect({ transport: "unix", path });
  using _accepted = await listener.accept();
  const named = takeSnapshot({ unix: true }).sockets.filter((row) => row.path === path);
  Deno.removeSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  assert.deepEqual(named.map(({ state }) => state).sort(), ["established", "listen"]);
  for (const { holders, inode } of named) {
    assert.deepEqual(holders.map(({ tgid, fds }) => [tgid, fds]), [[Deno.pid, ownDescriptors(inode)]]);
  }
  const accepted = only(named, ({ state }) => state === "established");
  const client = only(takeSnapshot({ unix: true }).sockets, ({ peerInode }) => peerInode === accepted.inode);
  assert.equal(client.inode, accepted.peerInode);
  assert.ok(takeSnapshot().sockets.every(({ protocol }) => protocol !== "unix"));
});

Deno.test("takeSnapshot() leaves no descriptor and no program behind", () => {
  const descriptors = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  takeSnapshot();
  const before = descriptors();
  for (let round = 0; round < 3; round++) takeSnapshot();
  assert.equal(descriptors(), before);
});
