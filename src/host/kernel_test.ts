import assert from "node:assert/strict";
import { effectiveCapabilities, isAtLeast, isBuiltWithout, lockdownState } from "./kernel.ts";

const RELEASES: readonly (readonly [release: string, minimum: string, expected: boolean])[] = [
  ["5.10.0-28-amd64", "5.10", true],
  ["5.9.16", "5.10", false],
  ["5.4.0", "5.10", false],
  ["4.18.0-553.el8", "5.10", false],
  ["6.1.0", "5.10", true],
  ["6.18.44-fc-v669", "5.10", true],
  ["10.2", "6.11", true],
  ["5.100", "5.11", true],
  ["custom", "5.10", false],
];
for (const [release, minimum, expected] of RELEASES) {
  Deno.test(`isAtLeast(${release}, ${minimum}) is ${expected}`, () =>
    assert.equal(isAtLeast(release, minimum), expected));
}

Deno.test("isBuiltWithout() knows an option that is off, and one that is not there", () => {
  const config = "CONFIG_KALLSYMS=y\n# CONFIG_KALLSYMS_ALL is not set\nCONFIG_VETH=m\n";
  assert.equal(isBuiltWithout("CONFIG_KALLSYMS", config), false);
  assert.equal(isBuiltWithout("CONFIG_VETH", config), false);
  assert.equal(isBuiltWithout("CONFIG_KALLSYMS_ALL", config), true);
  assert.equal(isBuiltWithout("CONFIG_OTHER", config), true);
});

Deno.test("lockdownState() reads the state in brackets", () => {
  assert.equal(lockdownState("[none] integrity confidentiality\n"), "none");
  assert.equal(lockdownState("none [integrity] confidentiality\n"), "integrity");
  assert.equal(lockdownState("none integrity [confidentiality]\n"), "confidentiality");
  assert.equal(lockdownState(""), undefined);
});

Deno.test("effectiveCapabilities() names the bits of CapEff and no other set", () => {
  const status = "Name:\tx\nCapInh:\t000001ffffffffff\nCapPrm:\t000001ffffffffff\nCapEff:\t000000c000081001\n";
  assert.deepEqual([...effectiveCapabilities(status)], [
    "CAP_CHOWN",
    "CAP_NET_ADMIN",
    "CAP_SYS_PTRACE",
    "CAP_PERFMON",
    "CAP_BPF",
  ]);
  assert.equal(effectiveCapabilities("CapEff:\t0000000000000000\n").size, 0);
  assert.equal(effectiveCapabilities("CapEff:\t000001ffffffffff\n").size, 41);
});
