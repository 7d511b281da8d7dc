/**
 * IP addresses in text (RFC 5952), with a small cache: a host talks to few addresses.
 *
 * @module
 */

/** Slots of each cache; a power of two. A slot that is taken is overwritten, so memory is bounded by it. */
const CACHE_SLOTS = 4096;

const cachedWords = new Uint32Array(CACHE_SLOTS);
const cachedTexts: (string | undefined)[] = new Array<string | undefined>(CACHE_SLOTS).fill(undefined);

const cachedWords6 = new Uint32Array(CACHE_SLOTS * 4);
const cachedTexts6: (string | undefined)[] = new Array<string | undefined>(CACHE_SLOTS).fill(undefined);

/**
 * The four octets from `offset` as one number.
 *
 * @param bytes at least `offset + 4` octets; missing ones count as 0
 * @param offset where to begin, in octets
 * @returns unsigned 32 bits, network order
 */
export function addressWord(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 24 | (bytes[offset + 1] ?? 0) << 16 | (bytes[offset + 2] ?? 0) << 8 |
    (bytes[offset + 3] ?? 0)) >>> 0;
}

/**
 * An address as text.
 *
 * @param bytes 4 octets (IPv4) or 16 (IPv6), network order; not kept
 * @returns dotted decimal, or RFC 5952 text (lower case, longest run of zero groups shortened)
 *
 * @example
 * ```ts
 * import { formatAddress } from "./address.ts";
 * console.assert(formatAddress(new Uint8Array([192, 0, 2, 1])) === "192.0.2.1");
 * ```
 */
export function formatAddress(bytes: Uint8Array): string {
  return bytes.length === 4 ? formatIpv4(addressWord(bytes, 0)) : formatIpv6(bytes);
}

/**
 * An IPv4 address as text.
 *
 * @param word its four octets as one unsigned number
 * @returns dotted decimal
 */
export function formatIpv4(word: number): string {
  const slot = (word ^ word >>> 12 ^ word >>> 20) & CACHE_SLOTS - 1;
  const cached = cachedTexts[slot];
  if (cached !== undefined && cachedWords[slot] === word) return cached;
  const text = `${word >>> 24}.${word >>> 16 & 255}.${word >>> 8 & 255}.${word & 255}`;
  cachedWords[slot] = word;
  cachedTexts[slot] = text;
  return text;
}

/** RFC 5952 text, from the cache where it is there. */
function formatIpv6(bytes: Uint8Array): string {
  const first = addressWord(bytes, 0);
  const second = addressWord(bytes, 4);
  const third = addressWord(bytes, 8);
  const fourth = addressWord(bytes, 12);
  const mixed = Math.imul(first ^ Math.imul(second, 31) ^ Math.imul(third, 961) ^ fourth, 0x9e3779b1);
  const slot = mixed >>> 20;
  const base = slot * 4;
  const cached = cachedTexts6[slot];
  if (
    cached !== undefined && cachedWords6[base] === first && cachedWords6[base + 1] === second &&
    cachedWords6[base + 2] === third && cachedWords6[base + 3] === fourth
  ) return cached;
  const text = ipv6Text(bytes);
  cachedWords6[base] = first;
  cachedWords6[base + 1] = second;
  cachedWords6[base + 2] = third;
  cachedWords6[base + 3] = fourth;
  cachedTexts6[slot] = text;
  return text;
}

/** RFC 5952 section 4: one `::` for the longest run of at least two zero groups, the first of equals. */
function ipv6Text(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push((bytes[index] ?? 0) << 8 | (bytes[index + 1] ?? 0));
  let bestStart = -1;
  let bestLength = 1;
  for (let index = 0; index < 8;) {
    let end = index;
    while (end < 8 && groups[end] === 0) end++;
    if (end - index > bestLength) {
      bestStart = index;
      bestLength = end - index;
    }
    index = Math.max(end, index + 1);
  }
  // RFC 5952 section 5: IPv4-mapped addresses end in dotted decimal.
  if (bestStart === 0 && bestLength === 5 && groups[5] === 0xffff) {
    return `::ffff:${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(":");
  return `${hex.slice(0, bestStart).join(":")}::${hex.slice(bestStart + bestLength).join(":")}`;
}

/**
 * Whether one packet to this address reaches several hosts: multicast, or the limited broadcast address.
 *
 * @param bytes 4 or 16 octets, network order
 * @returns true for 224.0.0.0/4, 255.255.255.255 and ff00::/8
 */
export function isGroupAddress(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if (bytes.length !== 4) return first === 0xff;
  return first >>> 4 === 14 || addressWord(bytes, 0) === 0xffffffff;
}

/**
 * Whether the address never leaves its network namespace.
 *
 * @param bytes 4 or 16 octets, network order
 * @returns true for 127.0.0.0/8 and ::1
 */
export function isLoopbackAddress(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes[15] === 1 && addressWord(bytes, 0) === 0 && addressWord(bytes, 4) === 0 &&
    addressWord(bytes, 8) === 0 && addressWord(bytes, 12) === 1;
}
