/**
 * The manual page, from the same texts as help.
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { EXIT_CODES } from "../commands/program.ts";
import { LOSS_CAUSES, type LossDescription } from "../loss_causes.ts";
import { wrapText } from "../output/wrap.ts";
import type { CommandNode, OptionNode } from "./tree.ts";

/** Text as roff takes it: no escapes, no request at the start of a line, hyphens that can be copied. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

/** Columns of text on a terminal of 80: man(1) stands it in by 7 and leaves one. */
const TEXT_COLUMNS = 72;

/** Lines that are shown as they are, but for those that are too long. */
function literal(text: string): string[] {
  return [".nf", ...roff(wrapText(text.trimEnd(), TEXT_COLUMNS)).split("\n"), ".fi"];
}

/** Options under their headings. */
function options(list: readonly OptionNode[]): string[] {
  const lines: string[] = [];
  let group = "";
  for (const option of list) {
    if (option.group !== group) lines.push(".PP", roff(`${option.group}:`));
    group = option.group;
    const names = [option.short, option.long].filter((name) => name !== undefined).map((name) =>
      `\\fB${roff(name)}\\fR`
    );
    const value = option.value === undefined ? "" : ` \\fI${roff(option.value.placeholder)}\\fR`;
    lines.push(".TP", `${names.join(", ")}${value}`, roff(option.text));
  }
  return lines;
}

function examples(list: readonly (readonly [string, string])[]): string[] {
  return list.flatMap(([line, what]) => [".TP", `\\fB${roff(line)}\\fR`, roff(what)]);
}

function commandSection(command: CommandNode): string[] {
  const lines = [`.SS culprit ${roff(`${command.name} ${command.usage}`)}`, roff(command.sentence)];
  lines.push(...options(command.options));
  if (command.notes !== undefined) lines.push(".PP", ...literal(command.notes));
  if (command.examples.length > 0) lines.push(".PP", "Examples:", ...examples(command.examples));
  return lines;
}

/** What the command tree does not say. */
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["NO_COLOR", "when set, text is not coloured"],
  ["TERM", '"dumb" turns colours off as well'],
  ["CULPRIT_DEBUG", 'at "1", errors show where they come from'],
  [
    "XDG_CACHE_HOME, HOME",
    "of a user who is not root: where the single file unpacks itself; root always uses /var/cache/culprit",
  ],
];

/** As above. */
const FILES: readonly (readonly [string, string])[] = [
  [
    "/var/cache/culprit",
    "what the offline single file unpacked, one directory for each version; can be removed at any time, and is made again",
  ],
  [
    "/run/culprit",
    "where a running culprit conns --keep is asked about connections that have ended, by its own user only",
  ],
  [
    "/lib/systemd/system/culprit-dns.service",
    "a unit that records DNS to /var/log/culprit/dns.json, not enabled by default",
  ],
];

/** As above. */
const SIGNALS: readonly (readonly [string, string])[] = [
  ["SIGINT, SIGTERM", "end the run: what was seen is written, then the summary"],
  [
    "SIGHUP",
    "with --output, open that file anew, for who rotates it; without, end the run, but not under nohup(1)",
  ],
];

/** A name and what it means. */
function term(name: string, what: string): string[] {
  return [".TP", `\\fI${roff(name)}\\fR`, roff(what)];
}

/** What a cause of loss means and what helps, without the marks of Markdown. */
function lossText({ text, remedy }: LossDescription): string {
  return (remedy === undefined ? text : `${text}; what helps: ${remedy}`).replaceAll("`", "");
}

/**
 * Makes the manual page.
 *
 * @param tree the program
 * @returns its source, in man(7) macros
 */
export function manualPage(tree: CommandNode): string {
  const lines = [
    `.\\" Made from the command tree; "culprit man" prints it.`,
    `.TH CULPRIT 8 "" "culprit ${config.version}" "System Administration"`,
    `.SH NAME`,
    `culprit \\- name the process behind what a Linux host does`,
    `.SH SYNOPSIS`,
    `.B culprit`,
    roff(tree.usage),
    `.SH DESCRIPTION`,
    roff(tree.sentence),
    `It observes through BPF programs that it loads itself and needs root, or the capabilities that`,
    `.B culprit doctor`,
    `lists. Events go to standard output, everything else to standard error.`,
    ...options(tree.options),
    `.PP`,
    `Examples:`,
    ...examples(tree.examples),
    `.SH COMMANDS`,
    ...tree.commands.flatMap(commandSection),
    `.SH EXIT STATUS`,
    ...literal(EXIT_CODES.split("\n").slice(1).join("\n")),
    `.SH CAUSES OF LOSS`,
    `What was lost is counted under these names in the summary. One loss may be counted under several.`,
    ...Object.entries(LOSS_CAUSES).flatMap(([cause, description]) => term(cause, lossText(description))),
    `.SH SIGNALS`,
    ...SIGNALS.flatMap(([signal, what]) => term(signal, what)),
    `.SH ENVIRONMENT`,
    ...examples(ENVIRONMENT),
    `.SH FILES`,
    ...FILES.flatMap(([path, what]) => term(path, what)),
    `.SH SEE ALSO`,
    `.BR bpf (2),`,
    `.BR bpftool (8),`,
    `.BR systemd.exec (5)`,
  ];
  return `${lines.join("\n")}\n`;
}
