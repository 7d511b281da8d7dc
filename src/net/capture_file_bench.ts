/**
 * Cost of reading captures and of putting TCP streams together: each iteration takes 10,000 packets.
 *
 * @module
 */

import { packet, query, response } from "../correlation/tracker_testing.ts";
import { CaptureFile } from "./capture_file.ts";
import { ethernet, ip, join, pcap } from "./frames_testing.ts";
import { PcapngWriter } from "./pcapng_writer.ts";
import { TcpStreams } from "./stream.ts";

const PACKETS = 10_000;
const ROUTE = "10.0.0.2:40000 > 10.0.0.53:53";

/** Messages as in usual traffic: queries and responses with one address. */
const MESSAGES = Array.from(
  { length: PACKETS },
  (_, index) => (index % 2 === 0 ? query : response)(index & 0xffff, `host-${index}.example.com`),
);

const CLASSIC = pcap(
  MESSAGES.map((message, index) => ({ seconds: 1, fraction: index, frame: ethernet(0x0800, ip(ROUTE, message)) })),
);

const blocks: Uint8Array[] = [];
const writer = new PcapngWriter({ application: "bench", toEpochNs: BigInt, write: (bytes) => blocks.push(bytes) });
for (const message of MESSAGES) writer.packet(packet(ROUTE, message));
const NEXT = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
let filled = 0;
for (const block of blocks) {
  NEXT.set(block, filled);
  filled += block.length;
}

/** Reads a file in the pieces in which it comes from a disk. */
function read(bytes: Uint8Array): number {
  let packets = 0;
  const file = new CaptureFile({ onStart: () => {}, onPacket: () => packets++ });
  for (let offset = 0; offset < bytes.length; offset += 262_144) file.push(bytes.subarray(offset, offset + 262_144));
  file.end();
  return packets;
}

Deno.bench("read 10,000 packets of pcap", () => {
  read(CLASSIC);
});

Deno.bench("read 10,000 packets of pcapng", () => {
  read(NEXT);
});

const written = new PcapngWriter({ application: "bench", toEpochNs: BigInt, write: () => {} });
const PLAIN = MESSAGES.map((message) => packet(ROUTE, message));

Deno.bench("write 10,000 packets of pcapng", () => {
  for (const at of PLAIN) written.packet(at);
});

const streams = new TcpStreams({ onMessage: () => {} });
const SEGMENTS = MESSAGES.map((message) =>
  packet(ROUTE, join([message.length >> 8, message.length & 255], message), { transport: "tcp", tcpFlags: 16 })
);
let sequence = 0;

Deno.bench("reassemble 10,000 segments, a message each", () => {
  for (const segment of SEGMENTS) {
    segment.tcpSequence = sequence;
    sequence = sequence + segment.payload.length >>> 0;
    streams.segment(segment);
  }
});
