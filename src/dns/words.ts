/**
 * Presentation form being read back, word by word (RFC 1035 section 5.1).
 *
 * @module
 */

/** One word, or one quoted string. */
export interface Word {
  /** What stood there, escapes in place, quotes removed. */
  readonly text: string;
  /** Whether it stood in quotes. */
  readonly quoted: boolean;
}

/** Words of a record's data, taken from left to right. */
export class Words {
  readonly #words: readonly Word[];
  #next = 0;

  /** @param data presentation form of a record's data */
  constructor(data: string) {
    this.#words = Array.from(
      data.matchAll(/"((?:\\.|[^"\\])*)"(?!\S)|((?:\\.|[^\s"\\])(?:\\.|"(?:\\.|[^"\\])*"|[^\s"\\])*)/gs),
      ([, quoted, plain]) => ({ text: quoted ?? plain ?? "", quoted: quoted !== undefined }),
    );
  }

  /** @returns words left */
  get left(): number {
    return this.#words.length - this.#next;
  }

  /**
   * @returns the next word
   * @throws RangeError where there is none
   */
  next(): string {
    const word = this.#words[this.#next++];
    if (word === undefined) throw new RangeError("Cannot encode record data: a word is missing at its end");
    return word.text;
  }

  /** @returns the next word without taking it; undefined where there is none */
  peek(): string | undefined {
    return this.#words[this.#next]?.text;
  }

  /** @returns all words left */
  rest(): string[] {
    const words: string[] = [];
    while (this.left > 0) words.push(this.next());
    return words;
  }

  /**
   * @param maximum largest number allowed
   * @returns the next word as a number
   * @throws RangeError when it is no decimal number, or too large
   */
  number(maximum: number): number {
    const word = this.next();
    const value = /^[0-9]+$/.test(word) ? Number(word) : NaN;
    if (!(value <= maximum)) throw new RangeError(`Cannot encode "${word}": no number up to ${maximum}`);
    return value;
  }
}

/**
 * @param text in master-file escapes
 * @returns its octets; characters above U+007F as UTF-8
 */
export function unescapeOctets(text: string): Uint8Array {
  if (!/[\\\u0080-\uffff]/.test(text)) return new TextEncoder().encode(text);
  const octets: number[] = [];
  for (const [, decimal, escaped, plain = ""] of text.matchAll(/\\([0-9]{3})|\\(.)|(.)/gsu)) {
    const character = escaped ?? plain;
    if (decimal === undefined && character < "\x80") octets.push(character.charCodeAt(0));
    else if (decimal === undefined) octets.push(...new TextEncoder().encode(character));
    else if (Number(decimal) <= 255) octets.push(Number(decimal));
    else throw new RangeError(`Cannot encode "\\${decimal}": no octet`);
  }
  return Uint8Array.from(octets);
}

/**
 * @param name in master-file escapes, with or without the trailing dot
 * @returns octets of each label
 * @throws RangeError when a label or the name is empty or too long
 */
export function nameLabels(name: string): Uint8Array[] {
  if (name === ".") return [];
  const texts = name.match(/(?:\\[0-9]{3}|\\.|[^.\\])+|\.\.|^\.|^$/gs) ?? [];
  const labels = texts.map(unescapeOctets);
  const octets = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  const bad = texts.some((text) => /^\.*$/.test(text)) || labels.some((label) => label.length > 63);
  if (bad || octets > 255) throw new RangeError(`Cannot encode name "${name}": empty label, or longer than allowed`);
  return labels;
}

/**
 * @param text hexadecimal digits
 * @returns the octets
 * @throws RangeError when it is not hexadecimal
 */
export function hexOctets(text: string): number[] {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new RangeError(`Cannot encode "${text}": not hexadecimal`);
  return (text.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
}

/**
 * @param text base64, padded or not
 * @returns the octets
 * @throws RangeError when it is not base64
 */
export function base64Octets(text: string): number[] {
  return digitOctets(text.replace(/=+$/, ""), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6);
}

/**
 * @param text base32 with the extended hexadecimal alphabet, in any case
 * @returns the octets
 * @throws RangeError when it is not of that alphabet
 */
export function base32HexOctets(text: string): number[] {
  return digitOctets(text.toUpperCase(), "0123456789ABCDEFGHIJKLMNOPQRSTUV", 5);
}

/** Octets of digits of some bits each; bits left over are dropped. */
function digitOctets(text: string, alphabet: string, bitsPerDigit: number): number[] {
  const octets: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) throw new RangeError(`Cannot encode "${text}": "${character}" is no digit of it`);
    bits = (bits << bitsPerDigit | digit) & 0xffff;
    held += bitsPerDigit;
    if (held >= 8) {
      held -= 8;
      octets.push(bits >> held & 0xff);
    }
  }
  return octets;
}

/**
 * @param text an IPv4 address
 * @returns 4 octets
 * @throws RangeError when it is none
 */
export function ipv4Octets(text: string): number[] {
  const octets = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(text) ? text.split(".").map(Number) : [];
  if (octets.length !== 4 || octets.some((octet) => octet > 255)) {
    throw new RangeError(`Cannot encode "${text}": no IPv4 address`);
  }
  return octets;
}

/**
 * @param text an IPv6 address, the last 32 bits as IPv4 where it has dots
 * @returns 16 octets
 * @throws RangeError when it is none
 */
export function ipv6Octets(text: string): number[] {
  const dotted = /^(.*:)([0-9.]+\.[0-9.]+)$/.exec(text);
  const tail4 = dotted?.[2] === undefined ? [] : ipv4Octets(dotted[2]);
  const plain = dotted?.[1] === undefined
    ? text
    : `${dotted[1]}${tail4.map((octet) => octet.toString(16).padStart(2, "0")).join("").replace(/(.{4})/, "$1:")}`;
  const halves = plain.split("::");
  const [head = [], tail = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const missing = 8 - head.length - tail.length;
  const fits = halves.length === 2 ? missing >= 1 : halves.length === 1 && missing === 0;
  if (!fits || [...head, ...tail].some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) {
    throw new RangeError(`Cannot encode "${text}": no IPv6 address`);
  }
  const groups = [...head, ...Array<string>(missing).fill("0"), ...tail].map((group) => parseInt(group, 16));
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}
