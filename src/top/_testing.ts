/**
 * Frames for tests.
 *
 * @module
 */

import type { ProcessInfo } from "../events.ts";
import { unknownProcess } from "../process_table.ts";
import type { TopState } from "./state.ts";
import { TopModel, type TopModelOptions } from "./model.ts";
import type { TopRow } from "./table.ts";
import type { Surroundings } from "./types.ts";

/** A second in ns. */
export const S = 1e9;

/** What is seen at the start. */
export const STATE: TopState = {
  view: "process",
  sort: "bytes",
  byTotal: false,
  reversed: false,
  paused: false,
  offset: 0,
  filter: "",
  editing: false,
  help: false,
};

/** Nothing lost. */
export const CALM: Surroundings = { from: "10:00:00", to: "10:00:01", lost: {}, notObserved: [] };

/** A process of a name. */
export function processNamed(pid: number, name: string, more: Partial<ProcessInfo> = {}): ProcessInfo {
  const { unknown_reason: _, ...known } = unknownProcess("a test");
  return { ...known, pid, name, comm: name, exe: `/bin/${name}`, cmdline: [name, "-x"], uid: 0, user: "root", ...more };
}

/** A model with one process row of each given name and octets, after one second. */
export function modelOf(rows: readonly (readonly [string, number])[], options: TopModelOptions = {}): TopModel {
  const model = new TopModel(0, options);
  rows.forEach(([name, octets], index) => {
    const process = processNamed(index + 1, name);
    put(model.tables.process.at(`${index}`, () => ({ view: "process", process, ended: false }), 0), octets);
    put(model.sum, octets);
  });
  return model;
}

/** Adds octets that were sent. */
export function put(row: TopRow, octets: number): void {
  row.total.sent += octets;
  row.touched = true;
}
