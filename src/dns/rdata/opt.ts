/**
 * Data of OPT records: EDNS(0) (RFC 6891).
 *
 * @module
 */

import { ednsOptionName } from "../iana.ts";
import { Fault, type Reader } from "../reader.ts";
import type { DnsRecord } from "../types.ts";
import { hexOctets } from "../words.ts";
import type { Writer } from "../writer.ts";
import { OPTION_FORMS } from "./option.ts";

/** One option, in the structured form of an OPT record. */
export interface EdnsOption {
  /** 0 to 65535. */
  code: number;
  /** Mnemonic, or `OPT<number>`. */
  name: string;
  /** All octets, hexadecimal. */
  data: string;
  /** What they mean; absent where that is unknown or they are malformed. */
  value?: unknown;
}

/** DO, in the lower half of the TTL (RFC 3225 section 3). */
const DNSSEC_OK = 0x8000;

/**
 * Reads the data of an OPT record, and what its class and TTL mean (RFC 6891 section 6.1.3).
 *
 * @param reader at the first option
 * @param record an OPT record; receives `data` and `fields`
 */
export function readOpt(reader: Reader, record: DnsRecord): void {
  const { ttl, class: udpSize } = record;
  const version = ttl >>> 16 & 0xff;
  const dnssecOk = (ttl & DNSSEC_OK) !== 0;
  const end = reader.end;
  const options: EdnsOption[] = [];
  if (version !== 0) reader.note("edns-version-unknown");
  record.data = `version=${version} udp=${udpSize}`;
  if (dnssecOk) record.data += " flags=do";
  record.fields = { version, udpSize, dnssecOk, options };
  while (reader.offset < end) {
    const offset = reader.offset;
    const whole = reader.left >= 4;
    const code = whole ? reader.u16() : 0;
    const size = whole ? reader.u16() : 0;
    if (!whole || size > reader.left) {
      reader.error("edns-option-truncated", offset);
      reader.offset = end;
      return;
    }
    reader.end = reader.offset + size;
    const option: EdnsOption = { code, name: ednsOptionName(code), data: reader.hex(size) };
    reader.offset -= size;
    record.data += ` ${readOption(reader, option)}`;
    reader.end = end;
    options.push(option);
  }
}

/** Reads what an option means, up to the reader's end; a malformed one is an error of form, and shown as unknown. */
function readOption(reader: Reader, option: EdnsOption): string {
  const start = reader.offset;
  const form = OPTION_FORMS.get(option.code);
  const key = form?.key ?? `opt${option.code}`;
  let text = option.data;
  if (form?.read !== undefined) {
    try {
      const value = form.read(reader, option.data);
      if (reader.left > 0) throw new Fault("option-long", reader.offset);
      text = form.show(value);
      option.value = value;
    } catch (fault) {
      if (!(fault instanceof Fault) || fault.tolerable) throw fault;
      reader.error(`edns-${key}-malformed`, start);
    }
  }
  reader.offset = reader.end;
  return text === "" ? key : `${key}=${text}`;
}

/**
 * Writes the data of an OPT record from its structured form.
 *
 * @param fields as {@linkcode readOpt} makes them: of each option, `code` and `data` are written
 * @param writer receives the options
 */
export function writeOpt(fields: Record<string, unknown> | undefined, writer: Writer): void {
  const options = (fields?.["options"] ?? []) as readonly Pick<EdnsOption, "code" | "data">[];
  for (const { code, data } of options) {
    const octets = hexOctets(data);
    writer.u16(code);
    writer.u16(octets.length);
    writer.octets(octets);
  }
}
