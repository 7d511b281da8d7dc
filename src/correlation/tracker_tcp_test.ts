import assert from "node:assert/strict";
import { OWNER_KIND } from "../capture.ts";
import { encodeMessage } from "../dns/mod.ts";
import { brief, collect, IN, MS, owner, type PacketExtras, query, response, TYPE } from "./tracker_testing.ts";

const TC = 0x0200;
const FIN = 1;
const OUT = "10.0.0.2:40000 > 10.0.0.53:53";
const BACK = "10.0.0.53:53 > 10.0.0.2:40000";
const TCP_OUT = "10.0.0.2:41000 > 10.0.0.53:53";
const TCP_BACK = "10.0.0.53:53 > 10.0.0.2:41000";
const CLIENT = { socketCookie: 1, owner: owner(100) };
const CLIENT_IN = { ...IN, socketCookie: 1, owner: owner(100, OWNER_KIND.user) };

/** Messages with their length prefixes, one after the other. */
function framed(...messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [message.length >> 8, message.length & 255, ...message]));
}

/** A segment of the asking side, and one of the answering side. */
function tcp(sequence: number, extras: PacketExtras = {}): PacketExtras {
  return { transport: "tcp", tcpSequence: sequence, tcpFlags: 16, socketCookie: 3, owner: owner(100), ...extras };
}

/** A truncated answer. */
function truncated(id: number, name: string): Uint8Array {
  return response(id, name, { flags: 0x0180 | TC, answers: [] });
}

Deno.test("DnsTracker joins messages over TCP, answered in another order", () => {
  const { found, send } = collect();
  send(TCP_OUT, framed(query(1, "a.test"), query(2, "b.test")), tcp(1));
  send(TCP_BACK, framed(response(2, "b.test")), tcp(1, IN));
  const last = framed(response(1, "a.test"));
  const next = 1 + framed(response(2, "b.test")).length;
  send(TCP_BACK, last.subarray(0, 1), tcp(next, IN));
  send(TCP_BACK, last.subarray(1), tcp(next + 1, { ...IN, tsNs: 700_000 }));
  assert.deepEqual(brief(found), ["answered | b.test", "answered | a.test"]);
  assert.equal(found[1]?.query?.network.transport, "tcp");
  assert.equal(found[1]?.latencyUs, 700);
});

Deno.test("DnsTracker reports a transaction over TCP on loopback once, whatever the segments of either view", () => {
  const { found, tracker, send } = collect();
  const ask = framed(query(1, "a.test"));
  const answer = framed(response(1, "a.test"));
  const server = { socketCookie: 4, owner: owner(53, OWNER_KIND.opener) };
  send(TCP_OUT, ask.subarray(0, 2), tcp(1));
  send(TCP_OUT, ask.subarray(2), tcp(3));
  send(TCP_OUT, ask, tcp(1, { ...IN, ...server }));
  send(TCP_BACK, answer, tcp(1, server));
  send(TCP_BACK, answer.subarray(0, 20), tcp(1, IN));
  send(TCP_BACK, answer.subarray(20), tcp(21, IN));
  tracker.flush(0);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(found[0]?.server?.tgid, 53);
  assert.equal(found[0]?.client?.tgid, 100);
});

Deno.test("DnsTracker keeps the same id over UDP and TCP apart", () => {
  const { found, send } = collect();
  send(OUT, query(1, "a.test"), CLIENT);
  send(OUT, framed(query(1, "a.test")), tcp(1));
  send(BACK, framed(response(1, "a.test")), tcp(1, IN));
  assert.deepEqual(found.map(({ query }) => query?.network.transport), ["tcp"]);
});

Deno.test("DnsTracker reports a query that the end of its stream cuts", () => {
  const { found, tracker, send } = collect();
  send(TCP_OUT, framed(query(1, "a.test")).subarray(0, 24), tcp(1, { tcpFlags: FIN | 16, tcpStreamStart: true }));
  tracker.tick(6000 * MS);
  tracker.flush(6000 * MS);
  assert.equal(found.length, 1);
  assert.ok(found[0]?.query?.message.anomalies.includes("tcp-incomplete"));
});

Deno.test("DnsTracker says unknown where a hole in a stream may hide the answer", () => {
  const { found, tracker, send } = collect();
  send(TCP_OUT, framed(query(1, "a.test"), query(2, "b.test")), tcp(1));
  send(OUT, query(3, "c.test"), CLIENT);
  const answers = framed(response(1, "a.test"), response(2, "b.test"));
  send(TCP_BACK, answers.subarray(0, 10), tcp(1, IN));
  send(TCP_BACK, answers.subarray(12), tcp(13, IN));
  tracker.tick(6000 * MS);
  assert.deepEqual(brief(found), [
    "answered | b.test",
    "unknown | a.test | events were lost",
    "timeout | c.test",
  ]);
  assert.equal(tracker.counters.tcp.lostBytes, 2);
});

Deno.test("DnsTracker joins a truncated answer to its retry over TCP", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(1, "a.test"), CLIENT);
  send(BACK, truncated(1, "a.test"), { ...CLIENT_IN, tsNs: 1 * MS });
  assert.equal(found.length, 0);
  assert.equal(tracker.counters.pending, 1);
  send(TCP_OUT, framed(query(9, "A.test")), tcp(1, { tsNs: 2 * MS }));
  send(TCP_BACK, framed(response(9, "A.test")), tcp(1, { ...IN, tsNs: 3 * MS }));
  assert.deepEqual(brief(found), ["truncated | a.test", "answered | A.test"]);
  assert.deepEqual(found.map(({ tcpRetry }) => tcpRetry), [true, true]);
  assert.equal(found[0]?.latencyUs, 1000);
  assert.equal(tracker.counters.pending, 0);
});

const NO_RETRY: readonly { name: string; ask: Uint8Array; extras: PacketExtras }[] = [
  { name: "another process", ask: query(9, "a.test"), extras: { owner: owner(101) } },
  { name: "the same pid of another process", ask: query(9, "a.test"), extras: { owner: owner(100, 4, 77) } },
  { name: "another question", ask: query(9, "b.test"), extras: {} },
  { name: "the same process too late", ask: query(9, "a.test"), extras: { tsNs: 1001 * MS } },
];

for (const { name, ask, extras } of NO_RETRY) {
  Deno.test(`DnsTracker takes a query over TCP of ${name} for no retry`, () => {
    const { found, tracker, send } = collect();
    send(OUT, query(1, "a.test"), CLIENT);
    send(BACK, truncated(1, "a.test"), CLIENT_IN);
    send(TCP_OUT, framed(ask), tcp(1, extras));
    tracker.flush(2000 * MS);
    assert.deepEqual(found.map(({ status, tcpRetry }) => [status, tcpRetry]), [["truncated", false], [
      "timeout",
      false,
    ]]);
  });
}

Deno.test("DnsTracker knows a retry by the address where no process is known", () => {
  const { found, send } = collect();
  send(OUT, query(1, "a.test"));
  send(BACK, truncated(1, "a.test"));
  send(TCP_OUT, framed(query(9, "a.test")), { transport: "tcp", tcpSequence: 1 });
  assert.deepEqual(found.map(({ tcpRetry }) => tcpRetry), [true]);
});

Deno.test("DnsTracker reports a truncated answer without retry after a second, and at the end", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(1, "a.test"), CLIENT);
  send(BACK, truncated(1, "a.test"), CLIENT_IN);
  tracker.tick(999 * MS);
  assert.equal(found.length, 0);
  tracker.tick(1000 * MS);
  send(OUT, query(2, "b.test"), { ...CLIENT, tsNs: 1000 * MS });
  send(BACK, truncated(2, "b.test"), { ...CLIENT_IN, tsNs: 1000 * MS });
  tracker.flush(1000 * MS);
  assert.deepEqual(brief(found), ["truncated | a.test", "truncated | b.test"]);
});

Deno.test("DnsTracker reports a truncated answer on loopback once", () => {
  const { found, tracker, send } = collect();
  const out = "127.0.0.1:40000 > 127.0.0.1:53";
  const back = "127.0.0.1:53 > 127.0.0.1:40000";
  send(out, query(1, "a.test"), CLIENT);
  send(out, query(1, "a.test"), { ...IN, socketCookie: 2 });
  send(back, truncated(1, "a.test"), { socketCookie: 2 });
  send(back, truncated(1, "a.test"), CLIENT_IN);
  tracker.flush(0);
  assert.deepEqual(brief(found), ["truncated | a.test"]);
});

Deno.test("DnsTracker takes the messages of a zone transfer for one answer", () => {
  const { found, tracker, send } = collect();
  send(TCP_OUT, framed(query(1, "a.test", {}, TYPE.AXFR)), tcp(1));
  const record = { name: "a.test", type: TYPE.TXT, data: '"x"' };
  const first = encodeMessage({ id: 1, isResponse: true, questions: [{ name: "a.test", type: TYPE.AXFR }] });
  const parts = [first];
  for (let part = 1; part < 30; part++) {
    // RFC 5936 section 2.2.1: later messages need not repeat the question.
    const questions = part % 2 === 0 ? [{ name: "a.test", type: TYPE.AXFR }] : [];
    parts.push(encodeMessage({ id: 1, isResponse: true, questions, answers: [record] }));
  }
  let sequence = 1;
  for (const [part, message] of parts.entries()) {
    send(TCP_BACK, framed(message), tcp(sequence, { ...IN, tsNs: part * 1000 * MS }));
    sequence += message.length + 2;
  }
  tracker.flush(1e12);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(tracker.counters.extendedResponses, 29);
});

Deno.test("DnsTracker rejects what is no DNS in a stream on an unusual port", () => {
  const { found, tracker, send } = collect();
  const noise = Uint8Array.from({ length: 40 }, (_, index) => index * 37 & 255);
  send("10.0.0.2:41000 > 10.0.0.53:5300", framed(noise), tcp(1, { tcpStreamStart: true }));
  send("10.0.0.2:41000 > 10.0.0.53:5300", framed(query(1, "a.test")), tcp(43));
  tracker.flush(0);
  assert.deepEqual(brief(found), ["timeout | a.test | capture ended before the timeout"]);
  assert.equal(tracker.counters.rejected, 1);
});
