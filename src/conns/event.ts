/**
 * Turns what the tracker tells of connections into public events.
 *
 * @module
 */

import { errnoName } from "../../ffi/errno.ts";
import type { Clock } from "../capture.ts";
import {
  type ConnectionEvent,
  type ConnectionInfo,
  type ConnectionUserInfo,
  type ProcessInfo,
  SCHEMA,
} from "../events.ts";
import { unknownProcess } from "../process_table.ts";
import type { AddressNames } from "./names.ts";
import type { Connection, ConnectionEventName, ConnectionUser, TaskIdentity } from "./types.ts";

/** What the builder needs to be given. */
export interface ConnectionEventSources {
  readonly clock: Clock;
  /** Facts of a process at a time, ns. */
  readonly resolve: (task: TaskIdentity, tsNs: number) => ProcessInfo;
  /** Who listens where an inbound connection came in. */
  readonly listenerOf: (connection: Connection) => Connection | undefined;
  readonly names: AddressNames;
  /** Whether the kernel counts octets by process. */
  readonly isUsageKnown: boolean;
}

/** Whose a connection is, and how that is known. */
interface Owner {
  user: ConnectionUser | undefined;
  attribution: ConnectionEvent["attribution"];
}

/** Makes events out of connections. */
export class ConnectionEventBuilder {
  readonly #sources: ConnectionEventSources;

  /** @param sources see {@linkcode ConnectionEventSources} */
  constructor(sources: ConnectionEventSources) {
    this.#sources = sources;
  }

  /**
   * Makes the event of what happened.
   *
   * @param name what
   * @param connection to whom
   * @param tsNs when
   * @returns the event
   */
  event(name: ConnectionEventName, connection: Connection, tsNs: number): ConnectionEvent {
    const owner = this.#owner(connection);
    const event: ConnectionEvent = {
      schema: SCHEMA,
      type: "connection",
      time: this.#sources.clock.toRfc3339(tsNs),
      event: name,
      process: this.#process(owner.user, tsNs),
      attribution: owner.attribution,
      connection: connectionInfo(connection),
    };
    if (connection.users.length > 1 || (name === "close" && connection.users.length > 0)) {
      event.users = connection.users.map((user) => this.#userInfo(user, connection, tsNs, name === "close"));
    }
    this.#addPeer(event, connection, tsNs);
    this.#addName(event, connection, owner, tsNs);
    if (connection.error !== 0 && (name === "fail" || name === "close")) event.error = errnoName(connection.error);
    addTimes(event, connection);
    if (name === "close" && connection.shape !== "listener") addEnd(event, connection);
    if (connection.closer !== undefined && name === "close" && connection.closer !== owner.user) {
      event.closing_process = this.#process(connection.closer, tsNs);
    }
    return event;
  }

  /** Who accepted or opened; else who uses or holds it; else who listens there. */
  #owner(connection: Connection): Owner {
    const { users } = connection;
    for (const role of OWNING_ROLES) {
      const user = users.find(({ roles }) => roles.includes(role));
      if (user !== undefined) return { user, attribution: role };
    }
    if (connection.direction === "inbound") {
      const [user] = this.#sources.listenerOf(connection)?.users ?? [];
      if (user !== undefined) return { user, attribution: "listener" };
    }
    return { user: undefined, attribution: "unknown" };
  }

  /** Facts as they are now or, where the process is long gone, as they were when it appeared. */
  #process(user: ConnectionUser | undefined, tsNs: number): ProcessInfo {
    if (user === undefined) return unknownProcess("no process was seen opening or using the socket");
    if (user.process.unknown_reason === undefined && user.appearedNs === tsNs) return user.process;
    const now = this.#sources.resolve(user.task, tsNs);
    return now.unknown_reason === undefined ? now : user.process;
  }

  #userInfo(user: ConnectionUser, connection: Connection, tsNs: number, isEnd: boolean): ConnectionUserInfo {
    const info: ConnectionUserInfo = { process: this.#process(user, tsNs), roles: user.roles.slice() };
    const { shape, users } = connection;
    // The kernel counts processes by socket and flows by packet: one user has it all, several cannot be told apart.
    if (!isEnd || (shape === "flow" ? users.length > 1 : shape === "listener" || !this.#sources.isUsageKnown)) {
      return info;
    }
    const { bytesSent, bytesReceived } = shape === "flow" ? connection : user;
    info.bytes_sent = bytesSent;
    info.bytes_received = bytesReceived;
    return info;
  }

  #addPeer(event: ConnectionEvent, connection: Connection, tsNs: number): void {
    const { peer } = connection;
    if (peer === undefined) return;
    const owner = this.#owner(peer);
    if (owner.user !== undefined) event.peer_process = this.#process(owner.user, tsNs);
    if (peer.netns !== connection.netns) event.peer_netns = peer.netns;
  }

  #addName(event: ConnectionEvent, connection: Connection, owner: Owner, tsNs: number): void {
    if (connection.direction !== "outbound") return;
    const name = this.#sources.names.find(owner.user?.task.tgid, connection.remoteIp, connection.startNs || tsNs);
    if (name !== undefined) event.destination_name = name;
  }
}

/** Roles that make an owner, strongest first. */
export const OWNING_ROLES = ["acceptor", "opener", "user", "holder"] as const;

function connectionInfo(connection: Connection): ConnectionInfo {
  const info: ConnectionInfo = {
    id: connection.id,
    transport: connection.transport,
    protocol: connection.protocol,
    family: connection.family,
    local: { ip: connection.localIp, port: connection.localPort },
    netns: connection.netns,
  };
  if (connection.mapped) info.mapped = true;
  if (connection.direction !== "none") {
    info.direction = connection.direction;
    info.remote = { ip: connection.remoteIp, port: connection.remotePort };
  }
  if (connection.preexisting) info.preexisting = true;
  return info;
}

/** Nanoseconds between two moments as whole microseconds. */
function microseconds(fromNs: number, toNs: number): number {
  return Math.max(0, Math.round((toNs - fromNs) / 1000));
}

function addTimes(event: ConnectionEvent, connection: Connection): void {
  const { startNs, establishedNs, acceptedNs, endNs } = connection;
  if (event.event === "fail" && startNs > 0) event.connect_us = microseconds(startNs, endNs);
  if (connection.direction === "outbound" && connection.shape === "connection" && establishedNs > 0 && startNs > 0) {
    event.connect_us = microseconds(startNs, establishedNs);
  }
  if (connection.direction === "inbound" && acceptedNs > 0 && establishedNs > 0) {
    event.queue_us = microseconds(establishedNs, acceptedNs);
  }
  if (event.event === "close" && startNs > 0) event.duration_us = microseconds(startNs, endNs);
}

function addEnd(event: ConnectionEvent, connection: Connection): void {
  event.bytes_sent = connection.bytesSent;
  event.bytes_received = connection.bytesReceived;
  event.packets_sent = connection.packetsSent;
  event.packets_received = connection.packetsReceived;
  if (connection.transport === "tcp") {
    event.retransmits = connection.retransmits;
    if (connection.rttUs > 0) event.rtt_us = connection.rttUs;
  }
  const { end } = connection;
  if (end !== undefined && end !== "failed") event.end = end === "released" ? "closed" : end;
  if (connection.closedBy !== undefined) event.closed_by = connection.closedBy;
}
