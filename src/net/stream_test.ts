import assert from "node:assert/strict";
import fc from "fast-check";
import type { CapturedPacket } from "../capture.ts";
import { packet, type PacketExtras, query } from "../correlation/tracker_testing.ts";
import { TcpStreams, type TcpStreamsOptions } from "./stream.ts";

const ROUTE = "10.0.0.2:40000 > 10.0.0.53:53";
const FIN = 1;
const SYN = 2;
const RST = 4;

/** A message: text, and what was wrong with the stream. */
interface Got {
  hex: string;
  anomalies: readonly string[];
}

/** Streams that collect. */
function collect(options: Partial<TcpStreamsOptions> = {}): {
  streams: TcpStreams;
  got: Got[];
  send: (sequence: number, bytes: Uint8Array, extras?: PacketExtras) => void;
} {
  const got: Got[] = [];
  const streams = new TcpStreams({
    onMessage: (_, bytes, anomalies) => got.push({ hex: bytes.toHex(), anomalies }),
    ...options,
  });
  const send = (sequence: number, bytes: Uint8Array, extras: PacketExtras = {}): void =>
    streams.segment(segment(sequence, bytes, extras));
  return { streams, got, send };
}

/** A segment. */
function segment(sequence: number, bytes: Uint8Array, extras: PacketExtras = {}): CapturedPacket {
  return packet(ROUTE, bytes, { transport: "tcp", tcpSequence: sequence >>> 0, tcpFlags: 16, ...extras });
}

/** Messages with their length prefixes, one after the other. */
function framed(...messages: Uint8Array[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [message.length >> 8, message.length & 255, ...message]));
}

const A = query(1, "a.test");
const B = query(2, "bb.test");
const C = query(3, "ccc.test");
const HEX = [A, B, C].map((message) => message.toHex());
const ALL = framed(A, B, C);

const CUTS: readonly { name: string; cuts: readonly number[] }[] = [
  { name: "one segment with all", cuts: [] },
  { name: "a segment for each", cuts: [2 + A.length, 4 + A.length + B.length] },
  { name: "the prefix alone", cuts: [2] },
  { name: "the prefix split", cuts: [1, 2] },
  { name: "the second prefix split across segments", cuts: [2 + A.length + 1] },
  { name: "an octet a segment", cuts: Array.from({ length: ALL.length - 1 }, (_, index) => index + 1) },
  { name: "a segment ends in a message", cuts: [2 + A.length + 10] },
];

for (const { name, cuts } of CUTS) {
  for (const start of [{ tcpStreamStart: true as const }, {}]) {
    Deno.test(`TcpStreams reads ${name}, ${start.tcpStreamStart ? "from the start" : "from the first segment seen"}`, () => {
      const { got, send, streams } = collect();
      let from = 0;
      for (const to of [...cuts, ALL.length]) {
        send(1000 + from, ALL.subarray(from, to), from === 0 ? start : {});
        from = to;
      }
      assert.deepEqual(got.map((message) => message.hex), HEX);
      assert.deepEqual(got.flatMap((message) => message.anomalies), []);
      assert.equal(streams.counters.skippedBytes, 0);
    });
  }
}

Deno.test("TcpStreams reads the same messages from any order, repetition and overlap of segments", () => {
  const plan = fc.record({
    messages: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 8 }),
    sequence: fc.oneof(fc.nat(0xffffffff), fc.constant(0xfffffff0)),
    pieces: fc.array(fc.record({ at: fc.nat(2000), size: fc.integer({ min: 1, max: 700 }), rank: fc.nat(1000) }), {
      maxLength: 30,
    }),
    step: fc.integer({ min: 1, max: 500 }),
    ranks: fc.array(fc.nat(1000), { minLength: 60, maxLength: 60 }),
  });
  fc.assert(
    fc.property(plan, ({ messages, sequence, pieces, step, ranks }) => {
      const bodies = messages.map((size, index) => query(index, "x".repeat(size % 60 + 1) + ".test"));
      const stream = framed(...bodies);
      const { got, send } = collect();
      // The start of the connection is known; what follows comes in any order.
      send(sequence, new Uint8Array(0), { tcpFlags: SYN });
      const cover: { from: number; to: number; rank: number }[] = [];
      for (let from = 0; from < stream.length; from += step) {
        cover.push({ from, to: from + step, rank: ranks[cover.length % ranks.length] ?? 0 });
      }
      for (const { at, size, rank } of pieces) {
        cover.push({ from: at % stream.length, to: at % stream.length + size, rank });
      }
      // More than the streams hold out of order would be a hole, which is another test.
      cover.sort((one, other) => one.rank - other.rank);
      if (cover.length > 120) return;
      for (const { from, to } of cover) send(sequence + from, stream.subarray(from, to));
      assert.deepEqual(got.map((message) => message.hex), bodies.map((body) => body.toHex()));
    }),
    { numRuns: 400 },
  );
});

Deno.test("TcpStreams drops repetitions, keep-alive probes included", () => {
  const { got, send, streams } = collect();
  send(1000, framed(A));
  send(1000, framed(A));
  send(1000 + A.length + 1, new Uint8Array(1));
  send(1000 + A.length + 2, framed(B));
  assert.deepEqual(got.map((message) => message.hex), [HEX[0], HEX[1]]);
  assert.equal(streams.counters.overlaps, 2);
});

Deno.test("TcpStreams drops what is sent again after the FIN", () => {
  const { got, send } = collect();
  send(1000, framed(A), { tcpFlags: FIN | 16 });
  send(1000, framed(A), { tcpFlags: FIN | 16 });
  assert.deepEqual(got.map((message) => message.hex), [HEX[0]]);
});

Deno.test("TcpStreams passes over an empty message", () => {
  const { got, send, streams } = collect();
  send(1000, Uint8Array.from([0, 0, ...framed(A)]), { tcpStreamStart: true });
  assert.deepEqual(got.map((message) => message.hex), [HEX[0]]);
  assert.equal(streams.counters.emptyMessages, 1);
});

Deno.test("TcpStreams delivers messages shorter than a header", () => {
  const { got, send } = collect();
  send(1000, Uint8Array.from([0, 3, 1, 2, 3, ...framed(A)]), { tcpStreamStart: true });
  assert.deepEqual(got.map((message) => message.hex), ["010203", HEX[0]]);
});

Deno.test("TcpStreams delivers what there is of a message that a FIN cuts", () => {
  const { got, send, streams } = collect();
  send(1000, framed(A).subarray(0, 20), { tcpStreamStart: true, tcpFlags: FIN | 16 });
  assert.equal(got.length, 0);
  streams.tick(2e9);
  assert.deepEqual(got, [{ hex: A.subarray(0, 18).toHex(), anomalies: ["tcp-incomplete"] }]);
  assert.equal(streams.counters.incompleteMessages, 1);
});

Deno.test("TcpStreams reads on when a segment in several pieces says FIN on each", () => {
  const { got, send, streams } = collect();
  const bytes = framed(A, B);
  send(1000, bytes.subarray(0, 20), { tcpStreamStart: true, tcpFlags: FIN | 16 });
  send(1020, bytes.subarray(20), { tcpFlags: FIN | 16 });
  streams.flush();
  assert.deepEqual(got.map((message) => message.hex), [HEX[0], HEX[1]]);
  assert.equal(streams.counters.incompleteMessages, 0);
});

Deno.test("TcpStreams goes on behind a message of which a part was lost", () => {
  const { got, send, streams } = collect();
  const bytes = framed(A, B, C);
  const lost = 2 + A.length + 12;
  send(1000, bytes.subarray(0, lost), { tcpStreamStart: true });
  send(1000 + lost + 3, bytes.subarray(lost + 3));
  assert.deepEqual(got.map((message) => message.hex), [HEX[0]]);
  streams.tick(1e9);
  assert.deepEqual(got.map((message) => message.hex), [HEX[0], HEX[2]]);
  assert.deepEqual(got[1]?.anomalies, []);
  const { gaps, lostBytes, lostMessages, resynchronised } = streams.counters;
  assert.deepEqual({ gaps, lostBytes, lostMessages, resynchronised }, {
    gaps: 1,
    lostBytes: 3,
    lostMessages: 1,
    resynchronised: 0,
  });
});

Deno.test("TcpStreams searches for the next message when a prefix was lost", () => {
  const losses: number[] = [];
  const { got, send, streams } = collect({ onLoss: (at) => losses.push(at.sourcePort) });
  const bytes = framed(A, B, C);
  const lost = 2 + A.length;
  send(1000, bytes.subarray(0, lost), { tcpStreamStart: true });
  send(1000 + lost + 3, bytes.subarray(lost + 3));
  streams.tick(1e9);
  assert.deepEqual(got, [
    { hex: HEX[0], anomalies: [] },
    { hex: HEX[2], anomalies: ["tcp-resynchronised"] },
  ]);
  assert.deepEqual(losses, [40000]);
  assert.equal(streams.counters.skippedBytes, B.length - 1);
});

Deno.test("TcpStreams counts what a cut capture left out of a segment", () => {
  const { got, send, streams } = collect();
  const bytes = framed(A, B);
  send(1000, bytes.subarray(0, 10), { tcpStreamStart: true, payloadSize: 2 + A.length });
  send(1000 + 2 + A.length, framed(B));
  assert.deepEqual(got.map((message) => message.hex), [HEX[1]]);
  assert.equal(streams.counters.lostBytes, 2 + A.length - 10);
});

const STARTS: readonly { name: string; bytes: Uint8Array; anomalies: readonly string[] }[] = [
  { name: "in the middle of a message", bytes: framed(A, B).subarray(9), anomalies: ["tcp-resynchronised"] },
  { name: "after the prefix", bytes: framed(A, B).subarray(2), anomalies: ["tcp-resynchronised"] },
  { name: "in the prefix", bytes: framed(A, B).subarray(1), anomalies: ["tcp-resynchronised"] },
  { name: "at a prefix", bytes: framed(B), anomalies: [] },
  {
    name: "in 600 octets of something else",
    bytes: Uint8Array.from([...new Uint8Array(600).fill(0xa5), ...framed(B)]),
    anomalies: ["tcp-resynchronised"],
  },
];

for (const { name, bytes, anomalies } of STARTS) {
  for (const step of [1, 7, bytes.length]) {
    Deno.test(`TcpStreams finds its place when the capture starts ${name}, ${step} octets a segment`, () => {
      const { got, send } = collect();
      for (let from = 0; from < bytes.length; from += step) send(from, bytes.subarray(from, from + step));
      assert.deepEqual(got, [{ hex: HEX[1], anomalies }]);
    });
  }
}

/** Messages that are not usual, by which a search would not know where they begin. */
const ODD = [
  query(1, "a.test", { flags: 0x0140 }),
  query(2, "b.test", { questions: [] }),
  query(3, "c.test", { rcode: 5 }),
];

for (const [name, prefix] of [["with their prefixes", 0], ["behind prefixes that came alone", 2]] as const) {
  Deno.test(`TcpStreams reads odd messages ${name}, though the start of the connection was not seen`, () => {
    const { got, send, streams } = collect();
    let sequence = 1000;
    for (const message of ODD) {
      const bytes = framed(message);
      if (prefix > 0) send(sequence, bytes.subarray(0, prefix));
      send(sequence + prefix, bytes.subarray(prefix));
      sequence += bytes.length;
    }
    assert.deepEqual(got, ODD.map((message) => ({ hex: message.toHex(), anomalies: [] })));
    assert.equal(streams.counters.skippedBytes, 0);
  });
}

Deno.test("TcpStreams knows an odd message behind a hole by the segment that it is", () => {
  const { got, send, streams } = collect();
  const bytes = framed(ODD[0] as Uint8Array);
  send(1000, framed(A), { tcpStreamStart: true });
  send(3000, bytes, { tsNs: 1 });
  streams.tick(2e9);
  assert.deepEqual(got, [
    { hex: HEX[0], anomalies: [] },
    { hex: bytes.subarray(2).toHex(), anomalies: ["tcp-resynchronised"] },
  ]);
});

Deno.test("TcpStreams takes no message out of a stream that is none", () => {
  const { got, send, streams } = collect();
  let state = 1;
  const noise = Uint8Array.from({ length: 200_000 }, () => {
    state = Math.imul(state, 1103515245) + 12345 | 0;
    return state >>> 16 & 255;
  });
  for (let from = 0; from < noise.length; from += 1000) send(from, noise.subarray(from, from + 1000));
  assert.deepEqual(got, []);
  assert.ok(streams.counters.heldBytes < 2048);
});

const CONNECTIONS: readonly { name: string; first: PacketExtras; second: PacketExtras; sequence: number }[] = [
  { name: "a SYN", first: {}, second: { tcpFlags: SYN }, sequence: 5000 },
  { name: "another socket", first: { socketCookie: 1 }, second: { socketCookie: 2 }, sequence: 5000 },
  { name: "a sequence number out of any window", first: {}, second: {}, sequence: 0x4000_0000 },
  { name: "a stream start", first: { socketCookie: 1 }, second: { tcpStreamStart: true }, sequence: 5000 },
];

for (const { name, first, second, sequence } of CONNECTIONS) {
  Deno.test(`TcpStreams tells a new connection by ${name}`, () => {
    const { got, send, streams } = collect();
    send(1000, framed(A).subarray(0, 20), { ...first, tcpStreamStart: true });
    send(sequence, framed(B), second);
    streams.flush();
    assert.deepEqual(got.map((message) => message.hex), [A.subarray(0, 18).toHex(), HEX[1]]);
    assert.equal(streams.counters.streams, 1);
  });
}

Deno.test("TcpStreams goes on at the accepted socket where the listening one began", () => {
  const { got, send } = collect();
  const bytes = framed(A, B);
  send(1000, bytes.subarray(0, 20), { socketCookie: 1, direction: "ingress", tcpStreamStart: true });
  send(1000, bytes.subarray(0, 20), { socketCookie: 2, direction: "ingress" });
  send(1020, bytes.subarray(20), { socketCookie: 2, direction: "ingress" });
  assert.deepEqual(got.map((message) => message.hex), [HEX[0], HEX[1]]);
});

Deno.test("TcpStreams keeps directions and namespaces apart", () => {
  const { got, send, streams } = collect();
  send(1000, framed(A), { direction: "egress" });
  send(1000, framed(A), { direction: "ingress" });
  send(1000, framed(A), { netns: 2 });
  assert.equal(got.length, 3);
  assert.equal(streams.counters.streams, 3);
});

Deno.test("TcpStreams delivers what waits behind a hole when the connection is reset and the capture ends", () => {
  const { got, send, streams } = collect();
  send(1000, framed(A), { tcpStreamStart: true });
  send(1000 + 2 + A.length + 5, framed(B), { tcpFlags: RST });
  streams.flush();
  assert.deepEqual(got.map((message) => message.hex), [HEX[0], HEX[1]]);
  assert.deepEqual(got[1]?.anomalies, ["tcp-resynchronised"]);
});

Deno.test("TcpStreams holds no more of a stream than it may", () => {
  const { send, streams } = collect({ maxStreamBytes: 8192 });
  send(0, framed(A), { tcpStreamStart: true });
  for (let index = 1; index <= 1000; index++) {
    send(1_000_000 + index * 2000, new Uint8Array(1000));
    assert.ok(streams.counters.heldBytes <= 8192 + 512 + 1000);
  }
  assert.ok(streams.counters.gaps > 900);
});

Deno.test("TcpStreams holds no more of all streams than it may, and counts what it forgot", () => {
  let losses = 0;
  const { streams } = collect({ maxTotalBytes: 100_000, onLoss: () => losses++ });
  for (let port = 1; port <= 5000; port++) {
    const part = Uint8Array.from([0xff, 0xff, ...new Uint8Array(500)]);
    streams.segment(segment(1, part, { tcpStreamStart: true, sourcePort: port }));
    assert.ok(streams.counters.heldBytes <= 100_000);
  }
  const { streams: kept, evictedStreams } = streams.counters;
  assert.equal(kept + evictedStreams, 5000);
  assert.equal(losses, evictedStreams);
  assert.equal(streams.counters.lostMessages, evictedStreams);
});

Deno.test("TcpStreams allocates by what comes, not by what a prefix announces", () => {
  const { send, streams } = collect();
  send(0, Uint8Array.of(0xff, 0xff, 1), { tcpStreamStart: true });
  assert.ok(streams.counters.heldBytes < 1024);
});

Deno.test("TcpStreams makes no stream of a FIN, RST or ACK alone", () => {
  const { got, send, streams } = collect();
  for (const tcpFlags of [FIN, RST, 16]) send(1000, new Uint8Array(0), { tcpFlags });
  assert.equal(streams.counters.streams, 0);
  assert.deepEqual(got, []);
});

Deno.test("TcpStreams reads the first octet of a prefix apart from the rest of an empty message", () => {
  const { got, send, streams } = collect();
  send(1000, Uint8Array.of(0), { tcpStreamStart: true });
  send(1001, Uint8Array.of(0));
  send(1002, framed(A));
  assert.deepEqual(got.map((message) => message.hex), [HEX[0]]);
  assert.equal(streams.counters.emptyMessages, 1);
});

Deno.test("TcpStreams finds each of 40,000 streams again", () => {
  const { got, streams } = collect({ maxTotalBytes: 1e9 });
  const bytes = framed(A);
  for (const [from, to] of [[0, 20], [20, bytes.length]] as const) {
    for (let port = 1; port <= 40_000; port++) {
      streams.segment(segment(from, bytes.subarray(from, to), { sourcePort: port }));
    }
  }
  assert.equal(got.length, 40_000);
  assert.equal(streams.counters.streams, 40_000);
});

Deno.test("TcpStreams lets 128 segments wait for an earlier one, and no more", () => {
  const { send, streams } = collect();
  send(0, framed(A), { tcpStreamStart: true });
  for (let index = 1; index <= 128; index++) send(1000 + 2 * index, new Uint8Array(1));
  assert.equal(streams.counters.gaps, 0);
  send(1000 + 2 * 129, new Uint8Array(1));
  assert.equal(streams.counters.gaps, 1);
});

Deno.test("TcpStreams goes on, without a search, when just the rest of a message was lost", () => {
  const { got, send, streams } = collect();
  const bytes = framed(A, B);
  send(1000, bytes.subarray(0, 20), { tcpStreamStart: true });
  send(1000 + 2 + A.length, framed(B));
  streams.tick(1e9);
  assert.deepEqual(got, [{ hex: HEX[1], anomalies: [] }]);
});

for (const [octets, count] of [[13, 0], [14, 1]] as const) {
  Deno.test(`TcpStreams delivers ${count} messages when a stream ends after ${octets} octets of one`, () => {
    const { got, send, streams } = collect();
    send(1000, framed(A).subarray(0, octets), { tcpStreamStart: true, tcpFlags: FIN | 16 });
    streams.flush();
    assert.equal(got.length, count);
    assert.equal(streams.counters.incompleteMessages, 1);
  });
}
