/**
 * `culprit conns`: which process opens, accepts, uses and closes which connection.
 *
 * @module
 */

import { CONN_SENSOR, ConnectionCounters, ConnectionDecoder } from "../../bpf/conn/sensor.ts";
import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { unixSensorFor } from "../../bpf/unix/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { ConnectionEventBuilder } from "../conns/event.ts";
import { compileConnectionFilter, type ConnectionFilterOptions } from "../conns/filter.ts";
import { AddressNames } from "../conns/names.ts";
import { ConnectionTracker } from "../conns/tracker.ts";
import type { TaskIdentity } from "../conns/types.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import type { DnsTransaction } from "../correlation/types.ts";
import type { ExitCode } from "../errors.ts";
import type { ProcessInfo } from "../events.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import type { Sensor } from "../sensor.ts";
import { joinHandlers, unixHandlers } from "./conns_unix.ts";
import type { LiveOptions } from "./options.ts";

/** What `culprit conns` receives. */
export interface ConnsOptions extends LiveOptions, ConnectionFilterOptions {
  /** Keep what has ended this long, ms. */
  readonly keepMs: number;
  /** A flow without packets for this long has ended, ms. */
  readonly idleMs: number;
  /** Every socket there is, and end. */
  readonly once?: boolean;
  /** Unix sockets too; also when the protocols ask for them. */
  readonly unix?: boolean;
}

/** Ports of DNS: only there are names looked for, which costs other traffic least. */
export const DNS_PORTS = [53, 5353, 5355];

/** Of the DNS sensor what sees answers on their way to a socket that asked: the rest would only cost. */
export const NAMES_SENSOR: Sensor = {
  ...DNS_SENSOR,
  programs: DNS_SENSOR.programs.filter(({ hook }) => hook.startsWith("cgroup_skb/")),
};

/** Answers later than this belong to nothing. */
export const DNS_TIMEOUT_MS = 5000;

/**
 * Runs `culprit conns`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {CulpritError} when it cannot start
 */
export async function runConns(options: ConnsOptions): Promise<ExitCode> {
  if (options.once === true) return await (await import("./conns_once.ts")).runConnsOnce(options);
  const { protocols } = options;
  const unix = options.unix === true || protocols.includes("unix");
  const others = protocols.length === 0 || protocols.some((protocol) => protocol !== "unix");
  return await runLive({
    name: "conns",
    columns: "connection",
    sensors: [
      PROCESS_SENSOR,
      ...(others ? [CONN_SENSOR, NAMES_SENSOR] : []),
      ...(unix ? [unixSensorFor(options.events)] : []),
    ],
    globals: { dns_ports: DNS_PORTS, dns_port_count: [DNS_PORTS.length] },
    handlers: (session) => {
      if (!unix) return connsHandlers(session, options);
      if (!others) return unixHandlers(session, options);
      return joinHandlers(connsHandlers(session, options), unixHandlers(session, options));
    },
  }, options);
}

/**
 * Notes the addresses of an answer under the name that was asked for.
 *
 * @param names takes them
 * @param transaction a finished one
 */
export function noteNames(names: AddressNames, { query, response, client }: DnsTransaction): void {
  const name = query?.message.questions[0]?.name ?? response?.message.questions[0]?.name;
  if (response === undefined || name === undefined) return;
  for (const { type, data } of response.message.answers) {
    if (type === TYPE_A || type === TYPE_AAAA) names.add(client?.tgid, name, data, response.tsNs);
  }
}

const TYPE_A = 1;
const TYPE_AAAA = 28;

/**
 * Makes what a live run does with connections.
 *
 * @param session the run; it is handed connection events that pass the filters
 * @param options values of the command line
 * @returns the handlers
 */
export function connsHandlers(session: LiveSession, options: ConnsOptions): LiveHandlers {
  const passes = compileConnectionFilter(options);
  const names = new AddressNames();
  const decoder = new ConnectionDecoder();
  const resolve = (task: TaskIdentity, tsNs: number): ProcessInfo => session.table.lookup(task, tsNs);
  const tracker = new ConnectionTracker({
    counters: new ConnectionCounters(session.run),
    resolve,
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
    names,
  });
  const packets = new DnsPacketDecoder(() => undefined);
  const transactions = new DnsTracker({
    timeoutMs: DNS_TIMEOUT_MS,
    messages: false,
    onTransaction: (transaction) => noteNames(names, transaction),
  });
  const onPacket = transactions.packet.bind(transactions);
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.CONNECTION) tracker.record(decoder.decode(view, base));
      else if (type === RECORD_TYPE.DNS_PACKET) packets.decode(view, base, onPacket);
    },
    tick: (nowNs) => {
      transactions.tick(nowNs);
      tracker.tick(nowNs);
    },
    finish: (nowNs) => {
      transactions.flush(nowNs);
      tracker.finish();
    },
    lost: (nowNs) => transactions.noteLoss(nowNs),
    // What was kept and dropped early was told when it ended: that is no loss.
    observed: () => {
      const { records, kept, evicted } = tracker.counts;
      return { connection_records: records, connections_kept: kept, connections_dropped: evicted };
    },
    lostCounts: () => tracker.counts.missed,
  };
}
