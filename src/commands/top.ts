/**
 * `culprit top`: which process, destination or name moves most, live.
 *
 * @module
 */

import { CONN_SENSOR_WITH_USAGES } from "../../bpf/conn/sensor.ts";
import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import { NAMES_SENSOR } from "../conns/lookups.ts";
import { type ExitCode, UsageError } from "../errors.ts";
import { runLive } from "../live.ts";
import { TopObserver } from "../top/observer.ts";
import type { TopOptions } from "../top/options.ts";
import { BatchOutput, ScreenOutput, type TopOutput } from "../top/output.ts";
import type { TopState } from "../top/state.ts";
import { isTerminal } from "../top/terminal.ts";

/** Below this a terminal does not follow, and rates say nothing. */
const SHORTEST_INTERVAL_MS = 100;

/**
 * Runs `culprit top`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {UsageError} without a terminal, or with too short an interval
 * @throws {CulpritError} when it cannot start
 */
export async function runTop(options: TopOptions): Promise<ExitCode> {
  if (options.intervalMs < SHORTEST_INTERVAL_MS) {
    throw new UsageError(`option --interval: found ${options.intervalMs}ms, wanted at least ${SHORTEST_INTERVAL_MS}ms`);
  }
  const output = openOutput(options);
  return await runLive({
    name: "top",
    columns: "connection",
    sensors: [PROCESS_SENSOR, CONN_SENSOR_WITH_USAGES, NAMES_SENSOR],
    globals: { dns_ports: options.ports, dns_port_count: [options.ports.length] },
    writer: output,
    handlers: (session) => new TopObserver(session, options, output),
    // Counts refreshes, not events.
  }, { ...options, format: "text", output: undefined, count: undefined });
}

function openOutput({ by, sort, batch, quiet }: TopOptions): TopOutput {
  const state: TopState = {
    view: by,
    sort,
    byTotal: false,
    reversed: false,
    paused: false,
    offset: 0,
    filter: "",
    editing: false,
    help: false,
  };
  if (batch) return new BatchOutput({ state, quiet });
  if (!isTerminal()) {
    throw new UsageError("culprit top wants a terminal that knows control sequences, found none", {
      hint: "run culprit top --batch for plain text, or culprit conns --json for events",
    });
  }
  return new ScreenOutput({ state, quiet }, !Deno.noColor);
}
