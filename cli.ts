/**
 * Entry point of the `culprit` command.
 *
 * @module
 */

import { buildKind } from "./src/assets.ts";
import { main, type MainIo, report } from "./src/commands/main.ts";
import { RUNNERS } from "./src/commands/program.ts";
import { keepIgnoringHangup } from "./src/host/hangup.ts";
import { nameProcess } from "./src/process_name.ts";
import { stdoutColumns, writeStderr, writeStdout } from "./src/output/stdio.ts";
import { wrapText } from "./src/output/wrap.ts";

if (import.meta.main) {
  if (buildKind() === "memory") nameProcess("culprit");
  const debug = Deno.env.get("CULPRIT_DEBUG") === "1";
  const io: MainIo = {
    writeOut: (text) => writeStdout(wrapText(text, stdoutColumns())),
    writeErr: writeStderr,
    debug,
  };
  keepIgnoringHangup();
  // A limit on the size of files (ulimit -f, LimitFSIZE=) is an error of whoever writes, as a full disk is.
  Deno.addSignalListener("SIGXFSZ", () => {});
  // What a timer or a forgotten promise throws would otherwise end with a stack and exit code 1.
  addEventListener("error", (event) => Deno.exit(report(event.error, io)));
  addEventListener("unhandledrejection", (event) => Deno.exit(report(event.reason, io)));
  Deno.exit(await main(Deno.args, RUNNERS, io));
}
