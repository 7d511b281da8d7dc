/**
 * What the data of each record type is made of.
 *
 * @module
 */

import { CERTIFICATE_TYPES, DSYNC_SCHEMES, type Registration, typeNumber } from "../iana.ts";
import { Fault } from "../reader.ts";
import { base64Octets, hexOctets } from "../words.ts";
import { A6, AMTRELAY, HIP, IPSECKEY, PORT_BITMAP, PREFIX_LIST } from "./address.ts";
import { NXT_BITMAP, TYPE_BITMAP } from "./bitmap.ts";
import {
  BASE64_OR_DASH,
  BASE64_REST,
  type Field,
  field,
  HASH,
  HEX_REST,
  hexGroups,
  IPV4,
  IPV6,
  LENIENT_NAME,
  NAME,
  OPTIONAL_STRING,
  PLAIN_NAME,
  SALT,
  type Schema,
  SIZED_BASE64,
  STRING,
  STRINGS,
  TAG,
  TEXT,
  TIME,
  TSIG_ERROR,
  TYPE_NUMBER,
  U16,
  U32,
  U48,
  U64,
  U8,
  WORD,
} from "./field.ts";
import { LOC } from "./loc.ts";
import { SVCB } from "./svcb.ts";

/** A 16-bit or 8-bit number that is shown as its mnemonic in a registry, where it has one. */
function registered(rows: readonly Registration[], bits: 8 | 16): Field {
  return field(
    (reader) => {
      const value = bits === 8 ? reader.u8() : reader.u16();
      return rows.find((row) => row.value === value)?.name ?? value;
    },
    (words, writer) => {
      const value = rows.find((row) => row.name === words.peek())?.value;
      if (value !== undefined) words.next();
      const number = value ?? words.number(2 ** bits - 1);
      if (bits === 8) writer.u8(number);
      else writer.u16(number);
    },
  );
}

/** Data of a NSAP record: `0x` and hexadecimal digits (RFC 1706 section 5). */
const NSAP: Field = field(
  (reader) => `0x${reader.hex(reader.left)}`,
  (words, writer) => writer.octets(hexOctets(words.rest().join("").replace(/^0x/i, "").replaceAll(".", ""))),
);

/** Address of an ATMA record: digits after a plus sign (format 1), or an end system address in hexadecimal (0). */
const ATM_ADDRESS: Field = {
  read(reader, fields, key): string {
    const offset = reader.offset;
    const format = reader.u8();
    if (format > 1) throw new Fault("atma-format", offset);
    const digits = reader.hex(reader.left);
    if (digits === "" || format === 1 && !/^(?:3[0-9])*$/.test(digits)) throw new Fault("atma-format", offset);
    const address = format === 0 ? digits : `+${digits.replace(/3([0-9])/g, "$1")}`;
    fields[key] = address;
    return address;
  },
  write(words, writer): void {
    const address = words.next();
    const e164 = address.startsWith("+");
    writer.u8(e164 ? 1 : 0);
    writer.octets(e164 ? Array.from(address.slice(1), (digit) => digit.charCodeAt(0)) : hexOctets(address));
  },
};

/** Key tag (RFC 4034 appendix B), which is no part of the data but follows from all of it; takes nothing. */
const KEY_TAG: Field = {
  read(reader, fields, key): string {
    const octets = hexOctets(reader.hex(reader.left));
    // Algorithm 1 counts otherwise: the tag is the last but one 16 bits of the modulus (appendix B.1).
    const sum = octets.reduce((total, octet, index) => total + (index % 2 === 0 ? octet << 8 : octet), 0);
    fields[key] = octets[3] === 1
      ? (octets.at(-3) ?? 0) << 8 | (octets.at(-2) ?? 0)
      : sum + (sum >> 16 & 0xffff) & 0xffff;
    return "";
  },
  write(): void {},
};

/** A public key with its flags (RFC 4034 section 2, RFC 2535 section 3). */
const KEY: Field = {
  read(reader, fields): string {
    const start = reader.offset;
    const flags = reader.u16();
    const protocol = reader.u8();
    const algorithm = reader.u8();
    const publicKey = reader.base64(reader.left);
    Object.assign(fields, { flags, protocol, algorithm, publicKey });
    reader.offset = start;
    KEY_TAG.read(reader, fields, "keyTag");
    return `${flags} ${protocol} ${algorithm}${publicKey === "" ? "" : ` ${publicKey}`}`;
  },
  write(words, writer): void {
    writer.u16(words.number(0xffff));
    writer.u8(words.number(0xff));
    writer.u8(words.number(0xff));
    writer.octets(base64Octets(words.rest().join("")));
  },
};

const TARGET: Schema = [["target", NAME]];
const TEXTS: Schema = [["strings", STRINGS]];
const KEYS: Schema = [["key", KEY]];
const DELEGATION: Schema = [["keyTag", U16], ["algorithm", U8], ["digestType", U8], ["digest", HEX_REST]];
const ASSOCIATION: Schema = [["usage", U8], ["selector", U8], ["matchingType", U8], ["data", HEX_REST]];
const SERVICE: Schema = [["service", SVCB]];
const HEX: Schema = [["data", HEX_REST]];
const BASE64: Schema = [["data", BASE64_REST]];

/** A signature; its signer's name may be compressed in SIG, not in RRSIG (RFC 3597 section 4, RFC 4034 section 3.1.7). */
function signature(signer: Field): Schema {
  return [
    ["typeCovered", TYPE_NUMBER],
    ["algorithm", U8],
    ["labels", U8],
    ["originalTtl", U32],
    ["expiration", TIME],
    ["inception", TIME],
    ["keyTag", U16],
    ["signer", signer],
    ["signature", BASE64_REST],
  ];
}

/** A preference and a name. */
function preferred(key: string, name: Field): Schema {
  return [["preference", U16], [key, name]];
}

/** Parts of the data of every type that has a defined form, but for OPT. */
const BY_NAME: Readonly<Record<string, Schema>> = {
  A: [["address", IPV4]],
  NS: TARGET,
  MD: TARGET,
  MF: TARGET,
  CNAME: TARGET,
  SOA: [
    ["mname", NAME],
    ["rname", NAME],
    ["serial", U32],
    ["refresh", U32],
    ["retry", U32],
    ["expire", U32],
    ["minimum", U32],
  ],
  MB: TARGET,
  MG: TARGET,
  MR: TARGET,
  WKS: [["address", IPV4], ["protocol", U8], ["ports", PORT_BITMAP]],
  PTR: TARGET,
  HINFO: [["cpu", STRING], ["os", STRING]],
  MINFO: [["rmailbox", NAME], ["emailbox", NAME]],
  MX: preferred("exchange", NAME),
  TXT: TEXTS,
  RP: [["mailbox", LENIENT_NAME], ["text", LENIENT_NAME]],
  AFSDB: [["subtype", U16], ["hostname", LENIENT_NAME]],
  X25: [["address", STRING]],
  ISDN: [["address", STRING], ["subaddress", OPTIONAL_STRING]],
  RT: preferred("host", LENIENT_NAME),
  NSAP: [["address", NSAP]],
  "NSAP-PTR": [["target", LENIENT_NAME]],
  SIG: signature(LENIENT_NAME),
  KEY: KEYS,
  PX: [["preference", U16], ["map822", LENIENT_NAME], ["mapX400", LENIENT_NAME]],
  GPOS: [["longitude", WORD], ["latitude", WORD], ["altitude", WORD]],
  AAAA: [["address", IPV6]],
  LOC: [["location", LOC]],
  NXT: [["next", LENIENT_NAME], ["types", NXT_BITMAP]],
  EID: HEX,
  NIMLOC: HEX,
  SRV: [["priority", U16], ["weight", U16], ["port", U16], ["target", LENIENT_NAME]],
  ATMA: [["address", ATM_ADDRESS]],
  NAPTR: [
    ["order", U16],
    ["preference", U16],
    ["flags", STRING],
    ["services", STRING],
    ["regexp", STRING],
    ["replacement", LENIENT_NAME],
  ],
  KX: preferred("exchanger", LENIENT_NAME),
  CERT: [
    ["certificateType", registered(CERTIFICATE_TYPES, 16)],
    ["keyTag", U16],
    ["algorithm", U8],
    ["certificate", BASE64_REST],
  ],
  A6: [["prefix", A6]],
  DNAME: [["target", LENIENT_NAME]],
  SINK: [["meaning", U8], ["coding", U8], ["subcoding", U8], ["data", BASE64_REST]],
  APL: [["prefixes", PREFIX_LIST]],
  DS: DELEGATION,
  SSHFP: [["algorithm", U8], ["fingerprintType", U8], ["fingerprint", HEX_REST]],
  IPSECKEY: [["key", IPSECKEY]],
  RRSIG: signature(PLAIN_NAME),
  NSEC: [["next", PLAIN_NAME], ["types", TYPE_BITMAP]],
  DNSKEY: KEYS,
  DHCID: BASE64,
  NSEC3: [
    ["hashAlgorithm", U8],
    ["flags", U8],
    ["iterations", U16],
    ["salt", SALT],
    ["nextHash", HASH],
    ["types", TYPE_BITMAP],
  ],
  NSEC3PARAM: [["hashAlgorithm", U8], ["flags", U8], ["iterations", U16], ["salt", SALT]],
  TLSA: ASSOCIATION,
  SMIMEA: ASSOCIATION,
  HIP: [["host", HIP]],
  NINFO: TEXTS,
  RKEY: KEYS,
  TALINK: [["previous", PLAIN_NAME], ["next", PLAIN_NAME]],
  CDS: DELEGATION,
  CDNSKEY: KEYS,
  OPENPGPKEY: BASE64,
  CSYNC: [["serial", U32], ["flags", U16], ["types", TYPE_BITMAP]],
  ZONEMD: [["serial", U32], ["scheme", U8], ["hashAlgorithm", U8], ["digest", HEX_REST]],
  SVCB: SERVICE,
  HTTPS: SERVICE,
  DSYNC: [
    ["type", TYPE_NUMBER],
    ["scheme", registered(DSYNC_SCHEMES, 8)],
    ["port", U16],
    ["target", PLAIN_NAME],
  ],
  HHIT: BASE64,
  BRID: BASE64,
  SPF: TEXTS,
  NID: [["preference", U16], ["nodeId", hexGroups(8, ":", 2)]],
  L32: [["preference", U16], ["locator", IPV4]],
  L64: [["preference", U16], ["locator", hexGroups(8, ":", 2)]],
  LP: preferred("target", PLAIN_NAME),
  EUI48: [["address", hexGroups(6, "-", 1)]],
  EUI64: [["address", hexGroups(8, "-", 1)]],
  TKEY: [
    ["algorithm", PLAIN_NAME],
    ["inception", TIME],
    ["expiration", TIME],
    ["mode", U16],
    ["error", TSIG_ERROR],
    ["key", SIZED_BASE64],
    ["other", SIZED_BASE64],
  ],
  TSIG: [
    ["algorithm", PLAIN_NAME],
    ["timeSigned", U48],
    ["fudge", U16],
    ["mac", SIZED_BASE64],
    ["originalId", U16],
    ["error", TSIG_ERROR],
    ["other", SIZED_BASE64],
  ],
  URI: [["priority", U16], ["weight", U16], ["target", TEXT]],
  CAA: [["flags", U8], ["tag", TAG], ["value", TEXT]],
  AVC: TEXTS,
  DOA: [
    ["enterprise", U32],
    ["type", U32],
    ["location", U8],
    ["mediaType", STRING],
    ["data", BASE64_OR_DASH],
  ],
  AMTRELAY: [["relay", AMTRELAY]],
  RESINFO: TEXTS,
  WALLET: TEXTS,
  CLA: TEXTS,
  IPN: [["node", U64]],
  TA: DELEGATION,
  DLV: DELEGATION,
};

/** Parts of the data by type number. Types that are not here have none that is defined, and are shown as unknown. */
export const SCHEMAS: ReadonlyMap<number, Schema> = new Map(
  Object.entries(BY_NAME).flatMap(([name, schema]) => {
    const type = typeNumber(name);
    return type === undefined ? [] : [[type, schema] as const];
  }),
);

/** An address in class CH: a name and 16 bits in octal (RFC 1035 leaves it to MIT's AI memo 628). */
export const CHAOS_ADDRESS: Schema = [
  ["domain", NAME],
  [
    "address",
    field(
      (reader) => reader.u16(),
      (words, writer) => writer.u16(parseInt(words.next(), 8)),
      (address) => address.toString(8),
    ),
  ],
];
