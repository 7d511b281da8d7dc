/**
 * Which rows are shown, and in which order.
 *
 * @module
 */

import { displayName, searchText } from "./label.ts";
import type { TopState } from "./state.ts";
import type { Amounts, Frame, FrameRow, Sort } from "./types.ts";

/** What a row is worth: first what decides, then what decides among equals. */
type Worth = readonly [number, number];

/** Octets in both directions. */
function octets({ sent, received }: Readonly<Amounts>): number {
  return sent + received;
}

const WORTH: Readonly<Record<Sort, (row: FrameRow) => Worth>> = {
  bytes: ({ rate, total }) => [octets(rate), octets(total)],
  connections: ({ open, total }) => [open, total.connections],
  lookups: ({ rate, total }) => [rate.lookups, total.lookups],
};

/**
 * Selects and orders the rows of a view. Others are always last, whatever the order: they are no row like the rest.
 *
 * @param frame everything
 * @param state what is to be seen
 * @returns rows, first to last
 */
export function orderRows(frame: Frame, state: TopState): FrameRow[] {
  const wanted = state.filter.toLowerCase();
  const rows = frame.rows[state.view];
  const kept = wanted === ""
    ? [...rows]
    : rows.filter(({ label, processes }) => searchText(label, processes).toLowerCase().includes(wanted));
  const worth = new Map(kept.map((row) => [row, WORTH[state.sort](row)] as const));
  const of = (row: FrameRow): Worth => worth.get(row) ?? [0, 0];
  const [major, minor] = state.byTotal ? [1, 0] : [0, 1];
  const sign = state.reversed ? -1 : 1;
  return kept.sort((a, b) =>
    Number(a.label.view === "others") - Number(b.label.view === "others") ||
    sign * ((of(b)[major] ?? 0) - (of(a)[major] ?? 0) || (of(b)[minor] ?? 0) - (of(a)[minor] ?? 0)) ||
    compareText(displayName(a.label), displayName(b.label))
  );
}

/** By code units: the same on every host. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
