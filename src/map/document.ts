/**
 * Formats that are one document and not lines: edges are gathered until the summary, which is the last event of a run.
 *
 * @module
 */

import type { CulpritEvent, EdgeEvent, SummaryEvent } from "../events.ts";
import type { Formatter } from "../output/formatter.ts";
import { lossNotice, summaryNotice } from "../output/notices.ts";

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

/** Gathers a document. Losses and the summary are told besides. */
export class DocumentFormatter implements Formatter {
  readonly header = "";
  readonly takesNotices = true;
  readonly #render: (document: MapDocument) => string;
  readonly #host: string;
  readonly #report: (text: string) => void;
  readonly #edges: EdgeEvent[] = [];

  /**
   * @param render makes the document, with a line feed at its end
   * @param host name of the host
   * @param report takes losses and the summary for people
   */
  constructor(render: (document: MapDocument) => string, host: string, report: (text: string) => void) {
    this.#render = render;
    this.#host = host;
    this.#report = report;
  }

  /** See {@linkcode Formatter.format}. */
  format(event: CulpritEvent): string {
    if (event.type === "edge") this.#edges.push(event);
    if (event.type === "loss") this.#report(lossNotice(event));
    if (event.type !== "summary") return "";
    this.#report(summaryNotice(event));
    return this.#render({ edges: this.#edges, summary: event, host: this.#host });
  }

  /** Holds nothing. */
  close(): void {
    this.#edges.length = 0;
  }
}
