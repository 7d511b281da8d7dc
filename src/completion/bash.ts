/**
 * Completion for bash 4 and newer: fixed word lists and no call of culprit, so TAB runs nothing that was typed.
 *
 * @module
 */

import type { CommandNode, OptionNode, ValueNode } from "./tree.ts";

/** Quotes a word for the shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words in one quoted list; none of ours has white space. */
function wordList(words: readonly string[]): string {
  return quote(words.join(" "));
}

function optionWords(options: readonly OptionNode[]): string[] {
  return options.flatMap(({ short, long }) => short === undefined ? [long] : [short, long]);
}

/** The statement that completes a value; undefined where nothing can be offered. */
function completeValue(value: ValueNode): string | undefined {
  if (value.isFile) return "_culprit_files";
  if (value.choices.length === 0) return undefined;
  return `${value.isList ? "_culprit_list" : "_culprit_words"} ${wordList(value.choices)}`;
}

/** Case of one command: values of its options, then its words. */
function commandCase(command: CommandNode, indent: string): string[] {
  const lines: string[] = [`${indent}${command.name})`, `${indent}  case $previous in`];
  const free: string[] = [];
  for (const { short, long, value } of command.options) {
    if (value === undefined) continue;
    const complete = completeValue(value);
    if (complete === undefined) free.push(long);
    else lines.push(`${indent}    ${short === undefined ? long : `${short} | ${long}`}) ${complete}; return ;;`);
  }
  if (free.length > 0) lines.push(`${indent}    ${free.join(" | ")}) return ;;`);
  const words = [...optionWords(command.options), ...command.arguments.flatMap(({ choices }) => choices)];
  lines.push(`${indent}  esac`, `${indent}  _culprit_words ${wordList(words)} ;;`);
  return lines;
}

/**
 * Makes the completion for bash.
 *
 * @param tree the program
 * @returns a script to source
 */
export function bashCompletion(tree: CommandNode): string {
  const names = tree.commands.map(({ name }) => name);
  const root = [...names, ...optionWords(tree.options)];
  const lines = [
    `# bash completion of culprit; "culprit completion bash" prints it.`,
    ``,
    `# One of these words.`,
    `_culprit_words() {`,
    `  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")`,
    `}`,
    ``,
    `# Some of these words, separated by commas.`,
    `_culprit_list() {`,
    `  local before=`,
    `  [[ $current == *,* ]] && before=\${current%,*},`,
    `  mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "\${current##*,}")`,
    `}`,
    ``,
    `# A path.`,
    `_culprit_files() {`,
    `  compopt -o filenames 2>/dev/null`,
    `  mapfile -t COMPREPLY < <(compgen -f -- "$current")`,
    `}`,
    ``,
    `_culprit() {`,
    `  local current=\${COMP_WORDS[COMP_CWORD]} previous= word command=`,
    `  ((COMP_CWORD > 0)) && previous=\${COMP_WORDS[COMP_CWORD-1]}`,
    `  COMPREPLY=()`,
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    if [[ $word != -* ]]; then`,
    `      command=$word`,
    `      break`,
    `    fi`,
    `  done`,
    `  case $command in`,
    `    '') _culprit_words ${wordList(root)} ;;`,
    ...tree.commands.flatMap((command) => commandCase(command, "    ")),
    `  esac`,
    `}`,
    ``,
    `complete -F _culprit culprit`,
  ];
  return `${lines.join("\n")}\n`;
}
