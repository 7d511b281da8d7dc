/**
 * The columns of each view, and which of them fit a terminal.
 *
 * @module
 */

import { commandOf, displayName } from "./label.ts";
import { formatCount, formatOctets, formatRate } from "./format.ts";
import type { FrameRow, Sort, View } from "./types.ts";

/** One column. */
export interface TopColumn {
  /** Heading, in capitals. */
  readonly title: string;
  /** Columns of the terminal it takes; the least it takes where it has a `share`. */
  readonly width: number;
  /** Its part of the room the others leave. */
  readonly share?: number;
  /** Left out on a narrow terminal, lowest number first; absent on columns that always stay. */
  readonly drop?: number;
  /** Numbers. */
  readonly right?: true;
  /** What rows are ordered by when it is the first to be. */
  readonly sort?: Sort;
  /** Text of a cell; escaped and cut afterwards. */
  value(row: FrameRow): string;
}

/** A column with the width it has on this terminal. */
export interface PlacedColumn {
  readonly column: TopColumn;
  readonly width: number;
}

/** Numbers, which all views have. */
const NUMBERS: readonly TopColumn[] = [
  { title: "SENT/S", width: 6, right: true, sort: "bytes", drop: 10, value: ({ rate }) => formatOctets(rate.sent) },
  { title: "RECV/S", width: 6, right: true, sort: "bytes", drop: 9, value: ({ rate }) => formatOctets(rate.received) },
  { title: "SENT", width: 5, right: true, drop: 1.6, value: ({ total }) => formatOctets(total.sent) },
  { title: "RECV", width: 5, right: true, drop: 1.7, value: ({ total }) => formatOctets(total.received) },
  { title: "OPEN", width: 5, right: true, sort: "connections", drop: 7, value: ({ open }) => formatCount(open) },
  { title: "CONNS", width: 5, right: true, drop: 1.8, value: ({ total }) => formatCount(total.connections) },
  {
    title: "LOOKUPS",
    width: 7,
    right: true,
    sort: "lookups",
    drop: 8,
    value: ({ total }) => formatCount(total.lookups),
  },
  { title: "LOOK/S", width: 6, right: true, drop: 0.5, value: ({ rate }) => formatRate(rate.lookups) },
];

/** Processes behind a row. */
const PROCESSES: TopColumn = {
  title: "PROCESS",
  width: 12,
  share: 1,
  drop: 2,
  value: ({ processes }) => processes.join(","),
};

/** The columns, left to right. */
const COLUMNS: Readonly<Record<View, readonly TopColumn[]>> = {
  process: [
    { title: "PID", width: 7, right: true, drop: 8.5, value: ({ label }) => pidOf(label) },
    { title: "PROCESS", width: 12, share: 1, value: ({ label }) => displayName(label) },
    { title: "USER", width: 8, drop: 2, value: ({ label }) => label.view === "process" ? userOf(label.process) : "" },
    ...NUMBERS,
    {
      title: "CONTAINER",
      width: 12,
      drop: 0,
      value: ({ label }) => label.view === "process" ? label.process.container?.id.slice(0, 12) ?? "" : "",
    },
    {
      title: "COMMAND",
      width: 10,
      share: 4,
      drop: 1,
      value: ({ label }) => label.view === "process" ? commandOf(label.process) : "",
    },
  ],
  destination: [
    { title: "DESTINATION", width: 21, share: 2, value: ({ label }) => displayName(label) },
    {
      title: "PROTO",
      width: 5,
      // A port alone does not tell QUIC from HTTPS.
      drop: 1.9,
      value: ({ label }) => label.view === "destination" ? label.transport : "",
    },
    {
      title: "DIR",
      width: 3,
      drop: 0,
      value: ({ label }) => label.view === "destination" ? label.inbound ? "in" : "out" : "",
    },
    // Of all destinations only servers of DNS have any.
    ...NUMBERS.map((column) => column.sort === "lookups" ? { ...column, drop: 0.7 } : column),
    PROCESSES,
    {
      title: "NAME",
      width: 16,
      share: 3,
      drop: 2.5,
      value: ({ label }) => label.view === "destination" ? label.name : "",
    },
  ],
  name: [
    { title: "NAME", width: 24, share: 3, value: ({ label }) => displayName(label) },
    ...NUMBERS,
    PROCESSES,
  ],
};

function pidOf(label: FrameRow["label"]): string {
  return label.view === "process" && label.process.pid > 0 ? `${label.process.pid}` : "";
}

function userOf({ user, uid }: { user?: string; uid?: number }): string {
  return user ?? (uid === undefined ? "" : `${uid}`);
}

/** Room per share where rows are not cut. */
const UNCUT_SHARE = 8;

/**
 * Chooses the columns that fit and gives them their widths.
 *
 * @param view which
 * @param sort what rows are ordered by: its columns stay longest
 * @param columns of the terminal; undefined where nothing is to be cut
 * @returns at least one, left to right
 */
export function placeColumns(view: View, sort: Sort, columns: number | undefined): PlacedColumn[] {
  const kept = [...COLUMNS[view]];
  if (columns === undefined) {
    return kept.map((column) => ({ column, width: column.width + UNCUT_SHARE * (column.share ?? 0) }));
  }
  const least = (): number => kept.reduce((sum, column) => sum + column.width + 1, -1);
  const lastToGo = (column: TopColumn): number => (column.drop ?? 0) + (column.sort === sort ? 100 : 0);
  const droppable = kept.filter(({ drop }) => drop !== undefined).sort((a, b) => lastToGo(a) - lastToGo(b));
  for (const column of droppable) {
    if (least() <= columns) break;
    kept.splice(kept.indexOf(column), 1);
  }
  let room = columns - least();
  let shares = kept.reduce((sum, column) => sum + (column.share ?? 0), 0);
  return kept.map((column) => {
    // Negative where even the last column is too wide.
    const extra = column.share === undefined ? 0 : Math.trunc(room * column.share / shares);
    room -= extra;
    shares -= column.share ?? 0;
    return { column, width: Math.max(1, column.width + extra) };
  });
}
