import assert from "node:assert/strict";
import { addressEnd, edge, fewEdges, hostileEdges, manyEdges, processEnd } from "./_testing.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { layOut, SIZES } from "./layout.ts";

const LIMITS = { nodes: 26, links: 200 };

/** Sums that must not depend on what is joined. */
function sums({ links }: Graph): number[] {
  return [
    links.reduce((sum, { edges }) => sum + edges, 0),
    links.reduce((sum, { connections }) => sum + connections, 0),
    links.reduce((sum, { failed }) => sum + failed, 0),
    links.reduce((sum, { bytesSent, bytesReceived }) => sum + bytesSent + bytesReceived, 0),
  ];
}

Deno.test("buildGraph() joins edges between the same two ends", () => {
  const graph = buildGraph([edge({ port: 80 }), edge({ port: 443, bytes_sent: 5000, failed: 2 })], LIMITS);
  assert.equal(graph.nodes.length, 2);
  const [link, ...others] = graph.links;
  assert.deepEqual(others, []);
  assert.deepEqual(link?.ports, ["tcp/443", "tcp/80"]);
  assert.equal(link.connections, 2);
  assert.equal(link.failed, 2);
  assert.deepEqual(link.target.ports, ["tcp/443", "tcp/80"]);
});

Deno.test("buildGraph() shows addresses of one name as one", () => {
  const ends = ["192.0.2.1", "192.0.2.2"].map((ip) => edge({ destination: addressEnd(ip, "example.com") }));
  const { nodes } = buildGraph([...ends, edge({ destination: addressEnd("192.0.2.3") })], LIMITS);
  assert.deepEqual(nodes.filter(({ side }) => side === "destination").map(({ name, detail }) => [name, detail]), [
    ["example.com", "2 addresses"],
    ["192.0.2.3", ""],
  ]);
});

Deno.test("buildGraph() makes one node of a process that asks and is asked", () => {
  const { nodes, links } = buildGraph(fewEdges(), LIMITS);
  assert.deepEqual(nodes.map(({ side, name }) => `${side} ${name}`), [
    "source 203.0.113.9",
    "process nginx",
    "process postgres",
    "destination api.example.com",
  ]);
  assert.equal(links.length, 3);
});

for (const count of [3, 300, 3000]) {
  Deno.test(`buildGraph() of ${count} edges stays within limits and leaves nothing out of the sums`, () => {
    const edges = manyEdges(count);
    const graph = buildGraph(edges, LIMITS);
    for (const side of ["source", "process", "destination"]) {
      assert.ok(graph.nodes.filter((node) => node.side === side).length <= LIMITS.nodes + 1);
    }
    assert.ok(graph.links.length <= LIMITS.links);
    assert.equal(graph.ends.length, edges.length);
    assert.deepEqual(sums(graph), sums(buildGraph(edges, { nodes: 1e6, links: 1e6 })));
    const ids = new Set(graph.nodes.map(({ id }) => id));
    assert.equal(ids.size, graph.nodes.length);
    for (const [source, target] of graph.ends) assert.ok(ids.has(source.id) && ids.has(target.id));
  });
}

Deno.test("buildGraph() says how many a joined node stands for", () => {
  const edges = Array.from({ length: 10 }, (_, index) => edge({ destination: addressEnd(`192.0.2.${index}`) }));
  const named = (limit: number): string[] =>
    buildGraph(edges, { nodes: limit, links: 100 }).nodes.filter(({ count }) => count > 1).map(({ name }) => name);
  assert.deepEqual(named(8), ["and 2 more destinations"]);
  // A node that stands for one would take the place of that one.
  assert.deepEqual(named(9), []);
});

Deno.test("buildGraph() gives nodes ids that no process chooses", () => {
  for (const { id } of buildGraph(hostileEdges(), LIMITS).nodes) assert.match(id, /^n\d+$/);
});

/** Columns by name of process. */
function columns(graph: Graph): Record<string, number> {
  return Object.fromEntries(layOut(graph, 0).nodes.map(({ node, column }) => [node.name, column]));
}

/** An edge from one service to another. */
function call(from: string, to: string): ReturnType<typeof edge> {
  return edge({ source: processEnd({ name: from }), destination: processEnd({ name: to }) });
}

Deno.test("layOut() places who is asked right of who asks", () => {
  assert.deepEqual(columns(buildGraph(fewEdges(), LIMITS)), {
    "203.0.113.9": 0,
    nginx: 1,
    postgres: 2,
    "api.example.com": 3,
  });
});

for (
  const [name, calls, expected] of [
    ["a chain longer than there are columns", ["a b", "b c", "c d", "d e"], { a: 0, b: 1, c: 2, d: 2, e: 2 }],
    ["a circle", ["a b", "b a"], { a: 0, b: 1 }],
    ["a circle that is entered", ["x a", "a b", "b a"], { x: 0, a: 1, b: 2 }],
    ["one that talks to itself", ["a a"], { a: 0 }],
  ] as const
) {
  Deno.test(`layOut() copes with ${name}`, () => {
    const edges = calls.map((pair) => {
      const [from = "", to = ""] = pair.split(" ");
      return call(from, to);
    });
    const graph = buildGraph(edges, LIMITS);
    assert.deepEqual(columns(graph), expected);
    for (const { path } of layOut(graph, 0).links) assert.match(path, /^M[-\d. C]+$/);
  });
}

for (const [name, edges] of [["3", fewEdges()], ["300", manyEdges(300)], ["hostile", hostileEdges()]] as const) {
  Deno.test(`layOut() of ${name} edges: boxes do not touch, links end at their boxes, all is within the picture`, () => {
    const { nodes, links, width, height } = layOut(buildGraph(edges, LIMITS), 30);
    for (const box of nodes) {
      assert.ok(box.x >= 0 && box.x + SIZES.nodeWidth <= width && box.y >= 30 && box.y + box.height <= height);
      for (const other of nodes) {
        if (other === box || other.column !== box.column) continue;
        assert.ok(other.y >= box.y + box.height + SIZES.rowGap || box.y >= other.y + other.height + SIZES.rowGap);
      }
    }
    for (const { link, path, width: thickness } of links) {
      const numbers = path.match(/[\d.]+/g)?.map(Number) ?? [];
      assert.ok(numbers.length >= 8 && numbers.every(Number.isFinite), path);
      const [from, to] = [link.source, link.target].map((node) => nodes.find((box) => box.node === node));
      const [x1 = 0, y1 = 0] = numbers;
      const [x2 = 0, y2 = 0] = numbers.slice(-2);
      assert.ok(from !== undefined && Math.abs(x1 - from.x - SIZES.nodeWidth) < 0.1);
      assert.ok(y1 >= from.y - 0.1 && y1 <= from.y + from.height + 0.1);
      assert.ok(to !== undefined && (Math.abs(x2 - to.x) < 0.1 || Math.abs(x2 - to.x - SIZES.nodeWidth) < 0.1));
      assert.ok(y2 >= to.y - 0.1 && y2 <= to.y + to.height + 12.1);
      assert.ok(thickness >= SIZES.thin && thickness <= SIZES.thick + 0.01);
    }
  });
}
