/**
 * Link layers: where in a captured frame the IP packet begins.
 *
 * Numbers are those of https://www.tcpdump.org/linktypes.html.
 *
 * @module
 */

/** Link types that can be read. */
export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  ppp: 9,
  /** Raw IP, as BSD numbers it. */
  rawBsd: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppEther: 51,
  raw: 101,
  loop: 108,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** VLAN tags: 802.1Q, 802.1ad (QinQ), and what came before it. */
const ETHERTYPE_VLAN = 0x8100;
const ETHERTYPE_QINQ = 0x88a8;
const ETHERTYPE_QINQ_OLD = 0x9100;
const ETHERTYPE_PPPOE = 0x8864;

/** Lengths of IEEE 802.3 frames stand where others have their type. */
const LENGTH_MAX = 1500;

/** PPP protocols (RFC 1332, RFC 5072). */
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;

/** Tags nested deeper are taken for an attack. */
const TAGS_MAX = 8;

/** Packet type of Linux cooked captures for what this host sent. */
const COOKED_OUTGOING = 4;

/** Where the IP packet begins; -1 when there is none. Filled by {@linkcode findIp}. */
export interface LinkResult {
  /** In octets. */
  offset: number;
  /** The capture says which way the packet went. */
  direction: "egress" | "ingress" | undefined;
}

/** Asked for each frame: a list made anew each time cost a twentieth of reading a file. */
const KNOWN: ReadonlySet<number> = new Set(Object.values(LINK_TYPE));

/**
 * Tells whether a link type can be read.
 *
 * @param linkType number of a link type
 * @returns whether {@linkcode findIp} knows it
 */
export function isKnownLinkType(linkType: number): boolean {
  return KNOWN.has(linkType);
}

/**
 * Finds the IP packet in a frame.
 *
 * @param linkType one of {@linkcode LINK_TYPE}; others have none
 * @param frame the frame
 * @param result filled
 */
export function findIp(linkType: number, frame: Uint8Array, result: LinkResult): void {
  result.direction = undefined;
  result.offset = -1;
  switch (linkType) {
    case LINK_TYPE.ethernet:
      if (frame.length >= 14) result.offset = afterType(frame, 12);
      return;
    case LINK_TYPE.rawBsd:
    case LINK_TYPE.rawOpenBsd:
    case LINK_TYPE.raw:
    case LINK_TYPE.ipv4:
    case LINK_TYPE.ipv6:
      result.offset = 0;
      return;
    case LINK_TYPE.null:
    case LINK_TYPE.loop:
      // The address family is in the byte order of whoever captured, and 24, 28 or 30 for IPv6: the IP header tells.
      result.offset = frame.length > 4 ? 4 : -1;
      return;
    case LINK_TYPE.linuxCooked:
      if (frame.length < 16) return;
      result.direction = word(frame, 0) === COOKED_OUTGOING ? "egress" : "ingress";
      result.offset = afterType(frame, 14);
      return;
    case LINK_TYPE.linuxCooked2: {
      if (frame.length < 20) return;
      result.direction = frame[10] === COOKED_OUTGOING ? "egress" : "ingress";
      const type = word(frame, 0);
      result.offset = isTag(type) ? afterTags(frame, 20, type) : isIp(type) ? 20 : -1;
      return;
    }
    case LINK_TYPE.ppp:
    case LINK_TYPE.pppHdlc:
      result.offset = afterPpp(frame, frame[0] === 0xff && frame[1] === 0x03 ? 2 : 0);
      return;
    case LINK_TYPE.pppEther:
      result.offset = afterPpp(frame, 6);
      return;
  }
}

/** Where the packet begins behind an EtherType, a length, and VLAN tags. */
function afterType(frame: Uint8Array, offset: number): number {
  const type = word(frame, offset);
  if (isIp(type)) return offset + 2;
  if (type <= LENGTH_MAX) return afterSnap(frame, offset + 2);
  return afterTags(frame, offset + 2, type);
}

/** Where the packet begins behind VLAN tags and PPPoE. */
function afterTags(frame: Uint8Array, start: number, first: number): number {
  let offset = start;
  let type = first;
  for (let tags = 0; tags < TAGS_MAX; tags++) {
    if (isIp(type)) return offset;
    if (type === ETHERTYPE_PPPOE) return afterPpp(frame, offset + 6);
    if (!isTag(type) || offset + 4 > frame.length) return -1;
    type = word(frame, offset + 2);
    offset += 4;
  }
  return -1;
}

/** Where the packet begins behind an 802.2 SNAP header. */
function afterSnap(frame: Uint8Array, offset: number): number {
  const isSnap = frame[offset] === 0xaa && frame[offset + 1] === 0xaa && frame[offset + 2] === 0x03;
  return isSnap && offset + 8 <= frame.length && isIp(word(frame, offset + 6)) ? offset + 8 : -1;
}

/** Where the packet begins behind a PPP protocol number, of one octet or two (RFC 1661 section 6.5). */
function afterPpp(frame: Uint8Array, offset: number): number {
  if (offset + 2 > frame.length) return -1;
  const short = frame[offset] as number;
  if ((short & 1) === 1) return short === PPP_IPV4 || short === PPP_IPV6 ? offset + 1 : -1;
  const protocol = word(frame, offset);
  return protocol === PPP_IPV4 || protocol === PPP_IPV6 ? offset + 2 : -1;
}

function isIp(type: number): boolean {
  return type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6;
}

function isTag(type: number): boolean {
  return type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ || type === ETHERTYPE_QINQ_OLD;
}

/** Two octets, network order. */
function word(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) << 8 | (bytes[offset + 1] as number);
}
