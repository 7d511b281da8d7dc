import assert from "node:assert/strict";
import { makeTar, tarDirectory } from "./archive.ts";
import { sha256 } from "./target.ts";

Deno.test("archives of the same files are the same octets, whoever and whenever makes them", async () => {
  const scratch = await Deno.makeTempDir({ prefix: "culprit-archive-test-" });
  try {
    const files = [
      { path: "b/run", content: "#!/bin/sh\n", mode: 0o755 },
      { path: "a", content: "text\n", mode: 0o644 },
    ];
    makeTar(`${scratch}/made.tar.gz`, "package", files, 1_700_000_000);
    // The same, with other times and permissions than theirs, in another order.
    await Deno.mkdir(`${scratch}/out/package/b`, { recursive: true });
    await Deno.writeTextFile(`${scratch}/out/package/a`, "text\n", { mode: 0o600 });
    await Deno.writeTextFile(`${scratch}/out/package/b/run`, "#!/bin/sh\n", { mode: 0o700 });
    tarDirectory(`${scratch}/there.tar.gz`, `${scratch}/out`, "package", 1_700_000_000);
    const [made, there] = await Promise.all(
      ["made", "there"].map(async (name) => await sha256(await Deno.readFile(`${scratch}/${name}.tar.gz`))),
    );
    assert.equal(made, there);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
});
