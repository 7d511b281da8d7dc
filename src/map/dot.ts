/**
 * A map in the language of Graphviz.
 *
 * @module
 */

import { escapeTerminal } from "../output/escape.ts";
import { beginOf, endOf, gapsOf, type MapDocument } from "./document.ts";
import { buildGraph, type GraphLink, type GraphNode } from "./graph.ts";
import { octetsText } from "./text.ts";

/** More than this no layout program draws well. */
const LIMITS = { nodes: 60, links: 400 };

/** A text in quotes: a backslash would begin an escape of Graphviz (`\N`, `\l`), a quote would end it. */
function quote(text: string): string {
  return `"${escapeTerminal(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** Lines below each other; `\n` is the escape of Graphviz. */
function quoteLines(lines: readonly string[]): string {
  return `"${lines.filter((line) => line !== "").map((line) => quote(line).slice(1, -1)).join("\\n")}"`;
}

/**
 * Some of the ports.
 *
 * @param ports all
 * @param most how many to tell
 * @returns those and how many more
 */
export function portsLabel(ports: readonly string[], most = 3): string {
  const told = ports.slice(0, most).join(", ");
  return ports.length > most ? `${told} and ${ports.length - most} more` : told;
}

/**
 * What a link stands for, in few words.
 *
 * @param link a link
 * @returns lines: ports, counts
 */
export function linkLabel({ ports, connections, failed, bytesSent, bytesReceived }: GraphLink): string[] {
  const counts = failed > 0 ? `${connections} and ${failed} failed` : String(connections);
  return [portsLabel(ports), `${counts}, ${octetsText(bytesSent + bytesReceived)}`];
}

/** Shapes by side. */
const SHAPES: Readonly<Record<GraphNode["side"], string>> = {
  source: "ellipse",
  process: "box",
  destination: "ellipse",
};

/**
 * Writes a map as a directed graph.
 *
 * @param document the map
 * @returns the text of a .dot file
 */
export function renderDot({ edges, summary, host }: MapDocument): string {
  const { nodes, links } = buildGraph(edges, LIMITS);
  const title = `${host}: who talks to whom, ${beginOf(summary)} to ${endOf(summary)}`;
  const label = [title, ...gapsOf(summary)];
  return [
    "digraph map {",
    "  rankdir=LR;",
    `  label=${quoteLines(label)};`,
    '  labelloc=t; node [fontname="sans-serif", fontsize=10]; edge [fontname="sans-serif", fontsize=8];',
    ...nodes.map((node) =>
      `  ${node.id} [shape=${SHAPES[node.side]}, label=${quoteLines([node.name, node.detail])}, tooltip=${
        quoteLines([node.name, ...node.facts])
      }];`
    ),
    ...links.map((link) => {
      const width = (1 + Math.log10(1 + link.bytesSent + link.bytesReceived) / 2).toFixed(1);
      const style = link.connections === 0 ? ", style=dashed, color=red" : link.failed > 0 ? ", color=orange3" : "";
      return `  ${link.source.id} -> ${link.target.id} [label=${
        quoteLines(linkLabel(link))
      }, penwidth=${width}${style}];`;
    }),
    "}",
    "",
  ].join("\n");
}
