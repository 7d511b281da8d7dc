import assert from "node:assert/strict";
import { answer } from "../_fixtures.ts";
import { decodeMessage, encodeMessage, tryDecodeMessage } from "../mod.ts";

/** Parameters as they are on the wire, what is shown of them, and what they mean. */
const GOOD: readonly (readonly [title: string, params: string, text: string, value: Record<string, unknown>])[] = [
  ["alpn", "0001 0003 02 6832", 'alpn="h2"', { alpn: ["h2"] }],
  [
    "alpn with a comma and a backslash (RFC 9460 appendix D.2)",
    "0001 000c 08 665c6f6f2c626172 02 6832",
    'alpn="f\\\\\\\\oo\\\\,bar,h2"',
    {
      alpn: ["f\\\\oo,bar", "h2"],
    },
  ],
  ["alpn with a quote, a dot and a control character", "0001 0004 03 222e00", 'alpn="\\".\\000"', {
    alpn: ['\\".\\000'],
  }],
  ["alpn with escapes next to each other", "0001 0005 04 5c2c5c22", 'alpn="\\\\\\\\\\\\,\\\\\\\\\\""', {
    alpn: ['\\\\,\\\\\\"'],
  }],
  ["no-default-alpn beside alpn", "0001 0003 02 6832 0002 0000", 'alpn="h2" no-default-alpn', {
    alpn: ["h2"],
    "no-default-alpn": true,
  }],
  ["port", "0003 0002 01bb", "port=443", { port: 443 }],
  ["ipv4hint", "0004 0008 c0000201 c0000202", "ipv4hint=192.0.2.1,192.0.2.2", { ipv4hint: ["192.0.2.1", "192.0.2.2"] }],
  ["ipv6hint", `0006 0010 20010db8${"00".repeat(11)}01`, "ipv6hint=2001:db8::1", { ipv6hint: ["2001:db8::1"] }],
  ["ech", "0005 0003 010203", "ech=AQID", { ech: "AQID" }],
  ["dohpath", "0007 0010 2f646e732d71756572797b3f646e737d", 'dohpath="/dns-query{?dns}"', {
    dohpath: "/dns-query{?dns}",
  }],
  ["ohttp", "0008 0000", "ohttp", { ohttp: true }],
  ["groups", "0009 0004 001d 0017", "tls-supported-groups=29,23", { "tls-supported-groups": [29, 23] }],
  [
    "mandatory",
    "0000 0004 0001 0004 0001 0003 02 6832 0004 0004 c0000201",
    'mandatory=alpn,ipv4hint alpn="h2" ipv4hint=192.0.2.1',
    {
      mandatory: ["alpn", "ipv4hint"],
      alpn: ["h2"],
      ipv4hint: ["192.0.2.1"],
    },
  ],
  ["unknown key", "ff00 0003 61 22 ff", 'key65280="a\\"\\255"', { key65280: 'a\\"\\255' }],
  ["unknown key with a space", "ff00 0003 61 20 62", 'key65280="a b"', { key65280: "a b" }],
  ["unknown key without value", "ff00 0000", "key65280", { key65280: "" }],
  ["key without a known form", "000a 0001 61", 'key10="a"', { key10: "a" }],
];

for (const [title, params, text, value] of GOOD) {
  Deno.test(`service parameters: ${title}`, () => {
    const bytes = answer(64, `0001 00 ${params}`);
    const read = decodeMessage(bytes);
    assert.equal(read.answers[0]?.data, `1 . ${text}`);
    assert.deepEqual(read.answers[0]?.fields, { priority: 1, target: ".", params: value });
    assert.deepEqual(read.anomalies, []);
    assert.deepEqual(encodeMessage(read, { compress: false }), bytes);
  });
}

/** Parameters of an octet too few or too many; the record is read all the same. */
const BAD: readonly (readonly [title: string, params: string, text: string, anomaly: string])[] = [
  ["alpn without ids", "0001 0000", "key1", "svcb-alpn-malformed"],
  ["alpn id of no octets", "0001 0004 02 6832 00", 'key1="\\002h2\\000"', "svcb-alpn-malformed"],
  ["alpn id past the value", "0001 0003 03 6832", 'key1="\\003h2"', "svcb-alpn-malformed"],
  [
    "no-default-alpn with a value",
    "0001 0003 02 6832 0002 0001 00",
    'alpn="h2" key2="\\000"',
    "svcb-no-default-alpn-malformed",
  ],
  ["port of 1 octet", "0003 0001 35", 'key3="5"', "svcb-port-malformed"],
  ["port of 3 octets", "0003 0003 003500", 'key3="\\0005\\000"', "svcb-port-malformed"],
  ["ipv4hint of 5 octets", "0004 0005 3131313131", 'key4="11111"', "svcb-ipv4hint-malformed"],
  ["ipv4hint of no octets", "0004 0000", "key4", "svcb-ipv4hint-malformed"],
  ["ipv6hint of 15 octets", `0006 000f ${"61".repeat(15)}`, `key6="${"a".repeat(15)}"`, "svcb-ipv6hint-malformed"],
  ["ohttp with a value", "0008 0001 61", 'key8="a"', "svcb-ohttp-malformed"],
  ["groups of 3 octets", "0009 0003 616161", 'key9="aaa"', "svcb-tls-supported-groups-malformed"],
  ["mandatory without keys", "0000 0000", "key0", "svcb-mandatory-malformed"],
  ["mandatory of 1 octet", "0000 0001 61", 'key0="a"', "svcb-mandatory-malformed"],
  ["mandatory in mandatory", "0000 0002 0000", 'key0="\\000\\000"', "svcb-mandatory-malformed"],
  [
    "mandatory keys out of order",
    "0000 0004 6162 6161 6161 0000 6162 0000",
    'key0="abaa" key24929 key24930',
    "svcb-mandatory-malformed",
  ],
  ["mandatory key twice", "0000 0004 6161 6161 6161 0000", 'key0="aaaa" key24929', "svcb-mandatory-malformed"],
];

for (const [title, params, text, anomaly] of BAD) {
  Deno.test(`service parameters: ${title}`, () => {
    const bytes = answer(65, `0001 00 ${params}`);
    const { message, anomalies } = tryDecodeMessage(bytes);
    assert.equal(message?.answers[0]?.data, `1 . ${text}`);
    assert.deepEqual(anomalies, [anomaly]);
    assert.throws(() => decodeMessage(bytes), { reason: anomaly });
    assert.deepEqual(encodeMessage(message ?? {}, { compress: false }), bytes);
  });
}

/** All of the data, what is shown of it, anomalies, and whether decodeMessage() refuses it. */
const ODD: readonly (readonly [title: string, data: string, text: string, anomalies: string[], refused: boolean])[] = [
  ["alias", "0000 01 61 00", "0 a", [], false],
  ["alias with parameters", "0000 01 61 00 0003 0002 0035", "0 a port=53", ["svcb-alias-with-params"], false],
  [
    "keys out of order",
    "0001 00 0003 0002 0035 0001 0003 02 6832",
    '1 . port=53 alpn="h2"',
    ["svcb-keys-unsorted"],
    true,
  ],
  ["keys out of order by one", "0001 00 0003 0002 0035 0002 0000", "1 . port=53 no-default-alpn", [
    "svcb-keys-unsorted",
    "svcb-alpn-missing",
  ], true],
  ["key twice", "0001 00 0003 0002 0035 0003 0002 0036", "1 . port=53 port=54", ["svcb-key-repeated"], true],
  ["key twice, not in a row", "0001 00 0003 0002 0035 ff00 0000 0003 0002 0036", "1 . port=53 key65280 port=54", [
    "svcb-key-repeated",
  ], true],
  ["mandatory key that is missing", "0001 00 0000 0002 0001 0003 0002 0035", "1 . mandatory=alpn port=53", [
    "svcb-mandatory-missing",
  ], false],
  ["no-default-alpn alone", "0001 00 0002 0000", "1 . no-default-alpn", ["svcb-alpn-missing"], false],
];

for (const [title, data, text, anomalies, refused] of ODD) {
  Deno.test(`service binding: ${title}`, () => {
    const bytes = answer(65, data);
    const result = tryDecodeMessage(bytes);
    assert.equal(result.message?.answers[0]?.data, text);
    assert.deepEqual(result.anomalies, anomalies);
    if (refused) assert.throws(() => decodeMessage(bytes), { reason: anomalies[0] });
    else assert.deepEqual(decodeMessage(bytes), result.message);
  });
}

/** Data that ends too early. */
const CUT: readonly (readonly [title: string, data: string])[] = [
  ["priority of 1 octet", "00"],
  ["no target", "0001"],
  ["key of 1 octet", "0001 00 00"],
  ["no length", "0001 00 0003"],
  ["length of 1 octet", "0001 00 0003 00"],
  ["value of a parameter past the end", "0001 00 0003 0003 0035"],
];

for (const [title, data] of CUT) {
  Deno.test(`service binding cut: ${title}`, () => {
    const bytes = answer(64, data);
    const digits = data.replaceAll(" ", "");
    const { message, anomalies } = tryDecodeMessage(bytes);
    assert.equal(message?.answers[0]?.data, `\\# ${digits.length / 2} ${digits}`);
    assert.deepEqual(anomalies, ["rdata-short"]);
  });
}

Deno.test("service binding: an alias with one octet after its name is no parameter, but something", () => {
  assert.deepEqual(tryDecodeMessage(answer(64, "0000 00 00")).anomalies, ["svcb-alias-with-params", "rdata-short"]);
});
