/**
 * DNS wire format: decoder, encoder, detection and names of numbers. Needs no permission and no operating system.
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
