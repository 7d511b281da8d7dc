/**
 * `culprit conns`: which process opens, accepts, uses and closes which connection.
 *
 * @module
 */

import { CONN_SENSOR, ConnectionCounters, ConnectionDecoder, NO_USAGE } from "../../bpf/conn/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { unixSensorFor } from "../../bpf/unix/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { ConnectionEventBuilder } from "../conns/event.ts";
import { compileConnectionFilter, type ConnectionFilterOptions } from "../conns/filter.ts";
import { KeptServer } from "../conns/kept.ts";
import { Lookups, NAMES_GLOBALS, NAMES_SENSOR } from "../conns/lookups.ts";
import { readSurvivors } from "../conns/survivors.ts";
import { ConnectionTracker } from "../conns/tracker.ts";
import type { Survivors, TaskIdentity } from "../conns/types.ts";
import type { ExitCode } from "../errors.ts";
import type { ConnectionEvent, ProcessInfo } from "../events.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { joinHandlers, unixHandlers } from "./conns_unix.ts";
import type { LiveOptions } from "./options.ts";

/** What `culprit conns` receives. */
export interface ConnsOptions extends LiveOptions, ConnectionFilterOptions {
  /** Keep what has ended this long, ms. */
  readonly keepMs: number;
  /** Tell those who look connections up what is kept. */
  readonly offersKept?: boolean;
  /** A flow without packets for this long has ended, ms. */
  readonly idleMs: number;
  /** Every socket there is, and end. */
  readonly once?: boolean;
  /** Unix sockets too; also when the protocols or their names ask for them. */
  readonly unix?: boolean;
}

/**
 * Runs `culprit conns`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {CulpritError} when it cannot start
 */
export async function runConns(options: ConnsOptions): Promise<ExitCode> {
  if (options.once === true) return await (await import("./conns_once.ts")).runConnsOnce(options);
  const { protocols, paths = [] } = options;
  const unix = options.unix === true || protocols.includes("unix") || paths.length > 0;
  // Nothing else has a name.
  const others = paths.length === 0 && (protocols.length === 0 || protocols.some((protocol) => protocol !== "unix"));
  return await runLive({
    name: "conns",
    columns: "connection",
    sensors: [
      PROCESS_SENSOR,
      ...(others ? [CONN_SENSOR, NAMES_SENSOR] : []),
      ...(unix ? [unixSensorFor(options.events)] : []),
    ],
    globals: NAMES_GLOBALS,
    handlers: (session) => {
      if (!others) return unixHandlers(session, options);
      const handlers = connsHandlers(session, { ...options, offersKept: options.keepMs > 0 });
      return unix ? joinHandlers(handlers, unixHandlers(session, options)) : handlers;
    },
  }, options);
}

/**
 * Makes what a live run does with connections.
 *
 * @param session the run; it is handed connection events that pass the filters
 * @param options values of the command line
 * @returns the handlers
 */
export function connsHandlers(session: LiveSession, options: ConnsOptions): LiveHandlers {
  const passes = compileConnectionFilter(options);
  const lookups = new Lookups();
  const decoder = new ConnectionDecoder();
  const resolve = (task: TaskIdentity, tsNs: number): ProcessInfo => session.table.lookup(task, tsNs);
  const tracker = new ConnectionTracker({
    counters: new ConnectionCounters(session.run),
    resolve,
    sinceNs: session.run.attachedNs,
    keepMs: options.keepMs,
    idleMs: options.idleMs,
    onEvent: (name, connection, tsNs) => {
      if (passes(name, connection)) session.emit(builder.event(name, connection, tsNs));
    },
  });
  const builder = new ConnectionEventBuilder({
    clock: session.clock,
    resolve,
    listenerOf: (connection) => tracker.listenerOf(connection),
    names: lookups.names,
    isUsageKnown: !session.run.lacks(NO_USAGE),
  });
  function* endings(): Generator<ConnectionEvent, void, undefined> {
    // Others end and are dropped while somebody reads.
    for (const connection of [...tracker.ended()]) {
      yield builder.event(connection.end === "failed" ? "fail" : "close", connection, connection.endNs);
    }
  }
  const server = options.offersKept === true ? new KeptServer(endings) : undefined;
  let survivors: Survivors | undefined;
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.CONNECTION) tracker.record(decoder.decode(view, base));
      else if (type === RECORD_TYPE.DNS_PACKET) lookups.packet(view, base);
    },
    tick: (nowNs) => {
      lookups.tick(nowNs);
      tracker.tick(nowNs);
    },
    ending: () => survivors = readSurvivors(session.run),
    finish: (nowNs) => {
      server?.[Symbol.dispose]();
      lookups.finish(nowNs);
      tracker.finish(survivors);
    },
    lost: (nowNs) => lookups.noteLoss(nowNs),
    // What was kept and dropped early was told when it ended: that is no loss.
    observed: () => {
      const { records, kept, evicted } = tracker.counts;
      return {
        connection_records: records,
        connections_kept: kept,
        connections_dropped: evicted,
        ...lookups.observed,
      };
    },
    lostCounts: () => tracker.counts.missed,
  };
}
