/**
 * Mixing numbers into a hash.
 *
 * @module
 */

/**
 * Spreads a number over 32 bits, together with what was mixed before.
 *
 * @param hash what was mixed before; begin with a random seed where hostile input chooses the numbers
 * @param value only its lower 32 bits count
 * @returns signed 32 bits
 */
export function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x9e3779b1);
  return product ^ product >>> 15;
}
