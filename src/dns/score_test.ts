import assert from "node:assert/strict";
import { hex, message, ONE_ANSWER, QUERY, REFERRAL, SIX_ANSWERS } from "./_fixtures.ts";
import { encodeMessage, LOOKS_LIKE_DNS, scoreDns } from "./mod.ts";

const Q = "01 61 00 0001 0001";
const R = "c00c 0001 0001 0000003c 0004 c0000201";

/** What DNS looks like. */
const DNS: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ["query", QUERY],
  ["response", ONE_ANSWER],
  ["six answers", SIX_ANSWERS],
  ["referral", REFERRAL],
  [
    "query with OPT",
    encodeMessage({ questions: [{ name: "a", type: 28 }], additionals: [{ name: ".", type: 41, data: "" }] }),
  ],
  ["query for an unknown type", message({ questions: 1 }, "01 61 00 ff00 0001")],
  ["NXDOMAIN", message({ flags: 0x8583, questions: 1 }, Q)],
  ["NOTIFY", message({ flags: 0x2400, questions: 1 }, "01 61 00 0006 0001")],
  ["UPDATE", message({ flags: 0x2800, questions: 1, authorities: 1 }, `01 61 00 0006 0001 ${R}`)],
  ["DSO", message({ flags: 0x3000 }, "0001 0008 00003a98 0000ea60")],
  ["cut response", message({ flags: 0x8200, questions: 1, answers: 2 }, `${Q} ${R} c00c 00`)],
  ["cut response of no answers", message({ flags: 0x8200, questions: 1, answers: 2 }, Q)],
  ["mDNS query", message({ questions: 2 }, `01 61 00 0001 8001 01 62 00 001c 0001`)],
  ["mDNS query, second name compressed", message({ questions: 2 }, "01 61 00 0001 8001 c00c 001c 0001")],
  ["label of 63 octets", message({ questions: 1 }, `3f ${"61".repeat(63)} 00 0001 0001`)],
  [
    "pointer to the octet before it",
    message({ flags: 0x8000, questions: 1, answers: 1 }, "00 0001 0001 c010 0001 0001 00000000 0004 c0000201"),
  ],
  ["mDNS response", message({ flags: 0x8400, answers: 1 }, "01 61 00 0001 8001 0000003c 0004 c0000201")],
  ["transfer, later message", message({ flags: 0x8400, answers: 1 }, "01 61 00 0001 0001 0000003c 0004 c0000201")],
];

for (const [title, bytes] of DNS) {
  Deno.test(`scoreDns() takes for DNS: ${title}`, () => {
    const score = scoreDns(bytes);
    assert.ok(score >= LOOKS_LIKE_DNS && score <= 1, `${score}`);
  });
}

/** What does not, and the score it gets. */
const OTHER: readonly (readonly [title: string, bytes: Uint8Array, score: number])[] = [
  ["nothing", new Uint8Array(0), 0],
  ["11 octets", QUERY.slice(0, 11), 0],
  ["12 zero octets", new Uint8Array(12), 0],
  ["48 zero octets", new Uint8Array(48), 0],
  ["NTP client", hex(`23 00 06 20 ${"00".repeat(44)}`), 0],
  ["STUN binding request", hex("0001 0000 2112a442 0102030405060708090a0b0c"), 0],
  ["header of an error alone", message({ flags: 0x8001 }, ""), 0.4],
  ["header of an error and an octet", message({ flags: 0x8001 }, "00"), 0],
  ["header of no error", message({ flags: 0x8000 }, ""), 0],
  ["opcode 3", message({ flags: 0x1800, questions: 1 }, Q), 0],
  ["opcode 7", message({ flags: 0x3800, questions: 1 }, Q), 0],
  ["query with rcode for the root", message({ flags: 0x0001, questions: 1 }, "00 0001 0001"), 0],
  ["query with rcode of two questions", message({ flags: 0x0001, questions: 2 }, `${Q} ${Q}`), 0],
  ["NOTIFY with rcode", message({ flags: 0x2001, questions: 1 }, Q), 0],
  ["DSO with rcode", message({ flags: 0x3001 }, "0001 0000"), 0],
  ["query for the root with an octet too many", message({ questions: 1 }, "00 0001 0001 00"), 0],
  ["response with an octet too many", message({ flags: 0x8000, questions: 1 }, `${Q} 00`), 0],
  ["UPDATE with an octet too many", message({ flags: 0x2800, questions: 1 }, `${Q} 00`), 0],
  ["an octet too few", message({ questions: 1 }, Q.slice(0, -2)), 0],
  ["counts that cannot fit", message({ questions: 2 }, Q), 0],
  ["record counts that cannot fit", message({ flags: 0x8000, questions: 1, answers: 2 }, `${Q} ${R}`), 0],
  ["unknown class", message({ questions: 1 }, "01 61 00 0001 0002"), 0],
  ["forward pointer", message({ questions: 1 }, "c00c 0001 0001"), 0],
  ["pointer into the header", message({ questions: 1 }, "c00b 0001 0001"), 0],
  ["reserved label", message({ questions: 1 }, `40 ${"61".repeat(64)} 00 0001 0001`), 0],
  [
    "name of 256 octets",
    message({ questions: 1 }, `${`3f${"61".repeat(63)}`.repeat(3)} 3e${"61".repeat(62)} 00 0001 0001`),
    0,
  ],
  ["name of 257 octets", message({ questions: 1 }, `${"0161".repeat(128)} 00 0001 0001`), 0],
  [
    "pointer to itself in a record",
    message({ flags: 0x8000, questions: 1, answers: 1 }, "00 0001 0001 c011 0001 0001 00000000 0000"),
    0,
  ],
  ["pointer to the last octet of the header", message({ questions: 1 }, "c00b 0001 0001"), 0],
  ["cut question", message({ flags: 0x8200, questions: 1 }, "01 61 00 00"), 0],
  ["NetBIOS name query", message({ flags: 0x0110, questions: 1 }, `20 ${"4150".repeat(16)} 00 0020 0001`), 0],
  [
    "NetBIOS status response",
    message({ flags: 0x8400, answers: 1 }, `20 ${"4541".repeat(16)} 00 0021 0001 00000000 0000`),
    0,
  ],
  ["DSO of nothing", message({ flags: 0x3000 }, ""), 0],
  ["DSO with an octet too many", message({ flags: 0x3000 }, "0001 0000 00"), 0],
  ["DSO TLV past the end", message({ flags: 0x3000 }, "0001 0001"), 0],
];

for (const [title, bytes, score] of OTHER) {
  Deno.test(`scoreDns() does not: ${title}`, () => assert.equal(scoreDns(bytes), score));
}

Deno.test("scoreDns() minds control characters, but no others, and most where there is nothing else", () => {
  const ofName = (name: string): number => scoreDns(message({ questions: 1 }, `${name} 00 0001 0001`));
  assert.equal(ofName("05 20ff7e8021"), 1);
  assert.equal(ofName("02 611f"), 0.9);
  assert.equal(ofName("02 7f61"), 0.9);
  assert.equal(ofName("02 1f1f 01 20"), 0.9);
  assert.equal(ofName("02 1f00 01 7f"), 0.4);
  assert.equal(ofName("01 1f"), 0.4);
});

/** What servers let pass must not hide a query on an unusual port. */
const LAX: readonly (readonly [title: string, bytes: Uint8Array, score: number])[] = [
  ["the Z bit", message({ flags: 0x0040, questions: 1 }, Q), 0.9],
  ["an rcode", message({ flags: 0x000f, questions: 1 }, Q), 0.9],
  ["an octet too many", message({ questions: 1 }, `${Q} 00`), 0.9],
  ["500 octets too many", message({ questions: 1 }, `${Q} ${"41".repeat(500)}`), 0.9],
  ["a type nobody knows", message({ questions: 1 }, "01 61 00 ff00 0001"), 0.9],
  ["a control character", message({ questions: 1 }, "02 611f 00 0001 0001"), 0.9],
  ["two questions", message({ questions: 2 }, `${Q} ${Q}`), 0.8],
  ["no question, but a record", message({ additionals: 1 }, "01 61 00 0010 0001 00000000 0002 0161"), 0.8],
  [
    "QDCOUNT 3, the Z bit and a type nobody knows",
    message({ flags: 0x0040, questions: 3 }, `${Q} ${Q} 01 62 00 ff00 0001`),
    0.6,
  ],
  ["all of it", message({ flags: 0x004f, questions: 1 }, "02 611f 00 ff00 0001 00"), 0.5],
];

for (const [title, bytes, score] of LAX) {
  Deno.test(`scoreDns() is not deceived by ${title}`, () => {
    assert.equal(scoreDns(bytes), score);
    assert.ok(score >= LOOKS_LIKE_DNS);
  });
}

Deno.test("scoreDns() takes names that are almost those of NetBIOS", () => {
  const labels = [["4140", "0021"], ["4151", "0021"], ["4150", "0001"]] as const;
  for (const [last, type] of labels) {
    const label = type === "0001" ? last : "4150";
    const bytes = message({ questions: 1 }, `20 ${label.repeat(15)} ${last} 00 ${type} 0001`);
    assert.ok(scoreDns(bytes) >= LOOKS_LIKE_DNS, `${last} ${type}`);
  }
  assert.ok(scoreDns(message({ questions: 1 }, `20 40 ${"41".repeat(31)} 00 0021 0001`)) >= LOOKS_LIKE_DNS);
  assert.equal(scoreDns(message({ questions: 1 }, `20 ${"4150".repeat(16)} 01 61 00 0021 0001`)), 1);
});

Deno.test("scoreDns() takes a name of 255 octets", () => {
  assert.ok(scoreDns(message({ questions: 1 }, `${"0161".repeat(127)} 00 0001 0001`)) >= LOOKS_LIKE_DNS);
});

Deno.test("scoreDns() scores what is usual above what is not", () => {
  const usual = scoreDns(message({ questions: 1 }, Q));
  for (
    const [title, bytes] of [
      ["Z bit", message({ flags: 0x0040, questions: 1 }, Q)],
      ["query with answers", message({ questions: 1, answers: 1 }, `${Q} ${R}`)],
      [
        "an unknown type besides",
        message({ flags: 0x8000, questions: 1, answers: 1 }, `${Q} c00c ff00 0001 0000003c 0000`),
      ],
      ["a control character", message({ questions: 1 }, "02 611f 00 0001 0001")],
      ["a delete character", message({ questions: 1 }, "02 7f61 00 0001 0001")],
      ["two questions", message({ questions: 2 }, `${Q} ${Q}`)],
      ["an old operation", message({ flags: 0x1000, questions: 1 }, Q)],
    ] as const
  ) assert.ok(scoreDns(bytes) < usual, title);
});

/** What is usual to what degree. */
const SCORES: readonly (readonly [title: string, bytes: Uint8Array, score: number])[] = [
  ["query", message({ questions: 1 }, Q), 1],
  ["query with one record", message({ questions: 1, additionals: 1 }, `${Q} ${R}`), 1],
  ["query with two records", message({ questions: 1, additionals: 2 }, `${Q} ${R} ${R}`), 1],
  ["query with three records", message({ questions: 1, additionals: 3 }, `${Q} ${R} ${R} ${R}`), 0.8],
  ["response", message({ flags: 0x8000, questions: 1, answers: 1 }, `${Q} ${R}`), 1],
  ["response with rcode", message({ flags: 0x8003, questions: 1 }, Q), 0.8],
  ["response without records", message({ flags: 0x8000, questions: 1 }, Q), 0.8],
];

for (const [title, bytes, score] of SCORES) {
  Deno.test(`scoreDns() of a ${title}`, () => assert.equal(scoreDns(bytes), score));
}
