/**
 * A running scenario program: its pid, the lines of truth it logs, its end.
 *
 * @module
 */

import { parseTruth, type Truth } from "./truth.ts";
import { within } from "./wait.ts";

/** Options of {@linkcode Program}. */
export interface ProgramOptions {
  /** Added to the environment. */
  env?: Record<string, string>;
  /** The program logs no truth: its output is kept as text. */
  foreign?: boolean;
}

/** A child process of the runner. Its standard input stays open until it is told to end: its end ends every program. */
export class Program implements AsyncDisposable {
  /** As the kernel of the host counts. */
  readonly pid: number;
  /** Every line of truth so far. */
  readonly truths: Truth[] = [];
  /** Standard output of a foreign program so far. */
  text = "";
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #done: Promise<void>;
  readonly #title: string;
  #errors = "";
  #waiting: { count: number; resolve: () => void }[] = [];
  #inputClosed = false;
  #ended = false;

  /**
   * @param command path of the executable
   * @param args its arguments
   * @param options see {@linkcode ProgramOptions}
   */
  constructor(command: string, args: string[], options: ProgramOptions = {}) {
    this.#title = [command, ...args].join(" ");
    this.#child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      ...(options.env ? { env: options.env } : {}),
    }).spawn();
    this.pid = this.#child.pid;
    this.#input = this.#child.stdin.getWriter();
    this.#done = this.#read(options.foreign ?? false);
  }

  async #read(foreign: boolean): Promise<void> {
    const readErrors = (async () => {
      for await (const chunk of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.#errors += chunk;
    })();
    let rest = "";
    for await (const chunk of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      if (foreign) {
        this.text += chunk;
        continue;
      }
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      this.truths.push(...lines.map(parseTruth));
      this.#wake();
    }
    await readErrors;
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    this.#waiting = this.#waiting.filter((waiter) => {
      if (this.truths.length < waiter.count && !this.#ended) return true;
      waiter.resolve();
      return false;
    });
  }

  /** Waits for something of this program. */
  #within<T>(promise: Promise<T>, what: string): Promise<T> {
    return within(promise, () => `${what} of ${this.#title} (${this.#errors})`);
  }

  /**
   * Waits until the program has logged so many lines.
   *
   * @param count number of lines, from the start of the program
   * @returns the last of them
   * @throws {Error} when the program ended before
   */
  async truth(count: number): Promise<Truth> {
    await this.#within(
      new Promise<void>((resolve) => {
        this.#waiting.push({ count, resolve });
        this.#wake();
      }),
      `line ${count}`,
    );
    const truth = this.truths[count - 1];
    if (!truth) throw new Error(`${this.#title} ended after ${this.truths.length} lines: ${this.#errors}`);
    return truth;
  }

  /** Writes an empty line: the program goes on. */
  async go(): Promise<void> {
    await this.#input.write(new Uint8Array([10]));
  }

  async #closeInput(): Promise<void> {
    if (this.#inputClosed) return;
    this.#inputClosed = true;
    // The program may be gone, which closes the pipe for us.
    await this.#input.close().catch((error) => {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
  }

  /**
   * Waits for the end of a program that ends by itself.
   *
   * @param accepted exit codes that are no failure
   * @returns every line of truth
   * @throws {Error} on another exit code, with what the program wrote to standard error
   */
  async finish(accepted: number[] = [0]): Promise<Truth[]> {
    const status = await this.#within(this.#child.status, "the end");
    await this.#closeInput();
    await this.#within(this.#done, "the end of its output");
    if (!accepted.includes(status.code)) {
      throw new Error(`${this.#title} ended with ${status.signal ?? status.code}: ${this.#errors}${this.text}`);
    }
    return this.truths;
  }

  /** Ends a program that runs until its standard input ends, or until it gets `signal`. */
  async stop(signal?: Deno.Signal): Promise<void> {
    await this.#closeInput();
    if (signal && !this.#ended) this.#kill(signal);
    let status;
    try {
      status = await this.#within(this.#child.status, "the end");
    } catch (error) {
      this.#kill("SIGKILL");
      await this.#done;
      throw error;
    }
    await this.#within(this.#done, "the end of its output");
    if (!signal && !status.success) throw new Error(`${this.#title} ended with ${status.code}: ${this.#errors}`);
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // Gone between the check and the signal.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Ends whatever still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeInput();
    if (!this.#ended) this.#kill("SIGKILL");
    await this.#child.status;
    // What it forked may still hold its output, and is no reason to wait for ever.
    await this.#within(this.#done, "the end of its output");
  }
}
