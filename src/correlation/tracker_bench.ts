/**
 * Cost of following messages: each iteration hands in 10,000 packets (the unanswered ones of each query 1).
 *
 * @module
 */

import type { CapturedPacket } from "../capture.ts";
import { IN, owner, packet, type PacketExtras, query, response } from "./tracker_testing.ts";
import { DnsTracker } from "./tracker.ts";

const PACKETS = 10_000;

/** A tracker that throws away what it finds. */
function idle(): DnsTracker {
  return new DnsTracker({ timeoutMs: 5000, messages: false, onTransaction: () => {} });
}

/** Packets of exchanges, built from what each consists of. */
function build(
  parts: (index: number) => [route: string, payload: Uint8Array, extras: PacketExtras][],
): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  for (let index = 0; packets.length < PACKETS; index++) {
    for (const [route, payload, extras] of parts(index)) packets.push(packet(route, payload, extras));
  }
  return packets;
}

const CLIENT = { socketCookie: 1, owner: owner(100) };
const SERVER = { socketCookie: 2, owner: owner(53) };

const UNANSWERED = build((index) => [
  ["10.0.0.2:40000 > 10.0.0.53:53", query(index & 0xffff, `host-${index}.example.com`), CLIENT],
]);

const ANSWERED = build((index) => [
  ["10.0.0.2:40000 > 10.0.0.53:53", query(index & 0xffff, `host-${index}.example.com`), CLIENT],
  ["10.0.0.53:53 > 10.0.0.2:40000", response(index & 0xffff, `host-${index}.example.com`), { ...CLIENT, ...IN }],
]);

const LOOPBACK = build((index) => {
  const ask = query(index & 0xffff, `host-${index}.example.com`);
  const answer = response(index & 0xffff, `host-${index}.example.com`);
  return [
    ["127.0.0.1:40000 > 127.0.0.1:53", ask, CLIENT],
    ["127.0.0.1:40000 > 127.0.0.1:53", ask, { ...SERVER, ...IN }],
    ["127.0.0.1:53 > 127.0.0.1:40000", answer, SERVER],
    ["127.0.0.1:53 > 127.0.0.1:40000", answer, { ...CLIENT, ...IN }],
  ];
});

const TCP = build((index) => {
  const ask = query(index & 0xffff, `host-${index}.example.com`);
  const framed = Uint8Array.from([ask.length >> 8, ask.length & 255, ...ask]);
  return [["10.0.0.2:41000 > 10.0.0.53:53", framed, {
    ...CLIENT,
    transport: "tcp",
  }]];
});
/** Time passes from iteration to iteration, and names differ, as live. */
let nowNs = 0;
let round = 0;
let sequence = 0;

/** Hands packets in. */
function run(tracker: DnsTracker, packets: readonly CapturedPacket[]): void {
  round = (round + 1) & 0xff;
  for (const at of packets) {
    nowNs += 5000;
    at.tsNs = nowNs;
    // The first letters of the name, and over TCP the place in the stream.
    const name = at.transport === "tcp" ? 15 : 13;
    at.payload[name] = 0x61 + (round & 15);
    at.payload[name + 1] = 0x61 + (round >> 4);
    if (at.transport === "tcp") {
      at.tcpSequence = sequence;
      sequence = sequence + at.payload.length >>> 0;
    }
    tracker.packet(at);
  }
}

const flooded = idle();
Deno.bench("10,000 unanswered queries, table full (not decoded)", () => run(flooded, UNANSWERED));

const answered = idle();
Deno.bench("5,000 queries and responses (responses decoded)", () => run(answered, ANSWERED));

const loopback = idle();
Deno.bench(
  "2,500 queries and responses on loopback, each seen twice (responses decoded)",
  () => run(loopback, LOOPBACK),
);

const streams = idle();
Deno.bench("10,000 queries over TCP, table full (not decoded)", () => run(streams, TCP));
