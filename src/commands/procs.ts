/**
 * `culprit procs`: which processes begin, fork and end.
 *
 * @module
 */

import { PROCESS_SENSOR } from "../../bpf/process/sensor.ts";
import type { ExitCode } from "../errors.ts";
import { type ProcessEvent, SCHEMA } from "../events.ts";
import { signalName } from "../host/signals.ts";
import { type LiveHandlers, type LiveSession, runLive } from "../live.ts";
import type { ProcessExit } from "../process_table/types.ts";
import type { ProcsOptions } from "./options.ts";

/**
 * Runs `culprit procs`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {CulpritError} when it cannot start
 */
export function runProcs(options: ProcsOptions): Promise<ExitCode> {
  const shown = new Set<string>(options.events);
  return runLive({
    name: "procs",
    columns: "process",
    sensors: [PROCESS_SENSOR],
    handlers: (session) => procsHandlers(session, shown),
  }, options);
}

function procsHandlers(session: LiveSession, shown: ReadonlySet<string>): LiveHandlers {
  return {
    process(event, record): void {
      if (!shown.has(event)) return;
      session.emit({
        schema: SCHEMA,
        type: "process",
        time: session.clock.toRfc3339(record.tsNs),
        event,
        process: session.table.lookup({ tgid: record.tgid, startTimeNs: record.startTimeNs }, record.tsNs),
        ...("exitStatus" in record ? exitFacts(record) : {}),
      });
    },
    record: () => {},
    tick: () => {},
    finish: () => {},
    lost: () => {},
    observed: () => ({}),
    lostCounts: () => ({}),
  };
}

/** How a process ended: the wait status of wait(2) taken apart. */
function exitFacts(exit: ProcessExit): Partial<ProcessEvent> {
  const signal = exit.exitStatus & 0x7f;
  const facts: Partial<ProcessEvent> = { run_time_us: Math.round((exit.tsNs - exit.startTimeNs) / 1000) };
  if (signal === 0) return { ...facts, exit_code: exit.exitStatus >> 8 & 0xff };
  facts.signal = signalName(signal);
  if ((exit.exitStatus & 0x80) !== 0) facts.core_dumped = true;
  return facts;
}
