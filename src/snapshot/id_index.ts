/**
 * Finds rows by the kernel address of their socket.
 *
 * @module
 */

/** Slots to begin with: a power of two. */
const FIRST_SLOTS = 8192;

/**
 * A hash table from 64-bit ids, read where they lie in memory, to row numbers. A Map of numbers above 2^31 allocates one
 * heap number per key and is several times slower.
 */
export class IdIndex {
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #low = new Uint32Array(FIRST_SLOTS);
  #high = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  /**
   * Finds a row.
   *
   * @param view memory that holds the id
   * @param offset first of its 8 octets
   * @returns the row number; -1 when there is none
   */
  find(view: DataView, offset: number): number {
    return this.#slots[this.#slotOf(view.getUint32(offset, true), view.getUint32(offset + 4, true))] ?? -1;
  }

  /**
   * Notes a row, in place of the one this id had.
   *
   * @param view memory that holds the id
   * @param offset first of its 8 octets
   * @param row its number, 0 and above
   */
  set(view: DataView, offset: number, row: number): void {
    if (2 * this.#size >= this.#slots.length) this.#grow();
    this.#put(view.getUint32(offset, true), view.getUint32(offset + 4, true), row);
  }

  #put(low: number, high: number, row: number): void {
    const slot = this.#slotOf(low, high);
    if (this.#slots[slot] === -1) this.#size++;
    this.#slots[slot] = row;
    this.#low[slot] = low;
    this.#high[slot] = high;
  }

  /** The slot that holds an id, or the empty one where it belongs. */
  #slotOf(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    // Objects of one size stand at multiples of it: the middle bits of the product spread them.
    let slot = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 7 & mask;
    while (this.#slots[slot] !== -1 && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = slot + 1 & mask;
    return slot;
  }

  #grow(): void {
    const [slots, low, high] = [this.#slots, this.#low, this.#high];
    this.#slots = new Int32Array(4 * slots.length).fill(-1);
    this.#low = new Uint32Array(4 * slots.length);
    this.#high = new Uint32Array(4 * slots.length);
    this.#size = 0;
    slots.forEach((row, slot) => {
      if (row >= 0) this.#put(low[slot] ?? 0, high[slot] ?? 0, row);
    });
  }
}
