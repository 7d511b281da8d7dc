/**
 * DNS messages of all kinds, sound and broken, from a seed.
 *
 * @module
 */

import { EDNS_OPTIONS, typeNumber } from "../../src/dns/iana.ts";
import { type EncodeInput, encodeMessage, type EncodeRecord } from "../../src/dns/mod.ts";
import { ROWS } from "../../src/dns/rdata/_rows.ts";
import type { Random } from "./random.ts";

/** Names that are often there, in several spellings. */
const NAMES = [
  ".",
  "example.com",
  "www.example.com",
  "WwW.eXaMpLe.CoM",
  "mail.example.com",
  "a.b.c.d.e.f.example.com",
  "_sip._tcp.example.com",
  "xn--bcher-kva.example",
  "1.2.0.192.in-addr.arpa",
  "sp\\032ace.example",
  "do\\.t.example",
  "back\\\\slash.example",
  'qu\\"ote.example',
  "\\000\\255.example",
  "printer\\032\\(2\\)._ipp._tcp.local",
  "a".repeat(63),
  `${"b".repeat(40)}.example`,
  `${"c.".repeat(120)}example`,
];

/** Octets that decoders stumble over. */
const EDGES = [0x00, 0x01, 0x0b, 0x0c, 0x3f, 0x40, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xfe, 0xff];

/** Flags words: opcode and flags. */
const OPCODES = [0, 0, 0, 0, 0, 0, 0, 0, 4, 5, 6, 1, 2, 3, 15];

/** A name, known or made up. */
function name(random: Random): string {
  if (random.chance(0.7)) return random.pick(NAMES);
  const labels = Array.from({ length: 1 + random.below(3) }, () => {
    const length = random.chance(0.1) ? 63 : 1 + random.below(12);
    const plain = random.chance(0.8);
    return Array.from(
      { length },
      () => plain ? random.pick([..."abcXYZ019-_"]) : `\\${String(random.below(256)).padStart(3, "0")}`,
    ).join("");
  });
  return labels.join(".");
}

/** Octets in hexadecimal. */
function hexOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** A record: mostly of sound data. */
function record(random: Random): EncodeRecord {
  const [type, , data] = random.pick(ROWS);
  const dnsClass = random.chance(0.95) ? 1 : random.pick([3, 4, 254, 255, 65280, 0x8001]);
  const common = {
    name: name(random),
    type: typeNumber(type) ?? 65280,
    class: dnsClass,
    ttl: random.next() >>> random.below(32),
  };
  const size = random.chance(0.5) ? random.below(16) : random.below(64);
  if (random.chance(0.1)) return { ...common, data: `\\# ${size} ${hexOf(random.octets(size))}` };
  const named = ["NS", "CNAME", "PTR"].includes(type);
  const known = dnsClass === 1 || dnsClass >= 254 && dnsClass <= 255;
  if (!known) return { ...common, data: `\\# ${size} ${hexOf(random.octets(size))}` };
  return { ...common, data: named ? name(random) : data };
}

/** An OPT record with options of all kinds. */
function opt(random: Random): EncodeRecord {
  const options = Array.from({ length: random.below(4) }, () => ({
    code: random.chance(0.9) ? random.pick(EDNS_OPTIONS).value : random.below(65536),
    data: hexOf(random.octets(random.pick([0, 1, 2, 4, 6, 8, 16, 24]))),
  }));
  const upper = random.chance(0.9) ? 0 : random.next() & 0xff010000;
  return {
    name: ".",
    type: 41,
    class: 1232,
    ttl: (upper | (random.chance(0.5) ? 0x8000 : 0)) >>> 0,
    data: "",
    fields: { options },
  };
}

/**
 * @param random where chance comes from
 * @returns a message that is mostly sound, but may hold malformed data
 */
export function generateMessage(random: Random): Uint8Array<ArrayBuffer> {
  const isResponse = random.chance(0.6);
  const records = (limit: number): EncodeRecord[] => Array.from({ length: random.below(limit) }, () => record(random));
  const input: EncodeInput = {
    id: random.below(65536),
    isResponse,
    opcode: random.pick(OPCODES),
    flags: random.next() & (random.chance(0.9) ? 0x07b0 & ~0x0200 : 0x07f0),
    rcode: isResponse && random.chance(0.3) ? random.below(16) : 0,
    questions: Array.from({ length: random.chance(0.95) ? 1 : random.below(3) }, () => ({
      name: name(random),
      type: random.chance(0.9) ? random.pick([1, 28, 5, 15, 16, 65, 255, 6, 2, 12]) : random.below(65536),
    })),
    answers: isResponse ? records(5) : [],
    authorities: random.chance(0.3) ? records(3) : [],
    additionals: [...random.chance(0.3) ? records(3) : [], ...random.chance(0.5) ? [opt(random)] : []],
  };
  return encodeMessage(input, { compress: random.chance(0.8) });
}

/** One change. */
type Mutation = (random: Random, bytes: number[]) => void;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(random, bytes): void {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ 1 << random.below(8);
  },
  function setEdge(random, bytes): void {
    bytes[random.below(bytes.length)] = random.pick(EDGES);
  },
  function addOne(random, bytes): void {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) + random.pick([-1, 1]) & 0xff;
  },
  function cutEnd(random, bytes): void {
    bytes.length -= random.below(bytes.length + 1);
  },
  function addEnd(random, bytes): void {
    bytes.push(...random.octets(1 + random.below(16)));
  },
  function remove(random, bytes): void {
    bytes.splice(random.below(bytes.length), 1 + random.below(8));
  },
  function repeat(random, bytes): void {
    const at = random.below(bytes.length);
    bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random.below(24)));
  },
  function insertPointer(random, bytes): void {
    const target = random.below(bytes.length + 8);
    bytes.splice(random.below(bytes.length), random.chance(0.5) ? 2 : 0, 0xc0 | target >> 8 & 0x3f, target & 0xff);
  },
  function setCount(random, bytes): void {
    const at = 4 + random.below(4) * 2;
    bytes[at] = random.pick([0, 0, 0, 255]);
    bytes[at + 1] = random.pick([0, 1, 2, 3, 255]);
  },
  function setFlags(random, bytes): void {
    bytes[2 + random.below(2)] = random.below(256);
  },
];

/**
 * @param random where chance comes from
 * @param bytes a message, not changed
 * @returns the message with one to four changes; of 65,535 octets at most
 */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = [...bytes];
  for (let count = 1 + random.below(4); count > 0; count--) {
    if (changed.length === 0) changed.push(0);
    random.pick(MUTATIONS)(random, changed);
  }
  return Uint8Array.from(changed.slice(0, 65535), (octet) => octet ?? 0);
}
