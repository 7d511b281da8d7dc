/**
 * What rows stand for, in words.
 *
 * @module
 */

import type { ProcessInfo } from "../events.ts";
import { counted } from "../output/count.ts";
import type { RowLabel } from "./types.ts";

/**
 * What the first column of a row says.
 *
 * @param label what it stands for
 * @returns text as it was found: to be escaped
 */
export function displayName(label: RowLabel): string {
  switch (label.view) {
    case "process":
      return label.process.name;
    case "destination":
      return label.address;
    case "name":
      return label.name === "" ? "(no name seen)" : label.name;
    case "others":
      return `(${counted(label.merged, "others")})`;
  }
}

/**
 * The command line of a process.
 *
 * @param process whose
 * @returns its arguments, or its executable in brackets where it has none; to be escaped
 */
export function commandOf(process: ProcessInfo): string {
  if (process.unknown_reason !== undefined && process.cmdline.length === 0) return `(${process.unknown_reason})`;
  return process.cmdline.length > 0 ? process.cmdline.join(" ") : `[${process.exe || process.comm}]`;
}

/**
 * What a filter looks in.
 *
 * @param label what a row stands for
 * @param processes names of processes behind it
 * @returns all words of the row
 */
export function searchText(label: RowLabel, processes: readonly string[]): string {
  const words = [displayName(label), ...processes];
  if (label.view === "process") {
    const { process } = label;
    words.push(`${process.pid}`, process.user ?? `${process.uid}`, commandOf(process), process.container?.id ?? "");
  }
  if (label.view === "destination") words.push(label.transport, label.name);
  return words.join(" ");
}
