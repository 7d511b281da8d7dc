/**
 * The picture of a map as SVG to stand within a page.
 *
 * @module
 */

import { escapeTerminal } from "../output/escape.ts";
import { displayWidth, fitWidth } from "../output/width.ts";
import { linkLabel, portsLabel } from "./dot.ts";
import type { Graph, GraphLink, GraphNode } from "./graph.ts";
import { layOut, type PlacedLink, type PlacedNode, SIZES } from "./layout.ts";
import { octetsText } from "./text.ts";

/** What has a meaning in HTML and XML. */
const MARKUP: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * A text for within elements and quoted attributes, free of controls.
 *
 * @param text any text
 * @returns the same, as a browser shows it
 */
export function escapeMarkup(text: string): string {
  return escapeTerminal(text).replace(/[&<>"']/g, (character) => MARKUP[character] ?? "");
}

/** Characters of the bold first and the other lines that fit a node: 12 and 11 pixels of a common sans-serif. */
const FIRST_LINE_CHARACTERS = 28;
const LINE_CHARACTERS = 36;

/** Room for the headings. */
const TOP = 34;

/** Headings by side. */
const HEADINGS: Readonly<Record<GraphNode["side"], string>> = {
  source: "Senders elsewhere",
  process: "Processes on this host",
  destination: "Receivers elsewhere",
};

/** Cuts the middle out of a text that is wider than its node: names differ at their ends. */
function fit(text: string, columns: number): string {
  const safe = escapeTerminal(text);
  if (displayWidth(safe) <= columns) return escapeMarkup(safe);
  const characters = [...safe];
  const tail: string[] = [];
  let width = 0;
  for (const character of characters.toReversed()) {
    width += displayWidth(character);
    if (width > columns / 2) break;
    tail.unshift(character);
  }
  return escapeMarkup(fitWidth(safe, columns - displayWidth(tail.join(""))).trimEnd() + tail.join(""));
}

/** A node: a box with its lines, and all its facts as the title. */
function nodeElement({ node, x, y, height }: PlacedNode): string {
  const { id, side, name, detail, ports, facts } = node;
  const title = [name, ...facts, ...(ports.length > 0 ? [`talked to at ${ports.slice(0, 20).join(", ")}`] : [])];
  const rows = [detail, ports.length > 0 ? portsLabel(ports, 2) : ""].filter((row) => row !== "");
  const first = SIZES.padding + 12;
  const rounding = side === "process" ? 4 : height / 2 < 16 ? height / 2 : 16;
  return [
    `<g class="node ${side}${node.count > 1 ? " joined" : ""}" data-node="${id}" tabindex="0">`,
    `<title>${title.map(escapeMarkup).join("\n")}</title>`,
    `<rect x="${x}" y="${y}" width="${SIZES.nodeWidth}" height="${height}" rx="${rounding}"/>`,
    // Its own view cuts off what is wider in this font than most are.
    `<svg x="${x + 10}" y="${y}" width="${SIZES.nodeWidth - 14}" height="${height}">`,
    `<text x="0" y="${first}" class="name">${fit(name, FIRST_LINE_CHARACTERS)}</text>`,
    ...rows.map((row, index) =>
      `<text x="0" y="${first + (index + 1) * SIZES.line}">${fit(row, LINE_CHARACTERS)}</text>`
    ),
    "</svg></g>",
  ].join("");
}

/** How a link stands out. */
function linkClass({ connections, failed }: GraphLink): string {
  if (connections === 0) return "link failed";
  return failed > 0 ? "link partly" : "link";
}

/** A link with all its sums as the title. */
function linkElement({ link, path, width }: PlacedLink): string {
  const { source, target, bytesSent, bytesReceived, edges } = link;
  const title = [
    `${source.name} to ${target.name}`,
    ...linkLabel(link),
    `${octetsText(bytesSent)} sent, ${octetsText(bytesReceived)} received`,
    ...(edges > 1 ? [`${edges} edges`] : []),
  ].map(escapeMarkup).join("\n");
  return `<path class="${linkClass(link)}" data-from="${source.id}" data-to="${target.id}" d="${path}" ` +
    `stroke-width="${width.toFixed(1)}" marker-end="url(#tip)"><title>${title}</title></path>`;
}

/**
 * Draws a picture.
 *
 * @param graph nodes and links
 * @param label what the picture shows, for those who hear it
 * @returns one `svg` element; it has the classes the page's style knows
 */
export function renderSvg(graph: Graph, label: string): string {
  const { width, height, nodes, links, columns } = layOut(graph, TOP);
  // Heavy ones first, so that thin ones stay in sight.
  const ordered = [...links].sort((left, right) => right.width - left.width);
  // One heading for processes, however many columns they have.
  const seen = new Set<string>();
  const headings = columns.filter(({ side }) => !seen.has(side) && seen.add(side));
  return [
    `<svg viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" width="${Math.ceil(width)}" role="img" ` +
    `aria-label="${escapeMarkup(label)}">`,
    `<title>${escapeMarkup(label)}</title>`,
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" ' +
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8Z"/></marker></defs>',
    ...headings.map(({ side, x }) => `<text x="${x}" y="18" class="heading">${HEADINGS[side]}</text>`),
    `<g class="links">${ordered.map(linkElement).join("\n")}</g>`,
    `<g class="nodes">${nodes.map(nodeElement).join("\n")}</g>`,
    "</svg>",
  ].join("\n");
}
