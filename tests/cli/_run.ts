/**
 * Runs command lines for tests: in this process where nothing but parsing is asked, else in a child.
 *
 * @module
 */

import { EXIT_CODE, type ExitCode } from "../../src/errors.ts";
import { main } from "../../src/commands/main.ts";
import type { Runners } from "../../src/commands/program.ts";

/** How a command line ended. */
export interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** Runners that do nothing and end well. */
export const IDLE_RUNNERS: Runners = {
  dns: () => Promise.resolve(EXIT_CODE.ok),
  procs: () => Promise.resolve(EXIT_CODE.ok),
  map: () => Promise.resolve(EXIT_CODE.ok),
  top: () => Promise.resolve(EXIT_CODE.ok),
  who: () => Promise.resolve(EXIT_CODE.ok),
  doctor: () => Promise.resolve(EXIT_CODE.ok),
  conns: () => Promise.resolve(EXIT_CODE.ok),
  decode: () => Promise.resolve(EXIT_CODE.ok),
  schema: () => Promise.resolve(EXIT_CODE.ok),
  version: () => Promise.resolve(EXIT_CODE.ok),
  completion: () => Promise.resolve(EXIT_CODE.ok),
  man: () => Promise.resolve(EXIT_CODE.ok),
};

/**
 * Runs a command line within the test.
 *
 * @param args arguments after the program name
 * @param runners commands to replace
 * @param debug as `CULPRIT_DEBUG=1`
 * @returns what it printed and its exit code
 */
export async function runInside(args: string[], runners: Partial<Runners> = {}, debug = false): Promise<Outcome> {
  const outcome = { out: "", err: "" };
  const code: ExitCode = await main(args, { ...IDLE_RUNNERS, ...runners }, {
    writeOut: (text) => outcome.out += text,
    writeErr: (text) => outcome.err += text,
    debug,
  });
  return { code, ...outcome };
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** Command that starts a script of the repository. */
function denoRun(script: string, ...options: string[]): string {
  const run = [Deno.execPath(), "run", "-A", "--quiet", "--no-check", "--config", `${ROOT}deno.json`];
  return [...run, ...options, `${ROOT}${script}`].join(" ");
}

/**
 * Runs a shell line in a child, with `$culprit`, `$events` and `$stray` as the commands to start `cli.ts`,
 * `tests/cli/write_events.ts`, and `cli.ts` after `tests/cli/throw_later.ts`.
 *
 * @param line line for bash, with pipefail
 * @param env further environment
 * @returns what it printed and its exit code
 */
export async function runShell(line: string, env: Record<string, string> = {}): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-o", "pipefail", "-c", line],
    env: {
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      culprit: denoRun("cli.ts"),
      events: denoRun("tests/cli/write_events.ts"),
      stray: denoRun("cli.ts", "--preload", `${ROOT}tests/cli/throw_later.ts`),
      ...env,
    },
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}
