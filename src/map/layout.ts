/**
 * Places the nodes of a picture in columns: senders elsewhere on the left, processes of this host in layers, so that who
 * is asked stands right of who asks, and receivers elsewhere on the right.
 *
 * @module
 */

import type { Graph, GraphLink, GraphNode } from "./graph.ts";

/** Columns of processes at most: chains are rarely longer. */
const MAX_LAYERS = 3;
/** Times the order of columns is improved: it settles after a few. */
const SWEEPS = 8;

/** Sizes of a picture, in pixels. */
export const SIZES = {
  nodeWidth: 236,
  /** Height of a line of text, and room above and below all lines. */
  line: 15,
  padding: 7,
  columnGap: 120,
  rowGap: 10,
  /** Height of the room for links that pass a column. */
  corridor: 4,
  margin: 14,
  /** Least and greatest width of a link. */
  thin: 1.2,
  thick: 7.5,
} as const;

/** A node with its place. */
export interface PlacedNode {
  readonly node: GraphNode;
  /** Lines of text: 1 to 3. */
  readonly lines: number;
  readonly column: number;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** A link with its way. */
export interface PlacedLink {
  readonly link: GraphLink;
  /** Path data of SVG. */
  readonly path: string;
  readonly width: number;
}

/** A picture with sizes, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  /** Headings of columns and where their middle is. */
  readonly columns: readonly { readonly side: GraphNode["side"]; readonly x: number }[];
}

/** Processes by how many others stand before them; ways back do not count. */
function layersOf({ nodes, links }: Graph): Map<GraphNode, number> {
  const next = new Map<GraphNode, GraphNode[]>();
  const asked = new Set<GraphNode>();
  for (const { source, target } of links) {
    if (source.side !== "process" || target.side !== "process" || source === target) continue;
    const targets = next.get(source);
    if (targets === undefined) next.set(source, [target]);
    else targets.push(target);
    asked.add(target);
  }
  const layers = new Map<GraphNode, number>();
  const path = new Set<GraphNode>();
  const visit = (node: GraphNode, layer: number): void => {
    if (path.has(node) || (layers.get(node) ?? -1) >= layer) return;
    layers.set(node, layer);
    if (layer + 1 >= MAX_LAYERS) {
      // What follows shares the last column.
      for (const target of next.get(node) ?? []) if (!layers.has(target)) visit(target, layer);
      return;
    }
    path.add(node);
    for (const target of next.get(node) ?? []) visit(target, layer + 1);
    path.delete(node);
  };
  const processes = nodes.filter(({ side }) => side === "process");
  for (const node of processes) if (!asked.has(node)) visit(node, 0);
  // Circles that nobody enters.
  for (const node of processes) if (!layers.has(node)) visit(node, 0);
  return layers;
}

/** Nodes by column; columns that would be empty are not there. */
function columnsOf(graph: Graph): GraphNode[][] {
  const layers = layersOf(graph);
  const columns: GraphNode[][] = Array.from({ length: MAX_LAYERS + 2 }, () => []);
  for (const node of graph.nodes) {
    const index = node.side === "source"
      ? 0
      : node.side === "destination"
      ? MAX_LAYERS + 1
      : 1 + (layers.get(node) ?? 0);
    columns[index]?.push(node);
  }
  return columns.filter((column) => column.length > 0);
}

/** Room in a column for links that pass it: those of one source together. */
class Corridor {
  readonly source: GraphNode;
  readonly column: number;

  constructor(source: GraphNode, column: number) {
    this.source = source;
    this.column = column;
  }
}

/** What stands in a column. */
type Item = GraphNode | Corridor;

/** Corridors by source and column. */
type Corridors = ReadonlyMap<GraphNode, ReadonlyMap<number, Corridor>>;

/** Makes room for links that are longer than from one column to the next. */
function makeCorridors(columns: readonly GraphNode[][], links: readonly GraphLink[]): Corridors {
  const column = new Map(columns.flatMap((nodes, index) => nodes.map((node) => [node, index] as const)));
  const corridors = new Map<GraphNode, Map<number, Corridor>>();
  for (const { source, target } of links) {
    for (let index = (column.get(source) ?? 0) + 1; index < (column.get(target) ?? 0); index++) {
      const own = corridors.get(source) ?? new Map<number, Corridor>();
      if (!own.has(index)) own.set(index, new Corridor(source, index));
      corridors.set(source, own);
    }
  }
  return corridors;
}

/** Everything a link passes, from its source to its target. */
function wayOf({ source, target }: GraphLink, corridors: Corridors, column: ReadonlyMap<Item, number>): Item[] {
  const way: Item[] = [source];
  for (let index = (column.get(source) ?? 0) + 1; index < (column.get(target) ?? 0); index++) {
    const corridor = corridors.get(source)?.get(index);
    if (corridor !== undefined) way.push(corridor);
  }
  return [...way, target];
}

/** Orders columns so that what is linked stands beside each other; joined nodes stay last. */
function order(columns: Item[][], ways: readonly Item[][]): void {
  const neighbours = new Map<Item, Item[]>();
  const note = (from: Item, to: Item): void => {
    const there = neighbours.get(from);
    if (there === undefined) neighbours.set(from, [to]);
    else there.push(to);
  };
  for (const way of ways) {
    way.forEach((item, index) => {
      const next = way[index + 1];
      if (next === undefined) return;
      note(item, next);
      note(next, item);
    });
  }
  const place = new Map<Item, number>();
  // Relative to the length of the column: columns are centred on each other.
  const number = (column: readonly Item[]): void =>
    column.forEach((item, index) => place.set(item, (index + 0.5) / column.length));
  columns.forEach(number);
  const isJoined = (item: Item): boolean => !(item instanceof Corridor) && item.count > 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : [...columns].reverse()) {
      const wish = new Map(column.map((item) => {
        const places = (neighbours.get(item) ?? []).map((other) => place.get(other) ?? 0);
        return [item, places.reduce((sum, at) => sum + at, 0) / Math.max(1, places.length)];
      }));
      column.sort((left, right) =>
        Number(isJoined(left)) - Number(isJoined(right)) || (wish.get(left) ?? 0) - (wish.get(right) ?? 0)
      );
      number(column);
    }
  }
}

/** Lines of text a node needs. */
function linesOf({ detail, ports }: GraphNode): number {
  return 1 + Number(detail !== "") + Number(ports.length > 0);
}

/** Height of what stands in a column. */
function heightOf(item: Item): number {
  return item instanceof Corridor ? SIZES.corridor : linesOf(item) * SIZES.line + 2 * SIZES.padding;
}

/** Where something stands. */
interface Box {
  readonly column: number;
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** Places columns beside and items below each other, all columns on one middle line. */
function place(columns: readonly Item[][], top: number): { boxes: Map<Item, Box>; height: number } {
  const heights = columns.map((column) =>
    column.reduce((sum, item) => sum + heightOf(item) + SIZES.rowGap, -SIZES.rowGap)
  );
  const tallest = Math.max(0, ...heights);
  const boxes = new Map<Item, Box>();
  for (const [column, items] of columns.entries()) {
    let y = top + (tallest - (heights[column] ?? 0)) / 2;
    for (const item of items) {
      const height = heightOf(item);
      boxes.set(item, { column, x: SIZES.margin + column * (SIZES.nodeWidth + SIZES.columnGap), y, height });
      y += height + SIZES.rowGap;
    }
  }
  return { boxes, height: tallest };
}

/** Where on a side of its node each link ends: spread, in the order of the other ends. */
function anchors(
  links: readonly GraphLink[],
  ways: ReadonlyMap<GraphLink, Item[]>,
  placed: ReadonlyMap<Item, Box>,
  end: "source" | "target",
): Map<GraphLink, number> {
  // What comes next on the way, where the link turns to.
  const next = (link: GraphLink): number => {
    const item = ways.get(link)?.at(end === "source" ? 1 : -2);
    return item === undefined ? 0 : placed.get(item)?.y ?? 0;
  };
  const byNode = new Map<GraphNode, GraphLink[]>();
  for (const link of links) {
    const there = byNode.get(link[end]);
    if (there === undefined) byNode.set(link[end], [link]);
    else there.push(link);
  }
  const result = new Map<GraphLink, number>();
  for (const [node, list] of byNode) {
    const box = placed.get(node);
    if (box === undefined) continue;
    list.sort((left, right) => next(left) - next(right));
    list.forEach((link, index) => result.set(link, box.y + box.height * (index + 1) / (list.length + 1)));
  }
  return result;
}

/** A number of SVG. */
function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** A curve from one column to a later one. */
function curve(x1: number, y1: number, x2: number, y2: number): string {
  const bend = (x2 - x1) / 2;
  return `C${n(x1 + bend)} ${n(y1)} ${n(x2 - bend)} ${n(y2)} ${n(x2)} ${n(y2)}`;
}

/** Path of a link along its way; within a column and backwards around the right side. */
function pathOf(way: readonly Item[], boxes: ReadonlyMap<Item, Box>, y1: number, y2: number): string {
  const [from, ...rest] = way.map((item) => boxes.get(item)).filter((box) => box !== undefined);
  const to = rest.pop();
  if (from === undefined || to === undefined) return "";
  let x = from.x + SIZES.nodeWidth;
  let y = y1;
  let path = `M${n(x)} ${n(y)}`;
  if (to.column <= from.column) {
    // Nodes that talk to themselves have both ends at almost one height.
    const end = from === to && Math.abs(y2 - y1) < 12 ? y1 + 12 : y2;
    const bulge = Math.min(SIZES.columnGap * 0.6, 30 + Math.abs(end - y1) / 4);
    const right = to.x + SIZES.nodeWidth;
    return `${path}C${n(x + bulge)} ${n(y1)} ${n(right + bulge)} ${n(end)} ${n(right)} ${n(end)}`;
  }
  for (const corridor of rest) {
    const middle = corridor.y + corridor.height / 2;
    path += `${curve(x, y, corridor.x, middle)}H${n(corridor.x + SIZES.nodeWidth)}`;
    x = corridor.x + SIZES.nodeWidth;
    y = middle;
  }
  return path + curve(x, y, to.x, y2);
}

/**
 * Places a picture.
 *
 * @param graph nodes and links
 * @param top room for headings, pixels
 * @returns places in pixels, from the upper left
 */
export function layOut(graph: Graph, top: number): Layout {
  const columns = columnsOf(graph);
  const corridors = makeCorridors(columns, graph.links);
  const items: Item[][] = columns.map((nodes, index) => [
    ...nodes,
    ...[...corridors.values()].flatMap((own) => own.get(index) ?? []),
  ]);
  const column = new Map(items.flatMap((list, index) => list.map((item) => [item, index] as const)));
  const ways = new Map(graph.links.map((link) => [link, wayOf(link, corridors, column)]));
  order(items, [...ways.values()]);
  const { boxes, height } = place(items, top);
  const nodes = graph.nodes.flatMap((node): PlacedNode[] => {
    const box = boxes.get(node);
    return box === undefined ? [] : [{ node, lines: linesOf(node), ...box }];
  });
  const starts = anchors(graph.links, ways, boxes, "source");
  const ends = anchors(graph.links, ways, boxes, "target");
  const bytes = ({ bytesSent, bytesReceived }: GraphLink): number => bytesSent + bytesReceived;
  const most = Math.log1p(Math.max(1, ...graph.links.map(bytes)));
  const links = graph.links.map((link): PlacedLink => ({
    link,
    path: pathOf(ways.get(link) ?? [], boxes, starts.get(link) ?? 0, ends.get(link) ?? 0),
    width: SIZES.thin + (SIZES.thick - SIZES.thin) * Math.log1p(bytes(link)) / most,
  }));
  const last = columns.length - 1;
  // Links that go back bulge beyond the last column.
  const hasBulge = links.some(({ link }) => column.get(link.target) === last && column.get(link.source) === last);
  return {
    width: 2 * SIZES.margin + columns.length * SIZES.nodeWidth + Math.max(0, last) * SIZES.columnGap +
      (hasBulge ? SIZES.columnGap * 0.6 : 0),
    height: top + height + SIZES.margin,
    nodes,
    links,
    columns: columns.map(([first], index) => ({
      side: first?.side ?? "process",
      x: SIZES.margin + index * (SIZES.nodeWidth + SIZES.columnGap) + SIZES.nodeWidth / 2,
    })),
  };
}
