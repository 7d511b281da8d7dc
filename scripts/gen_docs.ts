/**
 * Writes docs/EVENTS.md from the field descriptions; with --check only says whether it is up to date.
 *
 * @module
 */

import { LOSS_CAUSES, type LossDescription } from "../src/loss_causes.ts";
import { blocksOf, EVENTS } from "../src/output/catalog.ts";
import type { AnyBlock, AnyField } from "../src/output/fields.ts";
import { writeStderr } from "../src/output/stdio.ts";

const TARGET = new URL("../docs/EVENTS.md", import.meta.url);

const INTRODUCTION = `# Events

<!-- Written by scripts/gen_docs.ts from bpf/*/fields.ts, src/output/fields.ts and src/loss_causes.ts; edit those. -->

With \`--json\` every line of the output is one object. \`culprit schema\` prints its JSON Schema.

- Names are stable: under \`"schema":"culprit/1"\` fields may be added, never removed or changed. Ignore what you do not know.
- A field that is absent does not apply. \`null\` never appears. A string that could not be found out is \`unknown\`.
- Strings hold what processes and packets said. Controls, bidirectional and other invisible format characters are always
  written as \`\\uXXXX\`, so a line is safe to print; it parses to the original.
- The last line of every run is a \`summary\`. Lost events are counted there per cause, and told when noticed by \`loss\`:
  [what the causes mean](#causes-of-loss).
`;

/** Type of a field in words; blocks are linked. */
function typeText(field: AnyField): string {
  const link = field.block === undefined ? "" : `[${field.block.name}](#object-${field.block.name})`;
  switch (field.type) {
    case "true":
      return "`true`";
    case "strings":
      return "list of strings";
    case "integers":
      return "list of integers";
    case "list":
      return `list of ${link}`;
    case "counts":
      return "object of integers";
    case "block":
      return link;
    default:
      return field.type;
  }
}

/** Meaning of a field with its values. */
function meaning(field: AnyField): string {
  const values = Object.entries(field.values ?? {}).map(([value, text]) => `\`${value}\`: ${text}`);
  return [field.text, ...values].join("<br>").replaceAll("|", "\\|");
}

/** Table of a block's fields. */
function table(block: AnyBlock): string {
  const { schema, type, ...rest } = block.fields;
  // What tells events apart comes first, as it does on the line.
  const ordered = { ...(schema && { schema }), ...(type && { type }), ...rest };
  const rows = Object.entries(schema === undefined ? block.fields : ordered).map(([name, field]) =>
    `| \`${name}\` | ${typeText(field)} | ${field.unit ?? ""} | ${field.optional === true ? "maybe" : "always"} | ${
      meaning(field)
    } |`
  );
  return ["| field | type | unit | present | meaning |", "| --- | --- | --- | --- | --- |", ...rows].join("\n");
}

/** What every cause of loss means. */
function losses(): string {
  const rows = Object.entries<LossDescription>(LOSS_CAUSES).map(([cause, { text, remedy = "nothing known" }]) =>
    `| \`${cause}\` | ${text} | ${remedy} |`
  );
  return [
    "## Causes of loss\n",
    "One loss may be counted under more than one of them: with the ring full, connections miss their ends, too.\n",
    "| cause | what is counted, and what is missing | what helps |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** The whole document. */
function document(): string {
  const events = EVENTS.map((event) => {
    const types = Object.keys(event.fields["type"]?.values ?? {}).map((type) => `\`${type}\``).join(", ");
    return `## ${types}\n\n${event.text}.\n\n${table(event)}\n\n\`\`\`json\n${
      JSON.stringify(event.example, undefined, 1)
    }\n\`\`\`\n`;
  });
  const blocks = blocksOf(EVENTS).map((block) => `### Object ${block.name}\n\n${block.text}.\n\n${table(block)}\n`);
  return [INTRODUCTION, ...events, losses(), "## Objects within events\n", ...blocks].join("\n");
}

if (import.meta.main) {
  const wanted = document();
  if (!Deno.args.includes("--check")) {
    Deno.writeTextFileSync(TARGET, wanted);
  } else if (Deno.readTextFileSync(TARGET) !== wanted) {
    writeStderr('docs/EVENTS.md is out of date: run "deno run -A scripts/gen_docs.ts"\n');
    Deno.exit(1);
  }
}
