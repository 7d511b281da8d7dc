/**
 * Turns what the connection tracker tells into what edges are made of: each connection once, from the end that began,
 * with the octets of the run.
 *
 * @module
 */

import type { ConnectionFilter } from "../conns/filter.ts";
import type { Connection, ConnectionEventName } from "../conns/types.ts";
import type { ConnectionEvent, ProcessInfo } from "../events.ts";
import type { EventFilter } from "../output/filter.ts";
import type { EdgeTable, ObservedEnd } from "./edges.ts";
import { tcpCounterKey, type TcpCounters, type TcpCounterTable } from "./tcp_counters.ts";

/** What a gatherer needs to be given. */
export interface GathererSources {
  /** Makes the event of a connection, which names its processes. */
  readonly describe: (name: ConnectionEventName, connection: Connection, tsNs: number) => ConnectionEvent;
  /** Lets connections pass by address, port and protocol. */
  readonly passes: ConnectionFilter;
  /** Lets connections pass by process; undefined for all. */
  readonly passesEvent: EventFilter | undefined;
  /** Takes what was seen. */
  readonly edges: EdgeTable;
  /** Begin of the run, ns. */
  readonly startNs: number;
  /** What connections older than the run had moved before it. */
  readonly baseline: TcpCounterTable;
}

/** How sure an end is the one that began, surest first. */
function rank({ direction, localPort, remotePort }: Connection): number {
  if (direction === "outbound") return 0;
  if (direction === "inbound") return 3;
  // Nobody saw it: services have low ports.
  return localPort >= remotePort ? 1 : 2;
}

/** The process of an end, where one is known. */
function known(process: ProcessInfo | undefined): ProcessInfo | "unknown" {
  return process === undefined || process.pid === 0 ? "unknown" : process;
}

/** How a connection that came about ended badly. */
function badEnd({ end, error }: ConnectionEvent): string | undefined {
  if (end === "reset" || end === "timeout") return end;
  return end === "error" ? error ?? end : undefined;
}

/** How long an end waits for the other one to be accepted, ns: longer than the tracker holds back what nobody accepted. */
const ACCEPT_WAIT_NS = 300e6;

/** An end that waits. */
interface Waiting {
  readonly name: ConnectionEventName;
  readonly connection: Connection;
  readonly tsNs: number;
}

/** Gathers edges. */
export class Gatherer {
  readonly #sources: GathererSources;
  readonly #baseline: Map<string, TcpCounters>;
  /** Other ends, which the tracker forgets when it forgets either. */
  readonly #peers = new WeakMap<Connection, Connection>();
  /** What ended before its other end was accepted, by that end, oldest first. */
  readonly #waiting = new Map<Connection, Waiting>();
  #unread = 0;

  /** @param sources see {@linkcode GathererSources} */
  constructor(sources: GathererSources) {
    this.#sources = sources;
    this.#baseline = new Map(sources.baseline);
  }

  /** Living TCP connections whose octets could not be read: they ended as the run did, or their namespace is closed to us. */
  get unread(): number {
    return this.#unread;
  }

  /**
   * Takes what happened to a connection.
   *
   * @param name what
   * @param connection to whom
   * @param tsNs when
   */
  tell(name: ConnectionEventName, connection: Connection, tsNs: number): void {
    if (connection.peer !== undefined) this.#peers.set(connection, connection.peer);
    if (name === "accept" || name === "close") this.#resume(connection);
    if (name !== "close" && name !== "fail") return;
    const peer = connection.peer;
    if (peer?.direction === "inbound" && peer.users.length === 0 && peer.endNs === 0) {
      this.#waiting.set(peer, { name, connection, tsNs });
    } else {
      this.#take(name, connection, tsNs, false);
    }
  }

  /**
   * Takes what waited long enough.
   *
   * @param nowNs up to when all was told; Infinity for the end of the run
   */
  tick(nowNs: number): void {
    for (const [peer, { tsNs }] of this.#waiting) {
      if (tsNs + ACCEPT_WAIT_NS > nowNs) return;
      this.#resume(peer);
    }
  }

  /**
   * Takes what lives at the end of the run.
   *
   * @param connection a TCP connection or flow; listeners are passed over
   * @param counters what TCP connections moved so far
   * @param nowNs end of the run
   */
  tellOpen(connection: Connection, counters: TcpCounterTable, nowNs: number): void {
    if (connection.shape !== "connection") {
      this.#take("close", connection, nowNs, true);
      return;
    }
    const moved = counters.get(tcpCounterKey(connection));
    connection.bytesSent = moved?.sent ?? 0;
    connection.bytesReceived = moved?.received ?? 0;
    if (this.#take("close", connection, nowNs, true) && moved === undefined) this.#unread++;
  }

  #resume(peer: Connection): void {
    const waiting = this.#waiting.get(peer);
    if (waiting === undefined) return;
    this.#waiting.delete(peer);
    this.#take(waiting.name, waiting.connection, waiting.tsNs, false);
  }

  /** Makes it part of an edge; false when it is none, or its other end is to tell it. */
  #take(name: ConnectionEventName, connection: Connection, tsNs: number, isOpen: boolean): boolean {
    if (connection.shape === "listener" || connection.shape === "socket") return false;
    const peer = connection.peer ??= this.#peers.get(connection);
    if (peer !== undefined && (rank(connection) - rank(peer) || connection.id - peer.id) > 0) return false;
    if (!this.#sources.passes(name, connection)) return false;
    const event = this.#sources.describe(name, connection, tsNs);
    if (this.#sources.passesEvent?.(event) === false) return false;
    this.#observe(event, connection, peer, tsNs, isOpen);
    return true;
  }

  #observe(
    event: ConnectionEvent,
    connection: Connection,
    peer: Connection | undefined,
    tsNs: number,
    open: boolean,
  ): void {
    const own: ObservedEnd = { ip: connection.localIp, netns: connection.netns, process: known(event.process) };
    const far: ObservedEnd = peer === undefined
      ? { ip: connection.remoteIp }
      : { ip: connection.remoteIp, netns: peer.netns, process: known(event.peer_process) };
    const isForward = rank(connection) < 2;
    const before = this.#before(connection);
    const sent = Math.max(0, connection.bytesSent - before.sent);
    const received = Math.max(0, connection.bytesReceived - before.received);
    const failed = event.event === "fail";
    const lastNs = connection.endNs || tsNs;
    this.#sources.edges.add({
      source: isForward ? own : far,
      destination: isForward ? far : own,
      transport: connection.transport,
      port: isForward ? connection.remotePort : connection.localPort,
      failed,
      error: failed ? event.error ?? "unknown" : badEnd(event),
      open,
      preexisting: connection.preexisting,
      guessed: connection.direction === "unknown",
      bytesSent: isForward ? sent : received,
      bytesReceived: isForward ? received : sent,
      // What ended while the programs were being attached ended before the run began.
      firstNs: connection.preexisting ? Math.min(this.#sources.startNs, lastNs) : connection.startNs || tsNs,
      lastNs,
      name: event.destination_name?.name,
    });
  }

  /** What a connection had moved before the run. */
  #before(connection: Connection): TcpCounters {
    const nothing = { sent: 0, received: 0 };
    if (!connection.preexisting || connection.shape !== "connection") return nothing;
    const key = tcpCounterKey(connection);
    const before = this.#baseline.get(key);
    // The next connection with these addresses is another one.
    this.#baseline.delete(key);
    return before ?? nothing;
  }
}
