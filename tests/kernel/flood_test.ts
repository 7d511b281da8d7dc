// A flood must end with events + counted losses = messages sent, to the last one.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { SummaryEvent } from "../../src/events.ts";
import { flood, type FloodMode, type FloodResult } from "../bench/_tools.ts";
import { RunningCulprit } from "./culprit.ts";

/** Nobody else on the machine uses it: other DNS traffic would spoil the account. */
const PORT = 10_053;
const SECONDS = 1;

/** What culprit said of a flood as fast as it goes. */
interface Account {
  readonly load: FloodResult;
  readonly summary: SummaryEvent;
  /** Lines of type `dns` in the output. */
  readonly lines: number;
  readonly code: number;
}

async function account(mode: FloodMode, args: readonly string[]): Promise<Account> {
  const directory = await Deno.makeTempDir({ prefix: "culprit-flood-" });
  try {
    const output = `${directory}/events.jsonl`;
    await using culprit = await RunningCulprit.start(
      ["dns", "--json", "--output", output, "--ports", `${PORT}`, ...args],
    );
    const load = await flood(mode, { seconds: SECONDS, port: PORT });
    const { code, stderr } = await culprit.stop();
    assert.equal(stderr, "");
    // The output of a fast machine is longer than the longest string.
    let lines = 0;
    let last = "";
    for await (const line of createInterface(createReadStream(output))) {
      if (line.includes('"type":"dns"')) lines++;
      last = line;
    }
    return { load, summary: JSON.parse(last) as SummaryEvent, lines, code };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Packets that were seen or counted as lost. */
function accounted({ summary }: Account): number {
  return (summary.observed["packets"] ?? 0) + (summary.lost["ring_full"] ?? 0);
}

const RINGS = [
  { name: "a ring that is far too small", args: ["--ring-size", "64K"], loses: true },
  { name: "the ring as it is", args: [], loses: false },
];

for (const { name, args, loses } of RINGS) {
  Deno.test(`a flood over loopback is accounted for to the packet with ${name}`, async () => {
    const result = await account("answered", args);
    const { load, summary, lines, code } = result;
    assert.ok(load.sent > 100 && load.answered === load.sent, `sent ${load.sent}, answered ${load.answered}`);
    // Each message leaves one socket and reaches another.
    assert.equal(accounted(result), 2 * (load.sent + load.answered));
    assert.equal(lines, summary.events);
    assert.equal(summary.observed["malformed"], 0);
    if (loses) assert.ok((summary.lost["ring_full"] ?? 0) > 0, "nothing was lost");
    if ((summary.lost["ring_full"] ?? 0) === 0) {
      assert.equal(summary.events, load.sent);
      assert.equal(summary.observed["retransmissions"], 0);
    }
    assert.equal(code, Object.keys(summary.lost).length === 0 ? 0 : 3);
  });

  Deno.test(`a flood nobody answers is accounted for to the event with ${name}`, async () => {
    const result = await account("unanswered", args);
    const { load, summary, lines } = result;
    assert.ok(load.sent > 100, `sent ${load.sent}`);
    assert.equal(accounted(result), load.sent);
    // Each query is seen once, and is an event or a loss.
    assert.equal(summary.events + (summary.lost["ring_full"] ?? 0), load.sent);
    assert.equal(lines, summary.events);
    if (loses) assert.ok((summary.lost["ring_full"] ?? 0) > 0, "nothing was lost");
  });
}
