import assert from "node:assert/strict";
import { type EncodeInput, encodeMessage } from "../../src/dns/mod.ts";
import { type Outcome, runShell } from "./_run.ts";

const RESPONSE: EncodeInput = {
  id: 4660,
  isResponse: true,
  flags: 0x0180,
  questions: [{ name: "xn--bcher-kva.example", type: 1 }],
  answers: [
    { name: "xn--bcher-kva.example", type: 5, ttl: 60, data: "a.example" },
    { name: "a.example", type: 1, ttl: 300, data: "192.0.2.1" },
  ],
  additionals: [{ name: ".", type: 41, class: 1232, ttl: 0, data: "", fields: { options: [] } }],
};

/** Decodes text, or the octets themselves from standard input. */
async function decode(input: string | Uint8Array, options = ""): Promise<Outcome> {
  if (typeof input === "string") return await runShell(`$culprit decode ${options} '${input}'`);
  const escapes = Array.from(input, (octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
  return await runShell(`printf '${escapes}' | $culprit decode ${options} -`);
}

const TABLE = `QUERY response, NOERROR, id 4660, flags rd ra, 82 octets

QUESTION
  xn--bcher-kva.example (bücher.example)  IN  A

ANSWER
  xn--bcher-kva.example (bücher.example)  60   IN  CNAME  a.example
  a.example                               300  IN  A      192.0.2.1

ADDITIONAL
  .  0  CLASS1232  OPT  version=0 udp=1232
`;

Deno.test("culprit decode shows a message as a table, from hexadecimal, base64 and octets alike", async () => {
  const bytes = encodeMessage(RESPONSE);
  for (const input of [bytes.toHex(), bytes.toBase64(), bytes]) {
    assert.deepEqual(await decode(input), { code: 0, out: TABLE, err: "" });
  }
});

Deno.test("culprit decode --json shows a message as JSON", async () => {
  const { code, out } = await decode(encodeMessage(RESPONSE), "--json");
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), {
    schema: "culprit/1",
    type: "message",
    response: true,
    dns: {
      id: 4660,
      opcode: "QUERY",
      rcode: "NOERROR",
      flags: ["rd", "ra"],
      question: { name: "xn--bcher-kva.example", type: "A", class: "IN" },
      answers: [
        { name: "xn--bcher-kva.example", type: "CNAME", class: "IN", ttl: 60, data: "a.example" },
        { name: "a.example", type: "A", class: "IN", ttl: 300, data: "192.0.2.1" },
      ],
      authorities: [],
      additionals: [{ name: ".", type: "OPT", class: "CLASS1232", ttl: 0, data: "version=0 udp=1232" }],
      anomalies: [],
      protocol: "dns",
      size: 82,
    },
  });
});

Deno.test("culprit decode shows what can be read of a damaged message, and ends with 3", async () => {
  const { code, out } = await decode(encodeMessage(RESPONSE).slice(0, 60).toHex());
  assert.equal(code, 3);
  assert.match(out, /CNAME +a\.example\n\nANOMALIES {2}record-truncated\n$/);
});

Deno.test("culprit decode lets no octet of a message reach the terminal as a control", async () => {
  const { out } = await decode(encodeMessage({ id: 1, questions: [{ name: "\\027[31m.local", type: 1 }] }).toHex());
  assert.match(out, / {2}\\027\[31m\.local {2}IN {2}A\n/);
  assert.doesNotMatch(out.replaceAll("\n", ""), /\p{Cc}/u);
});

for (
  const [name, input, code] of [
    ["less than a header", "00010203", 3],
    ["what is neither hexadecimal nor base64", "no message!", 2],
    ["nothing", new Uint8Array(0), 2],
  ] as const
) {
  Deno.test(`culprit decode of ${name} ends with ${code}`, async () => {
    const outcome = await decode(input);
    assert.equal(outcome.code, code);
    assert.equal(outcome.out, "");
    assert.match(outcome.err, /found/);
  });
}
