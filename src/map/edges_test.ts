import assert from "node:assert/strict";
import type { EdgeEvent } from "../events.ts";
import { EXAMPLE_PROCESS } from "../output/fields.ts";
import { type EdgeLimits, EdgeTable, type Observation } from "./edges.ts";

const CLOCK = { toRfc3339: (ns: number): string => `t${ns}` };

/** A connection of one process to 192.0.2.7 port 443, but for what is given. */
function seen(given: Partial<Observation> = {}): Observation {
  return {
    source: { ip: "10.0.0.1", process: EXAMPLE_PROCESS, netns: 1 },
    destination: { ip: "192.0.2.7" },
    transport: "tcp",
    port: 443,
    failed: false,
    error: undefined,
    open: false,
    preexisting: false,
    guessed: false,
    bytesSent: 10,
    bytesReceived: 100,
    firstNs: 5,
    lastNs: 6,
    name: undefined,
    ...given,
  };
}

/** Sums over all edges. */
function sums(edges: readonly EdgeEvent[]): number[] {
  return [
    edges.reduce((sum, { connections }) => sum + connections, 0),
    edges.reduce((sum, { failed }) => sum + failed, 0),
    edges.reduce((sum, { bytes_sent: sent }) => sum + sent, 0),
    edges.reduce((sum, { bytes_received: received }) => sum + received, 0),
  ];
}

function tableOf(observations: readonly Observation[], limits?: EdgeLimits): EdgeTable {
  const table = new EdgeTable(limits);
  for (const one of observations) table.add(one);
  return table;
}

Deno.test("EdgeTable sums the connections of an edge", () => {
  const table = tableOf([
    seen({ name: "example.com" }),
    seen({ firstNs: 2, lastNs: 9, open: true, preexisting: true, name: "www.example.com" }),
    seen({ failed: true, error: "ECONNREFUSED", bytesSent: 0, bytesReceived: 0 }),
    seen({ error: "reset", guessed: true }),
  ]);
  const [edge, ...others] = table.events(CLOCK, 10);
  assert.deepEqual(others, []);
  assert.deepEqual({ ...edge, source: edge?.source.kind }, {
    schema: "culprit/1",
    type: "edge",
    time: "t10",
    source: "process",
    destination: { kind: "address", ip: "192.0.2.7", names: ["example.com", "www.example.com"] },
    transport: "tcp",
    port: 443,
    connections: 3,
    failed: 1,
    open: 1,
    preexisting: 1,
    errors: { ECONNREFUSED: 1, reset: 1 },
    bytes_sent: 30,
    bytes_received: 300,
    first_seen: "t2",
    last_seen: "t9",
    direction_guessed: true,
  });
});

for (
  const [name, given] of [
    ["address", { destination: { ip: "192.0.2.8" } }],
    ["port", { port: 80 }],
    ["transport", { transport: "udp" }],
    ["namespace of the source", { source: { ip: "10.0.0.1", process: EXAMPLE_PROCESS, netns: 2 } }],
    ["direction", { source: { ip: "192.0.2.7" }, destination: { ip: "1", process: EXAMPLE_PROCESS, netns: 1 } }],
    ["unknown owner", { source: { ip: "10.0.0.1", process: "unknown", netns: 1 } }],
  ] as const
) {
  Deno.test(`EdgeTable keeps edges of another ${name} apart`, () => {
    assert.equal(tableOf([seen(), seen(given)]).size, 2);
  });
}

Deno.test("EdgeTable keeps the addresses between two processes", () => {
  const peer = { process: { ...EXAMPLE_PROCESS, exe: "/peer" }, netns: 2 };
  const table = tableOf(
    Array.from({ length: 70 }, (_, index) => seen({ destination: { ip: `10.0.1.${index}`, ...peer } })),
  );
  const [edge] = table.events(CLOCK, 10);
  assert.equal(table.size, 1);
  assert.deepEqual(edge?.source_ips, ["10.0.0.1"]);
  assert.equal(edge.destination_ips?.length, 64);
  assert.equal(edge.more_ips, true);
});

Deno.test("EdgeTable keeps 8 names of an address and says that there were more", () => {
  const table = tableOf(Array.from({ length: 9 }, (_, index) => seen({ name: `n${index}` })));
  const [edge] = table.events(CLOCK, 10);
  assert.equal(edge?.destination.names?.length, 8);
  assert.equal(edge.destination.more_names, true);
});

Deno.test("EdgeTable stays within its limits, counts what it joins and leaves nothing out of the sums", () => {
  const limits = { edges: 20, groups: 5 };
  const observations = Array.from({ length: 5000 }, (_, index) => {
    const process = { ...EXAMPLE_PROCESS, exe: `/bin/${index % 11}` };
    const own = { ip: "10.0.0.1", process, netns: 1 };
    const far = { ip: `192.0.${index % 250}.${index % 241}` };
    return seen({
      source: index % 3 === 0 ? far : own,
      destination: index % 3 === 0 ? own : far,
      port: index % 997,
      failed: index % 7 === 0,
      bytesSent: index,
    });
  });
  const table = tableOf(observations, limits);
  // Past twice the limit there is one edge for each group and direction.
  assert.ok(table.size <= 2 * limits.edges + 2 * (limits.groups + 1), `${table.size} edges`);
  assert.ok(table.merged > 4000, `${table.merged} joined`);
  const expected = [
    observations.filter(({ failed }) => !failed).length,
    observations.filter(({ failed }) => failed).length,
    observations.reduce((sum, { bytesSent }) => sum + bytesSent, 0),
    100 * observations.length,
  ];
  assert.deepEqual(sums(table.events(CLOCK, 10)), expected);
});

Deno.test("EdgeTable joins nothing as long as there is room", () => {
  const table = tableOf(Array.from({ length: 200 }, (_, index) => seen({ port: index })), { edges: 200, groups: 1 });
  assert.equal(table.size, 200);
  assert.equal(table.merged, 0);
});

Deno.test("EdgeTable tells the edges with most octets first", () => {
  const table = tableOf([seen({ port: 1 }), seen({ port: 2, bytesReceived: 1e6 }), seen({ port: 3, bytesSent: 500 })]);
  assert.deepEqual(table.events(CLOCK, 10).map(({ port }) => port), [2, 3, 1]);
});

Deno.test("EdgeTable counts lookups with the processes that asked", () => {
  const table = tableOf([seen()]);
  table.addLookup(EXAMPLE_PROCESS, 1);
  table.addLookup(EXAMPLE_PROCESS, 1);
  table.addLookup({ ...EXAMPLE_PROCESS, exe: "/other" }, 1);
  assert.equal(table.events(CLOCK, 10)[0]?.source.process?.lookups, 2);
});
