import assert from "node:assert/strict";
import { decodeMessage, encodeMessage, unicodeName } from "./mod.ts";

/** Name, what it is shown as beside. */
const ROWS: readonly (readonly [name: string, text: string | undefined])[] = [
  ["example.com", undefined],
  ["xn--bcher-kva.example", "bücher.example"],
  ["XN--BCHER-KVA.example", "bücher.example"],
  ["www.xn--fiqs8s", "www.中国"],
  ["xn--80ak6aa92e.com", "аррӏе.com"],
  ["xn--ls8h.la", "💩.la"],
  ["xn--eckwd4c7cu47r2wf.jp", "ドメイン名例.jp"],
  ["xn--mgbh0fb.example", "مثال.example"],
  ["a.xn--bcher-kva.xn--99999999999", "a.bücher.xn--99999999999"],
  ["xn--", undefined],
  ["xn---", undefined],
  ["xn--abc-", undefined],
  ["xn--a_b", undefined],
  ["xn--tda", "ü"],
  // U+0369, a combining mark.
  ["xn--kva", undefined],
  ["xn--99999999", undefined],
  // U+202E, right-to-left override; U+200B; U+3000.
  ["xn--abc-7q0a", undefined],
  ["xn--ab-g1t", undefined],
  ["\\226\\128\\174abc.local", undefined],
  ["\\227\\128\\128.local", undefined],
  // Not in normal form C: u and U+0308.
  ["u\\204\\136.local", "u\u0308.local"],
  ["B\\195\\188ro\\032Drucker._ipp._tcp.local", undefined],
  ["B\\195\\188ro._ipp._tcp.local", "Büro._ipp._tcp.local"],
  ["\\195.local", undefined],
  ["a\\.b.local", undefined],
  ["\\195\\188\\..local", undefined],
  ["\\027[31m.local", undefined],
  ["\\195\\188\\027.local", undefined],
];

for (const [name, text] of ROWS) {
  Deno.test(`unicodeName() of ${name}`, () => assert.equal(unicodeName(name), text));
}

Deno.test("decodeMessage() adds the text of names that have one", () => {
  const names = ["xn--bcher-kva.example", "b\\195\\188ro.local", "www.example.com", "a--b.example", "\\000.example"];
  const bytes = encodeMessage({
    isResponse: true,
    questions: [{ name: names[0] ?? "", type: 16 }],
    answers: names.map((name) => ({ name, type: 16, data: '"x"' })),
  });
  const { questions, answers } = decodeMessage(bytes, { mdns: true });
  assert.deepEqual(questions, [{ name: names[0], type: 16, class: 1, unicodeName: "bücher.example" }]);
  assert.deepEqual(answers.map((answer) => answer.unicodeName), [
    "bücher.example",
    "büro.local",
    undefined,
    undefined,
    undefined,
  ]);
  assert.equal("unicodeName" in (answers[2] ?? {}), false);
});

Deno.test("decodeMessage() looks for the text of escaped labels in mDNS only, and of 32 names at most", () => {
  const escaped = encodeMessage({ isResponse: true, questions: [{ name: "b\\195\\188ro.local", type: 1 }] });
  assert.equal(decodeMessage(escaped).questions[0]?.unicodeName, undefined);
  assert.equal(decodeMessage(escaped, { mdns: true }).questions[0]?.unicodeName, "büro.local");
  const names = Array.from({ length: 40 }, (_, index) => `${index}.xn--bcher-kva.example`);
  const many = encodeMessage({ isResponse: true, answers: names.map((name) => ({ name, type: 16, data: '"x"' })) });
  const found = decodeMessage(many).answers.filter((answer) => answer.unicodeName !== undefined);
  assert.equal(found.length, 32);
});
