/**
 * Entry point of the `culprit` command.
 *
 * @module
 */

import { main } from "./src/commands/main.ts";
import { RUNNERS } from "./src/commands/program.ts";
import { writeStderr, writeStdout } from "./src/output/stdio.ts";

if (import.meta.main) {
  const debug = Deno.env.get("CULPRIT_DEBUG") === "1";
  Deno.exit(await main(Deno.args, RUNNERS, { writeOut: writeStdout, writeErr: writeStderr, debug }));
}
