import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { documentOf, edge, fewEdges, HOSTILE, hostileEdges, manyEdges } from "./_testing.ts";
import { DocumentFormatter, type MapDocument } from "./document.ts";
import { renderDot } from "./dot.ts";
import { renderHtml } from "./html.ts";
import { renderMermaid } from "./mermaid.ts";
import { escapeMarkup } from "./svg.ts";

const DOCUMENTS: readonly (readonly [name: string, document: MapDocument])[] = [
  ["no edge", documentOf([])],
  ["3 edges", documentOf(fewEdges())],
  ["300 edges", documentOf(manyEdges(300))],
  ["3000 edges", documentOf(manyEdges(3000))],
  ["hostile edges", { ...documentOf(hostileEdges(), { not_observed: [...HOSTILE] }), host: HOSTILE.join("") }],
];

/** Controls but for line feeds, what reverses text, and halves of characters. */
const UNSAFE = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

// ---- HTML ----

const VOID = new Set(["meta", "input"]);
const ELEMENTS = new Set(
  ("html head meta title style body h1 h2 p div span i svg g defs marker path rect text table thead tbody tr th td b " +
    "small input script").split(" "),
);
const ATTRIBUTES = new Set(
  ("lang charset http-equiv content name class viewBox width height role aria-label aria-live id type placeholder hidden " +
    "x y rx d refX refY markerWidth markerHeight markerUnits orient stroke-width marker-end tabindex title style " +
    "data-node data-nodes data-from data-to").split(" "),
);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?:\s+[A-Za-z-]+(?:=(?:"[^"<>]*"|[a-z]+))?)*)\s*(\/?)>/gi;

/** Walks the tags of a page; texts between them, without style and script. */
function parsePage(page: string): { texts: string[]; tags: Map<string, number> } {
  const body = page.replace("<!DOCTYPE html>\n", "")
    .replace(/<style>[^]*?<\/style>/, "<style></style>").replace(/<script>[^]*?<\/script>/, "<script></script>");
  const stack: string[] = [];
  const texts: string[] = [];
  const tags = new Map<string, number>();
  let end = 0;
  for (const match of body.matchAll(TAG)) {
    const [whole, closing, name = "", attributes = "", selfClosing] = match;
    texts.push(body.slice(end, match.index));
    end = match.index + whole.length;
    assert.ok(ELEMENTS.has(name), name);
    for (const [, attribute = ""] of attributes.matchAll(/\s+([A-Za-z-]+)(?:="[^"]*"|=[a-z]+)?/g)) {
      assert.ok(ATTRIBUTES.has(attribute), attribute);
    }
    if (closing === "/") assert.equal(stack.pop(), name);
    else {
      tags.set(name, (tags.get(name) ?? 0) + 1);
      if (selfClosing === "" && !VOID.has(name)) stack.push(name);
    }
  }
  texts.push(body.slice(end));
  assert.deepEqual(stack, []);
  return { texts, tags };
}

for (const [name, document] of DOCUMENTS) {
  Deno.test(`renderHtml() of ${name} is sound, loads nothing, and has every edge in its table`, () => {
    const page = renderHtml(document);
    const { texts, tags } = parsePage(page);
    for (const text of texts) {
      assert.doesNotMatch(text, /[<>]/);
      assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot|#39);)/);
    }
    assert.doesNotMatch(page, UNSAFE);
    // No element and no attribute allowed above loads anything but by style.
    assert.doesNotMatch(page, /url\((?!#tip\))|@import/);
    assert.equal(tags.get("script"), 1);
    assert.equal(tags.get("tr"), document.edges.length + 1);
    assert.equal(tags.get("svg") === undefined, document.edges.length === 0);
  });
}

Deno.test("renderHtml() lets only its own script run", () => {
  const page = renderHtml(documentOf(fewEdges()));
  const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(script).digest("base64");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
  assert.deepEqual(policy.split("; ").sort(), [
    "base-uri 'none'",
    "default-src 'none'",
    "form-action 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
  ]);
});

Deno.test("renderHtml() names each box and line for those who hear the page", () => {
  const page = renderHtml(documentOf(fewEdges()));
  assert.equal(page.match(/<g class="node [^>]*><title>[^<]+<\/title>/g)?.length, 4);
  assert.equal(page.match(/<path class="link[^>]*><title>[^<]+<\/title>/g)?.length, 3);
  assert.match(page, /<svg [^>]*role="img" aria-label="Who talks to whom on web-1: 3 edges, 217 connections, /);
});

Deno.test("renderHtml() says what was lost and what the picture joins", () => {
  const page = renderHtml(documentOf(manyEdges(300), { lost: { ring_full: 7 }, not_observed: ["the moon"] }));
  assert.match(page, /<p class="gap">lost: 7 ring_full<\/p>\n<p class="gap">the moon<\/p>/);
  assert.match(page, /The picture joins \d+ of its smallest ends/);
  assert.match(page, />and \d+ more destinations</);
  assert.doesNotMatch(renderHtml(documentOf(fewEdges())), /class="gap"|The picture joins/);
});

for (
  const [text, expected] of [
    [`<a b="c">&'`, "&lt;a b=&quot;c&quot;&gt;&amp;&#39;"],
    ["\x1b\n\u202e", "\\x1b\\x0a\\u{202e}"],
    ["漢字", "漢字"],
  ] as const
) {
  Deno.test(`escapeMarkup(${JSON.stringify(text)})`, () => assert.equal(escapeMarkup(text), expected));
}

// ---- DOT ----

/** A string of Graphviz in which every backslash begins an escape that was meant. */
const STRING = /"(?:[^"\\\n]|\\["\\n])*"/g;

for (const [name, document] of DOCUMENTS) {
  Deno.test(`renderDot() of ${name} is sound`, () => {
    const text = renderDot(document);
    assert.doesNotMatch(text, UNSAFE);
    const lines = text.replace(STRING, "S").trimEnd().split("\n");
    assert.deepEqual(lines.slice(0, 4), [
      "digraph map {",
      "  rankdir=LR;",
      "  label=S;",
      "  labelloc=t; node [fontname=S, fontsize=10]; edge [fontname=S, fontsize=8];",
    ]);
    assert.equal(lines.at(-1), "}");
    const link = /^ {2}n\d+ -> n\d+ \[label=S, penwidth=[\d.]+(?:, style=dashed, color=red|, color=orange3)?\];$/;
    const node = /^ {2}n\d+ \[shape=(?:box|ellipse), label=S, tooltip=S\];$/;
    for (const line of lines.slice(4, -1)) assert.ok(link.test(line) || node.test(line), line);
  });
}

// ---- Mermaid ----

for (const [name, document] of DOCUMENTS) {
  Deno.test(`renderMermaid() of ${name} is sound and small enough to be drawn`, () => {
    const text = renderMermaid(document);
    assert.doesNotMatch(text, UNSAFE);
    assert.ok(text.length <= 50_000, `${text.length} characters`);
    const lines = text.trimEnd().split("\n");
    assert.equal(lines[0], "flowchart LR");
    const label = '"(?:[A-Za-z0-9 ,./:()-]|#\\d+;|<br/>)*"';
    const allowed = [
      /^ {2}%% [^{}%]*$/,
      new RegExp(`^  n\\d+\\[${label}\\]$`),
      new RegExp(`^  n\\d+\\(\\[${label}\\]\\)$`),
      new RegExp(`^  n\\d+ (?:-->|-\\.->)\\|${label}\\| n\\d+$`),
      /^ {2}linkStyle [\d,]+ stroke:#c00$/,
    ];
    for (const line of lines.slice(1)) assert.ok(allowed.some((form) => form.test(line)), line);
    assert.ok(lines.filter((line) => /-->|-\.->/.test(line)).length <= 200);
  });
}

Deno.test("renderMermaid() writes what has a meaning by its number", () => {
  const text = renderMermaid(documentOf([edge({ destination: { kind: "address", ip: "x", names: [`a"]b<c>#d`] } })]));
  assert.match(text, /n2\(\["a#34;#93;b#60;c#62;#35;d<br\/>x"\]\)/);
});

// ---- the document as a formatter ----

Deno.test("DocumentFormatter writes once, after the summary", () => {
  const formatter = new DocumentFormatter(({ edges, host }) => `${host}: ${edges.length}\n`, "web-1");
  const { summary } = documentOf([]);
  assert.equal(formatter.header, "");
  assert.equal(formatter.format(edge()), "");
  assert.equal(formatter.format({ schema: "culprit/1", type: "loss", time: "t", cause: "ring_full", count: 3 }), "");
  assert.equal(formatter.format(edge()), "");
  assert.equal(formatter.format(summary), "web-1: 2\n");
});
