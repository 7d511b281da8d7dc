/**
 * Finds connections by a number made of them.
 *
 * @module
 */

import type { FollowedConnection } from "./_connection.ts";

/** Places at first; a power of two. */
const PLACES_AT_FIRST = 64;

/** Different in every run, so that nobody can choose addresses that all have the same place. */
const SEED = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/**
 * Mixes a number into another one (the steps of MurmurHash3's finalizer).
 *
 * @param hash what was mixed so far; 0 at first
 * @param value 32 bits of it count
 * @returns 32 bits
 */
export function mix(hash: number, value: number): number {
  // Not the exclusive or of both: ports and addresses of a scan count up together.
  let mixed = Math.imul(hash ^ SEED, 0x9e3779b1) + value | 0;
  mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return mixed ^ mixed >>> 16;
}

/**
 * Mixes a text into a number.
 *
 * @param hash what was mixed so far
 * @param text all of it counts
 * @returns 32 bits
 */
export function mixText(hash: number, text: string): number {
  let sum = 0;
  for (let index = 0; index < text.length; index++) sum = Math.imul(sum, 31) + text.charCodeAt(index) | 0;
  return mix(hash, sum);
}

/** Connections by hash, chained through themselves: a Map of lists takes several times the memory. */
export class ConnectionIndex {
  readonly #hashOf: (connection: FollowedConnection) => number;
  #places = new Array<FollowedConnection | undefined>(PLACES_AT_FIRST).fill(undefined);
  #size = 0;

  /** @param hashOf the same number for all that are to be found together; others may have it, too */
  constructor(hashOf: (connection: FollowedConnection) => number) {
    this.#hashOf = hashOf;
  }

  /** How many are in it. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a connection that is in no index.
   *
   * @param connection which
   */
  add(connection: FollowedConnection): void {
    if (this.#size >= this.#places.length) this.#grow();
    this.#link(connection);
    this.#size++;
  }

  /**
   * Removes a connection.
   *
   * @param connection unchanged, as far as its hash goes
   * @returns whether it was there
   */
  remove(connection: FollowedConnection): boolean {
    const place = this.#hashOf(connection) & this.#places.length - 1;
    let before: FollowedConnection | undefined;
    for (let there = this.#places[place]; there !== undefined; before = there, there = there.next) {
      if (there !== connection) continue;
      if (before === undefined) this.#places[place] = connection.next;
      else before.next = connection.next;
      connection.next = undefined;
      this.#size--;
      return true;
    }
    return false;
  }

  /**
   * The latest of those with a hash, which leads to the others by its `next`. Any of them may have another hash.
   *
   * @param hash which
   * @returns it; undefined where there is none
   */
  first(hash: number): FollowedConnection | undefined {
    return this.#places[hash & this.#places.length - 1];
  }

  #link(connection: FollowedConnection): void {
    const place = this.#hashOf(connection) & this.#places.length - 1;
    connection.next = this.#places[place];
    this.#places[place] = connection;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Array<FollowedConnection | undefined>(2 * before.length).fill(undefined);
    for (let chain of before) {
      // Turned round, so that the latest is in front again when it is linked last.
      let oldest: FollowedConnection | undefined;
      while (chain !== undefined) {
        const { next } = chain as FollowedConnection;
        chain.next = oldest;
        oldest = chain;
        chain = next;
      }
      while (oldest !== undefined) {
        const { next } = oldest as FollowedConnection;
        this.#link(oldest);
        oldest = next;
      }
    }
  }
}
