import assert from "node:assert/strict";
import fc from "fast-check";
import type { CapturedPacket } from "../capture.ts";
import { query } from "../correlation/tracker_testing.ts";
import { formatAddress } from "./address.ts";
import { be16, ethernet, fragmentIpv4, fragmentIpv6, hex, ip, join } from "./frames_testing.ts";
import { FrameParser } from "./ip.ts";
import { LINK_TYPE } from "./link.ts";

const ROUTE = "10.0.0.2:40000 > 10.0.0.53:53";
const ROUTE6 = "[2001:db8::2]:40000 > [2001:db8::53]:53";
const QUERY = query(7, "a.test");
const IPV4 = ip(ROUTE, QUERY);
const IPV6 = ip(ROUTE6, QUERY);

/** What a parser hands out, in short. */
interface Got {
  route: string;
  transport: string;
  payload: string;
  size: number;
  direction: string;
}

/** A parser that collects. */
function collect(): {
  got: Got[];
  parser: FrameParser;
  parse: (linkType: number, frame: Uint8Array, missing?: number) => void;
} {
  const got: Got[] = [];
  const parser = new FrameParser((at: CapturedPacket) =>
    got.push({
      route: `${formatAddress(at.sourceAddress)} ${at.sourcePort} ${
        formatAddress(at.destinationAddress)
      } ${at.destinationPort}`,
      transport: at.transport,
      payload: at.payload.toHex(),
      size: at.payloadSize,
      direction: at.direction,
    })
  );
  let tsNs = 0;
  const parse = (linkType: number, frame: Uint8Array, missing = 0): void =>
    parser.frame(linkType, frame, missing, tsNs += 1000, undefined, "");
  return { got, parser, parse };
}

/** What each of the frames of the tables is to be read as. */
function expected(isIpv4: boolean, direction = "egress"): Got {
  return {
    route: isIpv4 ? "10.0.0.2 40000 10.0.0.53 53" : "2001:db8::2 40000 2001:db8::53 53",
    transport: "udp",
    payload: QUERY.toHex(),
    size: QUERY.length,
    direction,
  };
}

/** Inserts extension headers into an IPv6 packet. */
function withExtensions(first: number, headers: Uint8Array): Uint8Array {
  const bytes = join(IPV6.subarray(0, 40), headers, IPV6.subarray(40));
  bytes[6] = first;
  new DataView(bytes.buffer).setUint16(4, bytes.length - 40);
  return bytes;
}

/** Inserts options into an IPv4 packet. */
function withOptions(options: Uint8Array): Uint8Array {
  const bytes = join(IPV4.subarray(0, 20), options, IPV4.subarray(20));
  bytes[0] = 0x45 + options.length / 4;
  new DataView(bytes.buffer).setUint16(2, bytes.length);
  return bytes;
}

const COOKED = hex("0000 0001 0006 020000000001 0000");
const FRAMES: readonly { name: string; linkType: number; frame: Uint8Array; isIpv4: boolean; direction?: string }[] = [
  { name: "Ethernet", linkType: LINK_TYPE.ethernet, frame: ethernet(0x0800, IPV4), isIpv4: true },
  { name: "Ethernet with IPv6", linkType: LINK_TYPE.ethernet, frame: ethernet(0x86dd, IPV6), isIpv4: false },
  {
    name: "Ethernet padding",
    linkType: LINK_TYPE.ethernet,
    frame: join(ethernet(0x0800, IPV4), new Uint8Array(9)),
    isIpv4: true,
  },
  {
    name: "a VLAN tag",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(0x8100, join(hex("0064 0800"), IPV4)),
    isIpv4: true,
  },
  {
    name: "two VLAN tags (QinQ)",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(0x88a8, join(hex("0064 8100 00c8 86dd"), IPV6)),
    isIpv4: false,
  },
  {
    name: "two VLAN tags (0x9100)",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(0x9100, join(hex("0064 8100 00c8 0800"), IPV4)),
    isIpv4: true,
  },
  {
    name: "PPPoE in a VLAN",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(0x8100, join(hex("0064 8864 1100 0001"), be16(IPV4.length + 2), hex("0021"), IPV4)),
    isIpv4: true,
  },
  {
    name: "SNAP",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(IPV4.length + 8, join(hex("aaaa03 000000 0800"), IPV4)),
    isIpv4: true,
  },
  { name: "raw IPv4", linkType: LINK_TYPE.raw, frame: IPV4, isIpv4: true },
  { name: "raw IPv6", linkType: LINK_TYPE.raw, frame: IPV6, isIpv4: false },
  { name: "raw IP of BSD", linkType: LINK_TYPE.rawBsd, frame: IPV4, isIpv4: true },
  { name: "raw IP of OpenBSD", linkType: LINK_TYPE.rawOpenBsd, frame: IPV4, isIpv4: true },
  { name: "LINKTYPE_IPV4", linkType: LINK_TYPE.ipv4, frame: IPV4, isIpv4: true },
  { name: "LINKTYPE_IPV6", linkType: LINK_TYPE.ipv6, frame: IPV6, isIpv4: false },
  { name: "BSD loopback, little-endian", linkType: LINK_TYPE.null, frame: join(hex("02000000"), IPV4), isIpv4: true },
  { name: "BSD loopback, IPv6 of macOS", linkType: LINK_TYPE.null, frame: join(hex("1e000000"), IPV6), isIpv4: false },
  { name: "OpenBSD loopback", linkType: LINK_TYPE.loop, frame: join(hex("00000018"), IPV6), isIpv4: false },
  { name: "PPP", linkType: LINK_TYPE.ppp, frame: join(hex("0021"), IPV4), isIpv4: true },
  { name: "PPP with a short protocol", linkType: LINK_TYPE.ppp, frame: join(hex("57"), IPV6), isIpv4: false },
  { name: "PPP in HDLC framing", linkType: LINK_TYPE.pppHdlc, frame: join(hex("ff03 0057"), IPV6), isIpv4: false },
  { name: "PPPoE", linkType: LINK_TYPE.pppEther, frame: join(hex("1100 0001 0000 0021"), IPV4), isIpv4: true },
  {
    name: "Linux cooked, incoming",
    linkType: LINK_TYPE.linuxCooked,
    frame: join(COOKED, hex("0800"), IPV4),
    isIpv4: true,
    direction: "ingress",
  },
  {
    name: "Linux cooked, outgoing, VLAN",
    linkType: LINK_TYPE.linuxCooked,
    frame: join(hex("0004 0001 0006 020000000001 0000 8100 0064 0800"), IPV4),
    isIpv4: true,
  },
  {
    name: "Linux cooked v2, outgoing",
    linkType: LINK_TYPE.linuxCooked2,
    frame: join(hex("86dd 0000 00000002 0001 04 06 0200000000010000"), IPV6),
    isIpv4: false,
  },
  {
    name: "Linux cooked v2, incoming, VLAN",
    linkType: LINK_TYPE.linuxCooked2,
    frame: join(hex("8100 0000 00000002 0001 00 06 0200000000010000 0064 0800"), IPV4),
    isIpv4: true,
    direction: "ingress",
  },
  { name: "IPv4 options", linkType: LINK_TYPE.raw, frame: withOptions(hex("94040000 01010100")), isIpv4: true },
  {
    name: "the most IPv4 options",
    linkType: LINK_TYPE.raw,
    frame: withOptions(new Uint8Array(40).fill(1)),
    isIpv4: true,
  },
  {
    name: "hop-by-hop and destination options",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(0, hex("3c00 0104 00000000 1101 0106 000000000000 0104 00000000")),
    isIpv4: false,
  },
  {
    name: "a routing header of 24 octets",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(43, join(hex("1102 0400"), new Uint8Array(20))),
    isIpv4: false,
  },
  {
    name: "an authentication header",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(51, join(hex("1104 0000"), new Uint8Array(20))),
    isIpv4: false,
  },
  {
    name: "mobility, HIP and shim6 headers",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(135, hex("8b00 0000 00000000 8c00 0000 00000000 1100 0000 00000000")),
    isIpv4: false,
  },
  {
    name: "an atomic fragment (RFC 6946)",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(44, hex("1100 0000 00000001")),
    isIpv4: false,
  },
];

Deno.test("FrameParser takes UDP from eight octets of header on", () => {
  for (const [size, packets] of [[27, 0], [28, 1]] as const) {
    const { got, parse, parser } = collect();
    parse(LINK_TYPE.raw, IPV4.subarray(0, size), IPV4.length - size);
    assert.equal(got.length, packets);
    assert.equal(parser.counters.malformed, 1 - packets);
  }
});

for (const { name, linkType, frame, isIpv4, direction } of FRAMES) {
  Deno.test(`FrameParser reads ${name}`, () => {
    const { got, parse } = collect();
    parse(linkType, frame);
    assert.deepEqual(got, [expected(isIpv4, direction)]);
  });

  Deno.test(`FrameParser reads ${name} cut anywhere without throwing`, () => {
    for (let size = 0; size < frame.length; size++) {
      const { got, parse } = collect();
      parse(linkType, frame.subarray(0, size), frame.length - size);
      // What is there of the payload is right, and its whole size is known.
      for (const at of got) {
        assert.ok(QUERY.toHex().startsWith(at.payload));
        assert.equal(at.size, QUERY.length);
      }
    }
  });
}

const OTHER: readonly { name: string; linkType: number; frame: Uint8Array; count: "other" | "malformed" }[] = [
  { name: "ARP", linkType: LINK_TYPE.ethernet, frame: ethernet(0x0806, new Uint8Array(28)), count: "other" },
  { name: "802.3 without SNAP", linkType: LINK_TYPE.ethernet, frame: ethernet(40, new Uint8Array(40)), count: "other" },
  { name: "an unknown link type", linkType: 105, frame: IPV4, count: "other" },
  {
    name: "ICMP",
    linkType: LINK_TYPE.raw,
    frame: hex("4500 001c 0000 0000 40 01 0000 0a000001 0a000002 0800 0000 0000 0000"),
    count: "other",
  },
  { name: "PPP LCP", linkType: LINK_TYPE.ppp, frame: hex("c021 01000004"), count: "other" },
  {
    name: "nine VLAN tags",
    linkType: LINK_TYPE.ethernet,
    frame: ethernet(0x8100, join(...Array.from({ length: 9 }, () => hex("00648100")), hex("0064 0800"), IPV4)),
    count: "other",
  },
  { name: "IP version 5", linkType: LINK_TYPE.raw, frame: hex("5500 0000"), count: "malformed" },
  {
    name: "an IPv4 header of 16 octets",
    linkType: LINK_TYPE.raw,
    frame: join([0x44], IPV4.subarray(1)),
    count: "malformed",
  },
  {
    name: "an IPv4 length below its header",
    linkType: LINK_TYPE.raw,
    frame: join(IPV4.subarray(0, 2), [0, 19], IPV4.subarray(4)),
    count: "malformed",
  },
  {
    name: "a UDP length below its header",
    linkType: LINK_TYPE.raw,
    frame: join(IPV4.subarray(0, 24), [0, 7], IPV4.subarray(26)),
    count: "malformed",
  },
  {
    name: "a TCP header of 16 octets",
    linkType: LINK_TYPE.raw,
    frame: (() => {
      const bytes = ip(ROUTE, QUERY, { transport: "tcp", tcpSequence: 1, tcpFlags: 16 });
      bytes[32] = 0x40;
      return bytes;
    })(),
    count: "malformed",
  },
  {
    name: "17 extension headers",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(
      60,
      join(...Array.from({ length: 17 }, (_, index) => [index < 16 ? 60 : 17, 0, 1, 4, 0, 0, 0, 0])),
    ),
    count: "malformed",
  },
  {
    name: "an extension header past the end",
    linkType: LINK_TYPE.raw,
    frame: withExtensions(60, hex("3cff 0104 00000000")),
    count: "malformed",
  },
];

for (const { name, linkType, frame, count } of OTHER) {
  Deno.test(`FrameParser counts ${name} as ${count}`, () => {
    const { got, parse, parser } = collect();
    parse(linkType, frame);
    assert.deepEqual(got, []);
    assert.equal(parser.counters[count], 1);
    assert.equal(parser.counters.frames, 1);
  });
}

Deno.test("FrameParser reads packets whose lengths segmentation offload left 0", () => {
  const { got, parse } = collect();
  const frame = IPV4.slice();
  frame.fill(0, 2, 4);
  frame.fill(0, 24, 26);
  parse(LINK_TYPE.raw, frame);
  const frame6 = IPV6.slice();
  frame6.fill(0, 4, 6);
  parse(LINK_TYPE.raw, frame6);
  assert.deepEqual(got, [expected(true), expected(false)]);
});

Deno.test("FrameParser tells the sequence number of the first data octet, after a SYN too", () => {
  const sequences: (number | undefined)[] = [];
  const parser = new FrameParser((at) => sequences.push(at.tcpSequence));
  for (const [tcpFlags, tcpSequence] of [[16, 5], [2, 0xffffffff], [2, 0]] as const) {
    const bytes = ip(ROUTE, QUERY, { transport: "tcp", tcpFlags, tcpSequence });
    parser.frame(LINK_TYPE.raw, bytes, 0, 0, undefined, "");
  }
  assert.deepEqual(sequences, [5, 0xffffffff, 0]);
});

Deno.test("FrameParser ignores what follows the UDP length", () => {
  const { got, parse } = collect();
  const longer = join(IPV4, [1, 2, 3]);
  new DataView(longer.buffer).setUint16(2, longer.length);
  parse(LINK_TYPE.raw, longer);
  assert.deepEqual(got, [expected(true)]);
});

const LARGE = Uint8Array.from({ length: 2500 }, (_, index) => index * 7 & 255);

for (
  const [family, whole, cut] of [
    ["IPv4", ip(ROUTE, LARGE), fragmentIpv4],
    ["IPv6", ip(ROUTE6, LARGE), fragmentIpv6],
  ] as const
) {
  Deno.test(`FrameParser puts ${family} fragments together in any order, with repetitions`, () => {
    const orders = fc.record({
      octets: fc.integer({ min: 1, max: 120 }).map((units) => units * 8),
      seed: fc.array(fc.nat(), { minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(orders, ({ octets, seed }) => {
        const fragments = cut(whole, octets, 77);
        const shuffled = fragments.map((fragment, index) => ({ fragment, rank: seed[index % seed.length] ?? 0 }))
          .sort((one, other) => one.rank - other.rank);
        const { got, parse, parser } = collect();
        const last = shuffled.at(-1)?.fragment as Uint8Array;
        for (const { fragment } of shuffled) {
          parse(LINK_TYPE.raw, fragment);
          if (fragment !== last) parse(LINK_TYPE.raw, fragment);
        }
        assert.deepEqual(got.map(({ payload }) => payload), [LARGE.toHex()]);
        assert.equal(parser.counters.reassembled, fragments.length > 1 ? 1 : 0);
      }),
      { numRuns: 100 },
    );
  });

  Deno.test(`FrameParser drops ${family} datagrams whose fragments overlap`, () => {
    const { got, parse, parser } = collect();
    const [first, second] = cut(whole, 400, 77) as [Uint8Array, Uint8Array];
    parse(LINK_TYPE.raw, first);
    // As long as the first, but beginning 8 octets earlier than where that ends.
    const overlapping = second.slice();
    const view = new DataView(overlapping.buffer);
    const at = family === "IPv4" ? 6 : 42;
    view.setUint16(at, view.getUint16(at) - (family === "IPv4" ? 1 : 8));
    parse(LINK_TYPE.raw, overlapping);
    parser.flush();
    assert.deepEqual(got, []);
    assert.equal(parser.counters.contradictory, 1);
  });

  Deno.test(`FrameParser delivers the start of ${family} datagrams that never became whole`, () => {
    const { got, parse, parser } = collect();
    const fragments = cut(whole, 400, 77);
    for (const index of [0, 1, 3]) parse(LINK_TYPE.raw, fragments[index] as Uint8Array);
    parse(LINK_TYPE.raw, cut(whole, 400, 78)[1] as Uint8Array);
    parse(LINK_TYPE.raw, family === "IPv4" ? IPV6 : IPV4);
    parser.flush();
    assert.equal(got.length, 2);
    assert.equal(got[1]?.payload, LARGE.subarray(0, 792).toHex());
    assert.equal(got[1]?.size, LARGE.length);
    assert.equal(got[1]?.route, expected(family === "IPv4").route);
    assert.equal(parser.counters.incomplete, 2);
  });
}

Deno.test("FrameParser forgets fragments after 30 s", () => {
  const { got, parser } = collect();
  const [first, second] = fragmentIpv4(ip(ROUTE, LARGE), 2000, 77) as [Uint8Array, Uint8Array];
  parser.frame(LINK_TYPE.raw, first, 0, 0, undefined, "");
  parser.frame(LINK_TYPE.raw, second, 0, 30e9, undefined, "");
  assert.deepEqual(got, []);
  assert.equal(parser.counters.incomplete, 1);
});

Deno.test("FrameParser holds no more fragments than it may", () => {
  const { parse, parser } = collect();
  const [first] = fragmentIpv4(ip(ROUTE, new Uint8Array(60_000)), 50_000, 0) as [Uint8Array];
  for (let id = 0; id < 3000; id++) {
    new DataView(first.buffer).setUint16(4, id);
    parse(LINK_TYPE.raw, first);
  }
  // 4 MiB of datagrams of 50,000 octets are 83.
  assert.equal(parser.counters.incomplete, 3000 - 83);
});
