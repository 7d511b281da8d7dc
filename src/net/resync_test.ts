import assert from "node:assert/strict";
import { encodeMessage } from "../dns/mod.ts";
import { query, response } from "../correlation/tracker_testing.ts";
import { isWholeMessage, messageAt, VERDICT } from "./resync.ts";

/** Octets behind their length. */
function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 255, ...message]);
}

/** A query whose octets are changed: offset in the message, value. */
function changed(...edits: readonly (readonly [at: number, value: number])[]): Uint8Array {
  const bytes = framed(query(1, "a.test"));
  for (const [at, value] of edits) bytes[at + 2] = value;
  return bytes;
}

/** A query for a name of so many octets, the root's included. */
function named(octets: number): Uint8Array {
  const labels: number[] = [];
  for (let left = octets - 1; left > 0;) {
    const length = Math.min(63, left - 1);
    labels.push(length, ...new Array<number>(length).fill(0x61));
    left -= length + 1;
  }
  return framed(Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]));
}

const CASES: readonly { name: string; bytes: Uint8Array; verdict: number }[] = [
  { name: "a query", bytes: framed(query(1, "a.test")), verdict: VERDICT.yes },
  { name: "a query for the root", bytes: framed(query(1, ".")), verdict: VERDICT.yes },
  { name: "a response", bytes: framed(response(1, "a.test")), verdict: VERDICT.yes },
  {
    name: "an IXFR query with its SOA",
    bytes: framed(query(1, "a.test", { answers: [{ name: "a.test", type: 1, data: "192.0.2.1" }] })),
    verdict: VERDICT.yes,
  },
  {
    name: "a NOTIFY",
    bytes: framed(encodeMessage({ opcode: 4, questions: [{ name: "a.test", type: 6 }] })),
    verdict: VERDICT.yes,
  },
  { name: "a name of 255 octets", bytes: named(255), verdict: VERDICT.yes },
  { name: "a name of 256 octets", bytes: named(256), verdict: VERDICT.no },
  { name: "a length of 16", bytes: Uint8Array.from([0, 16, ...query(1, ".")]), verdict: VERDICT.no },
  { name: "opcode 1", bytes: changed([2, 0x08]), verdict: VERDICT.no },
  { name: "the Z bit", bytes: changed([3, 0x40]), verdict: VERDICT.no },
  { name: "a query with an rcode", bytes: changed([3, 0x03]), verdict: VERDICT.no },
  { name: "no question", bytes: changed([5, 0]), verdict: VERDICT.no },
  { name: "two questions", bytes: changed([5, 2]), verdict: VERDICT.no },
  { name: "a query with two answers", bytes: changed([7, 2]), verdict: VERDICT.no },
  { name: "more records than there is room for", bytes: changed([2, 0x80], [7, 1]), verdict: VERDICT.no },
  { name: "a label of 64", bytes: changed([12, 64]), verdict: VERDICT.no },
  { name: "type 0", bytes: changed([21, 0]), verdict: VERDICT.no },
  { name: "type 1025", bytes: changed([20, 4]), verdict: VERDICT.no },
  { name: "class 2", bytes: changed([23, 2]), verdict: VERDICT.no },
  {
    name: "a name past the end of the message",
    bytes: framed(query(1, "a.test").subarray(0, 19)),
    verdict: VERDICT.no,
  },
];

for (const { name, bytes, verdict } of CASES) {
  Deno.test(`messageAt() decides on ${name}`, () => {
    assert.equal(messageAt(bytes, 0, bytes.length), verdict);
    const moved = Uint8Array.from([9, 9, 9, ...bytes, 9]);
    assert.equal(messageAt(moved, 3, 3 + bytes.length), verdict);
  });
}

Deno.test("messageAt() asks for more of a query until its question is there", () => {
  const bytes = framed(query(1, "a.test"));
  for (let size = 0; size < bytes.length; size++) assert.equal(messageAt(bytes, 0, size), VERDICT.needsMore);
});

/** A header of twelve octets behind its length, of an opcode. */
function header(opcode: number): Uint8Array {
  return framed(Uint8Array.from([0, 1, opcode << 3, 0xff, 9, 9, 9, 9, 9, 9, 9, 9]));
}

const WHOLE: readonly { name: string; bytes: Uint8Array; isWhole: boolean }[] = [
  { name: "a query", bytes: framed(query(1, "a.test")), isWhole: true },
  { name: "a query with the Z bit", bytes: changed([3, 0x40]), isWhole: true },
  { name: "two questions in the header", bytes: changed([5, 2]), isWhole: true },
  { name: "a header", bytes: header(0), isWhole: true },
  { name: "opcode 6", bytes: header(6), isWhole: true },
  { name: "opcode 3", bytes: header(3), isWhole: false },
  { name: "opcode 7", bytes: header(7), isWhole: false },
  { name: "opcode 15", bytes: header(15), isWhole: false },
  { name: "an octet less than a header", bytes: framed(new Uint8Array(11)), isWhole: false },
  { name: "an octet less than the prefix says", bytes: framed(query(1, "a.test")).slice(0, -1), isWhole: false },
  { name: "an octet more", bytes: Uint8Array.of(...framed(query(1, "a.test")), 0), isWhole: false },
  { name: "nothing", bytes: new Uint8Array(0), isWhole: false },
];

for (const { name, bytes, isWhole } of WHOLE) {
  Deno.test(`isWholeMessage() decides on ${name}`, () => {
    assert.equal(isWholeMessage(bytes, bytes.length), isWhole);
    assert.equal(isWholeMessage(Uint8Array.of(...bytes, 1, 2, 3), bytes.length), isWhole);
  });
}
