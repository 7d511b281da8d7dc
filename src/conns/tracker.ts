/**
 * Follows connections, flows and listeners from what the connection sensor tells.
 *
 * Events are held back for a moment, so that they can name what the kernel tells only afterwards: who accepted the
 * other end of a new connection, or why a connect failed. What has ended is kept for a while, bounded.
 *
 * @module
 */

import { CONN_FLAG, CONN_KIND, CONN_STATE } from "../../bpf/conn/layout.gen.ts";
import { FollowedConnection } from "./_connection.ts";
import { endOf, takeEnding } from "./_end.ts";
import { EndedConnections, MAX_ENDED } from "./_ended.ts";
import { Flows } from "./_flows.ts";
import { ListenerIndex } from "./_listeners.ts";
import { Missed } from "./_missed.ts";
import { PeerIndex } from "./_peers.ts";
import { countedOf, flowsOf, livingOf, makeSocket, SOCK_STREAM, type Socket } from "./_socket.ts";
import { Users } from "./_users.ts";
import { WaitingEvents } from "./_waiting.ts";
import type {
  Connection,
  ConnectionCounts,
  ConnectionEnd,
  ConnectionEventName,
  ConnectionRecord,
  ConnectionTrackerOptions,
  CountedConnection,
  Survivors,
  TaskIdentity,
} from "./types.ts";

/** How long events wait for what belongs to them, ns: longer than two turns of a busy reader. */
const SETTLE_NS = 30e6;
/** Sockets remembered at most: as many as in the kernel's map `conn_sockets`, which tells of the rest as lost. */
const MAX_SOCKETS = 262_144;
/** How long the end of a connection that nobody accepted waits for accept(2), which may come after it. */
const ACCEPT_GRACE_NS = 200e6;

/** Follows connections. See the module's description. */
export class ConnectionTracker {
  readonly #options: ConnectionTrackerOptions;
  readonly #sockets = new Map<string, Socket>();
  readonly #peers = new PeerIndex();
  readonly #listeners = new ListenerIndex();
  readonly #flows: Flows;
  readonly #waiting: WaitingEvents;
  readonly #ended: EndedConnections;
  #lastId = 0;
  #records = 0;
  readonly #missed = new Missed();
  readonly #users: Users;

  /** @param options see {@linkcode ConnectionTrackerOptions} */
  constructor(options: ConnectionTrackerOptions) {
    this.#options = options;
    this.#users = new Users(options, this.#missed);
    this.#ended = new EndedConnections((options.keepMs ?? 300_000) * 1e6, options.maxEnded ?? MAX_ENDED);
    this.#waiting = new WaitingEvents(({ name, connection, tsNs, key }) => {
      // Not before: until now accept(2) could still return it.
      if (key !== undefined && this.#sockets.get(key)?.connection === connection) this.#sockets.delete(key);
      if (name === "close") this.#missed.closed(connection);
      options.onEvent(name, connection, tsNs);
    });
    this.#flows = new Flows({
      counters: options.counters,
      idleNs: (options.idleMs ?? 30_000) * 1e6,
      onEnd: (flow, endNs, end, nowNs) => {
        this.#peers.remove(flow);
        this.#end(flow, endNs, end, 0);
        this.#wait("close", flow, nowNs, 0);
      },
    });
  }

  /** What was counted so far. */
  get counts(): ConnectionCounts {
    return {
      records: this.#records,
      living: this.#peers.size + this.#listeners.size,
      kept: this.#ended.size,
      evicted: this.#ended.evicted,
      missed: this.#missed.counts,
    };
  }

  /**
   * All connections, flows and listeners that live.
   *
   * @returns each once
   */
  *living(): Generator<Connection, void, undefined> {
    for (const socket of this.#sockets.values()) yield* livingOf(socket);
  }

  /**
   * What lives and moves octets, with what its counters in the kernel are found by.
   *
   * @returns each connection and flow once
   */
  *counted(): Generator<CountedConnection, void, undefined> {
    for (const socket of this.#sockets.values()) yield* countedOf(socket);
  }

  /**
   * The TCP connection of a socket.
   *
   * @param key of a record
   * @returns it; undefined when none is known
   */
  connectionOf(key: string): Connection | undefined {
    return this.#sockets.get(key)?.connection;
  }

  /**
   * Connections that have ended and are still kept.
   *
   * @returns each once, oldest end first
   */
  ended(): Iterable<Connection> {
    return this.#ended.all();
  }

  /**
   * Takes a record of the sensor.
   *
   * @param record decoded; kept
   */
  record(record: ConnectionRecord): void {
    this.#records++;
    // What was there before is told at once and first: now the listeners are known, too.
    if (record.kind !== CONN_KIND.HOLDER) this.#listeners.decide();
    switch (record.kind) {
      case CONN_KIND.OPEN:
        return this.#onOpen(record);
      case CONN_KIND.FAIL:
        return this.#onFail(record);
      case CONN_KIND.PASSIVE:
        return this.#onPassive(record);
      case CONN_KIND.ACCEPT:
        return this.#onAccept(record);
      case CONN_KIND.LISTEN:
        return this.#onListen(record);
      case CONN_KIND.BIND:
        return this.#onBind(record);
      case CONN_KIND.USER:
        return this.#onUser(record);
      case CONN_KIND.USAGE:
        return this.#onUsage(record);
      case CONN_KIND.CLOSE:
        return this.#onClose(record);
      case CONN_KIND.HOLDER:
        return this.#onHolder(record);
      case CONN_KIND.FLOW:
        return this.#onFlow(record);
      case CONN_KIND.RELEASE:
        return this.#onRelease(record);
    }
  }

  /**
   * Tells events whose wait is over, ends idle flows, forgets what was kept long enough.
   *
   * @param nowNs up to when all records were handed over
   */
  tick(nowNs: number): void {
    this.#waiting.release(nowNs);
    this.#listeners.decide();
    this.#flows.endIdle(nowNs);
    this.#ended.expire(nowNs);
  }

  /**
   * Tells everything that waits; what lives stays open. What should live and does not has ended without being told.
   *
   * @param survivors what lives, read before the last records were handed over; undefined where that is not known
   */
  finish(survivors?: Survivors): void {
    this.#waiting.release(Infinity);
    if (survivors === undefined) return;
    for (const [key, socket] of this.#sockets) {
      const { birthNs, connection } = socket;
      // Without a birth: waited to be accepted before culprit came, of which the kernel side knows nothing.
      if (connection === undefined || connection.end !== undefined || birthNs === 0) continue;
      if (birthNs >= survivors.atNs || survivors.birthsNs.get(key) === birthNs) continue;
      this.#sockets.delete(key);
      this.#forget(socket, survivors.atNs);
    }
  }

  #onOpen(record: ConnectionRecord): void {
    const before = this.#sockets.get(record.key);
    const wasConnecting = before?.birthNs === record.birthNs && before.connection !== undefined;
    const socket = this.#newSocket(record);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = record.openedNs > 0 || wasConnecting ? "outbound" : "unknown";
    connection.startNs = record.openedNs;
    connection.establishedNs = record.establishedNs;
    if (record.task !== undefined) this.#users.add(socket, record.task, "opener", record.openedNs);
    this.#peers.add(connection);
    this.#wait("open", connection, record.establishedNs, SETTLE_NS);
  }

  #onFail(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    this.#sockets.delete(record.key);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = "outbound";
    connection.startNs = record.openedNs;
    if (record.task !== undefined) this.#users.add(socket, record.task, "opener", record.tsNs);
    this.#end(connection, record.tsNs, "failed", record.error);
    this.#wait("fail", connection, record.tsNs, 0);
  }

  #onPassive(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = "inbound";
    connection.startNs = record.establishedNs;
    connection.establishedNs = record.establishedNs;
    this.#peers.add(connection);
  }

  #onAccept(record: ConnectionRecord): void {
    if (record.task === undefined) return;
    let socket = this.#sockets.get(record.key);
    let connection = socket?.connection;
    if (socket === undefined || connection === undefined) {
      // Reset while it waited, and told already.
      if (record.oldState === CONN_STATE.CLOSE) return;
      // Its end may have gone unseen. If it lives, who holds it is told next.
      if (record.tsNs < (this.#options.sinceNs ?? 0)) return;
      // It waited to be accepted before culprit came, or the record of its beginning was lost.
      socket = this.#newSocket(record);
      connection = this.#newConnection("connection", record, socket);
      connection.preexisting = true;
      this.#peers.add(connection);
    }
    connection.direction = "inbound";
    this.#accepted(connection, socket, record.task, record.tsNs);
  }

  #accepted(connection: FollowedConnection, socket: Socket, task: TaskIdentity, tsNs: number): void {
    this.#users.add(socket, task, "acceptor", tsNs);
    if (connection.acceptedNs > 0) return;
    connection.acceptedNs = tsNs;
    this.#wait("accept", connection, tsNs, 0);
  }

  #onListen(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    const listener = this.#newConnection("listener", record, socket);
    listener.direction = "none";
    listener.startNs = record.tsNs;
    if (record.task !== undefined) this.#users.add(socket, record.task, "opener", record.tsNs);
    this.#listeners.add(listener);
    this.#wait("listen", listener, record.tsNs, 0);
  }

  #onBind(record: ConnectionRecord): void {
    if (record.task === undefined) return;
    // A TCP socket that is only bound has no life worth following: it goes on to listen or connect.
    if (record.socketType !== SOCK_STREAM) this.#users.add(this.#newSocket(record), record.task, "opener", record.tsNs);
    // Not the socket above: who bound it is told, not who uses it until then.
    const socket = makeSocket(record);
    const bound = new FollowedConnection(++this.#lastId, "socket", record, socket);
    this.#users.add(socket, record.task, "opener", record.tsNs);
    bound.direction = "none";
    bound.startNs = record.tsNs;
    this.#wait("bind", bound, record.tsNs, 0);
  }

  #onUser(record: ConnectionRecord): void {
    const socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs || record.task === undefined) return;
    this.#users.add(socket, record.task, "user", record.tsNs);
    (socket.uncounted ??= new Set()).add(record.task.tgid);
    const { connection } = socket;
    // Accepted by other means than accept(2): io_uring.
    if (
      connection !== undefined && connection.direction === "inbound" && connection.acceptedNs === 0 &&
      !connection.preexisting
    ) this.#accepted(connection, socket, record.task, record.tsNs);
  }

  #onUsage(record: ConnectionRecord): void {
    const socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs || record.task === undefined) return;
    this.#users.credit(socket, record.task, record, record.tsNs);
  }

  #onClose(record: ConnectionRecord): void {
    let socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs) {
      // Its beginning was before culprit came, or lost; or it was accepted before, which is told without a birth.
      const isSame = socket?.connection !== undefined && socket.birthNs === 0;
      if (!isSame || socket === undefined) socket = this.#newSocket(record);
      else socket.birthNs = record.birthNs;
    }
    let { connection } = socket;
    if (connection === undefined) {
      connection = this.#newConnection("connection", record, socket);
      connection.preexisting = true;
      // Its SYN was seen and not that it was answered.
      if (record.openedNs > 0) this.#missed.opening();
    }
    if (connection.end !== undefined) return;
    this.#users.takeLast(socket, record);
    if (connection.shape === "connection") this.#peers.remove(connection);
    else this.#listeners.remove(connection);
    if (connection.localPort === 0) connection.setTuple(record);
    const closer = record.task && this.#users.addCloser(socket, record.task, record.tsNs);
    takeEnding(connection.ending, record, closer);
    this.#end(connection, record.tsNs, endOf(record), record.error);
    const isWaiting = connection.direction === "inbound" && connection.acceptedNs === 0 && !connection.preexisting;
    this.#wait("close", connection, record.tsNs, isWaiting ? ACCEPT_GRACE_NS : 0, record.key);
  }

  #onHolder(record: ConnectionRecord): void {
    if (record.task === undefined) return;
    let socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs) {
      socket = this.#newSocket(record);
      if (record.socketType === SOCK_STREAM && record.oldState !== CONN_STATE.CLOSE) {
        const isListener = record.oldState === CONN_STATE.LISTEN;
        const connection = this.#newConnection(isListener ? "listener" : "connection", record, socket);
        if (isListener) {
          connection.direction = "none";
          this.#listeners.add(connection);
        } else {
          this.#peers.add(connection);
          this.#listeners.decideLater(connection);
        }
      }
    }
    this.#users.add(socket, record.task, "holder", record.tsNs);
  }

  #onFlow(record: ConnectionRecord): void {
    let socket = this.#sockets.get(record.key);
    const isIngress = (record.flags & CONN_FLAG.INGRESS) !== 0;
    if (socket === undefined || socket.birthNs !== record.birthNs) {
      socket = this.#newSocket(record);
      if (record.task !== undefined) this.#users.add(socket, record.task, "opener", record.tsNs);
    } else if (!isIngress && record.task !== undefined) {
      this.#users.add(socket, record.task, "user", record.tsNs);
    }
    const flow = this.#flows.begin(++this.#lastId, record, socket);
    flow.direction = isIngress ? "inbound" : "outbound";
    this.#peers.add(flow);
    this.#wait("open", flow, record.tsNs, SETTLE_NS);
  }

  #onRelease(record: ConnectionRecord): void {
    const socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs) return;
    this.#sockets.delete(record.key);
    if (socket.firstFlow === undefined) return;
    this.#users.take(socket);
    const closer = record.task && this.#users.addCloser(socket, record.task, record.tsNs);
    for (const flow of flowsOf(socket)) {
      flow.ending.closer = closer;
      this.#flows.end(flow, record.tsNs, "released");
    }
  }

  #end(connection: FollowedConnection, tsNs: number, end: ConnectionEnd, error: number): void {
    connection.end = end;
    connection.ending.endNs = tsNs;
    connection.ending.error = error;
    this.#ended.add(connection);
  }

  /** Begins a socket; what lived under its address before has ended without being told, unless it is the same. */
  #newSocket(record: ConnectionRecord): Socket {
    const before = this.#sockets.get(record.key);
    const socket = makeSocket(record);
    // Held while it connected: that was told first.
    if (before !== undefined && before.birthNs === record.birthNs) this.#supplant(before, socket);
    else if (before !== undefined) this.#forget(before, record.tsNs);
    else if (this.#sockets.size >= (this.#options.maxSockets ?? MAX_SOCKETS)) this.#forgetOldest(record.tsNs);
    this.#sockets.set(record.key, socket);
    return socket;
  }

  #supplant({ connection, users }: Socket, socket: Socket): void {
    if (connection?.shape === "connection") this.#peers.remove(connection);
    socket.users = users;
  }

  #forgetOldest(tsNs: number): void {
    for (const [key, socket] of this.#sockets) {
      this.#missed.socket();
      this.#sockets.delete(key);
      return this.#forget(socket, tsNs);
    }
  }

  #forget(socket: Socket, tsNs: number): void {
    const { connection } = socket;
    if (connection !== undefined && connection.end === undefined) {
      this.#missed.end();
      if (connection.shape === "connection") this.#peers.remove(connection);
      else this.#listeners.remove(connection);
      this.#end(connection, tsNs, "closed", 0);
    }
    for (const flow of flowsOf(socket)) this.#flows.end(flow, tsNs, "released");
  }

  #newConnection(shape: "connection" | "listener", record: ConnectionRecord, socket: Socket): FollowedConnection {
    return socket.connection = new FollowedConnection(++this.#lastId, shape, record, socket);
  }

  /**
   * Who listens where a connection that nobody accepted came in.
   *
   * @param connection an inbound connection
   * @returns the listener; undefined when none is known, or several share the port
   */
  listenerOf(connection: Connection): Connection | undefined {
    return this.#listeners.find(connection);
  }

  #wait(name: ConnectionEventName, connection: Connection, tsNs: number, delayNs: number, key?: string): void {
    this.#waiting.add({ name, connection, tsNs, dueNs: tsNs + delayNs, key });
  }
}
