import assert from "node:assert/strict";
import { message } from "../_fixtures.ts";
import { EDNS_OPTIONS } from "../iana.ts";
import { decodeMessage, type DnsMessage, type EdnsOption, encodeMessage, tryDecodeMessage } from "../mod.ts";

/** A query whose OPT record holds `data`; `ttl` and `owner` are hexadecimal. */
function withOpt(data: string, ttl = "00000000", owner = "00"): Uint8Array<ArrayBuffer> {
  const size = (data.replaceAll(" ", "").length / 2).toString(16).padStart(4, "0");
  return message(
    { flags: 0x0100, questions: 1, additionals: 1 },
    `00 0001 0001 ${owner} 0029 04d0 ${ttl} ${size} ${data}`,
  );
}

/** Data of an OPT record with one option. */
function option(code: number, data: string): string {
  const size = data.replaceAll(" ", "").length / 2;
  return `${code.toString(16).padStart(4, "0")} ${size.toString(16).padStart(4, "0")} ${data}`;
}

/** The only OPT record of a message. */
function optOf(read: DnsMessage | undefined): { data: string; options: EdnsOption[] } {
  const record = read?.additionals[0];
  assert.equal(record?.type, 41);
  return { data: record.data, options: record.fields?.["options"] as EdnsOption[] };
}

/** Code, data, what is shown of it, what it means. */
const GOOD: readonly (readonly [code: number, data: string, text: string, value: unknown])[] = [
  [1, "0001 0001 0000 0102030405060708 00000e10", "llq=1/1/0/0102030405060708/3600", {
    version: 1,
    opcode: 1,
    error: 0,
    id: "0102030405060708",
    leaseSeconds: 3600,
  }],
  [2, "00000e10", "update-lease=3600", { leaseSeconds: 3600 }],
  [2, "00000e10 00127500", "update-lease=3600/1209600", { leaseSeconds: 3600, keyLeaseSeconds: 1209600 }],
  [3, "", 'nsid=""', ""],
  [3, "67 70 64 6e 73 1b", 'nsid="gpdns\\027"', "gpdns\\027"],
  [5, "05 07 08", "dau=5,7,8", [5, 7, 8]],
  [6, "01 02", "dhu=1,2", [1, 2]],
  [7, "", "n3u", []],
  [8, "0001 18 00 c00002", "ecs=192.0.2.0/24/0", { family: 1, sourcePrefix: 24, scopePrefix: 0, address: "192.0.2.0" }],
  [8, "0001 14 20 c000f0", "ecs=192.0.240.0/20/32", {
    family: 1,
    sourcePrefix: 20,
    scopePrefix: 32,
    address: "192.0.240.0",
  }],
  [8, "0001 20 20 c0000201", "ecs=192.0.2.1/32/32", {
    family: 1,
    sourcePrefix: 32,
    scopePrefix: 32,
    address: "192.0.2.1",
  }],
  [8, "0001 00 00", "ecs=0.0.0.0/0/0", { family: 1, sourcePrefix: 0, scopePrefix: 0, address: "0.0.0.0" }],
  [8, "0002 38 00 20010db8fd1342", "ecs=2001:db8:fd13:4200::/56/0", {
    family: 2,
    sourcePrefix: 56,
    scopePrefix: 0,
    address: "2001:db8:fd13:4200::",
  }],
  [8, "0000 00 00", "ecs=/0/0", { family: 0, sourcePrefix: 0, scopePrefix: 0, address: "" }],
  [9, "", "expire", {}],
  [9, "00093a80", "expire=604800", { seconds: 604800 }],
  [10, "0102030405060708", "cookie=0102030405060708", { client: "0102030405060708" }],
  [10, "0102030405060708 1112131415161718", "cookie=0102030405060708/1112131415161718", {
    client: "0102030405060708",
    server: "1112131415161718",
  }],
  [10, `0102030405060708 ${"aa".repeat(32)}`, `cookie=0102030405060708/${"aa".repeat(32)}`, {
    client: "0102030405060708",
    server: "aa".repeat(32),
  }],
  [11, "", "keepalive", {}],
  [11, "012c", "keepalive=30000", { timeoutMs: 30000 }],
  [12, "", "padding=0", { size: 0 }],
  [12, "000000", "padding=3", { size: 3 }],
  [13, "07 6578616d706c65 00", "chain=example", "example"],
  [14, "4a5c 4f66", "key-tag=19036,20326", [19036, 20326]],
  [15, "0016", "ede=22", { code: 22, purpose: "No Reachable Authority", text: "", escaped: "" }],
  [15, "0012 626c 6fc3bc", 'ede=18/"blo\\195\\188"', {
    code: 18,
    purpose: "Prohibited",
    text: "bloü",
    escaped: "blo\\195\\188",
  }],
  [15, "0012 efbfbd", 'ede=18/"\\239\\191\\189"', {
    code: 18,
    purpose: "Prohibited",
    text: "\ufffd",
    escaped: "\\239\\191\\189",
  }],
  [15, "ffff", "ede=65535", { code: 65535, purpose: "", text: "", escaped: "" }],
  [16, "1234", "client-tag=4660", 4660],
  [17, "1234", "server-tag=4660", 4660],
  [18, "01 61 00", "report-channel=a", "a"],
  [19, "", "zoneversion", {}],
  [19, "02 00 7860ddb5", "zoneversion=2/0/2019614133", { labels: 2, type: 0, serial: 2019614133 }],
  [19, "02 f6 0102", "zoneversion=2/246/0102", { labels: 2, type: 246, version: "0102" }],
  [20, "001c 0041", "mqtype-query=AAAA,HTTPS", ["AAAA", "HTTPS"]],
  [21, "001c", "mqtype-response=AAAA", ["AAAA"]],
  [22, "656e", 'ede-extra-text-language="en"', "en"],
];

for (const [code, data, text, value] of GOOD) {
  Deno.test(`option ${code}: ${text.slice(0, 60)}`, () => {
    const bytes = withOpt(option(code, data));
    const read = decodeMessage(bytes);
    const { data: shown, options } = optOf(read);
    assert.equal(shown, `version=0 udp=1232 ${text}`);
    assert.deepEqual(options.map((one) => one.value), [value]);
    assert.deepEqual(options.map((one) => one.data), [data.replaceAll(" ", "")]);
    assert.deepEqual(read.anomalies, []);
    assert.deepEqual(encodeMessage(read), bytes);
  });
}

/** Code, data, what is shown of it, the anomaly. */
const BAD: readonly (readonly [title: string, code: number, data: string, key: string])[] = [
  ["17 octets", 1, "0001 0001 0000 0102030405060708 00000e", "llq"],
  ["19 octets", 1, "0001 0001 0000 0102030405060708 00000e10 00", "llq"],
  ["3 octets", 2, "000e10", "update-lease"],
  ["7 octets", 2, "00000e10 127500", "update-lease"],
  ["9 octets", 2, "00000e10 00127500 00", "update-lease"],
  ["3 octets", 8, "0001 00", "ecs"],
  ["an octet too few", 8, "0001 18 00 c000", "ecs"],
  ["an octet too many", 8, "0001 18 00 c0000200", "ecs"],
  ["bits after the prefix", 8, "0001 14 00 c000f8", "ecs"],
  ["IPv4 prefix of 33", 8, "0001 21 00 c000020180", "ecs"],
  ["IPv4 scope of 33", 8, "0001 18 21 c00002", "ecs"],
  ["IPv6 prefix of 129", 8, `0002 81 00 ${"20".repeat(17)}`, "ecs"],
  ["bits after a prefix of 17", 8, "0001 11 00 c00040", "ecs"],
  ["family 0 with a prefix of 1", 8, "0000 01 00 80", "ecs"],
  ["family 0 with a scope of 1", 8, "0000 00 01", "ecs"],
  ["family 0 with a prefix", 8, "0000 08 00 0a", "ecs"],
  ["family 3", 8, "0003 18 00 c00002", "ecs"],
  ["3 octets", 9, "093a80", "expire"],
  ["5 octets", 9, "00093a8000", "expire"],
  ["7 octets", 10, "01020304050607", "cookie"],
  ["no octets", 10, "", "cookie"],
  ["9 octets", 10, "0102030405060708 11", "cookie"],
  ["15 octets", 10, "0102030405060708 11121314151617", "cookie"],
  ["41 octets", 10, `0102030405060708 ${"aa".repeat(33)}`, "cookie"],
  ["1 octet", 11, "01", "keepalive"],
  ["3 octets", 11, "012c00", "keepalive"],
  ["no name", 13, "", "chain"],
  ["something after the name", 13, "00 00", "chain"],
  ["no tag", 14, "", "key-tag"],
  ["1 octet", 14, "4a", "key-tag"],
  ["1 octet", 15, "00", "ede"],
  ["1 octet", 16, "12", "client-tag"],
  ["3 octets", 17, "123456", "server-tag"],
  ["a name cut short", 18, "02 61", "report-channel"],
  ["1 octet", 19, "02", "zoneversion"],
  ["a serial of 3 octets", 19, "02 00 60ddb5", "zoneversion"],
  ["a serial of 5 octets", 19, "02 00 7860ddb500", "zoneversion"],
  ["3 octets", 20, "001c 00", "mqtype-query"],
];

for (const [title, code, data, key] of BAD) {
  Deno.test(`option ${key} of ${title} is shown as it stands`, () => {
    const bytes = withOpt(option(code, data) + option(65001, "ff"));
    const { message: read, anomalies } = tryDecodeMessage(bytes);
    const { data: shown, options } = optOf(read);
    const digits = data.replaceAll(" ", "");
    assert.equal(shown, `version=0 udp=1232 ${key}${digits === "" ? "" : `=${digits}`} opt65001=ff`);
    assert.deepEqual(options.map((one) => "value" in one), [false, false]);
    assert.deepEqual(anomalies, [`edns-${key}-malformed`]);
    assert.throws(() => decodeMessage(bytes), { reason: `edns-${key}-malformed` });
    assert.deepEqual(encodeMessage(read ?? {}), bytes);
  });
}

/** Data and TTL of the OPT record, its presentation form, anomalies, and whether decodeMessage() refuses it. */
const ODD:
  readonly (readonly [title: string, bytes: Uint8Array, data: string, anomalies: string[], refused: boolean])[] = [
    ["DO", withOpt("", "00008000"), "version=0 udp=1232 flags=do", [], false],
    ["version 1", withOpt("", "00010000"), "version=1 udp=1232", ["edns-version-unknown"], false],
    [
      "owner that is not the root",
      withOpt("", "00000000", "0161 00"),
      "version=0 udp=1232",
      ["opt-owner-not-root"],
      false,
    ],
    ["option header of 1 octet", withOpt("00"), "version=0 udp=1232", ["edns-option-truncated"], true],
    ["option header of 3 octets", withOpt("000a 00"), "version=0 udp=1232", ["edns-option-truncated"], true],
    ["option one octet past the end", withOpt("000a 0009 0102030405060708"), "version=0 udp=1232", [
      "edns-option-truncated",
    ], true],
    ["second option past the end", withOpt(`${option(11, "")} 000a 0001`), "version=0 udp=1232 keepalive", [
      "edns-option-truncated",
    ], true],
    [
      "padding that is not zeros",
      withOpt(option(12, "0001")),
      "version=0 udp=1232 padding=2",
      ["edns-padding-nonzero"],
      false,
    ],
    ["EDE text that is no UTF-8", withOpt(option(15, "0000 ff41")), 'version=0 udp=1232 ede=0/"\\255A"', [
      "edns-ede-text-not-utf8",
    ], false],
    ["EDE text cut in a character", withOpt(option(15, "0000 f09f98")), 'version=0 udp=1232 ede=0/"\\240\\159\\152"', [
      "edns-ede-text-not-utf8",
    ], false],
    ["unknown option", withOpt(option(65001, "c0ffee")), "version=0 udp=1232 opt65001=c0ffee", [], false],
    ["unknown option of no octets", withOpt(option(4, "")), "version=0 udp=1232 opt4", [], false],
    ["option without a defined form", withOpt(option(26946, "00")), "version=0 udp=1232 device-id=00", [], false],
    ["compressed name", withOpt(option(13, "c00c")), "version=0 udp=1232 chain=.", ["rdata-name-compressed"], false],
  ];

for (const [title, bytes, data, anomalies, refused] of ODD) {
  Deno.test(`OPT: ${title}`, () => {
    const result = tryDecodeMessage(bytes);
    assert.equal(optOf(result.message).data, data);
    assert.deepEqual(result.anomalies, anomalies);
    if (refused) assert.throws(() => decodeMessage(bytes), { reason: anomalies[0] });
    else assert.deepEqual(decodeMessage(bytes), result.message);
  });
}

const OPT = "00 0029 04d0 00000000 0000";

/** Counts and body; where OPT has no place. */
const MISPLACED: readonly (readonly [title: string, bytes: Uint8Array, anomalies: string[]])[] = [
  ["in the question", message({ questions: 1 }, "00 0029 0001"), ["opt-misplaced"]],
  ["in the answer", message({ flags: 0x8000, questions: 1, answers: 1 }, `00 0001 0001 ${OPT}`), ["opt-misplaced"]],
  ["in the authority", message({ flags: 0x8000, questions: 1, authorities: 1 }, `00 0001 0001 ${OPT}`), [
    "opt-misplaced",
  ]],
  ["twice", message({ questions: 1, additionals: 2 }, `00 0001 0001 ${OPT} ${OPT}`), ["opt-repeated"]],
];

for (const [title, bytes, anomalies] of MISPLACED) {
  Deno.test(`OPT ${title}`, () => assert.deepEqual(decodeMessage(bytes).anomalies, anomalies));
}

/** Flags word, upper bits, extended rcode. */
const RCODES: readonly (readonly [word: number, upper: string, rcode: number, anomalies: string[]])[] = [
  [0x8000, "01", 16, []],
  [0x8007, "01", 23, []],
  [0x8003, "00", 3, []],
  [0x8008, "01", 24, ["rcode-unknown"]],
  [0x800f, "ff", 4095, ["rcode-unknown"]],
];

for (const [word, upper, rcode, anomalies] of RCODES) {
  Deno.test(`extended rcode ${rcode} (RFC 6891 section 6.1.3)`, () => {
    const body = `00 0001 0001 00 0029 04d0 ${upper}000000 0000`;
    const bytes = message({ flags: word, questions: 1, additionals: 1 }, body);
    const read = decodeMessage(bytes);
    assert.equal(read.rcode, rcode);
    assert.deepEqual(read.anomalies, anomalies);
    assert.deepEqual(encodeMessage(read), bytes);
  });
}

Deno.test("the first OPT record has the rcode", () => {
  const body = "00 0001 0001 00 0029 04d0 01000000 0000 00 0029 04d0 02000000 0000";
  assert.equal(decodeMessage(message({ flags: 0x8000, questions: 1, additionals: 2 }, body)).rcode, 16);
});

Deno.test("every registered option is tried", () => {
  const tried = new Set([...GOOD.map(([code]) => code), 23, 24, 25, 26, 20292, 26946]);
  assert.deepEqual(EDNS_OPTIONS.filter(({ value }) => !tried.has(value)), []);
});
