/**
 * The library half of culprit: the DNS wire decoder and the shapes of the events. It needs no permission, no BPF and no
 * particular operating system.
 *
 * ```ts
 * import { decodeMessage, typeName } from "./mod.ts";
 *
 * const octets = Uint8Array.from([
 *   0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, // header: id 0x1234, RD, one question
 *   7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 1, 0, 1, // example. A IN
 * ]);
 * const message = decodeMessage(octets);
 * const question = message.questions[0]!;
 * if (`${question.name} ${typeName(question.type)}` !== "example A") throw new TypeError("not what was encoded");
 * ```
 *
 * @module
 */

export * from "./src/dns/mod.ts";
export * from "./src/events.ts";
export * from "./src/errors.ts";
