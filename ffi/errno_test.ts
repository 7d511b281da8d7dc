import assert from "node:assert/strict";
import { ERRNO, errnoMessage, errnoName } from "./errno.ts";

Deno.test("errnoName() and errnoMessage() know the kernel's and libbpf's numbers", async (t) => {
  const rows: [number, string, string][] = [
    [1, "EPERM", "Operation not permitted"],
    [13, "EACCES", "Permission denied"],
    [111, "ECONNREFUSED", "Connection refused"],
    [524, "ENOTSUPP", "Operation is not supported by this kernel"],
    [4007, "LIBBPF_ERRNO__VERIFY", "Kernel verifier blocks program loading"],
    [3999, "E3999", "Unknown error 3999"],
    [0, "E0", "Unknown error 0"],
  ];
  for (const [errno, name, message] of rows) {
    await t.step(name, () => {
      assert.equal(errnoName(errno), name);
      assert.equal(errnoMessage(errno), message);
    });
  }
});

Deno.test("ERRNO agrees with the table", () => {
  for (const [name, errno] of Object.entries(ERRNO)) assert.equal(errnoName(errno), name);
});
