/**
 * Writing messages, for tests and for tools that ask.
 *
 * @module
 */

import { CLASS_IN, OPCODE, TYPE, typeName } from "./iana.ts";
import type { DnsMessage, DnsQuestion, DnsRecord } from "./types.ts";
import { Writer } from "./writer.ts";

/** A message to write: what is absent is zero, empty or class IN. */
export interface EncodeInput {
  /** 0 to 65535. */
  id?: number;
  isResponse?: boolean;
  opcode?: number;
  /** AA, TC, RD, RA, Z, AD, CD bits of the flags word. */
  flags?: number;
  /** The upper eight of its twelve bits are written where the OPT record has them, not here. */
  rcode?: number;
  questions?: readonly (Omit<DnsQuestion, "class"> & { class?: number })[];
  answers?: readonly EncodeRecord[];
  authorities?: readonly EncodeRecord[];
  additionals?: readonly EncodeRecord[];
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
export function encodeMessage(input: EncodeInput | DnsMessage, options: EncodeOptions = {}): Uint8Array {
  const writer = new Writer(options.compress ?? true);
  const { questions = [], answers = [], authorities = [], additionals = [] } = input;
  writer.u16(input.id ?? 0);
  const qr = input.isResponse === true ? 0x8000 : 0;
  writer.u16(qr | (input.opcode ?? OPCODE.QUERY) << 11 | (input.flags ?? 0) & 0x07f0 | (input.rcode ?? 0) & 0xf);
  for (const section of [questions, answers, authorities, additionals]) writer.u16(section.length);
  for (const question of questions) {
    writer.name(parseName(question.name));
    writer.u16(question.type);
    writer.u16(question.class ?? CLASS_IN);
  }
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) writeRecord(writer, record);
  }
  return writer.finish();
}

/** Writes a record. */
function writeRecord(writer: Writer, record: EncodeRecord): void {
  writer.name(parseName(record.name));
  writer.u16(record.type);
  writer.u16((record.class ?? CLASS_IN) | (record.cacheFlush === true ? 0x8000 : 0));
  writer.u32(record.ttl ?? 0);
  const start = writer.length;
  writer.u16(0);
  writeRdata(writer, record.type, record.data);
  writer.patch16(start, writer.length - start - 2);
}

/** Writes data from its presentation form. */
function writeRdata(writer: Writer, type: number, data: string): void {
  if (data === "") return;
  const words = data.split(" ");
  if (words[0] === "\\#") {
    writer.octets((words[2] ?? "").match(/../g)?.map((pair) => parseInt(pair, 16)) ?? []);
    return;
  }
  switch (type) {
    case TYPE.A:
      writer.octets(data.split(".").map(Number));
      return;
    case TYPE.AAAA: {
      const [head = "", tail] = data.split("::");
      const left = head === "" ? [] : head.split(":");
      const right = tail === undefined || tail === "" ? [] : tail.split(":");
      const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
      for (const group of [...left, ...Array<string>(zeros).fill("0"), ...right]) writer.u16(parseInt(group, 16));
      return;
    }
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
      writer.name(parseName(data));
      return;
    case TYPE.DNAME:
      writer.name(parseName(data), false);
      return;
    case TYPE.MX:
      writer.u16(Number(words[0]));
      writer.name(parseName(words[1] ?? "."));
      return;
    case TYPE.SRV:
      for (const word of words.slice(0, 3)) writer.u16(Number(word));
      writer.name(parseName(words[3] ?? "."), false);
      return;
    case TYPE.SOA:
      writer.name(parseName(words[0] ?? "."));
      writer.name(parseName(words[1] ?? "."));
      for (const word of words.slice(2)) writer.u32(Number(word));
      return;
    case TYPE.TXT:
      for (const [, text = ""] of data.matchAll(/"((?:\\.|[^"\\])*)"/gs)) {
        const octets = unescape(text);
        writer.u8(octets.length);
        writer.octets(octets);
      }
      return;
    default:
      throw new RangeError(`Cannot encode data of type ${typeName(type)} from "${data}"`);
  }
}

/** Octets of each label of a name in master-file escapes, with or without the trailing dot. */
function parseName(name: string): Uint8Array[] {
  if (name === "." || name === "") return [];
  const labels = name.match(/(?:\\[0-9]{3}|\\.|[^.\\])+/gs) ?? [];
  return labels.map((label) => Uint8Array.from(unescape(label)));
}

/** Octets of text in master-file escapes. */
function unescape(text: string): number[] {
  return Array.from(
    text.matchAll(/\\([0-9]{3})|\\(.)|(.)/gs),
    ([, decimal, escaped, plain]) => decimal !== undefined ? Number(decimal) : (escaped ?? plain ?? "").charCodeAt(0),
  );
}
