import assert from "node:assert/strict";
import { answer, ANSWER_DATA_OFFSET } from "../_fixtures.ts";
import { INTERNET_TYPES, typeName, typeNumber, TYPES } from "../iana.ts";
import { decodeMessage, encodeMessage, tryDecodeMessage } from "../mod.ts";
import { ROWS } from "./_rows.ts";
import { SCHEMAS } from "./schemas.ts";

for (const [type, wire, data] of ROWS) {
  Deno.test(`${type} ${data.slice(0, 40)} is read and written`, () => {
    const bytes = answer(typeNumber(type) ?? 0, wire);
    const message = decodeMessage(bytes);
    assert.equal(message.answers[0]?.data, data);
    assert.deepEqual(
      message.anomalies,
      type === "TSIG" ? ["tsig-misplaced"] : type === "NXNAME" ? ["query-type-in-record"] : [],
    );
    assert.deepEqual(encodeMessage(message, { compress: false }), bytes);
  });
}

Deno.test("every record type with a defined form has one here", () => {
  const tested = new Set(ROWS.map(([type]) => type));
  assert.deepEqual([...SCHEMAS.keys()].map(typeName).filter((type) => !tested.has(type)), []);
  // No data form: NULL is anything, the rest are reserved, or exist in questions only.
  const formless = TYPES.filter(({ value }) => !SCHEMAS.has(value)).map(({ name }) => name);
  assert.deepEqual(formless, [
    "NULL",
    "OPT",
    "UNECE",
    "ISO",
    "UINFO",
    "UID",
    "GID",
    "UNSPEC",
    "NXNAME",
    "IXFR",
    "AXFR",
    "MAILB",
    "MAILA",
    "ANY",
  ]);
});

/** Type, wire form, structured form. */
const STRUCTURED: readonly (readonly [type: string, data: string, fields: Record<string, unknown>])[] = [
  ["A", "192.0.2.1", { address: "192.0.2.1" }],
  ["AAAA", "2001:db8::1", { address: "2001:db8::1" }],
  ["CNAME", "a.example", { target: "a.example" }],
  ["DNAME", "a.example", { target: "a.example" }],
  ["MX", "10 a.example", { preference: 10, exchange: "a.example" }],
  ["SRV", "1 2 3 a.example", { priority: 1, weight: 2, port: 3, target: "a.example" }],
  [
    "SOA",
    "a b 1 2 3 4 5",
    { mname: "a", rname: "b", serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  ],
  ["TXT", '"a" "" "b c"', { strings: ["a", "", "b c"] }],
  ["CAA", '128 issue "ca.example"', { flags: 128, tag: "issue", value: "ca.example" }],
  ["DS", "60485 5 1 2bb1", { keyTag: 60485, algorithm: 5, digestType: 1, digest: "2bb1" }],
  [
    "RRSIG",
    "A 5 3 86400 20030322173103 20030220173103 2642 example.com oJB1",
    {
      typeCovered: "A",
      algorithm: 5,
      labels: 3,
      originalTtl: 86400,
      expiration: "20030322173103",
      inception: "20030220173103",
      keyTag: 2642,
      signer: "example.com",
      signature: "oJB1",
    },
  ],
  ["NSEC", "a.example A TYPE1234", { next: "a.example", types: ["A", "TYPE1234"] }],
  [
    "NSEC3",
    "1 1 12 aabb 2T7B4G4V NS",
    { hashAlgorithm: 1, flags: 1, iterations: 12, salt: "aabb", nextHash: "2T7B4G4V", types: ["NS"] },
  ],
  [
    "SVCB",
    '16 a.example alpn="h2,h3" port=53 ipv4hint=192.0.2.1',
    { priority: 16, target: "a.example", params: { alpn: ["h2", "h3"], port: 53, ipv4hint: ["192.0.2.1"] } },
  ],
  ["TLSA", "3 1 1 d2ab", { usage: 3, selector: 1, matchingType: 1, data: "d2ab" }],
  ["WKS", "192.0.2.1 6 25", { address: "192.0.2.1", protocol: 6, ports: [25] }],
  ["IPSECKEY", "10 3 2 a.example AQID", {
    precedence: 10,
    gatewayType: 3,
    algorithm: 2,
    gateway: "a.example",
    publicKey: "AQID",
  }],
  [
    "LOC",
    "42 30 0.000 N 71 15 0.000 W -24m 30m 10000m 10m",
    {
      latitudeDegrees: 42.5,
      longitudeDegrees: -71.25,
      altitudeMetres: -24,
      sizeMetres: 30,
      horizontalPrecisionMetres: 10000,
      verticalPrecisionMetres: 10,
    },
  ],
];

for (const [type, data, fields] of STRUCTURED) {
  Deno.test(`${type} has its structured form`, () => {
    const bytes = encodeMessage({ answers: [{ name: "x", type: typeNumber(type) ?? 0, data }] });
    assert.deepEqual(tryDecodeMessage(bytes).message?.answers[0]?.fields, fields);
  });
}

Deno.test("DNSKEY has the key tag of RFC 4034 section 5.4", () => {
  const key =
    "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7" +
    "OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==";
  const bytes = encodeMessage({ answers: [{ name: "x", type: 48, data: `256 3 5 ${key}` }] });
  assert.equal(tryDecodeMessage(bytes).message?.answers[0]?.fields?.["keyTag"], 60485);
});

Deno.test("DNSKEY of algorithm 1 has a key tag of its own (RFC 4034 appendix B.1)", () => {
  const { message } = tryDecodeMessage(answer(48, "0100 03 01 0102030405"));
  assert.equal(message?.answers[0]?.fields?.["keyTag"], 0x0304);
});

/** Name, type, data, anomaly. Each is shown as unknown data, and refused by decodeMessage(). */
const MALFORMED: readonly (readonly [name: string, type: string, wire: string, anomaly: string])[] = [
  ["A of 0 octets", "A", "", "rdata-short"],
  ["A of 3 octets", "A", "c00002", "rdata-short"],
  ["A of 5 octets", "A", "c000020100", "rdata-long"],
  ["AAAA of 15 octets", "AAAA", "20010db8000000000000000000000000".slice(2), "rdata-short"],
  ["AAAA of 17 octets", "AAAA", "20010db800000000000000000000000000", "rdata-long"],
  ["name that stops before the end", "NS", "016100 ff", "rdata-long"],
  ["name that runs past the end", "NS", "0161", "rdata-short"],
  ["label that runs past the end", "NS", "0561", "rdata-short"],
  ["pointer cut in the middle", "NS", "c0", "rdata-short"],
  ["no name at all", "NS", "", "rdata-short"],
  ["MX without name", "MX", "000a", "rdata-short"],
  ["MX cut in the preference", "MX", "00", "rdata-short"],
  ["SOA without minimum", "SOA", "00 00 00000001 00000002 00000003 00000004", "rdata-short"],
  ["SOA with an octet more", "SOA", "00 00 00000001 00000002 00000003 00000004 00000005 00", "rdata-long"],
  ["TXT of 0 octets", "TXT", "", "rdata-short"],
  ["TXT string past the end", "TXT", "05 6162", "rdata-short"],
  ["second TXT string past the end", "TXT", "01 61 02 62", "rdata-short"],
  ["HINFO of one string", "HINFO", "01 61", "rdata-short"],
  ["SRV without target", "SRV", "0001 0002 0003", "rdata-short"],
  ["CAA of 1 octet", "CAA", "00", "rdata-short"],
  ["CAA tag of no octets", "CAA", "00 00 61", "caa-tag-empty"],
  ["CAA tag past the end", "CAA", "00 05 6162", "rdata-short"],
  ["URI without target is whole, without weight not", "URI", "0001 00", "rdata-short"],
  ["NAPTR without replacement", "NAPTR", "0001 0002 00 00 00", "rdata-short"],
  ["LOC of version 1", "LOC", "01 12 16 13 80000000 80000000 00989680", "loc-version"],
  ["LOC cut short", "LOC", "00 12 16 13 80000000 80000000 009896", "rdata-short"],
  ["LOC with size digit 10", "LOC", "00 a2 16 13 80000000 80000000 00989680", "loc-size"],
  ["LOC with size exponent 10", "LOC", "00 1a 16 13 80000000 80000000 00989680", "loc-size"],
  ["LOC north of the pole", "LOC", "00 12 16 13 934fd901 80000000 00989680", "loc-angle"],
  ["LOC west of the date line", "LOC", "00 12 16 13 80000000 59604dff 00989680", "loc-angle"],
  ["SSHFP without hash type", "SSHFP", "02", "rdata-short"],
  ["TLSA without matching type", "TLSA", "03 01", "rdata-short"],
  ["APL prefix of 33 bits", "APL", "0001 21 04 c0000201", "apl-prefix"],
  ["APL address of 5 octets", "APL", "0001 20 05 c000020100", "apl-prefix"],
  ["APL prefix of 129 bits", "APL", "0002 81 00", "apl-prefix"],
  ["APL of 1 octet", "APL", "00", "rdata-short"],
  ["APL address past the end", "APL", "0001 20 04 c00002", "rdata-short"],
  ["IPSECKEY gateway type 4", "IPSECKEY", "0a 04 02 00", "gateway-type"],
  ["IPSECKEY without gateway", "IPSECKEY", "0a 01 02 c00002", "rdata-short"],
  ["AMTRELAY type 4", "AMTRELAY", "0a 04", "gateway-type"],
  ["AMTRELAY with something after no relay", "AMTRELAY", "0a 00 00", "rdata-long"],
  ["HIP tag past the end", "HIP", "10 02 0000 2001", "rdata-short"],
  ["HIP key past the end", "HIP", "00 02 0004 2001", "rdata-short"],
  ["A6 prefix of 129 bits", "A6", "81 00", "a6-prefix"],
  ["A6 without prefix name", "A6", "40 1234567812345678", "rdata-short"],
  ["EUI48 of 5 octets", "EUI48", "00005e0053", "rdata-short"],
  ["EUI48 of 7 octets", "EUI48", "00005e00532a00", "rdata-long"],
  ["EUI64 of 7 octets", "EUI64", "00005e00532a00", "rdata-short"],
  ["NID of 9 octets", "NID", "000a 00144fffff20ee", "rdata-short"],
  ["L32 of 5 octets", "L32", "000a 0a0102", "rdata-short"],
  ["DNSKEY of 3 octets", "DNSKEY", "0100 03", "rdata-short"],
  ["DS of 3 octets", "DS", "0100 03", "rdata-short"],
  ["RRSIG without signer", "RRSIG", "0001 05 03 00000001 00000002 00000003 0004", "rdata-short"],
  ["NSEC windows out of order", "NSEC", "00 01 01 40 00 01 40", "bitmap-order"],
  ["NSEC window twice", "NSEC", "00 00 01 40 00 01 40", "bitmap-order"],
  ["NSEC window of no octets", "NSEC", "00 00 00", "bitmap-length"],
  ["NSEC window of 33 octets", "NSEC", `00 00 21 ${"01".repeat(33)}`, "bitmap-length"],
  ["NSEC window past the end", "NSEC", "00 00 02 40", "rdata-short"],
  ["NSEC window without length", "NSEC", "00 00", "rdata-short"],
  ["NSEC3 hash past the end", "NSEC3", "01 00 0001 00 14 00", "rdata-short"],
  ["NSEC3 salt past the end", "NSEC3", "01 00 0001 04 aabb", "rdata-short"],
  ["NXT map of 17 octets", "NXT", `00 ${"01".repeat(17)}`, "bitmap-length"],
  ["NXT map with bit 0", "NXT", "00 80", "bitmap-type-zero"],
  ["WKS map of 8193 octets", "WKS", `c0000201 06 ${"01".repeat(8193)}`, "bitmap-length"],
  ["TSIG MAC past the end", "TSIG", "00 000000000001 012c 0004 0102", "rdata-short"],
  ["TSIG other data past the end", "TSIG", "00 000000000001 012c 0000 1234 0000 0006 0000", "rdata-short"],
  ["TKEY without other size", "TKEY", "00 00000001 00000002 0003 0000 0000", "rdata-short"],
  ["ATMA of format 2", "ATMA", "02 00", "atma-format"],
  ["ATMA telephone number with a letter", "ATMA", "01 3141", "atma-format"],
  ["ATMA end system address of no octets", "ATMA", "00", "atma-format"],
  ["ATMA telephone number of no digits", "ATMA", "01", "atma-format"],
  ["X25 past the end", "X25", "02 31", "rdata-short"],
  ["ISDN of three strings", "ISDN", "0131 0132 0133", "rdata-long"],
  ["GPOS of two strings", "GPOS", "0131 0132", "rdata-short"],
  ["CSYNC of 5 octets", "CSYNC", "00000001 00", "rdata-short"],
  ["ZONEMD of 5 octets", "ZONEMD", "00000001 01", "rdata-short"],
  ["DSYNC without target", "DSYNC", "0001 01 0035", "rdata-short"],
  ["DOA without media type", "DOA", "00000000 00000001 02", "rdata-short"],
  ["IPN of 7 octets", "IPN", "00000000000000", "rdata-short"],
  ["CERT of 4 octets", "CERT", "0001 0001", "rdata-short"],
  ["SINK of 2 octets", "SINK", "00 01", "rdata-short"],
  ["RP of one name", "RP", "00", "rdata-short"],
];

for (const [name, type, wire, anomaly] of MALFORMED) {
  Deno.test(`malformed: ${name}`, () => {
    const bytes = answer(typeNumber(type) ?? 0, wire);
    const size = bytes.length - ANSWER_DATA_OFFSET;
    const digits = wire.replaceAll(" ", "");
    const { message, anomalies } = tryDecodeMessage(bytes);
    assert.equal(message?.answers[0]?.data, size === 0 ? "\\# 0" : `\\# ${size} ${digits}`);
    assert.equal("fields" in (message?.answers[0] ?? {}), false);
    assert.deepEqual(anomalies.filter((found) => found !== "tsig-misplaced"), [anomaly]);
    assert.throws(() => decodeMessage(bytes), { name: "DnsDecodeError", reason: anomaly });
  });
}

/** Name, type, data, presentation form, anomalies. Odd, but of a form that can be shown. */
const ODD: readonly (readonly [name: string, type: string, wire: string, data: string, anomalies: string[]])[] = [
  ["NSEC map with a zero octet at its end", "NSEC", "00 00 02 4000", ". A", ["bitmap-trailing-zero"]],
  ["NSEC map with bit 0", "NSEC", "00 00 01 c0", ". TYPE0 A", ["bitmap-type-zero"]],
  ["NSEC without map", "NSEC", "00", ".", []],
  ["NSEC window of 32 octets", "NSEC", `00 00 20 ${"00".repeat(31)}01`, ". ANY", []],
  ["NXT map of 16 octets", "NXT", `00 ${"00".repeat(15)}01`, ". TYPE127", []],
  ["NSEC next name compressed", "NSEC", "c00c 00 01 40", ". A", ["rdata-name-compressed"]],
  [
    "RRSIG signer compressed",
    "RRSIG",
    "0001 05 03 00000001 00000002 00000003 0004 c00c",
    "A 5 3 1 19700101000002 19700101000003 4 .",
    ["rdata-name-compressed"],
  ],
  ["SVCB target compressed", "SVCB", "0001 c00c", "1 .", ["rdata-name-compressed"]],
  ["SRV target compressed", "SRV", "0001 0002 0003 c00c", "1 2 3 .", []],
  ["NAPTR replacement compressed", "NAPTR", "0001 0002 00 00 00 c00c", '1 2 "" "" "" .', []],
  ["KX, RP, AFSDB, PX, DNAME names compressed", "RP", "c00c c00c", ". .", []],
  ["TXT string of 255 octets", "TXT", `ff ${"61".repeat(255)}`, `"${"a".repeat(255)}"`, []],
  ["TXT that ends in an empty string", "TXT", "01 61 00", '"a" ""', []],
  ["TXT that is no UTF-8", "TXT", "02 ff80", '"\\255\\128"', []],
  ["TXT with an escape sequence", "TXT", "05 1b5b316d0a", '"\\027[1m\\010"', []],
  ["URI with empty target", "URI", "0001 0002", '1 2 ""', []],
  ["CAA without value", "CAA", "80 01 61", '128 a ""', []],
  ["CAA tag with a dot", "CAA", "00 03 612e62", '0 a\\.b ""', ["caa-tag-odd"]],
  [
    "RRSIG times at the end of the 32 bits",
    "RRSIG",
    "0001 05 03 00000001 ffffffff 80000000 0004 00",
    "A 5 3 1 21060207062815 20380119031408 4 .",
    [],
  ],
  [
    "LOC at the pole",
    "LOC",
    "00 99 00 13 934fd900 59604e00 00000000",
    "90 0 0.000 N 180 0 0.000 W -100000m 90000000m 0m 10m",
    [],
  ],
  [
    "LOC at the origin",
    "LOC",
    "00 12 16 13 80000000 80000000 00989680",
    "0 0 0.000 N 0 0 0.000 E 0m 1m 10000m 10m",
    [],
  ],
  [
    "LOC just below it",
    "LOC",
    "00 12 16 13 7fffffff 7fffffff 00989680",
    "0 0 0.001 S 0 0 0.001 W 0m 1m 10000m 10m",
    [],
  ],
  ["WKS map of 8192 octets", "WKS", `c0000201 06 ${"00".repeat(8191)}01`, "192.0.2.1 6 65535", []],
  ["APL of nothing", "APL", "", "", []],
  ["APL address with zero octets", "APL", "0001 20 04 c0000200", "1:192.0.2.0/32", []],
  ["APL of 127 octets in an unknown family", "APL", `0003 08 7f ${"01".repeat(127)}`, `3:${"01".repeat(127)}/8`, []],
  ["A6 of no prefix", "A6", "00 20010db8000000000000000000000001", "0 2001:db8::1", []],
  ["KEY without key", "KEY", "c000 03 00", "49152 3 0", []],
  ["OPENPGPKEY of nothing", "OPENPGPKEY", "", "", []],
  ["WKS of no ports", "WKS", "c0000201 06", "192.0.2.1 6", []],
  ["IPSECKEY without gateway and key", "IPSECKEY", "0a 00 00", "10 0 0 .", []],
  ["HIP of nothing", "HIP", "00 02 0000", '2 "" ""', []],
];

for (const [name, type, wire, data, anomalies] of ODD) {
  Deno.test(`odd: ${name}`, () => {
    const result = tryDecodeMessage(answer(typeNumber(type) ?? 0, wire));
    assert.equal(result.message?.answers[0]?.data, data);
    assert.deepEqual(result.anomalies, anomalies);
  });
}

Deno.test("mDNS may compress names anywhere (RFC 6762 section 18.14)", () => {
  const nsec = answer(47, "c00c 00 01 40");
  assert.deepEqual(tryDecodeMessage(nsec, { mdns: true }).anomalies, []);
});

/** Class, type, data. */
const CLASSES: readonly (readonly [name: string, dnsClass: number, type: string, wire: string, data: string])[] = [
  ["CH A is a name and an octal number", 3, "A", "016100 01ff", "a 777"],
  ["CH TXT", 3, "TXT", "03 392e39", '"9.9"'],
  ["HS A is an address", 4, "A", "c0000201", "192.0.2.1"],
  ["A in an unknown class is unknown data", 65280, "A", "c0000201", "\\# 4 c0000201"],
  ["AAAA in class CH is unknown data", 3, "AAAA", "00", "\\# 1 00"],
  ["MX in an unknown class is still MX", 65280, "MX", "000a 00", "10 ."],
];

for (const [name, dnsClass, type, wire, data] of CLASSES) {
  Deno.test(`class: ${name}`, () => {
    const bytes = answer(typeNumber(type) ?? 0, wire, dnsClass);
    const message = decodeMessage(bytes);
    assert.equal(message.answers[0]?.data, data);
    assert.equal(message.answers[0]?.class, dnsClass);
    assert.deepEqual(encodeMessage(message, { compress: false }), bytes);
  });
}

Deno.test("types of the Internet class have forms", () => {
  for (const type of INTERNET_TYPES) assert.ok(SCHEMAS.has(type), typeName(type));
});

/** Type, data that cannot be written, part of the message. */
const UNWRITABLE: readonly (readonly [type: string, data: string, message: RegExp])[] = [
  ["A", "192.0.2", /no IPv4 address/],
  ["A", "192.0.2.256", /no IPv4 address/],
  ["AAAA", "2001:db8::1::2", /no IPv6 address/],
  ["AAAA", "2001:db8", /no IPv6 address/],
  ["AAAA", "1:2:3:4:5:6:7::8", /no IPv6 address/],
  ["AAAA", "12345::", /no IPv6 address/],
  ["MX", "65536 a", /no number up to 65535/],
  ["MX", "ten a", /no number up to 65535/],
  ["MX", "10", /a word is missing/],
  ["MX", "10 a b", /"b" is one word too many/],
  ["NS", "a..b", /empty label/],
  ["NS", ".a", /empty label/],
  ["NS", `${"a".repeat(64)}.b`, /longer than allowed/],
  ["NS", `${"a.".repeat(127)}b`, /longer than allowed/],
  ["NS", "\\256", /no octet/],
  ["TXT", `"${"a".repeat(256)}"`, /at most 255/],
  ["NSEC", "a FOO", /no record type/],
  ["DS", "1 2 3 0g", /not hexadecimal/],
  ["DS", "1 2 3 012", /not hexadecimal/],
  ["DNSKEY", "1 2 3 A_B", /no digit/],
  ["NSEC3", "1 0 0 - W", /no digit/],
  ["NSEC3PARAM", `1 0 0 ${"00".repeat(256)}`, /at most 255/],
  ["EUI48", "00-00", /6 wanted/],
  ["APL", "1:192.0.2.0", /no address prefix/],
  ["IPSECKEY", "1 4 2 a", /gateway type 4/],
  ["LOC", "1 2 3 X 1 2 3 E 0m", /N or S wanted/],
  ["LOC", "1 2 3 N 1 2 3 E x", /no metres/],
  ["RRSIG", "A 5 3 1 never 0 4 . AQ", /no time/],
  ["RRSIG", "A 5 3 1 0 4294967296 4 . AQ", /no time/],
  ["RRSIG", "A 5 3 1 0 -1 4 . AQ", /no time/],
  ["TSIG", "a 1 300 0 1 NOPE 0", /no TSIG error/],
  ["SVCB", "1 . nokey=1", /no service parameter/],
  ["SVCB", "1 . port=65536", /not 0 to 65535/],
  ["TYPE65280", "text", /written as \\# size/],
  ["A", "\\# 3 0102", /2 octets given/],
];

for (const [type, data, message] of UNWRITABLE) {
  Deno.test(`encodeMessage() refuses ${type} ${data.slice(0, 40)}`, () => {
    const answers = [{ name: "x", type: typeNumber(type) ?? 0, data }];
    assert.throws(() => encodeMessage({ answers }), { name: "RangeError", message });
  });
}

/** Type, another spelling, the one we use. */
const SPELLINGS: readonly (readonly [type: string, data: string, usual: string])[] = [
  ["LOC", "42 21 N 71 E 10", "42 21 0.000 N 71 0 0.000 E 10m 1m 10000m 10m"],
  ["RRSIG", "A 5 3 1 2 3 4 . AQ==", "A 5 3 1 19700101000002 19700101000003 4 . AQ=="],
  ["AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["AAAA", "64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ["DS", "1 2 3 0A 0b", "1 2 3 0a0b"],
  ["NSAP", "0x47.0005.80", "0x47000580"],
  ["RRSIG", "A 5 3 1 0 4294967295 4 . AQ==", "A 5 3 1 19700101000000 21060207062815 4 . AQ=="],
  ["SVCB", "1 a port=65535", "1 a port=65535"],
  ["NSEC3PARAM", `1 0 0 ${"00".repeat(255)}`, `1 0 0 ${"00".repeat(255)}`],
  ["TXT", `"${"a".repeat(255)}"`, `"${"a".repeat(255)}"`],
  ["TXT", "a \\098", '"a" "b"'],
  ["TXT", '"ü"', '"\\195\\188"'],
  ["SVCB", "1 a port=1 alpn=h2", '1 a alpn="h2" port=1'],
  ["TSIG", "a 1 300 0 1 RCODE4095 0", "a 1 300 0 1 4095 0"],
];

for (const [type, data, usual] of SPELLINGS) {
  Deno.test(`encodeMessage() takes ${type} ${data}`, () => {
    const bytes = encodeMessage({ answers: [{ name: "x", type: typeNumber(type) ?? 0, data }] });
    assert.equal(tryDecodeMessage(bytes).message?.answers[0]?.data, usual);
  });
}

/** Seconds, in hexadecimal, and the date they are. */
const TIMES = [
  ["00000000", "19700101000000"],
  ["0000003b", "19700101000059"],
  ["38bb0c00", "20000229000000"],
  ["3ff36300", "20040101000000"],
  ["3ff362ff", "20031231235959"],
  ["3fcbd600", "20031202000000"],
  ["404f7a80", "20040310202848"],
  ["f4865700", "21000101000000"],
  ["f4d41f80", "21000301000000"],
  ["ffffffff", "21060207062815"],
] as const;

for (const [seconds, date] of TIMES) {
  Deno.test(`the time 0x${seconds} is ${date}`, () => {
    const fields = decodeMessage(answer(46, `0001 05 03 00000001 ${seconds} 00000000 0004 00`)).answers[0]?.fields;
    assert.equal(fields?.["expiration"], date);
  });
}
