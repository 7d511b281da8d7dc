/**
 * A firewall policy that allows what was seen: rules as data, and what they would have blocked.
 *
 * @module
 */

import { parseAddress } from "../conns/filter.ts";
import type { EdgeEvent, MapEndInfo, MapProcessInfo } from "../events.ts";
import { endName, endText, processDetail } from "./text.ts";

/** Sources beyond which a port is taken for one that anybody may reach. */
export const PUBLIC_SOURCES = 64;

/** What a policy needs to know of the host. */
export interface PolicyHost {
  /** Network namespace the rules are for, inode number. */
  readonly netns: number;
  /** Whether an address is one of this host: traffic to it stays on loopback. */
  readonly isOwn: (ip: string) => boolean;
  /** Path of a cgroup as nftables takes it, below /sys/fs/cgroup; undefined where there is none now. */
  readonly cgroupPath: (cgroup: string) => string | undefined;
}

/** How a rule tells whose traffic it is. */
export type Owner =
  | { readonly by: "cgroup"; readonly path: string; readonly level: number }
  | { readonly by: "uid"; readonly uid: number };

/** Some traffic that is allowed. */
export interface PolicyRule {
  /** Of traffic that goes out; undefined on what comes in. */
  readonly owner: Owner | undefined;
  readonly transport: "tcp" | "udp" | "udplite";
  readonly port: number;
  /** Addresses of the far end, in the order they were seen. */
  readonly ips: Set<string>;
  /** The far end may be anywhere: there were too many addresses to keep. */
  anywhere: boolean;
  /** Who was seen. */
  readonly processes: Set<string>;
  readonly names: Set<string>;
  connections: number;
  bytes: number;
}

/** An edge that no rule allows. */
export interface BlockedEdge {
  readonly edge: EdgeEvent;
  readonly chain: "output" | "input";
  readonly reason: string;
}

/** A policy and what it leaves out. */
export interface Policy {
  readonly output: readonly PolicyRule[];
  readonly input: readonly PolicyRule[];
  readonly blocked: readonly BlockedEdge[];
  /** Edges within this host and namespace, allowed as a whole. */
  readonly local: number;
  /** Edges of other network namespaces, which these chains never see. */
  readonly elsewhere: number;
  /** Edges of raw sockets: of what they carry only ICMP is allowed. */
  readonly raw: number;
}

/** Where an edge passes. */
type Way = "output" | "input" | "local" | "elsewhere" | "raw" | "unknown" | "other";

function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}

/** Where the chains of a namespace see an edge. */
function wayOf({ source, destination, transport }: EdgeEvent, host: PolicyHost): Way {
  const isHere = ({ process }: MapEndInfo): boolean => process?.netns === host.netns;
  const isLocal = ({ ip }: MapEndInfo): boolean => ip !== undefined && (isLoopback(ip) || host.isOwn(ip));
  if (source.kind === "other" || destination.kind === "other") return "other";
  // Loopback of another namespace is not this one's.
  const known = [source, destination].filter(({ kind }) => kind === "process");
  if (known.length > 0 && !known.some(isHere)) return "elsewhere";
  if (source.kind === "unknown" || destination.kind === "unknown") return "unknown";
  if ([source, destination].every((end) => isHere(end) || isLocal(end))) return "local";
  if (transport === "raw" || transport === "icmp") return "raw";
  return isHere(source) ? "output" : "input";
}

/** Units whose cgroup is there as long as the host runs them; a user's come and go with logins. */
const LASTING_UNIT = /\.(?:service|socket)$/;
/** What may stand within quotes of nftables, which knows no escapes. */
const QUOTABLE = /^[A-Za-z0-9_.@:/-]+$/;

/** The narrowest owner that lasts, if one is known. */
function ownerOf(process: MapProcessInfo, host: PolicyHost): Owner | undefined {
  const { container, unit, cgroup, uid } = process;
  const isLasting = container !== undefined ||
    (unit !== undefined && LASTING_UNIT.test(unit) && !cgroup.startsWith("/user.slice/"));
  const path = isLasting ? host.cgroupPath(cgroup) : undefined;
  if (path === undefined || !QUOTABLE.test(path)) return uid === undefined ? undefined : { by: "uid", uid };
  return { by: "cgroup", path, level: cgroup.split("/").filter((part) => part !== "").length };
}

function ownerKey(owner: Owner | undefined): string {
  if (owner === undefined) return "";
  return owner.by === "cgroup" ? `cgroup ${owner.path}` : `uid ${owner.uid}`;
}

/** Addresses of the far end; undefined where they are not all known. */
function farIps(edge: EdgeEvent, way: "output" | "input"): readonly string[] | undefined {
  const end = way === "output" ? edge.destination : edge.source;
  const ips = end.ip !== undefined ? [end.ip] : way === "output" ? edge.destination_ips : edge.source_ips;
  if (ips === undefined || edge.more_ips === true) return undefined;
  // They are written by the kernel as numbers; what is none has no place in rules.
  return ips.filter((ip) => parseAddress(ip) !== undefined);
}

/** Rules while they are made. */
class Rules {
  readonly all = new Map<string, PolicyRule>();
  readonly #host: PolicyHost;
  readonly #way: "output" | "input";

  constructor(host: PolicyHost, way: "output" | "input") {
    this.#host = host;
    this.#way = way;
  }

  /** Allows an edge. */
  add(edge: EdgeEvent): void {
    const { owner, key, transport } = this.#place(edge);
    let rule = this.all.get(key);
    if (rule === undefined) {
      const sets = { ips: new Set<string>(), processes: new Set<string>(), names: new Set<string>() };
      rule = { owner, transport, port: edge.port, anywhere: false, connections: 0, bytes: 0, ...sets };
      this.all.set(key, rule);
    }
    const ips = farIps(edge, this.#way);
    if (ips === undefined) rule.anywhere = true;
    for (const ip of ips ?? []) rule.ips.add(ip);
    if (this.#way === "input" && rule.ips.size > PUBLIC_SOURCES) rule.anywhere = true;
    const { process } = this.#way === "output" ? edge.source : edge.destination;
    if (process !== undefined) rule.processes.add(`${process.exe} (${processDetail(process)})`);
    for (const name of edge.destination.names ?? []) rule.names.add(name);
    rule.connections += edge.connections;
    rule.bytes += edge.bytes_sent + edge.bytes_received;
  }

  /** Whether a rule allows an edge, whoever it was made for. */
  allows(edge: EdgeEvent): boolean {
    const rule = this.all.get(this.#place(edge).key);
    if (rule === undefined) return false;
    return rule.anywhere || farIps(edge, this.#way)?.every((ip) => rule.ips.has(ip)) === true;
  }

  #place(edge: EdgeEvent): { owner: Owner | undefined; key: string; transport: PolicyRule["transport"] } {
    const { process } = edge.source;
    const owner = this.#way === "output" && process !== undefined ? ownerOf(process, this.#host) : undefined;
    const transport = edge.transport === "udp" || edge.transport === "udplite" ? edge.transport : "tcp";
    return { owner, key: `${ownerKey(owner)}\0${transport}\0${edge.port}`, transport };
  }

  /** By owner, then by port. */
  sorted(): PolicyRule[] {
    return [...this.all.values()].sort((left, right) =>
      compareText(ownerKey(left.owner), ownerKey(right.owner)) || left.port - right.port ||
      compareText(left.transport, right.transport)
    );
  }
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Why an edge was not reason enough for a rule. */
function reasonOf({ connections, failed }: EdgeEvent, minCount: number): string {
  if (connections === 0) return `never came about in ${failed} ${failed === 1 ? "attempt" : "attempts"}`;
  return `came about ${connections} times, less than ${minCount}`.replace(" 1 times", " once");
}

/**
 * Makes a policy of edges.
 *
 * @param edges all of a run
 * @param minCount connections an edge needs to be allowed, 1 or more
 * @param host what the rules are for
 * @returns rules, and what they would have blocked
 */
export function makePolicy(edges: readonly EdgeEvent[], minCount: number, host: PolicyHost): Policy {
  const rules = { output: new Rules(host, "output"), input: new Rules(host, "input") };
  const counts = { local: 0, elsewhere: 0, raw: 0 };
  const blocked: BlockedEdge[] = [];
  const rare: BlockedEdge[] = [];
  for (const edge of edges) {
    const way = wayOf(edge, host);
    // Nobody knows which chain: the source is where a rule would have to tell the owner.
    const chain = edge.source.kind === "address" ? "input" : "output";
    if (way === "local" || way === "elsewhere" || way === "raw") counts[way]++;
    else if (way === "unknown") blocked.push({ edge, chain, reason: "nobody knows whose it is" });
    else if (way === "other") blocked.push({ edge, chain, reason: "its ends were joined, there were too many" });
    else if (edge.connections >= minCount) rules[way].add(edge);
    else rare.push({ edge, chain: way, reason: reasonOf(edge, minCount) });
  }
  // What is rare may pass by a rule that others earned.
  for (const one of rare) if (!rules[one.chain].allows(one.edge)) blocked.push(one);
  return { output: rules.output.sorted(), input: rules.input.sorted(), blocked, ...counts };
}

/**
 * An edge in words, for lists of what would have been blocked.
 *
 * @param edge an edge
 * @returns for example `curl (root) to 192.0.2.7`
 */
export function edgeText({ source, destination }: EdgeEvent): string {
  return `${source.kind === "process" ? endText(source) : endName(source)} to ${endText(destination)}`;
}
