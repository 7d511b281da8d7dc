/**
 * `culprit dns`: which process asked for which name.
 *
 * @module
 */

import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { decodeResolve, RESOLVE_SENSOR } from "../../bpf/resolve/sensor.ts";
import config from "../../deno.json" with { type: "json" };
import type { CapturedPacket } from "../capture.ts";
import { CaptureWriter } from "../capture_writer.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import { DnsEventBuilder } from "../dns_event.ts";
import { type ExitCode, OutputError } from "../errors.ts";
import { isThere } from "../host/files.ts";
import { procGap } from "../host/proc.ts";
import { SocketOwners } from "../host/socket_owners.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { unknownProcess } from "../process_table.ts";
import { lostCounts, observedCounts } from "./dns_counts.ts";
import type { DnsOptions } from "./options.ts";

/** Programs that resolve names for others, which reach them without DNS (nss_resolve, nscd's own protocol). */
const NAME_SERVICES: ReadonlySet<string> = new Set([
  "/usr/sbin/nscd",
  "/usr/sbin/unscd",
  "/lib/systemd/systemd-resolved",
  "/usr/lib/systemd/systemd-resolved",
]);

/** Where they are reached while they run. */
const NAME_SERVICE_SOCKETS = ["/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"];

/**
 * Runs `culprit dns`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {CulpritError} when it cannot start
 */
export async function runDns(options: DnsOptions): Promise<ExitCode> {
  if (options.readFile !== undefined) {
    return await (await import("./dns_read.ts")).runDnsRead(options.readFile, options);
  }
  return await runLive({
    name: "dns",
    columns: "dns",
    // What tells for whom such a service asks costs every program that resolves a name: not where there is none.
    sensors: [PROCESS_SENSOR, DNS_SENSOR, ...(NAME_SERVICE_SOCKETS.some(isThere) ? [RESOLVE_SENSOR] : [])],
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
  const needsProc = session.run.global("dns_holders_done") !== 1 && procGap()?.isForeign !== true;
  const owners = needsProc ? new SocketOwners() : undefined;
  const decoder = new DnsPacketDecoder((inode) => owners?.find(inode));
  const tracker = new DnsTracker({
    timeoutMs: options.timeoutMs,
    messages: options.messages,
    ...(options.ports.length > 0 ? { ports: new Set(options.ports) } : {}),
    isNameService: (owner, tsNs) => NAME_SERVICES.has(session.table.lookup(owner, tsNs).exe),
    parentOf: (owner, tsNs) => session.table.lookup(owner, tsNs).ppid,
    onTransaction: (transaction) => {
      const event = builder.transaction(transaction);
      if (event !== undefined) session.emit(event);
    },
    onMessage: (message) => session.emit(builder.message(message)),
  });
  const capture = options.writeFile === undefined
    ? undefined
    : new CaptureWriter(options.writeFile, `culprit ${config.version}`, session.clock);
  const captured = (write: (capture: CaptureWriter) => void): void => {
    try {
      if (capture !== undefined) write(capture);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      session.fail(error);
    }
  };
  const onPacket = capture === undefined ? tracker.packet.bind(tracker) : (packet: CapturedPacket): void => {
    captured((file) => file.packet(packet, packet.owner && session.table.lookup(packet.owner, packet.tsNs)));
    tracker.packet(packet);
  };
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.DNS_PACKET) {
        decoder.decode(view, base, onPacket);
      } else if (type === RECORD_TYPE.RESOLVE) {
        const { owner, name, tsNs } = decodeResolve(view, base);
        if (name === undefined) tracker.lookups.end(owner);
        else tracker.lookups.begin(owner, name, tsNs);
      }
    },
    tick: (nowNs) => {
      tracker.tick(nowNs);
      captured((file) => file.flush());
    },
    finish: (nowNs) => {
      tracker.flush(nowNs);
      captured((file) => file[Symbol.dispose]());
    },
    lost: (nowNs) => tracker.noteLoss(nowNs),
    observed: () => observedCounts(tracker.counters),
    lostCounts: () => lostCounts(tracker.counters, options),
  };
}
