import assert from "node:assert/strict";
import { hex, message } from "./_fixtures.ts";
import { DnsDecodeError } from "../errors.ts";
import { decodeMessage, encodeMessage, nameKey, tryDecodeMessage } from "./mod.ts";
import { nameOctets } from "./name.ts";

/** Type A, class IN. */
const FIXED = "0001 0001";

/** One label of `length` octets, each an `a`. */
function label(length: number): string {
  return length.toString(16).padStart(2, "0") + "61".repeat(length);
}

/** Body of a question whose name is `name`, which stands at offset 12, and what it must read as. */
const READABLE: readonly (readonly [title: string, name: string, text: string])[] = [
  ["the root", "00", "."],
  ["one label", "01 61 00", "a"],
  ["a label of 63 octets", `${label(63)} 00`, "a".repeat(63)],
  ["a label of 32 octets", `${label(32)} 01 62 00`, `${"a".repeat(32)}.b`],
  ["a label of 33 octets", `${label(33)} 01 62 00`, `${"a".repeat(33)}.b`],
  ["127 labels of one octet, 255 octets in all", `${"0161".repeat(127)} 00`, Array(127).fill("a").join(".")],
  [
    "four labels, 255 octets in all",
    `${label(63).repeat(3)} ${label(61)} 00`,
    `${`${"a".repeat(63)}.`.repeat(3)}${"a".repeat(61)}`,
  ],
  ["a label of 33 octets after another", `01 62 ${label(33)} 00`, `b.${"a".repeat(33)}`],
  ["upper and lower case", "05 77577721 2d 00", "wWw!-"],
  ["syntax of zone files", "09 2e5c22403b24282921 00", '\\.\\\\\\"\\@\\;\\$\\(\\)!'],
  ["control characters and a space", "05 00 0a 1b 20 7f 00", "\\000\\010\\027\\032\\127"],
  ["octets above 0x7f", "04 80c3bcff 00", "\\128\\195\\188\\255"],
  ["a label that spells a length", "02 0161 00", "\\001a"],
  ["digits after an escape", "03 003132 00", "\\00012"],
];

for (const [title, name, text] of READABLE) {
  Deno.test(`a name of ${title} is read and written`, () => {
    const bytes = message({ questions: 1 }, `${name} ${FIXED}`);
    const read = decodeMessage(bytes);
    assert.deepEqual(read.questions, [{ name: text, type: 1, class: 1 }]);
    assert.deepEqual(read.anomalies, []);
    assert.deepEqual(encodeMessage(read), bytes);
    assert.equal(nameOctets(text), hex(name).length);
  });
}

/** Pointers, one below the other from offset 28 on, the first of them to offset 12. */
function chain(count: number): string {
  return Array.from({ length: count }, (_, index) => 0xc000 + (index === 0 ? 12 : 28 + (index - 1) * 2))
    .map((word) => word.toString(16)).join("");
}

/** A question at offset 12 whose name takes 12 octets, so that what follows stands at offset 28. */
const FIRST = `03 777777 05 6578616d70 00 ${FIXED}`;

/** What follows `FIRST` (offset 28), what the second question's name must read as. */
const COMPRESSED: readonly (readonly [title: string, name: string, text: string])[] = [
  ["pointer to a name", "c00c", "www.examp"],
  ["label, then pointer", "01 61 c00c", "a.www.examp"],
  ["pointer to the end of a name", "c010", "examp"],
  ["pointer to a root", "c016", "."],
  ["label, then pointer to a root", "01 61 c016", "a"],
];

Deno.test("compressed names are read", () => {
  for (const [title, name, text] of COMPRESSED) {
    const bytes = message({ questions: 2 }, `${FIRST} ${name} ${FIXED}`);
    const read = decodeMessage(bytes);
    assert.equal(read.questions[1]?.name, text, title);
    assert.deepEqual(read.anomalies, ["question-repeated"], title);
  }
});

Deno.test("a chain of 100 pointers is read", () => {
  // The chain stands in the data of an answer of unknown type, and the name of the next answer points to its end.
  const data = chain(100);
  const last = (0xc000 + 12 + 5 + 11 + 99 * 2).toString(16);
  const body = `00 ${FIXED} 00 ff00 0001 00000000 00c8 ${data} ${last} ff00 0001 00000000 0000`;
  const bytes = message({ flags: 0x8000, questions: 1, answers: 2 }, body);
  const read = decodeMessage(bytes);
  assert.deepEqual(read.answers[1]?.name, ".");
  assert.deepEqual(read.anomalies, []);
});

for (const [count, readable] of [[126, true], [127, false]] as const) {
  Deno.test(`a name may take 127 pointers: ${count + 1} are ${readable ? "read" : "refused"}`, () => {
    const size = (count * 2).toString(16).padStart(4, "0");
    const last = (0xc000 + 28 + (count - 1) * 2).toString(16);
    const body = `00 ${FIXED} 00 ff00 0001 00000000 ${size} ${chain(count)} ${last} ff00 0001 00000000 0000`;
    const bytes = message({ flags: 0x8000, questions: 1, answers: 2 }, body);
    const { message: read, anomalies } = tryDecodeMessage(bytes);
    assert.deepEqual(anomalies, readable ? [] : ["pointer-chain-too-long"]);
    assert.equal(read?.answers.length, readable ? 2 : 1);
  });
}

/** Name at offset 12 (or what stands in its place), reason and offset of the refusal. */
const REFUSED: readonly (readonly [title: string, name: string, reason: string, offset: number])[] = [
  ["pointer to itself", "c00c", "pointer-loop", 12],
  ["label before a pointer to it", "01 61 c00c", "pointer-loop", 12],
  ["two pointers at each other", `c00e c00c`, "pointer-loop", 14],
  ["pointer past the end", "c0ff", "pointer-past-end", 255],
  ["pointer to the octet after the end", "c012", "pointer-past-end", 18],
  ["label of type 0x40", `40 ${"61".repeat(64)} 00`, "label-reserved", 12],
  ["label of type 0x41 (RFC 2673)", "41 01 61 00", "label-reserved", 12],
  ["label of type 0x80", "80 61 00", "label-reserved", 12],
  ["label of type 0xbf", "bf 61 00", "label-reserved", 12],
  ["256 octets in one", `${label(63).repeat(3)} ${label(62)} 00`, "name-too-long", 204],
  ["128 labels", `${"0161".repeat(128)} 00`, "name-too-long", 266],
];

for (const [title, name, reason, offset] of REFUSED) {
  Deno.test(`a name is refused: ${title}`, () => {
    const bytes = message({ questions: 1 }, `${name} ${FIXED}`);
    assert.deepEqual(tryDecodeMessage(bytes).anomalies, [reason]);
    assert.deepEqual(tryDecodeMessage(bytes).message?.questions, []);
    assert.throws(
      () => decodeMessage(bytes),
      (error) => error instanceof DnsDecodeError && error.reason === reason && error.offset === offset,
    );
  });
}

/** Octets after the header; the name runs into the end of the message. */
const CUT: readonly (readonly [title: string, name: string])[] = [
  ["0xc0 as the last octet", "c0"],
  ["0xc0 after a label as the last octet", "01 61 c0"],
  ["label past the end", "05 6161"],
  ["no root", "01 61"],
  ["nothing but a length", "3f"],
];

for (const [title, name] of CUT) {
  Deno.test(`a name is cut: ${title}`, () => {
    const bytes = message({ questions: 1 }, name);
    assert.deepEqual(tryDecodeMessage(bytes).anomalies, ["question-truncated"]);
    assert.throws(() => decodeMessage(bytes), { reason: "question-truncated" });
  });
}

Deno.test("a name that ends at the end of the message is read", () => {
  const bytes = message(
    { flags: 0x8000, questions: 1, answers: 1 },
    `01 61 00 ${FIXED} c00c 0002 0001 00000000 0002 c00c`,
  );
  assert.equal(decodeMessage(bytes).answers[0]?.data, "a");
});

Deno.test("what a pointer leads to may not run out of the message", () => {
  // The pointer leads to the last octet, a length of 1.
  for (
    const [tail, reason] of [["01", "name-truncated"], ["c0", "name-truncated"], ["02 61", "name-truncated"]] as const
  ) {
    const target = (0xc000 + 12 + 5 + 12).toString(16);
    const data = hex(tail).length.toString(16).padStart(4, "0");
    const body = `00 ${FIXED} ${target} ff00 0001 00000000 ${data} ${tail}`;
    const bytes = message({ flags: 0x8000, questions: 1, answers: 1 }, body);
    assert.deepEqual(tryDecodeMessage(bytes).anomalies, [reason], tail);
  }
});

Deno.test("a forward pointer is followed and noted, or refused", () => {
  // The owner at 17 points to 29, the first octet of the data.
  const bytes = message(
    { flags: 0x8000, questions: 1, answers: 1 },
    `00 ${FIXED} c01d ff00 0001 00000000 0003 01 61 00`,
  );
  const { message: read, anomalies } = tryDecodeMessage(bytes);
  assert.equal(read?.answers[0]?.name, "a");
  assert.deepEqual(anomalies, ["pointer-forward"]);
  assert.throws(() => decodeMessage(bytes), { reason: "pointer-forward", offset: 29 });
});

Deno.test("a forward pointer to where another name was read is noted as well", () => {
  // Both owners point to the data of the second record.
  const body = `00 ${FIXED} c029 ff00 0001 00000000 0000 c029 ff00 0001 00000000 0003 01 61 00`;
  const bytes = message({ flags: 0x8000, questions: 1, answers: 2 }, `${body}`);
  const { message: read, anomalies } = tryDecodeMessage(bytes);
  assert.deepEqual(read?.answers.map(({ name }) => name), ["a", "a"]);
  assert.deepEqual(anomalies, ["pointer-forward"]);
});

Deno.test("a pointer into the header is followed and noted, or refused", () => {
  // Offset 5: the low octet of QDCOUNT (1), then the high octet of ANCOUNT (0) as the label, then its low octet (0).
  const bytes = message({ questions: 1 }, `c005 ${FIXED}`);
  const { message: read, anomalies } = tryDecodeMessage(bytes);
  assert.deepEqual(read?.questions, [{ name: "\\000", type: 1, class: 1 }]);
  assert.deepEqual(anomalies, ["pointer-into-header"]);
  assert.throws(() => decodeMessage(bytes), { reason: "pointer-into-header", offset: 5 });
});

Deno.test("a pointer into the middle of a label reads what stands there", () => {
  // Offset 13 holds 0x02, the first character of the label "\002ab".
  const bytes = message({ questions: 2 }, `03 026162 00 ${FIXED} c00d ${FIXED}`);
  assert.deepEqual(tryDecodeMessage(bytes).message?.questions.map(({ name }) => name), ["\\002ab", "ab"]);
});

Deno.test("255 octets count after expansion", () => {
  // 12: 253 octets with the root; the next names put 2 and 3 octets before it.
  const long = `${label(63).repeat(3)} ${label(59)} 00`;
  const fits = message({ questions: 2 }, `${long} ${FIXED} 01 62 c00c ${FIXED}`);
  assert.equal(nameOctets(tryDecodeMessage(fits).message?.questions[1]?.name ?? ""), 255);
  const exceeds = message({ questions: 2 }, `${long} ${FIXED} 02 6262 c00c ${FIXED}`);
  assert.deepEqual(tryDecodeMessage(exceeds).anomalies, ["name-too-long"]);
  assert.throws(() => decodeMessage(exceeds), { reason: "name-too-long" });
});

Deno.test("255 octets count after expansion of several parts", () => {
  // Unknown data at 29: 1) 200 octets and the root; 2) 54 or 55 octets and a pointer to them. The owner points to 2).
  for (const [size, reason] of [[53, []], [54, ["name-too-long"]]] as const) {
    const first = `${label(63).repeat(3)} ${label(7)} 00`;
    const second = `${label(size)} c01c`;
    const octets = 201 + size + 3;
    const target = (0xc000 + 28 + 201).toString(16);
    const body = `00 ${FIXED} 00 ff00 0001 00000000 ${octets.toString(16).padStart(4, "0")} ${first} ${second}`;
    const bytes = message({ flags: 0x8000, questions: 1, answers: 2 }, `${body} ${target} ff00 0001 00000000 0000`);
    assert.deepEqual(tryDecodeMessage(bytes).anomalies, reason);
  }
});

Deno.test("escapes do not count: a name of 255 octets may be longer as text", () => {
  const bytes = message({ questions: 2 }, `${"0180".repeat(126)} 00 ${FIXED} 01 80 c00c ${FIXED}`);
  const name = tryDecodeMessage(bytes).message?.questions[1]?.name ?? "";
  assert.equal(nameOctets(name), 255);
  assert.equal(name.length, 127 * 5 - 1);
});

Deno.test("nameKey() folds ASCII letters only", () => {
  assert.equal(nameKey("WwW.ExAmPlE\\.\\195\\156"), "www.example\\.\\195\\156");
});

Deno.test("a pointer to the last octet of the header is noted, one to the first after it is not", () => {
  // Offset 11 is the low octet of ARCOUNT, 0: the root.
  assert.deepEqual(tryDecodeMessage(message({ questions: 1 }, `c00b ${FIXED}`)).anomalies, ["pointer-into-header"]);
  assert.deepEqual(tryDecodeMessage(message({ flags: 0x8000, questions: 2 }, `00 ${FIXED} c00c ${FIXED}`)).anomalies, [
    "question-repeated",
  ]);
});

Deno.test("a pointer to the octet before it goes backward", () => {
  const body = `00 ${FIXED} 00 ff00 0001 00000000 0001 00 c01c ff00 0001 00000000 0000`;
  const { message: read, anomalies } = tryDecodeMessage(message({ flags: 0x8000, questions: 1, answers: 2 }, body));
  assert.equal(read?.answers[1]?.name, ".");
  assert.deepEqual(anomalies, []);
});
