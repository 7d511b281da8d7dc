import assert from "node:assert/strict";
import { readRecord } from "../record_testing.ts";
import { PROCESS_EXEC_EVENT_SIZE } from "./layout.gen.ts";
import { decodeExec, decodeExit, decodeFork } from "./sensor.ts";

const HERE = new URL(".", import.meta.url);
const BASE = 16;

/** The JSON beside a record. */
function expected(name: string): unknown {
  return JSON.parse(Deno.readTextFileSync(new URL(`testdata/${name}.json`, HERE)));
}

for (const [name, decode] of Object.entries({ exec: decodeExec, fork: decodeFork, exit: decodeExit })) {
  Deno.test(`${decode.name}() reads a captured ${name}`, () => {
    assert.deepEqual(decode(readRecord(HERE, name, BASE), BASE), expected(name));
  });
}

/** A captured exec with other variable data. */
function execWith(sizes: { exe: number; cwd: number; cgroup: number; args: number }, data: string, cut = 0): DataView {
  const captured = new Uint8Array(readRecord(HERE, "exec", BASE).buffer, 0, BASE + PROCESS_EXEC_EVENT_SIZE);
  const octets = new TextEncoder().encode(data);
  const memory = new Uint8Array(captured.length + octets.length);
  memory.set(captured);
  memory.set(octets, captured.length);
  const view = new DataView(memory.buffer);
  view.setUint16(BASE + 10, cut, true);
  [sizes.exe, sizes.cwd, sizes.cgroup, sizes.args].forEach((size, index) =>
    view.setUint16(BASE + PROCESS_EXEC_EVENT_SIZE - 8 + 2 * index, size, true)
  );
  return view;
}

Deno.test("decodeExec() reads a record without any strings", () => {
  const exec = decodeExec(execWith({ exe: 0, cwd: 0, cgroup: 0, args: 0 }, ""), BASE);
  assert.deepEqual([exec.exe, exec.cwd, exec.cgroup, exec.cmdline], ["", "/", "/", []]);
  const cut = decodeExec(execWith({ exe: 0, cwd: 0, cgroup: 0, args: 0 }, "", 7), BASE);
  assert.deepEqual([cut.exe, cut.cwd, cut.cgroup], ["", "", ""]);
});

Deno.test("decodeExec() keeps an argument that was cut in the middle, and says so", () => {
  const exec = decodeExec(execWith({ exe: 3, cwd: 0, cgroup: 0, args: 5 }, "sh\0a\0bcd", 8), BASE);
  assert.deepEqual(exec.cmdline, ["a", "bcd"]);
  assert.equal(exec.cmdlineTruncated, true);
});

Deno.test("decodeExec() keeps empty arguments", () => {
  assert.deepEqual(decodeExec(execWith({ exe: 0, cwd: 0, cgroup: 0, args: 5 }, "a\0\0b\0"), BASE).cmdline, [
    "a",
    "",
    "b",
  ]);
});

Deno.test("decodeExec() says that a path lost its beginning", () => {
  const exec = decodeExec(execWith({ exe: 3, cwd: 0, cgroup: 0, args: 0 }, "sh\0", 1), BASE);
  assert.equal(exec.exeTruncated, true);
  assert.equal(exec.exe, ".../sh");
});

Deno.test("decodeExec() throws RangeError where a record is cut", () => {
  assert.throws(() => decodeExec(execWith({ exe: 300, cwd: 0, cgroup: 0, args: 0 }, "sh\0"), BASE), RangeError);
});
