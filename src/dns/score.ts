/**
 * Is this a DNS message? A look at form alone, cheaper than decoding, for payloads on any port.
 *
 * @module
 */

import { CLASS_IN, isKnownClass, isKnownType, OPCODE, TYPE } from "./iana.ts";
import { skipName } from "./name.ts";
import { Fault, Reader } from "./reader.ts";

/** From this score on, a payload on any port is taken for DNS. */
export const LOOKS_LIKE_DNS = 0.5;

/** What a walk of the sections found. */
interface Walk {
  /** Questions and records of a type the registry has. */
  known: number;
  /** Questions and records of a type it does not have. */
  unknown: number;
  /** Questions for a name with control characters. */
  odd: number;
  /** Of them, those with nothing else in their name. */
  unreadable: number;
  /** Questions for another name than the root. */
  named: number;
}

/**
 * Tells how much a payload looks like a DNS message.
 *
 * 0 means that it is none: the header is impossible or the sections cannot be walked. Otherwise the sections end where
 * the octets do (or TC is set, or a query for a name goes on, which servers do not mind), and the score tells how much
 * of it is usual. What servers let pass costs little, and all of it together not too much: nobody hides a query that is
 * answered. Header-only messages score below {@linkcode LOOKS_LIKE_DNS}: twelve octets can be anything, only a port or
 * an open query can tell.
 *
 * @param bytes a UDP payload, or what follows the length prefix over TCP
 * @returns 0 to 1
 */
export function scoreDns(bytes: Uint8Array): number {
  const reader = new Reader(bytes, true, false);
  try {
    return score(reader);
  } catch (fault) {
    if (fault instanceof Fault) return 0;
    throw fault;
  }
}

/** Tenths of a score. */
const TENTHS = {
  oneQuestion: 7,
  otherQuestions: 5,
  opcodeQuery: 1,
  usualCounts: 2,
  zBit: -1,
  rcodeInQuery: -1,
  answersInQuery: -1,
  unknownType: -1,
  trailing: -1,
  controlCharacter: -1,
  controlCharactersAlone: -5,
} as const;

/** Records of a usual query: OPT and TSIG, or the SOA record of IXFR and OPT. */
const QUERY_RECORDS_MAX = 2;

/** The score of what a reader holds. */
function score(reader: Reader): number {
  if (reader.size < 12) return 0;
  reader.offset = 2;
  const flags = reader.u16();
  const isResponse = flags >= 0x8000;
  const opcode = flags >> 11 & 0xf;
  const rcode = flags & 0xf;
  if (opcode === 3 || opcode > 6) return 0;
  const questions = reader.u16();
  const answers = reader.u16();
  const authorities = reader.u16();
  const additionals = reader.u16();
  const records = answers + authorities + additionals;
  const isOddQuery = !isResponse && rcode !== 0;
  if (opcode === OPCODE.DSO && questions + records === 0) return isOddQuery ? 0 : scoreDso(reader);
  // A question takes at least 5 octets, a record 11.
  const cut = (flags & 0x0200) !== 0;
  if (!cut && questions * 5 + records * 11 > reader.size - 12) return 0;
  if (questions + records === 0) return reader.size === 12 && isResponse && rcode !== 0 ? 0.4 : 0;
  const walk: Walk = { known: 0, unknown: 0, odd: 0, unreadable: 0, named: 0 };
  try {
    for (let index = 0; index < questions; index++) walkQuestion(reader, walk);
    for (let index = 0; index < records; index++) walkRecord(reader, walk);
  } catch (fault) {
    if (!(fault instanceof Fault) || !cut || walk.known + walk.unknown === 0) throw fault;
    reader.offset = reader.size;
  }
  // Seen of Unbound 1.17 and dnsmasq 2.90: a query is answered whatever follows it, and whatever its rcode and Z bit are.
  const isLax = isOddQuery || reader.offset !== reader.size;
  if (isLax && (isResponse || opcode !== OPCODE.QUERY || questions !== 1 || walk.named === 0)) return 0;
  let tenths: number = questions === 1 ? TENTHS.oneQuestion : TENTHS.otherQuestions;
  if (opcode === OPCODE.QUERY) tenths += TENTHS.opcodeQuery;
  if (isResponse ? records > 0 : records <= QUERY_RECORDS_MAX) tenths += TENTHS.usualCounts;
  if ((flags & 0x0040) !== 0) tenths += TENTHS.zBit;
  if (isOddQuery) tenths += TENTHS.rcodeInQuery;
  if (!isResponse && answers > 0 && opcode === OPCODE.QUERY) tenths += TENTHS.answersInQuery;
  if (walk.unknown > 0) tenths += TENTHS.unknownType;
  if (reader.offset !== reader.size) tenths += TENTHS.trailing;
  if (walk.odd > 0) tenths += TENTHS.controlCharacter;
  if (walk.unreadable > 0) tenths += TENTHS.controlCharactersAlone;
  return Math.max(0, tenths) / 10;
}

/** Walks the TLVs of a DSO message (RFC 8490 section 5.4). */
function scoreDso(reader: Reader): number {
  if (reader.left === 0) return 0;
  while (reader.left > 0) {
    reader.skip(2);
    reader.skip(reader.u16());
  }
  return 0.5;
}

/** Number of NB and NBSTAT in NetBIOS (RFC 1002 section 4.2.1.2), which in DNS are NIMLOC and SRV. */
const NETBIOS_TYPES: readonly number[] = [32, 33];

/** Octets of the label that holds a NetBIOS name (RFC 1001 section 14.1). */
const NETBIOS_LABEL = 32;

/**
 * Refuses a name of NetBIOS, whose messages are otherwise of the form of DNS: 32 letters from A to P in one label, and no
 * other. Below a zone such a label is one of DNS: whoever hides data in SRV queries is not to be overlooked.
 */
function refuseNetbios(reader: Reader, start: number, type: number): void {
  if (!NETBIOS_TYPES.includes(type) || reader.at(start, reader.size, "netbios") !== NETBIOS_LABEL) return;
  if (reader.at(start + 1 + NETBIOS_LABEL, reader.size, "netbios") !== 0) return;
  for (let offset = start + 1; offset <= start + NETBIOS_LABEL; offset++) {
    const octet = reader.at(offset, reader.size, "netbios");
    if (octet < 0x41 || octet > 0x50) return;
  }
  throw new Fault("netbios", start);
}

/** Looks for control characters in a name that was walked. A zone has a name of letters, whatever is below it. */
function countOdd(reader: Reader, start: number, walk: Walk): void {
  let controls = 0;
  let others = 0;
  for (let offset = start;;) {
    const length = reader.at(offset, reader.size, "label");
    if (length === 0 || length >= 0xc0) break;
    for (const next = offset + 1 + length; ++offset < next;) {
      const octet = reader.at(offset, reader.size, "label");
      if (octet < 0x20 || octet === 0x7f) controls++;
      else others++;
    }
  }
  if (controls > 0) walk.odd++;
  if (controls > 0 && others === 0) walk.unreadable++;
}

/** Walks over a question. */
function walkQuestion(reader: Reader, walk: Walk): void {
  const start = reader.offset;
  skipName(reader);
  if (reader.offset > start + 1) walk.named++;
  countOdd(reader, start, walk);
  const type = reader.u16();
  refuseNetbios(reader, start, type);
  count(reader, walk, type, reader.u16());
}

/** Walks over a record. */
function walkRecord(reader: Reader, walk: Walk): void {
  const start = reader.offset;
  skipName(reader);
  const type = reader.u16();
  refuseNetbios(reader, start, type);
  const dnsClass = reader.u16();
  count(reader, walk, type, type === TYPE.OPT ? CLASS_IN : dnsClass);
  reader.skip(4);
  reader.skip(reader.u16());
}

/** Counts a type as known or not, and refuses a class nobody knows; its top bit may be mDNS's. */
function count(reader: Reader, walk: Walk, type: number, dnsClass: number): void {
  if (!isKnownClass(dnsClass & 0x7fff)) throw new Fault("class-unknown", reader.offset);
  if (isKnownType(type)) walk.known++;
  else walk.unknown++;
}
