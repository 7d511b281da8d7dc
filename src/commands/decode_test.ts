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

for (const text of ["", "xyz!", "abcde", "12 34 5?"]) {
  Deno.test(`parseMessage() refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => parseMessage(text), UsageError));
}
