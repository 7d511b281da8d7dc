/**
 * `culprit map`: who talks to whom, gathered for a while and told at the end.
 *
 * @module
 */

import { CONN_SENSOR, ConnectionCounters, ConnectionDecoder, NO_USAGE } from "../../bpf/conn/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { ConnectionEventBuilder } from "../conns/event.ts";
import { compileConnectionFilter, type Network } from "../conns/filter.ts";
import { Lookups, NAMES_GLOBALS, NAMES_SENSOR } from "../conns/lookups.ts";
import { readSurvivors } from "../conns/survivors.ts";
import { ConnectionTracker } from "../conns/tracker.ts";
import type { Survivors, TaskIdentity } from "../conns/types.ts";
import type { ExitCode } from "../errors.ts";
import type { ProcessInfo } from "../events.ts";
import { bootTimeNs } from "../host/clock.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import { lossesOf } from "../loss_causes.ts";
import { DocumentFormatter, type MapDocument } from "../map/document.ts";
import { renderDot } from "../map/dot.ts";
import { EdgeTable } from "../map/edges.ts";
import { Gatherer } from "../map/gatherer.ts";
import { renderHtml } from "../map/html.ts";
import { renderMermaid } from "../map/mermaid.ts";
import { renderNft } from "../map/nft.ts";
import { policyHost } from "../map/policy_host.ts";
import { readTcpCounters } from "../map/tcp_counters.ts";
import { compileFilter } from "../output/filter.ts";
import type { OutputFormat } from "../output/writer.ts";
import type { LiveOptions, MapFormat } from "./options.ts";

/** What `culprit map` receives. */
export interface MapOptions extends Omit<LiveOptions, "format" | "count"> {
  /** `--json` was given. */
  readonly json: boolean;
  /** Undefined for what `json` and `policy` say. */
  readonly format: MapFormat | undefined;
  /** Propose a firewall policy in place of the map. */
  readonly policy: "nft" | undefined;
  /** Edges with fewer connections than this are not allowed by the policy. */
  readonly minCount: number;
  /** Ports of either end. */
  readonly connectionPorts: readonly number[];
  /** Networks either end is in. */
  readonly networks: readonly Network[];
  /** Kinds of sockets. */
  readonly protocols: readonly string[];
}

/** A flow without packets for this long has ended, ms. */
const IDLE_MS = 30_000;
/** What has ended is looked up only by its other end, which ends soon after, ms. */
const KEEP_MS = 10_000;

/**
 * Runs `culprit map`.
 *
 * @param options values of the command line
 * @returns the exit code: 0, or 3 when something was lost or could not be observed
 * @throws {CulpritError} when it cannot start
 */
export async function runMap(options: MapOptions): Promise<ExitCode> {
  const { format, render } = formatOf(options);
  // The octets of an edge are those of its connections: that some are not counted by process is no loss.
  const { connection_usage_missed: _, ...missedRuns } = CONN_SENSOR.missedRuns ?? {};
  const formatter = render && new DocumentFormatter(render, Deno.hostname());
  return await runLive({
    name: "map",
    columns: "edge",
    ...(formatter === undefined ? {} : { formatter }),
    sensors: [PROCESS_SENSOR, { ...CONN_SENSOR, missedRuns }, NAMES_SENSOR],
    globals: NAMES_GLOBALS,
    handlers: (session) => mapHandlers(session, options),
  }, { ...options, format, count: undefined });
}

/** Formats that are documents. */
const RENDERERS: Partial<Record<MapFormat, (document: MapDocument) => string>> = {
  dot: renderDot,
  mermaid: renderMermaid,
  html: renderHtml,
};

/** One format out of what may say it. */
function formatOf(
  { json, format = json ? "json" : "text", policy, minCount }: MapOptions,
): { format: OutputFormat; render: ((document: MapDocument) => string) | undefined } {
  if (policy !== undefined) {
    return { format: "text", render: (document) => renderNft(document, minCount, policyHost()) };
  }
  const isLines = format === "text" || format === "json" || format === "kv";
  return { format: isLines ? format : "text", render: RENDERERS[format] };
}

/** Makes what the run does with records. */
function mapHandlers(session: LiveSession, options: MapOptions): LiveHandlers {
  const refused = new Set<string>();
  const edges = new EdgeTable();
  const lookups = new Lookups(({ query, client }) => {
    if (query === undefined || client === undefined || client.tgid === 0) return;
    edges.addLookup(session.table.lookup(client, query.tsNs), query.netns);
  });
  const resolve = (task: TaskIdentity, tsNs: number): ProcessInfo => session.table.lookup(task, tsNs);
  const builder = new ConnectionEventBuilder({
    clock: session.clock,
    resolve,
    listenerOf: (connection) => tracker.listenerOf(connection),
    names: lookups.names,
    isUsageKnown: !session.run.lacks(NO_USAGE),
  });
  const gatherer = new Gatherer({
    describe: builder.event.bind(builder),
    passes: compileConnectionFilter({ ...options, events: [], listen: false, states: [], directions: [] }),
    passesEvent: compileFilter(options),
    edges,
    startNs: bootTimeNs(),
    baseline: readTcpCounters((what) => refused.add(what)),
  });
  let isFinishing = false;
  let survivors: Survivors | undefined;
  const tracker: ConnectionTracker = new ConnectionTracker({
    counters: new ConnectionCounters(session.run),
    resolve,
    sinceNs: session.run.attachedNs,
    keepMs: KEEP_MS,
    idleMs: IDLE_MS,
    onEvent: (name, connection, tsNs) => {
      if (isFinishing && connection.end === "idle") gatherer.tellOpen(connection, new Map(), tsNs);
      else gatherer.tell(name, connection, tsNs);
    },
  });
  const decoder = new ConnectionDecoder();
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.CONNECTION) tracker.record(decoder.decode(view, base));
      else if (type === RECORD_TYPE.DNS_PACKET) lookups.packet(view, base);
    },
    tick: (nowNs) => {
      lookups.tick(nowNs);
      tracker.tick(nowNs);
      gatherer.tick(nowNs);
    },
    ending: () => survivors = readSurvivors(session.run),
    finish: (nowNs) => {
      const counters = readTcpCounters((what) => refused.add(what));
      lookups.finish(nowNs);
      // What waits was before the end, and what was idle until now stays ended.
      tracker.tick(nowNs);
      tracker.finish();
      isFinishing = true;
      // Flows have no end; past the longest they may be idle, all of them have, with their last packet as its time.
      tracker.tick(nowNs + 2 * IDLE_MS * 1e6);
      tracker.finish();
      gatherer.tick(Infinity);
      for (const connection of tracker.living()) gatherer.tellOpen(connection, counters, nowNs);
      // Not before: a connection whose end went unseen is an edge, too.
      tracker.finish(survivors);
      for (const event of edges.events(session.clock, nowNs)) session.emit(event);
    },
    lost: (nowNs) => lookups.noteLoss(nowNs),
    observed: () => ({
      connection_records: tracker.counts.records,
      open_connections_unread: gatherer.unread,
      ...lookups.observed,
    }),
    lostCounts: () => ({
      ...tracker.counts.missed,
      ...lossesOf({ edge_ends_joined: edges.merged, namespaces_refused: refused.size }),
    }),
  };
}
