import assert from "node:assert/strict";
import { task } from "../conns/_testing.ts";
import type { Connection, ConnectionEventName, ConnectionUser } from "../conns/types.ts";
import { type EdgeEvent, SCHEMA } from "../events.ts";
import { EXAMPLE_PROCESS } from "../output/fields.ts";
import { EdgeTable } from "./edges.ts";
import { Gatherer, type GathererSources } from "./gatherer.ts";
import { tcpCounterKey } from "./tcp_counters.ts";

const CLOCK = { toRfc3339: (ns: number): string => `t${ns}` };
let lastId = 0;

/** A connection of process 7, outbound from 10.0.0.1 port 1000 to 10.0.0.2 port 80, but for what is given. */
function connection(given: Partial<Connection> = {}): Connection {
  return {
    id: ++lastId,
    shape: "connection",
    transport: "tcp",
    protocol: 6,
    netns: 1,
    family: "ipv4",
    mapped: false,
    localIp: "10.0.0.1",
    localPort: 1000,
    remoteIp: "10.0.0.2",
    remotePort: 80,
    direction: "outbound",
    state: "closed",
    preexisting: false,
    startNs: 3,
    establishedNs: 3,
    acceptedNs: 0,
    endNs: 5,
    end: "closed",
    error: 0,
    closedBy: undefined,
    bytesSent: 11,
    bytesReceived: 22,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    sendSequence: 0,
    receiveSequence: 0,
    users: [
      { task: task(7), process: EXAMPLE_PROCESS, appearedNs: 0, roles: ["opener"], bytesSent: 0, bytesReceived: 0 },
    ],
    closer: undefined,
    peer: undefined,
    ...given,
  };
}

/** The other end of a connection, on this host. */
function peerOf(one: Connection, given: Partial<Connection> = {}): Connection {
  const peer = connection({
    direction: "inbound",
    localIp: one.remoteIp,
    localPort: one.remotePort,
    remoteIp: one.localIp,
    remotePort: one.localPort,
    bytesSent: 22,
    bytesReceived: 11,
    ...given,
  });
  peer.peer = one;
  one.peer = peer;
  return peer;
}

/** A gatherer with the edges it makes. */
function gather(given: Partial<GathererSources> = {}): { gatherer: Gatherer; edges: () => EdgeEvent[] } {
  const table = new EdgeTable();
  const gatherer = new Gatherer({
    describe: (name: ConnectionEventName, { peer, users, error, end, ...rest }) => ({
      schema: SCHEMA,
      type: "connection",
      time: "t0",
      event: name,
      process: users[0]?.process ?? { ...EXAMPLE_PROCESS, pid: 0 },
      attribution: "opener",
      ...(peer === undefined ? {} : { peer_process: peer.users[0]?.process ?? { ...EXAMPLE_PROCESS, pid: 0 } }),
      ...(error === 0 ? {} : { error: "EOOPS" }),
      ...(end === "reset" ? { end } : {}),
      connection: {
        id: rest.id,
        transport: rest.transport,
        protocol: 6,
        family: "ipv4",
        local: { ip: rest.localIp, port: rest.localPort },
        netns: rest.netns,
      },
    }),
    passes: () => true,
    passesEvent: undefined,
    edges: table,
    startNs: 1,
    baseline: new Map(),
    ...given,
  });
  return { gatherer, edges: () => table.events(CLOCK, 10) };
}

/** What the tests look at. */
function brief({ source, destination, port, connections, failed, bytes_sent, bytes_received }: EdgeEvent): string {
  const end = ({ kind, ip }: EdgeEvent["source"]): string => ip ?? kind;
  return `${end(source)} > ${end(destination)} ${port}: ${connections}+${failed} ${bytes_sent}/${bytes_received}`;
}

Deno.test("Gatherer counts a connection when it ends", () => {
  const { gatherer, edges } = gather();
  const one = connection();
  gatherer.tell("open", one, 3);
  assert.deepEqual(edges(), []);
  gatherer.tell("close", one, 5);
  assert.deepEqual(edges().map(brief), ["process > 10.0.0.2 80: 1+0 11/22"]);
});

Deno.test("Gatherer turns a connection that came in around", () => {
  const { gatherer, edges } = gather();
  gatherer.tell("close", connection({ direction: "inbound", localPort: 443, remotePort: 5000 }), 5);
  assert.deepEqual(edges().map(brief), ["10.0.0.2 > process 443: 1+0 22/11"]);
});

for (const first of ["client", "server"] as const) {
  Deno.test(`Gatherer counts a connection with both ends here once, if the ${first} closes first`, () => {
    const { gatherer, edges } = gather();
    const client = connection();
    const server = peerOf(client);
    for (const one of first === "client" ? [client, server] : [server, client]) gatherer.tell("close", one, 5);
    assert.deepEqual(edges().map(brief), ["process > process 80: 1+0 11/22"]);
  });
}

Deno.test("Gatherer remembers the other end after the tracker forgot it", () => {
  const { gatherer, edges } = gather();
  const client = connection();
  const server = peerOf(client);
  gatherer.tell("open", client, 3);
  gatherer.tell("accept", server, 3);
  gatherer.tell("close", client, 5);
  client.peer = undefined;
  server.peer = undefined;
  gatherer.tell("close", server, 900);
  assert.deepEqual(edges().map(brief), ["process > process 80: 1+0 11/22"]);
});

Deno.test("Gatherer waits for who accepts the other end, but not for ever", () => {
  const { gatherer, edges } = gather();
  const client = connection();
  const users: ConnectionUser[] = [];
  const server = peerOf(client, { users, endNs: 0 });
  gatherer.tell("close", client, 5);
  assert.deepEqual(edges(), []);
  users.push(...client.users);
  gatherer.tell("accept", server, 6);
  assert.deepEqual(edges().map(brief), ["process > process 80: 1+0 11/22"]);

  const other = connection();
  peerOf(other, { users: [], endNs: 0 });
  gatherer.tell("close", other, 7);
  gatherer.tick(7 + 299e6);
  assert.equal(edges()[0]?.connections, 1);
  gatherer.tick(7 + 300e6);
  assert.deepEqual(edges().map(brief), ["process > process 80: 1+0 11/22", "process > unknown 80: 1+0 11/22"]);
});

Deno.test("Gatherer counts what failed, and why connections ended badly", () => {
  const { gatherer, edges } = gather();
  gatherer.tell("fail", connection({ error: 111, bytesSent: 0, bytesReceived: 0 }), 5);
  gatherer.tell("close", connection({ end: "reset", error: 104 }), 5);
  assert.deepEqual(edges().map(brief), ["process > 10.0.0.2 80: 1+1 11/22"]);
  assert.deepEqual(edges()[0]?.errors, { EOOPS: 1, reset: 1 });
});

Deno.test("Gatherer counts only the octets of the run", () => {
  const old = connection({ preexisting: true, startNs: 0, bytesSent: 1011, bytesReceived: 2022 });
  const baseline = new Map([[tcpCounterKey(old), { sent: 1000, received: 2000 }]]);
  const { gatherer, edges } = gather({ baseline });
  gatherer.tell("close", old, 5);
  // The next one with these addresses is another one.
  gatherer.tell("close", connection({ preexisting: true, bytesSent: 5, bytesReceived: 5 }), 6);
  assert.deepEqual(edges().map(brief), ["process > 10.0.0.2 80: 2+0 16/27"]);
  assert.equal(edges()[0]?.preexisting, 2);
  assert.equal(edges()[0]?.first_seen, "t1");
});

Deno.test("Gatherer tells no connection that was last seen before it was first seen", () => {
  const { gatherer, edges } = gather({ startNs: 9 });
  gatherer.tell("close", connection({ preexisting: true, startNs: 0, endNs: 5 }), 10);
  assert.deepEqual(edges().map(({ first_seen, last_seen }) => [first_seen, last_seen]), [["t5", "t5"]]);
});

Deno.test("Gatherer takes the octets of living connections from the kernel, and counts those it cannot", () => {
  const { gatherer, edges } = gather();
  const living = connection({ endNs: 0, bytesSent: 0, bytesReceived: 0 });
  const gone = connection({ endNs: 0, bytesSent: 0, bytesReceived: 0, localPort: 1001 });
  const counters = new Map([[tcpCounterKey(living), { sent: 70, received: 80 }]]);
  for (const one of [living, gone]) gatherer.tellOpen(one, counters, 10);
  gatherer.tellOpen(connection({ shape: "listener" }), counters, 10);
  assert.deepEqual(edges().map(brief), ["process > 10.0.0.2 80: 2+0 70/80"]);
  assert.equal(edges()[0]?.open, 2);
  assert.equal(edges()[0]?.last_seen, "t10");
  assert.equal(gatherer.unread, 1);
});

for (
  const [name, localPort, remotePort, expected] of [
    ["low port here", 22, 50000, "10.0.0.2 > process 22: 1+0 22/11"],
    ["low port there", 50000, 22, "process > 10.0.0.2 22: 1+0 11/22"],
  ] as const
) {
  Deno.test(`Gatherer guesses the direction nobody saw: ${name}`, () => {
    const { gatherer, edges } = gather();
    gatherer.tell("close", connection({ direction: "unknown", localPort, remotePort }), 5);
    assert.deepEqual(edges().map(brief), [expected]);
    assert.equal(edges()[0]?.direction_guessed, true);
  });
}

Deno.test("Gatherer passes over listeners, binds and what filters keep out", () => {
  const { gatherer, edges } = gather({ passes: (_, { remotePort }) => remotePort !== 81 });
  gatherer.tell("close", connection({ shape: "listener" }), 5);
  gatherer.tell("bind", connection({ shape: "socket" }), 5);
  gatherer.tell("close", connection({ remotePort: 81 }), 5);
  const byProcess = gather({ passesEvent: () => false });
  byProcess.gatherer.tell("close", connection(), 5);
  assert.deepEqual([...edges(), ...byProcess.edges()], []);
});
