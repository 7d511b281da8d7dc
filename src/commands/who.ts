/**
 * `culprit who`: which process talks to an address or asks for a name, with its whole story.
 *
 * The answer is looked for among the sockets there are now; with `--wait` also in what happens next.
 *
 * @module
 */

import { CONN_SENSOR } from "../../bpf/conn/sensor.ts";
import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { closeLibrary, configureLibrary } from "../../ffi/mod.ts";
import { findAsset } from "../assets.ts";
import type { Clock } from "../capture.ts";
import { readKept } from "../conns/kept.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import { DnsEventBuilder } from "../dns_event.ts";
import { EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import {
  type ConnectionEvent,
  type CulpritEvent,
  type DnsMessageEvent,
  type ProcessInfo,
  SCHEMA,
  type WhoEvent,
  type WhoSocketInfo,
} from "../events.ts";
import { bootTimeNs, LiveClock } from "../host/clock.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { compileFilter } from "../output/filter.ts";
import { openWriter } from "../output/writer.ts";
import { unknownProcess } from "../process_table.ts";
import { foreignProcReason, processesOf } from "../snapshot/processes.ts";
import { Programs } from "../snapshot/program.ts";
import { type Snapshot, type SocketHolder, type SocketRow, takeSnapshot } from "../snapshot/snapshot.ts";
import { matchesEnd, parseTarget, type Target } from "../snapshot/target.ts";
import { connsHandlers } from "./conns.ts";
import type { LiveOptions } from "./options.ts";

/** Exit code when nobody was found, as of grep(1): everything was looked at, there is nothing. */
const NOBODY_FOUND = EXIT_CODE.findings;

/** What `culprit who` receives. */
export interface WhoOptions extends Omit<LiveOptions, "durationMs" | "retainMs"> {
  /** One end or a name; or two ends of one connection. */
  readonly targets: readonly string[];
  /** Wait this long for it to happen, when no socket matches; milliseconds, undefined for not at all. */
  readonly waitMs: number | undefined;
}

/** How long the answer to a question is waited for before the process is told without it, ns. */
const RESPONSE_WAIT_NS = 1e9;

/** Ended connections told of one process. */
const KEPT_SOCKETS_MAX = 100;

/** How long facts of ended processes are of use: an event is told within a second. */
const RETAIN_MS = 60_000;

/** Answers later than this belong to nothing. */
const DNS_TIMEOUT_MS = 5000;

/**
 * Runs `culprit who`.
 *
 * @param options values of the command line
 * @returns 0 when a process was found, 1 when none was, 3 when none was and something could not be observed
 * @throws {UsageError} for a target that is none, or targets that do not go together
 * @throws {CulpritError} when nothing can be observed
 */
export async function runWho(options: WhoOptions): Promise<ExitCode> {
  const targets = options.targets.map(parseTarget);
  const [first, second, third] = targets;
  if (first === undefined || third !== undefined) {
    throw new UsageError(`argument <target>: found ${targets.length}, wanted one, or the two ends of a connection`);
  }
  const name = targets.find((target) => target.name !== undefined);
  if (name !== undefined && second !== undefined) {
    throw new UsageError(
      `argument <target>: found "${name.text.replaceAll("\n", "\\n")}" beside another, wanted a name alone`,
    );
  }
  configureLibrary({ path: options.libbpf, bytes: findAsset("libbpf.so.1") });
  const now = await answerNow(options, targets);
  if (now !== undefined) return now;
  // The live run chooses its libbpf itself.
  closeLibrary();
  return await answerNext({ ...options, durationMs: options.waitMs, retainMs: RETAIN_MS }, targets);
}

/** Looks among the sockets there are. Undefined: nobody yet, go on waiting. */
async function answerNow(options: WhoOptions, targets: readonly Target[]): Promise<ExitCode | undefined> {
  const startedNs = bootTimeNs();
  const clock = new LiveClock();
  // Sockets know no names.
  const isName = targets[0]?.name !== undefined;
  const snapshot = isName ? undefined : takeSnapshot();
  const kept = await readKept();
  const passes = compileFilter(options);
  using writer = openWriter({ ...options, columns: "who" });
  let named = 0;
  const holding = snapshot === undefined ? [] : whoEvents(snapshot, targets, clock);
  for (const event of [...holding, ...keptEvents(kept.events, targets, clock)]) {
    if (writer.eventCount === options.count || (passes !== undefined && !passes(event))) continue;
    if (event.process.pid !== 0) named++;
    writer.write(event);
  }
  if (named === 0 && options.waitMs !== undefined) return undefined;
  const nowNs = bootTimeNs();
  const notObserved = [...snapshot?.notObserved ?? [], ...kept.notObserved];
  if (named === 0 && kept.since !== undefined) {
    notObserved.push(`what ended before ${kept.since}: a running culprit conns --keep has no room for more`);
  }
  if (isName) notObserved.push("who asked for a name before now; --wait shows who asks next");
  writer.write({
    schema: SCHEMA,
    type: "summary",
    time: clock.toRfc3339(nowNs),
    command: "who",
    duration_ms: Math.round((nowNs - startedNs) / 1e6),
    events: writer.eventCount,
    observed: {
      sockets: snapshot?.sockets.length ?? 0,
      ...(kept.events.length > 0 ? { kept_connections: kept.events.length } : {}),
    },
    lost: {},
    not_observed: notObserved,
  });
  if (named > 0) return EXIT_CODE.ok;
  return notObserved.length > 0 ? EXIT_CODE.incomplete : NOBODY_FOUND;
}

/** Whether an address is one of this host, as far as culprit's own network namespace goes. */
function ownAddresses(): (ip: string) => boolean {
  const addresses = new Set(Deno.networkInterfaces().map(({ address }) => address));
  return (ip) => addresses.has(ip) || ip.startsWith("127.");
}

/** Which end of a socket, or of a connection, is what was asked for. */
function endOf(
  targets: readonly Target[],
  { local, remote }: Pick<WhoSocketInfo, "local" | "remote">,
  isOwn: (ip: string) => boolean,
): "local" | "remote" | undefined {
  const [first, second] = targets;
  if (first === undefined) return undefined;
  const other = (end: typeof remote): boolean => second === undefined || matchesEnd(second, end, isOwn);
  if (matchesEnd(first, remote, () => false) && other(local)) return "remote";
  return matchesEnd(first, local, isOwn) && other(remote) ? "local" : undefined;
}

/** What is found of one process. */
interface Found {
  process: ProcessInfo;
  sockets: WhoSocketInfo[];
}

/** The processes whose sockets match, in the order of their pids; then sockets of which no process is known. */
function whoEvents(snapshot: Snapshot, targets: readonly Target[], clock: Clock): WhoEvent[] {
  const programs = new Programs(clock, snapshot.source === "iterators" ? foreignProcReason() : undefined);
  const table = processesOf(snapshot, clock);
  const isOwn = ownAddresses();
  const ownNetns = Number(/\d+/.exec(Deno.readLinkSync("/proc/thread-self/ns/net"))?.[0]);
  const found = new Map<string, Found>();
  const note = (process: ProcessInfo, row: SocketRow, socket: WhoSocketInfo): void => {
    const key = `${process.pid} ${process.start_time} ${row.unknownReason ?? ""}`;
    const present = found.get(key);
    if (present === undefined) found.set(key, { process, sockets: [socket] });
    else present.sockets.push(socket);
  };
  for (const row of snapshot.sockets) {
    if (row.local === undefined || row.protocol === "raw" || row.protocol === "icmp") continue;
    // Addresses of this host mean other hosts elsewhere: a wildcard counts only in the own namespace.
    const end = endOf(
      targets,
      { local: row.local, ...(row.remote && { remote: row.remote }) },
      (ip) => row.netns === ownNetns && isOwn(ip),
    );
    if (end === undefined) continue;
    const socket = (holder?: SocketHolder): WhoSocketInfo => socketInfo(row, end, holder);
    for (const holder of row.holders) {
      const { tgid, startTimeNs, comm } = holder;
      note(table.lookup({ tgid, startTimeNs, comm }, snapshot.tsNs), row, socket(holder));
    }
    if (row.holders.length === 0) note(unknownProcess(row.unknownReason ?? "not known"), row, socket());
  }
  const isUnknown = ({ process }: Found): number => process.pid === 0 ? 1 : 0;
  return [...found.values()]
    .sort((left, right) => isUnknown(left) - isUnknown(right) || left.process.pid - right.process.pid)
    .map(({ process, sockets }) =>
      whoEvent(process, clock, snapshot.tsNs, { targets, programs, evidence: "socket", sockets })
    );
}

/** The processes of ended connections that match, each with the latest of them; whoever ended last comes first. */
function keptEvents(kept: readonly ConnectionEvent[], targets: readonly Target[], clock: Clock): WhoEvent[] {
  const programs = new Programs(clock, foreignProcReason());
  const isOwn = ownAddresses();
  const name = targets[0]?.name?.toLowerCase();
  const found = new Map<string, { last: ConnectionEvent; sockets: WhoSocketInfo[] }>();
  for (const event of kept.toSorted((left, right) => left.time < right.time ? 1 : left.time > right.time ? -1 : 0)) {
    const { process, connection, destination_name: destination } = event;
    if (process === undefined || process.pid === 0) continue;
    const end = name === undefined
      ? endOf(targets, connection, isOwn)
      : destination?.name.toLowerCase() === name
      ? "remote"
      : undefined;
    if (end === undefined) continue;
    const key = `${process.pid} ${process.start_time}`;
    const present = found.get(key) ?? { last: event, sockets: [] };
    found.set(key, present);
    if (present.sockets.length < KEPT_SOCKETS_MAX) present.sockets.push(connectionSocket(event, end));
  }
  return [...found.values()].map(({ last, sockets }) => ({
    ...whoEvent(last.process ?? unknownProcess("not known"), clock, bootTimeNs(), {
      targets,
      programs,
      evidence: "connection",
      sockets,
    }),
    time: last.time,
  }));
}

/** A connection of an answer. */
function connectionSocket({ event, connection }: ConnectionEvent, end: "local" | "remote"): WhoSocketInfo {
  const { transport, local, remote, netns } = connection;
  return {
    end,
    protocol: transport,
    state: event,
    local,
    ...(remote === undefined ? {} : { remote }),
    netns,
    fds: [],
  };
}

/** A socket of an answer. */
function socketInfo(row: SocketRow, end: "local" | "remote", holder: SocketHolder | undefined): WhoSocketInfo {
  return {
    end,
    protocol: row.protocol,
    state: row.state,
    local: row.local ?? { ip: "unknown", port: 0 },
    ...(row.remote === undefined ? {} : { remote: row.remote }),
    netns: row.netns,
    fds: holder?.fds ?? [],
  };
}

/** Makes an answer, with the facts of the program. */
function whoEvent(
  process: ProcessInfo,
  clock: Clock,
  tsNs: number,
  what: Pick<WhoEvent, "evidence" | "sockets" | "lookup"> & { targets: readonly Target[]; programs: Programs },
): WhoEvent {
  const { targets, programs, evidence, sockets, lookup } = what;
  const program = programs.describe(process);
  return {
    schema: SCHEMA,
    type: "who",
    time: clock.toRfc3339(tsNs),
    target: targets.map(({ text }) => text).join(" "),
    evidence,
    process,
    exe_sha256: program.sha256,
    package: program.package,
    ...(program.packageVersion === undefined ? {} : { package_version: program.packageVersion }),
    ...(program.unknownReason === undefined ? {} : { unknown_reason: program.unknownReason }),
    sockets,
    ...(lookup === undefined ? {} : { lookup }),
  };
}

/** Waits for it to happen. */
async function answerNext(options: LiveOptions, targets: readonly Target[]): Promise<ExitCode> {
  let found = 0;
  const name = targets[0]?.name;
  const emitting = (session: LiveSession): (event: WhoEvent | undefined) => void => {
    const passes = compileFilter(options);
    return (event) => {
      if (event === undefined || found > 0 || (passes !== undefined && !passes(event))) return;
      found++;
      session.emit(event);
    };
  };
  const code = await runLive({
    name: "who",
    columns: "who",
    sensors: name === undefined ? [PROCESS_SENSOR, CONN_SENSOR, DNS_SENSOR] : [PROCESS_SENSOR, DNS_SENSOR],
    handlers: (session) =>
      name === undefined
        ? connectionHandlers(session, options, targets, emitting(session))
        : lookupHandlers(session, targets, name, emitting(session)),
  }, { ...options, count: 1 });
  if (found > 0) return EXIT_CODE.ok;
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
    events: [],
    listen: false,
    states: [],
    connectionPorts: [],
    networks: [],
    protocols: [],
    directions: [],
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
        asked.event.lookup.answers.push(...event.dns.answers.map(({ data }) => data));
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
