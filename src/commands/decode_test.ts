import assert from "node:assert/strict";
import { UsageError } from "../errors.ts";
import { parseMessage } from "./decode.ts";

const QUERY = "123401000001000000000000076578616d706c650000010001";

for (
  const [name, text] of [
    ["hexadecimal", QUERY],
    ["capitals with 0x", `0x${QUERY.toUpperCase()}`],
    ["colons and line ends", QUERY.replace(/../g, "$&:").replace(/:$/, "\n")],
    ["base64", Uint8Array.fromHex(QUERY).toBase64()],
    ["base64url without padding", Uint8Array.fromHex(QUERY).toBase64({ alphabet: "base64url", omitPadding: true })],
  ] as const
) {
  Deno.test(`parseMessage() reads ${name}`, () => assert.equal(parseMessage(text).toHex(), QUERY));
}

const REFUSED: readonly (readonly [text: string, found: string])[] = [
  ["", '""'],
  ["xyz!", '"xyz!"'],
  ["12 34 5?", '"12 34 5?"'],
  ["no\nmessage!", '"no message!"'],
  ["zz", '"zz", which as base64 is 1 octet and no message'],
  ["example", '"example", which as base64 is 5 octets and no message'],
  ["1", "1 hexadecimal digit, of which octets have two"],
  // As base64 it would be a message of 38 octets.
  [`${QUERY}0`, "51 hexadecimal digits, of which octets have two"],
];
for (const [text, found] of REFUSED) {
  Deno.test(`parseMessage() says what it found in place of a message: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseMessage(text), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, `argument <message>: found ${found}, wanted hexadecimal, base64 or -`);
      return true;
    });
  });
}
