/**
 * Wall time as RFC 3339 text, fast enough for every event.
 *
 * @module
 */

/** Nanoseconds of a second. */
const NS_PER_SECOND = 1_000_000_000;

/** The numbers 0 to 999 with three digits: string concatenation of three of these beats formatting nine digits. */
const THREE_DIGITS: readonly string[] = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));

/** Last second of year 9999, beyond which RFC 3339 has no years. */
const MAX_SECONDS = 253_402_300_799;

/**
 * Formats times that come in roughly ascending order: the text of the second is kept between calls.
 */
export class Rfc3339Formatter {
  #second = NaN;
  #prefix = "";

  /**
   * Formats a time.
   *
   * @param seconds whole seconds since 1970-01-01T00:00:00Z; clamped to the years 1970 to 9999
   * @param ns nanoseconds of the second, 0 to 999,999,999
   * @returns for example `2026-11-21T00:12:03.123456789Z`
   */
  format(seconds: number, ns: number): string {
    if (seconds !== this.#second) {
      this.#second = seconds;
      const shown = Math.min(Math.max(seconds, 0), MAX_SECONDS);
      this.#prefix = new Date(shown * 1000).toISOString().slice(0, 20);
    }
    const us = (ns / 1000) | 0;
    const ms = (us / 1000) | 0;
    return `${this.#prefix}${THREE_DIGITS[ms]}${THREE_DIGITS[us - ms * 1000]}${THREE_DIGITS[(ns - us * 1000) | 0]}Z`;
  }
}

/**
 * Splits a sum of nanoseconds that is too large for a number.
 *
 * @param baseSeconds whole seconds
 * @param baseNs nanoseconds beyond them, 0 to 999,999,999
 * @param addedNs nanoseconds to add, any sign
 * @param formatter formats the sum
 * @returns the sum as RFC 3339
 */
export function formatSum(baseSeconds: number, baseNs: number, addedNs: number, formatter: Rfc3339Formatter): string {
  const addedSeconds = Math.floor(addedNs / NS_PER_SECOND);
  let seconds = baseSeconds + addedSeconds;
  let ns = baseNs + (addedNs - addedSeconds * NS_PER_SECOND);
  if (ns >= NS_PER_SECOND) {
    ns -= NS_PER_SECOND;
    seconds++;
  }
  return formatter.format(seconds, ns);
}
