/**
 * What the tests did on every kernel: collecting, counting, and the table of docs/KERNELS.md.
 *
 * @module
 */

import { parseJunit, type TestResult } from "./junit.ts";

/** What one test file did on one kernel. */
export interface FileResult {
  /** Path of the test file, below the root of the repository. */
  readonly file: string;
  /** Its tests; one that stands for the file is added when the file did not end as its tests say. */
  readonly tests: readonly TestResult[];
}

/** What all test files did on one kernel. */
export interface KernelResult {
  /** Head of its column: name and release. */
  readonly label: string;
  /** One entry per file, in the order they ran. */
  readonly files: readonly FileResult[];
}

/** Number of tests by outcome. */
export interface Totals {
  /** Tests that passed. */
  passed: number;
  /** Tests that failed, and files or guests that did not finish. */
  failed: number;
  /** Tests that say themselves that they do not apply. */
  skipped: number;
}

/** What a test file left behind: see run_tests.sh. */
export interface FileRemains {
  /** The JUnit report, or undefined when it was not written. */
  readonly junit: string | undefined;
  /** Exit code, or undefined when the file was never run or the guest ended under it. */
  readonly exitCode: number | undefined;
  /** What it printed. */
  readonly log: string;
}

/** Exit code of timeout(1) when the time was over. */
const TIMED_OUT = 124;

/**
 * Judges a test file. Tests that a crash kept from being reported must not go missing: the file then counts as one
 * failed test of its own.
 *
 * @param file path of the test file
 * @param remains what it left behind
 * @returns its tests, and the one that stands for the file where needed
 */
export function judgeFile(file: string, remains: FileRemains): FileResult {
  const tests = parseJunit(remains.junit ?? "");
  const broken = describeBreak(remains, tests);
  if (broken === undefined) return { file, tests };
  return { file, tests: [...tests, { name: `(whole file) ${broken}`, outcome: "fail", detail: remains.log }] };
}

/** Why the report alone does not tell how the file went, or undefined when it does. */
function describeBreak(remains: FileRemains, tests: readonly TestResult[]): string | undefined {
  if (remains.exitCode === undefined) return "did not run to its end";
  if (remains.exitCode === TIMED_OUT) return "took too long";
  if (remains.exitCode !== 0 && !tests.some((test) => test.outcome === "fail")) {
    return `ended with exit code ${remains.exitCode}`;
  }
  return tests.length === 0 ? "holds no test" : undefined;
}

/**
 * Counts outcomes.
 *
 * @param kernels results to add up
 * @returns the sums
 */
export function countOutcomes(kernels: readonly KernelResult[]): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const test of kernels.flatMap((kernel) => kernel.files).flatMap((file) => file.tests)) {
    if (test.outcome === "pass") totals.passed++;
    else if (test.outcome === "fail") totals.failed++;
    else totals.skipped++;
  }
  return totals;
}

/**
 * Tells which tests failed, and what they said.
 *
 * @param kernels results to look through
 * @returns a paragraph per failed test, empty when there is none
 */
export function describeFailures(kernels: readonly KernelResult[]): string {
  return kernels.flatMap(({ label, files }) =>
    files.flatMap(({ file, tests }) =>
      tests.filter((test) => test.outcome === "fail").map((test) =>
        `\n${label}: ${file}: ${test.name}\n${test.detail.replace(/^/gm, "    ")}\n\n`
      )
    )
  ).join("");
}

/** Text that may stand in a cell of a Markdown table. */
function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replace(/\s+/g, " ");
}

/**
 * Draws the table test by kernel, in Markdown.
 *
 * @param kernels one column each
 * @returns the table, a row per test; a cell is `pass`, `**fail**`, `skip`, or `-` where the kernel reported no such test
 */
export function drawTable(kernels: readonly KernelResult[]): string {
  const files = new Map<string, Map<string, Map<KernelResult, string>>>();
  for (const kernel of kernels) {
    for (const { file, tests } of kernel.files) {
      const rows = getOrAdd(files, file);
      for (const test of tests) {
        getOrAdd(rows, test.name).set(kernel, test.outcome === "fail" ? "**fail**" : test.outcome);
      }
    }
  }
  const lines = [
    `| test | ${kernels.map((kernel) => escapeCell(kernel.label)).join(" | ")} |`,
    `| --- |${" --- |".repeat(kernels.length)}`,
  ];
  for (const [file, rows] of files) {
    lines.push(`| **${escapeCell(file)}** |${" |".repeat(kernels.length)}`);
    for (const [name, cells] of rows) {
      lines.push(`| ${escapeCell(name)} | ${kernels.map((kernel) => cells.get(kernel) ?? "-").join(" | ")} |`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The map under a key, made empty on first use. */
function getOrAdd<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let map = maps.get(key);
  if (map === undefined) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}
