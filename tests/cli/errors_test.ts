import assert from "node:assert/strict";
import {
  EXIT_CODE,
  LibbpfError,
  LibraryNotFoundError,
  MissingPrivilegeError,
  OutputError,
  UnsupportedKernelError,
  UsageError,
  VerifierError,
} from "../../src/errors.ts";
import { runInside, runShell } from "./_run.ts";

/** Errors of a command, its exit code and what is printed. */
const CASES: readonly (readonly [name: string, error: unknown, code: number, err: string])[] = [
  ["UsageError", new UsageError("a", { hint: "b" }), 2, "culprit: a\nhint: b\n"],
  ["UsageError without hint", new UsageError("a"), 2, "culprit: a\n"],
  [
    "LibbpfError",
    new LibbpfError('attach program "dns_egress"', 13, "EACCES"),
    3,
    'culprit: Cannot attach program "dns_egress": errno EACCES (13)\n',
  ],
  [
    "MissingPrivilegeError",
    new MissingPrivilegeError("load programs", ["CAP_BPF", "CAP_PERFMON"]),
    3,
    "culprit: Cannot load programs: missing CAP_BPF, CAP_PERFMON\n" +
    "hint: run it as root, for example with sudo; in a container, add these capabilities\n",
  ],
  [
    "LibraryNotFoundError",
    new LibraryNotFoundError(["/a"], { hint: "b" }),
    3,
    'culprit: Cannot find libbpf.so.1; tried "/a"\nhint: b\n',
  ],
  [
    "UnsupportedKernelError",
    new UnsupportedKernelError("BTF", "5.10", "5.4"),
    3,
    "culprit: Kernel 5.4 has no BTF; it is in Linux 5.10 and newer\n",
  ],
  ["VerifierError", new VerifierError("p", "x\ny\n"), 3, 'culprit: The kernel rejected program "p":\n  x\n  y\n'],
  [
    "OutputError",
    new OutputError('"/a"', "No space left on device"),
    3,
    'culprit: Cannot write events to "/a": No space left on device\n',
  ],
  [
    "OutputError of a name with line feeds and escapes",
    new OutputError('"/a\n  b\x1b"', "No such file or directory"),
    3,
    'culprit: Cannot write events to "/a\\x0a  b\\x1b": No such file or directory\n',
  ],
  [
    "a defect",
    new TypeError("x is undefined"),
    10,
    "culprit: internal error: TypeError: x is undefined\nhint: run it again with CULPRIT_DEBUG=1 and report what it prints\n",
  ],
  [
    "something thrown that is no error",
    "text\x1b",
    10,
    "culprit: internal error: text\\x1b\nhint: run it again with CULPRIT_DEBUG=1 and report what it prints\n",
  ],
];

for (const [name, error, code, err] of CASES) {
  Deno.test(`a command that throws ${name} ends with ${code}`, async () => {
    assert.deepEqual(await runInside(["dns"], { dns: () => Promise.reject(error) }), { code, out: "", err });
  });
}

for (const code of Object.values(EXIT_CODE)) {
  Deno.test(`a command that returns ${code} ends with it`, async () => {
    const outcome = await runInside(["doctor"], { doctor: () => Promise.resolve(code) });
    assert.deepEqual(outcome, { code, out: "", err: "" });
  });
}

Deno.test("CULPRIT_DEBUG=1 shows stacks, those of causes too", async () => {
  const error = new OutputError("x", "y", { cause: new TypeError("deep") });
  const { err } = await runInside(["dns"], { dns: () => Promise.reject(error) }, true);
  assert.match(
    err,
    /^culprit: Cannot write events to x: y\nOutputError: .*\n( +at .*\n)+TypeError: deep\n( +at .*\n)+$/,
  );
});

Deno.test("the process ends with the exit code and without a stack", async () => {
  const { code, out, err } = await runShell("$culprit dns --count 0");
  assert.deepEqual([code, out], [2, ""]);
  assert.equal(err, 'culprit: option --count: found "0", wanted a number from 1 to 9007199254740991\n');
});

for (const kind of ["timer", "promise"]) {
  Deno.test(`an error nobody awaits is a defect in one line: ${kind}`, async () => {
    const { code, out, err } = await runShell("$stray dns", { KIND: kind });
    assert.deepEqual([code, out], [10, ""]);
    assert.equal(
      err,
      "culprit: internal error: TypeError: stray\nhint: run it again with CULPRIT_DEBUG=1 and report what it prints\n",
    );
  });
}
