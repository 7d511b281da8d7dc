/**
 * Edges as nodes and links of a picture: few enough to look at. What does not fit is joined into nodes that say how many
 * they stand for; no connection and no octet is left out of the sums.
 *
 * @module
 */

import type { EdgeEvent, MapEndInfo } from "../events.ts";
import { escapeTerminal } from "../output/escape.ts";
import { endName, portText, processDetail } from "./text.ts";

/** Where a node belongs: senders elsewhere, processes of this host, receivers elsewhere. */
export type NodeSide = "source" | "process" | "destination";

/** Something that talks. */
export interface GraphNode {
  /** `n1` and so on: free of anything a process could choose. */
  readonly id: string;
  readonly side: NodeSide;
  readonly name: string;
  /** What tells it from others of this name; empty for nothing. */
  readonly detail: string;
  /** Protocols and ports it is talked to at, most octets first. */
  readonly ports: readonly string[];
  /** All that is known of it, by line. */
  readonly facts: readonly string[];
  /** It stands for so many; 1 for itself. */
  readonly count: number;
  readonly bytes: number;
  readonly connections: number;
}

/** All edges between two nodes. */
export interface GraphLink {
  readonly source: GraphNode;
  readonly target: GraphNode;
  readonly ports: readonly string[];
  readonly connections: number;
  readonly failed: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** How many edges it stands for. */
  readonly edges: number;
}

/** A picture. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly links: readonly GraphLink[];
  /** The nodes of each edge, in the order of the edges. */
  readonly ends: readonly (readonly [source: GraphNode, target: GraphNode])[];
}

/** How much a picture may hold. */
export interface GraphLimits {
  /** Nodes of each side, joined ones not counted. */
  readonly nodes: number;
  readonly links: number;
}

/** A node that is being made. */
interface Draft {
  readonly side: NodeSide;
  readonly end: MapEndInfo;
  readonly ips: Set<string>;
  readonly ports: Map<string, number>;
  bytes: number;
  connections: number;
  failed: number;
}

function keyOf({ kind, process, ip, names }: MapEndInfo, side: NodeSide): string {
  if (process === undefined) return [side, kind, names?.[0] ?? ip ?? ""].join("\0");
  const { name, exe, cgroup, container, uid, netns } = process;
  return ["", name, exe, cgroup, container?.id ?? "", uid, netns].join("\0");
}

function sideOf({ kind }: MapEndInfo, side: "source" | "destination"): NodeSide {
  return kind === "process" || kind === "unknown" ? "process" : side;
}

/** Nodes of all edges by key. */
class Drafts {
  readonly all = new Map<string, Draft>();

  of(end: MapEndInfo, which: "source" | "destination", edge: EdgeEvent): Draft {
    const side = sideOf(end, which);
    const key = keyOf(end, side);
    let draft = this.all.get(key);
    if (draft === undefined) {
      draft = { side, end, ips: new Set(), ports: new Map(), bytes: 0, connections: 0, failed: 0 };
      this.all.set(key, draft);
    }
    const bytes = edge.bytes_sent + edge.bytes_received;
    draft.bytes += bytes;
    draft.connections += edge.connections;
    draft.failed += edge.failed;
    if (end.ip !== undefined) draft.ips.add(end.ip);
    if (which === "destination") {
      const port = portText(edge);
      draft.ports.set(port, (draft.ports.get(port) ?? 0) + bytes);
    }
    return draft;
  }
}

/** Heaviest first. */
function compareDrafts(left: Draft, right: Draft): number {
  return right.bytes - left.bytes || right.connections - left.connections || right.failed - left.failed;
}

/** Keys of a map of numbers, largest first. */
function sortedKeys(map: ReadonlyMap<string, number>): string[] {
  return [...map].sort(([, left], [, right]) => right - left).map(([key]) => key);
}

function detailOf({ end, ips }: Draft): string {
  if (end.process !== undefined) return processDetail(end.process);
  if (end.names === undefined) return "";
  return ips.size === 1 ? escapeTerminal([...ips][0] ?? "") : `${ips.size} addresses`;
}

/** Addresses told in full. */
const MAX_IPS_TOLD = 8;

function factsOf(draft: Draft): string[] {
  const { end: { process, names, more_names: more }, ips } = draft;
  const facts: string[] = [];
  if (process !== undefined) {
    facts.push(`executable ${process.exe}`);
    if (process.unit !== undefined) facts.push(`unit ${process.unit}`);
    if (process.container !== undefined) facts.push(`container ${process.container.runtime} ${process.container.id}`);
    facts.push(`user ${process.user ?? "unknown"} (${process.uid ?? "unknown"})`, `network namespace ${process.netns}`);
    facts.push(`pid ${process.pids.join(", ")}${process.more_pids === true ? " and more" : ""}`);
    if (process.lookups > 0) facts.push(`${process.lookups} DNS lookups`);
  }
  if (names !== undefined) facts.push(`name ${names.join(", ")}${more === true ? " and more" : ""}`);
  if (ips.size > 0) {
    const told = [...ips].slice(0, MAX_IPS_TOLD).join(", ");
    facts.push(`address ${told}${ips.size > MAX_IPS_TOLD ? ` and ${ips.size - MAX_IPS_TOLD} more` : ""}`);
  }
  return facts.map(escapeTerminal);
}

/** What joined nodes are called. */
const JOINED: Readonly<Record<NodeSide, readonly [one: string, many: string]>> = {
  source: ["more source", "more sources"],
  process: ["more process group", "more process groups"],
  destination: ["more destination", "more destinations"],
};

/** Turns drafts into nodes; those past the limit of their side into one. */
function makeNodes(drafts: readonly Draft[], limit: number): Map<Draft, GraphNode> {
  const made = new Map<Draft, GraphNode>();
  let number = 0;
  for (const side of ["source", "process", "destination"] as const) {
    const sorted = drafts.filter((draft) => draft.side === side).sort(compareDrafts);
    // One that is left over is itself as small as the node that would stand for it.
    const kept = sorted.length === limit + 1 ? sorted.length : Math.min(limit, sorted.length);
    for (const draft of sorted.slice(0, kept)) {
      made.set(draft, {
        id: `n${++number}`,
        side,
        name: endName(draft.end),
        detail: detailOf(draft),
        ports: sortedKeys(draft.ports),
        facts: factsOf(draft),
        count: 1,
        bytes: draft.bytes,
        connections: draft.connections,
      });
    }
    const rest = sorted.slice(kept);
    if (rest.length > 0) { for (const [draft, node] of joinNodes(rest, side, ++number)) made.set(draft, node); }
  }
  return made;
}

function joinNodes(rest: readonly Draft[], side: NodeSide, number: number): [Draft, GraphNode][] {
  const ports = new Map<string, number>();
  for (const draft of rest) for (const [port, bytes] of draft.ports) ports.set(port, (ports.get(port) ?? 0) + bytes);
  const node: GraphNode = {
    id: `n${number}`,
    side,
    name: `and ${rest.length} ${JOINED[side][rest.length === 1 ? 0 : 1]}`,
    detail: "each in the table",
    ports: sortedKeys(ports),
    facts: [],
    count: rest.length,
    bytes: rest.reduce((sum, { bytes }) => sum + bytes, 0),
    connections: rest.reduce((sum, { connections }) => sum + connections, 0),
  };
  return rest.map((draft) => [draft, node]);
}

/** All edges between the same two nodes as one. */
function makeLinks(edges: readonly EdgeEvent[], ends: Graph["ends"]): GraphLink[] {
  const groups = new Map<string, { edges: EdgeEvent[]; source: GraphNode; target: GraphNode }>();
  for (const [index, [source, target]] of ends.entries()) {
    const edge = edges[index];
    if (edge === undefined) continue;
    const key = `${source.id} ${target.id}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { edges: [edge], source, target });
    else group.edges.push(edge);
  }
  return [...groups.values()].map(({ edges, source, target }) => {
    const ports = new Map<string, number>();
    const sums = { connections: 0, failed: 0, bytesSent: 0, bytesReceived: 0 };
    for (const edge of edges) {
      sums.connections += edge.connections;
      sums.failed += edge.failed;
      sums.bytesSent += edge.bytes_sent;
      sums.bytesReceived += edge.bytes_received;
      const port = portText(edge);
      ports.set(port, (ports.get(port) ?? 0) + edge.bytes_sent + edge.bytes_received);
    }
    return { source, target, ports: sortedKeys(ports), edges: edges.length, ...sums };
  });
}

/**
 * Makes a picture of edges.
 *
 * @param edges all of a run
 * @param limits how much it may hold; nodes become fewer until the links do
 * @returns nodes, links and which edge is where
 */
export function buildGraph(edges: readonly EdgeEvent[], limits: GraphLimits): Graph {
  const drafts = new Drafts();
  const draftEnds = edges.map((edge) =>
    [
      drafts.of(edge.source, "source", edge),
      drafts.of(edge.destination, "destination", edge),
    ] as const
  );
  for (let limit = limits.nodes;; limit = Math.floor(limit * 0.8)) {
    const made = makeNodes([...drafts.all.values()], limit);
    const ends: (readonly [GraphNode, GraphNode])[] = [];
    for (const [source, destination] of draftEnds) {
      const [from, to] = [made.get(source), made.get(destination)];
      if (from !== undefined && to !== undefined) ends.push([from, to]);
    }
    const links = makeLinks(edges, ends);
    if (links.length <= limits.links || limit <= 1) return { nodes: [...new Set(made.values())], links, ends };
  }
}
