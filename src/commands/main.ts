/**
 * Runs one command line and maps how it ended to what is printed and to an exit code.
 *
 * @module
 */

import { CommanderError } from "commander";
import { CulpritError, EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import { escapeTerminal } from "../output/escape.ts";
import { buildProgram, type Runners, type WriteText } from "./program.ts";

/** What a command line touches of the outside. */
export interface MainIo {
  /** Standard output: help and version. */
  readonly writeOut: WriteText;
  /** Standard error: how it failed. */
  readonly writeErr: WriteText;
  /** Show stacks (`CULPRIT_DEBUG=1`). */
  readonly debug: boolean;
}

/** What commander found wrong, as one of our errors. */
function toUsageError(error: CommanderError, args: readonly string[]): UsageError {
  // `culprit help NAME` of no command: commander has no message for it.
  if (error.code === "commander.help") {
    return new UsageError(`unknown command "${args[1] ?? ""}"`, { hint: 'run "culprit --help"', cause: error });
  }
  const suggestion = /\n\(Did you mean (.+)\?\)$/.exec(error.message);
  const found = error.message.slice(0, suggestion?.index);
  // Options are suggested in the words of the command they were given to.
  const command = args[0] !== undefined && /^[a-z]+$/.test(args[0]) && error.code !== "commander.unknownCommand"
    ? ` ${args[0]}`
    : "";
  const hint = suggestion === null ? `run "culprit${command} --help"` : `did you mean ${suggestion[1]}`;
  return new UsageError(found.replace(/^error: /, "").replaceAll("'", '"'), { hint, cause: error });
}

/**
 * Prints one or two lines about an error, and the stack where it is asked for.
 *
 * @param error what was thrown
 * @param io outputs
 * @returns the exit code it stands for
 */
export function report(error: unknown, io: MainIo): ExitCode {
  const lines: string[] = [];
  let exitCode: ExitCode = EXIT_CODE.internal;
  if (error instanceof CulpritError) {
    exitCode = error.exitCode;
    lines.push(...`culprit: ${error.message}`.split("\n"));
    if (error.hint !== undefined) lines.push(`hint: ${error.hint}`);
  } else {
    lines.push(
      `culprit: internal error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    );
    if (!io.debug) lines.push("hint: run it again with CULPRIT_DEBUG=1 and report what it prints");
  }
  if (io.debug && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      lines.push(...(cause.stack ?? cause.message).split("\n"));
    }
  }
  io.writeErr(lines.map((line) => `${escapeTerminal(line)}\n`).join(""));
  return exitCode;
}

/**
 * Runs one command line to its end. Never throws.
 *
 * @param args arguments after the program name; none prints the help
 * @param runners what the commands do
 * @param io outputs
 * @returns the exit code
 */
export async function main(args: readonly string[], runners: Runners, io: MainIo): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODE.ok;
  try {
    const program = buildProgram(runners, io.writeOut, (code) => exitCode = code);
    await program.parseAsync(args.length === 0 ? ["--help"] : args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error, io);
    // Help and version end this way too.
    return error.exitCode === 0 ? EXIT_CODE.ok : report(toUsageError(error, args), io);
  }
}
