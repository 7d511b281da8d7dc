/**
 * Multicast DNS queries that wait for an answer (RFC 6762): the answer comes from anybody, to everybody, with another
 * id and without the question, so it is found by what it tells.
 *
 * @module
 */

import { nameKey } from "../dns/mod.ts";
import type { DnsMessage } from "../dns/types.ts";
import type { Entry } from "./table.ts";

/** Questions, or answers, of one message that are looked at. */
const ITEMS_MAX = 64;

/** Transactions one announcement may answer. */
const ANSWERED_MAX = 16;

const TYPE_ANY = 255;

/** Open queries by name and type. */
export class GroupQueries {
  readonly #byQuestion = new Map<string, Set<Entry>>();

  /**
   * Lists an open query.
   *
   * @param entry of the query
   * @param message the query
   */
  add(entry: Entry, message: DnsMessage): void {
    entry.groupKeys = message.questions.slice(0, ITEMS_MAX).map(({ name, type }) => keyOf(name, type));
    for (const key of entry.groupKeys) {
      const entries = this.#byQuestion.get(key);
      if (entries === undefined) this.#byQuestion.set(key, new Set([entry]));
      else entries.add(entry);
    }
  }

  /** Takes out a query that is open no more. */
  remove(entry: Entry): void {
    for (const key of entry.groupKeys ?? []) {
      const entries = this.#byQuestion.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) this.#byQuestion.delete(key);
    }
    entry.groupKeys = undefined;
  }

  /**
   * The open queries an announcement answers.
   *
   * @param message the announcement
   * @param source address it came from: a host does not answer itself
   * @returns at most 16 transactions, the oldest first
   */
  answeredBy(message: DnsMessage, source: string): Entry[] {
    if (this.#byQuestion.size === 0) return [];
    const found = new Set<Entry>();
    for (const { name, type } of message.answers.slice(0, ITEMS_MAX)) {
      for (const key of [keyOf(name, type), keyOf(name, TYPE_ANY)]) {
        for (const entry of this.#byQuestion.get(key) ?? []) {
          if (found.size === ANSWERED_MAX) break;
          if (entry.clientAddress !== source) found.add(entry);
        }
      }
    }
    return [...found].sort((one, other) => one.firstNs - other.firstNs);
  }
}

/** Key of a name and a type. */
function keyOf(name: string, type: number): string {
  return `${nameKey(name)} ${type}`;
}
