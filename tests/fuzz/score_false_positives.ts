// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Counts how many datagrams of other protocols `scoreDns()` takes for DNS:
 * `deno run -A tests/fuzz/score_false_positives.ts [--count 10000000] [--seed N]`.
 *
 * Exit code 1 when there is one among the structured protocols.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { LOOKS_LIKE_DNS, scoreDns } from "../../src/dns/mod.ts";
import { Random } from "./random.ts";

/** Fills a buffer of 1500 random octets with the start of a datagram; returns the size of the datagram. */
type Protocol = (random: Random, bytes: Uint8Array) => number;

/** Writes octets from an offset on; returns the offset after them. */
function put(bytes: Uint8Array, offset: number, octets: readonly number[]): number {
  bytes.set(octets, offset);
  return offset + octets.length;
}

/** Writes text from an offset on; returns the offset after it. */
function putText(bytes: Uint8Array, offset: number, text: string): number {
  return offset + new TextEncoder().encodeInto(text, bytes.subarray(offset)).written;
}

/** Two octets of a number. */
function u16(value: number): [number, number] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** Octets of an ASN.1 element. */
function asn1(tag: number, content: readonly number[]): number[] {
  return content.length < 128 ? [tag, content.length, ...content] : [tag, 0x82, ...u16(content.length), ...content];
}

/** A string of letters. */
function word(random: Random, size: number): string {
  return Array.from({ length: size }, () => String.fromCharCode(97 + random.below(26))).join("");
}

/** A name as NetBIOS encodes it (RFC 1001 section 14.1). */
function netbiosName(random: Random): number[] {
  return [32, ...Array.from({ length: 32 }, () => 0x41 + random.below(16)), 0];
}

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  "QUIC long header (RFC 9000)": (random, bytes) => {
    const version = random.pick([[0, 0, 0, 1], [0x6b, 0x33, 0x43, 0xcf], [0xff, 0, 0, 29], [0, 0, 0, 0]]);
    const idSize = random.pick([0, 8, 8, 16, 20]);
    const at = put(bytes, 0, [0xc0 | random.below(64), ...version, idSize]) + idSize;
    put(bytes, at, [random.pick([0, 8])]);
    return random.chance(0.5) ? 1200 + random.below(252) : at + 30 + random.below(200);
  },
  "QUIC short header": (random, bytes) => {
    put(bytes, 0, [0x40 | random.below(64)]);
    return 21 + random.below(1200);
  },
  "STUN and TURN (RFC 8489)": (random, bytes) => {
    const method = random.pick([1, 3, 4, 6, 7, 8, 9]);
    const kind = random.pick([0x0000, 0x0010, 0x0100, 0x0110]);
    const size = random.below(20) * 4;
    put(bytes, 0, [...u16(method | kind), ...u16(size), 0x21, 0x12, 0xa4, 0x42]);
    let at = 20;
    while (at < 20 + size) {
      const left = 20 + size - at - 4;
      const length = Math.min(left, random.pick([0, 4, 8, 20]));
      at = put(bytes, at, [...u16(random.pick([0x0001, 0x0006, 0x0008, 0x0020, 0x8022, 0x8028])), ...u16(length)]) +
        length;
    }
    return 20 + size;
  },
  "STUN without cookie (RFC 3489)": (random, bytes) => {
    const size = random.below(6) * 4;
    put(bytes, 0, [...u16(random.pick([1, 0x0101])), ...u16(size)]);
    return 20 + size;
  },
  "RTP (RFC 3550)": (random, bytes) => {
    put(bytes, 0, [
      0x80 | (random.chance(0.2) ? 0x10 : 0) | random.below(3),
      random.pick([0, 8, 9, 96, 97, 111, 128 + 96]),
    ]);
    if (random.chance(0.3)) bytes.fill(0, 12, 172);
    return 12 + random.pick([20, 33, 80, 160, 160, 1000 + random.below(400)]);
  },
  "RTCP": (random, bytes) => {
    const words = random.below(30) + 1;
    put(bytes, 0, [0x80 | random.below(3), 200 + random.below(8), ...u16(words)]);
    return 4 + words * 4;
  },
  "SNMP (RFC 3416)": (random, bytes) => {
    const oid = asn1(6, [
      0x2b,
      6,
      1,
      2,
      1,
      random.below(30),
      ...Array.from({ length: random.below(6) }, () => random.below(128)),
    ]);
    const value = random.pick([[5, 0], asn1(2, [random.below(128)]), asn1(4, [...random.octets(random.below(20))])]);
    const bindings = asn1(
      0x30,
      Array.from({ length: 1 + random.below(4) }, () => asn1(0x30, [...oid, ...value])).flat(),
    );
    const id = asn1(2, [random.below(128), ...random.octets(random.below(4))]);
    const pdu = asn1(random.pick([0xa0, 0xa1, 0xa2, 0xa5, 0xa7]), [
      ...id,
      2,
      1,
      0,
      2,
      1,
      random.below(20),
      ...bindings,
    ]);
    const community = random.pick(["public", "private", "", word(random, 10)]);
    return put(
      bytes,
      0,
      asn1(0x30, [2, 1, random.below(2), ...asn1(4, [...new TextEncoder().encode(community)]), ...pdu]),
    );
  },
  "NTP (RFC 5905)": (random, bytes) => {
    const mode = random.pick([3, 4, 1, 5]);
    bytes.fill(0, 0, 48);
    put(bytes, 0, [
      random.pick([0, 0xc0]) | random.pick([3, 4]) << 3 | mode,
      random.below(16),
      random.below(18),
      256 - 6 - random.below(24),
    ]);
    if (mode !== 3 || random.chance(0.5)) {
      put(bytes, 4, [0, 0, ...random.octets(2), 0, 0, ...random.octets(2), ...random.octets(4)]);
      put(bytes, 16, [...random.octets(24)]);
    }
    put(bytes, 40, [...random.octets(8)]);
    return random.chance(0.9) ? 48 : 68;
  },
  "NTP control and private (mode 6, 7)": (random, bytes) => {
    bytes.fill(0, 0, 48);
    put(bytes, 0, [random.pick([0x16, 0x17, 0x1e, 0x27]), random.below(64), 0, random.below(256)]);
    return random.pick([8, 12, 12, 48]);
  },
  "SIP (RFC 3261)": (random, bytes) => {
    const method = random.pick(["INVITE", "REGISTER", "OPTIONS", "ACK", "BYE", "NOTIFY"]);
    const line = random.chance(0.5)
      ? `${method} sip:${word(random, 6)}@example.com SIP/2.0`
      : `SIP/2.0 ${random.pick([100, 180, 200, 401])} OK`;
    return putText(
      bytes,
      0,
      `${line}\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK${word(random, 8)}\r\nCSeq: ${
        random.below(1000)
      } ${method}\r\nContent-Length: 0\r\n\r\n`,
    );
  },
  "DTLS (RFC 6347)": (random, bytes) => {
    const size = 20 + random.below(300);
    put(bytes, 0, [
      random.pick([20, 21, 22, 23]),
      0xfe,
      random.pick([0xff, 0xfd]),
      0,
      random.below(2),
      0,
      0,
      0,
      0,
      0,
      random.below(256),
      ...u16(size),
    ]);
    return 13 + size;
  },
  "DHCP (RFC 2131)": (random, bytes) => {
    bytes.fill(0, 0, 240);
    put(bytes, 0, [random.pick([1, 2]), 1, 6, 0, ...random.octets(4), 0, random.below(60), random.pick([0, 0x80])]);
    put(bytes, 28, [...random.octets(6)]);
    put(bytes, 236, [0x63, 0x82, 0x53, 0x63]);
    return 300;
  },
  "WireGuard": (random, bytes) => {
    const type = 1 + random.below(4);
    put(bytes, 0, [type, 0, 0, 0]);
    return type === 1 ? 148 : type === 2 ? 92 : type === 3 ? 64 : 32 + random.below(80) * 16;
  },
  "CoAP (RFC 7252)": (random, bytes) => {
    put(bytes, 0, [0x40 | random.below(4) << 4 | random.below(9), random.pick([1, 2, 0x45, 0x84])]);
    return 8 + random.below(60);
  },
  "syslog (RFC 5424)": (random, bytes) =>
    putText(
      bytes,
      0,
      `<${random.below(192)}>1 2026-11-21T00:00:00Z host ${word(random, 5)} ${random.below(9999)} - - ${
        word(random, 40)
      }`,
    ),
  "RADIUS (RFC 2865)": (random, bytes) => {
    const size = 20 + random.below(100);
    put(bytes, 0, [random.pick([1, 2, 3, 4, 5, 11]), random.below(256), ...u16(size)]);
    return size;
  },
  "TFTP (RFC 1350)": (random, bytes) => {
    const opcode = 1 + random.below(5);
    if (opcode <= 2) return putText(bytes, put(bytes, 0, [0, opcode]), `${word(random, 12)}\0octet\0`);
    put(bytes, 0, [0, opcode, ...u16(random.below(2000))]);
    return opcode === 3 ? 516 : opcode === 4 ? 4 : 4 + 20;
  },
  "SSDP": (random, bytes) =>
    putText(
      bytes,
      0,
      `${random.pick(["M-SEARCH *", "NOTIFY *"])} HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nST: ${
        word(random, 9)
      }\r\n\r\n`,
    ),
  "BitTorrent (BEP 5, BEP 29)": (random, bytes) => {
    if (random.chance(0.5)) return putText(bytes, 0, `d1:ad2:id20:${word(random, 20)}e1:q4:ping1:t2:aa1:y1:qe`);
    put(bytes, 0, [random.below(5) << 4 | 1, 0]);
    return 20 + random.below(1200);
  },
  "GTP-U": (random, bytes) => {
    const size = 20 + random.below(500);
    put(bytes, 0, [0x30, 0xff, ...u16(size)]);
    return 8 + size;
  },
  "VXLAN": (random, bytes) => {
    put(bytes, 0, [8, 0, 0, 0, ...random.octets(3), 0]);
    return 60 + random.below(1400);
  },
  "IKE and ESP (RFC 7296)": (random, bytes) => {
    if (random.chance(0.5)) put(bytes, 0, [0, 0, 0, 0]);
    put(bytes, 16, [33, 0x20, 34, random.pick([8, 0x20]), 0, 0, 0, random.below(3)]);
    return 100 + random.below(400);
  },
  "NetBIOS names (RFC 1002)": (random, bytes) => {
    const response = random.chance(0.5);
    const counts = response ? [0, 1, 0, 0] : [1, 0, 0, 0];
    const flags = response ? 0x8500 : random.pick([0x0110, 0x0010, 0x0000, 0x2910]);
    const type = random.pick([0x20, 0x21]);
    const rest = response ? [0, 4, 0x93, 0xe0, 0, 6, 0, 0, ...random.octets(4)] : [];
    return put(bytes, 2, [...u16(flags), ...counts.flatMap(u16), ...netbiosName(random), ...u16(type), 0, 1, ...rest]);
  },
  "random octets": (random) => random.below(600),
  "mostly zero octets": (random, bytes) => {
    const size = random.below(80);
    bytes.fill(0, 0, size);
    for (let count = random.below(12); count > 0; count--) bytes[random.below(size + 1)] = random.below(256);
    return size;
  },
  "small numbers": (random, bytes) => {
    const size = random.below(80);
    for (let at = 0; at < size; at++) bytes[at] = random.chance(0.6) ? 0 : random.below(4);
    return size;
  },
};

/** What has the shape of DNS by chance, and is told apart for that. */
const UNSTRUCTURED = new Set(["mostly zero octets", "small numbers"]);

/** Counts. */
function run(count: number, seed: number): number {
  const random = new Random(seed);
  const pool = random.octets(65536);
  const bytes = new Uint8Array(2000);
  const names = Object.entries(PROTOCOLS);
  const each = Math.ceil(count / names.length);
  let total = 0;
  let wrong = 0;
  let structuredWrong = 0;
  for (const [name, protocol] of names) {
    let taken = 0;
    for (let index = 0; index < each; index++) {
      const from = random.below(pool.length - 1500);
      bytes.set(pool.subarray(from, from + 1500));
      const size = protocol(random, bytes);
      if (scoreDns(bytes.subarray(0, size)) >= LOOKS_LIKE_DNS) taken++;
    }
    total += each;
    wrong += taken;
    if (!UNSTRUCTURED.has(name)) structuredWrong += taken;
    console.log(`${taken}\tof ${each}\t${name}`);
  }
  console.log(
    `seed ${seed}: ${wrong} of ${total} datagrams taken for DNS, ${structuredWrong} of protocols and random octets`,
  );
  return structuredWrong;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { count: { type: "string" }, seed: { type: "string" } } });
  Deno.exit(run(Number(values.count ?? 10_000_000), Number(values.seed ?? 1)) > 0 ? 1 : 0);
}
