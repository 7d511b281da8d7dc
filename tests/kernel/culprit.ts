/**
 * Runs the real command line in tests.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { V8_FLAGS } from "../../scripts/target.ts";
import type { CulpritEvent, SummaryEvent } from "../../src/events.ts";
import { readOptional } from "../../src/host/files.ts";

/** Root of the source tree. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/**
 * The command line of culprit.
 *
 * @returns the words of `CULPRIT` where it is set (a built binary), else the source tree run by this Deno
 */
export function culpritCommand(): string[] {
  const given = Deno.env.get("CULPRIT");
  if (given) return given.split(" ");
  const flags = ["run", V8_FLAGS, "--quiet", "--no-prompt", "--cached-only", "--allow-all"];
  flags.push("--config", `${ROOT}/deno.json`);
  return [Deno.execPath(), ...flags, `${ROOT}/cli.ts`];
}

/** How a run ended and what it said. */
export interface Ended {
  code: number;
  signal: Deno.Signal | null;
  stdout: string;
  stderr: string;
}

/** How to start culprit. */
export interface StartOptions {
  /** Words before the command line, for example `unshare --mount`. */
  readonly wrapper?: readonly string[];
  /** Shell commands run before it, in the same (name)space. */
  readonly prelude?: string;
  readonly env?: Record<string, string>;
}

function commandOf(args: readonly string[], options: StartOptions): Deno.Command {
  const words = [...culpritCommand(), ...args];
  const [program = "", ...rest] = options.prelude === undefined
    ? [...options.wrapper ?? [], ...words]
    : [...options.wrapper ?? [], "/bin/sh", "-ec", `${options.prelude}\nexec "$@"`, "sh", ...words];
  return new Deno.Command(program, {
    args: rest,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...options.env },
  });
}

/**
 * Runs culprit to its end.
 *
 * @param args its arguments
 * @param options see {@linkcode StartOptions}
 * @returns how it ended
 */
export async function runCulprit(args: readonly string[], options: StartOptions = {}): Promise<Ended> {
  const { code, signal, stdout, stderr } = await commandOf(args, options).output();
  return { code, signal, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** A culprit that is attached. */
export class RunningCulprit implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<string>;
  #ended = false;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#stdout = new Response(child.stdout).text();
    this.#stderr = new Response(child.stderr).text();
  }

  /** Process id of culprit. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Starts it and waits until every program is attached.
   *
   * @param args arguments but for `--ready-file`
   * @param options see {@linkcode StartOptions}
   * @returns it
   * @throws {Error} when it ends before it is ready
   */
  static async start(args: readonly string[], options: StartOptions = {}): Promise<RunningCulprit> {
    const directory = await Deno.makeTempDir({ prefix: "culprit-test-" });
    const ready = `${directory}/ready`;
    const culprit = new RunningCulprit(commandOf([...args, "--ready-file", ready], options).spawn());
    let status: Deno.CommandStatus | undefined;
    culprit.#child.status.then((ended) => status = ended);
    try {
      while (!await isThere(ready)) {
        if (status !== undefined) {
          culprit.#ended = true;
          throw new Error(`culprit ended with ${status.code} before it was ready: ${await culprit.#stderr}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
    return culprit;
  }

  /**
   * Sends it a signal.
   *
   * @param signal which
   */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /**
   * Waits until it ends.
   *
   * @returns how it ended
   */
  async ended(): Promise<Ended> {
    const { code, signal } = await this.#child.status;
    this.#ended = true;
    return { code, signal, stdout: await this.#stdout, stderr: await this.#stderr };
  }

  /**
   * Asks it to stop and waits until it did.
   *
   * @returns how it ended
   */
  stop(): Promise<Ended> {
    this.signal("SIGINT");
    return this.ended();
  }

  /** Ends it, if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#child.kill("SIGKILL");
    await this.ended();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Parses JSON lines strictly: every line is one, and the last one is whole.
 *
 * @param text output of culprit
 * @returns the events
 * @throws {SyntaxError} when a line is no JSON
 * @throws {Error} when the last line is not ended
 */
export function parseLines(text: string): CulpritEvent[] {
  if (text === "") return [];
  if (!text.endsWith("\n")) throw new Error(`The last line is cut: ${text.slice(-80)}`);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/**
 * Finds the summary, which must be the last event.
 *
 * @param events of a whole run
 * @returns the summary
 * @throws {Error} when the last event is another
 */
export function summaryOf(events: readonly CulpritEvent[]): SummaryEvent {
  const last = events.at(-1);
  if (last?.type !== "summary") throw new Error(`The last line is ${JSON.stringify(last)}, wanted a summary`);
  return last;
}

/**
 * The programs a process holds in the kernel.
 *
 * @param pid of the process
 * @returns their ids
 */
export function programsOf(pid: number): Set<number> {
  const directory = `/proc/${pid}/fdinfo`;
  // A descriptor may be closed meanwhile: not one of a program.
  const infos = [...Deno.readDirSync(directory)].map(({ name }) => readOptional(`${directory}/${name}`) ?? "");
  return new Set(infos.flatMap((info) => [...info.matchAll(/^prog_id:\s*(\d+)$/gm)].map(([, id]) => Number(id))));
}

/**
 * Waits until the kernel has none of these programs: it frees them after an RCU grace period.
 *
 * @param ids of programs whose process has ended
 * @throws {Error} when one is still there after ten seconds
 */
export async function assertUnloaded(ids: ReadonlySet<number>): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const { stdout } = await new Deno.Command("bpftool", { args: ["prog", "list", "-j"] }).output();
    const programs = JSON.parse(new TextDecoder().decode(stdout)) as { id: number; name?: string }[];
    const left = programs.filter(({ id }) => ids.has(id));
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`Still loaded: ${left.map(({ name }) => name).join(", ")}`);
  }
}
