/**
 * The decoded form of a DNS message (RFC 1035 section 4).
 *
 * @module
 */

/** A question (RFC 1035 section 4.1.2). Names are in master-file escapes without the trailing dot; the root is `.`. */
export interface DnsQuestion {
  /** Asked for, in its case. */
  name: string;
  /** Type asked for, 0 to 65535. */
  type: number;
  /** Class asked for, 0 to 65535; with mDNS without the top bit. */
  class: number;
  /**
   * The name in its own alphabet, to show beside it: labels of IDNA, in mDNS also those in UTF-8. Absent where it has no
   * such label or none that is safe to show, and after 32 names of a message.
   */
  unicodeName?: string;
  /** mDNS only: the QU bit, an answer by unicast is welcome (RFC 6762 section 5.4); absent where it is not set. */
  unicastResponse?: true;
}

/** A resource record (RFC 1035 section 4.1.3). */
export interface DnsRecord {
  /** Owner, in its case. */
  name: string;
  /** 0 to 65535. */
  type: number;
  /** 0 to 65535; with mDNS without the top bit. Of an OPT record: the size of the sender's UDP payloads, octets. */
  class: number;
  /** Seconds; 0 where the top bit was set (RFC 2181 section 8). Of an OPT record: the 32 bits as they stand. */
  ttl: number;
  /** Data in presentation form, as a zone file would show it. */
  data: string;
  /** Structured form of the types consumers need (addresses, targets, parameters); absent for the others. */
  fields?: Record<string, unknown>;
  /** The owner in its own alphabet, as in {@linkcode DnsQuestion}. */
  unicodeName?: string;
  /** mDNS only: the cache-flush bit (RFC 6762 section 10.2); absent where it is not set. */
  cacheFlush?: true;
}

/** One TLV of a DNS Stateful Operations message (RFC 8490 section 5.4). */
export interface DsoTlv {
  /** 0 to 65535. */
  type: number;
  /** Name of the type in the registry, or `DSO<number>`. */
  name: string;
  /** Data in lower-case hexadecimal. */
  data: string;
}

/** A DNS message. */
export interface DnsMessage {
  /** 0 to 65535. */
  id: number;
  /** QR: false in a query. */
  isResponse: boolean;
  /** Operation, 0 to 15. */
  opcode: number;
  /** AA, TC, RD, RA, Z, AD, CD bits as they stand in the 16-bit flags word. */
  flags: number;
  /** Extended rcode, 12 bits, with the OPT record's upper bits (RFC 6891 section 6.1.3). */
  rcode: number;
  /** In an UPDATE message: the zone (RFC 2136 section 2). */
  questions: DnsQuestion[];
  /** In an UPDATE message: the prerequisites. */
  answers: DnsRecord[];
  /** In an UPDATE message: the updates. */
  authorities: DnsRecord[];
  /** Everything else, and the OPT and TSIG records. */
  additionals: DnsRecord[];
  /** Stable names of what is wrong; empty when nothing is. `docs/DECODER.md` lists them. */
  anomalies: string[];
  /** Only in messages with opcode DSO, which have no sections. */
  dsoTlvs?: DsoTlv[];
}

/** How to read a message. */
export interface DecodeOptions {
  /**
   * Read as multicast DNS (RFC 6762): the top bit of a class is the QU or cache-flush bit, and what is usual there
   * (several questions, queries with known answers, responses without question) is no anomaly. Default: false.
   */
  mdns?: boolean;
}
