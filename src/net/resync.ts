/**
 * Where a DNS message begins in a TCP stream seen from its middle.
 *
 * @module
 */

/** Length prefix (RFC 1035 section 4.2.2) and header (section 4.1.1). */
const PREFIX_OCTETS = 2;
const HEADER_OCTETS = 12;

/** Header, a one-letter or root name, type and class. */
const MESSAGE_OCTETS_MIN = 17;

/** Prefix, header, the longest name, type and class: a message can be told from this much. */
export const TELLING_OCTETS = PREFIX_OCTETS + HEADER_OCTETS + 255 + 4;

/** The smallest record: root name, type, class, TTL, RDLENGTH. */
const RECORD_OCTETS_MIN = 11;

/** What {@linkcode messageAt} can say. */
export const VERDICT = { no: 0, yes: 1, needsMore: 2 } as const;

/** One of the numbers in {@linkcode VERDICT}. */
export type Verdict = typeof VERDICT[keyof typeof VERDICT];

/**
 * Whether a length prefix and a message with a question begin here.
 *
 * Stricter than the decoder: an offset guessed wrong would turn the rest of the stream into nonsense.
 *
 * @param bytes the stream
 * @param offset where the prefix would be
 * @param end end of what is there of the stream
 * @returns `needsMore` while what is there is as it should be, and too little
 */
export function messageAt(bytes: Uint8Array, offset: number, end: number): Verdict {
  if (end - offset < PREFIX_OCTETS) return VERDICT.needsMore;
  const size = word(bytes, offset);
  if (size < MESSAGE_OCTETS_MIN) return VERDICT.no;
  const start = offset + PREFIX_OCTETS;
  if (end - start < HEADER_OCTETS) return VERDICT.needsMore;
  const first = bytes[start + 2] as number;
  const second = bytes[start + 3] as number;
  const opcode = first >> 3 & 15;
  const isResponse = first >= 0x80;
  // QUERY, NOTIFY (RFC 1996) and UPDATE (RFC 2136) have one question; the Z bit is zero (RFC 6895 section 2.1).
  if (opcode !== 0 && opcode !== 4 && opcode !== 5 || (second & 0x40) !== 0) return VERDICT.no;
  if (!isResponse && (second & 0x0f) !== 0) return VERDICT.no;
  const answers = word(bytes, start + 6);
  if (word(bytes, start + 4) !== 1 || !isResponse && opcode === 0 && answers > 1) return VERDICT.no;
  const records = answers + word(bytes, start + 8) + word(bytes, start + 10);
  if (records * RECORD_OCTETS_MIN + MESSAGE_OCTETS_MIN > size) return VERDICT.no;
  return questionAt(bytes, start + HEADER_OCTETS, Math.min(end, start + size), end < start + size);
}

/** Operations that are assigned: QUERY, IQUERY, STATUS, NOTIFY, UPDATE and DSO. A bit each. */
const OPCODES = 0b111_0111;

/**
 * Whether octets that came together are one message with its length prefix, to the octet.
 *
 * That is how most programs send, and by chance it is so once in 65,536 times; what the message says need not be usual
 * then. Else a Z bit or a second question would hide a stream whose start was not seen.
 *
 * @param bytes one segment, or a prefix and the segment after it
 * @param size octets of it
 */
export function isWholeMessage(bytes: Uint8Array, size: number): boolean {
  if (size < PREFIX_OCTETS + HEADER_OCTETS || word(bytes, 0) !== size - PREFIX_OCTETS) return false;
  return (OPCODES >> ((bytes[PREFIX_OCTETS + 2] as number) >> 3 & 15) & 1) === 1;
}

/** Whether a name, a type and a class begin here; `isCut` when more of the message may follow. */
function questionAt(bytes: Uint8Array, start: number, end: number, isCut: boolean): Verdict {
  const short = isCut ? VERDICT.needsMore : VERDICT.no;
  let offset = start;
  for (;;) {
    if (offset >= end) return short;
    const length = bytes[offset] as number;
    if (length === 0) break;
    if (length > 63 || offset + 1 + length - start >= 255) return VERDICT.no;
    offset += 1 + length;
  }
  if (offset + 5 > end) return short;
  const type = word(bytes, offset + 1);
  const classNumber = word(bytes, offset + 3);
  // Types up to 258 and 32768, 32769 are assigned; classes IN, CH, HS, NONE, ANY.
  const isType = type !== 0 && (type <= 260 || type === 0x8000 || type === 0x8001);
  const isClass = classNumber === 1 || classNumber === 3 || classNumber === 4 || classNumber === 254 ||
    classNumber === 255;
  return isType && isClass ? VERDICT.yes : VERDICT.no;
}

/** Two octets, network order. */
function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) << 8 | (bytes[offset + 1] as number);
}
