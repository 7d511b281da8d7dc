/**
 * `culprit who --wait`: the next time it happens.
 *
 * @module
 */

import { CONN_SENSOR } from "../../bpf/conn/sensor.ts";
import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import type { Clock } from "../capture.ts";
import { NO_FILTER } from "../conns/filter.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import { DnsEventBuilder } from "../dns_event.ts";
import { EXIT_CODE, type ExitCode } from "../errors.ts";
import type { ConnectionEvent, CulpritEvent, DnsMessageEvent, ProcessInfo, WhoEvent } from "../events.ts";
import { bootTimeNs } from "../host/clock.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { compileFilter } from "../output/filter.ts";
import { unknownProcess } from "../process_table.ts";
import { foreignProcReason } from "../snapshot/processes.ts";
import { Programs } from "../snapshot/program.ts";
import type { Target } from "../snapshot/target.ts";
import { connsHandlers } from "./conns.ts";
import type { LiveOptions } from "./options.ts";
import { connectionSocket, endOf, NOBODY_FOUND, ownAddresses, whoEvent } from "./who_answer.ts";

/** How long the answer to a question is waited for before the process is told without it, ns. */
const RESPONSE_WAIT_NS = 1e9;

/** Answers later than this belong to nothing. */
const DNS_TIMEOUT_MS = 5000;

/**
 * Waits for it to happen.
 *
 * @param options of the command line; `durationMs` is how long
 * @param targets a name, one end or both ends of a connection
 * @param notObserved what could not be observed of what was before
 * @returns 0 when a process was found, 1 when none was, 3 when something could not be observed
 * @throws {CulpritError} when nothing can be observed
 */
export async function answerNext(
  options: LiveOptions,
  targets: readonly Target[],
  notObserved: readonly string[],
): Promise<ExitCode> {
  const found = new Set<string>();
  const count = options.count ?? 1;
  const name = targets[0]?.name;
  const emitting = (session: LiveSession): (event: WhoEvent | undefined) => void => {
    const passes = compileFilter(options);
    return (event) => {
      if (event === undefined || found.size >= count || (passes !== undefined && !passes(event))) return;
      const { pid, start_time: startTime } = event.process;
      const key = `${pid} ${startTime}`;
      if (found.has(key)) return;
      found.add(key);
      session.emit(event);
    };
  };
  const code = await runLive({
    name: "who",
    columns: "who",
    notObserved,
    sensors: name === undefined ? [PROCESS_SENSOR, CONN_SENSOR, DNS_SENSOR] : [PROCESS_SENSOR, DNS_SENSOR],
    handlers: (session) =>
      name === undefined
        ? connectionHandlers(session, options, targets, emitting(session))
        : lookupHandlers(session, targets, name, emitting(session)),
  }, { ...options, count });
  if (found.size > 0) return EXIT_CODE.ok;
  return code === EXIT_CODE.ok ? NOBODY_FOUND : code;
}

/** Waits for a connection. */
function connectionHandlers(
  session: LiveSession,
  options: LiveOptions,
  targets: readonly Target[],
  emit: (event: WhoEvent | undefined) => void,
): LiveHandlers {
  const isOwn = ownAddresses();
  const observer: LiveSession = {
    clock: session.clock,
    table: session.table,
    run: session.run,
    emit: (event: CulpritEvent) => {
      if (event.type === "connection") emit(ofConnection(event, session.clock, targets, isOwn));
    },
    fail: (error) => session.fail(error),
    stop: () => session.stop(),
  };
  return connsHandlers(observer, {
    ...options,
    ...NO_FILTER,
    keepMs: 1000,
    idleMs: 30_000,
  });
}

/** The answer a connection gives, if it is one. */
function ofConnection(
  event: ConnectionEvent,
  clock: Clock,
  targets: readonly Target[],
  isOwn: (ip: string) => boolean,
): WhoEvent | undefined {
  const { process, connection } = event;
  const end = endOf(targets, connection, isOwn);
  if (end === undefined || process === undefined || process.pid === 0) return undefined;
  return {
    ...whoEvent(process, clock, bootTimeNs(), {
      targets,
      programs: new Programs(clock, foreignProcReason()),
      evidence: "connection",
      sockets: [connectionSocket(event, end)],
    }),
    time: event.time,
  };
}

/** Waits for a question. */
function lookupHandlers(
  session: LiveSession,
  targets: readonly Target[],
  name: string,
  emit: (event: WhoEvent | undefined) => void,
): LiveHandlers {
  const builder = new DnsEventBuilder(session.clock, {
    lookup: (owner, tsNs) => session.table.lookup(owner, tsNs),
    unknown: () => unknownProcess("no process was seen opening or using the socket"),
  });
  const decoder = new DnsPacketDecoder(() => undefined);
  let asked: { event: WhoEvent; askedNs: number } | undefined;
  const tell = (): void => {
    emit(asked?.event);
    asked = undefined;
  };
  const tracker = new DnsTracker({
    timeoutMs: DNS_TIMEOUT_MS,
    messages: true,
    onMessage: (message) => {
      const event = builder.message(message);
      if (event.dns.question?.name.toLowerCase() !== name || event.role === "server") return;
      if (event.type === "dns.response") {
        // The first answers are enough: the same name is often asked for with several types.
        if (asked?.event.lookup === undefined || event.process?.pid !== asked.event.process.pid) return;
        const { lookup } = asked.event;
        lookup.answers.push(...event.dns.answers.map(({ data }) => data));
        if (event.dns.rcode !== undefined) lookup.rcode = event.dns.rcode;
        tell();
      } else if (asked === undefined && event.process !== undefined && event.process.pid !== 0) {
        // At once: while it waits for the response its program can still be read.
        asked = { event: ofLookup(event, event.process, session.clock, targets), askedNs: bootTimeNs() };
      }
    },
  });
  const onPacket = tracker.packet.bind(tracker);
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.DNS_PACKET) decoder.decode(view, base, onPacket);
    },
    tick: (nowNs) => {
      tracker.tick(nowNs);
      if (asked !== undefined && nowNs - asked.askedNs > RESPONSE_WAIT_NS) tell();
    },
    finish: (nowNs) => {
      tracker.flush(nowNs);
      tell();
    },
    lost: (nowNs) => tracker.noteLoss(nowNs),
    observed: () => ({ queries: tracker.counters.queries }),
    lostCounts: () => ({}),
  };
}

/** The answer a question gives; what is answered to it comes later. */
function ofLookup(
  { dns, network, time }: DnsMessageEvent,
  process: ProcessInfo,
  clock: Clock,
  targets: readonly Target[],
): WhoEvent {
  const lookup = { name: dns.question?.name ?? "unknown", server: network.destination, answers: [] };
  const what = {
    targets,
    programs: new Programs(clock, foreignProcReason()),
    evidence: "lookup" as const,
    sockets: [],
    lookup,
  };
  return { ...whoEvent(process, clock, bootTimeNs(), what), time };
}
