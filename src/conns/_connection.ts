/**
 * A connection, flow, listener or bound socket in as little memory as it takes: whoever opens a hundred thousand of them
 * must not fill the host's. What all have is in the object, what only some have is made when it comes.
 *
 * @module
 */

import { CONN_FLAG } from "../../bpf/conn/layout.gen.ts";
import { SOCK_RAW, type Socket } from "./_socket.ts";
import type { Connection, ConnectionEnd, ConnectionRecord, ConnectionShape, ConnectionUser } from "./types.ts";

/** What is known of a TCP connection by its handshake. */
export interface Handshake {
  establishedNs: number;
  acceptedNs: number;
  sendSequence: number;
  receiveSequence: number;
}

/** What is known when it has ended. */
export interface Ending {
  endNs: number;
  error: number;
  closedBy: Connection["closedBy"];
  bytesSent: number;
  bytesReceived: number;
  packetsSent: number;
  packetsReceived: number;
  retransmits: number;
  rttUs: number;
  closer: ConnectionUser | undefined;
}

/** IP protocol numbers that have a name here (IANA protocol-numbers). */
function transportOf(protocol: number): Connection["transport"] {
  switch (protocol) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 136:
      return "udplite";
    case 1:
    case 58:
      return "icmp";
    default:
      return "raw";
  }
}

/** See the module's description, and {@linkcode Connection} for what everything means. */
export class FollowedConnection implements Connection {
  readonly id: number;
  readonly shape: ConnectionShape;
  readonly socket: Socket;
  readonly protocol: number;
  localIp: string;
  localPort: number;
  remoteIp: string;
  remotePort: number;
  mapped: boolean;
  direction: Connection["direction"] = "unknown";
  preexisting: boolean;
  startNs = 0;
  end: ConnectionEnd | undefined = undefined;
  peer: Connection | undefined = undefined;
  /** The next one of a {@linkcode ConnectionIndex} with its place. */
  next: FollowedConnection | undefined = undefined;
  /** TCP connections only. */
  readonly handshake: Handshake | undefined;
  #ending: Ending | undefined = undefined;

  /**
   * @param id its number
   * @param shape what it is
   * @param record the first record about it
   * @param socket whose it is
   */
  constructor(id: number, shape: ConnectionShape, record: ConnectionRecord, socket: Socket) {
    this.id = id;
    this.shape = shape;
    this.socket = socket;
    this.protocol = record.protocol;
    this.localIp = record.localIp;
    this.localPort = record.localPort;
    this.remoteIp = record.remoteIp;
    this.remotePort = record.remotePort;
    this.mapped = record.isMapped;
    this.preexisting = (record.flags & CONN_FLAG.PREEXISTING) !== 0;
    const { sendSequence, receiveSequence } = record;
    this.handshake = shape === "connection"
      ? { establishedNs: 0, acceptedNs: 0, sendSequence, receiveSequence }
      : undefined;
  }

  /** Made when something of it is to be written. */
  get ending(): Ending {
    return this.#ending ??= {
      endNs: 0,
      error: 0,
      closedBy: undefined,
      bytesSent: 0,
      bytesReceived: 0,
      packetsSent: 0,
      packetsReceived: 0,
      retransmits: 0,
      rttUs: 0,
      closer: undefined,
    };
  }

  /** A raw socket may carry any protocol: what it is comes before what it carries. */
  get transport(): Connection["transport"] {
    return this.socket.socketType === SOCK_RAW ? "raw" : transportOf(this.protocol);
  }

  get netns(): number {
    return this.socket.netns;
  }

  get users(): readonly ConnectionUser[] {
    return this.socket.users;
  }

  /** Mapped addresses are written as IPv4 ones. */
  get family(): "ipv4" | "ipv6" {
    return this.localIp.includes(":") ? "ipv6" : "ipv4";
  }

  get state(): Connection["state"] {
    if (this.end !== undefined) return "closed";
    return this.shape === "listener" ? "listening" : this.shape === "socket" ? "bound" : "established";
  }

  get establishedNs(): number {
    return this.handshake?.establishedNs ?? 0;
  }

  set establishedNs(tsNs: number) {
    if (this.handshake !== undefined) this.handshake.establishedNs = tsNs;
  }

  get acceptedNs(): number {
    return this.handshake?.acceptedNs ?? 0;
  }

  set acceptedNs(tsNs: number) {
    if (this.handshake !== undefined) this.handshake.acceptedNs = tsNs;
  }

  get sendSequence(): number {
    return this.handshake?.sendSequence ?? 0;
  }

  get receiveSequence(): number {
    return this.handshake?.receiveSequence ?? 0;
  }

  get endNs(): number {
    return this.#ending?.endNs ?? 0;
  }

  get error(): number {
    return this.#ending?.error ?? 0;
  }

  get closedBy(): Connection["closedBy"] {
    return this.#ending?.closedBy;
  }

  get bytesSent(): number {
    return this.#ending?.bytesSent ?? 0;
  }

  set bytesSent(bytes: number) {
    this.ending.bytesSent = bytes;
  }

  get bytesReceived(): number {
    return this.#ending?.bytesReceived ?? 0;
  }

  set bytesReceived(bytes: number) {
    this.ending.bytesReceived = bytes;
  }

  get packetsSent(): number {
    return this.#ending?.packetsSent ?? 0;
  }

  get packetsReceived(): number {
    return this.#ending?.packetsReceived ?? 0;
  }

  get retransmits(): number {
    return this.#ending?.retransmits ?? 0;
  }

  get rttUs(): number {
    return this.#ending?.rttUs ?? 0;
  }

  get closer(): ConnectionUser | undefined {
    return this.#ending?.closer;
  }

  /**
   * Takes the addresses of another record: what it had was told before they were known.
   *
   * @param record with addresses
   */
  setTuple(record: ConnectionRecord): void {
    this.mapped = record.isMapped;
    this.localIp = record.localIp;
    this.remoteIp = record.remoteIp;
    this.localPort = record.localPort;
    this.remotePort = record.remotePort;
  }
}
