/**
 * Messages for tests and benches.
 *
 * @module
 */

import { encodeMessage, type EncodeRecord } from "./encode.ts";

/**
 * @param text hexadecimal octets with any white space between them; from `;` to the end of a line is comment
 * @returns the octets
 */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/;.*$/gm, "").replace(/\s+/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Fields of a header; what is absent is zero. */
interface Header {
  flags?: number;
  questions?: number;
  answers?: number;
  authorities?: number;
  additionals?: number;
}

/**
 * @param header flags word and counts; the id is 0x1234
 * @param body what follows, as {@linkcode hex} reads it
 * @returns the message
 */
export function message(header: Header, body: string): Uint8Array<ArrayBuffer> {
  const { flags = 0, questions = 0, answers = 0, authorities = 0, additionals = 0 } = header;
  const words = [0x1234, flags, questions, answers, authorities, additionals];
  return Uint8Array.of(...words.flatMap((word) => [word >> 8, word & 0xff]), ...hex(body));
}

/**
 * @param type record type
 * @param data record data, as {@linkcode hex} reads it
 * @param dnsClass class, IN unless given
 * @returns a response with one answer of that type at the root, TTL 60, and no question
 */
export function answer(type: number, data: string, dnsClass = 1): Uint8Array<ArrayBuffer> {
  const size = hex(data).length;
  const words = [type, dnsClass, 0, 60, size].map((word) => word.toString(16).padStart(4, "0")).join("");
  return message({ flags: 0x8400, questions: 1, answers: 1 }, `00 0001 0001 00 ${words} ${data}`);
}

/** Offset of the data in what {@linkcode answer} makes: header, question, owner, fixed part. */
export const ANSWER_DATA_OFFSET = 12 + 5 + 1 + 10;

const QUESTION = [{ name: "www.example.com", type: 1 }];

/** Records of addresses. */
function addresses(count: number): EncodeRecord[] {
  return Array.from(
    { length: count },
    (_, index) => ({ name: "www.example.com", type: 1, ttl: 300, data: `192.0.2.${index + 1}` }),
  );
}

/** A query for one name. */
export const QUERY: Uint8Array<ArrayBuffer> = encodeMessage({ id: 4660, flags: 0x0100, questions: QUESTION });

/** Its response with one answer. */
export const ONE_ANSWER: Uint8Array<ArrayBuffer> = encodeMessage({
  id: 4660,
  isResponse: true,
  flags: 0x0180,
  questions: QUESTION,
  answers: addresses(1),
});

/** Its response with six answers. */
export const SIX_ANSWERS: Uint8Array<ArrayBuffer> = encodeMessage({
  id: 4660,
  isResponse: true,
  flags: 0x0180,
  questions: QUESTION,
  answers: addresses(6),
});

/** A referral from a signed root: 13 name servers, their DS and its signature, 26 addresses in two families, OPT. */
export const REFERRAL: Uint8Array<ArrayBuffer> = encodeMessage({
  id: 4660,
  isResponse: true,
  questions: QUESTION,
  authorities: [
    ...Array.from({ length: 13 }, (_, index) => ({
      name: "com",
      type: 2,
      ttl: 172800,
      data: `${String.fromCharCode(97 + index)}.gtld-servers.net`,
    })),
    { name: "com", type: 43, ttl: 86400, data: `19718 13 2 ${"8acbb0cd28f41250".repeat(4)}` },
    {
      name: "com",
      type: 46,
      ttl: 86400,
      data: `DS 8 1 86400 20261204050000 20261121040000 61050 . ${"TGs8pV2c".repeat(43).slice(0, 342)}==`,
    },
  ],
  additionals: [
    ...Array.from({ length: 14 }, (_, index) => ({
      name: `${String.fromCharCode(97 + index % 13)}.gtld-servers.net`,
      type: index < 7 ? 1 : 28,
      ttl: 172800,
      data: index < 7 ? `192.5.6.${30 + index}` : `2001:503:a83e::2:${index + 30}`,
    })),
    { name: ".", type: 41, class: 4096, ttl: 0x8000, data: "", fields: { options: [] } },
  ],
});

/** 64 KiB of records that all point at one name of 255 octets. */
export const HOSTILE: Uint8Array<ArrayBuffer> = hostile();

/** Builds {@linkcode HOSTILE}. */
function hostile(): Uint8Array<ArrayBuffer> {
  const name = [...Array.from({ length: 127 }, () => "01 80").join(" "), " 00"].join("");
  const record = "c00c 0005 0001 00000001 0002 c00c ";
  const count = Math.floor((65535 - 12 - 255 - 4) / 14);
  return message({ flags: 0x8000, questions: 1, answers: count }, `${name} 0001 0001 ${record.repeat(count)}`);
}
