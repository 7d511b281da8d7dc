/**
 * The decoded form of a DNS message (RFC 1035 section 4).
 *
 * @module
 */

/** A question (RFC 1035 section 4.1.2). Names are in master-file escapes without the trailing dot; the root is `.`. */
export interface DnsQuestion {
  name: string;
  type: number;
  class: number;
}

/** A resource record (RFC 1035 section 4.1.3). */
export interface DnsRecord {
  name: string;
  type: number;
  class: number;
  /** Seconds; 0 where the top bit was set (RFC 2181 section 8). */
  ttl: number;
  /** Data in presentation form, as a zone file would show it. */
  data: string;
  /** Structured form of the types consumers need (addresses, targets, parameters); absent for the others. */
  fields?: Record<string, unknown>;
}

/** A DNS message. */
export interface DnsMessage {
  id: number;
  /** QR: false in a query. */
  isResponse: boolean;
  opcode: number;
  /** AA, TC, RD, RA, Z, AD, CD bits as they stand in the 16-bit flags word. */
  flags: number;
  /** Extended rcode, 12 bits, with the OPT record's upper bits (RFC 6891 section 6.1.3). */
  rcode: number;
  questions: DnsQuestion[];
  answers: DnsRecord[];
  authorities: DnsRecord[];
  additionals: DnsRecord[];
  /** Stable names of what is wrong; empty when nothing is. */
  anomalies: string[];
}
