/**
 * Numbers and times as rows have room for.
 *
 * @module
 */

/** Units of 1000 each, as those of `culprit map` and of network devices. */
const UNITS = ["", "k", "M", "G", "T", "P", "E"];
/** What is nothing stands back. */
export const NOTHING = "-";

/**
 * A number of octets in at most 5 columns: three digits and a unit of powers of 1000.
 *
 * @param count octets, not negative
 * @returns `-`, `999`, `1.00k`, `12.3M`, `123G`
 */
export function formatOctets(count: number): string {
  if (count < 0.5) return NOTHING;
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return value.toFixed(0);
  const digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return value.toFixed(digits) + (UNITS[unit] ?? "");
}

/**
 * A number of octets that says so.
 *
 * @param count octets, not negative
 * @returns `-`, `999B`, `1.00kB`
 */
export function formatBytes(count: number): string {
  const text = formatOctets(count);
  return text === NOTHING ? text : `${text}B`;
}

/**
 * A number of things in at most 5 columns: exact below 100,000.
 *
 * @param count not negative, whole
 * @returns `-`, `99999`, `123k`, `12.3M`
 */
export function formatCount(count: number): string {
  if (count <= 0) return NOTHING;
  if (count < 100_000) return `${Math.round(count)}`;
  if (count < 999_500) return `${Math.round(count / 1000)}k`;
  return count < 99.95e6 ? `${(count / 1e6).toFixed(1)}M` : `${Math.round(count / 1e6)}M`;
}

/**
 * How often something happens, in at most 5 columns.
 *
 * @param perSecond not negative
 * @returns `-`, `0.2`, `15`
 */
export function formatRate(perSecond: number): string {
  if (perSecond < 0.005) return NOTHING;
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond));
}

/**
 * A length of time in its two largest units.
 *
 * @param ns nanoseconds, not negative
 * @returns `9s`, `1m09s`, `2h05m`, `3d04h`
 */
export function formatSpan(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (count: number): string => `${count}`.padStart(2, "0");
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m${two(seconds % 60)}s`;
  return hours < 24 ? `${hours}h${two(minutes % 60)}m` : `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
}
