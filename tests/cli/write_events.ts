/**
 * Writes example events through the real writer, for tests of outputs: FORMAT COUNT [FILE].
 *
 * @module
 */

import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import { main } from "../../src/commands/main.ts";
import { EXIT_CODE, type ExitCode, OutputError } from "../../src/errors.ts";
import { SUMMARY_EVENT } from "../../src/output/fields.ts";
import { writeStderr, writeStdout } from "../../src/output/stdio.ts";
import { openWriter, type OutputFormat } from "../../src/output/writer.ts";
import { IDLE_RUNNERS } from "./_run.ts";

/** Writes the events; after a failure it goes on, as live commands finish what the kernel already told. */
function writeEvents(): Promise<ExitCode> {
  const [format = "json", count = "1", output] = Deno.args;
  using writer = openWriter({ format: format as OutputFormat, output, quiet: false, columns: "dns" });
  let failure: OutputError | undefined;
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      failure ??= error;
    }
  };
  for (let index = 0; index < Number(count) && !writer.ended; index++) {
    attempt(() => writer.write({ ...DNS_EVENT.example, latency_us: index }));
  }
  attempt(() => writer.flush());
  attempt(() => writer.write({ ...SUMMARY_EVENT.example, events: writer.eventCount }));
  attempt(() => writer.flush());
  if (failure !== undefined) throw failure;
  return Promise.resolve(EXIT_CODE.ok);
}

if (import.meta.main) {
  const runners = { ...IDLE_RUNNERS, dns: writeEvents };
  Deno.exit(await main(["dns"], runners, { writeOut: writeStdout, writeErr: writeStderr, debug: false }));
}
