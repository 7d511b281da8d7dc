/**
 * Random numbers that can be had again from their seed.
 *
 * @module
 */

/** A generator of 32-bit numbers (xorshift, Marsaglia 2003). */
export class Random {
  #state: number;

  /** @param seed any 32-bit number but 0 */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 1;
  }

  /** @returns 0 to 2^32 - 1 */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }

  /**
   * @param limit 1 to 2^32
   * @returns 0 to `limit - 1`
   */
  below(limit: number): number {
    return Math.floor(this.next() / 0x1_0000_0000 * limit);
  }

  /**
   * @param probability 0 to 1
   * @returns true that often
   */
  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }

  /**
   * @param items at least one
   * @returns one of them
   */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /**
   * @param count how many
   * @returns random octets
   */
  octets(count: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: count }, () => this.next() >>> 24);
  }
}
