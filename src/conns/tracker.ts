/**
 * Follows connections, flows and listeners from what the connection sensor tells.
 *
 * Events are held back for a moment, so that they can name what the kernel tells only afterwards: who accepted the
 * other end of a new connection, or why a connect failed. What has ended is kept for a while, bounded.
 *
 * @module
 */

import { CONN_FLAG, CONN_KIND, CONN_STATE } from "../../bpf/conn/layout.gen.ts";
import { socketBytes } from "../../bpf/conn/sensor.ts";
import { addUser, makeConnection, setTuple } from "./_connection.ts";
import { closedBy, endOf } from "./_end.ts";
import { EndedConnections } from "./_ended.ts";
import { ListenerIndex } from "./_listeners.ts";
import { PeerIndex } from "./_peers.ts";
import { type Flow, makeSocket, SOCK_STREAM, type Socket } from "./_socket.ts";
import { type WaitingEvent, WaitingEvents } from "./_waiting.ts";
import type {
  Connection,
  ConnectionCounts,
  ConnectionEnd,
  ConnectionEventName,
  ConnectionRecord,
  ConnectionTrackerOptions,
  ConnectionUser,
  CountedConnection,
  TaskIdentity,
} from "./types.ts";

/** How long events wait for what belongs to them, ns: longer than two turns of a busy reader. */
const SETTLE_NS = 30e6;
/** How long the end of a connection that nobody accepted waits for accept(2), which may come after it. */
const ACCEPT_GRACE_NS = 200e6;

/** Follows connections. See the module's description. */
export class ConnectionTracker {
  readonly #options: ConnectionTrackerOptions;
  readonly #idleNs: number;
  readonly #sockets = new Map<string, Socket>();
  readonly #peers = new PeerIndex();
  readonly #listeners = new ListenerIndex();
  /** Flows in the order in which they are to be looked at. */
  readonly #idle = new Set<Flow>();
  readonly #waiting = new WaitingEvents();
  readonly #ended: EndedConnections;
  /** Connections older than culprit of which it is not yet clear who began. */
  #undecided: Connection[] = [];
  #lastId = 0;
  #records = 0;
  #endsMissed = 0;

  /** @param options see {@linkcode ConnectionTrackerOptions} */
  constructor(options: ConnectionTrackerOptions) {
    this.#options = options;
    this.#idleNs = (options.idleMs ?? 30_000) * 1e6;
    this.#ended = new EndedConnections((options.keepMs ?? 300_000) * 1e6, options.maxEnded ?? 20_000);
  }

  /** What was counted so far. */
  get counts(): ConnectionCounts {
    return {
      records: this.#records,
      living: this.#peers.size + this.#listeners.size,
      kept: this.#ended.size,
      evicted: this.#ended.evicted,
      endsMissed: this.#endsMissed,
    };
  }

  /**
   * All connections, flows and listeners that live.
   *
   * @returns each once
   */
  *living(): Generator<Connection, void, undefined> {
    for (const { connection, flows } of this.#sockets.values()) {
      if (connection !== undefined && connection.endNs === 0) yield connection;
      if (flows !== undefined) { for (const flow of flows.values()) yield flow.connection; }
    }
  }

  /**
   * What lives and moves octets, with what its counters in the kernel are found by.
   *
   * @returns each connection and flow once
   */
  *counted(): Generator<CountedConnection, void, undefined> {
    for (const { key, birthNs, connection, flows, uncounted } of this.#sockets.values()) {
      if (connection?.shape === "connection" && connection.endNs === 0) {
        yield { connection, key, socketBytes: socketBytes(key, birthNs), uncounted, record: undefined };
      }
      if (flows === undefined) continue;
      const bytes = socketBytes(key, birthNs);
      for (const flow of flows.values()) {
        yield { connection: flow.connection, key, socketBytes: bytes, uncounted: undefined, record: flow.record };
      }
    }
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
    if (record.kind !== CONN_KIND.HOLDER && this.#undecided.length > 0) this.#inferDirections();
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
    this.#waiting.release(nowNs, this.#tell);
    if (this.#undecided.length > 0) this.#inferDirections();
    this.#endIdle(nowNs);
    this.#ended.expire(nowNs);
  }

  /** Tells everything that waits; what lives stays open. */
  finish(): void {
    this.#waiting.release(Infinity, this.#tell);
  }

  // ---- records ----

  #onOpen(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = record.openedNs > 0 ? "outbound" : "unknown";
    connection.startNs = record.openedNs;
    connection.establishedNs = record.establishedNs;
    if (record.task !== undefined) this.#addUser(socket, record.task, "opener", record.openedNs);
    this.#peers.add(connection);
    this.#wait("open", connection, record.establishedNs, SETTLE_NS);
  }

  #onFail(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    this.#sockets.delete(record.key);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = "outbound";
    connection.startNs = record.openedNs;
    if (record.task !== undefined) this.#addUser(socket, record.task, "opener", record.tsNs);
    this.#end(connection, record.tsNs, "failed", record.error);
    this.#wait("fail", connection, record.tsNs, 0);
  }

  #onPassive(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    const connection = this.#newConnection("connection", record, socket);
    connection.direction = "inbound";
    connection.startNs = connection.establishedNs = record.establishedNs;
    this.#peers.add(connection);
  }

  #onAccept(record: ConnectionRecord): void {
    if (record.task === undefined) return;
    let socket = this.#sockets.get(record.key);
    let connection = socket?.connection;
    if (socket === undefined || connection === undefined) {
      // Reset while it waited, and told already.
      if (record.oldState === CONN_STATE.CLOSE) return;
      // It waited to be accepted before culprit came, or the record of its beginning was lost.
      socket = this.#newSocket(record);
      connection = this.#newConnection("connection", record, socket);
      connection.preexisting = true;
      this.#peers.add(connection);
    }
    connection.direction = "inbound";
    this.#accepted(connection, socket, record.task, record.tsNs);
  }

  #accepted(connection: Connection, socket: Socket, task: TaskIdentity, tsNs: number): void {
    this.#addUser(socket, task, "acceptor", tsNs);
    if (connection.acceptedNs > 0) return;
    connection.acceptedNs = tsNs;
    this.#wait("accept", connection, tsNs, 0);
  }

  #onListen(record: ConnectionRecord): void {
    const socket = this.#newSocket(record);
    const listener = this.#newConnection("listener", record, socket);
    listener.direction = "none";
    listener.state = "listening";
    listener.startNs = record.tsNs;
    if (record.task !== undefined) this.#addUser(socket, record.task, "opener", record.tsNs);
    this.#listeners.add(listener);
    this.#wait("listen", listener, record.tsNs, 0);
  }

  #onBind(record: ConnectionRecord): void {
    if (record.task === undefined) return;
    // A TCP socket that is only bound has no life worth following: it goes on to listen or connect.
    const isStream = record.socketType === SOCK_STREAM;
    const socket = isStream ? makeSocket(record) : this.#newSocket(record);
    const bound = makeConnection(++this.#lastId, "socket", record, []);
    bound.users.push(this.#addUser(socket, record.task, "opener", record.tsNs));
    bound.direction = "none";
    bound.state = "bound";
    bound.startNs = record.tsNs;
    this.#wait("bind", bound, record.tsNs, 0);
  }

  #onUser(record: ConnectionRecord): void {
    const socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs || record.task === undefined) return;
    this.#addUser(socket, record.task, "user", record.tsNs);
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
    const user = this.#addUser(socket, record.task, "user", record.tsNs);
    user.bytesSent += record.bytesSent;
    user.bytesReceived += record.bytesReceived;
    socket.uncounted?.delete(record.task.tgid);
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
    }
    if (connection.endNs > 0) return;
    this.#takeUsage(socket);
    if (record.task !== undefined && record.usageSent + record.usageReceived > 0) {
      const user = this.#addUser(socket, record.task, "user", record.tsNs);
      user.bytesSent += record.usageSent;
      user.bytesReceived += record.usageReceived;
      socket.uncounted?.delete(record.task.tgid);
    }
    const [only] = socket.users;
    // A run of the program that counts can be left out by the kernel; what one process alone sent is known all the same.
    if (only !== undefined && socket.users.length === 1 && only.bytesSent < record.bytesSent) {
      only.bytesSent = record.bytesSent;
    }
    if (connection.shape === "connection") this.#peers.remove(connection);
    else this.#listeners.remove(connection);
    if (connection.localPort === 0) setTuple(connection, record);
    if (record.task !== undefined) {
      connection.closer = this.#addUser(socket, record.task, "closer", record.tsNs);
      if (connection.closer.process.unknown_reason !== undefined) {
        connection.closer.process = this.#options.resolve(record.task, record.tsNs);
      }
    }
    connection.bytesSent = record.bytesSent;
    connection.bytesReceived = record.bytesReceived;
    connection.packetsSent = record.packetsSent;
    connection.packetsReceived = record.packetsReceived;
    connection.retransmits = record.retransmits;
    connection.rttUs = record.rttUs;
    connection.closedBy = closedBy(record);
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
          connection.state = "listening";
          connection.direction = "none";
          this.#listeners.add(connection);
        } else {
          this.#peers.add(connection);
          this.#undecided.push(connection);
        }
      }
    }
    this.#addUser(socket, record.task, "holder", record.tsNs);
  }

  #onFlow(record: ConnectionRecord): void {
    let socket = this.#sockets.get(record.key);
    const isIngress = (record.flags & CONN_FLAG.INGRESS) !== 0;
    if (socket === undefined || socket.birthNs !== record.birthNs) {
      socket = this.#newSocket(record);
      if (record.task !== undefined) this.#addUser(socket, record.task, "opener", record.tsNs);
    } else if (!isIngress && record.task !== undefined) {
      this.#addUser(socket, record.task, "user", record.tsNs);
    }
    const shared = makeConnection(++this.#lastId, "flow", record, socket.users);
    shared.direction = isIngress ? "inbound" : "outbound";
    shared.startNs = record.tsNs;
    shared.preexisting = false;
    const entry: Flow = { connection: shared, record, socket, dueNs: record.tsNs + this.#idleNs };
    (socket.flows ??= new Map()).set(`${shared.id}`, entry);
    this.#idle.add(entry);
    this.#peers.add(shared);
    this.#wait("open", shared, record.tsNs, SETTLE_NS);
  }

  #onRelease(record: ConnectionRecord): void {
    const socket = this.#sockets.get(record.key);
    if (socket === undefined || socket.birthNs !== record.birthNs) return;
    this.#sockets.delete(record.key);
    if (socket.flows === undefined) return;
    this.#takeUsage(socket);
    const closer = record.task === undefined ? undefined : this.#addUser(socket, record.task, "closer", record.tsNs);
    for (const flow of socket.flows.values()) {
      flow.connection.closer = closer;
      this.#endFlow(flow, record.tsNs, "released");
    }
  }

  // ---- ends ----

  /** Counters of users that have no place in the kernel's record of the socket. */
  #takeUsage(socket: Socket): void {
    if (socket.uncounted === undefined) return;
    for (const tgid of socket.uncounted) {
      const user = socket.users.find(({ task }) => task.tgid === tgid);
      const usage = user && this.#options.counters.takeUsage(socketBytes(socket.key, socket.birthNs), tgid);
      if (user === undefined || usage === undefined) continue;
      user.bytesSent += usage.bytesSent;
      user.bytesReceived += usage.bytesReceived;
    }
    socket.uncounted = undefined;
  }

  #endIdle(nowNs: number): void {
    for (const flow of this.#idle) {
      if (flow.dueNs > nowNs) return;
      this.#idle.delete(flow);
      const counters = this.#options.counters.flow(flow.record);
      const idleSinceNs = counters?.lastNs ?? 0;
      if (idleSinceNs + this.#idleNs > nowNs) {
        flow.dueNs = idleSinceNs + this.#idleNs;
        this.#idle.add(flow);
      } else {
        flow.socket.flows?.delete(`${flow.connection.id}`);
        this.#endFlow(flow, nowNs, "idle");
      }
    }
  }

  #endFlow(flow: Flow, nowNs: number, end: ConnectionEnd): void {
    const { connection } = flow;
    const counters = this.#options.counters.takeFlow(flow.record);
    this.#idle.delete(flow);
    this.#peers.remove(connection);
    if (counters !== undefined) {
      connection.bytesSent = counters.bytesSent;
      connection.bytesReceived = counters.bytesReceived;
      connection.packetsSent = counters.packetsSent;
      connection.packetsReceived = counters.packetsReceived;
    }
    this.#end(connection, end === "idle" ? counters?.lastNs ?? nowNs : nowNs, end, 0);
    this.#wait("close", connection, nowNs, 0);
  }

  #end(connection: Connection, tsNs: number, end: ConnectionEnd, error: number): void {
    connection.state = "closed";
    connection.endNs = tsNs;
    connection.end = end;
    connection.error = error;
    this.#ended.add(connection);
  }

  // ---- parts ----

  /** Begins a socket; what lived under its address before has ended without being told. */
  #newSocket(record: ConnectionRecord): Socket {
    const before = this.#sockets.get(record.key);
    if (before !== undefined) this.#forget(before, record.tsNs);
    const socket = makeSocket(record);
    this.#sockets.set(record.key, socket);
    return socket;
  }

  #forget(socket: Socket, tsNs: number): void {
    const { connection, flows } = socket;
    if (connection !== undefined && connection.endNs === 0) {
      this.#endsMissed++;
      if (connection.shape === "connection") this.#peers.remove(connection);
      else this.#listeners.remove(connection);
      this.#end(connection, tsNs, "closed", 0);
    }
    for (const flow of flows?.values() ?? []) this.#endFlow(flow, tsNs, "released");
  }

  #newConnection(shape: "connection" | "listener", record: ConnectionRecord, socket: Socket): Connection {
    return socket.connection = makeConnection(++this.#lastId, shape, record, socket.users);
  }

  #addUser(socket: Socket, task: TaskIdentity, role: Parameters<typeof addUser>[2], tsNs: number): ConnectionUser {
    return addUser(socket.users, task, role, tsNs, this.#options.resolve);
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

  // ---- events ----

  #wait(name: ConnectionEventName, connection: Connection, tsNs: number, delayNs: number, key?: string): void {
    this.#waiting.add({ name, connection, tsNs, dueNs: tsNs + delayNs, key });
  }

  #inferDirections(): void {
    for (const connection of this.#undecided) this.#listeners.inferDirection(connection);
    this.#undecided = [];
  }

  readonly #tell = ({ name, connection, tsNs, key }: WaitingEvent): void => {
    // Not before: until now accept(2) could still return it.
    if (key !== undefined && this.#sockets.get(key)?.connection === connection) this.#sockets.delete(key);
    this.#options.onEvent(name, connection, tsNs);
  };
}
