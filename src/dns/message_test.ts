import assert from "node:assert/strict";
import { answer, HOSTILE, message } from "./_fixtures.ts";
import { decodeMessage, type DecodeOptions, type DnsMessage, encodeMessage, tryDecodeMessage } from "./mod.ts";

/** A question for A of `a`, 7 octets. */
const QUESTION = "01 61 00 0001 0001";

/** A record A of `a`, pointing to the question: 16 octets. */
const RECORD = "c00c 0001 0001 0000003c 0004 c0000201";

const QUESTIONS = [{ name: "a", type: 1, class: 1 }];
const ANSWER = { name: "a", type: 1, class: 1, ttl: 60, data: "192.0.2.1", fields: { address: "192.0.2.1" } };

Deno.test("tryDecodeMessage() needs 12 octets", () => {
  for (const size of [0, 1, 2, 11]) {
    const bytes = new Uint8Array(size);
    assert.deepEqual(tryDecodeMessage(bytes), { message: undefined, anomalies: ["header-truncated"] }, `${size}`);
    assert.throws(() => decodeMessage(bytes), { name: "DnsDecodeError", reason: "header-truncated", offset: size });
  }
  assert.deepEqual(tryDecodeMessage(new Uint8Array(12)).message, {
    id: 0,
    isResponse: false,
    opcode: 0,
    flags: 0,
    rcode: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    anomalies: ["question-missing"],
  });
});

Deno.test("tryDecodeMessage() gives the anomalies beside the message and in it", () => {
  const { message: read, anomalies } = tryDecodeMessage(message({ questions: 1 }, ""));
  assert.deepEqual(anomalies, ["count-too-large"]);
  assert.equal(read?.anomalies, anomalies);
});

Deno.test("decodeMessage() reads a response of all sections", () => {
  const bytes = message(
    { flags: 0x85b3, questions: 1, answers: 1, authorities: 1, additionals: 1 },
    `${QUESTION} ${RECORD} c00c 0002 0001 00000e10 0005 026e73 c00c 00 0029 04d0 00000000 0000`,
  );
  const expected: DnsMessage = {
    id: 0x1234,
    isResponse: true,
    opcode: 0,
    flags: 0x05b0,
    rcode: 3,
    questions: QUESTIONS,
    answers: [ANSWER],
    authorities: [{ name: "a", type: 2, class: 1, ttl: 3600, data: "ns.a", fields: { target: "ns.a" } }],
    additionals: [{
      name: ".",
      type: 41,
      class: 1232,
      ttl: 0,
      data: "version=0 udp=1232",
      fields: { version: 0, udpSize: 1232, dnssecOk: false, options: [] },
    }],
    anomalies: [],
  };
  assert.deepEqual(decodeMessage(bytes), expected);
  assert.deepEqual(encodeMessage(expected), bytes);
});

/** What is expected of a message that is odd or cut, beside its id. */
interface Case {
  title: string;
  bytes: Uint8Array;
  anomalies: string[];
  /** What differs from an empty message. */
  found?: Partial<DnsMessage>;
  /** Reason decodeMessage() refuses it with; absent where it does not. */
  refused?: string;
  options?: DecodeOptions;
}

const RESPONSE = { isResponse: true, questions: QUESTIONS };

const CASES: readonly Case[] = [
  {
    title: "QDCOUNT 2 (RFC 9619)",
    bytes: message({ questions: 2 }, `${QUESTION} ${QUESTION}`),
    anomalies: ["question-repeated"],
    found: { questions: [...QUESTIONS, ...QUESTIONS] },
  },
  {
    title: "QDCOUNT 65535 in a short message",
    bytes: message({ questions: 65535 }, QUESTION),
    anomalies: ["count-too-large"],
    found: { questions: QUESTIONS },
    refused: "count-too-large",
  },
  {
    title: "all record counts 65535 in 40 octets",
    bytes: message(
      { flags: 0x8000, questions: 1, answers: 65535, authorities: 65535, additionals: 65535 },
      `${QUESTION} ${RECORD}`,
    ),
    anomalies: ["count-too-large"],
    found: { ...RESPONSE, answers: [ANSWER] },
    refused: "count-too-large",
  },
  {
    title: "no question in a query",
    bytes: message({}, ""),
    anomalies: ["question-missing"],
  },
  {
    title: "no question in a query, but a cookie (RFC 7873 section 5.4)",
    bytes: message({ additionals: 1 }, "00 0029 04d0 00000000 000c 000a 0008 0102030405060708"),
    anomalies: [],
    found: {
      additionals: [{
        name: ".",
        type: 41,
        class: 1232,
        ttl: 0,
        data: "version=0 udp=1232 cookie=0102030405060708",
        fields: {
          version: 0,
          udpSize: 1232,
          dnssecOk: false,
          options: [{ code: 10, name: "COOKIE", data: "0102030405060708", value: { client: "0102030405060708" } }],
        },
      }],
    },
  },
  {
    title: "response without question",
    bytes: message({ flags: 0x8000, answers: 1 }, "01 61 00 0001 0001 0000003c 0004 c0000201"),
    anomalies: ["question-missing"],
    found: { isResponse: true, answers: [ANSWER] },
  },
  {
    title: "error response without question",
    bytes: message({ flags: 0x8001 }, ""),
    anomalies: [],
    found: { isResponse: true, rcode: 1 },
  },
  {
    title: "query with answers",
    bytes: message({ questions: 1, answers: 1 }, `${QUESTION} ${RECORD}`),
    anomalies: ["query-with-answers"],
    found: { questions: QUESTIONS, answers: [ANSWER] },
  },
  {
    title: "query with an rcode",
    bytes: message({ flags: 0x0002, questions: 1 }, QUESTION),
    anomalies: ["rcode-in-query"],
    found: { rcode: 2, questions: QUESTIONS },
  },
  {
    title: "unknown rcode",
    bytes: message({ flags: 0x800c, questions: 1 }, QUESTION),
    anomalies: ["rcode-unknown"],
    found: { ...RESPONSE, rcode: 12 },
  },
  {
    title: "octets after the last record",
    bytes: message({ questions: 1 }, `${QUESTION} 00`),
    anomalies: ["trailing-bytes"],
    found: { questions: QUESTIONS },
    refused: "trailing-bytes",
  },
  {
    title: "an octet after the last record",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} ${RECORD} 00`),
    anomalies: ["trailing-bytes"],
    found: { isResponse: true, questions: QUESTIONS, answers: [ANSWER] },
    refused: "trailing-bytes",
  },
  {
    title: "Z bit",
    bytes: message({ flags: 0x0040, questions: 1 }, QUESTION),
    anomalies: ["z-bit-set"],
    found: { flags: 0x0040, questions: QUESTIONS },
  },
  {
    title: "opcode 3, which nobody has defined",
    bytes: message({ flags: 0x1800, questions: 1 }, QUESTION),
    anomalies: ["opcode-unknown"],
    found: { opcode: 3, questions: QUESTIONS },
  },
  {
    title: "IQUERY with an answer (RFC 3425)",
    bytes: message({ flags: 0x0800, answers: 1 }, "00 0001 0001 0000003c 0004 c0000201"),
    anomalies: [],
    found: { opcode: 1, answers: [{ ...ANSWER, name: "." }] },
  },
  {
    title: "STATUS",
    bytes: message({ flags: 0x1000 }, ""),
    anomalies: [],
    found: { opcode: 2 },
  },
  {
    title: "NOTIFY with an answer (RFC 1996 section 3.7)",
    bytes: message({ flags: 0x2400, questions: 1, answers: 1 }, `${QUESTION} ${RECORD}`),
    anomalies: [],
    found: { opcode: 4, flags: 0x0400, questions: QUESTIONS, answers: [ANSWER] },
  },
  {
    title: "UPDATE: prerequisites and deletions without data (RFC 2136 section 2)",
    bytes: message(
      { flags: 0x2800, questions: 1, answers: 2, authorities: 3 },
      `01 61 00 0006 0001
       c00c 00ff 00ff 00000000 0000 ; name is in use
       c00c 0001 00fe 00000000 0000 ; no A exists
       c00c 00ff 00ff 00000000 0000 ; delete all RRsets
       c00c 0001 00ff 00000000 0000 ; delete RRset A
       c00c 0001 00fe 00000000 0004 c0000201 ; delete one A`,
    ),
    anomalies: [],
    found: {
      opcode: 5,
      questions: [{ name: "a", type: 6, class: 1 }],
      answers: [
        { name: "a", type: 255, class: 255, ttl: 0, data: "" },
        { name: "a", type: 1, class: 254, ttl: 0, data: "" },
      ],
      authorities: [
        { name: "a", type: 255, class: 255, ttl: 0, data: "" },
        { name: "a", type: 1, class: 255, ttl: 0, data: "" },
        { name: "a", type: 1, class: 254, ttl: 0, data: "192.0.2.1", fields: { address: "192.0.2.1" } },
      ],
    },
  },
  {
    title: "UPDATE: one octet of data is data",
    bytes: message(
      { flags: 0x2800, questions: 1, authorities: 1 },
      `01 61 00 0006 0001 c00c 0002 00fe 00000000 0001 00`,
    ),
    anomalies: [],
    found: {
      opcode: 5,
      questions: [{ name: "a", type: 6, class: 1 }],
      authorities: [{ name: "a", type: 2, class: 254, ttl: 0, data: ".", fields: { target: "." } }],
    },
  },
  {
    title: "UPDATE: A of class IN without data is malformed",
    bytes: message({ flags: 0x2800, questions: 1, authorities: 1 }, `01 61 00 0006 0001 c00c 0001 0001 00000000 0000`),
    anomalies: ["rdata-short"],
    found: {
      opcode: 5,
      questions: [{ name: "a", type: 6, class: 1 }],
      authorities: [{ name: "a", type: 1, class: 1, ttl: 0, data: "\\# 0" }],
    },
    refused: "rdata-short",
  },
  {
    title: "A of class ANY without data is malformed in a query's response",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 0001 00ff 00000000 0000`),
    anomalies: ["rdata-short"],
    found: { ...RESPONSE, answers: [{ name: "a", type: 1, class: 255, ttl: 0, data: "\\# 0" }] },
    refused: "rdata-short",
  },
  {
    title: "type ANY as a record",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 00ff 0001 00000000 0000`),
    anomalies: ["query-type-in-record"],
    found: { ...RESPONSE, answers: [{ name: "a", type: 255, class: 1, ttl: 0, data: "\\# 0" }] },
  },
  {
    title: "type 127, which is no query type",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 007f 0001 00000000 0000`),
    anomalies: [],
    found: { ...RESPONSE, answers: [{ name: "a", type: 127, class: 1, ttl: 0, data: "\\# 0" }] },
  },
  {
    title: "all flags, but no response",
    bytes: message({ flags: 0x7fff, questions: 1 }, QUESTION),
    anomalies: ["opcode-unknown", "z-bit-set", "rcode-unknown", "rcode-in-query"],
    found: { opcode: 15, flags: 0x07f0, rcode: 15, questions: QUESTIONS },
  },
  {
    title: "type AXFR as a record",
    bytes: message({ flags: 0x8000, questions: 1, additionals: 1 }, `${QUESTION} c00c 00fc 0001 00000000 0000`),
    anomalies: ["query-type-in-record"],
    found: { ...RESPONSE, additionals: [{ name: "a", type: 252, class: 1, ttl: 0, data: "\\# 0" }] },
  },
  {
    title: "TKEY in the answer (RFC 2930 section 4)",
    bytes: message(
      { flags: 0x8000, questions: 1, answers: 1 },
      `${QUESTION} 00 00f9 00ff 00000000 0011 00 00000001 00000002 0003 0000 0000 0000`,
    ),
    anomalies: [],
    found: {
      ...RESPONSE,
      answers: [{
        name: ".",
        type: 249,
        class: 255,
        ttl: 0,
        data: ". 19700101000001 19700101000002 3 NOERROR 0 0",
        fields: {
          algorithm: ".",
          inception: "19700101000001",
          expiration: "19700101000002",
          mode: 3,
          error: "NOERROR",
          key: "",
          other: "",
        },
      }],
    },
  },
  {
    title: "TTL with the top bit (RFC 2181 section 8)",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 0001 0001 80000000 0004 c0000201`),
    anomalies: ["ttl-negative"],
    found: { ...RESPONSE, answers: [{ ...ANSWER, ttl: 0 }] },
  },
  {
    title: "largest TTL",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 0001 0001 7fffffff 0004 c0000201`),
    anomalies: [],
    found: { ...RESPONSE, answers: [{ ...ANSWER, ttl: 2147483647 }] },
  },
  {
    title: "RDLENGTH one beyond the message",
    bytes: message({ flags: 0x8000, questions: 1, answers: 1 }, `${QUESTION} c00c 0001 0001 0000003c 0005 c0000201`),
    anomalies: ["rdata-truncated"],
    found: RESPONSE,
    refused: "rdata-truncated",
  },
  {
    title: "TC: a record cut in its data",
    bytes: message({ flags: 0x8200, questions: 1, answers: 2 }, `${QUESTION} ${RECORD} ${RECORD.slice(0, -2)}`),
    anomalies: ["truncated"],
    found: { ...RESPONSE, flags: 0x0200, answers: [ANSWER] },
  },
  {
    title: "TC: a record cut in its fixed part",
    bytes: message({ flags: 0x8200, questions: 1, answers: 2 }, `${QUESTION} ${RECORD} c00c 0001 0001 0000`),
    anomalies: ["truncated"],
    found: { ...RESPONSE, flags: 0x0200, answers: [ANSWER] },
  },
  {
    title: "TC: records left out",
    bytes: message({ flags: 0x8200, questions: 1, answers: 2 }, `${QUESTION} ${RECORD}`),
    anomalies: ["truncated"],
    found: { ...RESPONSE, flags: 0x0200, answers: [ANSWER] },
  },
  {
    title: "TC: a question cut",
    bytes: message({ flags: 0x8200, questions: 1 }, "01 61 00 00"),
    anomalies: ["truncated"],
    found: { isResponse: true, flags: 0x0200 },
  },
  {
    title: "TC: nothing but the header, counts and all left out",
    bytes: message({ flags: 0x8200 }, ""),
    anomalies: ["question-missing"],
    found: { isResponse: true, flags: 0x0200 },
  },
  {
    title: "TC does not excuse a loop",
    bytes: message({ flags: 0x8200, questions: 1 }, "c00c 0001 0001"),
    anomalies: ["pointer-loop"],
    found: { isResponse: true, flags: 0x0200 },
    refused: "pointer-loop",
  },
  {
    title: "without TC: a record cut in its fixed part",
    bytes: message({ flags: 0x8000, questions: 1, answers: 2 }, `${QUESTION} ${RECORD} c00c 0001 0001 0000003c 00`),
    anomalies: ["record-truncated"],
    found: { ...RESPONSE, answers: [ANSWER] },
    refused: "record-truncated",
  },
  {
    title: "without TC: a record cut in its name",
    bytes: message({ flags: 0x8000, questions: 1, answers: 2 }, `${QUESTION} ${RECORD} 01`),
    anomalies: ["record-truncated"],
    found: { ...RESPONSE, answers: [ANSWER] },
    refused: "record-truncated",
  },
  {
    title: "without TC: a question cut in its class",
    bytes: message({ questions: 1 }, "01 61 00 0001 00"),
    anomalies: ["question-truncated"],
    refused: "question-truncated",
  },
  {
    title: "malformed data is shown as unknown, and the next record read",
    bytes: message(
      { flags: 0x8000, questions: 1, answers: 2 },
      `${QUESTION} c00c 0001 0001 0000003c 0003 c00002 ${RECORD}`,
    ),
    anomalies: ["rdata-short"],
    found: { ...RESPONSE, answers: [{ name: "a", type: 1, class: 1, ttl: 60, data: "\\# 3 c00002" }, ANSWER] },
    refused: "rdata-short",
  },
  {
    title: "a loop in data is shown as unknown, and the next record read",
    bytes: message(
      { flags: 0x8000, questions: 1, answers: 2 },
      `${QUESTION} c00c 0002 0001 0000003c 0002 c01f ${RECORD}`,
    ),
    anomalies: ["pointer-loop"],
    found: { ...RESPONSE, answers: [{ name: "a", type: 2, class: 1, ttl: 60, data: "\\# 2 c01f" }, ANSWER] },
    refused: "pointer-loop",
  },
  {
    title: "unknown type and class",
    bytes: message(
      { flags: 0x8000, questions: 1, answers: 1 },
      `01 61 00 ff00 ff00 c00c ff00 ff00 0000003c 0004 deadbeef`,
    ),
    anomalies: [],
    found: {
      isResponse: true,
      questions: [{ name: "a", type: 65280, class: 65280 }],
      answers: [{ name: "a", type: 65280, class: 65280, ttl: 60, data: "\\# 4 deadbeef" }],
    },
  },
  {
    title: "TSIG last (RFC 8945 section 5.1)",
    bytes: message(
      { questions: 1, additionals: 1 },
      `${QUESTION} 00 00fa 00ff 00000000 0011 00 000000000001 012c 0000 1234 0000 0000`,
    ),
    anomalies: [],
    found: {
      questions: QUESTIONS,
      additionals: [{
        name: ".",
        type: 250,
        class: 255,
        ttl: 0,
        data: ". 1 300 0 4660 NOERROR 0",
        fields: { algorithm: ".", timeSigned: 1, fudge: 300, mac: "", originalId: 4660, error: "NOERROR", other: "" },
      }],
    },
  },
  {
    title: "TSIG before OPT",
    bytes: message(
      { questions: 1, additionals: 2 },
      `${QUESTION} 00 00fa 00ff 00000000 0011 00 000000000001 012c 0000 1234 0000 0000 00 0029 0200 00000000 0000`,
    ),
    anomalies: ["tsig-misplaced"],
    found: {
      questions: QUESTIONS,
      additionals: [
        {
          name: ".",
          type: 250,
          class: 255,
          ttl: 0,
          data: ". 1 300 0 4660 NOERROR 0",
          fields: { algorithm: ".", timeSigned: 1, fudge: 300, mac: "", originalId: 4660, error: "NOERROR", other: "" },
        },
        {
          name: ".",
          type: 41,
          class: 512,
          ttl: 0,
          data: "version=0 udp=512",
          fields: { version: 0, udpSize: 512, dnssecOk: false, options: [] },
        },
      ],
    },
  },
  {
    title: "DSO keepalive (RFC 8490 section 7.1)",
    bytes: message({ flags: 0x3000 }, "0001 0008 00003a98 0000ea60 0003 0002 0000"),
    anomalies: [],
    found: {
      opcode: 6,
      dsoTlvs: [
        { type: 1, name: "KEEPALIVE", data: "00003a980000ea60" },
        { type: 3, name: "ENCRYPTION-PADDING", data: "0000" },
      ],
    },
  },
  {
    title: "DSO of no TLV, as responses may be",
    bytes: message({ flags: 0xb000 }, ""),
    anomalies: [],
    found: { opcode: 6, isResponse: true, dsoTlvs: [] },
  },
  {
    title: "DSO TLV past the end",
    bytes: message({ flags: 0x3000 }, "0001 0000 f800 0003 0102"),
    anomalies: ["dso-truncated"],
    found: { opcode: 6, dsoTlvs: [{ type: 1, name: "KEEPALIVE", data: "" }] },
    refused: "dso-truncated",
  },
  {
    title: "DSO with one octet after the last TLV",
    bytes: message({ flags: 0x3000 }, "0001 0000 00"),
    anomalies: ["dso-truncated"],
    found: { opcode: 6, dsoTlvs: [{ type: 1, name: "KEEPALIVE", data: "" }] },
    refused: "dso-truncated",
  },
  {
    title: "DSO with a count that is not 0 has sections",
    bytes: message({ flags: 0x3000, questions: 1 }, QUESTION),
    anomalies: ["dso-with-sections"],
    found: { opcode: 6, questions: QUESTIONS },
  },
  {
    title: "mDNS query: two questions, QU bit, known answer (RFC 6762)",
    bytes: message({ questions: 2, answers: 1 }, `01 61 00 0001 8001 ${QUESTION} ${RECORD}`),
    options: { mdns: true },
    anomalies: [],
    found: { questions: [{ name: "a", type: 1, class: 1, unicastResponse: true }, ...QUESTIONS], answers: [ANSWER] },
  },
  {
    title: "mDNS response: cache-flush bit, no question",
    bytes: message({ flags: 0x8400, answers: 1 }, "01 61 00 0001 8001 0000003c 0004 c0000201"),
    options: { mdns: true },
    anomalies: [],
    found: { isResponse: true, flags: 0x0400, answers: [{ ...ANSWER, cacheFlush: true }] },
  },
  {
    title: "mDNS class 0x8000 is class 0 with the bit, 0x7fff is without",
    bytes: message(
      { questions: 2, answers: 2 },
      "00 0001 8000 00 0001 7fff 00 ff00 8000 00000000 0000 00 ff00 7fff 00000000 0000",
    ),
    options: { mdns: true },
    anomalies: [],
    found: {
      questions: [{ name: ".", type: 1, class: 0, unicastResponse: true }, { name: ".", type: 1, class: 0x7fff }],
      answers: [
        { name: ".", type: 0xff00, class: 0, ttl: 0, data: "\\# 0", cacheFlush: true },
        { name: ".", type: 0xff00, class: 0x7fff, ttl: 0, data: "\\# 0" },
      ],
    },
  },
  {
    title: "the same as unicast DNS: a class nobody knows",
    bytes: message({ flags: 0x8400, answers: 1 }, "01 61 00 0001 8001 0000003c 0004 c0000201"),
    anomalies: ["question-missing"],
    found: {
      isResponse: true,
      flags: 0x0400,
      answers: [{ name: "a", type: 1, class: 0x8001, ttl: 60, data: "\\# 4 c0000201" }],
    },
  },
  {
    title: "mDNS OPT: its class is a size, with or without the top bit",
    bytes: message({ flags: 0x8400, additionals: 1 }, "00 0029 9000 00001194 0000"),
    options: { mdns: true },
    anomalies: [],
    found: {
      isResponse: true,
      flags: 0x0400,
      additionals: [{
        name: ".",
        type: 41,
        class: 0x9000,
        ttl: 0x1194,
        data: "version=0 udp=36864",
        fields: { version: 0, udpSize: 36864, dnssecOk: false, options: [] },
      }],
    },
  },
];

for (const { title, bytes, anomalies, found, refused, options } of CASES) {
  Deno.test(`message: ${title}`, () => {
    const result = tryDecodeMessage(bytes, options);
    const empty = { id: 0x1234, isResponse: false, opcode: 0, flags: 0, rcode: 0 };
    const sections = { questions: [], answers: [], authorities: [], additionals: [] };
    assert.deepEqual(result.message, { ...empty, ...sections, ...found, anomalies });
    if (refused === undefined) {
      assert.deepEqual(decodeMessage(bytes, options), result.message);
      // What was cut off or corrected is gone.
      const lossy = anomalies.includes("truncated") || anomalies.includes("ttl-negative");
      if (!lossy) {
        assert.deepEqual(decodeMessage(encodeMessage(decodeMessage(bytes, options)), options), result.message);
      }
    } else assert.throws(() => decodeMessage(bytes, options), { name: "DnsDecodeError", reason: refused });
  });
}

Deno.test("64 KiB of records that point at one name of 255 octets take linear time and memory", () => {
  let reads = 0;
  const counting = new Proxy(HOSTILE, {
    get(target, property): unknown {
      reads++;
      return Reflect.get(target, property, target);
    },
  });
  const { answers } = decodeMessage(counting);
  assert.equal(answers.length, 4661);
  const name = answers[0]?.name ?? "";
  assert.equal(name.length, 127 * 5 - 1);
  assert.ok(answers.every((answer) => answer.name === name && answer.data === name));
  // Each octet is looked at once or twice; with the name read for each record it would be 2.4 million times.
  assert.ok(reads < HOSTILE.length * 2, `${reads} octets read`);
});

Deno.test("64 KiB of records that point at the end of 127 pointers stay bounded", () => {
  const chain = Array.from({ length: 126 }, (_, index) => (0xc000 + (index === 0 ? 12 : 26 + index * 2)).toString(16));
  const last = (0xc000 + 26 + 125 * 2).toString(16);
  const body = `00 0001 0001 00 ff00 0001 00000000 00fc ${chain.join("")} ${
    `${last} 0001 0001 00000000 0000`.repeat(5000)
  }`;
  const { message: read, anomalies } = tryDecodeMessage(message({ flags: 0x8000, questions: 1, answers: 5001 }, body));
  assert.equal(read?.answers.length, 5001);
  assert.deepEqual(anomalies, ["rdata-short"]);
});

/** An SVCB record of that many parameters, in falling order, and as many keys that are mandatory. */
function parameters(count: number): Uint8Array {
  const key = (index: number): string => index.toString(16).padStart(4, "0");
  const keys = Array.from({ length: count }, (_, index) => index + 1);
  const params = keys.toReversed().map((index) => `${key(index + 100)} 0000`).join("");
  return answer(64, `0001 00 0000 ${key(count * 2)} ${keys.map(key).join("")} ${params}`);
}

Deno.test("64 KiB of service parameters, none in order and all mandatory, take linear time", () => {
  const { message: read, anomalies } = tryDecodeMessage(parameters(10_000));
  assert.deepEqual(anomalies, ["svcb-keys-unsorted", "svcb-mandatory-missing"]);
  assert.equal(read?.answers[0]?.data.split(" ").length, 2 + 1 + 10_000);
  // Time would tell as well, but not on a busy machine.
  const { includes } = Array.prototype;
  let compared = 0;
  Array.prototype.includes = function (this: unknown[], ...args): boolean {
    compared += this.length;
    return includes.apply(this, args);
  };
  try {
    tryDecodeMessage(parameters(10_000));
  } finally {
    Array.prototype.includes = includes;
  }
  assert.ok(compared < 100_000, `${compared} keys compared`);
});
