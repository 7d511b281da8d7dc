import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("every public symbol of the library is documented, with explicit types", () => {
  const { code, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", fileURLToPath(new URL("../../mod.ts", import.meta.url))],
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  }).outputSync();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
});
