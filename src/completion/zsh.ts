/**
 * Completion for zsh: an `_arguments` specification per command and no call of culprit.
 *
 * @module
 */

import type { CommandNode, OptionNode, ValueNode } from "./tree.ts";

/** Quotes a word for the shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Text inside of a specification, where brackets and colons mean something. */
function escapeSpec(text: string): string {
  return text.replace(/[[\]:\\]/g, (character) => `\\${character}`);
}

/** What completes a value. */
function action(value: ValueNode): string {
  if (value.isFile) return "_files";
  if (value.choices.length === 0) return " ";
  if (value.isList) return `_values -s , ${escapeSpec(value.placeholder)} ${value.choices.join(" ")}`;
  return `(${value.choices.join(" ")})`;
}

/** Specifications of an option: the short and the long form exclude each other. */
function optionSpecs({ short, long, text, value }: OptionNode): string[] {
  const names = short === undefined ? [long] : [short, long];
  const isRepeatable = value?.isList === true || text.includes("repeatable");
  const start = isRepeatable ? "*" : names.length > 1 ? `(${names.join(" ")})` : "";
  const argument = value === undefined ? "" : `:${escapeSpec(value.placeholder)}:${action(value)}`;
  return names.map((name) => quote(`${start}${name}[${escapeSpec(text)}]${argument}`));
}

/** Lines of an `_arguments` call. */
function argumentsCall(command: CommandNode, indent: string): string[] {
  const specs = [
    ...command.options.flatMap(optionSpecs),
    ...command.arguments.map((value, index) => quote(`${index + 1}:${value.placeholder}:${action(value)}`)),
  ];
  return specs.map((spec, index) =>
    `${indent}${index === 0 ? "_arguments -s " : "  "}${spec}${index < specs.length - 1 ? " \\" : ""}`
  );
}

/**
 * Makes the completion for zsh.
 *
 * @param tree the program
 * @returns the file `_culprit`
 */
export function zshCompletion(tree: CommandNode): string {
  const lines = [
    `#compdef culprit`,
    `# zsh completion of culprit; "culprit completion zsh" prints it.`,
    ``,
    `_culprit() {`,
    `  local context state state_descr line`,
    `  typeset -A opt_args`,
    `  local -a commands`,
    `  commands=(`,
    ...tree.commands.map(({ name, summary }) => `    ${quote(`${escapeSpec(name)}:${summary}`)}`),
    `  )`,
    `  _arguments -C ${tree.options.flatMap(optionSpecs).join(" ")} '1: :->command' '*:: :->arguments'`,
    `  case $state in`,
    `    command) _describe command commands ;;`,
    `    arguments)`,
    `      case $words[1] in`,
    ...tree.commands.flatMap((command) => [
      `        ${command.name})`,
      ...argumentsCall(command, "          "),
      `          ;;`,
    ]),
    `      esac`,
    `      ;;`,
    `  esac`,
    `}`,
    ``,
    `# Read as an autoloaded function, or sourced.`,
    `if [[ $funcstack[1] == _culprit ]]; then _culprit "$@"; else compdef _culprit culprit; fi`,
  ];
  return `${lines.join("\n")}\n`;
}
