import assert from "node:assert/strict";
import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import { OutputError } from "../errors.ts";
import { LiveOutput } from "./live_output.ts";
import type { EventWriter } from "./writer.ts";

/** A writer to a reader that takes so many octets at each push. */
class SlowWriter implements EventWriter {
  readonly target = "memory";
  readonly unwrittenCount = 0;
  readonly ended = false;
  eventCount = 0;
  abandoned: string[] = [];
  failure: unknown;
  readonly backlog: { sizeBytes: number; push: () => void; abandon: (reason: string) => void };

  constructor(sizeBytes: number, takes: number) {
    this.backlog = {
      sizeBytes,
      push: () => void (this.backlog.sizeBytes = Math.max(0, this.backlog.sizeBytes - takes)),
      abandon: (reason) => void this.abandoned.push(reason),
    };
  }

  write(): void {
    this.eventCount++;
    if (this.failure !== undefined) throw this.failure;
  }

  flush(): void {}
  close(): void {}
  [Symbol.dispose](): void {}
}

Deno.test("LiveOutput keeps the first failure of the output, which ends the run", () => {
  const writer = new SlowWriter(0, 0);
  const output = new LiveOutput(writer);
  const [first, second] = [new OutputError("a", "full"), new OutputError("a", "gone")];
  assert.equal(output.isOver, false);
  for (writer.failure of [first, second]) output.write(DNS_EVENT.example);
  assert.equal(output.error, first);
  assert.equal(output.isOver, true);
  assert.equal(output.eventCount, 2);
});

Deno.test("LiveOutput throws what is no failure of the output", () => {
  const writer = new SlowWriter(0, 0);
  writer.failure = new TypeError("a mistake");
  assert.throws(() => new LiveOutput(writer).write(DNS_EVENT.example), TypeError);
});

Deno.test("LiveOutput is backed up by more than 1 MiB that a reader leaves waiting", () => {
  assert.equal(new LiveOutput(new SlowWriter(3 << 20, 1 << 20)).isBackedUp(), true);
  assert.equal(new LiveOutput(new SlowWriter(2 << 20, 1 << 20)).isBackedUp(), false);
  assert.equal(new LiveOutput(new SlowWriter(0, 0)).isBackedUp(), false);
});

Deno.test("LiveOutput waits for a reader at the end, and gives up at the deadline", () => {
  const slow = new SlowWriter(100, 1);
  new LiveOutput(slow).pushUntil(performance.now() + 60_000);
  assert.equal(slow.backlog.sizeBytes, 0);
  const stalled = new SlowWriter(100, 0);
  new LiveOutput(stalled).pushUntil(performance.now());
  assert.deepEqual(stalled.abandoned, ["nobody reads it"]);
});
