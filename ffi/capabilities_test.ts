import assert from "node:assert/strict";
import { isInUserNamespace, isMemlockLimited, missingBpfCapabilities } from "./capabilities.ts";

Deno.test("missingBpfCapabilities() tells what CapEff lacks", async (t) => {
  const bit = (number: number): bigint => 1n << BigInt(number);
  const rows: [string, bigint, string[]][] = [
    ["nothing at all", 0n, ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]],
    ["everything", (1n << 41n) - 1n, []],
    ["just the three", bit(39) | bit(38) | bit(12), []],
    ["SYS_ADMIN for BPF and PERFMON", bit(21), ["CAP_NET_ADMIN"]],
    ["SYS_ADMIN and NET_ADMIN", bit(21) | bit(12), []],
    ["no PERFMON", bit(39) | bit(12), ["CAP_PERFMON"]],
    ["all but the three", ((1n << 41n) - 1n) & ~(bit(39) | bit(38) | bit(21) | bit(12)), [
      "CAP_BPF",
      "CAP_PERFMON",
      "CAP_NET_ADMIN",
    ]],
  ];
  for (const [name, effective, missing] of rows) {
    await t.step(name, () => {
      const status = `Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t${
        effective.toString(16).padStart(16, "0")
      }\nCapBnd:\t000001ffffffffff\n`;
      assert.deepEqual(missingBpfCapabilities(status), missing);
    });
  }
});

Deno.test("isMemlockLimited() tells a number from unlimited", () => {
  const limits = (value: string): string =>
    `Max processes  100  100  processes\nMax locked memory         ${value}   bytes\n`;
  assert.equal(isMemlockLimited(limits("65536                65536             "), "5.10.0-28-amd64"), true);
  assert.equal(isMemlockLimited(limits("65536                65536             "), "4.19.0"), true);
  assert.equal(isMemlockLimited(limits("unlimited            unlimited         "), "5.10.0-28-amd64"), false);
  assert.equal(typeof isMemlockLimited(), "boolean");
});

Deno.test("isMemlockLimited() knows that Linux 5.11 and newer charge nothing", () => {
  const limits = "Max locked memory         65536                65536                bytes\n";
  assert.equal(isMemlockLimited(limits, "5.11.0"), false);
  assert.equal(isMemlockLimited(limits, "6.18.44-lockdown"), false);
});

Deno.test("isInUserNamespace() knows the identity map of the initial namespace", () => {
  assert.equal(isInUserNamespace("         0          0 4294967295\n"), false);
  assert.equal(isInUserNamespace("         0       1000          1\n"), true);
  assert.equal(isInUserNamespace(""), true);
});
