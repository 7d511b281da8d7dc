/**
 * The numbers of the IANA registry "Domain Name System (DNS) Parameters": the only place they are written down.
 *
 * As of the registry of {@linkcode REGISTRY_DATE}. A date in a row is the registry's own registration date; most older
 * rows have none there.
 *
 * @module
 */

/** Date of the registry these tables follow. */
export const REGISTRY_DATE = "2026-07-06";

/** A number of a registry. */
export interface Registration {
  /** The number. */
  readonly value: number;
  /** Its mnemonic. */
  readonly name: string;
  /** Where it is specified: RFC, draft, or who registered it. */
  readonly reference: string;
  /** Date of registration, where the registry has one. */
  readonly date?: string;
}

/** Rows as written below, as objects. */
function registrations(
  rows: readonly (readonly [number, string, string, string?])[],
): readonly Registration[] {
  return rows.map(([value, name, reference, date]) =>
    date === undefined ? { value, name, reference } : { value, name, reference, date }
  );
}

/** Resource record types. */
// deno-fmt-ignore
export const TYPES: readonly Registration[] = registrations([
  [1, "A", "RFC 1035"],
  [2, "NS", "RFC 1035"],
  [3, "MD", "RFC 1035"],
  [4, "MF", "RFC 1035"],
  [5, "CNAME", "RFC 1035"],
  [6, "SOA", "RFC 1035"],
  [7, "MB", "RFC 1035"],
  [8, "MG", "RFC 1035"],
  [9, "MR", "RFC 1035"],
  [10, "NULL", "RFC 1035"],
  [11, "WKS", "RFC 1035"],
  [12, "PTR", "RFC 1035"],
  [13, "HINFO", "RFC 1035"],
  [14, "MINFO", "RFC 1035"],
  [15, "MX", "RFC 1035"],
  [16, "TXT", "RFC 1035"],
  [17, "RP", "RFC 1183"],
  [18, "AFSDB", "RFC 1183"],
  [19, "X25", "RFC 1183"],
  [20, "ISDN", "RFC 1183"],
  [21, "RT", "RFC 1183"],
  [22, "NSAP", "RFC 1706"],
  [23, "NSAP-PTR", "RFC 1706"],
  [24, "SIG", "RFC 2931"],
  [25, "KEY", "RFC 2535"],
  [26, "PX", "RFC 2163"],
  [27, "GPOS", "RFC 1712"],
  [28, "AAAA", "RFC 3596"],
  [29, "LOC", "RFC 1876"],
  [30, "NXT", "RFC 2535"],
  [31, "EID", "draft-ietf-nimrod-dns", "1995-06"],
  [32, "NIMLOC", "draft-ietf-nimrod-dns", "1995-06"],
  [33, "SRV", "RFC 2782"],
  [34, "ATMA", "AF-DANS-0152.000"],
  [35, "NAPTR", "RFC 3403"],
  [36, "KX", "RFC 2230"],
  [37, "CERT", "RFC 4398"],
  [38, "A6", "RFC 2874"],
  [39, "DNAME", "RFC 6672"],
  [40, "SINK", "draft-eastlake-kitchen-sink", "1997-11"],
  [41, "OPT", "RFC 6891"],
  [42, "APL", "RFC 3123"],
  [43, "DS", "RFC 4034"],
  [44, "SSHFP", "RFC 4255"],
  [45, "IPSECKEY", "RFC 4025"],
  [46, "RRSIG", "RFC 4034"],
  [47, "NSEC", "RFC 4034"],
  [48, "DNSKEY", "RFC 4034"],
  [49, "DHCID", "RFC 4701"],
  [50, "NSEC3", "RFC 5155"],
  [51, "NSEC3PARAM", "RFC 5155"],
  [52, "TLSA", "RFC 6698"],
  [53, "SMIMEA", "RFC 8162", "2015-12-01"],
  [55, "HIP", "RFC 8005"],
  [56, "NINFO", "Jim Reid", "2008-01-21"],
  [57, "RKEY", "Jim Reid", "2008-01-21"],
  [58, "TALINK", "Wouter Wijngaards", "2010-02-17"],
  [59, "CDS", "RFC 7344", "2011-06-06"],
  [60, "CDNSKEY", "RFC 7344", "2014-06-16"],
  [61, "OPENPGPKEY", "RFC 7929", "2014-08-12"],
  [62, "CSYNC", "RFC 7477", "2015-01-27"],
  [63, "ZONEMD", "RFC 8976", "2018-12-12"],
  [64, "SVCB", "RFC 9460", "2020-06-30"],
  [65, "HTTPS", "RFC 9460", "2020-06-30"],
  [66, "DSYNC", "RFC 9859"],
  [67, "HHIT", "RFC 9886"],
  [68, "BRID", "RFC 9886"],
  [69, "UNECE", "draft-woodcock-faltstrom-external-registry-rrtypes"],
  [70, "ISO", "draft-woodcock-faltstrom-external-registry-rrtypes"],
  [99, "SPF", "RFC 7208"],
  [100, "UINFO", "IANA-Reserved"],
  [101, "UID", "IANA-Reserved"],
  [102, "GID", "IANA-Reserved"],
  [103, "UNSPEC", "IANA-Reserved"],
  [104, "NID", "RFC 6742"],
  [105, "L32", "RFC 6742"],
  [106, "L64", "RFC 6742"],
  [107, "LP", "RFC 6742"],
  [108, "EUI48", "RFC 7043", "2013-03-27"],
  [109, "EUI64", "RFC 7043", "2013-03-27"],
  [128, "NXNAME", "RFC 9824"],
  [249, "TKEY", "RFC 2930"],
  [250, "TSIG", "RFC 8945"],
  [251, "IXFR", "RFC 1995"],
  [252, "AXFR", "RFC 5936"],
  [253, "MAILB", "RFC 1035"],
  [254, "MAILA", "RFC 1035"],
  [255, "ANY", "RFC 8482"],
  [256, "URI", "RFC 7553", "2011-02-22"],
  [257, "CAA", "RFC 8659", "2011-04-07"],
  [258, "AVC", "Wolfgang Riedel", "2016-02-26"],
  [259, "DOA", "draft-durand-doa-over-dns", "2017-08-30"],
  [260, "AMTRELAY", "RFC 8777", "2019-02-06"],
  [261, "RESINFO", "RFC 9606", "2023-11-02"],
  [262, "WALLET", "Paul Hoffman"],
  [263, "CLA", "draft-johnson-dns-ipn-cla"],
  [264, "IPN", "draft-johnson-dns-ipn-cla"],
  [32768, "TA", "Sam Weiler", "2005-12-13"],
  [32769, "DLV", "RFC 4431"],
]);

/** Classes. */
export const CLASSES: readonly Registration[] = registrations([
  [1, "IN", "RFC 1035"],
  [3, "CH", "RFC 1035"],
  [4, "HS", "Project Athena Technical Plan"],
  [254, "NONE", "RFC 2136"],
  [255, "ANY", "RFC 1035"],
]);

/** Operations. */
export const OPCODES: readonly Registration[] = registrations([
  [0, "QUERY", "RFC 1035"],
  [1, "IQUERY", "RFC 3425"],
  [2, "STATUS", "RFC 1035"],
  [4, "NOTIFY", "RFC 1996"],
  [5, "UPDATE", "RFC 2136"],
  [6, "DSO", "RFC 8490"],
]);

/** Response codes of messages with an OPT record or none. In TSIG and TKEY records 16 is {@linkcode BADSIG}. */
export const RCODES: readonly Registration[] = registrations([
  [0, "NOERROR", "RFC 1035"],
  [1, "FORMERR", "RFC 1035"],
  [2, "SERVFAIL", "RFC 1035"],
  [3, "NXDOMAIN", "RFC 1035"],
  [4, "NOTIMP", "RFC 1035"],
  [5, "REFUSED", "RFC 1035"],
  [6, "YXDOMAIN", "RFC 2136"],
  [7, "YXRRSET", "RFC 2136"],
  [8, "NXRRSET", "RFC 2136"],
  [9, "NOTAUTH", "RFC 2136"],
  [10, "NOTZONE", "RFC 2136"],
  [11, "DSOTYPENI", "RFC 8490"],
  [16, "BADVERS", "RFC 6891"],
  [17, "BADKEY", "RFC 8945"],
  [18, "BADTIME", "RFC 8945"],
  [19, "BADMODE", "RFC 2930"],
  [20, "BADNAME", "RFC 2930"],
  [21, "BADALG", "RFC 2930"],
  [22, "BADTRUNC", "RFC 8945"],
  [23, "BADCOOKIE", "RFC 7873"],
]);

/** Meaning of 16 in the error field of TSIG and TKEY (RFC 8945 section 3). */
export const BADSIG = "BADSIG";

/** EDNS(0) options. */
export const EDNS_OPTIONS: readonly Registration[] = registrations([
  [1, "LLQ", "RFC 8764"],
  [2, "UPDATE-LEASE", "RFC 9664"],
  [3, "NSID", "RFC 5001"],
  [5, "DAU", "RFC 6975"],
  [6, "DHU", "RFC 6975"],
  [7, "N3U", "RFC 6975"],
  [8, "ECS", "RFC 7871"],
  [9, "EXPIRE", "RFC 7314"],
  [10, "COOKIE", "RFC 7873"],
  [11, "KEEPALIVE", "RFC 7828"],
  [12, "PADDING", "RFC 7830"],
  [13, "CHAIN", "RFC 7901"],
  [14, "KEY-TAG", "RFC 8145"],
  [15, "EDE", "RFC 8914"],
  [16, "CLIENT-TAG", "draft-bellis-dnsop-edns-tags"],
  [17, "SERVER-TAG", "draft-bellis-dnsop-edns-tags"],
  [18, "REPORT-CHANNEL", "RFC 9567"],
  [19, "ZONEVERSION", "RFC 9660"],
  [20, "MQTYPE-QUERY", "RFC 10029"],
  [21, "MQTYPE-RESPONSE", "RFC 10029"],
  [22, "EDE-EXTRA-TEXT-LANGUAGE", "draft-muks-dns-filtering"],
  [23, "FILTERING-CONTACT", "draft-muks-dns-filtering"],
  [24, "FILTERING-ORGANIZATION", "draft-muks-dns-filtering"],
  [25, "FILTERING-DB", "draft-muks-dns-filtering"],
  [26, "STRUCTURED-DNS-ERROR", "draft-ietf-dnsop-structured-dns-error"],
  [20292, "UMBRELLA-IDENT", "Cisco Umbrella"],
  [26946, "DEVICE-ID", "Cisco Umbrella"],
]);

/** Extended DNS errors (RFC 8914 section 5.2). */
export const EXTENDED_ERRORS: readonly Registration[] = registrations([
  [0, "Other Error", "RFC 8914"],
  [1, "Unsupported DNSKEY Algorithm", "RFC 8914"],
  [2, "Unsupported DS Digest Type", "RFC 8914"],
  [3, "Stale Answer", "RFC 8914"],
  [4, "Forged Answer", "RFC 8914"],
  [5, "DNSSEC Indeterminate", "RFC 8914"],
  [6, "DNSSEC Bogus", "RFC 8914"],
  [7, "Signature Expired", "RFC 8914"],
  [8, "Signature Not Yet Valid", "RFC 8914"],
  [9, "DNSKEY Missing", "RFC 8914"],
  [10, "RRSIGs Missing", "RFC 8914"],
  [11, "No Zone Key Bit Set", "RFC 8914"],
  [12, "NSEC Missing", "RFC 8914"],
  [13, "Cached Error", "RFC 8914"],
  [14, "Not Ready", "RFC 8914"],
  [15, "Blocked", "RFC 8914"],
  [16, "Censored", "RFC 8914"],
  [17, "Filtered", "RFC 8914"],
  [18, "Prohibited", "RFC 8914"],
  [19, "Stale NXDomain Answer", "RFC 8914"],
  [20, "Not Authoritative", "RFC 8914"],
  [21, "Not Supported", "RFC 8914"],
  [22, "No Reachable Authority", "RFC 8914"],
  [23, "Network Error", "RFC 8914"],
  [24, "Invalid Data", "RFC 8914"],
  [25, "Signature Expired before Valid", "Cloudflare", "2022-01-18"],
  [26, "Too Early", "RFC 9250"],
  [27, "Unsupported NSEC3 Iterations Value", "RFC 9276"],
  [28, "Unable to conform to policy", "draft-homburg-dnsop-codcp"],
  [29, "Synthesized", "PowerDNS"],
  [30, "Invalid Query Type", "RFC 9824"],
]);

/** Types of the TLVs of DSO messages (RFC 8490 section 10.3). */
export const DSO_TYPES: readonly Registration[] = registrations([
  [1, "KEEPALIVE", "RFC 8490"],
  [2, "RETRY-DELAY", "RFC 8490"],
  [3, "ENCRYPTION-PADDING", "RFC 8490"],
  [0x40, "SUBSCRIBE", "RFC 8765"],
  [0x41, "PUSH", "RFC 8765"],
  [0x42, "UNSUBSCRIBE", "RFC 8765"],
  [0x43, "RECONFIRM", "RFC 8765"],
]);

/** Keys of service parameters (RFC 9460 section 14.3). */
export const SVC_PARAMS: readonly Registration[] = registrations([
  [0, "mandatory", "RFC 9460"],
  [1, "alpn", "RFC 9460"],
  [2, "no-default-alpn", "RFC 9460"],
  [3, "port", "RFC 9460"],
  [4, "ipv4hint", "RFC 9460"],
  [5, "ech", "RFC 9460"],
  [6, "ipv6hint", "RFC 9460"],
  [7, "dohpath", "RFC 9461"],
  [8, "ohttp", "RFC 9540"],
  [9, "tls-supported-groups", "draft-ietf-tls-key-share-prediction"],
  [10, "docpath", "RFC 9953"],
]);

/** Types of certificates in CERT records (RFC 4398 section 2.1). */
export const CERTIFICATE_TYPES: readonly Registration[] = registrations([
  [1, "PKIX", "RFC 4398"],
  [2, "SPKI", "RFC 4398"],
  [3, "PGP", "RFC 4398"],
  [4, "IPKIX", "RFC 4398"],
  [5, "ISPKI", "RFC 4398"],
  [6, "IPGP", "RFC 4398"],
  [7, "ACPKIX", "RFC 4398"],
  [8, "IACPKIX", "RFC 4398"],
  [253, "URI", "RFC 4398"],
  [254, "OID", "RFC 4398"],
]);

/** Schemes of DSYNC records (RFC 9859 section 6.2). */
export const DSYNC_SCHEMES: readonly Registration[] = registrations([[1, "NOTIFY", "RFC 9859"]]);

/** Types whose data is defined for the Internet class alone: in classes nobody knows, it is unknown data. */
export const INTERNET_TYPES: ReadonlySet<number> = new Set([1, 11, 22, 23, 26, 28, 33, 35, 36, 38, 42, 45, 49, 64, 65]);

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
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  ANY: 255,
} as const;

/** Numbers of the operations that code refers to. */
export const OPCODE = { QUERY: 0, UPDATE: 5, DSO: 6 } as const;

/** The Internet. */
export const CLASS_IN = 1;

/** Chaosnet. */
export const CLASS_CH = 3;

/** None (RFC 2136). */
export const CLASS_NONE = 254;

/** Any (RFC 1035 section 3.2.5). */
export const CLASS_ANY = 255;

/** Names of a registry by number. */
function byValue(rows: readonly Registration[]): ReadonlyMap<number, string> {
  return new Map(rows.map((row) => [row.value, row.name]));
}

/** Numbers of a registry by name. */
function byName(rows: readonly Registration[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [row.name, row.value]));
}

const TYPE_NAMES = byValue(TYPES);
const TYPE_NUMBERS = byName(TYPES);
const CLASS_NAMES = byValue(CLASSES);
const CLASS_NUMBERS = byName(CLASSES);
const OPCODE_NAMES = byValue(OPCODES);
const RCODE_NAMES = byValue(RCODES);
const RCODE_NUMBERS = byName(RCODES);
const EDNS_OPTION_NAMES = byValue(EDNS_OPTIONS);
const EXTENDED_ERROR_NAMES = byValue(EXTENDED_ERRORS);
const DSO_TYPE_NAMES = byValue(DSO_TYPES);

/** Number of a name, or the number a generic name holds. */
function numberOf(name: string, known: ReadonlyMap<string, number>, prefix: string): number | undefined {
  const upper = name.toUpperCase();
  const value = known.get(upper);
  if (value !== undefined) return value;
  const digits = upper.startsWith(prefix) ? upper.slice(prefix.length) : "";
  return /^[0-9]{1,5}$/.test(digits) && Number(digits) <= 0xffff ? Number(digits) : undefined;
}

/**
 * Names a record type.
 *
 * @param type number of a record type, 0 to 65535
 * @returns its mnemonic, or `TYPE<number>` (RFC 3597 section 5)
 */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/**
 * Finds a record type by its name.
 *
 * @param name mnemonic of a record type or `TYPE<number>`, in any case
 * @returns its number; undefined where there is no such type
 */
export function typeNumber(name: string): number | undefined {
  return numberOf(name, TYPE_NUMBERS, "TYPE");
}

/**
 * Names a class.
 *
 * @param dnsClass number of a class, 0 to 65535
 * @returns its mnemonic, or `CLASS<number>` (RFC 3597 section 5)
 */
export function className(dnsClass: number): string {
  return CLASS_NAMES.get(dnsClass) ?? `CLASS${dnsClass}`;
}

/**
 * Finds a class by its name.
 *
 * @param name mnemonic of a class or `CLASS<number>`, in any case
 * @returns its number; undefined where there is no such class
 */
export function classNumber(name: string): number | undefined {
  return numberOf(name, CLASS_NUMBERS, "CLASS");
}

/**
 * Names a response code.
 *
 * @param rcode extended response code, 0 to 4095
 * @returns its mnemonic, or `RCODE<number>`
 */
export function rcodeName(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;
}

/**
 * Finds a response code by its name.
 *
 * @param name mnemonic of a response code or TSIG error, or a number with or without `RCODE` before it
 * @returns the number; undefined where there is none
 */
export function rcodeNumber(name: string): number | undefined {
  return name.toUpperCase() === BADSIG
    ? 16
    : numberOf(name, RCODE_NUMBERS, "RCODE") ?? numberOf(name, RCODE_NUMBERS, "");
}

/**
 * Names the error of a TSIG or TKEY record.
 *
 * @param error error field of a TSIG or TKEY record, 0 to 65535
 * @returns its mnemonic, or the number, as BIND shows it
 */
export function tsigErrorName(error: number): string {
  return error === 16 ? BADSIG : RCODE_NAMES.get(error) ?? String(error);
}

/**
 * Names an operation.
 *
 * @param opcode number of an operation, 0 to 15
 * @returns its mnemonic, or `OPCODE<number>`
 */
export function opcodeName(opcode: number): string {
  return OPCODE_NAMES.get(opcode) ?? `OPCODE${opcode}`;
}

/**
 * Names an EDNS option.
 *
 * @param code number of an EDNS option, 0 to 65535
 * @returns its mnemonic, or `OPT<number>`
 */
export function ednsOptionName(code: number): string {
  return EDNS_OPTION_NAMES.get(code) ?? `OPT${code}`;
}

/**
 * Names an extended DNS error.
 *
 * @param code number of an extended DNS error, 0 to 65535
 * @returns its purpose as the registry has it; empty where it has none
 */
export function extendedErrorName(code: number): string {
  return EXTENDED_ERROR_NAMES.get(code) ?? "";
}

/**
 * Names the type of a DSO TLV.
 *
 * @param type number of a DSO TLV, 0 to 65535
 * @returns its mnemonic, or `DSO<number>`
 */
export function dsoTypeName(type: number): string {
  return DSO_TYPE_NAMES.get(type) ?? `DSO${type}`;
}

/**
 * Tells whether a record type is registered.
 *
 * @param type number of a record type
 * @returns whether the registry has it
 */
export function isKnownType(type: number): boolean {
  return TYPE_NAMES.has(type);
}

/**
 * Tells whether a class is registered.
 *
 * @param dnsClass number of a class
 * @returns whether the registry has it
 */
export function isKnownClass(dnsClass: number): boolean {
  return CLASS_NAMES.has(dnsClass);
}

/**
 * Tells whether an operation is registered.
 *
 * @param opcode number of an operation
 * @returns whether the registry has it
 */
export function isKnownOpcode(opcode: number): boolean {
  return OPCODE_NAMES.has(opcode);
}

/**
 * Tells whether a response code is registered.
 *
 * @param rcode extended response code
 * @returns whether the registry has it
 */
export function isKnownRcode(rcode: number): boolean {
  return RCODE_NAMES.has(rcode);
}
