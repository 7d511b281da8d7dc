/**
 * What a live run does for `culprit top`: connections and lookups become rows, rows become frames.
 *
 * @module
 */

import { CONN_KIND } from "../../bpf/conn/layout.gen.ts";
import { ConnectionCounters, ConnectionDecoder } from "../../bpf/conn/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { lostCounts } from "../commands/dns_counts.ts";
import { compileConnectionFilter, type ConnectionFilter } from "../conns/filter.ts";
import { Lookups } from "../conns/lookups.ts";
import { readSurvivors } from "../conns/survivors.ts";
import { ConnectionTracker } from "../conns/tracker.ts";
import type { Connection, ConnectionRecord, CountedConnection, Survivors, UsageCounters } from "../conns/types.ts";
import type { DnsTransaction } from "../correlation/types.ts";
import { type ProcessInfo, SCHEMA } from "../events.ts";
import { bootTimeNs } from "../host/clock.ts";
import type { LiveHandlers, LiveSession } from "../live.ts";
import type { LossCounts } from "../loss_causes.ts";
import { compileFilter } from "../output/filter.ts";
import type { ProcessExec, ProcessExit, ProcessFork } from "../process_table/types.ts";
import { TrafficMeter } from "./meter.ts";
import { TopModel } from "./model.ts";
import type { TopOptions } from "./options.ts";
import type { TopOutput } from "./output.ts";
import { readUsages, type SocketUsage } from "./usage.ts";

/** Connections that ended are of no use here but to those that share an address with them, for a moment. */
const KEEP_ENDED_MS = 1000;

/** What of a connection is watched: everything that moves. */
const ANY_CONNECTION = { events: [], listen: false, states: [] } as const;

/** Counts what the kernel tells. */
export class TopObserver implements LiveHandlers {
  readonly #session: LiveSession;
  readonly #options: TopOptions;
  readonly #output: TopOutput;
  readonly #model: TopModel;
  readonly #meter: TrafficMeter;
  readonly #tracker: ConnectionTracker;
  readonly #counters: ConnectionCounters;
  readonly #passes: ConnectionFilter;
  readonly #lookups = new Lookups((transaction) => this.#onLookup(transaction));
  readonly #decoder = new ConnectionDecoder();
  readonly #startNs = bootTimeNs();
  #nextNs: number;
  /** What was counted when the end began. */
  #lastUsages: Map<string, SocketUsage[]> | undefined;
  #survivors: Survivors | undefined;
  #frames = 0;
  /** The connection whose end is being worked on. */
  #closing: Connection | undefined;
  #nowNs = this.#startNs;

  /**
   * @param session the run
   * @param options values of the command line
   * @param output shows frames
   */
  constructor(session: LiveSession, options: TopOptions, output: TopOutput) {
    this.#session = session;
    this.#options = options;
    this.#output = output;
    this.#model = new TopModel(this.#startNs, { keepMs: options.retainMs });
    this.#counters = new ConnectionCounters(session.run);
    this.#tracker = new ConnectionTracker({
      counters: {
        flow: (record) => this.#counters.flow(record),
        takeFlow: (record) => this.#counters.takeFlow(record),
        takeUsage: (socketBytes, tgid) => this.#takeUsage(socketBytes, tgid),
      },
      resolve: (task, tsNs) => session.table.lookup(task, tsNs),
      sinceNs: session.run.attachedNs,
      keepMs: KEEP_ENDED_MS,
      idleMs: options.idleMs,
      onEvent: (name, connection, tsNs) => {
        if (name === "close" || name === "fail") this.#meter.close(connection, tsNs);
        else if (isMoving(connection)) this.#meter.open(connection, tsNs);
      },
    });
    const filter = compileFilter(options);
    this.#passes = compileConnectionFilter({ ...options, ...ANY_CONNECTION });
    this.#meter = new TrafficMeter({
      model: this.#model,
      resolve: (task, tsNs) => session.table.lookup(task, tsNs),
      nameOf: (tgid, address, tsNs) => this.#lookups.names.find(tgid, address, tsNs)?.name,
      listenerOf: (connection) => this.#tracker.listenerOf(connection),
      passes: (connection) => isMoving(connection) && this.#passes("open", connection),
      passesProcess: filter &&
        ((process: ProcessInfo) => filter({ schema: SCHEMA, type: "process", time: "", event: "exec", process })),
    });
    this.#nextNs = this.#startNs + options.intervalMs * 1e6;
    output.begin(() => session.stop());
  }

  /** See {@linkcode LiveHandlers.record}. */
  record(type: number, view: DataView, base: number): void {
    if (type === RECORD_TYPE.CONNECTION) this.#onConnection(this.#decoder.decode(view, base));
    else if (type === RECORD_TYPE.DNS_PACKET) this.#lookups.packet(view, base);
  }

  /** See {@linkcode LiveHandlers.process}. */
  process(event: "exec" | "fork" | "exit", { tgid, startTimeNs }: ProcessExec | ProcessFork | ProcessExit): void {
    if (event === "exit") this.#meter.exit(tgid, startTimeNs);
  }

  /** See {@linkcode LiveHandlers.tick}. */
  tick(nowNs: number): void {
    this.#nowNs = Math.max(this.#nowNs, nowNs);
    this.#lookups.tick(nowNs);
    this.#tracker.tick(nowNs);
    // What was there before is known only now; a screen is not left empty until the first interval is over.
    if (this.#frames === 0 && !this.#options.batch) this.#refresh();
    else if (nowNs >= this.#nextNs) this.#refresh();
  }

  /** See {@linkcode LiveHandlers.ending}. */
  ending(): void {
    this.#lastUsages = readUsages(this.#session.run);
    this.#survivors = readSurvivors(this.#session.run);
  }

  /** See {@linkcode LiveHandlers.finish}. */
  finish(nowNs: number): void {
    this.#nowNs = Math.max(this.#nowNs, nowNs);
    this.#lookups.finish(nowNs);
    this.#tracker.finish(this.#survivors);
    // Whoever reads it later wants all of it.
    if (this.#options.batch && this.#options.count === undefined) this.#refresh();
    const { connections, lookups } = this.#model.sum.total;
    this.#output.count(connections + lookups);
    this.#output.close();
  }

  /** See {@linkcode LiveHandlers.lost}. */
  lost(nowNs: number): void {
    this.#lookups.noteLoss(nowNs);
  }

  /** See {@linkcode LiveHandlers.observed}. */
  observed(): Record<string, number> {
    const { connections, lookups } = this.#model.sum.total;
    return { connections, lookups, ...this.#lookups.observed };
  }

  /** See {@linkcode LiveHandlers.lostCounts}. */
  lostCounts(): LossCounts {
    return { ...lostCounts(this.#lookups.counters, { messages: false }), ...this.#tracker.counts.missed };
  }

  #onConnection(record: ConnectionRecord): void {
    const { kind, task, tsNs } = record;
    if (kind !== CONN_KIND.USAGE && kind !== CONN_KIND.CLOSE) return this.#tracker.record(record);
    const connection = this.#tracker.connectionOf(record.key);
    this.#closing = connection;
    this.#tracker.record(record);
    this.#closing = undefined;
    if (task === undefined || connection === undefined || !isMoving(connection)) return;
    // Of a connection older than culprit this is the last word: its totals hold what was moved before, too.
    const [sent, received] = kind === CONN_KIND.USAGE
      ? [record.bytesSent, record.bytesReceived]
      : [record.usageSent, record.usageReceived];
    this.#meter.credit(connection, task.tgid, sent, received, tsNs);
  }

  /** As above, for users whose counters are not in the socket. */
  #takeUsage(socketBytes: Uint8Array, tgid: number): UsageCounters | undefined {
    const usage = this.#counters.takeUsage(socketBytes, tgid);
    if (usage !== undefined && this.#closing !== undefined && isMoving(this.#closing)) {
      this.#meter.credit(this.#closing, tgid, usage.bytesSent, usage.bytesReceived, this.#nowNs);
    }
    return usage;
  }

  #onLookup(transaction: DnsTransaction): void {
    const { query, response, client, clientIsLocal, tcpRetry, onBehalfOf } = transaction;
    const asked = query ?? response;
    // The retry over TCP is of the same lookup.
    if (asked === undefined || !clientIsLocal || tcpRetry) return;
    const { source, destination, transport } = asked.network;
    const [own, server] = query === undefined ? [destination, source] : [source, destination];
    const isWanted = this.#passes("open", {
      shape: "flow",
      state: "established",
      direction: "outbound",
      // AF_PACKET senders make datagrams of any protocol; those of DNS are UDP.
      transport: transport === "tcp" ? "tcp" : "udp",
      localIp: own.ip,
      localPort: own.port,
      remoteIp: server.ip,
      remotePort: server.port,
    });
    if (!isWanted) return;
    const name = (response?.message ?? query?.message)?.questions[0]?.name;
    this.#meter.lookup({ client, name, server, transport, isForwarded: onBehalfOf !== undefined }, asked.tsNs);
  }

  /** Reads the counters of what is open, and shows everything. */
  #refresh(): void {
    const nowNs = this.#nowNs;
    const usages = this.#lastUsages ?? readUsages(this.#session.run);
    for (const counted of this.#tracker.counted()) {
      const { connection } = counted;
      // In the accept queue it is nobody's yet.
      if (connection.users.length > 0) this.#measure(counted, usages.get(counted.key), nowNs);
    }
    this.#meter.sweep(nowNs);
    const { clock, run } = this.#session;
    const timeOf = (tsNs: number): string => clock.toRfc3339(tsNs).slice("YYYY-MM-DDT".length, -"Z".length).slice(0, 8);
    this.#output.show(this.#model.frame(nowNs), {
      from: timeOf(this.#startNs),
      to: timeOf(nowNs),
      lost: { ...Object.fromEntries(run.losses()), ...this.lostCounts() },
      notObserved: run.notObserved,
    });
    this.#frames++;
    if (this.#frames === this.#options.count) this.#session.stop();
    const intervalNs = this.#options.intervalMs * 1e6;
    // Where there was no time for it, one is left out.
    this.#nextNs = Math.max(this.#nextNs + intervalNs, nowNs + intervalNs / 2);
  }

  #measure(counted: CountedConnection, usages: readonly SocketUsage[] | undefined, nowNs: number): void {
    const { connection, socketBytes, uncounted, flowKey } = counted;
    const meter = this.#meter;
    meter.open(connection, nowNs);
    if (flowKey !== undefined) {
      const flow = this.#counters.flow(flowKey);
      if (flow !== undefined) meter.credit(connection, undefined, flow.bytesSent, flow.bytesReceived, nowNs);
      return;
    }
    for (const usage of usages ?? []) {
      meter.credit(connection, usage.tgid, usage.bytesSent, usage.bytesReceived, nowNs);
    }
    for (const tgid of uncounted ?? []) {
      const usage = this.#counters.usage(socketBytes, tgid);
      if (usage !== undefined) meter.credit(connection, tgid, usage.bytesSent, usage.bytesReceived, nowNs);
    }
  }
}

/** Whether octets go through it: not listeners and sockets that are only bound. */
function isMoving({ shape }: Connection): boolean {
  return shape === "connection" || shape === "flow";
}
