/**
 * DNS wire format: decoder, encoder, detection and names of numbers. Needs no permission and no operating system.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeMessage, encodeMessage, flagNames, nameKey, typeName } from "./mod.ts";
 *
 * const bytes = encodeMessage({
 *   id: 1,
 *   isResponse: true,
 *   flags: 0x0180,
 *   questions: [{ name: "Example.com", type: 15 }],
 *   answers: [{ name: "Example.com", type: 15, ttl: 300, data: "10 mx.example.com" }],
 * });
 * const message = decodeMessage(bytes);
 * assert.deepEqual(flagNames(message), ["rd", "ra"]);
 * const [answer] = message.answers;
 * assert.equal(nameKey(answer?.name ?? ""), "example.com");
 * assert.equal(typeName(answer?.type ?? 0), "MX");
 * assert.equal(answer?.data, "10 mx.example.com");
 * assert.deepEqual(answer?.fields, { preference: 10, exchange: "mx.example.com" });
 * ```
 *
 * What is ill-formed is refused, or read as far as it goes:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeMessage, tryDecodeMessage } from "./mod.ts";
 *
 * // A header that announces a question, and a label that goes past the end.
 * const bytes = Uint8Array.of(0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 63, 97);
 * assert.throws(() => decodeMessage(bytes), { name: "DnsDecodeError", reason: "question-truncated", offset: 12 });
 * const { message, anomalies } = tryDecodeMessage(bytes);
 * assert.equal(message?.id, 1);
 * assert.deepEqual(anomalies, ["question-truncated"]);
 * ```
 *
 * Payloads of any port:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { encodeMessage, LOOKS_LIKE_DNS, scoreDns } from "./mod.ts";
 *
 * assert.ok(scoreDns(encodeMessage({ questions: [{ name: "example.com", type: 1 }] })) >= LOOKS_LIKE_DNS);
 * assert.equal(scoreDns(new TextEncoder().encode("GET / HTTP/1.1")), 0);
 * ```
 *
 * Names of other alphabets, to show beside them:
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { unicodeName } from "./mod.ts";
 *
 * assert.equal(unicodeName("xn--bcher-kva.example"), "bücher.example");
 * assert.equal(unicodeName("example.com"), undefined);
 * ```
 *
 * @module
 */

export * from "./_exports.ts";
