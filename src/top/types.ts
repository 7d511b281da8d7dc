/**
 * What `culprit top` counts and shows. Times are CLOCK_BOOTTIME in ns.
 *
 * @module
 */

import type { ProcessInfo } from "../events.ts";

/** What rows stand for. */
export const VIEWS = ["process", "destination", "name"] as const;
/** One of {@linkcode VIEWS}. */
export type View = typeof VIEWS[number];

/** What rows are ordered by. */
export const SORTS = ["bytes", "connections", "lookups"] as const;
/** One of {@linkcode SORTS}. */
export type Sort = typeof SORTS[number];

/** What is counted. */
export interface Amounts {
  /** Octets of payload sent. */
  sent: number;
  /** Octets of payload received. */
  received: number;
  /** Connections and flows of datagrams, failed attempts included. */
  connections: number;
  /** DNS lookups that were answered or given up. */
  lookups: number;
}

/** What a row stands for. */
export type RowLabel =
  | { readonly view: "process"; process: ProcessInfo; ended: boolean }
  | {
    readonly view: "destination";
    readonly address: string;
    readonly transport: string;
    readonly inbound: boolean;
    name: string;
  }
  | { readonly view: "name"; readonly name: string }
  /** All rows for which there was no place, or which were idle for long. */
  | { readonly view: "others"; merged: number };

/** A row as it is shown; never changes. */
export interface FrameRow {
  readonly label: RowLabel;
  /** Since the start. */
  readonly total: Readonly<Amounts>;
  /** A second, over the last interval. */
  readonly rate: Readonly<Amounts>;
  /** Connections and flows that are open. */
  readonly open: number;
  /** Names of processes behind it, oldest first; of a process none. */
  readonly processes: readonly string[];
}

/** Everything there is to show at one moment; never changes. */
export interface Frame {
  /** When counting began. */
  readonly startNs: number;
  /** When the frame was made. */
  readonly nowNs: number;
  /** Length of the last interval; 0 in the first frame. */
  readonly intervalNs: number;
  /** Sums over all processes. */
  readonly sum: FrameRow;
  readonly rows: Readonly<Record<View, readonly FrameRow[]>>;
}

/** What surrounds the rows. */
export interface Surroundings {
  /** Time of day when counting began and now, `HH:MM:SS` in UTC. */
  readonly from: string;
  readonly to: string;
  /** What was lost so far, by cause. */
  readonly lost: Readonly<Record<string, number>>;
  /** What cannot be observed, one sentence each. */
  readonly notObserved: readonly string[];
}
