/**
 * A map in the language of Mermaid, which Markdown viewers draw.
 *
 * @module
 */

import { escapeTerminal } from "../output/escape.ts";
import { beginOf, endOf, gapsOf, type MapDocument } from "./document.ts";
import { linkLabel } from "./dot.ts";
import { buildGraph, type GraphNode } from "./graph.ts";

/** Mermaid draws 500 links and 50,000 characters at most (maxEdges, maxTextSize), and not well near that. */
const LIMITS = { nodes: 40, links: 200 };

/** Longest line of a label. */
const MAX_LINE = 60;

/** What has no meaning in any place of Mermaid; everything else is written by its number. */
const HARMLESS = /[^A-Za-z0-9 ,./:()-]/gu;

/** A text for within quotes: `#NNN;` is Mermaid's own way to write a character. */
function encode(text: string): string {
  const safe = escapeTerminal(text);
  const cut = [...safe];
  const line = cut.length > MAX_LINE ? `${cut.slice(0, MAX_LINE - 1).join("")}…` : safe;
  return line.replace(HARMLESS, (character) => `#${character.codePointAt(0)};`);
}

/** Lines in quotes, with the one tag Mermaid breaks lines by. */
function label(lines: readonly string[]): string {
  return `"${lines.filter((line) => line !== "").map(encode).join("<br/>")}"`;
}

/** A node with the shape of its side. */
function nodeLine({ id, side, name, detail }: GraphNode): string {
  const text = label([name, detail]);
  return side === "process" ? `  ${id}[${text}]` : `  ${id}([${text}])`;
}

/**
 * Writes a map as a flowchart.
 *
 * @param document the map
 * @returns the text of a .mmd file, or of a block of Markdown
 */
export function renderMermaid({ edges, summary, host }: MapDocument): string {
  const { nodes, links } = buildGraph(edges, LIMITS);
  const failed = links.flatMap(({ connections }, index) => connections === 0 ? [index] : []);
  // A comment ends with its line, and braces in it would be a directive.
  const comments = [`${host}: who talks to whom, ${beginOf(summary)} to ${endOf(summary)}`, ...gapsOf(summary)];
  return [
    "flowchart LR",
    ...comments.map((text) => `  %% ${escapeTerminal(text).replace(/[{}%]/g, "_")}`),
    ...nodes.map(nodeLine),
    ...links.map((link) =>
      `  ${link.source.id} ${link.connections === 0 ? "-.->" : "-->"}|${label(linkLabel(link))}| ${link.target.id}`
    ),
    ...(failed.length > 0 ? [`  linkStyle ${failed.join(",")} stroke:#c00`] : []),
    "",
  ].join("\n");
}
