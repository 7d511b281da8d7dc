/**
 * The numbers of the IANA registries "Domain Name System (DNS) Parameters": the only place they are written down.
 *
 * @module
 */

/** Numbers of the record types that code refers to. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
} as const;

/** Numbers of the operations that code refers to. */
export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

/** The Internet. */
export const CLASS_IN = 1;

/** None (RFC 2136). */
export const CLASS_NONE = 254;

/** Any (RFC 1035 section 3.2.5). */
export const CLASS_ANY = 255;

const TYPE_NAMES = new Map<number, string>([
  [1, "A"],
  [2, "NS"],
  [3, "MD"],
  [4, "MF"],
  [5, "CNAME"],
  [6, "SOA"],
  [7, "MB"],
  [8, "MG"],
  [9, "MR"],
  [10, "NULL"],
  [11, "WKS"],
  [12, "PTR"],
  [13, "HINFO"],
  [14, "MINFO"],
  [15, "MX"],
  [16, "TXT"],
  [17, "RP"],
  [18, "AFSDB"],
  [19, "X25"],
  [20, "ISDN"],
  [21, "RT"],
  [22, "NSAP"],
  [23, "NSAP-PTR"],
  [24, "SIG"],
  [25, "KEY"],
  [26, "PX"],
  [27, "GPOS"],
  [28, "AAAA"],
  [29, "LOC"],
  [30, "NXT"],
  [31, "EID"],
  [32, "NIMLOC"],
  [33, "SRV"],
  [34, "ATMA"],
  [35, "NAPTR"],
  [36, "KX"],
  [37, "CERT"],
  [38, "A6"],
  [39, "DNAME"],
  [40, "SINK"],
  [41, "OPT"],
  [42, "APL"],
  [43, "DS"],
  [44, "SSHFP"],
  [45, "IPSECKEY"],
  [46, "RRSIG"],
  [47, "NSEC"],
  [48, "DNSKEY"],
  [49, "DHCID"],
  [50, "NSEC3"],
  [51, "NSEC3PARAM"],
  [52, "TLSA"],
  [53, "SMIMEA"],
  [55, "HIP"],
  [56, "NINFO"],
  [57, "RKEY"],
  [58, "TALINK"],
  [59, "CDS"],
  [60, "CDNSKEY"],
  [61, "OPENPGPKEY"],
  [62, "CSYNC"],
  [63, "ZONEMD"],
  [64, "SVCB"],
  [65, "HTTPS"],
  [66, "DSYNC"],
  [67, "HHIT"],
  [68, "BRID"],
  [99, "SPF"],
  [100, "UINFO"],
  [101, "UID"],
  [102, "GID"],
  [103, "UNSPEC"],
  [104, "NID"],
  [105, "L32"],
  [106, "L64"],
  [107, "LP"],
  [108, "EUI48"],
  [109, "EUI64"],
  [128, "NXNAME"],
  [249, "TKEY"],
  [250, "TSIG"],
  [251, "IXFR"],
  [252, "AXFR"],
  [253, "MAILB"],
  [254, "MAILA"],
  [255, "ANY"],
  [256, "URI"],
  [257, "CAA"],
  [258, "AVC"],
  [259, "DOA"],
  [260, "AMTRELAY"],
  [261, "RESINFO"],
  [262, "WALLET"],
  [263, "CLA"],
  [264, "IPN"],
  [32768, "TA"],
  [32769, "DLV"],
]);
const TYPE_NUMBERS = new Map<string, number>([...TYPE_NAMES].map(([number, name]) => [name, number]));
const CLASS_NAMES = new Map<number, string>([[1, "IN"], [3, "CH"], [4, "HS"], [254, "NONE"], [255, "ANY"]]);
const OPCODE_NAMES = new Map<number, string>([
  [0, "QUERY"],
  [1, "IQUERY"],
  [2, "STATUS"],
  [4, "NOTIFY"],
  [5, "UPDATE"],
  [6, "DSO"],
]);
const RCODE_NAMES = new Map<number, string>([
  [0, "NOERROR"],
  [1, "FORMERR"],
  [2, "SERVFAIL"],
  [3, "NXDOMAIN"],
  [4, "NOTIMP"],
  [5, "REFUSED"],
  [6, "YXDOMAIN"],
  [7, "YXRRSET"],
  [8, "NXRRSET"],
  [9, "NOTAUTH"],
  [10, "NOTZONE"],
  [11, "DSOTYPENI"],
  [16, "BADVERS"],
  [17, "BADKEY"],
  [18, "BADTIME"],
  [19, "BADMODE"],
  [20, "BADNAME"],
  [21, "BADALG"],
  [22, "BADTRUNC"],
  [23, "BADCOOKIE"],
]);

/**
 * @param type number of a record type, 0 to 65535
 * @returns its mnemonic, or `TYPE<number>` (RFC 3597 section 5)
 */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/**
 * @param name mnemonic of a record type or `TYPE<number>`, in any case
 * @returns its number; undefined where there is no such type
 */
export function typeNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const known = TYPE_NUMBERS.get(upper);
  if (known !== undefined) return known;
  const number = /^TYPE([0-9]{1,5})$/.exec(upper)?.[1];
  return number !== undefined && Number(number) <= 0xffff ? Number(number) : undefined;
}

/**
 * @param dnsClass number of a class, 0 to 65535
 * @returns its mnemonic, or `CLASS<number>` (RFC 3597 section 5)
 */
export function className(dnsClass: number): string {
  return CLASS_NAMES.get(dnsClass) ?? `CLASS${dnsClass}`;
}

/**
 * @param rcode extended response code, 0 to 4095
 * @returns its mnemonic, or `RCODE<number>`
 */
export function rcodeName(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;
}

/**
 * @param opcode number of an operation, 0 to 15
 * @returns its mnemonic, or `OPCODE<number>`
 */
export function opcodeName(opcode: number): string {
  return OPCODE_NAMES.get(opcode) ?? `OPCODE${opcode}`;
}

/**
 * @param type number of a record type
 * @returns whether the registry has it
 */
export function isKnownType(type: number): boolean {
  return TYPE_NAMES.has(type);
}

/**
 * @param dnsClass number of a class
 * @returns whether the registry has it
 */
export function isKnownClass(dnsClass: number): boolean {
  return CLASS_NAMES.has(dnsClass);
}
