import assert from "node:assert/strict";
import type { ProcessInfo } from "../events.ts";
import { owner, packet, type PacketExtras, query } from "../correlation/tracker_testing.ts";
import { join, read } from "./frames_testing.ts";
import { PcapngWriter } from "./pcapng_writer.ts";

const BASE_NS = 1_757_500_000_000_000_000n;
const ROUTE = "10.0.0.2:40000 > 10.0.0.53:53";

const PING: ProcessInfo = {
  pid: 1234,
  tid: 1235,
  start_time: "2025-09-10T10:26:39.123Z",
  name: "ping",
  comm: "ping",
  exe: "/usr/bin/ping",
  cmdline: ["ping", "-c", "1", "a.test"],
  cwd: "/",
  uid: 1000,
  gid: 1000,
  user: "alice",
  ppid: 812,
  ancestors: [],
  cgroup: "/",
  netns: 1,
};

/** A writer, and what it wrote. */
function create(): { writer: PcapngWriter; blocks: Uint8Array[] } {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({
    application: "culprit test",
    os: "Linux 6.18",
    toEpochNs: (tsNs) => BASE_NS + BigInt(tsNs),
    write: (bytes) => blocks.push(bytes),
  });
  return { writer, blocks };
}

/** Type of a block. */
function typeOf(block: Uint8Array): number {
  return new DataView(block.buffer, block.byteOffset).getUint32(0, true);
}

/** Options from an offset on. */
function optionsAt(block: Uint8Array, start: number): Map<number, Uint8Array> {
  const view = new DataView(block.buffer, block.byteOffset);
  const found = new Map<number, Uint8Array>();
  for (let offset = start;;) {
    const code = view.getUint16(offset, true);
    const length = view.getUint16(offset + 2, true);
    if (code === 0) return found;
    found.set(code, block.subarray(offset + 4, offset + 4 + length));
    offset += 4 + (length + 3 & ~3);
  }
}

/** Options of an enhanced packet. */
function packetOptions(block: Uint8Array): Map<number, Uint8Array> {
  const captured = new DataView(block.buffer, block.byteOffset).getUint32(20, true);
  return optionsAt(block, 28 + (captured + 3 & ~3));
}

const text = new TextDecoder();

const PACKETS: readonly { name: string; route: string; extras: PacketExtras }[] = [
  { name: "UDP over IPv4", route: ROUTE, extras: {} },
  { name: "UDP over IPv6", route: "[2001:db8::2]:40000 > [2001:db8::53]:53", extras: {} },
  { name: "TCP over IPv4", route: ROUTE, extras: { transport: "tcp", tcpSequence: 0xfffffffe, tcpFlags: 24 } },
  { name: "TCP with a SYN", route: ROUTE, extras: { transport: "tcp", tcpSequence: 0, tcpFlags: 2 } },
  {
    name: "TCP over IPv6",
    route: "[::1]:40000 > [::1]:53",
    extras: { transport: "tcp", tcpSequence: 7, tcpFlags: 17 },
  },
  { name: "what arrived", route: ROUTE, extras: { direction: "ingress", interfaceName: "wlan0" } },
  { name: "a late packet", route: ROUTE, extras: { tsNs: 86_400e9 + 123_456_789 } },
];

for (const { name, route, extras } of PACKETS) {
  for (const size of [0, 1, 40, 41, 1500]) {
    Deno.test(`PcapngWriter writes ${name} with ${size} octets so that it is read as it was`, () => {
      const { writer, blocks } = create();
      const original = packet(route, new Uint8Array(size).fill(0xa5), { interfaceName: "eth0", ...extras });
      writer.packet(packet(ROUTE, new Uint8Array(4), { interfaceName: "eth0" }));
      writer.packet(original, PING);
      const { packets: [, found], file, baseNs } = read(join(...blocks));
      assert.equal(file.problem, undefined);
      assert.equal(baseNs, BASE_NS);
      assert.equal(found?.owner?.tgid, PING.pid);
      assert.deepEqual({ ...found, owner: undefined }, { ...original, owner: undefined, netns: 0 });
    });
  }
}

Deno.test("PcapngWriter writes what AF_PACKET senders sent as UDP", () => {
  const { writer, blocks } = create();
  writer.packet(packet(ROUTE, query(7, "a.test"), { transport: "packet" }));
  assert.equal(read(join(...blocks)).packets[0]?.transport, "udp");
});

Deno.test("PcapngWriter tells how much of a payload was not captured", () => {
  const { writer, blocks } = create();
  writer.packet(packet(ROUTE, new Uint8Array(10), { payloadSize: 500 }));
  const { packets: [found] } = read(join(...blocks));
  assert.equal(found?.payload.length, 10);
  assert.equal(found?.payloadSize, 500);
});

Deno.test("PcapngWriter puts pid, tid, direction and a comment on each packet", () => {
  const { writer, blocks } = create();
  writer.packet(packet(ROUTE, query(7, "a.test")), PING);
  const options = packetOptions(blocks.at(-1) as Uint8Array);
  assert.equal(options.get(8)?.toHex(), "d2040000d3040000");
  assert.equal(options.get(2)?.toHex(), "02000000");
  assert.equal(
    text.decode(options.get(1)),
    "pid=1234 tid=1235 comm=ping exe=/usr/bin/ping uid=1000 ppid=812 cmdline=ping -c 1 a.test",
  );
});

Deno.test("PcapngWriter takes the thread from the packet where the process has none", () => {
  const { writer, blocks } = create();
  const { tid: _, ...process } = PING;
  writer.packet(packet(ROUTE, query(7, "a.test"), { owner: owner(1236) }), process);
  assert.equal(packetOptions(blocks.at(-1) as Uint8Array).get(8)?.toHex(), "d2040000d4040000");
});

Deno.test("PcapngWriter writes no process where none is known", () => {
  const { writer, blocks } = create();
  writer.packet(packet(ROUTE, query(7, "a.test"), { direction: "ingress" }));
  writer.packet(packet(ROUTE, query(7, "a.test")), { ...PING, pid: 0 });
  assert.deepEqual(blocks.map(typeOf), [0x0a0d0d0a, 1, 6, 6]);
  assert.deepEqual([...packetOptions(blocks[2] as Uint8Array).keys()], [2]);
  assert.equal(packetOptions(blocks[2] as Uint8Array).get(2)?.toHex(), "01000000");
});

Deno.test("PcapngWriter describes each interface and each process once, before its first packet", () => {
  const { writer, blocks } = create();
  const other = { ...PING, pid: 77 };
  const again = { ...PING, start_time: "2025-09-10T11:00:00.000Z" };
  writer.packet(packet(ROUTE, query(1, "a.test"), { interfaceName: "eth0" }), PING);
  writer.packet(packet(ROUTE, query(2, "a.test"), { interfaceName: "eth0" }), { ...PING, tid: 9 });
  writer.packet(packet(ROUTE, query(3, "a.test"), { interfaceName: "eth1" }), other);
  writer.packet(packet(ROUTE, query(4, "a.test"), { interfaceName: "eth0" }), again);
  const CUSTOM = 0x0bad;
  assert.deepEqual(blocks.map(typeOf), [0x0a0d0d0a, 1, CUSTOM, 6, 6, 1, CUSTOM, 6, CUSTOM, 6]);
});

Deno.test("PcapngWriter writes process information as Wireshark reads it", () => {
  const { writer, blocks } = create();
  writer.packet(packet(ROUTE, query(7, "a.test")), PING);
  const block = blocks[2] as Uint8Array;
  const view = new DataView(block.buffer, block.byteOffset, block.length);
  assert.equal(view.getUint32(8, true), 32_622);
  assert.equal(view.getUint32(12, true), 3);
  // Block overhead, enterprise number, kind and length are 24 octets.
  assert.equal(view.getUint32(16, true), block.length - 24);
  assert.equal(view.getUint32(20, true), 1234);
  const options = optionsAt(block, 24);
  assert.deepEqual([...options.keys()], [2, 3, 4, 5, 6, 7, 9]);
  assert.equal(text.decode(options.get(2)), "ping");
  assert.equal(text.decode(options.get(3)), "/usr/bin/ping");
  assert.equal(text.decode(options.get(4)), "ping\0-c\x001\0a.test");
  assert.equal(options.get(5)?.toHex(), "2c030000");
  assert.equal(options.get(6)?.toHex(), "e8030000");
  assert.equal(text.decode(options.get(7)), "alice");
  const start = options.get(9) as Uint8Array;
  const startNs = new DataView(start.buffer, start.byteOffset).getBigUint64(0, true);
  assert.equal(startNs, 1_757_499_999_123_000_000n);
});

Deno.test("PcapngWriter leaves out what is not known of a process", () => {
  const { writer, blocks } = create();
  const { user: _, ...process } = { ...PING, exe: "unknown", cmdline: [], start_time: "unknown" };
  writer.packet(packet(ROUTE, query(7, "a.test")), process);
  assert.deepEqual([...optionsAt(blocks[2] as Uint8Array, 24).keys()], [2, 5, 6]);
});

Deno.test("PcapngWriter lets no control character into a comment, and cuts what is too long", () => {
  const { writer, blocks } = create();
  const cmdline = ["\u001b]0;owned\u0007", "a\nb\u009b", "x".repeat(70_000)];
  writer.packet(packet(ROUTE, query(7, "a.test")), { ...PING, comm: "e\u001bvil", cmdline });
  const comment = text.decode(packetOptions(blocks.at(-1) as Uint8Array).get(1));
  assert.ok(comment.includes("comm=e\\x1bvil"));
  assert.ok(comment.includes("cmdline=\\x1b]0;owned\\x07 a\\x0ab\\x9b"));
  assert.equal(comment.length, 65_535);
  assert.equal(read(join(...blocks)).packets.length, 1);
});
