/**
 * What must hold for reading a capture file whatever octets it is made of.
 *
 * @module
 */

import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import type { CapturedPacket } from "../../src/capture.ts";
import { DnsTracker } from "../../src/correlation/tracker.ts";
import { DnsEventBuilder } from "../../src/dns_event.ts";
import type { DnsEvent, DnsMessageEvent } from "../../src/events.ts";
import { FileClock } from "../../src/host/clock.ts";
import { CaptureFile } from "../../src/net/capture_file.ts";
import { JsonEncoder } from "../../src/output/json.ts";
import { eventSchema } from "../../src/output/schema.ts";
import { Random } from "./random.ts";

/** Most octets streams may hold: twice what TcpStreams allows. */
const HELD_MAX = 1 << 25;

/** C0 and C1. */
const CONTROLS = /\p{Cc}/u;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
const validate = new Ajv2020({ strict: true, formats: { "date-time": TIME } }).compile({
  ...eventSchema({ closed: true }),
});
const encoder = new JsonEncoder();

/** What a file was read as. */
interface Reading {
  /** Packets, as text. */
  readonly packets: string[];
  readonly events: (DnsEvent | DnsMessageEvent)[];
  readonly problem: string | undefined;
}

/** A packet as text, of all that is not a copy of something else. */
function show(at: CapturedPacket): string {
  const { tsNs, transport, family, sourcePort, destinationPort, direction, payload, payloadSize } = at;
  const addresses = `${at.sourceAddress.toHex()} ${at.destinationAddress.toHex()}`;
  const rest = `${at.tcpSequence ?? ""} ${at.tcpFlags ?? ""} ${payloadSize} ${payload.toHex()}`;
  return `${tsNs} ${transport} ${family} ${addresses} ${sourcePort} ${destinationPort} ${direction} ${rest}`;
}

/** Reads a file in pieces, as `culprit dns --read` does. */
function read(bytes: Uint8Array, nextPiece: () => number, messages: boolean): Reading {
  const packets: string[] = [];
  const events: (DnsEvent | DnsMessageEvent)[] = [];
  let builder = new DnsEventBuilder(new FileClock(0n), undefined);
  const keep = (event: DnsEvent | DnsMessageEvent | undefined): void => {
    if (event !== undefined) events.push(event);
  };
  const tracker = new DnsTracker({
    timeoutMs: 5000,
    messages,
    onTransaction: (transaction) => keep(builder.transaction(transaction)),
    onMessage: (message) => keep(builder.message(message)),
  });
  const file = new CaptureFile({
    onStart: (baseNs) => builder = new DnsEventBuilder(new FileClock(baseNs), undefined),
    onPacket: (packet) => {
      packets.push(show(packet));
      tracker.packet(packet);
    },
  });
  for (let offset = 0; offset < bytes.length;) {
    const end = Math.min(bytes.length, offset + nextPiece());
    // A copy: nothing may be read of what was pushed once push() has returned.
    const piece = bytes.slice(offset, end);
    if (!file.push(piece)) break;
    piece.fill(0xee);
    tracker.tick(file.lastNs);
    offset = end;
  }
  file.end();
  tracker.flush(file.lastNs);
  const { counters } = tracker;
  assert.ok(counters.tcp.heldBytes <= HELD_MAX);
  assert.equal(counters.pending, 0);
  assert.equal(counters.packets, packets.length);
  for (const count of [...Object.values(file.counters), counters.queries, counters.responses, counters.rejected]) {
    assert.ok(Number.isSafeInteger(count) && count >= 0);
  }
  return { packets, events, problem: file.problem };
}

/**
 * @param bytes any octets
 * @param seed chooses the pieces in which they are read
 * @returns in which way they were read: equal for files that took the same way
 * @throws AssertionError when something does not hold
 */
export function checkCapture(bytes: Uint8Array, seed: number): string {
  const random = new Random(seed);
  const whole = read(bytes, () => bytes.length, false);
  const most = random.pick([1, 7, 100, 5000]);
  const pieces = read(bytes, () => 1 + random.below(most), true);
  assert.deepEqual(pieces.packets, whole.packets);
  assert.equal(pieces.problem === undefined, whole.problem === undefined);
  for (const event of [...whole.events, ...pieces.events]) {
    const line = encoder.encode(event);
    assert.ok(validate(JSON.parse(line)), `${line}: ${JSON.stringify(validate.errors)}`);
    // Names of devices are whatever the file says; nothing in them may move a cursor.
    assert.doesNotMatch(line.trimEnd(), CONTROLS);
  }
  const anomalies = new Set(pieces.events.flatMap(({ dns }) => dns.anomalies));
  const kinds = new Set(
    whole.events.map((event) => `${"status" in event ? event.status : ""} ${event.network.transport}`),
  );
  const problem = whole.problem?.replace(/[0-9]+/g, "N") ?? "";
  return `${problem} ${[...kinds].sort().join()} ${[...anomalies].sort().join()}`;
}
