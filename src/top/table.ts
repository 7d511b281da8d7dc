/**
 * The rows of one view: bounded, and none forgotten. What has no place, or was idle for long, is merged into one row of
 * others, so that the sum over all rows is always right.
 *
 * @module
 */

import type { Amounts, FrameRow, RowLabel } from "./types.ts";

/** Names of processes kept with a row: more do not fit a line. */
const MAX_PROCESSES = 4;
/** Rows are merged down to this part of the most, so that it is not done again for every row that comes. */
const KEPT_PART = 0.75;

/** Nothing, to be added to. */
export function noAmounts(): Amounts {
  return { sent: 0, received: 0, connections: 0, lookups: 0 };
}

/** Adds amounts, each times a factor. */
function add(target: Amounts, amounts: Readonly<Amounts>): void {
  target.sent += amounts.sent;
  target.received += amounts.received;
  target.connections += amounts.connections;
  target.lookups += amounts.lookups;
}

/** A row that counts. */
export class TopRow {
  /** What it stands for. */
  readonly label: RowLabel;
  /** Since the start. */
  readonly total: Amounts = noAmounts();
  /** Connections that are open. */
  open = 0;
  /** Something was counted since the last frame. */
  touched = true;
  /** Row that took its place; undefined while it counts itself. */
  mergedInto: TopRow | undefined;
  readonly #before: Amounts = noAmounts();
  readonly #rate: Amounts = noAmounts();
  readonly #processes: string[] = [];
  #activeNs: number;

  /**
   * @param label what it stands for
   * @param nowNs when it appears
   */
  constructor(label: RowLabel, nowNs: number) {
    this.label = label;
    this.#activeNs = nowNs;
  }

  /** When something was counted last, to an interval. */
  get activeNs(): number {
    return this.#activeNs;
  }

  /**
   * Notes a process behind it.
   *
   * @param name of a process
   */
  addProcess(name: string): void {
    if (this.#processes.length < MAX_PROCESSES && !this.#processes.includes(name)) this.#processes.push(name);
  }

  /**
   * Ends an interval.
   *
   * @param nowNs end of the interval
   * @param seconds its length; 0 for none, which leaves no rates
   */
  endInterval(nowNs: number, seconds: number): void {
    const { total } = this;
    for (const key of ["sent", "received", "connections", "lookups"] as const) {
      // A connection that turns out to be another process's leaves a row again.
      this.#rate[key] = seconds > 0 ? Math.max(0, (total[key] - this.#before[key]) / seconds) : 0;
      this.#before[key] = total[key];
    }
    if (this.touched || this.open > 0) this.#activeNs = nowNs;
    this.touched = false;
  }

  /**
   * Gives all it counted to another row.
   *
   * @param other receives it
   */
  mergeInto(other: TopRow): void {
    add(other.total, this.total);
    // Else the rate of the others would jump by what was counted long ago.
    add(other.#before, this.#before);
    add(other.#rate, this.#rate);
    other.open += this.open;
    other.touched = true;
    this.open = 0;
    this.mergedInto = other;
    if (other.label.view === "others") other.label.merged++;
  }

  /** As it is now. */
  freeze(): FrameRow {
    const { label, total, open } = this;
    return { label: { ...label }, total: { ...total }, rate: { ...this.#rate }, open, processes: [...this.#processes] };
  }
}

/**
 * The row that counts for a row: itself, or the one it was merged into.
 *
 * @param row a row that was found at any time
 * @returns the row to be added to
 */
export function counting(row: TopRow): TopRow {
  return row.mergedInto ?? row;
}

/** The rows of one view. See the module's description. */
export class TopTable {
  readonly #maxRows: number;
  readonly #keepNs: number;
  readonly #rows = new Map<string, TopRow>();
  readonly #others = new TopRow({ view: "others", merged: 0 }, 0);

  /**
   * @param maxRows rows kept at most, the one of others not counted
   * @param keepNs how long a row is kept after it was active last
   */
  constructor(maxRows: number, keepNs: number) {
    this.#maxRows = maxRows;
    this.#keepNs = keepNs;
  }

  /**
   * Finds a row, or makes it.
   *
   * @param key what it is found by
   * @param label makes what it stands for
   * @param nowNs time
   * @returns the row
   */
  at(key: string, label: () => RowLabel, nowNs: number): TopRow {
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= this.#maxRows) this.#makeRoom();
      row = new TopRow(label(), nowNs);
      this.#rows.set(key, row);
    }
    return row;
  }

  /**
   * Finds a row.
   *
   * @param key what it is found by
   * @returns the row; undefined when there is none
   */
  find(key: string): TopRow | undefined {
    return this.#rows.get(key);
  }

  /** All rows, without that of others. */
  rows(): Iterable<TopRow> {
    return this.#rows.values();
  }

  /**
   * Ends an interval: rates are those of it, rows that were idle for long are merged.
   *
   * @param nowNs end of the interval
   * @param seconds its length
   */
  endInterval(nowNs: number, seconds: number): void {
    for (const [key, row] of this.#rows) {
      row.endInterval(nowNs, seconds);
      if (row.open === 0 && row.activeNs + this.#keepNs < nowNs) this.#merge(key, row);
    }
    this.#others.endInterval(nowNs, seconds);
  }

  /**
   * Rows as they are now.
   *
   * @returns in no order; others, where there are some, are the last
   */
  freeze(): FrameRow[] {
    const rows = Array.from(this.#rows.values(), (row) => row.freeze());
    const others = this.#others.freeze();
    return others.label.view === "others" && others.label.merged > 0 ? [...rows, others] : rows;
  }

  #merge(key: string, row: TopRow): void {
    row.mergeInto(this.#others);
    this.#rows.delete(key);
  }

  /** Merges the rows that matter least: without open connections before those with, longest idle first. */
  #makeRoom(): void {
    const ordered = [...this.#rows].sort(([, a], [, b]) =>
      Number(a.open > 0) - Number(b.open > 0) || a.activeNs - b.activeNs || octets(a) - octets(b)
    );
    const surplus = this.#rows.size - Math.floor(this.#maxRows * KEPT_PART);
    for (const [key, row] of ordered.slice(0, surplus)) this.#merge(key, row);
  }
}

/** All octets of a row. */
function octets({ total }: TopRow): number {
  return total.sent + total.received;
}
