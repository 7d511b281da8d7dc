/**
 * What `mod.ts` exports, in a file of its own: the tests that are made of examples import all that the file they stand in
 * exports by name, and refuse what they do not use.
 *
 * @module
 */

export { type EncodeInput, encodeMessage, type EncodeOptions, type EncodeRecord } from "./encode.ts";
export { flagNames } from "./flags.ts";
export { className, classNumber, ednsOptionName, opcodeName, rcodeName, typeName, typeNumber } from "./iana.ts";
export { unicodeName } from "./idna.ts";
export { decodeMessage, tryDecodeMessage, type TryDecodeResult } from "./message.ts";
export { nameKey } from "./name.ts";
export type { EdnsOption } from "./rdata/opt.ts";
export { LOOKS_LIKE_DNS, scoreDns } from "./score.ts";
export type { DecodeOptions, DnsMessage, DnsQuestion, DnsRecord, DsoTlv } from "./types.ts";
