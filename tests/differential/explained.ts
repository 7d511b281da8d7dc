/**
 * Disagreements with dnspython that are explained. `docs/DECODER.md` says more of each.
 *
 * @module
 */

/** Opcode of the message: five bits after the id, at the end of the line. */
const opcode = (digits: string): RegExp => new RegExp(`^only culprit takes .* [0-9a-f]{4}${digits}[0-9a-f]*$`, "s");

/** What a disagreement looks like (kind, subject, detail, anomalies, octets, with bars between), and why it is one. */
export const EXPLAINED: readonly (readonly [pattern: RegExp, explanation: string])[] = [
  [
    /^dnspython knows no form \| (?:A6|KEY|SIG|NXT|TA|M[BDFGR]|MINFO|TYPE\d+) /,
    "P1 dnspython 2.3.0 has no code for the type",
  ],
  [
    /^dnspython knows no form \| \S+ (?:ANY|NONE|HS) /,
    "P2 dnspython takes types of the Internet class as unknown data in the classes of UPDATE and in HS",
  ],
  [
    /^only culprit reads \| OPT .*edns-[a-z0-9-]+-malformed/s,
    "P3 one malformed option: dnspython gives up the record, culprit shows the others",
  ],
  [/^only culprit reads \| OPT .*edns-option-truncated/s, "P3 an option past the end: likewise"],
  [/^only culprit reads \| OPT .*edns-ede-text-not-utf8/s, "P3 extended error text that is not UTF-8: likewise"],
  [opcode("(?:[19][89a-f]|[3-7b-f][0-9a-f])"), "P4 dnspython refuses opcodes it does not know (3, 6 to 15)"],
  [
    opcode("[2a][89a-f]"),
    "P5 dnspython refuses UPDATE messages without exactly one zone of type SOA, or with other classes",
  ],
  [
    /^only culprit takes .*\| (?:[a-z0-9-]+,)*truncated[ ,]/s,
    "P17 dnspython refuses what TC cut short, culprit takes it so far",
  ],
  [
    /^only culprit takes \| BadEDNS/,
    "P18 dnspython refuses OPT records out of place, repeated or not at the root; culprit notes it",
  ],
  [
    /^whole \| None \| trailing junk \| \S* [0-9a-f]{4}[3b][0-7]/,
    "P19 dnspython takes DSO messages for empty ones",
  ],
  [/^only culprit takes \| BadTSIG/, "P6 dnspython refuses a TSIG record that is not the last; culprit notes it"],
  [/^only culprit takes \| UnknownTSIGKey/, "P7 dnspython wants the key of a TSIG record"],
  [/^text not readable \| TKEY/, "P8 dnspython writes and reads TKEY times as numbers, BIND and culprit as dates"],
  [/^text not readable \| (?:HTTPS|SVCB) .*Unknown SVCB ParamKey/, "P9 dnspython knows no service parameters above 6"],
  [/^text not readable \| (?:NSEC3?|NXT|CSYNC|RRSIG|SIG) .*type is unknown/, "P1 likewise, in a bitmap"],
  [/^text not readable \| APL .*b'/, "P10 dnspython shows prefixes of unknown families as Python does octets"],
  [/^text \| URI /, "P11 dnspython shows the octets of a URI as UTF-8, or fails where they are none"],
  [/^only culprit reads \| URI .*target may not be empty/, "P12 dnspython refuses an empty URI; RFC 7553 does not say"],
  [
    /^only culprit reads \| (?:SVCB|HTTPS) .*svcb-/s,
    "P20 dnspython gives up a record with one malformed parameter, culprit shows the others",
  ],
  [
    /^only culprit reads \| CAA .*tag is not alphanumeric/,
    "P21 dnspython refuses a CAA tag with other characters, culprit notes it",
  ],
  [
    /^octets \| (?:NSEC3?|CSYNC) .*bitmap-trailing-zero/s,
    "P22 culprit does not write zero octets at the end of a bitmap again",
  ],
  [/^octets \| WKS \w+ \| \S*00 /, "P22 likewise"],
  [/^octets \| ISDN .*"" \|/, "P24 dnspython does not write an empty ISDN subaddress again"],
  [/^only culprit reads \| TSIG .*rcode must be between/, "P25 dnspython refuses TSIG errors above 4095"],
  [
    /^(?:octets|text|text not readable) \| (?:SVCB|HTTPS) .*svcb-key-repeated/s,
    "P26 dnspython keeps the last of two equal keys, culprit shows both",
  ],
  [
    /^text not readable \| (?:CERT|DNSKEY|CDNSKEY|RRSIG) .*expecting another identifier/,
    "P27 dnspython cannot read back a key or certificate of no octets",
  ],
  [/^text not readable \| (?:NSEC3?|CSYNC) .*with bit 0/, "P28 dnspython cannot read back type 0 in a bitmap"],
  [
    /^text not readable \| NSEC3 .*Incorrect padding/,
    "P29 dnspython shows a hash of no octets as nothing, culprit as a dash",
  ],
  [
    /^octets \| APL .*00 \| \S* != \S*00 /,
    "P30 dnspython does not write zero octets at the end of a prefix of an unknown family again",
  ],
  [/^text \| LOC /, "P23 dnspython reads altitudes back a centimetre too low"],
  [/^only culprit reads \| GPOS /, "P13 dnspython checks that coordinates are numbers in range"],
  [
    /^only culprit reads \| (?:ZONEMD|DS|CDS|DLV) .*(?:digest|scheme|reserved)/,
    "P14 dnspython checks digests against their types; culprit shows them",
  ],
  [
    /^only dnspython reads \| (?:TXT|SPF|NINFO|AVC) .* \| {2}\| .*rdata-short/s,
    "P15 dnspython reads no octets as no strings; RFC 1035 wants one or more",
  ],
  [
    /^(?:questions|how far|whole|record|only culprit reads) .*pointer-forward/s,
    "P16 dnspython stops at a forward pointer; culprit follows and notes it",
  ],
];
