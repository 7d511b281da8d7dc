import assert from "node:assert/strict";
import { decodeMessage, encodeMessage, LOOKS_LIKE_DNS, scoreDns, tryDecodeMessage } from "./mod.ts";

Deno.test("decodeMessage() reads back what encodeMessage() wrote", () => {
  const bytes = encodeMessage({
    id: 4660,
    isResponse: true,
    flags: 0x0180,
    questions: [{ name: "www.Example.com", type: 1 }],
    answers: [
      { name: "www.Example.com", type: 5, ttl: 60, data: "a\\.b.Example.com" },
      { name: "a\\.b.Example.com", type: 1, ttl: 60, data: "192.0.2.1" },
      { name: "a\\.b.Example.com", type: 28, ttl: 60, data: "2001:db8::1" },
      { name: "Example.com", type: 16, ttl: 60, data: '"a \\"b\\" \\000" ""' },
    ],
  });
  const message = decodeMessage(bytes);
  assert.deepEqual(message.questions, [{ name: "www.Example.com", type: 1, class: 1 }]);
  assert.deepEqual(message.answers.map(({ name, data }) => [name, data]), [
    ["www.Example.com", "a\\.b.Example.com"],
    ["a\\.b.Example.com", "192.0.2.1"],
    ["a\\.b.Example.com", "2001:db8::1"],
    ["Example.com", '"a \\"b\\" \\000" ""'],
  ]);
  assert.deepEqual(message.anomalies, []);
  assert.deepEqual(encodeMessage(message), bytes);
  assert.ok(scoreDns(bytes) >= LOOKS_LIKE_DNS);
});

Deno.test("tryDecodeMessage() needs a header", () => {
  assert.deepEqual(tryDecodeMessage(new Uint8Array(11)), { message: undefined, anomalies: ["header-truncated"] });
});
