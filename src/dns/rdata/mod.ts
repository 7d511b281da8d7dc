/**
 * Data of resource records: presentation form and structured form, by type.
 *
 * @module
 */

import { CLASS_CH, CLASS_IN, INTERNET_TYPES, isKnownClass, TYPE } from "../iana.ts";
import { readName } from "../name.ts";
import { Fault, type Reader } from "../reader.ts";
import type { DnsRecord } from "../types.ts";
import { hexOctets, Words } from "../words.ts";
import type { Writer } from "../writer.ts";
import type { Schema } from "./field.ts";
import { readOpt, writeOpt } from "./opt.ts";
import { CHAOS_ADDRESS, SCHEMAS } from "./schemas.ts";

/**
 * Reads the data of a record into it; leaves the reader at `dataEnd`. Data that is not of its type's form is an error
 * of form; where those are tolerated it is shown as unknown data (RFC 3597 section 5).
 *
 * @param reader at the first octet of the data
 * @param record receives `data` and `fields`
 * @param dataEnd offset after the last octet; within the message
 * @throws Fault when the data is ill-formed and the reader strict
 */
export function readRdata(reader: Reader, record: DnsRecord, dataEnd: number): void {
  const start = reader.offset;
  reader.end = dataEnd;
  reader.overrun = "rdata-short";
  try {
    readKnown(reader, record);
    if (reader.offset !== dataEnd) throw new Fault("rdata-long", reader.offset);
  } catch (fault) {
    if (!(fault instanceof Fault) || reader.strict) throw fault;
    reader.note(fault.reason);
    reader.offset = start;
    reader.end = dataEnd;
    record.data = readUnknown(reader);
    delete record.fields;
  }
  reader.end = reader.size;
}

/** Reads data by its type. What most messages are made of is written out; the rest goes by schema. */
function readKnown(reader: Reader, record: DnsRecord): void {
  if (record.class === CLASS_IN) {
    if (record.type === TYPE.A) {
      const address = reader.ipv4();
      record.data = address;
      record.fields = { address };
      return;
    }
    if (record.type === TYPE.AAAA) {
      const address = reader.ipv6();
      record.data = address;
      record.fields = { address };
      return;
    }
    if (record.type === TYPE.CNAME || record.type === TYPE.NS || record.type === TYPE.PTR) {
      const target = readName(reader);
      record.data = target;
      record.fields = { target };
      return;
    }
  }
  if (record.type === TYPE.OPT) return readOpt(reader, record);
  const schema = schemaOf(record.type, record.class);
  if (schema === undefined) record.data = readUnknown(reader);
  else readSchema(reader, record, schema);
}

/** Form of the data of a type in a class. */
function schemaOf(type: number, dnsClass: number): Schema | undefined {
  if (type === TYPE.A && dnsClass === CLASS_CH) return CHAOS_ADDRESS;
  if (INTERNET_TYPES.has(type) && (dnsClass === CLASS_CH || !isKnownClass(dnsClass))) return undefined;
  return SCHEMAS.get(type);
}

/** Reads data part by part. */
function readSchema(reader: Reader, record: DnsRecord, schema: Schema): void {
  const fields: Record<string, unknown> = {};
  let data = "";
  for (const [key, field] of schema) {
    const text = field.read(reader, fields, key);
    if (text !== "") data += data === "" ? text : ` ${text}`;
  }
  record.data = data;
  record.fields = fields;
}

/** Rest of the data in the form for unknown types (RFC 3597 section 5). */
function readUnknown(reader: Reader): string {
  const size = reader.left;
  return size === 0 ? "\\# 0" : `\\# ${size} ${reader.hex(size)}`;
}

/**
 * Writes the data of a record from its presentation form; of an OPT record, from its structured form.
 *
 * @param record whose data to write; with `data` empty and no `fields`, nothing is written
 * @param writer receives it
 * @throws RangeError when the data is not of its type's form
 */
export function writeRdata(record: Pick<DnsRecord, "type" | "class" | "data" | "fields">, writer: Writer): void {
  const words = new Words(record.data);
  if (words.peek() === "\\#") {
    words.next();
    const size = words.number(0xffff);
    const octets = hexOctets(words.rest().join(""));
    if (octets.length !== size) throw new RangeError(`Cannot encode "${record.data}": ${octets.length} octets given`);
    writer.octets(octets);
    return;
  }
  if (record.type === TYPE.OPT) return writeOpt(record.fields, writer);
  if (record.data === "") return;
  const schema = schemaOf(record.type, record.class);
  if (schema === undefined) {
    throw new RangeError(`Cannot encode "${record.data}": data of this type is written as \\# size hexadecimal`);
  }
  for (const [, field] of schema) field.write(words, writer);
  if (words.left > 0) throw new RangeError(`Cannot encode "${record.data}": "${words.peek()}" is one word too many`);
}
