/**
 * What matching needs of a message, read from its octets without decoding it.
 *
 * @module
 */

import { mix } from "../net/mix.ts";

/** Octets of the header (RFC 1035 section 4.1.1). */
export const HEADER_OCTETS = 12;

/** Octets of a name with its root label (RFC 1035 section 2.3.4). */
const NAME_OCTETS_MAX = 255;

/** Octets of a label (RFC 1035 section 2.3.4). */
const LABEL_OCTETS_MAX = 63;

/** The fields of a message by which it is matched. One object is read into again and again. */
export class MessageKey {
  /** DNS id. */
  id = 0;
  isResponse = false;
  opcode = 0;
  /** TC: the answer was cut to fit the datagram. */
  isTruncated = false;
  /** The first question could be read. */
  hasQuestion = false;
  /** Of name (letters in lower case), type and class of the first question; 0 without one. */
  questionHash = 0;
  /** Type of the first question; 0 without one. */
  questionType = 0;
  /** The name ends in `local` (RFC 6762 section 3). */
  isLocalName = false;
  readonly #seed: number;

  /**
   * Starts with nothing.
   *
   * @param seed makes the hash unpredictable to who sends the messages; 32 bits
   */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /**
   * Reads the fields.
   *
   * @param bytes the message, at least {@linkcode HEADER_OCTETS}; not kept
   * @param classMask which bits of the class count: mDNS uses the top one for itself
   */
  read(bytes: Uint8Array, classMask: number): void {
    const flags = bytes[2] as number;
    this.id = (bytes[0] as number) << 8 | (bytes[1] as number);
    this.isResponse = flags >= 0x80;
    this.opcode = flags >> 3 & 15;
    this.isTruncated = (flags & 2) !== 0;
    this.hasQuestion = false;
    this.questionHash = 0;
    this.questionType = 0;
    this.isLocalName = false;
    if (((bytes[4] as number) | (bytes[5] as number)) !== 0) this.#readQuestion(bytes, classMask);
  }

  /**
   * Stands for a message that is too short to have these fields.
   *
   * @param isResponse by its ports
   * @param contentHash tells one from another
   */
  setHeaderless(isResponse: boolean, contentHash: number): void {
    this.id = 0;
    this.isResponse = isResponse;
    this.opcode = 0;
    this.isTruncated = false;
    this.hasQuestion = false;
    this.questionHash = contentHash;
    this.questionType = 0;
    this.isLocalName = false;
  }

  /** Walks the first name; a pointer there (it could only lead into the header) leaves the message without question. */
  #readQuestion(bytes: Uint8Array, classMask: number): void {
    const limit = bytes.length - 5;
    let hash = this.#seed;
    let offset = HEADER_OCTETS;
    let lastLabel = 0;
    while (offset <= limit) {
      const length = bytes[offset] as number;
      if (length === 0) break;
      const end = offset + 1 + length;
      if (length > LABEL_OCTETS_MAX || end > limit || end - HEADER_OCTETS >= NAME_OCTETS_MAX) return;
      lastLabel = offset;
      hash = Math.imul(hash ^ length, 0x01000193);
      for (let index = offset + 1; index < end; index++) {
        let octet = bytes[index] as number;
        // RFC 4343: case does not count, and resolvers randomise it.
        if (octet >= 0x41 && octet <= 0x5a) octet |= 0x20;
        hash = Math.imul(hash ^ octet, 0x01000193);
      }
      offset = end;
    }
    if (offset > limit) return;
    const type = (bytes[offset + 1] as number) << 8 | (bytes[offset + 2] as number);
    const classBits = ((bytes[offset + 3] as number) << 8 | (bytes[offset + 4] as number)) & classMask;
    this.hasQuestion = true;
    this.questionType = type;
    this.questionHash = mix(hash, type << 16 | classBits) & 0x3fff_ffff;
    this.isLocalName = offset - lastLabel === 6 && isLocalLabel(bytes, lastLabel + 1);
  }
}

/** Whether the five octets spell `local`, in any case. */
function isLocalLabel(bytes: Uint8Array, offset: number): boolean {
  return ((bytes[offset] as number) | 0x20) === 0x6c && ((bytes[offset + 1] as number) | 0x20) === 0x6f &&
    ((bytes[offset + 2] as number) | 0x20) === 0x63 && ((bytes[offset + 3] as number) | 0x20) === 0x61 &&
    ((bytes[offset + 4] as number) | 0x20) === 0x6c;
}

/**
 * A number by which repeated messages are told from different ones.
 *
 * @param bytes the message
 * @returns hash of its size and of up to 512 octets: its start and its end
 */
export function digest(bytes: Uint8Array): number {
  const size = bytes.length;
  let hash = mix(0x811c9dc5, size);
  const headEnd = Math.min(size, 256);
  for (let index = 0; index < headEnd; index++) hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  for (let index = Math.max(headEnd, size - 256); index < size; index++) {
    hash = Math.imul(hash ^ (bytes[index] as number), 0x01000193);
  }
  return hash & 0x3fff_ffff;
}
