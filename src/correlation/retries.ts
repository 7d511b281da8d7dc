/**
 * Truncated answers that wait for their client to ask again over TCP (RFC 7766 section 5).
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import { mix } from "../net/mix.ts";
import type { Entry } from "./table.ts";

/** Held transactions, by question and client. */
export class TcpRetries {
  readonly #bySlot = new Map<number, Entry[]>();

  /** Adds a transaction whose answer was truncated. */
  add(entry: Entry): void {
    const slot = slotOf(entry);
    const others = this.#bySlot.get(slot);
    if (others === undefined) this.#bySlot.set(slot, [entry]);
    else others.push(entry);
  }

  /** Takes out a transaction. */
  remove(entry: Entry): void {
    const slot = slotOf(entry);
    const others = this.#bySlot.get(slot)?.filter((other) => other !== entry) ?? [];
    if (others.length === 0) this.#bySlot.delete(slot);
    else this.#bySlot.set(slot, others);
  }

  /**
   * The transaction a query over TCP repeats.
   *
   * @param entry of the query over TCP
   * @returns the oldest with the same question from the same process; from the same address where none is known
   */
  find(entry: Entry): Entry | undefined {
    if (this.#bySlot.size === 0) return undefined;
    return this.#bySlot.get(slotOf(entry))?.find((other) =>
      other.questionHash === entry.questionHash && isSameClient(other, entry)
    );
  }
}

/** Where the retry is looked for: by question and process, or address where none is known. */
function slotOf(entry: Entry): number {
  const { client } = entry;
  if (client !== undefined) return mix(mix(entry.questionHash, client.tgid), client.startTimeNs);
  let hash = entry.questionHash;
  for (let index = 0; index < entry.clientAddress.length; index++) {
    hash = mix(hash, entry.clientAddress.charCodeAt(index));
  }
  return hash;
}

/** Whether two transactions were begun by the same process, or from the same address. */
function isSameClient(one: Entry, other: Entry): boolean {
  if (one.client === undefined || other.client === undefined) {
    return one.client === other.client && one.clientAddress === other.clientAddress;
  }
  return isSameProcess(one.client, other.client);
}

/** Whether two tasks are of one process: a pid alone is used again. */
export function isSameProcess(one: PacketOwner, other: PacketOwner): boolean {
  return one.tgid === other.tgid && one.startTimeNs === other.startTimeNs;
}
