/**
 * `culprit who`: which process talks to an address or asks for a name, with its whole story.
 *
 * The answer is looked for among the sockets there are now; with `--wait` also in what happens next.
 *
 * @module
 */

import { closeLibrary, configureLibrary, missingBpfCapabilities } from "../../ffi/mod.ts";
import { findAsset } from "../assets.ts";
import type { Clock } from "../capture.ts";
import { readKept } from "../conns/kept.ts";
import { EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import { type ConnectionEvent, type ProcessInfo, SCHEMA, type WhoEvent, type WhoSocketInfo } from "../events.ts";
import { bootTimeNs, LiveClock } from "../host/clock.ts";
import { counted } from "../output/count.ts";
import { escapeTerminal } from "../output/escape.ts";
import { compileFilter } from "../output/filter.ts";
import { writeStderr } from "../output/stdio.ts";
import { openWriter } from "../output/writer.ts";
import { unknownProcess } from "../process_table.ts";
import { endedSocket, withoutRemains } from "../snapshot/ended.ts";
import { foreignProcReason, processesOf } from "../snapshot/processes.ts";
import { Programs } from "../snapshot/program.ts";
import { type Snapshot, type SocketHolder, type SocketRow, takeSnapshot } from "../snapshot/snapshot.ts";
import { parseTarget, portMeant, type Target } from "../snapshot/target.ts";
import type { LiveOptions } from "./options.ts";
import { connectionSocket, endOf, NOBODY_FOUND, ownAddresses, whoEvent } from "./who_answer.ts";
import { answerNext } from "./who_next.ts";

/** What `culprit who` receives. */
export interface WhoOptions extends Omit<LiveOptions, "durationMs" | "retainMs"> {
  /** One end or a name; or two ends of one connection. */
  readonly targets: readonly string[];
  /** Wait this long for it to happen, when no socket matches; milliseconds, undefined for not at all. */
  readonly waitMs: number | undefined;
}

/** Ended connections told of one process. */
const KEPT_SOCKETS_MAX = 100;

/** How long facts of ended processes are of use: an event is told within a second. */
const RETAIN_MS = 60_000;

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
  if (typeof now === "number") return now;
  // The live run chooses its libbpf itself.
  closeLibrary();
  const code = await answerNext({ ...options, durationMs: options.waitMs, retainMs: RETAIN_MS }, targets, now);
  if (code !== EXIT_CODE.ok) tellNobody(options, ", and none came while it waited");
  return code;
}

/** Says to people that no process was found; `where` ends the sentence. */
function tellNobody(options: WhoOptions, where: string, hint?: string): void {
  if (options.format !== "text" || options.quiet) return;
  const which = compileFilter(options) === undefined ? "" : " that the filters let pass";
  writeStderr(escapeTerminal(`culprit: found no process for "${options.targets.join(" ")}"${which}${where}`) + "\n");
  if (hint !== undefined) writeStderr(`hint: ${hint}\n`);
}

/** What else to try where nobody was found. */
function hintOf(targets: readonly Target[]): string {
  const other = targets.map(portMeant).find((meant) => meant !== undefined);
  if (other !== undefined) return `of an IPv6 address with a port the address stands in brackets: ${other}`;
  return missingBpfCapabilities().length > 0
    ? "run it as root, which sees the sockets of everybody"
    : "--wait 1m waits for the next one";
}

/** Looks among the sockets there are. Nobody yet, and it goes on waiting: what it could not observe. */
async function answerNow(options: WhoOptions, targets: readonly Target[]): Promise<ExitCode | readonly string[]> {
  const startedNs = bootTimeNs();
  const clock = new LiveClock();
  // Sockets know no names.
  const isName = targets[0]?.name !== undefined;
  const snapshot = isName ? undefined : takeSnapshot();
  const kept = await readKept();
  const passes = compileFilter(options);
  using writer = openWriter({ ...options, columns: "who" });
  let named = 0;
  const foreign = foreignProcReason();
  // One for all: a program that serves and served is hashed once. sock_diag(7) tells the numbers of /proc in any case.
  const programs = new Programs(clock, foreign);
  const own = foreign === undefined || snapshot?.source === "iterators" ? programs : new Programs(clock, undefined);
  const ended = kept.events.map(endedSocket);
  const holding = snapshot === undefined
    ? []
    : whoEvents(snapshot, withoutRemains(snapshot.sockets, ended), targets, clock, own);
  for (const event of [...holding, ...keptEvents(kept.events, targets, clock, programs)]) {
    if (writer.eventCount === options.count || (passes !== undefined && !passes(event))) continue;
    if (event.process.pid !== 0) named++;
    writer.write(event);
  }
  const notObserved = [...snapshot?.notObserved ?? [], ...kept.notObserved];
  if (named === 0 && kept.since !== undefined) {
    notObserved.push(`what ended before ${kept.since}: a running culprit conns --keep has no room for more`);
  }
  if (named === 0 && options.waitMs !== undefined) return notObserved;
  const nowNs = bootTimeNs();
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
  const places = [
    ...(snapshot === undefined ? [] : [counted(snapshot.sockets.length, "sockets")]),
    ...(kept.events.length === 0
      ? []
      : [`${counted(kept.events.length, "ended connections")} that a running culprit conns --keep remembers`]),
  ];
  const where = places.length === 0 ? "" : ` among ${places.join(" and ")}`;
  tellNobody(options, where, hintOf(targets));
  return notObserved.length > 0 ? EXIT_CODE.incomplete : NOBODY_FOUND;
}

/** What is found of one process. */
interface Found {
  process: ProcessInfo;
  sockets: WhoSocketInfo[];
}

/** The processes whose sockets, of these rows, match, in the order of their pids; then sockets of which no process is known. */
function whoEvents(
  snapshot: Snapshot,
  rows: readonly SocketRow[],
  targets: readonly Target[],
  clock: Clock,
  programs: Programs,
): WhoEvent[] {
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
  for (const row of rows) {
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
function keptEvents(
  kept: readonly ConnectionEvent[],
  targets: readonly Target[],
  clock: Clock,
  programs: Programs,
): WhoEvent[] {
  const isOwn = ownAddresses();
  const name = targets[0]?.name?.toLowerCase();
  const found = new Map<string, Found & { time: string }>();
  for (const event of kept.toReversed()) {
    const { process, connection, destination_name: destination } = event;
    if (process === undefined || process.pid === 0) continue;
    const end = name === undefined
      ? endOf(targets, connection, isOwn)
      : destination?.name.toLowerCase() === name
      ? "remote"
      : undefined;
    if (end === undefined) continue;
    const key = `${process.pid} ${process.start_time}`;
    const present = found.get(key) ?? { process, sockets: [], time: event.time };
    found.set(key, present);
    if (present.sockets.length < KEPT_SOCKETS_MAX) present.sockets.push(connectionSocket(event, end));
  }
  return [...found.values()].map(({ process, sockets, time }) => ({
    ...whoEvent(process, clock, bootTimeNs(), { targets, programs, evidence: "connection", sockets }),
    time,
  }));
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
