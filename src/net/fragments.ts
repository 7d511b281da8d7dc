/**
 * Puts IP fragments together (RFC 791 section 3.2, RFC 8200 section 4.5). Live capture sees whole datagrams; files do not.
 *
 * Memory is bounded. Datagrams whose fragments overlap are dropped, as RFC 5722 asks and Linux does: an overlap is an
 * attack or an accident, and either way there is no telling which octets the receiver took.
 *
 * @module
 */

/** How long fragments are waited for, ns: Linux net.ipv4.ipfrag_time. */
const WAIT_NS = 30e9;

/** Datagrams in the making. */
const DATAGRAMS_MAX = 1024;

/** Octets of all of them together: net.ipv4.ipfrag_high_thresh. */
const TOTAL_OCTETS_MAX = 4_194_304;

/** Octets of one datagram after the IP header. */
const DATAGRAM_OCTETS_MAX = 65_535;

/** What was counted since a {@linkcode Fragments} was made. */
export interface FragmentCounters {
  /** Fragments taken. */
  fragments: number;
  /** Datagrams that became whole. */
  reassembled: number;
  /** Datagrams of which a part never came. */
  incomplete: number;
  /** Datagrams dropped because their fragments contradict each other. */
  contradictory: number;
}

/** One fragment. */
interface Piece {
  start: number;
  bytes: Uint8Array;
}

/** A datagram in the making. */
interface Datagram<Context> {
  /** Of the fragment that came first. */
  context: Context;
  protocol: number;
  firstNs: number;
  /** In order. */
  pieces: Piece[];
  held: number;
  /** Octets in all; -1 before the last fragment came. */
  size: number;
}

/** What came out. */
export interface Reassembled<Context> {
  /** Of the fragment that came first. */
  context: Context;
  /** Next header of the datagram: its transport. */
  protocol: number;
  /** Octets after the IP header; all there is of them from the start. */
  bytes: Uint8Array;
  /** Octets there should be; -1 where that is not known. */
  size: number;
}

/** Fragments of datagrams, each datagram with what the caller wants to know of it again. */
export class Fragments<Context> {
  readonly #datagrams = new Map<string, Datagram<Context>>();
  #held = 0;
  readonly #counters: FragmentCounters = { fragments: 0, reassembled: 0, incomplete: 0, contradictory: 0 };

  /** What was counted so far. */
  get counters(): Readonly<FragmentCounters> {
    return this.#counters;
  }

  /**
   * Takes a fragment.
   *
   * @param key identifies its datagram: addresses, id, and for IPv4 the protocol
   * @param protocol next header of the datagram; that of the first fragment counts
   * @param start where its octets belong, in octets
   * @param isLast no more fragments follow this one
   * @param bytes copied
   * @param tsNs when it was captured, ns
   * @param context called for the fragment of a datagram that comes first
   * @returns the datagram, once it is whole
   */
  add(
    key: string,
    protocol: number,
    start: number,
    isLast: boolean,
    bytes: Uint8Array,
    tsNs: number,
    context: () => Context,
  ): Reassembled<Context> | undefined {
    this.#counters.fragments++;
    let datagram = this.#datagrams.get(key);
    if (datagram !== undefined && tsNs - datagram.firstNs >= WAIT_NS) {
      this.#drop(key, datagram);
      this.#counters.incomplete++;
      datagram = undefined;
    }
    if (datagram === undefined) {
      datagram = { context: context(), protocol, firstNs: tsNs, pieces: [], held: 0, size: -1 };
      this.#datagrams.set(key, datagram);
    }
    if (start === 0) datagram.protocol = protocol;
    if (!this.#place(datagram, start, isLast, bytes)) {
      this.#drop(key, datagram);
      this.#counters.contradictory++;
      return undefined;
    }
    if (datagram.size >= 0 && datagram.held === datagram.size) {
      this.#drop(key, datagram);
      this.#counters.reassembled++;
      return whole(datagram);
    }
    this.#shrink();
    return undefined;
  }

  /**
   * Gives up what is not whole.
   *
   * @param handler called with each datagram whose first fragment is there
   */
  flush(handler: (part: Reassembled<Context>) => void): void {
    for (const [key, datagram] of this.#datagrams) {
      this.#drop(key, datagram);
      this.#counters.incomplete++;
      if (datagram.pieces[0]?.start === 0) handler(whole(datagram));
    }
  }

  /** Puts a fragment in its place; false when it contradicts the others. */
  #place(datagram: Datagram<Context>, start: number, isLast: boolean, bytes: Uint8Array): boolean {
    const end = start + bytes.length;
    if (end > DATAGRAM_OCTETS_MAX) return false;
    const { pieces } = datagram;
    let index = pieces.length;
    while (index > 0 && (pieces[index - 1] as Piece).start > start) index--;
    const before = pieces[index - 1];
    // The same fragment again is none more.
    if (before !== undefined && before.start === start && before.bytes.length === bytes.length) return true;
    const after = pieces[index];
    if (before !== undefined && before.start + before.bytes.length > start) return false;
    if (after !== undefined && end > after.start) return false;
    if (isLast) {
      if (datagram.size >= 0 && datagram.size !== end || after !== undefined) return false;
      datagram.size = end;
    } else if (datagram.size >= 0 && end > datagram.size) return false;
    pieces.splice(index, 0, { start, bytes: bytes.slice() });
    datagram.held += bytes.length;
    this.#held += bytes.length;
    return true;
  }

  /** Forgets a datagram. */
  #drop(key: string, datagram: Datagram<Context>): void {
    this.#datagrams.delete(key);
    this.#held -= datagram.held;
  }

  /** Gives up the oldest datagrams until the rest fits. */
  #shrink(): void {
    for (const [key, datagram] of this.#datagrams) {
      if (this.#datagrams.size <= DATAGRAMS_MAX && this.#held <= TOTAL_OCTETS_MAX) return;
      this.#drop(key, datagram);
      this.#counters.incomplete++;
    }
  }
}

/** The octets of a datagram, from its start to the first hole. */
function whole<Context>(datagram: Datagram<Context>): Reassembled<Context> {
  let size = 0;
  for (const piece of datagram.pieces) {
    if (piece.start !== size) break;
    size += piece.bytes.length;
  }
  const bytes = new Uint8Array(size);
  for (const piece of datagram.pieces) if (piece.start < size) bytes.set(piece.bytes, piece.start);
  return { context: datagram.context, protocol: datagram.protocol, bytes, size: datagram.size };
}
