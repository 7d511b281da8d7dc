import assert from "node:assert/strict";
import fc from "fast-check";
import { packet, query } from "../correlation/tracker_testing.ts";
import { ethernet, hex, ip, join, pcap, read, type TimedFrame } from "./frames_testing.ts";
import { PcapngWriter } from "./pcapng_writer.ts";

const ROUTE = "10.0.0.2:40000 > 10.0.0.53:53";
const QUERIES = [1, 2, 3].map((id) => query(id, `name-${id}.test`));
const FRAMES: readonly TimedFrame[] = QUERIES.map((payload, index) => ({
  seconds: 1_757_500_000 + index,
  fraction: 123_456 + index,
  frame: ethernet(0x0800, ip(ROUTE, payload)),
}));

/** A block of the next generation. */
function block(type: number, body: Uint8Array, isLittle = true): Uint8Array {
  const padded = body.length + 3 & ~3;
  const bytes = new Uint8Array(12 + padded);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, isLittle);
  view.setUint32(4, bytes.length, isLittle);
  bytes.set(body, 8);
  view.setUint32(bytes.length - 4, bytes.length, isLittle);
  return bytes;
}

/** Numbers of 16 bits (negative: of 32 bits) one after the other. */
function numbers(isLittle: boolean, ...values: (readonly [bits: 8 | 16 | 32 | 64, value: number])[]): Uint8Array {
  return join(...values.map(([bits, value]) => {
    const bytes = new Uint8Array(bits / 8);
    const view = new DataView(bytes.buffer);
    if (bits === 8) view.setUint8(0, value);
    else if (bits === 16) view.setUint16(0, value, isLittle);
    else if (bits === 32) view.setUint32(0, value, isLittle);
    else view.setBigInt64(0, BigInt(value), isLittle);
    return bytes;
  }));
}

/** A section header. */
function section(isLittle = true): Uint8Array {
  return block(0x0a0d0d0a, numbers(isLittle, [32, 0x1a2b3c4d], [16, 1], [16, 0], [64, -1]), isLittle);
}

/** An interface. */
function device(linkType: number, options: Uint8Array = new Uint8Array(0), isLittle = true, snap = 0): Uint8Array {
  return block(1, join(numbers(isLittle, [16, linkType], [16, 0], [32, snap]), options), isLittle);
}

/** An enhanced packet. */
function enhanced(
  index: number,
  units: bigint,
  frame: Uint8Array,
  options: Uint8Array = new Uint8Array(0),
  isLittle = true,
): Uint8Array {
  const head = numbers(
    isLittle,
    [32, index],
    [32, Number(units >> 32n)],
    [32, Number(units & 0xffffffffn)],
    [32, frame.length],
    [32, frame.length],
  );
  return block(6, join(head, frame, new Uint8Array(-frame.length & 3), options), isLittle);
}

/** Payloads of packets, as text. */
function payloads(packets: readonly { payload: Uint8Array }[]): string[] {
  return packets.map(({ payload }) => payload.toHex());
}

const CLASSIC: readonly { name: string; magic: number; scale: number }[] = [
  { name: "microseconds", magic: 0xa1b2c3d4, scale: 1000 },
  { name: "nanoseconds", magic: 0xa1b23c4d, scale: 1 },
  { name: "the variant of 1999", magic: 0xa1b2cd34, scale: 1000 },
];

for (const { name, magic, scale } of CLASSIC) {
  for (const isLittle of [true, false]) {
    Deno.test(`CaptureFile reads pcap, ${name}, ${isLittle ? "little" : "big"}-endian`, () => {
      const { packets, file, baseNs } = read(pcap(FRAMES, { magic, isLittle }));
      assert.equal(file.problem, undefined);
      assert.deepEqual(payloads(packets), payloads(QUERIES.map((payload) => ({ payload }))));
      assert.equal(baseNs, 1_757_500_000_000_000_000n + BigInt(123_456 * scale));
      assert.deepEqual(packets.map(({ tsNs }) => tsNs), [0, 1e9 + scale, 2e9 + 2 * scale]);
      assert.equal(file.lastNs, 2e9 + 2 * scale);
    });
  }
}

Deno.test("CaptureFile reads a pcap whose frames end in a frame check sequence", () => {
  const frames = FRAMES.map((one) => ({ ...one, frame: join(one.frame, hex("deadbeef")) }));
  // Two words of 16 bits; the IP length would hide them, so the padding is looked at in a frame without.
  const { packets } = read(pcap(frames, { linkType: 0x2400_0001 }));
  assert.equal(packets.length, 3);
  const raw = { ...(FRAMES[0] as TimedFrame) };
  const noLength = ip(ROUTE, QUERIES[0] as Uint8Array);
  noLength.fill(0, 2, 4);
  noLength.fill(0, 24, 26);
  raw.frame = join(noLength, hex("deadbeef"));
  const { packets: [only] } = read(pcap([raw], { linkType: 0x2400_0065 }));
  assert.equal(only?.payload.toHex(), QUERIES[0]?.toHex());
});

Deno.test("CaptureFile reads old files whose lengths stand the other way round", () => {
  const frames = FRAMES.map((one) => ({ ...one, frame: one.frame, size: one.frame.length }));
  const bytes = pcap(frames, { minor: 3 });
  const view = new DataView(bytes.buffer);
  // The first record says 500 captured of what is the real length.
  view.setUint32(24 + 8, 500, true);
  const { packets, file } = read(bytes);
  assert.equal(packets.length, 3);
  assert.equal(file.problem, undefined);
});

Deno.test("CaptureFile tells how much the capture left out", () => {
  const [first] = FRAMES;
  const cut = {
    ...(first as TimedFrame),
    frame: (first as TimedFrame).frame.subarray(0, 60),
    size: (first as TimedFrame).frame.length,
  };
  const { packets: [only] } = read(pcap([cut]));
  assert.equal(only?.payloadSize, QUERIES[0]?.length);
  assert.equal(only?.payload.length, 60 - 42);
});

for (const isLittle of [true, false]) {
  Deno.test(`CaptureFile reads pcapng, ${isLittle ? "little" : "big"}-endian`, () => {
    const name = join(numbers(isLittle, [16, 2], [16, 4]), hex("65746830"));
    const flags = (value: number): Uint8Array =>
      numbers(isLittle, [16, 1], [16, 1], [32, 0x21], [16, 2], [16, 4], [32, value], [16, 0], [16, 0]);
    const frame = FRAMES[0]?.frame as Uint8Array;
    const bytes = join(
      section(isLittle),
      device(1, name, isLittle),
      block(0x0bad, numbers(isLittle, [32, 32622], [32, 3], [32, 0]), isLittle),
      enhanced(0, 1_757_500_000_123_456n, frame, flags(1), isLittle),
      enhanced(0, 1_757_500_000_123_457n, frame, flags(2), isLittle),
      enhanced(0, 1_757_500_000_123_455n, frame, new Uint8Array(0), isLittle),
    );
    const { packets, file, baseNs } = read(bytes);
    assert.equal(file.problem, undefined);
    assert.equal(baseNs, 1_757_500_000_123_456_000n);
    assert.deepEqual(packets.map(({ tsNs, direction, interfaceName }) => [tsNs, direction, interfaceName]), [
      [0, "ingress", "eth0"],
      [1000, "egress", "eth0"],
      [-1000, "egress", "eth0"],
    ]);
  });
}

const RESOLUTIONS: readonly { name: string; option: number; units: bigint; ns: bigint }[] = [
  { name: "10^-9", option: 9, units: 1_757_500_000_123_456_789n, ns: 1_757_500_000_123_456_789n },
  { name: "10^-6", option: 6, units: 1_757_500_000_123_456n, ns: 1_757_500_000_123_456_000n },
  { name: "10^-3", option: 3, units: 1_757_500_000_123n, ns: 1_757_500_000_123_000_000n },
  { name: "seconds", option: 0, units: 1_757_500_000n, ns: 1_757_500_000_000_000_000n },
  { name: "2^-10", option: 0x8a, units: 1_757_500_000n * 1024n + 512n, ns: 1_757_500_000_500_000_000n },
  { name: "2^-30", option: 0x9e, units: (1_757_500_000n << 30n) + (1n << 29n), ns: 1_757_500_000_500_000_000n },
];

for (const { name, option, units, ns } of RESOLUTIONS) {
  Deno.test(`CaptureFile reads times in units of ${name}`, () => {
    const options = numbers(true, [16, 9], [16, 1], [8, option], [8, 0], [16, 0], [16, 0], [16, 0]);
    const { baseNs } = read(join(section(), device(1, options), enhanced(0, units, FRAMES[0]?.frame as Uint8Array)));
    assert.equal(baseNs, ns);
  });
}

Deno.test("CaptureFile reads the offset of an interface's times", () => {
  const options = numbers(true, [16, 14], [16, 8], [64, 1_757_500_000], [16, 0], [16, 0]);
  const { baseNs } = read(join(section(), device(1, options), enhanced(0, 5n, FRAMES[0]?.frame as Uint8Array)));
  assert.equal(baseNs, 1_757_500_000_000_005_000n);
});

Deno.test("CaptureFile reads simple and obsolete packets, several interfaces and sections", () => {
  const [first, second, third] = FRAMES.map(({ frame }) => frame) as [Uint8Array, Uint8Array, Uint8Array];
  const obsolete = join(
    numbers(true, [16, 1], [16, 0], [32, 0], [32, 7], [32, second.length - 14], [32, second.length - 14]),
    second.subarray(14),
  );
  const bytes = join(
    section(),
    device(1, new Uint8Array(0), true, 60),
    device(101),
    block(3, join(numbers(true, [32, first.length]), first.subarray(0, 60))),
    block(2, obsolete),
    block(99, new Uint8Array(40)),
    section(false),
    device(1, new Uint8Array(0), false),
    enhanced(0, 9n, third, new Uint8Array(0), false),
  );
  const { packets, file } = read(bytes);
  assert.equal(file.problem, undefined);
  assert.deepEqual(payloads(packets), [QUERIES[0]?.subarray(0, 18).toHex(), QUERIES[1]?.toHex(), QUERIES[2]?.toHex()]);
  assert.equal(packets[0]?.payloadSize, QUERIES[0]?.length);
});

/** A file of either format with three packets. */
function samples(): { name: string; bytes: Uint8Array }[] {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({
    application: "test",
    toEpochNs: (tsNs) => BigInt(tsNs) + 1_757_500_000_000_000_000n,
    write: (bytes) => blocks.push(bytes),
  });
  for (const payload of QUERIES) writer.packet(packet(ROUTE, payload));
  return [{ name: "pcap", bytes: pcap(FRAMES) }, { name: "pcapng", bytes: join(...blocks) }];
}

for (const { name, bytes } of samples()) {
  Deno.test(`CaptureFile reads ${name} in pieces of any size`, () => {
    for (let step = 1; step <= bytes.length; step += step < 40 ? 1 : 37) {
      const { packets, file } = read(bytes, step);
      assert.equal(file.problem, undefined);
      assert.deepEqual(payloads(packets), payloads(QUERIES.map((payload) => ({ payload }))));
    }
  });

  Deno.test(`CaptureFile reads all that is whole of a ${name} cut anywhere, and says that it is cut`, () => {
    const whole = new Set([0]);
    let last = 0;
    for (let size = 0; size < bytes.length; size++) {
      const { packets, file } = read(bytes.subarray(0, size));
      assert.ok(packets.length >= last);
      if (packets.length > last) whole.add(size);
      last = packets.length;
      // Between two records there is nothing to see of the cut.
      if (file.problem === undefined) whole.add(size);
      else assert.match(file.problem, /cut off|empty/);
    }
    // The end of the head, of each record but the last, and for pcapng of the interface.
    assert.equal(whole.size, name === "pcap" ? 4 : 5);
  });

  Deno.test(`CaptureFile survives any damage to a ${name}`, () => {
    const damage = fc.array(fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(damage, (edits) => {
        const damaged = bytes.slice();
        for (const { at, value } of edits) damaged[at] = value;
        const { packets } = read(damaged, 50);
        assert.ok(packets.length <= 3);
      }),
      { numRuns: 2000 },
    );
  });
}

const BROKEN: readonly { name: string; bytes: Uint8Array; problem: RegExp; packets?: number }[] = [
  { name: "an empty file", bytes: new Uint8Array(0), problem: /empty/ },
  { name: "three octets", bytes: hex("d4c3b2"), problem: /cut off/ },
  { name: "something else", bytes: hex("7f454c46 02010100"), problem: /neither pcap nor pcapng.*7f454c46/ },
  {
    name: "pcap version 3",
    bytes: hex("a1b2c3d4 0003 0000 00000000 00000000 0000ffff 00000001"),
    problem: /version 3\.0/,
  },
  {
    name: "a record of 2 GiB after one that is whole",
    bytes: join(pcap(FRAMES.slice(0, 1)), hex("00000000 00000000 00000080 00000080")),
    problem: /2147483648 octets/,
    packets: 1,
  },
  {
    name: "a block of 8 octets",
    bytes: join(section(), hex("06000000 08000000 00000000")),
    problem: /block of 8 octets/,
  },
  {
    name: "a block of 21 octets",
    bytes: join(section(), hex("06000000 15000000 00000000")),
    problem: /block of 21 octets/,
  },
  {
    name: "a block of 2 GiB",
    bytes: join(section(), hex("06000000 00000080 00000000")),
    problem: /block of 2147483648 octets/,
  },
  {
    name: "a block whose lengths differ",
    bytes: join(section(), hex("05000000 10000000 00000000 14000000")),
    problem: /lengths differ/,
  },
  {
    name: "a packet without interface",
    bytes: join(section(), enhanced(0, 0n, new Uint8Array(4))),
    problem: /interface 0/,
  },
  {
    name: "an interface before any section",
    bytes: join(section().subarray(0, 8), hex("00000000 0100 0000"), new Uint8Array(8), hex("1c000000")),
    problem: /byte order magic/,
  },
  {
    name: "a packet larger than its block",
    bytes: join(section(), device(1), block(6, numbers(true, [32, 0], [32, 0], [32, 0], [32, 100], [32, 100]))),
    problem: /packet of 100 octets/,
  },
  {
    name: "pcapng version 2",
    bytes: block(0x0a0d0d0a, numbers(true, [32, 0x1a2b3c4d], [16, 2], [16, 0], [64, -1])),
    problem: /version 2/,
  },
];

for (const { name, bytes, problem, packets = 0 } of BROKEN) {
  Deno.test(`CaptureFile says what is wrong with ${name}`, () => {
    const result = read(bytes);
    assert.match(result.file.problem ?? "", problem);
    assert.equal(result.packets.length, packets);
  });
}

Deno.test("CaptureFile names link types it cannot read", () => {
  const { file } = read(pcap(FRAMES, { linkType: 105 }));
  assert.deepEqual(file.unknownLinkTypes, [105]);
  assert.equal(file.problem, undefined);
});

Deno.test("CaptureFile reads nothing more after it found a problem", () => {
  const { packets, file } = read(join(pcap(FRAMES), new Uint8Array(16).fill(0xff), pcap(FRAMES)), 100);
  assert.equal(packets.length, 3);
  assert.equal(file.counters.frames, 3);
  assert.equal(file.push(new Uint8Array(1)), false);
});
