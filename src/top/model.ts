/**
 * What `culprit top` counts, by process, destination and name.
 *
 * @module
 */

import { TopRow, TopTable } from "./table.ts";
import type { Frame, View } from "./types.ts";

/** Limits of a {@linkcode TopModel}. */
export interface TopModelOptions {
  /** Rows of each view, 1 or more. Default 2,048: more than anybody scrolls through, and 3 ms of work a refresh. */
  readonly maxRows?: number;
  /** Keep idle rows this long, ms. Default 60,000. */
  readonly keepMs?: number;
}

/** Of less time rates say nothing: the last interval of a run may be a moment. Half of the shortest one asked for. */
const SHORTEST_NS = 50e6;

/** Counts by process, destination and name. */
export class TopModel {
  /** Rows by what they stand for. */
  readonly tables: Readonly<Record<View, TopTable>>;
  /** Counts everything once. */
  readonly sum: TopRow;
  readonly #startNs: number;
  #lastNs: number;

  /**
   * @param startNs when counting begins
   * @param options see {@linkcode TopModelOptions}
   */
  constructor(startNs: number, options: TopModelOptions = {}) {
    const { maxRows = 2048, keepMs = 60_000 } = options;
    const table = (): TopTable => new TopTable(maxRows, keepMs * 1e6);
    this.tables = { process: table(), destination: table(), name: table() };
    this.sum = new TopRow({ view: "others", merged: 0 }, startNs);
    this.#startNs = this.#lastNs = startNs;
  }

  /**
   * Ends an interval.
   *
   * @param nowNs its end
   * @returns what is to be shown
   */
  frame(nowNs: number): Frame {
    const intervalNs = Math.max(0, nowNs - this.#lastNs);
    this.#lastNs = nowNs;
    const seconds = intervalNs < SHORTEST_NS ? 0 : intervalNs / 1e9;
    this.sum.endInterval(nowNs, seconds);
    for (const table of Object.values(this.tables)) table.endInterval(nowNs, seconds);
    return {
      startNs: this.#startNs,
      nowNs,
      intervalNs,
      sum: this.sum.freeze(),
      rows: {
        process: this.tables.process.freeze(),
        destination: this.tables.destination.freeze(),
        name: this.tables.name.freeze(),
      },
    };
  }
}
