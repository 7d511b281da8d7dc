/**
 * The only code that indexes the octets of a message. Every access is checked against the bounds of the message or of
 * the part of it being read.
 *
 * @module
 */

import {
  base32HexText,
  base64Text,
  DECIMAL,
  DECIMAL_DOT,
  dottedText,
  escapedText,
  type Escapes,
  hexText,
  ipv6Text,
  LABEL_ESCAPES,
} from "./_octets.ts";

export { type Escapes, LABEL_ESCAPES, STRING_ESCAPES, WORD_ESCAPES } from "./_octets.ts";

/**
 * What a {@linkcode Reader} throws. Not an Error on purpose: hostile messages can raise thousands of them, and an Error
 * collects a stack trace each time. It never leaves `src/dns`.
 */
export class Fault {
  /** Stable name of what is wrong, see docs/DECODER.md. */
  readonly reason: string;
  /** Offset in the message, in octets. */
  readonly offset: number;
  /** Only thrown because the reader is strict: what failed could be read past. */
  readonly tolerable: boolean;

  /**
   * @param reason stable name of what is wrong
   * @param offset offset in the message, in octets
   * @param tolerable whether only a strict reader throws it
   */
  constructor(reason: string, offset: number, tolerable = false) {
    this.reason = reason;
    this.offset = offset;
    this.tolerable = tolerable;
  }
}

/** Most octets of a name on the wire, without the root's octet (RFC 1035 section 2.3.4: 255 with it). */
const MAX_LABEL_OCTETS = 254;

/** Never used for streams, so it keeps nothing between calls. */
const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

const LABEL_SPECIAL = LABEL_ESCAPES.special;

/** Bounds-checked cursor over one message. Reads stop at `end`, which is the message's or the current record's. */
export class Reader {
  /** Octets in the whole message. */
  readonly size: number;
  /** Next octet to read. */
  offset = 0;
  /** First octet that may not be read. Never above `size`. */
  end: number;
  /** Name of what it means to run into `end`. */
  overrun = "message-truncated";
  /** Errors of form are thrown rather than noted. */
  readonly strict: boolean;
  /** Stable names of what was found wrong. */
  readonly anomalies: string[] = [];
  /** Read as multicast DNS (RFC 6762). */
  readonly mdns: boolean;
  /** Offset of what ended the labels {@linkcode Reader.labels} read last: the root's octet or a pointer. */
  labelsEnd = 0;
  /** Whether the name that was read last ended in a pointer. */
  compressed = false;
  /** Whether a label was read that may have a text in another alphabet: of the form of IDNA, or with escapes in mDNS. */
  mayBeUnicode = false;
  readonly #bytes: Uint8Array;
  #firstNameOffset = -1;
  #firstName = "";
  #names: Map<number, string> | undefined = undefined;

  /**
   * @param bytes the message; not copied, must not change while the reader is in use
   * @param strict throw errors of form rather than note them
   * @param mdns read as multicast DNS
   */
  constructor(bytes: Uint8Array, strict: boolean, mdns: boolean) {
    this.#bytes = bytes;
    this.size = bytes.length;
    this.end = bytes.length;
    this.strict = strict;
    this.mdns = mdns;
  }

  /**
   * Notes an oddity that does not make the message ill-formed.
   *
   * @param anomaly stable name
   */
  note(anomaly: string): void {
    if (!this.anomalies.includes(anomaly)) this.anomalies.push(anomaly);
  }

  /**
   * Notes an error of form that can be read past.
   *
   * @param anomaly stable name
   * @param offset where it is
   * @throws Fault when the reader is strict
   */
  error(anomaly: string, offset: number): void {
    if (this.strict) throw new Fault(anomaly, offset, true);
    this.note(anomaly);
  }

  /**
   * Octet anywhere in the message, without moving.
   *
   * @param offset octets from the start of the message
   * @param limit first offset that may not be read
   * @param reason name of the fault when it lies outside
   * @returns 0 to 255
   * @throws Fault when `offset` lies outside
   */
  at(offset: number, limit: number, reason: string): number {
    if (offset < 0 || offset >= limit || limit > this.size) throw new Fault(reason, offset);
    return this.#bytes[offset]!;
  }

  /** @returns the next octet */
  u8(): number {
    const offset = this.offset;
    if (offset + 1 > this.end) throw new Fault(this.overrun, offset);
    this.offset = offset + 1;
    return this.#bytes[offset]!;
  }

  /** @returns the next two octets, network order */
  u16(): number {
    const offset = this.offset;
    if (offset + 2 > this.end) throw new Fault(this.overrun, offset);
    this.offset = offset + 2;
    const bytes = this.#bytes;
    return bytes[offset]! << 8 | bytes[offset + 1]!;
  }

  /** @returns the next four octets, network order, 0 to 2^32 - 1 */
  u32(): number {
    const offset = this.offset;
    if (offset + 4 > this.end) throw new Fault(this.overrun, offset);
    this.offset = offset + 4;
    const bytes = this.#bytes;
    return (bytes[offset]! << 24 | bytes[offset + 1]! << 16 | bytes[offset + 2]! << 8 | bytes[offset + 3]!) >>> 0;
  }

  /** @returns the next six octets, network order, 0 to 2^48 - 1 */
  u48(): number {
    const high = this.u16();
    return high * 0x1_0000_0000 + this.u32();
  }

  /** @returns octets left before `end` */
  get left(): number {
    return this.end - this.offset;
  }

  /**
   * Moves over octets without reading them.
   *
   * @param count octets, 0 or more
   * @returns offset of the first of them
   */
  skip(count: number): number {
    const offset = this.offset;
    if (offset + count > this.end) throw new Fault(this.overrun, offset);
    this.offset = offset + count;
    return offset;
  }

  /** @returns the next 4 octets as an IPv4 address */
  ipv4(): string {
    const offset = this.skip(4);
    const bytes = this.#bytes;
    return DECIMAL_DOT[bytes[offset]!]! + DECIMAL_DOT[bytes[offset + 1]!]! + DECIMAL_DOT[bytes[offset + 2]!]! +
      DECIMAL[bytes[offset + 3]!]!;
  }

  /** @returns the next 16 octets as an IPv6 address (RFC 5952) */
  ipv6(): string {
    return ipv6Text(this.#bytes, this.skip(16));
  }

  /**
   * @param count octets, 0 or more
   * @returns the next octets in lower-case hexadecimal
   */
  hex(count: number): string {
    return hexText(this.#bytes, this.skip(count), count);
  }

  /**
   * @param count octets, 0 or more
   * @returns the next octets in base64
   */
  base64(count: number): string {
    return base64Text(this.#bytes, this.skip(count), count);
  }

  /**
   * @param count octets, 0 or more
   * @returns the next octets in base32 with the extended hexadecimal alphabet
   */
  base32Hex(count: number): string {
    return base32HexText(this.#bytes, this.skip(count), count);
  }

  /**
   * Octets as text in which a zone file's reader finds the same octets again (RFC 1035 section 5.1).
   *
   * @param count octets, 0 or more
   * @param escapes how to show what is not plain, for example {@linkcode STRING_ESCAPES}
   * @returns the text, without quotes around it
   */
  escaped(count: number, escapes: Escapes): string {
    return escapedText(escapes, this.#bytes, this.skip(count), count);
  }

  /**
   * Octets as UTF-8.
   *
   * @param count octets, 0 or more
   * @returns the text; undefined where they are not UTF-8
   */
  utf8(count: number): string | undefined {
    const offset = this.skip(count);
    const octets = this.#bytes.subarray(offset, offset + count);
    const text = UTF8.decode(octets);
    if (!text.includes("\ufffd")) return text;
    // U+FFFD stands for what is not UTF-8, unless it was sent as such.
    const again = new TextEncoder().encode(text);
    return again.length === count && again.every((octet, index) => octet === octets[index]) ? text : undefined;
  }

  /**
   * Labels of a name up to its root octet or first pointer; sets {@linkcode Reader.labelsEnd}.
   *
   * @param from offset of the first length octet
   * @param limit first offset that may not be read
   * @param reason name of the fault when the labels run into `limit`
   * @returns the labels with dots between them; empty where there is none
   * @throws Fault with that reason, `label-reserved` or `name-too-long`
   */
  labels(from: number, limit: number, reason: string): string {
    if (limit > this.size) throw new Fault(reason, from);
    const bytes = this.#bytes;
    let offset = from;
    let special = 0;
    for (;;) {
      if (offset >= limit) throw new Fault(reason, offset);
      const length = bytes[offset]!;
      if (length === 0 || length >= 0xc0) break;
      if (length > 63) throw new Fault("label-reserved", offset);
      const next = offset + 1 + length;
      if (next > limit) throw new Fault(reason, offset);
      if (next - from > MAX_LABEL_OCTETS) throw new Fault("name-too-long", offset);
      if (length > 32) special = 1;
      // The third and fourth octets of an A-label are hyphens (RFC 5890 section 2.3.1).
      if (length > 4 && bytes[offset + 3] === 0x2d && bytes[offset + 4] === 0x2d) this.mayBeUnicode = true;
      for (let index = offset + 1; index < next; index++) special |= LABEL_SPECIAL[bytes[index]!]!;
      offset = next;
    }
    this.labelsEnd = offset;
    if (offset === from) return "";
    if (special === 0) return dottedText(bytes, from + 1, offset - from - 1);
    if (this.mdns) this.mayBeUnicode = true;
    let text = "";
    for (let label = from; label < offset;) {
      const length = bytes[label]!;
      if (label > from) text += ".";
      text += escapedText(LABEL_ESCAPES, bytes, label + 1, length);
      label += 1 + length;
    }
    return text;
  }

  /**
   * @param offset start of a name
   * @returns what {@linkcode Reader.remember} was told of it
   */
  recall(offset: number): string | undefined {
    return offset === this.#firstNameOffset ? this.#firstName : this.#names?.get(offset);
  }

  /**
   * Keeps the text of a name, so that pointers to it cost nothing however many there are.
   *
   * @param offset start of the name
   * @param name its text
   */
  remember(offset: number, name: string): void {
    if (this.#firstNameOffset < 0) {
      this.#firstNameOffset = offset;
      this.#firstName = name;
    } else {
      (this.#names ??= new Map()).set(offset, name);
    }
  }
}
