/**
 * Which DNS name an address was got from, by process.
 *
 * @module
 */

import type { DestinationName } from "../events.ts";

/** Addresses kept, over all processes; the oldest answer goes first. */
const MAX_ADDRESSES = 65_536;
/** Key of what any process of the host asked for. */
const ANY = 0;

/** An answer. */
interface Known {
  name: string;
  tsNs: number;
}

/** Names by process and address, from DNS answers. */
export class AddressNames {
  readonly #known = new Map<string, Known>();
  /** Answers dropped for newer ones, because too many were kept. */
  evicted = 0;

  /**
   * Notes an answer.
   *
   * @param tgid the process that asked; undefined where it is not known
   * @param name what it asked for
   * @param address text of an address in the answer
   * @param tsNs time of the answer
   */
  add(tgid: number | undefined, name: string, address: string, tsNs: number): void {
    this.#put(`${ANY} ${address}`, name, tsNs);
    if (tgid !== undefined) this.#put(`${tgid} ${address}`, name, tsNs);
  }

  /**
   * Finds the name a process knows an address by.
   *
   * @param tgid the process; undefined where it is not known
   * @param address text of the address
   * @param tsNs when it is used
   * @returns the latest name before that; undefined when nobody on this host asked
   */
  find(tgid: number | undefined, address: string, tsNs: number): DestinationName | undefined {
    const own = tgid === undefined ? undefined : this.#known.get(`${tgid} ${address}`);
    const known = own ?? this.#known.get(`${ANY} ${address}`);
    if (known === undefined) return undefined;
    return {
      name: known.name,
      age_ms: Math.max(0, Math.round((tsNs - known.tsNs) / 1e6)),
      source: own === undefined ? "host" : "process",
    };
  }

  #put(key: string, name: string, tsNs: number): void {
    // Again at the end: a map is walked in the order of insertion.
    this.#known.delete(key);
    this.#known.set(key, { name, tsNs });
    if (this.#known.size <= MAX_ADDRESSES) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      this.evicted++;
      return;
    }
  }
}
