/**
 * Formats that are one document and not lines: edges are gathered until the summary, which is the last event of a run.
 *
 * @module
 */

import type { CulpritEvent, EdgeEvent, SummaryEvent } from "../events.ts";
import type { Formatter } from "../output/formatter.ts";

/** All there is to say. */
export interface MapDocument {
  /** All edges, those with most octets first. */
  readonly edges: readonly EdgeEvent[];
  readonly summary: SummaryEvent;
  /** Name of the host it was seen on. */
  readonly host: string;
}

/**
 * When a run began.
 *
 * @param summary of the run
 * @returns RFC 3339, UTC, whole seconds
 */
export function beginOf({ time, duration_ms: durationMs }: SummaryEvent): string {
  return `${new Date(Date.parse(time) - durationMs).toISOString().slice(0, 19)}Z`;
}

/**
 * When a run ended.
 *
 * @param summary of the run
 * @returns RFC 3339, UTC, whole seconds
 */
export function endOf({ time }: SummaryEvent): string {
  return `${time.slice(0, 19)}Z`;
}

/**
 * What a run missed.
 *
 * @param summary of the run
 * @returns one line each; empty when it saw everything
 */
export function gapsOf({ lost, not_observed: notObserved }: SummaryEvent): string[] {
  return [...Object.entries(lost).map(([cause, count]) => `lost: ${count} ${cause}`), ...notObserved];
}

/** Gathers a document. */
export class DocumentFormatter implements Formatter {
  readonly header = "";
  readonly takesNotices = false;
  readonly isDocument = true;
  readonly #render: (document: MapDocument) => string;
  readonly #host: string;
  readonly #edges: EdgeEvent[] = [];

  /**
   * @param render makes the document, with a line feed at its end
   * @param host name of the host
   */
  constructor(render: (document: MapDocument) => string, host: string) {
    this.#render = render;
    this.#host = host;
  }

  /** See {@linkcode Formatter.format}. */
  format(event: CulpritEvent): string {
    if (event.type === "edge") this.#edges.push(event);
    if (event.type !== "summary") return "";
    return this.#render({ edges: this.#edges, summary: event, host: this.#host });
  }

  /** Holds nothing. */
  close(): void {
    this.#edges.length = 0;
  }
}
