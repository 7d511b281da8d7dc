/**
 * `culprit conns --once`: every socket there is, with all processes that hold it.
 *
 * @module
 */

import { configureLibrary } from "../../ffi/mod.ts";
import { findAsset } from "../assets.ts";
import { readKept } from "../conns/kept.ts";
import { EXIT_CODE, type ExitCode } from "../errors.ts";
import { SCHEMA } from "../events.ts";
import { bootTimeNs, LiveClock } from "../host/clock.ts";
import { compileFilter, type FilterOptions } from "../output/filter.ts";
import { openWriter, type OutputFormat } from "../output/writer.ts";
import { endedSocket, withoutRemains } from "../snapshot/ended.ts";
import { SocketEventBuilder } from "../snapshot/event.ts";
import { processesOf } from "../snapshot/processes.ts";
import { compileSocketFilter, type SocketFilterOptions } from "../snapshot/filter.ts";
import { type SocketRow, takeSnapshot } from "../snapshot/snapshot.ts";

/** What `culprit conns --once` receives; the options of `culprit conns` hold it all. */
export interface ConnsOnceOptions extends FilterOptions, SocketFilterOptions {
  readonly format: OutputFormat;
  /** End after this many sockets; undefined for all. */
  readonly count: number | undefined;
  readonly output: string | undefined;
  readonly quiet: boolean;
  readonly libbpf: string | undefined;
  /** Unix sockets too; also when the protocols or their names ask for them. */
  readonly unix?: boolean;
}

/** Listeners first, then what people look for next to each other. */
function compareRows(left: SocketRow, right: SocketRow): number {
  const order = (row: SocketRow): number => row.state === "listen" ? 0 : row.state === "unconnected" ? 1 : 2;
  return order(left) - order(right) || left.netns - right.netns ||
    (left.protocol < right.protocol ? -1 : left.protocol > right.protocol ? 1 : 0) ||
    (left.local?.port ?? 0) - (right.local?.port ?? 0) || left.inode - right.inode;
}

/**
 * Runs `culprit conns --once`.
 *
 * @param options values of the command line
 * @returns 0, or 3 when something could not be observed
 * @throws {CulpritError} when nothing can be observed or written
 */
export async function runConnsOnce(options: ConnsOnceOptions): Promise<ExitCode> {
  configureLibrary({ path: options.libbpf, bytes: findAsset("libbpf.so.1") });
  const startedNs = bootTimeNs();
  const unix = options.unix === true || options.protocols.includes("unix") || (options.paths ?? []).length > 0;
  const snapshot = takeSnapshot({ unix });
  const kept = await readKept();
  const clock = new LiveClock();
  const table = processesOf(snapshot, clock);
  const passesRow = compileSocketFilter(options);
  const passes = compileFilter(options);
  const builder = new SocketEventBuilder({
    clock,
    tsNs: snapshot.tsNs,
    lookup: (ref, tsNs) => table.lookup(ref, tsNs),
  });
  using writer = openWriter({ ...options, columns: "socket" });
  const ended = kept.events.map(endedSocket).filter(passesRow);
  for (const row of withoutRemains(snapshot.sockets.filter(passesRow), ended).sort(compareRows)) {
    if (writer.eventCount === options.count || writer.ended) break;
    const event = builder.event(row);
    if (passes === undefined || passes(event)) writer.write(event);
  }
  for (const event of ended) {
    if (writer.eventCount === options.count || writer.ended) break;
    if (passes === undefined || passes(event)) writer.write(event);
  }
  const notObserved = [...snapshot.notObserved, ...kept.notObserved];
  const nowNs = bootTimeNs();
  writer.write({
    schema: SCHEMA,
    type: "summary",
    time: clock.toRfc3339(nowNs),
    command: "conns",
    duration_ms: Math.round((nowNs - startedNs) / 1e6),
    events: writer.eventCount,
    observed: {
      sockets: snapshot.sockets.length,
      network_namespaces: snapshot.namespaces,
      closed_meanwhile: snapshot.closedMeanwhile,
      ...(kept.events.length > 0 ? { kept_connections: kept.events.length } : {}),
    },
    lost: {},
    not_observed: notObserved,
  });
  writer.flush();
  return notObserved.length === 0 ? EXIT_CODE.ok : EXIT_CODE.incomplete;
}
