/**
 * `culprit dns`: which process asked for which name.
 *
 * @module
 */

import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import { DnsEventBuilder } from "../dns_event.ts";
import type { ExitCode } from "../errors.ts";
import { SocketOwners } from "../host/socket_owners.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { unknownProcess } from "../process_table.ts";
import type { DnsOptions } from "./options.ts";

/**
 * Runs `culprit dns`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {CulpritError} when it cannot start
 */
export function runDns(options: DnsOptions): Promise<ExitCode> {
  return runLive({
    name: "dns",
    columns: "dns",
    sensors: [PROCESS_SENSOR, DNS_SENSOR],
    globals: { dns_ports: options.ports, dns_port_count: [options.ports.length] },
    handlers: (session) => dnsHandlers(session, options),
  }, options);
}

function dnsHandlers(session: LiveSession, options: DnsOptions): LiveHandlers {
  const builder = new DnsEventBuilder(session.clock, {
    lookup: (owner, tsNs) => session.table.lookup(owner, tsNs),
    unknown: () => unknownProcess("no process was seen opening or using the socket"),
  });
  // Where the kernel could name the holders of older sockets, an unknown owner has no process to be found.
  const owners = session.run.global("dns_holders_done") === 1 ? undefined : new SocketOwners();
  const decoder = new DnsPacketDecoder((inode) => owners?.find(inode));
  const tracker = new DnsTracker({
    timeoutMs: options.timeoutMs,
    messages: options.messages,
    ...(options.ports.length > 0 ? { ports: new Set(options.ports) } : {}),
    onTransaction: (transaction) => {
      const event = builder.transaction(transaction);
      if (event !== undefined) session.emit(event);
    },
    onMessage: (message) => session.emit(builder.message(message)),
  });
  const onPacket = tracker.packet.bind(tracker);
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.DNS_PACKET) decoder.decode(view, base, onPacket);
    },
    tick: (nowNs) => tracker.tick(nowNs),
    finish: (nowNs) => tracker.flush(nowNs),
    lost: (nowNs) => tracker.noteLoss(nowNs),
    observed: () => {
      const { packets, queries, responses, retransmissions, malformed, rejected } = tracker.counters;
      return { packets, queries, responses, retransmissions, malformed, rejected };
    },
    lostCounts: () => {
      const { evicted } = tracker.counters;
      return evicted > 0 ? { transactions_evicted: evicted } : {};
    },
  };
}
