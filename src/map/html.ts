/**
 * A map as one page: picture, and below it the whole table. It loads nothing, and its policy lets it load nothing.
 *
 * @module
 */

import type { EdgeEvent, MapEndInfo } from "../events.ts";
import { nodeModule } from "../host/node.ts";
import { beginOf, endOf, gapsOf, type MapDocument } from "./document.ts";
import { buildGraph, type Graph } from "./graph.ts";
import { SCRIPT, STYLE } from "./page.ts";
import { escapeMarkup, renderSvg } from "./svg.ts";
import { endName, errorsText, octetsText, portText, processDetail } from "./text.ts";

/** Nodes of a side that fit two screens, and links that can still be followed. */
const LIMITS = { nodes: 26, links: 200 };

/** Hash of the script, as the policy names it (CSP level 2). */
function scriptHash(): string {
  return nodeModule("node:crypto").createHash("sha256").update(SCRIPT).digest("base64");
}

/** Second lines of an end in the table. */
function endDetails(end: MapEndInfo, ips: readonly string[] | undefined, more: boolean): string[] {
  const { process, ip, names } = end;
  const lines: string[] = [];
  if (process !== undefined) {
    lines.push(processDetail(process), process.exe);
    if (process.container !== undefined && process.unit !== undefined) lines.push(process.unit);
    lines.push(`pid ${process.pids.join(", ")}${process.more_pids === true ? " and more" : ""}`);
    if (process.lookups > 0) lines.push(`${process.lookups} DNS lookups`);
  }
  if (names !== undefined) {
    if (ip !== undefined) lines.push(ip);
    const others = names.slice(1).join(", ");
    if (others !== "") lines.push(`also ${others}${end.more_names === true ? " and more" : ""}`);
  }
  if (ips !== undefined) lines.push(`${ips.join(", ")}${more ? " and more" : ""}`);
  return lines;
}

/** A cell with an end. */
function endCell(end: MapEndInfo, ips: readonly string[] | undefined, more: boolean): string {
  const details = endDetails(end, ips, more).map((line) => `<small>${escapeMarkup(line)}</small>`).join("");
  return `<td class="end"><b>${escapeMarkup(endName(end))}</b>${details}</td>`;
}

/** What else there is to say of an edge. */
function remarks(edge: EdgeEvent): string {
  const words = [errorsText(edge.errors)];
  if (edge.open > 0) words.push(`${edge.open} open at the end`);
  if (edge.preexisting > 0) words.push(`${edge.preexisting} older than the run`);
  if (edge.direction_guessed === true) words.push("direction guessed");
  return words.filter((word) => word !== "").join(", ");
}

/** A row of the table. */
function row(edge: EdgeEvent, [source, target]: Graph["ends"][number]): string {
  const time = (text: string): string => `<td class="t">${escapeMarkup(text.slice(11, 19))}</td>`;
  const octets = (count: number): string => `<td class="n" title="${count} octets">${octetsText(count)}</td>`;
  return [
    `<tr data-nodes="${source.id} ${target.id}">`,
    endCell(edge.source, edge.source_ips, edge.more_ips === true),
    endCell(edge.destination, edge.destination_ips, edge.more_ips === true),
    `<td class="t">${escapeMarkup(portText(edge))}</td>`,
    `<td class="n">${edge.connections}</td>`,
    `<td class="n${edge.failed > 0 ? " bad" : ""}">${edge.failed}</td>`,
    octets(edge.bytes_sent),
    octets(edge.bytes_received),
    time(edge.first_seen),
    time(edge.last_seen),
    `<td>${escapeMarkup(remarks(edge))}</td></tr>`,
  ].join("");
}

const HEAD_ROW =
  "<tr><th>Source</th><th>Destination</th><th>Port</th><th class=n>Connections</th><th class=n>Failed</th>" +
  "<th class=n>Sent</th><th class=n>Received</th><th>First</th><th>Last</th><th>Remarks</th></tr>";

const LEGEND = '<div class="legend"><span><i></i>width: octets both ways, logarithmic</span>' +
  '<span><i class="partly"></i>some attempts failed</span><span><i class="failed"></i>all attempts failed</span>' +
  "<span>Point at a box or line for details; click a box to see only its edges.</span></div>";

/** A number with its word. */
function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/**
 * Writes a map as a page.
 *
 * @param document the map
 * @returns the text of an .html file
 */
export function renderHtml({ edges, summary, host }: MapDocument): string {
  const graph = buildGraph(edges, LIMITS);
  const joined = graph.nodes.reduce((sum, { count }) => sum + (count > 1 ? count : 0), 0);
  const sum = (of: (edge: EdgeEvent) => number): number => edges.reduce((total, edge) => total + of(edge), 0);
  const facts = [
    counted(edges.length, "edge", "edges"),
    counted(sum(({ connections }) => connections), "connection", "connections"),
    counted(sum(({ failed }) => failed), "failed attempt", "failed attempts"),
    `${octetsText(sum((edge) => edge.bytes_sent + edge.bytes_received))} both ways`,
  ];
  const window = `${beginOf(summary)} to ${endOf(summary)} (${(summary.duration_ms / 1000).toFixed(1)} s)`;
  const gaps = gapsOf(summary);
  const label = `Who talks to whom on ${host}: ${facts.join(", ")}`;
  const note = joined === 0
    ? ""
    : `<p class="dim">The picture joins ${joined} of its smallest ends into dashed boxes; the table has every edge.</p>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash()}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${escapeMarkup(host)}: who talks to whom</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Who talks to whom on ${escapeMarkup(host)}</h1>
<p class="dim">${escapeMarkup(window)} · ${escapeMarkup(facts.join(" · "))}</p>
${
    gaps.length === 0
      ? '<p class="dim">Nothing was lost.</p>'
      : gaps.map((gap) => `<p class="gap">${escapeMarkup(gap)}</p>`).join("\n")
  }
${LEGEND}
${note}
<div class="picture">
${edges.length === 0 ? '<p style="padding:20px">Nobody talked to anybody.</p>' : renderSvg(graph, label)}
</div>
<h2>Every edge</h2>
<div class="bar"><input hidden id="filter" type="search" placeholder="Filter: process, unit, name, address, port" aria-label="Filter the table"> <span id="count" class="dim" aria-live="polite">${
    counted(edges.length, "edge", "edges")
  }</span></div>
<div class="scroll"><table>
<thead>${HEAD_ROW}</thead>
<tbody>
${edges.flatMap((edge, index) => graph.ends[index] === undefined ? [] : [row(edge, graph.ends[index])]).join("\n")}
</tbody>
</table></div>
<script>${SCRIPT}</script>
</body>
</html>
`;
}
