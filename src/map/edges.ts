/**
 * Joins connections to edges, bounded: beyond a number of edges the far ends of new ones are joined, which is counted.
 *
 * @module
 */

import type { Clock } from "../capture.ts";
import { type EdgeEvent, type MapEndInfo, type ProcessInfo, SCHEMA } from "../events.ts";
import { type ProcessGroup, ProcessGroups } from "./groups.ts";

/** Addresses kept of each end of an edge whose ends are both on this host. */
const MAX_IPS = 64;
/** DNS names kept of an address. */
const MAX_NAMES = 8;

/** One end of what was seen. */
export interface ObservedEnd {
  readonly ip: string;
  /** On this host: the process, or `unknown` where nobody knows whose it is. Undefined elsewhere. */
  readonly process?: ProcessInfo | "unknown" | undefined;
  /** With `process`: network namespace of the socket, inode number. */
  readonly netns?: number;
}

/** A connection, a flow, or an attempt, seen from the end that began. */
export interface Observation {
  readonly source: ObservedEnd;
  readonly destination: ObservedEnd;
  readonly transport: EdgeEvent["transport"];
  /** Port of the destination; 0 for none. */
  readonly port: number;
  /** It never came about. */
  readonly failed: boolean;
  /** Name of the errno that ended it, or how it ended; undefined for well. */
  readonly error: string | undefined;
  /** It lives at the end of the run. */
  readonly open: boolean;
  /** It is older than the run. */
  readonly preexisting: boolean;
  /** Nobody saw which end began. */
  readonly guessed: boolean;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** First and last time something was seen, ns. */
  readonly firstNs: number;
  readonly lastNs: number;
  /** DNS name the destination was got from. */
  readonly name: string | undefined;
}

/** How much is kept. */
export interface EdgeLimits {
  /** Edges; about 1 KiB each. */
  readonly edges: number;
  /** Process groups. */
  readonly groups: number;
}

/** Ten times what a person can look at. */
export const DEFAULT_LIMITS: EdgeLimits = { edges: 10_000, groups: 2_000 };

/** An end as edges hold it. */
interface End {
  readonly key: string;
  readonly kind: MapEndInfo["kind"];
  readonly group: ProcessGroup | undefined;
  readonly ip: string | undefined;
}

const UNKNOWN: End = { key: "unknown", kind: "unknown", group: undefined, ip: undefined };
const OTHER: End = { key: "other", kind: "other", group: undefined, ip: undefined };

/** An edge while it grows. */
interface Edge {
  readonly source: End;
  readonly destination: End;
  readonly transport: EdgeEvent["transport"];
  readonly port: number;
  readonly names: Set<string>;
  moreNames: boolean;
  readonly sourceIps: Set<string>;
  readonly destinationIps: Set<string>;
  moreIps: boolean;
  connections: number;
  failed: number;
  open: number;
  preexisting: number;
  readonly errors: Map<string, number>;
  bytesSent: number;
  bytesReceived: number;
  firstNs: number;
  lastNs: number;
  guessed: boolean;
}

/** Adds to a set that may not grow for ever; false when it is full. */
function addBounded(set: Set<string>, text: string, max: number): boolean {
  if (set.has(text)) return true;
  if (set.size >= max) return false;
  set.add(text);
  return true;
}

/** All edges of a run. */
export class EdgeTable {
  readonly #limits: EdgeLimits;
  readonly #groups: ProcessGroups;
  readonly #edges = new Map<string, Edge>();
  #merged = 0;

  /** @param limits how much to keep */
  constructor(limits: EdgeLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.#groups = new ProcessGroups(limits.groups);
  }

  /** Edges there are. */
  get size(): number {
    return this.#edges.size;
  }

  /** Connections and attempts that are counted in an edge with joined ends, because there were too many. */
  get merged(): number {
    return this.#merged;
  }

  /**
   * Counts what was seen.
   *
   * @param seen a connection, flow or attempt, once
   */
  add(seen: Observation): void {
    const edge = this.#edgeOf(seen);
    if (seen.failed) edge.failed++;
    else edge.connections++;
    if (seen.open) edge.open++;
    if (seen.preexisting) edge.preexisting++;
    if (seen.error !== undefined) edge.errors.set(seen.error, (edge.errors.get(seen.error) ?? 0) + 1);
    edge.bytesSent += seen.bytesSent;
    edge.bytesReceived += seen.bytesReceived;
    edge.firstNs = Math.min(edge.firstNs, seen.firstNs);
    edge.lastNs = Math.max(edge.lastNs, seen.lastNs);
    if (seen.guessed) edge.guessed = true;
    if (seen.name !== undefined && !addBounded(edge.names, seen.name, MAX_NAMES)) edge.moreNames = true;
    if (edge.source.ip === undefined && edge.destination.ip === undefined) {
      const fits = addBounded(edge.sourceIps, seen.source.ip, MAX_IPS);
      if (!addBounded(edge.destinationIps, seen.destination.ip, MAX_IPS) || !fits) edge.moreIps = true;
    }
  }

  /**
   * Counts a DNS question.
   *
   * @param process who asked
   * @param netns network namespace of its socket, inode number
   */
  addLookup(process: ProcessInfo, netns: number): void {
    const group = this.#groups.of(process, netns);
    if (group !== undefined) group.info.lookups++;
  }

  /**
   * Tells all edges.
   *
   * @param clock turns times into those of the wall
   * @param nowNs end of the run
   * @returns the edges, those with most octets first
   */
  events(clock: Clock, nowNs: number): EdgeEvent[] {
    const time = clock.toRfc3339(nowNs);
    const weight = (edge: Edge): number => edge.bytesSent + edge.bytesReceived;
    return [...this.#edges.values()]
      .sort((left, right) =>
        weight(right) - weight(left) || right.connections - left.connections || right.failed - left.failed
      )
      .map((edge) => edgeEvent(edge, clock, time));
  }

  #edgeOf(seen: Observation): Edge {
    const source = this.#endOf(seen.source);
    const destination = this.#endOf(seen.destination);
    const { transport, port } = seen;
    const tooMany = source === OTHER || destination === OTHER;
    if (tooMany) this.#merged++;
    const found = this.#edges.get(keyOf(source, destination, transport, port));
    if (found !== undefined) return found;
    if (this.#edges.size < this.#limits.edges) return this.#make(source, destination, seen, port);
    if (!tooMany) this.#merged++;
    // The end that varies is the far one: an address, else the destination.
    const ends = source.ip !== undefined ? [OTHER, destination] as const : [source, OTHER] as const;
    const joined = this.#edges.get(keyOf(...ends, transport, port));
    if (joined !== undefined) return joined;
    // Ports can be as many as addresses: past twice the limit they are joined too, then there is one edge for each group.
    if (this.#edges.size < 2 * this.#limits.edges) return this.#make(...ends, seen, port);
    return this.#edges.get(keyOf(...ends, transport, 0)) ?? this.#make(...ends, seen, 0);
  }

  #make(source: End, destination: End, { transport, firstNs, lastNs }: Observation, port: number): Edge {
    const edge: Edge = {
      source,
      destination,
      transport,
      port,
      names: new Set(),
      moreNames: false,
      sourceIps: new Set(),
      destinationIps: new Set(),
      moreIps: false,
      connections: 0,
      failed: 0,
      open: 0,
      preexisting: 0,
      errors: new Map(),
      bytesSent: 0,
      bytesReceived: 0,
      firstNs,
      lastNs,
      guessed: false,
    };
    this.#edges.set(keyOf(source, destination, transport, port), edge);
    return edge;
  }

  #endOf({ process, netns, ip }: ObservedEnd): End {
    if (process === undefined) return { key: ip, kind: "address", group: undefined, ip };
    if (process === "unknown") return UNKNOWN;
    const group = this.#groups.of(process, netns ?? 0);
    return group === undefined ? OTHER : { key: `#${group.id}`, kind: "process", group, ip: undefined };
  }
}

function keyOf(source: End, destination: End, transport: string, port: number): string {
  return `${source.key} ${destination.key} ${transport} ${port}`;
}

/** An end as events show it. */
function endInfo({ kind, group, ip }: End): MapEndInfo {
  if (group !== undefined) return { kind, process: group.info };
  return ip === undefined ? { kind } : { kind, ip };
}

/** An edge as events show it. */
function edgeEvent(edge: Edge, clock: Clock, time: string): EdgeEvent {
  const destination = endInfo(edge.destination);
  if (edge.names.size > 0) destination.names = [...edge.names];
  if (edge.moreNames) destination.more_names = true;
  const event: EdgeEvent = {
    schema: SCHEMA,
    type: "edge",
    time,
    source: endInfo(edge.source),
    destination,
    transport: edge.transport,
    port: edge.port,
    connections: edge.connections,
    failed: edge.failed,
    open: edge.open,
    preexisting: edge.preexisting,
    errors: Object.fromEntries(edge.errors),
    bytes_sent: edge.bytesSent,
    bytes_received: edge.bytesReceived,
    first_seen: clock.toRfc3339(edge.firstNs),
    last_seen: clock.toRfc3339(edge.lastNs),
  };
  if (edge.sourceIps.size > 0) {
    event.source_ips = [...edge.sourceIps];
    event.destination_ips = [...edge.destinationIps];
  }
  if (edge.moreIps) event.more_ips = true;
  if (edge.guessed) event.direction_guessed = true;
  return event;
}
