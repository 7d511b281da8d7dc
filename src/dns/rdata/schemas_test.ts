import assert from "node:assert/strict";
import { answer, ANSWER_DATA_OFFSET } from "../_fixtures.ts";
import { INTERNET_TYPES, typeName, typeNumber, TYPES } from "../iana.ts";
import { decodeMessage, encodeMessage, tryDecodeMessage } from "../mod.ts";
import { SCHEMAS } from "./schemas.ts";

/** Type, wire form, presentation form. Those that dnspython 2.3.0 knows were read by it, and agree. */
const ROWS: readonly (readonly [type: string, wire: string, data: string])[] = [
  ["A", "c0000201", "192.0.2.1"],
  ["NS", "036e7331076578616d706c6503636f6d00", "ns1.example.com"],
  ["MD", "046d61696c076578616d706c6503636f6d00", "mail.example.com"],
  ["MF", "046d61696c076578616d706c6503636f6d00", "mail.example.com"],
  ["CNAME", "03777777076578616d706c6503636f6d00", "www.example.com"],
  [
    "SOA",
    "036e7331076578616d706c6503636f6d000a686f73746d6173746572076578616d706c6503636f6d0078a3f17500001c2000000e10001275000000012c",
    "ns1.example.com hostmaster.example.com 2024010101 7200 3600 1209600 300",
  ],
  ["MB", "0161076578616d706c6500", "a.example"],
  ["MG", "0162076578616d706c6500", "b.example"],
  ["MR", "0163076578616d706c6500", "c.example"],
  ["NULL", "010203", "\\# 3 010203"],
  ["WKS", "c0000201060000044000000000000080", "192.0.2.1 6 21 25 80"],
  ["PTR", "04686f7374076578616d706c6503636f6d00", "host.example.com"],
  ["HINFO", "075246433834383200", '"RFC8482" ""'],
  ["MINFO", "0172076578616d706c65000165076578616d706c6500", "r.example e.example"],
  ["MX", "000a026d78076578616d706c6503636f6d00", "10 mx.example.com"],
  ["TXT", "0b763d73706631202d616c6c00076122625c6307ff", '"v=spf1 -all" "" "a\\"b\\\\c\\007\\255"'],
  ["RP", "036a6f65076578616d706c6503636f6d0003747874076578616d706c6503636f6d00", "joe.example.com txt.example.com"],
  ["AFSDB", "000103616673076578616d706c6503636f6d00", "1 afs.example.com"],
  ["X25", "0c333131303631373030393536", '"311061700956"'],
  ["ISDN", "0f31353038363230323830303332313703303034", '"150862028003217" "004"'],
  ["ISDN", "0f313530383632303238303033323137", '"150862028003217"'],
  ["RT", "000a0572656c6179076578616d706c6503636f6d00", "10 relay.example.com"],
  ["NSAP", "47000580005a0000000001e133ffffff00016100", "0x47000580005a0000000001e133ffffff00016100"],
  ["NSAP-PTR", "04686f7374076578616d706c6503636f6d00", "host.example.com"],
  [
    "SIG",
    "0001050300000e1040bbc7004092e8803039076578616d706c6503636f6d0001020304",
    "A 5 3 3600 20040601000000 20040501000000 12345 example.com AQIDBA==",
  ],
  ["KEY", "010003050103d22a6ca77f35b893206fd35e4c506d83788437", "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3"],
  ["KEY", "c0000300", "49152 3 0"],
  ["PX", "00320163076578616d706c6503636f6d000164076578616d706c6503636f6d00", "50 c.example.com d.example.com"],
  ["GPOS", "082d33322e36383832083131362e383635320431302e30", "-32.6882 116.8652 10.0"],
  ["GPOS", "0001310132", '"" 1 2'],
  ["AAAA", "20010db8000000000000000000000001", "2001:db8::1"],
  ["AAAA", "00000000000000000000ffffc0000201", "::ffff:192.0.2.1"],
  ["AAAA", "00000000000000000000000000000000", "::"],
  ["AAAA", "00010000000000020000000000000003", "1:0:0:2::3"],
  ["LOC", "0033161389172dd070be15f000988d20", "42 21 54.000 N 71 6 18.000 W -24m 30m 10000m 10m"],
  ["LOC", "000000008b0d2c8c7ff8fca400989680", "51 30 12.748 N 0 7 39.612 W 0m 0m 0m 0m"],
  ["NXT", "03626967076578616d706c650040000082", "big.example A SIG NXT"],
  ["EID", "e32c6f78163a9348", "e32c6f78163a9348"],
  ["NIMLOC", "32251a03", "32251a03"],
  ["SRV", "0000000513c403736970076578616d706c6503636f6d00", "0 5 5060 sip.example.com"],
  ["ATMA", "0039246f000e7c9c031200", "39246f000e7c9c031200"],
  ["ATMA", "013631323030303030303030", "+61200000000"],
  [
    "NAPTR",
    "00640032017310687474702b49324c2b4932432b49325200055f68747470045f746370066761746563680365647500",
    '100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp.gatech.edu',
  ],
  ["KX", "0001026b78076578616d706c6503636f6d00", "1 kx.example.com"],
  ["CERT", "00010001080102030405", "PKIX 1 8 AQIDBAU="],
  ["CERT", "fde80001080102030405", "65000 1 8 AQIDBAU="],
  ["A6", "40123456789abcdef0067375626e6574076578616d706c6503636f6d00", "64 ::1234:5678:9abc:def0 subnet.example.com"],
  ["A6", "0020010db8000000000000000000000001", "0 2001:db8::1"],
  ["A6", "800161076578616d706c6500", "128 a.example"],
  ["DNAME", "076578616d706c65036e657400", "example.net"],
  ["SINK", "004001010203", "0 64 1 AQID"],
  [
    "APL",
    "00011503c0a82000011c83c0a8260002200420010db8000307020a0b",
    "1:192.168.32.0/21 !1:192.168.38.0/28 2:2001:db8::/32 3:0a0b/7",
  ],
  ["APL", "", ""],
  ["DS", "ec4505012bb183af5f22588179a53b0a98631fad1a292118", "60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118"],
  ["SSHFP", "0201123456789abcdef67890123456789abcdef67890", "2 1 123456789abcdef67890123456789abcdef67890"],
  [
    "IPSECKEY",
    "0a0102c0000226010351537986ed35533b6064478eeeb27b5bd74dae149b6e81ba3a0521af82ab7801",
    "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ==",
  ],
  ["IPSECKEY", "0a0002010351537986", "10 0 2 . AQNRU3mG"],
  ["IPSECKEY", "0a020220010db8000080020000000020000001010351537986", "10 2 2 2001:db8:0:8002::2000:1 AQNRU3mG"],
  [
    "IPSECKEY",
    "0a0302096d7967617465776179076578616d706c6503636f6d00010351537986",
    "10 3 2 mygateway.example.com AQNRU3mG",
  ],
  [
    "RRSIG",
    "00010503000151803e7c9dd73e5510d70a52076578616d706c6503636f6d00a090755ba58d1affa576f4375831b4310920e481218d18a9f164eb",
    "A 5 3 86400 20030322173103 20030220173103 2642 example.com oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr",
  ],
  [
    "NSEC",
    "04686f7374076578616d706c6503636f6d000006400100000003041b000000000000000000000000000000000000000000000000000020",
    "host.example.com A MX RRSIG NSEC TYPE1234",
  ],
  [
    "DNSKEY",
    "010003050103d22a6ca77f35b893206fd35e4c506d8378843709b97e041647e1bff43d8d64c649af1e371973c9e8",
    "256 3 5 AQPSKmynfzW4kyBv015MUG2DeIQ3Cbl+BBZH4b/0PY1kxkmvHjcZc8no",
  ],
  [
    "DHCID",
    "000201636fc0b8271c82825bb1ac5c41cf5351aa69b4febd94e8f17cdb95000da48c40",
    "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
  ],
  [
    "NSEC3",
    "0101000c04aabbccdd14174eb2409fe28bcb4887a1836f957f0a8425e27b000722010000000290",
    "1 1 12 aabbccdd 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM",
  ],
  ["NSEC3", "010000000014174eb2409fe28bcb4887a1836f957f0a8425e27b", "1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR"],
  ["NSEC3PARAM", "0100000c04aabbccdd", "1 0 12 aabbccdd"],
  ["NSEC3PARAM", "0100000000", "1 0 0 -"],
  [
    "TLSA",
    "030101d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
    "3 1 1 d2abde240d7cd3ee6b4b28c54df034b97983a1d16e8a410e4561cb106618e971",
  ],
  ["SMIMEA", "030000308201", "3 0 0 308201"],
  [
    "HIP",
    "1002001b200100107b1a74df365639cc39f1d57803010001b771ca136e4aeb5ce44333c53b3d2c13c22243851fc7080472767331076578616d706c6503636f6d000472767332076578616d706c6503636f6d00",
    "2 200100107b1a74df365639cc39f1d578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI rvs1.example.com rvs2.example.com",
  ],
  ["HIP", "10020006200100107b1a74df365639cc39f1d57803010001b771", "2 200100107b1a74df365639cc39f1d578 AwEAAbdx"],
  ["NINFO", "027570", '"up"'],
  ["RKEY", "00000102010203", "0 1 2 AQID"],
  ["TALINK", "0161076578616d706c65000162076578616d706c6500", "a.example b.example"],
  ["CDS", "0000000000", "0 0 0 00"],
  ["CDNSKEY", "0000030000", "0 3 0 AA=="],
  ["OPENPGPKEY", "99008d033206", "mQCNAzIG"],
  ["CSYNC", "000000420003000460000008", "66 3 A NS AAAA"],
  ["ZONEMD", "7848b91c0101a69f9229", "2018031900 1 1 a69f9229"],
  ["SVCB", "000003666f6f076578616d706c6503636f6d00", "0 foo.example.com"],
  ["SVCB", "001003666f6f076578616d706c6503636f6d00000300020035", "16 foo.example.com port=53"],
  [
    "SVCB",
    "000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f",
    '1 foo.example.com key667="hello\\210qoo"',
  ],
  [
    "SVCB",
    "000103666f6f076578616d706c6503636f6d000006002020010db800000000000000000000000120010db8000000000000000000530001",
    "1 foo.example.com ipv6hint=2001:db8::1,2001:db8::53:1",
  ],
  [
    "SVCB",
    "001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201",
    '16 foo.example.org mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1',
  ],
  [
    "SVCB",
    "001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832",
    '16 foo.example.org alpn="f\\\\\\\\oo\\\\,bar,h2"',
  ],
  [
    "HTTPS",
    "0001000001000302683200020000000500040046fe0d000700102f646e732d71756572797b3f646e737d0008000000090004001d0017",
    '1 . alpn="h2" no-default-alpn ech=AEb+DQ== dohpath="/dns-query{?dns}" ohttp tls-supported-groups=29,23',
  ],
  ["DSYNC", "003b0114ef077363616e6e6572076578616d706c65036e657400", "CDS NOTIFY 5359 scanner.example.net"],
  ["DSYNC", "ff000714ef077363616e6e6572076578616d706c65036e657400", "TYPE65280 7 5359 scanner.example.net"],
  ["HHIT", "830a69336666303030303030303061", "gwppM2ZmMDAwMDAwMDBh"],
  ["BRID", "830a69336666", "gwppM2Zm"],
  ["SPF", "0b763d73706631202d616c6c", '"v=spf1 -all"'],
  ["NID", "000a00144fffff20ee64", "10 0014:4fff:ff20:ee64"],
  ["L32", "000a0a010200", "10 10.1.2.0"],
  ["L64", "000a20010db811401000", "10 2001:0db8:1140:1000"],
  ["LP", "000a0b6c36342d7375626e657431076578616d706c6503636f6d00", "10 l64-subnet1.example.com"],
  ["EUI48", "00005e00532a", "00-00-5e-00-53-2a"],
  ["EUI64", "00005eef1000002a", "00-00-5e-ef-10-00-00-2a"],
  [
    "TKEY",
    "086773732d74736967004092e88040943a000003001100030102030000",
    "gss-tsig 20040501000000 20040502000000 3 BADKEY 3 AQID 0",
  ],
  [
    "TSIG",
    "0b686d61632d7368613235360000006553f100012c000401020304123400100000",
    "hmac-sha256 1700000000 300 4 AQIDBA== 4660 BADSIG 0",
  ],
  [
    "TSIG",
    "0b686d61632d7368613235360000006553f100012c000012340012000600006553f100",
    "hmac-sha256 1700000000 300 0 4660 BADTIME 6 AABlU/EA",
  ],
  ["URI", "000a00016674703a2f2f667470312e6578616d706c652e636f6d2f7075626c6963", '10 1 "ftp://ftp1.example.com/public"'],
  [
    "CAA",
    "800569737375656c657473656e63727970742e6f72673b20706f6c6963793d6576",
    '128 issue "letsencrypt.org; policy=ev"',
  ],
  ["AVC", "1f6170702d6e616d653a574f4c4647414e477c6170702d636c6173733a4f414d", '"app-name:WOLFGANG|app-class:OAM"'],
  ["DOA", "0000000000000001020068747470733a2f2f7777772e6973632e6f72672f", '0 1 2 "" aHR0cHM6Ly93d3cuaXNjLm9yZy8='],
  ["DOA", "499602d2499602d20109696d6167652f676966", '1234567890 1234567890 1 "image/gif" -'],
  ["AMTRELAY", "0a01cb00710f", "10 0 1 203.0.113.15"],
  ["AMTRELAY", "0a8309616d7472656c617973076578616d706c6503636f6d00", "10 1 3 amtrelays.example.com"],
  ["AMTRELAY", "0000", "0 0 0 ."],
  ["RESINFO", "08716e616d656d696e0f6578746572723d31352c31362c3137", '"qnamemin" "exterr=15,16,17"'],
  ["WALLET", "03425443043141317a", '"BTC" "1A1z"'],
  ["CLA", "095443502d76342d7636", '"TCP-v4-v6"'],
  ["IPN", "ffffffffffffffff", "18446744073709551615"],
  ["TA", "ec4505012bb183af", "60485 5 1 2bb183af"],
  ["DLV", "ec4505012bb183af", "60485 5 1 2bb183af"],
  ["UNECE", "0102", "\\# 2 0102"],
  ["ISO", "ff", "\\# 1 ff"],
  ["UINFO", "ff", "\\# 1 ff"],
  ["NXNAME", "", "\\# 0"],
  ["TYPE65280", "deadbeef", "\\# 4 deadbeef"],
];

for (const [type, wire, data] of ROWS) {
  Deno.test(`${type} ${data.slice(0, 40)} is read and written`, () => {
    const bytes = answer(typeNumber(type) ?? 0, wire);
    const message = decodeMessage(bytes);
    assert.equal(message.answers[0]?.data, data);
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
  ["TXT that is no UTF-8", "TXT", "02 ff80", '"\\255\\128"', []],
  ["TXT with an escape sequence", "TXT", "05 1b5b316d0a", '"\\027[1m\\010"', []],
  ["URI with empty target", "URI", "0001 0002", '1 2 ""', []],
  ["CAA without value", "CAA", "80 01 61", '128 a ""', []],
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
  ["TXT", "a \\098", '"a" "b"'],
  ["TXT", '"ü"', '"\\195\\188"'],
  ["SVCB", "1 a port=1 alpn=h2", '1 a alpn="h2" port=1'],
  ["TSIG", "a 1 300 0 1 RCODE4095 0", "a 1 300 0 1 RCODE4095 0"],
];

for (const [type, data, usual] of SPELLINGS) {
  Deno.test(`encodeMessage() takes ${type} ${data}`, () => {
    const bytes = encodeMessage({ answers: [{ name: "x", type: typeNumber(type) ?? 0, data }] });
    assert.equal(tryDecodeMessage(bytes).message?.answers[0]?.data, usual);
  });
}
