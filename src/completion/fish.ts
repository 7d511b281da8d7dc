/**
 * Completion for fish: one `complete` line per word and no call of culprit.
 *
 * @module
 */

import type { CommandNode, OptionNode, ValueNode } from "./tree.ts";

/** Quotes a word for fish, which knows two escapes in single quotes. */
function quote(word: string): string {
  return `'${word.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

/** Flags that say what a value is: required, from a list, or a file. */
function valueFlags(value: ValueNode): string {
  if (value.isFile) return " -r -F";
  if (value.choices.length === 0) return " -x";
  if (value.isList) return ` -x -a ${quote(`(__fish_append , ${value.choices.join(" ")})`)}`;
  return ` -x -a ${quote(value.choices.join(" "))}`;
}

function optionLine(condition: string, { short, long, text, value }: OptionNode): string {
  const names = `${short === undefined ? "" : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  return `complete -c culprit -n ${quote(condition)}${names}${value === undefined ? "" : valueFlags(value)} -d ${
    quote(text)
  }`;
}

/**
 * Makes the completion for fish.
 *
 * @param tree the program
 * @returns the file `culprit.fish`
 */
export function fishCompletion(tree: CommandNode): string {
  const lines = [`# fish completion of culprit; "culprit completion fish" prints it.`, `complete -c culprit -f`];
  for (const option of tree.options) lines.push(optionLine("__fish_use_subcommand", option));
  for (const command of tree.commands) {
    lines.push(`complete -c culprit -n __fish_use_subcommand -a ${command.name} -d ${quote(command.summary)}`);
  }
  for (const command of tree.commands) {
    const condition = `__fish_seen_subcommand_from ${command.name}`;
    for (const option of command.options) lines.push(optionLine(condition, option));
    for (const { choices } of command.arguments.filter(({ choices }) => choices.length > 0)) {
      // Else "culprit help dns" would go on with the options of dns.
      lines.push(
        `complete -c culprit -n ${quote(`${condition}; and test (count (commandline -opc)) -eq 2`)} -a ${
          quote(choices.join(" "))
        }`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
