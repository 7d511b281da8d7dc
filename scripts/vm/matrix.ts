// Runs the kernel tests on the host and in guests, prints how they went, and writes the table of docs/KERNELS.md.
import { parseArgs } from "node:util";
import { UsageError } from "../../src/errors.ts";
import { writeStderr, writeStdout } from "../../src/output/stdio.ts";
import { buildBpf } from "../../ffi/_testing.ts";
import { buildProgram } from "../../tests/bench/build_program.ts";
import { buildFlood } from "../../tests/bench/_tools.ts";
import { buildActors } from "../../tests/conns/build.ts";
import { buildPrograms } from "../../tests/scenarios/build.ts";
import { compile } from "../compile.ts";
import { targetNamed } from "../target.ts";
import { DIST, ROOT } from "../toolchain.ts";
import type { TestResult } from "./junit.ts";
import { dealFiles } from "./shares.ts";
import {
  countOutcomes,
  describeFailures,
  drawTable,
  type FileRemains,
  judgeFile,
  type KernelResult,
} from "./results.ts";

/** Name of the column for the machine itself. */
const HOST = "host";

/** Stands for every kernel but the host's. */
const GUESTS = "guests";

/** Longest time for one test file, in seconds; guests are about ten times slower than the host. */
const FILE_LIMIT_S = 600;

/** Longest time for one guest, in seconds: its files and the boot, on a machine with much else to do. */
const GUEST_LIMIT_S = 1200;

/**
 * Files that are about terminals, not about kernels, and take minutes under emulation: what they show comes from the
 * sensors that tests/kernel/conns_test.ts and the kernel tests of bpf/ try on every kernel.
 */
const HOST_ONLY: readonly string[] = ["tests/kernel/top_test.ts"];

/**
 * What guests run whose kernel another one runs everything on: what they differ in. Under lockdown that is what may be
 * loaded, attached and read, and what is said where it may not.
 */
const PARTIAL: Readonly<Record<string, RegExp>> = {
  "6.12-lockdown": /^(bpf|ffi|src)\/|\/(attribution|conns|doctor|failures|snapshot)_test\.ts$/,
};

/** What is made on the host for guests. */
const PREPARED = `${DIST}/guest`;

/** What guests test: the host tests the sources. */
const SINGLE_FILE = `${PREPARED}/culprit`;

/** How many of the slowest files are told of each kernel. */
const SLOWEST = 4;

/** Where the table stands in docs/KERNELS.md. */
const TABLE_PLACE = /(<!-- results -->\n)[^]*?(<!-- end of results -->)/;

/** Lists the files with tests that need a kernel, below the root: `kernel_test.ts` anywhere, all of tests/kernel. */
function findKernelTests(): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of Deno.readDirSync(`${ROOT}/${folder}`)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) walk(path);
      else if (entry.name === "kernel_test.ts") found.push(path);
      else if (path.startsWith("tests/kernel/") && entry.name.endsWith("_test.ts")) found.push(path);
    }
  };
  for (const folder of ["bpf", "ffi", "src", "tests"]) walk(folder);
  return found.sort();
}

/** Content of a file, or undefined when there is none. */
function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What the n-th test file left in the folder that run_tests.sh filled. */
function readRemains(folder: string, index: number): FileRemains {
  const code = readIfThere(`${folder}/${index}.code`);
  return {
    junit: readIfThere(`${folder}/${index}.xml`),
    exitCode: code === undefined ? undefined : Number(code),
    log: readIfThere(`${folder}/${index}.log`) ?? "",
  };
}

/** Head of a column: the name, and the release that stands behind it. */
function labelOf(kernel: string): string {
  if (kernel === HOST) return `${HOST} (${Deno.osRelease().split(".").slice(0, 2).join(".")})`;
  const series = kernel.split("-")[0];
  const release = readIfThere(`${Deno.env.get("CULPRIT_KERNEL_CACHE")}/${series}/release`)?.trim();
  return release === undefined ? kernel : `${kernel} (${release})`;
}

/** Every file as one failed test: tests that only skip themselves without root would look like success. */
function refuse(kernel: string, files: readonly string[]): KernelResult {
  writeStdout(`${labelOf(kernel)}: kernel tests need root; leave them out by name: scripts/test --without kernel\n`);
  const tests: TestResult[] = [{ name: "(whole file) needs root", outcome: "fail", detail: "" }];
  return { label: labelOf(kernel), files: files.map((file) => ({ file, tests })) };
}

/** Where the time went: the files that took longest. */
function describeSlowest(folder: string, files: readonly string[]): string {
  return files.map((file, index) => ({ file, seconds: Number(readIfThere(`${folder}/${index}.seconds`)) || 0 }))
    .sort((a, b) => b.seconds - a.seconds).slice(0, SLOWEST)
    .map(({ file, seconds }) => `${file} ${seconds} s`).join(", ");
}

/** Makes on the host what guests would take minutes for: the single file, and the programs of the tests. */
async function prepareGuests(): Promise<void> {
  Deno.mkdirSync(PREPARED, { recursive: true });
  await compile(targetNamed(Deno.build.arch), "offline", SINGLE_FILE);
  await buildPrograms();
  await buildActors();
  buildFlood();
  await buildProgram(`${ROOT}/tests/bench/snapshot_load.c`, PREPARED);
  Deno.writeFileSync(`${PREPARED}/fixture.bpf.o`, buildBpf("fixture"));
}

/** Runs files on one kernel. */
async function runOn(kernel: string, files: readonly string[]): Promise<KernelResult> {
  if (kernel === HOST && Deno.uid() !== 0) return refuse(kernel, files);
  const startedMs = performance.now();
  const folder = await Deno.makeTempDir({ prefix: "culprit-matrix-" });
  try {
    const script = `${ROOT}/scripts/vm/run_tests.sh`;
    const [program, args] = kernel === HOST
      ? ["bash", [script, folder, String(FILE_LIMIT_S), ...files]]
      : [`${ROOT}/scripts/vm/run`, [
        ...["--kernel", kernel, "--timeout", String(GUEST_LIMIT_S), "--out", folder, "--"],
        ...["bash", script, "/run/guest/out", String(FILE_LIMIT_S), ...files],
      ]];
    const output = await new Deno.Command(program, {
      args,
      cwd: ROOT,
      env: kernel === HOST ? {} : { CULPRIT: SINGLE_FILE, CULPRIT_FIXTURES: PREPARED },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const result: KernelResult = {
      label: labelOf(kernel),
      files: files.map((file, index) => judgeFile(file, readRemains(folder, index))),
    };
    const { passed, failed, skipped } = countOutcomes([result]);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    writeStdout(`${result.label}: ${passed} passed, ${failed} failed, ${skipped} skipped, ${seconds} s\n`);
    writeStderr(`  slowest: ${describeSlowest(folder, files)}\n`);
    writeStdout(describeFailures([result]));
    // Whatever the runner says itself is about a guest that did not boot or did not end.
    if (!output.success) writeStdout(new TextDecoder().decode(output.stderr));
    return result;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the kernels, at most `jobs` guests at once, and keeps their order and that of the files. */
async function runAll(kernels: readonly string[], files: readonly string[], jobs: number): Promise<KernelResult[]> {
  const sharesOf = (kernel: string): string[][] => {
    if (kernel === HOST) return [[...files]];
    const chosen = files.filter((file) => !HOST_ONLY.includes(file) && PARTIAL[kernel]?.test(file) !== false);
    return chosen.length === 0 ? [] : dealFiles(chosen);
  };
  const waiting = kernels.flatMap((kernel) => sharesOf(kernel).map((share) => ({ kernel, share })));
  const done = new Map<string, KernelResult[]>(kernels.map((kernel) => [kernel, []]));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      done.get(next.kernel)?.push(await runOn(next.kernel, next.share));
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return [...done].map(([kernel, parts]) => ({
    label: labelOf(kernel),
    files: parts.flatMap((part) => part.files).sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file)),
  }));
}

/** Puts the table into docs/KERNELS.md. */
function writeTable(table: string): void {
  const path = `${ROOT}/docs/KERNELS.md`;
  const text = Deno.readTextFileSync(path);
  if (!TABLE_PLACE.test(text)) throw new TypeError(`${path} has no place for results`);
  // As a function: names of tests may hold "$&" and the like.
  Deno.writeTextFileSync(path, text.replace(TABLE_PLACE, (_, head, tail) => `${head}\n${table}\n${tail}`));
}

/** Reads the command line. */
function readOptions(): { kernels: string[]; files: string[]; jobs: number; write: boolean } {
  const guests = (Deno.env.get("CULPRIT_GUESTS") ?? "").split(",");
  const known = [HOST, ...guests];
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      kernel: { type: "string", default: known.join(",") },
      file: { type: "string", multiple: true, default: [""] },
      jobs: { type: "string", default: "2" },
      write: { type: "boolean", default: false },
    },
  });
  const kernels = values.kernel.split(",").flatMap((name) => name === GUESTS ? guests : [name]);
  const unknown = kernels.find((kernel) => !known.includes(kernel));
  if (unknown !== undefined) throw new UsageError(`No kernel "${unknown}"; there are: ${known.join(", ")}`);
  const files = findKernelTests().filter((file) => values.file.some((part) => file.includes(part)));
  if (values.write && files.length !== findKernelTests().length) {
    throw new UsageError("A table of some files is not written", { hint: "leave out --file or --write" });
  }
  return { kernels, files, jobs: Number(values.jobs), write: values.write };
}

if (import.meta.main) {
  const { kernels, files, jobs, write } = readOptions();
  writeStderr(`${files.length} test files on ${kernels.join(", ")}\n`);
  if (kernels.some((kernel) => kernel !== HOST)) await prepareGuests();
  const results = await runAll(kernels, files, jobs);
  const table = drawTable(results);
  writeStdout(`\n${table}\n`);
  // Once more, below the table: a log may be kept from its end only.
  const told = describeFailures(results);
  if (told !== "") writeStdout(`ERRORS\n${told}`);
  if (write) writeTable(table);
  const { passed, failed } = countOutcomes(results);
  // Nothing run is nothing shown: it counts as a failure.
  const failures = passed + failed === 0 ? 1 : failed;
  writeStdout(`${passed} passed, ${failures} failed\n`);
  Deno.exit(failures === 0 ? 0 : 1);
}
