import assert from "node:assert/strict";
import { buildProgram, RUNNERS } from "../commands/program.ts";
import { wrapText } from "./wrap.ts";

const CASES: readonly (readonly [name: string, text: string, wrapped: string])[] = [
  ["leaves what fits", "  --pid <n>  ids\n\nmore\n", "  --pid <n>  ids\n\nmore\n"],
  [
    "breaks a paragraph between words, indented as it was",
    "  one two three four five six seven eight nine ten",
    "  one two three four five six seven\n  eight nine ten",
  ],
  [
    "lets the second column stand below itself",
    "  --pid <n>  one two three four five six seven\n  --x  y",
    "  --pid <n>  one two three four five six\n             seven\n  --x  y",
  ],
  [
    "puts a second column that begins far to the right on the next line",
    "  culprit dns --duration 10m --json  what it does, in words",
    "  culprit dns --duration 10m --json\n      what it does, in words",
  ],
  ["keeps a word that is too long", `a ${"b".repeat(50)} c`, `a\n${"b".repeat(50)}\nc`],
];

for (const [name, text, wrapped] of CASES) {
  Deno.test(`wrapText() ${name}`, () => assert.equal(wrapText(text, 40), wrapped));
}

Deno.test("wrapText() joins lines that were broken for a wide terminal before it breaks them again", () => {
  const first = `  --keep <time>  ${"word ".repeat(20).trim()}`;
  const wrapped = wrapText(`${first}\n                 last\n  --idle  other`, 80);
  assert.deepEqual(wrapped.split("\n"), [
    `  --keep <time>  ${"word ".repeat(12).trim()}`,
    `                 ${"word ".repeat(8).trim()} last`,
    "  --idle  other",
  ]);
});

Deno.test("wrapText() lets be what is no terminal, or a very narrow one", () => {
  const text = "word ".repeat(50);
  assert.equal(wrapText(text, undefined), text);
  assert.equal(wrapText(text, 0), text);
  assert.equal(wrapText(text, 39), text);
});

Deno.test("wrapText() fits the help of every command to 80 columns, and loses no word", () => {
  let help = "";
  const program = buildProgram(RUNNERS, (text) => help += text, () => {});
  for (const command of program.commands) {
    help = "";
    command.outputHelp();
    const wrapped = wrapText(help, 80);
    assert.deepEqual(wrapped.split("\n").filter((line) => line.length > 80), [], command.name());
    assert.deepEqual(wrapped.split(/\s+/), help.split(/\s+/));
    assert.notEqual(help, "");
  }
});
