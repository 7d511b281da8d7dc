import assert from "node:assert/strict";
import { SENSORS } from "../../bpf/registry.gen.ts";
import { unameRelease } from "../../ffi/libc_system.ts";
import { readAsset } from "../../src/assets.ts";
import { LiveHost } from "../../src/commands/doctor/host.ts";
import { parseLines, runCulprit } from "./culprit.ts";

// Opens libc, which stays open: no resource of any test.
const RELEASE = unameRelease();

/** Every program there is: more than a kernel takes. */
const PROGRAMS = SENSORS.flatMap(({ programs }) => programs);

/** What is found out of each program, in short. */
function verdicts(host: LiveHost, object: Uint8Array<ArrayBuffer>): Record<string, string> {
  return Object.fromEntries(PROGRAMS.map((program) => {
    const result = host.tryProgram(object, program);
    return [program.name, result.ok ? "ok" : `${result.step}: ${result.error.constructor.name}`];
  }));
}

Deno.test("doctor finds the same of programs it loads together as of each by itself", () => {
  using host = new LiveHost();
  host.openLibbpf(undefined);
  // With the variables of the kernel, which not every kernel shows: one program may be refused.
  const object = readAsset("culprit.bpf.o");
  const alone = verdicts(host, object);
  host.loadPrograms(object, PROGRAMS);
  assert.deepEqual(verdicts(host, object), alone);
  assert.equal(alone["dns_ingress"], "ok");
});

Deno.test("doctor where /proc shows processes only knows the kernel, and says what it cannot look up", async () => {
  const { code, stdout, stderr } = await runCulprit(["doctor", "--json"], {
    wrapper: ["unshare", "--mount"],
    prelude: "mount -t proc -o subset=pid proc /proc",
  });
  assert.equal(code, 0, stderr);
  const [diagnosis] = parseLines(stdout) as unknown as [
    { kernel: string; ready: boolean; checks: { name: string; status: string; probed: string }[] },
  ];
  assert.deepEqual([diagnosis.kernel, RELEASE], [Deno.osRelease(), Deno.osRelease()]);
  assert.equal(diagnosis.ready, true);
  const proc = diagnosis.checks.find(({ name }) => name === "proc");
  assert.equal(proc?.status, "fail");
  assert.match(proc?.probed ?? "", /subset=pid/);
});
