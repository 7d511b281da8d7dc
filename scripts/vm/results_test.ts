import assert from "node:assert/strict";
import {
  countOutcomes,
  describeFailures,
  drawTable,
  type FileRemains,
  judgeFile,
  type KernelResult,
} from "./results.ts";

const PASSING = `<testcase name="a" classname="f" time="0"></testcase>`;
const FAILING = `<testcase name="a" classname="f" time="0"><failure message="m">why</failure></testcase>`;

const JUDGEMENTS: { name: string; remains: FileRemains; outcomes: string[] }[] = [
  { name: "a file that passed", remains: { junit: PASSING, exitCode: 0, log: "" }, outcomes: ["a: pass"] },
  { name: "a file with a failed test", remains: { junit: FAILING, exitCode: 1, log: "" }, outcomes: ["a: fail"] },
  {
    name: "a crash, which leaves no report",
    remains: { junit: undefined, exitCode: 139, log: "" },
    outcomes: ["(whole file) ended with exit code 139: fail"],
  },
  {
    name: "a failure outside of every test",
    remains: { junit: PASSING, exitCode: 1, log: "" },
    outcomes: ["a: pass", "(whole file) ended with exit code 1: fail"],
  },
  {
    name: "a hang",
    remains: { junit: undefined, exitCode: 124, log: "" },
    outcomes: ["(whole file) took too long: fail"],
  },
  {
    name: "a guest that ended first",
    remains: { junit: undefined, exitCode: undefined, log: "" },
    outcomes: ["(whole file) did not run to its end: fail"],
  },
  {
    name: "a file without tests",
    remains: { junit: "<testsuites></testsuites>", exitCode: 0, log: "" },
    outcomes: ["(whole file) holds no test: fail"],
  },
];

for (const { name, remains, outcomes } of JUDGEMENTS) {
  Deno.test(`judgeFile() judges ${name}`, () => {
    const { tests } = judgeFile("x_test.ts", remains);
    assert.deepEqual(tests.map((test) => `${test.name}: ${test.outcome}`), outcomes);
  });
}

const KERNELS: KernelResult[] = [
  {
    label: "5.10",
    files: [{
      file: "f_test.ts",
      tests: [{ name: "a|b <c>", outcome: "pass", detail: "" }, { name: "d", outcome: "skip", detail: "" }],
    }],
  },
  { label: "6.1", files: [{ file: "f_test.ts", tests: [{ name: "a|b <c>", outcome: "fail", detail: "why" }] }] },
];

Deno.test("drawTable() has a row per test, a column per kernel, and shows what is absent", () => {
  assert.equal(
    drawTable(KERNELS),
    `| test | 5.10 | 6.1 |
| --- | --- | --- |
| **f_test.ts** | | |
| a\\|b &lt;c> | pass | **fail** |
| d | skip | - |
`,
  );
});

Deno.test("countOutcomes() adds up every file of every kernel", () => {
  assert.deepEqual(countOutcomes(KERNELS), { passed: 1, failed: 1, skipped: 1 });
});

Deno.test("describeFailures() tells kernel, file, test and what it said, and nothing of what passed", () => {
  const kernels: KernelResult[] = [{
    label: "5.10",
    files: [judgeFile("x_test.ts", { junit: PASSING + FAILING.replace('"a"', '"b"'), exitCode: 1, log: "" })],
  }];
  const told = describeFailures(kernels);
  assert.match(told, /^\n5\.10: x_test\.ts: b\n {4}.*why/);
  assert.ok(!told.includes(": a"));
});
