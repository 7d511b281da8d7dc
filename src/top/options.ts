/**
 * What `culprit top` receives.
 *
 * @module
 */

import type { LiveOptions } from "../commands/options.ts";
import type { ConnectionFilterOptions } from "../conns/filter.ts";
import type { Sort, View } from "./types.ts";

/** Values of the command line. */
export interface TopOptions
  extends
    Omit<LiveOptions, "format" | "output">,
    Pick<ConnectionFilterOptions, "connectionPorts" | "networks" | "protocols" | "directions"> {
  /** What rows stand for. */
  readonly by: View;
  /** What rows are ordered by. */
  readonly sort: Sort;
  /** Time between two refreshes, ms. */
  readonly intervalMs: number;
  /** Plain text in place of a screen. */
  readonly batch: boolean;
  /** Ports on which lookups are looked for. */
  readonly ports: readonly number[];
  /** A flow without packets for this long has ended, ms. */
  readonly idleMs: number;
}
