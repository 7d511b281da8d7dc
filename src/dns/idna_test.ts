import assert from "node:assert/strict";
import { unicodeName } from "./mod.ts";

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
