/**
 * The command tree as plain data, for the generators of completions and of the manual page.
 *
 * @module
 */

import type { Command, Option } from "commander";
import { textsOf } from "../commands/program.ts";

/** What an option or argument takes. */
export interface ValueNode {
  /** As help shows it: `file`, `n,...`. */
  readonly placeholder: string;
  /** A path. */
  readonly isFile: boolean;
  /** Several, separated by commas. */
  readonly isList: boolean;
  /** What to offer; empty where the value is free. */
  readonly choices: readonly string[];
}

/** One option. */
export interface OptionNode {
  /** `-h`; undefined where there is none. */
  readonly short: string | undefined;
  /** `--help`. */
  readonly long: string;
  /** What it does. */
  readonly text: string;
  /** Heading it stands under. */
  readonly group: string;
  /** Undefined for a flag. */
  readonly value: ValueNode | undefined;
}

/** One command. */
export interface CommandNode {
  readonly name: string;
  /** Shown in the list of commands. */
  readonly summary: string;
  /** What it does, one sentence with period. */
  readonly sentence: string;
  /** What follows its name: `<command> [options]`. */
  readonly usage: string;
  /** Paragraphs on its output; undefined where there are none. */
  readonly notes: string | undefined;
  /** Command lines with what they do. */
  readonly examples: readonly (readonly [string, string])[];
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ValueNode[];
  readonly commands: readonly CommandNode[];
}

/** Reads `<name,...>` as help shows it. */
function valueNode(placeholder: string, choices: readonly string[]): ValueNode {
  return { placeholder, isFile: placeholder === "file", isList: placeholder.endsWith(",..."), choices };
}

function optionNode(option: Option): OptionNode {
  const placeholder = /[<[](.+)[>\]]$/.exec(option.flags)?.[1];
  return {
    short: option.short,
    long: option.long ?? option.flags,
    text: option.description,
    group: (option.helpGroupHeading ?? "").replace(/:$/, ""),
    value: placeholder === undefined ? undefined : valueNode(placeholder, option.argChoices ?? []),
  };
}

/**
 * Reads a command and all below it. Hidden options are left out.
 *
 * @param command made by `buildProgram`
 * @returns the tree
 */
export function commandTree(command: Command): CommandNode {
  const help = command.createHelp();
  const texts = textsOf(command);
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    sentence: texts?.sentence ?? "",
    usage: command.usage(),
    notes: texts?.notes,
    examples: texts?.examples ?? [],
    options: help.visibleOptions(command).map(optionNode),
    arguments: command.registeredArguments.map((argument) => valueNode(argument.name(), argument.argChoices ?? [])),
    commands: help.visibleCommands(command).map((child) => helpCommand(child, command) ?? commandTree(child)),
  };
}

/** Commander's own `help [command]`, which takes the name of a command; undefined for any other. */
function helpCommand(child: Command, parent: Command): CommandNode | undefined {
  if (child.name() !== "help" || textsOf(child) !== undefined) return undefined;
  const names = parent.commands.map((command) => command.name());
  return {
    name: "help",
    summary: child.description(),
    sentence: "Prints the help of a command.",
    usage: "[command]",
    notes: undefined,
    examples: [],
    options: [],
    arguments: [valueNode("command", names)],
    commands: [],
  };
}
