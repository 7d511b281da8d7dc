/**
 * What must hold for the decoder whatever octets it is given.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DnsDecodeError } from "../../src/errors.ts";
import {
  decodeMessage,
  type DnsMessage,
  type DnsRecord,
  encodeMessage,
  nameKey,
  scoreDns,
  tryDecodeMessage,
  unicodeName,
} from "../../src/dns/mod.ts";

/** Every text the decoder makes: nothing in it can move a cursor. */
const PRINTABLE = /^[\x20-\x7e]*$/;

/** Anomalies that decodeMessage() lets pass, and those that encoding again does away with. */
const LOSSY = new Set(["ttl-negative", "truncated", "trailing-bytes"]);

/** Looks at one record. */
function checkRecord(record: DnsRecord): void {
  assert.match(record.name, PRINTABLE);
  assert.match(record.data, PRINTABLE);
  assert.ok(record.type >= 0 && record.type <= 0xffff && record.class >= 0 && record.class <= 0xffff);
  assert.ok(Number.isInteger(record.ttl) && record.ttl >= 0 && record.ttl <= 0xffff_ffff);
}

/** All records of a message. */
function recordsOf(message: DnsMessage): DnsRecord[] {
  return [...message.answers, ...message.authorities, ...message.additionals];
}

/** decodeMessage(), or the reason it refuses with. */
function strictly(bytes: Uint8Array, mdns: boolean): DnsMessage | string {
  try {
    return decodeMessage(bytes, { mdns });
  } catch (error) {
    assert.ok(error instanceof DnsDecodeError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= 0xffff);
    return error.reason;
  }
}

/** Anomalies that are of the octets alone, and that encoding the same content again does away with. */
const CURED = new Set(["rdata-name-compressed", "bitmap-trailing-zero"]);

/** A message without those anomalies. */
function comparable(message: DnsMessage): DnsMessage {
  return { ...message, anomalies: message.anomalies.filter((anomaly) => !CURED.has(anomaly)) };
}

/**
 * @param bytes any octets
 * @returns what tryDecodeMessage() found: its anomalies, then the types of the records; equal for inputs that took the
 * same way through the decoder
 * @throws AssertionError when something does not hold
 */
export function checkInvariants(bytes: Uint8Array): string {
  const { message, anomalies } = tryDecodeMessage(bytes);
  assert.equal(message === undefined, bytes.length < 12);
  assert.equal(new Set(anomalies).size, anomalies.length);
  for (const anomaly of anomalies) assert.match(anomaly, /^[a-z0-9-]+$/);
  const strict = strictly(bytes, false);
  if (typeof strict === "string") assert.ok(anomalies.includes(strict), `${strict} not in ${anomalies}`);
  else assert.deepEqual(strict, message);
  strictly(bytes, true);
  const score = scoreDns(bytes);
  assert.ok(score >= 0 && score <= 1);
  if (message === undefined) return anomalies.join();
  for (const question of message.questions) {
    assert.match(question.name, PRINTABLE);
    assert.equal(nameKey(nameKey(question.name)), nameKey(question.name));
    assert.doesNotMatch(unicodeName(question.name) ?? "", /[\p{C}\p{Z}]/u);
  }
  const records = recordsOf(message);
  records.forEach(checkRecord);
  // Each record takes at least 11 octets, each question 5.
  assert.ok(message.questions.length * 5 + records.length * 11 <= bytes.length);
  if (typeof strict !== "string" && !anomalies.some((anomaly) => LOSSY.has(anomaly)) && score >= 0) {
    const again = decodeMessage(encodeMessage(strict));
    assert.deepEqual(comparable(again), comparable(strict));
  }
  return `${anomalies.toSorted().join()} ${[...new Set(records.map(({ type }) => type))].toSorted().join()}`;
}
