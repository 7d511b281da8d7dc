/**
 * `culprit completion` and `culprit man`: what packages install as files, for those who have the binary only.
 *
 * @module
 */

import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { manualPage } from "../completion/man.ts";
import { type CommandNode, commandTree } from "../completion/tree.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { EXIT_CODE, type ExitCode } from "../errors.ts";
import { writeStdout } from "../output/stdio.ts";
import type { ShellName } from "./options.ts";
import { buildProgram, RUNNERS } from "./program.ts";

/** The generators. */
const GENERATORS: Readonly<Record<ShellName, (tree: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The command tree of this program. */
function ownTree(): CommandNode {
  return commandTree(buildProgram(RUNNERS, writeStdout, () => {}));
}

/**
 * Makes the completion of a shell.
 *
 * @param shell which shell
 * @returns its text
 */
export function completionText(shell: ShellName): string {
  return GENERATORS[shell](ownTree());
}

/**
 * Makes the manual page.
 *
 * @returns its source, in man(7) macros
 */
export function manualText(): string {
  return manualPage(ownTree());
}

/**
 * Runs `culprit completion`.
 *
 * @param shell which shell
 * @returns the exit code
 * @throws {OutputError} when standard output cannot be written
 */
export function runCompletion(shell: ShellName): Promise<ExitCode> {
  writeStdout(completionText(shell));
  return Promise.resolve(EXIT_CODE.ok);
}

/**
 * Runs `culprit man`.
 *
 * @returns the exit code
 * @throws {OutputError} when standard output cannot be written
 */
export function runMan(): Promise<ExitCode> {
  writeStdout(manualText());
  return Promise.resolve(EXIT_CODE.ok);
}
