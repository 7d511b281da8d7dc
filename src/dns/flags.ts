/**
 * The header's flags as names.
 *
 * @module
 */

import type { DnsMessage } from "./types.ts";

/** Bits of the flags word between opcode and rcode, highest first (RFC 1035 section 4.1.1, RFC 4035 section 3). */
const BITS: ReadonlyArray<readonly [bit: number, dns: string, llmnr: string]> = [
  [0x0400, "aa", "c"],
  [0x0200, "tc", "tc"],
  [0x0100, "rd", "t"],
  [0x0080, "ra", "z"],
  [0x0040, "z", "z"],
  [0x0020, "ad", "z"],
  [0x0010, "cd", "z"],
];

/** Names of every combination of the seven bits, by the flags word shifted right by 4. */
const DNS_FLAGS: readonly (readonly string[])[] = combinations(1);
const LLMNR_FLAGS: readonly (readonly string[])[] = combinations(2);

/** Lists what each of the 128 values means. */
function combinations(column: 1 | 2): readonly (readonly string[])[] {
  return Array.from({ length: 128 }, (_, index) => {
    const names = BITS.filter(([bit]) => (index << 4 & bit) !== 0).map((row) => row[column]);
    return [...new Set(names)];
  });
}

/**
 * Names of the flags that are set, in the order of the header. The QR bit is `isResponse`, not a flag.
 *
 * @param message whose flags
 * @param protocol `llmnr` names bits 5 and 7 as RFC 4795 section 2.1.1 does: `c` (conflict) and `t` (tentative)
 * @returns of `aa`, `tc`, `rd`, `ra`, `z`, `ad`, `cd`; a new array each time
 */
export function flagNames(message: Pick<DnsMessage, "flags">, protocol: "dns" | "mdns" | "llmnr" = "dns"): string[] {
  const table = protocol === "llmnr" ? LLMNR_FLAGS : DNS_FLAGS;
  return table[message.flags >> 4 & 0x7f]?.slice() ?? [];
}
