/**
 * What the fields of process events mean, and the columns of their text form.
 *
 * @module
 */

import type { ProcessEvent } from "../../src/events.ts";
import { BASE_FIELDS, type EventDescription, EXAMPLE_PROCESS, PROCESS_BLOCK } from "../../src/output/fields.ts";
import type { Column } from "../../src/output/text.ts";

/** Process events are about the process, not about one of its threads. */
const { tid: _tid, ...EXAMPLE_ENDED } = EXAMPLE_PROCESS;

/** A process event. */
export const PROCESS_EVENT: EventDescription<ProcessEvent> = {
  name: "process_event",
  text: "A process began another program, was forked, or ended",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { process: "always" }, text: "Kind of event" },
    event: {
      type: "string",
      values: { exec: "began another program", fork: "was created", exit: "ended, with its last thread" },
      text: "What happened",
    },
    process: { type: "block", block: PROCESS_BLOCK, text: "The process; of a fork: the new one" },
    exit_code: { type: "integer", optional: true, maximum: 255, text: "Exit status, when it exited by itself" },
    signal: { type: "string", optional: true, text: "Signal that ended it, for example `SIGKILL`" },
    core_dumped: { type: "true", optional: true, text: "The kernel wrote a core dump" },
    run_time_us: { type: "integer", unit: "us", optional: true, text: "Life of the process, on exit" },
  },
  example: {
    schema: "culprit/1",
    type: "process",
    time: "2026-11-21T00:12:04.202100000Z",
    event: "exit",
    process: EXAMPLE_ENDED,
    exit_code: 0,
    run_time_us: 1_101_100,
  },
};

/** Life in the unit people would say it in. */
function runTime(microseconds: number): string {
  if (microseconds < 1e6) return `${(microseconds / 1e3).toPrecision(3)} ms`;
  return `${(microseconds / 1e6).toFixed(microseconds < 1e7 ? 2 : 1)} s`;
}

/** How a process ended, or its arguments. */
function detail(event: ProcessEvent): string {
  if (event.event !== "exit") {
    return event.process.cmdline.join(" ") + (event.process.cmdline_truncated === true ? " ..." : "");
  }
  const how = event.signal === undefined
    ? `exit ${event.exit_code ?? "unknown"}`
    : `${event.signal}${event.core_dumped === true ? " (core dumped)" : ""}`;
  return event.run_time_us === undefined ? how : `${how} after ${runTime(event.run_time_us)}`;
}

/** Columns of `culprit procs`. */
export const PROCESS_COLUMNS: readonly Column<ProcessEvent>[] = [
  { title: "TIME", width: 12, value: (event) => event.time.slice(11, 23), style: () => "dim" },
  { title: "EVENT", width: 5, value: (event) => event.event },
  { title: "PID", width: 7, value: ({ process }) => String(process.pid) },
  { title: "PPID", width: 7, drop: 1, value: ({ process }) => String(process.ppid) },
  { title: "USER", width: 10, drop: 2, value: ({ process }) => process.user ?? String(process.uid) },
  { title: "EXE", width: 16, share: 2, value: ({ process }) => process.exe === "unknown" ? process.comm : process.exe },
  {
    title: "CMDLINE",
    width: 16,
    share: 3,
    value: detail,
    style: (event) => event.signal !== undefined || (event.exit_code ?? 0) !== 0 ? "bad" : undefined,
  },
];
