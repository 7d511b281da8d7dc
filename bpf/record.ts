/**
 * Reads strings out of records of the ring.
 *
 * @module
 */

const decoder = new TextDecoder();

/**
 * Reads text that ends at the first NUL or after `size` octets, lossy UTF-8.
 *
 * @param view memory that holds the text
 * @param offset first octet in `view`
 * @param size most octets
 * @returns the text
 */
export function readText(view: DataView, offset: number, size: number): string {
  let length = 0;
  let ascii = true;
  for (; length < size; length++) {
    const octet = view.getUint8(offset + length);
    if (octet === 0) break;
    if (octet > 0x7f) ascii = false;
  }
  if (ascii && length <= 16) {
    let text = "";
    for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint8(offset + index));
    return text;
  }
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, length));
}

/**
 * Reads texts that each end with NUL, as the arguments of a process lie in memory.
 *
 * @param view memory that holds the texts
 * @param offset first octet in `view`
 * @param size octets of all texts with their NULs; the last NUL may be missing
 * @returns the texts; none for size 0
 */
export function readTexts(view: DataView, offset: number, size: number): string[] {
  if (size === 0) return [];
  const texts = decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, size)).split("\0");
  if (texts.at(-1) === "") texts.pop();
  return texts;
}

/** `@` in UTF-8. */
const AT = 0x40;

/**
 * Reads the name of a Unix socket: a path, or `@` and an abstract name, in which NUL octets are `@` too (unix(7)). A
 * relative path that begins with `@` itself is shown below `./`, so that it is not taken for one.
 *
 * @param view memory that holds the name
 * @param offset first octet of `sun_path` in `view`
 * @param size octets of `sun_path` that count
 * @returns the name, lossy UTF-8; undefined for size 0, which is no name
 */
export function readUnixName(view: DataView, offset: number, size: number): string | undefined {
  if (size === 0) return undefined;
  const first = view.getUint8(offset);
  if (first === AT) return `./${readText(view, offset, size)}`;
  if (first !== 0) return readText(view, offset, size);
  return decoder.decode(new Uint8Array(view.buffer, view.byteOffset + offset, size)).replaceAll("\0", "@");
}

const MAX_TEXTS = 1024;

/** The words of a field and its text. */
interface CachedText {
  a: number;
  b: number;
  c: number;
  d: number;
  text: string;
}

/**
 * Keeps the texts of small fixed-size fields, so that the same octets are decoded once. Bounded: it starts afresh when
 * it is full.
 */
export class TextCache {
  readonly #texts = new Map<number, CachedText>();

  /**
   * Reads a 16-octet field that ends at its first NUL.
   *
   * @param view memory that holds the field
   * @param offset first octet in `view`
   * @returns its text, lossy UTF-8
   */
  read16(view: DataView, offset: number): string {
    const a = view.getUint32(offset, true);
    const b = view.getUint32(offset + 4, true);
    const c = view.getUint32(offset + 8, true);
    const d = view.getUint32(offset + 12, true);
    const hash = a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35);
    const found = this.#texts.get(hash);
    if (found !== undefined && found.a === a && found.b === b && found.c === c && found.d === d) return found.text;
    const text = readText(view, offset, 16);
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(hash, { a, b, c, d, text });
    return text;
  }
}
