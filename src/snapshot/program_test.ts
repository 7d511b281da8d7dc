import assert from "node:assert/strict";
import { LiveClock } from "../host/clock.ts";
import { readProcess } from "../host/proc.ts";
import { unknownProcess } from "../process_table.ts";
import { Programs } from "./program.ts";

// The C library stays open once it is used, which the first test would be blamed for.
new Programs(new LiveClock(), undefined).describe({ ...unknownProcess("test"), pid: Deno.pid, exe: Deno.execPath() });

Deno.test("Programs hashes no executable of terabytes", async () => {
  const path = await Deno.makeTempFile();
  try {
    const size = (await Deno.stat("/bin/sleep")).size;
    await Deno.copyFile("/bin/sleep", path);
    await Deno.chmod(path, 0o700);
    for (const isLarge of [false, true]) {
      // Sparse: it takes no room on the disk.
      if (isLarge) await Deno.truncate(path, size + 4 * 2 ** 30);
      const child = new Deno.Command(path, { args: ["600"] }).spawn();
      try {
        const clock = new LiveClock();
        const { startTimeNs } = readProcess(child.pid) ?? assert.fail("it ended");
        const process = {
          ...unknownProcess("test"),
          pid: child.pid,
          exe: path,
          start_time: clock.toRfc3339(startTimeNs),
        };
        const { sha256, unknownReason } = new Programs(clock, undefined).describe(process);
        if (isLarge) {
          assert.equal(sha256, "unknown");
          assert.equal(unknownReason, "the executables are larger than 4 GiB together");
        } else assert.match(sha256, /^[0-9a-f]{64}$/);
      } finally {
        child.kill("SIGKILL");
        await child.status;
      }
    }
  } finally {
    await Deno.remove(path);
  }
});
