/**
 * The chain through resolvers on this host: for whom one of them asks upstream, and whether it had to ask at all.
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import { nameKey } from "../dns/mod.ts";
import type { DnsMessage } from "../dns/types.ts";
import { OpenQuestions } from "./open_questions.ts";
import { isSameProcess } from "./retries.ts";
import type { Entry } from "./table.ts";
import type { ClientOfResolver } from "./types.ts";

/** Processes that answer queries on this host. */
const RESOLVERS_MAX = 64;

/** Names of upstream queries remembered per resolver, with their ancestors. */
const NAMES_MAX = 8192;

/** Answers and questions of one message that are looked at. */
const ITEMS_MAX = 64;

/** Processes whose parent is remembered. */
const PARENTS_MAX = 4096;

const FLAG_AA = 0x0400;
const FLAG_TC = 0x0200;
const FLAG_RA = 0x0080;
const RCODE_NOERROR = 0;
const RCODE_NXDOMAIN = 3;
const TYPE_CNAME = 5;
const TYPE_DNAME = 39;

/** When a resolver last asked, or was told, about a name. */
interface Activity {
  /** About the name itself, ns. */
  selfNs: number;
  /** About a name below it, ns. */
  belowNs: number;
}

/** A process that answers queries. */
export interface Resolver {
  owner: PacketOwner;
  /** It was seen asking upstream in the clear: only of such one can it be said that it did not ask. */
  hasAsked: boolean;
  names: Map<string, Activity>;
  /** What was before was forgotten, ns. */
  forgottenNs: number;
}

/** Follows the resolvers of this host. */
export class ResolverChain {
  readonly #byPid = new Map<number, Resolver>();
  readonly #open = new OpenQuestions();
  readonly #parentOf: ((owner: PacketOwner, tsNs: number) => number) | undefined;
  /** Parents of processes that ask, by pid. */
  readonly #parents = new Map<number, { startTimeNs: number; parent: number }>();

  /**
   * Starts with no resolver.
   *
   * @param parentOf pid of who forked a process; undefined where that is not known
   */
  constructor(parentOf?: (owner: PacketOwner, tsNs: number) => number) {
    this.#parentOf = parentOf;
  }

  /**
   * A query reached a process of this host: it serves, and this question is open at it.
   *
   * @param entry open, with its server known
   */
  clientAsks(entry: Entry): void {
    const { server } = entry;
    if (server === undefined || entry.openAt !== undefined) return;
    this.#open.add(entry, this.#register(server));
  }

  /** A query is open no more. */
  clientServed(entry: Entry): void {
    this.#open.remove(entry);
  }

  /**
   * A process of this host sends a query: if it is a resolver, on whose behalf?
   *
   * @param entry of the query, with its client known
   * @returns the local client that has the same question open; undefined when there is none
   */
  resolverAsks(entry: Entry): ClientOfResolver | undefined {
    const resolver = this.#findAsking(entry.client, entry.firstNs);
    if (resolver === undefined) return undefined;
    resolver.hasAsked = true;
    this.#note(resolver, entry.query.toSeen().message, entry.firstNs);
    let found: Entry | undefined;
    let count = 0;
    for (const asking of this.#open.same(entry, resolver)) {
      count++;
      // A resolver that asks itself is not its own client.
      if (asking.client !== undefined && !isSameProcess(asking.client, resolver.owner)) found ??= asking;
      if (found !== undefined && count > 1) break;
    }
    if (found?.client === undefined) return undefined;
    return { owner: found.client, tsNs: found.firstNs, confidence: count === 1 ? "exact" : "likely" };
  }

  /**
   * A process of this host was sent a response, or sent a query again: if it is a resolver, it just dealt with the name.
   *
   * @param owner the process
   * @param message the message
   * @param tsNs when it was seen, ns
   */
  resolverHears(owner: PacketOwner | undefined, message: DnsMessage, tsNs: number): void {
    const resolver = this.#findAsking(owner, tsNs);
    if (resolver !== undefined) this.#note(resolver, message, tsNs);
  }

  /** Whether a process is one of the resolvers. */
  isResolver(owner: PacketOwner | undefined): boolean {
    return this.#find(owner) !== undefined;
  }

  /** Whether a process asks as one of the resolvers, or was forked by one. */
  asksUpstream(owner: PacketOwner | undefined, tsNs: number): boolean {
    return this.#findAsking(owner, tsNs) !== undefined;
  }

  /**
   * Whether a resolver answered from what it knew: a positive or NXDOMAIN answer, not of its own authority, while it
   * dealt upstream neither with the name nor with any name in the answer, nor with their parents and children.
   *
   * @param entry of the client's query, with its server known
   * @param response its answer
   * @returns false also when there is no telling
   */
  isFromCache(entry: Entry, response: DnsMessage): boolean {
    const resolver = this.#find(entry.server);
    if (resolver === undefined || !resolver.hasAsked || !entry.hasQuery) return false;
    if (response.opcode !== 0 || (response.flags & (FLAG_AA | FLAG_TC | FLAG_RA)) !== FLAG_RA) return false;
    if (response.rcode !== RCODE_NOERROR && response.rcode !== RCODE_NXDOMAIN) return false;
    const since = entry.firstNs;
    if (resolver.forgottenNs >= since) return false;
    const names = new Set(response.questions.map(({ name }) => nameKey(name)));
    if (response.answers.length > ITEMS_MAX) return false;
    for (const { name, type, data } of response.answers) {
      names.add(nameKey(name));
      if (type === TYPE_CNAME || type === TYPE_DNAME) names.add(nameKey(data));
    }
    for (const name of names) if (isBusy(resolver, name, since)) return false;
    return true;
  }

  /** The resolver a process is. */
  #find(owner: PacketOwner | undefined): Resolver | undefined {
    if (owner === undefined) return undefined;
    const resolver = this.#byPid.get(owner.tgid);
    return resolver !== undefined && isSameProcess(resolver.owner, owner) ? resolver : undefined;
  }

  /**
   * The resolver for which a process asks: itself, or the parent. dnsmasq forks for each TCP connection, after it was
   * accepted: the question is open at the parent, and the child asks upstream.
   */
  #findAsking(owner: PacketOwner | undefined, tsNs: number): Resolver | undefined {
    if (owner === undefined || this.#byPid.size === 0) return undefined;
    const self = this.#find(owner);
    if (self !== undefined || this.#parentOf === undefined) return self;
    let known = this.#parents.get(owner.tgid);
    if (known?.startTimeNs !== owner.startTimeNs) {
      if (this.#parents.size >= PARENTS_MAX) this.#parents.clear();
      known = { startTimeNs: owner.startTimeNs, parent: this.#parentOf(owner, tsNs) };
      this.#parents.set(owner.tgid, known);
    }
    const parent = known === undefined ? undefined : this.#byPid.get(known.parent);
    // Who had the pid later did not fork it.
    return parent !== undefined && parent.owner.startTimeNs <= owner.startTimeNs ? parent : undefined;
  }

  /** Makes a process one of the resolvers. */
  #register(owner: PacketOwner): Resolver {
    const known = this.#find(owner);
    if (known !== undefined) return known;
    if (this.#byPid.size >= RESOLVERS_MAX) {
      for (const pid of this.#byPid.keys()) {
        this.#byPid.delete(pid);
        break;
      }
    }
    const resolver: Resolver = { owner, hasAsked: false, names: new Map(), forgottenNs: -Infinity };
    this.#byPid.set(owner.tgid, resolver);
    return resolver;
  }

  /** Notes that a resolver dealt with the names asked for. */
  #note(resolver: Resolver, message: DnsMessage, tsNs: number): void {
    for (const { name } of message.questions.slice(0, ITEMS_MAX)) {
      const { names } = resolver;
      if (names.size >= NAMES_MAX) {
        names.clear();
        resolver.forgottenNs = tsNs;
      }
      const key = nameKey(name);
      activityOf(names, key).selfNs = tsNs;
      for (const parent of parents(key)) activityOf(names, parent).belowNs = tsNs;
    }
  }
}

/** Whether a resolver dealt with a name, a parent or a child of it since a time. */
function isBusy(resolver: Resolver, name: string, since: number): boolean {
  const own = resolver.names.get(name);
  if (own !== undefined && (own.selfNs >= since || own.belowNs >= since)) return true;
  return parents(name).some((parent) => (resolver.names.get(parent)?.selfNs ?? -Infinity) >= since);
}

/** What is known of a name, from now on. */
function activityOf(names: Map<string, Activity>, name: string): Activity {
  const known = names.get(name);
  if (known !== undefined) return known;
  const activity = { selfNs: -Infinity, belowNs: -Infinity };
  names.set(name, activity);
  return activity;
}

/** The names above a name, the root last; dots within labels are written `\.` and divide nothing. */
function parents(name: string): string[] {
  if (name === ".") return [];
  const found: string[] = [];
  for (let index = 0; index < name.length; index++) {
    const character = name[index];
    if (character === "\\") index++;
    else if (character === ".") found.push(name.slice(index + 1));
  }
  found.push(".");
  return found;
}
