/**
 * What the formats for people say on standard error: losses as they are noticed, and the summary.
 *
 * @module
 */

import type { LossEvent, SummaryEvent } from "../events.ts";
import { counted } from "./count.ts";
import { escapeTerminal } from "./escape.ts";

/** Counts that are not 0, each told by its name. */
function counts(record: Readonly<Record<string, number>>, tell: (count: number, name: string) => string): string {
  return Object.entries(record).filter(([, count]) => count !== 0).map(([name, count]) => tell(count, name)).join(", ");
}

/**
 * Tells a loss.
 *
 * @param event a loss
 * @returns one line with its line feed
 */
export function lossNotice(event: LossEvent): string {
  return escapeTerminal(`culprit: lost ${counted(event.count, "events")}: ${event.cause}`) + "\n";
}

/**
 * Tells how a run went.
 *
 * @param event the summary of a run
 * @param unwrittenCount events that could not be written, which are told elsewhere
 * @returns one line, one more where something was lost, and one for each thing that could not be observed
 */
export function summaryNotice(event: SummaryEvent, unwrittenCount = 0): string {
  const observed = counts(event.observed, (count, name) => counted(count, name.replaceAll("_", " ")));
  // Causes are names to look up.
  const lost = counts(event.lost, (count, name) => `${count} ${name}`);
  const lines = [
    `culprit ${event.command}: ${counted(event.events, "events")} in ${(event.duration_ms / 1000).toFixed(1)} s` +
    (observed === "" ? "" : `, from ${observed}`) + (lost === "" && unwrittenCount === 0 ? ", nothing lost" : ""),
  ];
  if (lost !== "") lines.push(`lost: ${lost}`);
  for (const what of event.not_observed) lines.push(`not observed: ${what}`);
  return lines.map((line) => `${escapeTerminal(line)}\n`).join("");
}
