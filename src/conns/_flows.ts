/**
 * Follows flows of datagrams: the kernel tells when one begins, and counts; that it is over must be found out.
 *
 * @module
 */

import { FollowedConnection } from "./_connection.ts";
import type { Socket } from "./_socket.ts";
import type { ConnectionEnd, ConnectionRecord, FlowKey, KernelCounters } from "./types.ts";

/** A flow that lives: one object in two lists, which it links itself, because there may be as many as there are ports. */
export class Flow extends FollowedConnection implements FlowKey {
  /** When to look whether it is idle, ns. */
  dueNs: number;
  /** Neighbours in the order in which they are to be looked at. */
  earlier: Flow | undefined = undefined;
  later: Flow | undefined = undefined;
  /** Neighbours among the flows of the socket. */
  previousOfSocket: Flow | undefined = undefined;
  nextOfSocket: Flow | undefined = undefined;

  /**
   * @param id its number
   * @param record the record that told of it
   * @param socket whose it is
   * @param dueNs when to look whether it is idle
   */
  constructor(id: number, record: ConnectionRecord, socket: Socket, dueNs: number) {
    super(id, "flow", record, socket);
    this.startNs = record.tsNs;
    this.preexisting = false;
    this.dueNs = dueNs;
  }

  get key(): string {
    return this.socket.key;
  }

  get birthNs(): number {
    return this.socket.birthNs;
  }
}

/** What flows need to be given. */
export interface FlowsOptions {
  readonly counters: KernelCounters;
  /** A flow without packets for this long has ended, ns. */
  readonly idleNs: number;
  /** Told of a flow that has ended, with its counters. */
  readonly onEnd: (flow: Flow, endNs: number, end: ConnectionEnd, nowNs: number) => void;
}

/** Flows that live. */
export class Flows {
  readonly #options: FlowsOptions;
  /** The first to be looked at. */
  #earliest: Flow | undefined;
  #latest: Flow | undefined;

  /** @param options see {@linkcode FlowsOptions} */
  constructor(options: FlowsOptions) {
    this.#options = options;
  }

  /**
   * Begins a flow.
   *
   * @param id its number
   * @param record the record that tells of it
   * @param socket whose it is
   * @returns the flow
   */
  begin(id: number, record: ConnectionRecord, socket: Socket): Flow {
    const flow = new Flow(id, record, socket, record.tsNs + this.#options.idleNs);
    flow.previousOfSocket = socket.lastFlow;
    if (socket.lastFlow === undefined) socket.firstFlow = flow;
    else socket.lastFlow.nextOfSocket = flow;
    socket.lastFlow = flow;
    this.#append(flow);
    return flow;
  }

  /**
   * Ends what has been idle for long enough.
   *
   * @param nowNs time
   */
  endIdle(nowNs: number): void {
    const { counters, idleNs } = this.#options;
    for (let flow = this.#earliest; flow !== undefined && flow.dueNs <= nowNs; flow = this.#earliest) {
      const idleSinceNs = counters.flow(flow)?.lastNs ?? 0;
      if (idleSinceNs + idleNs > nowNs) {
        this.#unlink(flow);
        flow.dueNs = idleSinceNs + idleNs;
        this.#append(flow);
      } else {
        this.end(flow, nowNs, "idle");
      }
    }
  }

  /**
   * Ends a flow.
   *
   * @param flow which
   * @param nowNs time
   * @param end how it ends
   */
  end(flow: Flow, nowNs: number, end: ConnectionEnd): void {
    const counters = this.#options.counters.takeFlow(flow);
    this.#unlink(flow);
    const { socket, previousOfSocket, nextOfSocket } = flow;
    if (previousOfSocket === undefined) socket.firstFlow = nextOfSocket;
    else previousOfSocket.nextOfSocket = nextOfSocket;
    if (nextOfSocket === undefined) socket.lastFlow = previousOfSocket;
    else nextOfSocket.previousOfSocket = previousOfSocket;
    flow.previousOfSocket = flow.nextOfSocket = undefined;
    if (counters !== undefined) {
      const { ending } = flow;
      ending.bytesSent = counters.bytesSent;
      ending.bytesReceived = counters.bytesReceived;
      ending.packetsSent = counters.packetsSent;
      ending.packetsReceived = counters.packetsReceived;
    }
    this.#options.onEnd(flow, end === "idle" ? counters?.lastNs ?? nowNs : nowNs, end, nowNs);
  }

  #append(flow: Flow): void {
    flow.earlier = this.#latest;
    if (this.#latest === undefined) this.#earliest = flow;
    else this.#latest.later = flow;
    this.#latest = flow;
  }

  #unlink(flow: Flow): void {
    const { earlier, later } = flow;
    if (earlier === undefined) this.#earliest = later;
    else earlier.later = later;
    if (later === undefined) this.#latest = earlier;
    else later.earlier = earlier;
    flow.earlier = flow.later = undefined;
  }
}
