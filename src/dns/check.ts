/**
 * What can only be said of a message as a whole: oddities of header, sections and pseudo-records. None of them stops the
 * reading.
 *
 * @module
 */

import { isKnownOpcode, isKnownRcode, OPCODE, TYPE } from "./iana.ts";
import type { EdnsOption } from "./rdata/opt.ts";
import type { Reader } from "./reader.ts";
import type { DnsMessage, DnsRecord } from "./types.ts";

/** Z, in the flags word. */
const RESERVED = 0x0040;

/** Number of the COOKIE option. */
const COOKIE = 10;

/**
 * Notes oddities, and completes the rcode.
 *
 * @param reader receives the anomalies
 * @param message as read so far; its `rcode` receives the OPT record's upper bits (RFC 6891 section 6.1.3)
 * @param whole whether all sections were read
 */
export function checkMessage(reader: Reader, message: DnsMessage, whole: boolean): void {
  if (message.opcode !== OPCODE.QUERY && !isKnownOpcode(message.opcode)) reader.note("opcode-unknown");
  if (message.opcode === OPCODE.DSO && message.dsoTlvs === undefined && whole) reader.note("dso-with-sections");
  if ((message.flags & RESERVED) !== 0) reader.note("z-bit-set");
  for (let index = 0; index < message.answers.length; index++) checkPlace(reader, message, message.answers[index]!);
  for (let index = 0; index < message.authorities.length; index++) {
    checkPlace(reader, message, message.authorities[index]!);
  }
  let opt: DnsRecord | undefined;
  for (let index = 0; index < message.additionals.length; index++) {
    const record = message.additionals[index]!;
    if (record.type === TYPE.OPT) {
      if (opt !== undefined) reader.note("opt-repeated");
      opt ??= record;
      if (record.name !== ".") reader.note("opt-owner-not-root");
    } else if (record.type === TYPE.TSIG) {
      if (index !== message.additionals.length - 1) reader.note("tsig-misplaced");
    } else checkPlace(reader, message, record);
  }
  if (opt !== undefined) message.rcode |= opt.ttl >>> 24 << 4;
  if (message.rcode !== 0) checkRcode(reader, message);
  checkQuestions(reader, message, opt, whole);
}

/** Looks at a record of a section where OPT, TSIG and query types have no place. */
function checkPlace(reader: Reader, message: DnsMessage, record: DnsRecord): void {
  const { type } = record;
  if (type === TYPE.OPT) reader.note("opt-misplaced");
  if (type < TYPE.NXNAME || type > TYPE.ANY || message.opcode === OPCODE.UPDATE && type === TYPE.ANY) return;
  if (type === TYPE.TSIG) reader.note("tsig-misplaced");
  else if (type !== TYPE.TKEY) reader.note("query-type-in-record");
}

/** Looks at an rcode other than NOERROR. */
function checkRcode(reader: Reader, message: DnsMessage): void {
  if (!isKnownRcode(message.rcode)) reader.note("rcode-unknown");
  if (!message.isResponse) reader.note("rcode-in-query");
}

/** Looks at the questions, and at what a query carries besides. */
function checkQuestions(reader: Reader, message: DnsMessage, opt: DnsRecord | undefined, whole: boolean): void {
  const { questions } = message;
  for (let index = 0; index < questions.length; index++) {
    if (questions[index]!.type === TYPE.OPT) reader.note("opt-misplaced");
  }
  if (message.opcode !== OPCODE.QUERY || reader.mdns) return;
  if (questions.length > 1) reader.note("question-repeated");
  if (questions.length === 0 && whole && !mayLackQuestion(message, opt)) reader.note("question-missing");
  if (!message.isResponse && message.answers.length > 0) reader.note("query-with-answers");
}

/** Whether a message may have no question: an error of form, or one about cookies alone (RFC 7873 section 5.4). */
function mayLackQuestion(message: DnsMessage, opt: DnsRecord | undefined): boolean {
  if (message.isResponse && message.rcode !== 0) return true;
  const options = (opt?.fields?.["options"] ?? []) as readonly EdnsOption[];
  return options.some((option) => option.code === COOKIE);
}
