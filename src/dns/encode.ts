/**
 * Writing messages, for tests and for tools that ask.
 *
 * @module
 */

import { CLASS_IN, OPCODE } from "./iana.ts";
import { writeRdata } from "./rdata/mod.ts";
import type { DnsMessage, DnsQuestion, DnsRecord, DsoTlv } from "./types.ts";
import { hexOctets, nameLabels } from "./words.ts";
import { Writer } from "./writer.ts";

/** Top bit of a class in mDNS (RFC 6762 sections 5.4, 10.2). */
const MDNS_BIT = 0x8000;

/** A message to write: what is absent is zero, empty or class IN. */
export interface EncodeInput {
  /** 0 to 65535. */
  id?: number;
  /** QR. */
  isResponse?: boolean;
  /** Operation, 0 to 15. */
  opcode?: number;
  /** AA, TC, RD, RA, Z, AD, CD bits of the flags word. */
  flags?: number;
  /** The upper eight of its twelve bits are written where the OPT record has them, not here. */
  rcode?: number;
  /** Questions; in an UPDATE message, the zone. */
  questions?: readonly (Omit<DnsQuestion, "class"> & { class?: number })[];
  /** Answer section. */
  answers?: readonly EncodeRecord[];
  /** Authority section. */
  authorities?: readonly EncodeRecord[];
  /** Additional section, the OPT record included. */
  additionals?: readonly EncodeRecord[];
  /** Only in messages with opcode DSO. */
  dsoTlvs?: readonly Omit<DsoTlv, "name">[];
}

/** A record to write. */
export type EncodeRecord =
  & Pick<DnsRecord, "name" | "type" | "data">
  & Partial<Omit<DnsRecord, "name" | "type" | "data">>;

/** How to write a message. */
export interface EncodeOptions {
  /** Compress names where that is allowed. Default: true. */
  compress?: boolean;
}

/**
 * Encodes a message.
 *
 * @param input the message; a decoded {@linkcode DnsMessage} will do
 * @param options how to write it
 * @returns its octets, without a length prefix
 * @throws RangeError when a name or a record's data cannot be written
 */
export function encodeMessage(input: EncodeInput | DnsMessage, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  const writer = new Writer(options.compress ?? true);
  const { questions = [], answers = [], authorities = [], additionals = [] } = input;
  writer.u16(input.id ?? 0);
  const qr = input.isResponse === true ? 0x8000 : 0;
  writer.u16(qr | (input.opcode ?? OPCODE.QUERY) << 11 | (input.flags ?? 0) & 0x07f0 | (input.rcode ?? 0) & 0xf);
  for (const section of [questions, answers, authorities, additionals]) writer.u16(section.length);
  for (const question of questions) {
    writer.name(nameLabels(question.name));
    writer.u16(question.type);
    writer.u16((question.class ?? CLASS_IN) | (question.unicastResponse === true ? MDNS_BIT : 0));
  }
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) writeRecord(writer, record);
  }
  for (const { type, data } of input.dsoTlvs ?? []) {
    const octets = hexOctets(data);
    writer.u16(type);
    writer.u16(octets.length);
    writer.octets(octets);
  }
  return writer.finish();
}

/** Writes a record. */
function writeRecord(writer: Writer, record: EncodeRecord): void {
  const written = { ...record, class: record.class ?? CLASS_IN };
  writer.name(nameLabels(record.name));
  writer.u16(record.type);
  writer.u16(written.class | (record.cacheFlush === true ? MDNS_BIT : 0));
  writer.u32(record.ttl ?? 0);
  const start = writer.length;
  writer.u16(0);
  writeRdata(written, writer);
  writer.patch16(start, writer.length - start - 2);
}
