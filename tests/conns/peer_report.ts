/**
 * Keeps how tools scored and writes the part on connections of docs/ATTRIBUTION.md.
 *
 * @module
 */

import { ROOT } from "../kernel/culprit.ts";

/** Where outcomes are kept, one file per run. */
export const RESULTS = `${ROOT}/tests/conns/results`;

const DOCUMENT = `${ROOT}/docs/ATTRIBUTION.md`;

/** Begins the part on connections, which goes to the end of the document. */
export const SECTION = "\n## Connections, beside other tools\n";

/** Verdicts about some truths. */
export interface Count {
  right: number;
  wrong: number;
  missed: number;
}

/** How tools scored on one machine. */
export interface Outcome {
  kernel: string;
  /** By case and tool; absent where the tool cannot tell of any event of the case. */
  cases: Record<string, Record<string, Count>>;
}

const INTRODUCTION = `
One C program (\`tests/conns/actors.c\`) makes connections in every way there is and logs the truth about each end; all
tools of a table watch the same connections at the same time. A cell holds right / wrong / missed; it is empty where a
tool never tells of such events.

culprit is judged on all it says: processes of this and the other end, thread, octets by process, how it ended and who
ended it, error. The others are judged on processes, addresses and ports alone, only of events they tell of, and any
process that had to do with the socket counts as right. \`ss\` and \`lsof\` print what there is at a moment: they are run
again and again without pause, whatever any run showed counts, and for them the program holds each connection open for
0.4 s, but for \`reuse-port\`, \`churn\` and \`brief\`, which are about many. \`tcptracer\`, \`tcplife\` and \`tcpconnect\` are those
of Debian's libbpf-tools 0.26, \`tcpaccept\` that of its bpfcc-tools 0.26.

Made by \`deno run -A tests/conns/peers.ts --save\` and \`deno run -A tests/conns/peers.ts --save --guest 6.1\`.
`;

/** Adds up. */
function total(counts: readonly Count[]): Count {
  const sum: Count = { right: 0, wrong: 0, missed: 0 };
  for (const { right, wrong, missed } of counts) {
    sum.right += right;
    sum.wrong += wrong;
    sum.missed += missed;
  }
  return sum;
}

function cell(count: Count | undefined): string {
  return count === undefined ? "" : `${count.right} / ${count.wrong} / ${count.missed}`;
}

/** The table of one machine. */
function table({ kernel, cases }: Outcome): string {
  const tools = [...new Set(Object.values(cases).flatMap((byTool) => Object.keys(byTool)))];
  const rows = Object.entries(cases).map(([name, byTool]) => [
    `\`${name}\``,
    ...tools.map((tool) => cell(byTool[tool])),
  ]);
  const sums = tools.map((tool) => total(Object.values(cases).flatMap((byTool) => byTool[tool] ?? [])));
  rows.push(["all", ...sums.map(cell)]);
  const lines = [["case", ...tools.map((tool) => `\`${tool}\``)], tools.map(() => "---").concat("---"), ...rows];
  return `\nLinux ${kernel}:\n\n${lines.map((columns) => `| ${columns.join(" | ")} |`).join("\n")}\n`;
}

/**
 * The part on connections of a document, for who writes the rest of it anew.
 *
 * @returns its text with heading; empty where there is none
 */
export async function currentSection(): Promise<string> {
  const [, section] = (await Deno.readTextFile(DOCUMENT)).split(SECTION);
  return section === undefined ? "" : `${SECTION}${section}`;
}

/** Writes the part on connections from all outcomes that are kept. */
export async function writeSection(): Promise<void> {
  const names = [...Deno.readDirSync(RESULTS)].map(({ name }) => name).filter((name) => name.endsWith(".json"));
  const outcomes = names.sort().map((name) => JSON.parse(Deno.readTextFileSync(`${RESULTS}/${name}`)) as Outcome);
  const [before = ""] = (await Deno.readTextFile(DOCUMENT)).split(SECTION, 1);
  await Deno.writeTextFile(DOCUMENT, `${before.trimEnd()}\n${SECTION}${INTRODUCTION}${outcomes.map(table).join("")}`);
}
