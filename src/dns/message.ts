/**
 * Reading whole messages (RFC 1035 section 4).
 *
 * @module
 */

import { DnsDecodeError } from "../errors.ts";
import { checkMessage } from "./check.ts";
import { CLASS_ANY, CLASS_NONE, dsoTypeName, OPCODE, TYPE } from "./iana.ts";
import { unicodeName } from "./idna.ts";
import { readName } from "./name.ts";
import { readRdata } from "./rdata/mod.ts";
import { Fault, Reader } from "./reader.ts";
import type { DecodeOptions, DnsMessage, DnsQuestion, DnsRecord, DsoTlv } from "./types.ts";

/** Octets of the header (RFC 1035 section 4.1.1). */
export const HEADER_OCTETS = 12;

/** TC, in the flags word. */
const TRUNCATED = 0x0200;

/** AA, TC, RD, RA, Z, AD, CD. */
const FLAGS_MASK = 0x07f0;

/** Top bit of a class in mDNS (RFC 6762 sections 5.4, 10.2). */
const MDNS_BIT = 0x8000;

const DNS: DecodeOptions = {};

/**
 * Decodes a message, or refuses it.
 *
 * @param bytes the message: a UDP payload, or what follows the length prefix over TCP; not kept, not changed
 * @param options how to read it
 * @returns the message; its `anomalies` name what is odd but legal to read
 * @throws DnsDecodeError when it is ill-formed anywhere
 */
export function decodeMessage(bytes: Uint8Array, options: DecodeOptions = DNS): DnsMessage {
  const reader = new Reader(bytes, true, options.mdns === true);
  try {
    const message = readHeader(reader);
    readBody(reader, message);
    return message;
  } catch (fault) {
    if (fault instanceof Fault) throw new DnsDecodeError(fault.reason, fault.offset);
    throw fault;
  }
}

/** What {@linkcode tryDecodeMessage} found. */
export interface TryDecodeResult {
  /** What could be read; absent when there are not even 12 octets of header. */
  message: DnsMessage | undefined;
  /** Stable names of what is wrong; the same array as in the message. */
  anomalies: string[];
}

/**
 * Decodes as much of a message as can be read. Never throws.
 *
 * @param bytes the message: a UDP payload, or what follows the length prefix over TCP; not kept, not changed
 * @param options how to read it
 * @returns what was read, and what is wrong with it
 */
export function tryDecodeMessage(bytes: Uint8Array, options: DecodeOptions = DNS): TryDecodeResult {
  const reader = new Reader(bytes, false, options.mdns === true);
  let message: DnsMessage | undefined;
  try {
    message = readHeader(reader);
    readBody(reader, message);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    reader.note(fault.reason);
  }
  return { message, anomalies: reader.anomalies };
}

/** Reads id and flags; leaves the reader at the counts. */
function readHeader(reader: Reader): DnsMessage {
  if (reader.size < HEADER_OCTETS) throw new Fault("header-truncated", reader.size);
  const id = reader.u16();
  const word = reader.u16();
  return {
    id,
    isResponse: word >= 0x8000,
    opcode: word >> 11 & 0xf,
    flags: word & FLAGS_MASK,
    rcode: word & 0xf,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    anomalies: reader.anomalies,
  };
}

/** Reads the sections, then looks at them as a whole. With TC set, the end of the octets is the end of the message. */
function readBody(reader: Reader, message: DnsMessage): void {
  let whole = true;
  let bare = false;
  try {
    bare = readSections(reader, message);
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    whole = false;
    const cut = (message.flags & TRUNCATED) !== 0 && CUT_REASONS.has(fault.reason);
    if (!cut && reader.strict) throw fault;
    reader.note(cut ? "truncated" : fault.reason);
  }
  if (!bare) checkMessage(reader, message, whole);
  if (reader.mayBeUnicode) addUnicodeNames(message);
}

/** Most names of a message whose text in another alphabet is looked for: it takes long, and is for showing only. */
const MAX_UNICODE_NAMES = 32;

/** Adds the names that have a text in another alphabet. */
function addUnicodeNames(message: DnsMessage): void {
  const texts = new Map<string, string | undefined>();
  for (const part of [...message.questions, ...message.answers, ...message.authorities, ...message.additionals]) {
    if (!texts.has(part.name)) {
      if (texts.size === MAX_UNICODE_NAMES) return;
      texts.set(part.name, unicodeName(part.name));
    }
    const text = texts.get(part.name);
    if (text !== undefined) part.unicodeName = text;
  }
}

/** Faults that mean the octets ended early. */
const CUT_REASONS: ReadonlySet<string> = new Set([
  "count-too-large",
  "question-truncated",
  "record-truncated",
  "rdata-truncated",
]);

/** Z, in the flags word. */
const RESERVED = 0x0040;

/**
 * Reads the counts and the four sections.
 *
 * @returns whether this is what most queries are, a question and nothing else: there is nothing to look at as a whole,
 * and the look would take a tenth of the time
 */
function readSections(reader: Reader, message: DnsMessage): boolean {
  const questions = reader.u16();
  const answers = reader.u16();
  const authorities = reader.u16();
  const additionals = reader.u16();
  if (message.opcode === OPCODE.DSO && (questions | answers | authorities | additionals) === 0) {
    message.dsoTlvs = readDsoTlvs(reader);
    return false;
  }
  const records = answers | authorities | additionals;
  if (questions === 1 && (records | message.opcode | message.rcode | message.flags & RESERVED) === 0) {
    const question = readQuestion(reader);
    message.questions = [question];
    if (reader.offset < reader.size) reader.error("trailing-bytes", reader.offset);
    return question.type !== TYPE.OPT;
  }
  // A literal of one is half the cost of a push onto an empty array, for which V8 makes room for seventeen.
  if (questions > 0) message.questions = [readQuestion(reader)];
  for (let index = 1; index < questions; index++) message.questions.push(readQuestion(reader));
  if (answers > 0) message.answers = [readRecord(reader, message)];
  for (let index = 1; index < answers; index++) message.answers.push(readRecord(reader, message));
  if (authorities > 0) message.authorities = [readRecord(reader, message)];
  for (let index = 1; index < authorities; index++) message.authorities.push(readRecord(reader, message));
  if (additionals > 0) message.additionals = [readRecord(reader, message)];
  for (let index = 1; index < additionals; index++) message.additionals.push(readRecord(reader, message));
  if (reader.offset < reader.size) reader.error("trailing-bytes", reader.offset);
  return false;
}

/** Reads the TLVs that stand in place of the sections in a DSO message (RFC 8490 section 5.4). */
function readDsoTlvs(reader: Reader): DsoTlv[] {
  const tlvs: DsoTlv[] = [];
  reader.overrun = "dso-truncated";
  try {
    while (reader.left > 0) {
      const type = reader.u16();
      tlvs.push({ type, name: dsoTypeName(type), data: reader.hex(reader.u16()) });
    }
  } catch (fault) {
    if (!(fault instanceof Fault) || reader.strict) throw fault;
    reader.note(fault.reason);
  }
  return tlvs;
}

/** Reads a question. */
function readQuestion(reader: Reader): DnsQuestion {
  if (reader.offset === reader.size) throw new Fault("count-too-large", reader.offset);
  reader.overrun = "question-truncated";
  const name = readName(reader);
  const type = reader.u16();
  const classBits = reader.u16();
  if (reader.mdns && classBits >= MDNS_BIT) return { name, type, class: classBits - MDNS_BIT, unicastResponse: true };
  return { name, type, class: classBits };
}

/** Reads a record. */
function readRecord(reader: Reader, message: DnsMessage): DnsRecord {
  if (reader.offset === reader.size) throw new Fault("count-too-large", reader.offset);
  reader.overrun = "record-truncated";
  const name = readName(reader);
  const type = reader.u16();
  const classBits = reader.u16();
  const ttlBits = reader.u32();
  const dataSize = reader.u16();
  const dataEnd = reader.offset + dataSize;
  if (dataEnd > reader.size) throw new Fault("rdata-truncated", reader.offset);
  const negative = ttlBits >= 0x8000_0000 && type !== TYPE.OPT;
  if (negative) reader.note("ttl-negative");
  const flush = reader.mdns && classBits >= MDNS_BIT && type !== TYPE.OPT;
  const record: DnsRecord = {
    name,
    type,
    class: flush ? classBits - MDNS_BIT : classBits,
    ttl: negative ? 0 : ttlBits,
    data: "",
  };
  if (flush) record.cacheFlush = true;
  if (dataSize > 0 || !mayBeEmpty(message, record)) readRdata(reader, record, dataEnd);
  return record;
}

/** Whether a record without data is whole: it names an RRset in an UPDATE (RFC 2136 section 2.4). */
function mayBeEmpty(message: DnsMessage, record: DnsRecord): boolean {
  return message.opcode === OPCODE.UPDATE && (record.class === CLASS_ANY || record.class === CLASS_NONE);
}
