/**
 * What the benches of the whole tool share: the load generator, CPU time and memory of processes, spread of figures.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { withoutUnusedModules } from "../../scripts/bundle.ts";
import { V8_FLAGS } from "../../scripts/target.ts";

/** Root of the work tree, without slash at the end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

const BUILD = `${ROOT}/build/bench`;

/** Runs a compiler. */
function compile(program: string, args: string[]): void {
  const { success, stderr } = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).outputSync();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

/** Whether a file has to be made again. */
function isOlder(target: string, source: string): boolean {
  try {
    return (Deno.statSync(target).mtime?.getTime() ?? 0) <= (Deno.statSync(source).mtime?.getTime() ?? 0);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}

/**
 * Compiles the load generator where it is missing or old.
 *
 * @returns its path
 */
export function buildFlood(): string {
  const source = `${ROOT}/tests/bench/flood.c`;
  const target = `${BUILD}/flood`;
  if (!isOlder(target, source)) return target;
  Deno.mkdirSync(BUILD, { recursive: true });
  const temporary = `${target}.${Deno.pid}`;
  // Static, for guests that have no libc.
  compile("gcc", ["-O2", "-static", "-Wall", "-Wextra", "-Werror", source, "-o", temporary]);
  Deno.renameSync(temporary, target);
  return target;
}

/**
 * Compiles the programs that do nothing.
 *
 * @returns the object file
 */
export function buildEmpty(): Uint8Array<ArrayBuffer> {
  Deno.mkdirSync(BUILD, { recursive: true });
  const target = `${BUILD}/empty.bpf.o`;
  const include = `/usr/include/${Deno.build.arch}-linux-gnu`;
  const source = `${ROOT}/tests/bench/empty.bpf.c`;
  compile("clang", ["-O2", "-g", "-target", "bpf", "-I", include, "-c", source, "-o", target]);
  return Deno.readFileSync(target);
}

/** What the load generator can do. */
export type FloodMode = "unanswered" | "remote" | "answered" | "udp" | "tcp" | "tcp-ping" | "syscalls";

/** What the load generator says at its end. */
export interface FloodResult {
  readonly mode: FloodMode;
  /** Queries, datagrams, writes, pings or system calls. */
  readonly sent: number;
  readonly answered: number;
  readonly octets: number;
  readonly seconds: number;
  /** User and system time of both ends. */
  readonly cpu_seconds: number;
}

/** Views culprit has of one query and its answer, by mode. */
export const VIEWS: Readonly<Record<string, number>> = { unanswered: 1, remote: 2, answered: 4 };

/**
 * Runs the load generator to its end.
 *
 * @param mode what to do
 * @param options of its command line
 * @returns what it counted
 */
export async function flood(
  mode: FloodMode,
  options: Partial<Record<"rate" | "seconds" | "count" | "sockets" | "batch" | "port" | "cpu", number>>,
): Promise<FloodResult> {
  const args = Object.entries({ mode, ...options }).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const { success, stdout, stderr } = await new Deno.Command(buildFlood(), { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as FloodResult;
}

/** Ticks of /proc/PID/stat a second (USER_HZ). */
const TICKS_PER_SECOND = 100;

/**
 * CPU time of a process with all its threads.
 *
 * @param pid which one
 * @returns user and system time, s
 */
export function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * Memory of a process.
 *
 * @param pid which one
 * @returns resident now and at most, MiB
 */
export function memoryMib(pid: number): { rss: number; peak: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  return { rss: kib("VmRSS") / 1024, peak: kib("VmHWM") / 1024 };
}

/** Median, least and most of some figures. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * @param figures at least one
 * @returns their spread
 */
export function spread(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? NaN;
  return { median: at(sorted.length >> 1), least: at(0), most: at(sorted.length - 1) };
}

/**
 * @param figures at least one
 * @param digits after the point
 * @returns for example `212 (208 to 230)`
 */
export function showSpread(figures: readonly number[], digits = 0): string {
  const { median, least, most } = spread(figures);
  return `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
}

/**
 * @returns kernel and processor of this machine
 */
export function machine(): string {
  const model = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown CPU";
  const [load] = Deno.loadavg();
  const cpus = navigator.hardwareConcurrency;
  return `Linux ${Deno.osRelease()}, ${cpus} x ${model}, Deno ${Deno.version.deno}, load ${load?.toFixed(1)}`;
}

/** A running `culprit dns`. */
export interface Culprit {
  readonly pid: number;
  /** From its start until every program was attached, ms. */
  readonly readyMs: number;
  /** Path of what it writes. */
  readonly output: string;
  /** Ends it with SIGTERM and reads its summary; stderr and exit code with it. */
  stop(): Promise<{ summary: Summary; exitCode: number }>;
}

/** The last line of the output. */
export interface Summary {
  readonly events: number;
  readonly observed: Readonly<Record<string, number>>;
  readonly lost: Readonly<Record<string, number>>;
  readonly not_observed: readonly string[];
}

/** How to start culprit. */
export interface CulpritOptions {
  /** The program, with its leading arguments. */
  readonly command: readonly string[];
  /** Further arguments of `dns`. */
  readonly args?: readonly string[];
  /** CPU it is bound to. */
  readonly cpu?: number;
  readonly output: string;
}

/**
 * The ways to run culprit: from its sources, or bundled to one file as it is shipped.
 *
 * @param way `sources` or `bundle`
 * @param v8Flags for Deno, those it is shipped with unless given
 * @returns program and leading arguments
 */
export function culpritCommand(way: string, v8Flags = V8_FLAGS.slice("--v8-flags=".length)): string[] {
  const flags = v8Flags === "" ? [] : [`--v8-flags=${v8Flags}`];
  const run = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--cached-only", "--allow-all", ...flags];
  if (way === "sources") return [...run, `${ROOT}/cli.ts`];
  const bundle = `${ROOT}/dist/bench.js`;
  if (isOlder(bundle, `${ROOT}/cli.ts`) || isStale(bundle)) {
    compile(Deno.execPath(), ["bundle", "--quiet", "--platform=deno", `--output=${bundle}`, `${ROOT}/cli.ts`]);
    // As it is shipped.
    Deno.writeTextFileSync(bundle, withoutUnusedModules(Deno.readTextFileSync(bundle)));
  }
  return [...run, bundle];
}

/** Whether any source is newer than the bundle. */
function isStale(bundle: string): boolean {
  const { stdout } = new Deno.Command("find", {
    args: [`${ROOT}/src`, `${ROOT}/bpf`, `${ROOT}/ffi`, "-name", "*.ts", "-newer", bundle, "-print", "-quit"],
  }).outputSync();
  return stdout.length > 0;
}

/**
 * Waits until something is true of a program that runs; looks every millisecond.
 *
 * @param isTrue what is waited for
 * @param child the program
 * @param name what it is called in the error
 * @throws {Error} when it ends before
 */
export async function until(isTrue: () => boolean, child: Deno.ChildProcess, name: string): Promise<void> {
  let ended = false;
  void child.status.then(() => ended = true);
  while (!isTrue()) {
    if (ended) throw new Error(`${name} ended before it was ready`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/**
 * Starts `culprit dns --json` and waits until every program is attached.
 *
 * @param options how
 * @returns the process, to be stopped
 */
export async function startCulprit(options: CulpritOptions): Promise<Culprit> {
  const ready = await Deno.makeTempFile({ prefix: "culprit-ready-" });
  await Deno.remove(ready);
  const pin = options.cpu === undefined ? [] : ["taskset", "-c", `${options.cpu}`];
  const [program = "", ...args] = [
    ...pin,
    ...options.command,
    ...["dns", "--json", "--output", options.output, "--ready-file", ready],
    ...options.args ?? [],
  ];
  const begin = performance.now();
  const child = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).spawn();
  const stderr = new Response(child.stderr).text();
  await until(() => existsSync(ready), child, "culprit");
  const readyMs = performance.now() - begin;
  await Deno.remove(ready);
  return {
    pid: child.pid,
    readyMs,
    output: options.output,
    async stop(): ReturnType<Culprit["stop"]> {
      child.kill("SIGTERM");
      const { code } = await child.status;
      const tail = await lastLine(options.output);
      if (tail === "") throw new Error(`no summary: ${await stderr}`);
      await stderr;
      return { summary: JSON.parse(tail) as Summary, exitCode: code };
    },
  };
}

/** Last line of a file, without reading the rest. */
async function lastLine(path: string): Promise<string> {
  using file = await Deno.open(path);
  const { size } = await file.stat();
  await file.seek(Math.max(0, size - 65536), Deno.SeekMode.Start);
  const octets = new Uint8Array(65536);
  const count = await file.read(octets) ?? 0;
  return new TextDecoder().decode(octets.subarray(0, count)).trimEnd().split("\n").at(-1) ?? "";
}
