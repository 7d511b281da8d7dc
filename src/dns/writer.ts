/**
 * Octets being written: grows as needed, compresses names.
 *
 * @module
 */

/** Largest offset a compression pointer can hold (RFC 1035 section 4.1.4). */
const MAX_POINTER = 0x3fff;

/** A message being written. */
export class Writer {
  /** Octets written so far. */
  length = 0;
  #bytes = new Uint8Array(512);
  readonly #suffixes: Map<string, number> | undefined;

  /** @param compress whether names may point back */
  constructor(compress: boolean) {
    this.#suffixes = compress ? new Map() : undefined;
  }

  /** @returns a copy of what was written */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.length);
  }

  /** @param value 0 to 255 */
  u8(value: number): void {
    if (this.length === this.#bytes.length) {
      const grown = new Uint8Array(this.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes[this.length++] = value;
  }

  /** @param value 0 to 65535 */
  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  /** @param value 0 to 2^32 - 1 */
  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  /** @param value 0 to 2^48 - 1 */
  u48(value: number): void {
    this.u16(Math.floor(value / 0x1_0000_0000));
    this.u32(value % 0x1_0000_0000);
  }

  /** @param octets what to append */
  octets(octets: Iterable<number>): void {
    for (const octet of octets) this.u8(octet);
  }

  /**
   * Overwrites two octets.
   *
   * @param offset where; before `length`
   * @param value 0 to 65535
   */
  patch16(offset: number, value: number): void {
    this.#bytes[offset] = value >>> 8;
    this.#bytes[offset + 1] = value & 0xff;
  }

  /**
   * Appends a name, as a pointer where its end was written before.
   *
   * @param labels octets of each label
   * @param compress whether this name may point back (RFC 3597 section 4: not in the data of newer types)
   */
  name(labels: readonly Uint8Array[], compress = true): void {
    // Exact octets, not a case-folded key: case must survive.
    const keys: string[] = [];
    for (let index = labels.length - 1; index >= 0; index--) {
      keys[index] = `${labels[index]!.join()}.${keys[index + 1] ?? ""}`;
    }
    for (let index = 0; index < labels.length; index++) {
      const suffix = keys[index]!;
      const offset = this.#suffixes?.get(suffix);
      if (compress && offset !== undefined) {
        this.u16(0xc000 | offset);
        return;
      }
      if (offset === undefined && this.length <= MAX_POINTER) this.#suffixes?.set(suffix, this.length);
      const label = labels[index]!;
      this.u8(label.length);
      this.octets(label);
    }
    this.u8(0);
  }
}
