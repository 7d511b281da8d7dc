import assert from "node:assert/strict";
import { unknownProcess } from "../process_table.ts";
import { MS, record, task, track } from "./_testing.ts";
import { ConnectionEventBuilder } from "./event.ts";
import { AddressNames } from "./names.ts";

for (
  const [isUsageKnown, wanted] of [
    [true, { bytes_sent: 5, bytes_received: 7 }],
    // No figure is better than a wrong one.
    [false, {}],
  ] as const
) {
  const how = isUsageKnown ? "octets by process where" : "no octets by process unless";
  Deno.test(`ConnectionEventBuilder tells ${how} the kernel counts them`, () => {
    const { tracker, connections } = track();
    tracker.record(record("OPEN", { openedNs: 1 * MS, establishedNs: 2 * MS, tsNs: 2 * MS, task: task(1) }));
    const usage = isUsageKnown ? { usageSent: 5, usageReceived: 7 } : {};
    tracker.record(record("CLOSE", { tsNs: 3 * MS, task: task(1), bytesSent: 5, bytesReceived: 7, ...usage }));
    tracker.finish();
    const builder = new ConnectionEventBuilder({
      clock: { toRfc3339: String },
      resolve: () => unknownProcess("a test"),
      listenerOf: () => undefined,
      names: new AddressNames(),
      isUsageKnown,
    });
    const [, ended] = connections;
    assert.ok(ended !== undefined);
    const { bytes_sent, bytes_received, users } = builder.event("close", ended, 3 * MS);
    assert.deepEqual([bytes_sent, bytes_received], [5, 7]);
    const [user] = users ?? [];
    assert.ok(user !== undefined);
    const { process: _process, roles: _roles, ...octets } = user;
    assert.deepEqual(octets, wanted);
  });
}
