/**
 * Draws a frame: lines of text that fit a terminal, with nothing in them that could steer it but our own colours.
 *
 * @module
 */

import { escapeTerminal } from "../output/escape.ts";
import { displayWidth, fitWidth } from "../output/width.ts";
import { placeColumns, type PlacedColumn } from "./columns.ts";
import { formatBytes, formatCount, formatRate, formatSpan } from "./format.ts";
import { HELP_LINES } from "./help.ts";
import { orderRows } from "./order.ts";
import type { TopState } from "./state.ts";
import type { Frame, FrameRow, Surroundings } from "./types.ts";

/** Where a frame is drawn. */
export interface Canvas {
  /** Columns and rows of the terminal, each 1 or more; undefined where nothing is to be cut. */
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly colours: boolean;
}

/** SGR sequences (ECMA-48 section 8.3.117). */
const STYLES = { bold: "\x1b[1m", dim: "\x1b[2m", reverse: "\x1b[7m", bad: "\x1b[1;31m", warn: "\x1b[33m" } as const;
const RESET = "\x1b[0m";

/** A line before it is cut. */
interface Line {
  readonly text: string;
  readonly style?: keyof typeof STYLES;
}

/** Lines around the rows that are drawn on a terminal of so many rows, most important first. */
const HEADER_ROWS = { loss: 4, title: 6, sums: 5, keys: 8 } as const;

/** Keys, as the last line says them. */
const KEYS_LINE = "? help  q quit  p/d/n view  b/c/l sort  t now/total  r reverse  space pause  / filter";

/**
 * Rows a page has on a terminal.
 *
 * @param rows of the terminal
 * @param surroundings of the frame: a loss takes a line
 * @returns rows left for the table, 0 or more
 */
export function pageRows(rows: number, surroundings: Surroundings): number {
  return Math.max(0, rows - headerLines(rows, surroundings) - 1 - (rows >= HEADER_ROWS.keys ? 1 : 0));
}

function headerLines(rows: number, surroundings: Surroundings): number {
  const isLossShown = rows >= HEADER_ROWS.loss || (hasLoss(surroundings) && rows >= 2);
  return Number(isLossShown) + Number(rows >= HEADER_ROWS.title) + Number(rows >= HEADER_ROWS.sums);
}

function hasLoss({ lost }: Surroundings): boolean {
  return Object.values(lost).some((count) => count > 0);
}

/**
 * Draws a frame.
 *
 * @param frame what to show
 * @param state what of it
 * @param surroundings time and losses
 * @param canvas where
 * @returns lines without line feeds, no more than the terminal has rows, none wider than it
 */
export function renderFrame(frame: Frame, state: TopState, surroundings: Surroundings, canvas: Canvas): string[] {
  const { rows } = canvas;
  const table = (page: number | undefined): Line[] =>
    state.help
      ? HELP_LINES.slice(0, page === undefined ? undefined : page + 1).map((text) => ({ text }))
      : tableLines(frame, state, page, canvas);
  const title = titleLine(frame, state, surroundings);
  const loss = lossLine(surroundings);
  const sums = sumsLine(frame.sum);
  const lines: Line[] = rows === undefined ? [title, sums, loss, ...table(undefined)] : [
    ...(rows >= HEADER_ROWS.title ? [title] : []),
    ...(rows >= HEADER_ROWS.sums ? [sums] : []),
    ...(rows >= HEADER_ROWS.loss || (hasLoss(surroundings) && rows >= 2) ? [loss] : []),
    ...table(pageRows(rows, surroundings)),
  ];
  if (rows !== undefined && rows >= HEADER_ROWS.keys) {
    while (lines.length < rows - 1) lines.push({ text: "" });
    lines.push({ text: statusLine(state), style: state.editing ? "bold" : "dim" });
  }
  return lines.map((line) => paint(line, canvas));
}

function titleLine({ startNs, nowNs, intervalNs }: Frame, state: TopState, { from, to }: Surroundings): Line {
  const span = formatSpan(Math.max(0, nowNs - startNs));
  const order = `${state.sort} ${state.byTotal ? "in total" : "now"}${state.reversed ? ", reversed" : ""}`;
  // While rows stand still, that they do is of more use than how long their interval was.
  const note = state.paused ? ", PAUSED" : intervalNs > 0 ? `, last ${(intervalNs / 1e9).toFixed(1)}s` : "";
  return { text: `culprit top  ${from} to ${to} UTC (${span}${note})  by ${state.view}, ${order}`, style: "bold" };
}

function sumsLine({ rate, total, open }: FrameRow): Line {
  const now = `sent ${formatBytes(rate.sent)}/s  recv ${formatBytes(rate.received)}/s  ` +
    `open ${formatCount(open)}  conns ${formatRate(rate.connections)}/s  lookups ${formatRate(rate.lookups)}/s`;
  const all = `sent ${formatBytes(total.sent)}  recv ${formatBytes(total.received)}  ` +
    `conns ${formatCount(total.connections)}  lookups ${formatCount(total.lookups)}`;
  return { text: `${now}  all: ${all}` };
}

function lossLine({ lost, notObserved }: Surroundings): Line {
  const causes = Object.entries(lost).filter(([, count]) => count > 0).map(([cause, count]) => `${count} ${cause}`);
  const parts = [causes.length > 0 ? `LOST: ${causes.join(", ")}` : "nothing lost"];
  if (notObserved.length > 0) parts.push(`not observed: ${notObserved.join("; ")}`);
  return { text: parts.join("  "), style: causes.length > 0 ? "bad" : notObserved.length > 0 ? "warn" : "dim" };
}

function statusLine(state: TopState): string {
  if (state.editing) return `filter: ${state.filter}_  (enter keeps it, escape clears it)`;
  return state.filter === "" ? KEYS_LINE : `filter: ${state.filter}  (escape clears it)  ${KEYS_LINE}`;
}

/** Headings and rows. */
function tableLines(frame: Frame, state: TopState, page: number | undefined, canvas: Canvas): Line[] {
  const placed = placeColumns(state.view, state.sort, canvas.columns);
  const rows = orderRows(frame, state);
  const shown = page === undefined ? rows : rows.slice(state.offset, state.offset + page);
  const heading = placed.map(({ column, width }, index) => cell(column.title, placed, index, width, canvas)).join(" ");
  return [
    { text: heading, style: "reverse" },
    ...shown.map((row): Line => {
      const text = placed.map(({ column, width }, index) => cell(column.value(row), placed, index, width, canvas));
      const isPast = row.label.view === "others" || (row.label.view === "process" && row.label.ended);
      return { text: text.join(" "), ...(isPast ? { style: "dim" } : {}) };
    }),
  ];
}

/** One cell: escaped, cut where the terminal ends, and padded. */
function cell(
  value: string,
  placed: readonly PlacedColumn[],
  index: number,
  width: number,
  { columns }: Canvas,
): string {
  const text = escapeTerminal(value);
  const isRight = placed[index]?.column.right === true;
  const room = Math.max(0, width - displayWidth(text));
  if (isRight && room > 0) return " ".repeat(room) + text;
  if (columns !== undefined) return fitWidth(text, width);
  return index === placed.length - 1 ? text : text + " ".repeat(room);
}

function paint({ text, style }: Line, { columns, colours }: Canvas): string {
  const safe = escapeTerminal(text);
  const isBar = style === "reverse";
  // A bar goes to the edge.
  const cut = columns === undefined ? safe : isBar ? fitWidth(safe, columns) : fitWidth(safe, columns).trimEnd();
  if (!colours || style === undefined || cut === "") return isBar ? cut.trimEnd() : cut;
  return `${STYLES[style]}${cut}${RESET}`;
}
