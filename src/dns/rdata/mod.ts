/**
 * Data of resource records: presentation form and structured fields, by type.
 *
 * @module
 */

import { TYPE } from "../iana.ts";
import { readName } from "../name.ts";
import { Fault, type Reader, STRING_ESCAPES } from "../reader.ts";
import type { DnsRecord } from "../types.ts";

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
    record.data = readUnknown(reader);
    delete record.fields;
  }
  reader.end = reader.size;
}

/** Reads data by its type. */
function readKnown(reader: Reader, record: DnsRecord): void {
  switch (record.type) {
    case TYPE.A: {
      const address = reader.ipv4();
      record.data = address;
      record.fields = { address };
      return;
    }
    case TYPE.AAAA: {
      const address = readIpv6(reader);
      record.data = address;
      record.fields = { address };
      return;
    }
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.PTR:
    case TYPE.DNAME: {
      const target = readName(reader);
      record.data = target;
      record.fields = { target };
      return;
    }
    case TYPE.MX: {
      const preference = reader.u16();
      const exchange = readName(reader);
      record.data = `${preference} ${exchange}`;
      record.fields = { preference, exchange };
      return;
    }
    case TYPE.SRV: {
      const priority = reader.u16();
      const weight = reader.u16();
      const port = reader.u16();
      const target = readName(reader);
      record.data = `${priority} ${weight} ${port} ${target}`;
      record.fields = { priority, weight, port, target };
      return;
    }
    case TYPE.SOA: {
      const mname = readName(reader);
      const rname = readName(reader);
      const serial = reader.u32();
      const refresh = reader.u32();
      const retry = reader.u32();
      const expire = reader.u32();
      const minimum = reader.u32();
      record.data = `${mname} ${rname} ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
      record.fields = { mname, rname, serial, refresh, retry, expire, minimum };
      return;
    }
    case TYPE.TXT: {
      const strings: string[] = [];
      do strings.push(reader.escaped(reader.u8(), STRING_ESCAPES)); while (reader.left > 0);
      record.data = `"${strings.join('" "')}"`;
      record.fields = { strings };
      return;
    }
    default:
      record.data = readUnknown(reader);
  }
}

/** Rest of the data in the form for unknown types (RFC 3597 section 5). */
function readUnknown(reader: Reader): string {
  const size = reader.left;
  return size === 0 ? "\\# 0" : `\\# ${size} ${reader.hex(size)}`;
}

/** Reads an IPv6 address as text (RFC 5952). */
function readIpv6(reader: Reader): string {
  const groups = [
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
    reader.u16(),
  ];
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
    if (length > 0) start += length;
  }
  if (bestStart < 0) return groups.map((group) => group.toString(16)).join(":");
  const head = groups.slice(0, bestStart).map((group) => group.toString(16)).join(":");
  const tail = groups.slice(bestStart + bestLength).map((group) => group.toString(16)).join(":");
  return `${head}::${tail}`;
}
