/**
 * Who is resolving what through libc: for whom nscd or systemd-resolved ask, whom clients reach without DNS.
 *
 * @module
 */

import type { PacketOwner } from "../capture.ts";
import { nameKey } from "../dns/mod.ts";
import { isSameProcess } from "./retries.ts";
import type { ClientOfResolver } from "./types.ts";

/** Threads that resolve at the same time and are remembered; the oldest is forgotten for a new one. */
const THREADS_MAX = 4096;
/** Functions of libc that call each other, at most. */
const DEPTH_MAX = 8;
/** Longest time a lookup can take, ns: a thread may leave one without returning. */
const LOOKUP_MAX_NS = 60e9;

/** A call that has not returned. */
interface OpenLookup {
  owner: PacketOwner;
  key: string;
  tsNs: number;
}

/** Lookups through libc that are going on. */
export class NameServiceLookups {
  /** Calls of each thread by its tid, the outermost first. */
  readonly #calls = new Map<number, OpenLookup[]>();

  /** Whether nobody is resolving anything. */
  get isEmpty(): boolean {
    return this.#calls.size === 0;
  }

  /**
   * A thread begins to resolve a name.
   *
   * @param owner the thread
   * @param name as the program gave it
   * @param tsNs when, ns
   */
  begin(owner: PacketOwner, name: string, tsNs: number): void {
    let calls = this.#calls.get(owner.tid);
    if (calls === undefined || calls[0]?.owner.startTimeNs !== owner.startTimeNs || calls.length >= DEPTH_MAX) {
      this.#calls.delete(owner.tid);
      if (this.#calls.size >= THREADS_MAX) {
        for (const tid of this.#calls.keys()) {
          this.#calls.delete(tid);
          break;
        }
      }
      this.#calls.set(owner.tid, calls = []);
    }
    calls.push({ owner, key: nameKey(name.length > 1 && name.endsWith(".") ? name.slice(0, -1) : name), tsNs });
  }

  /**
   * The innermost call of a thread has returned.
   *
   * @param owner the thread
   */
  end(owner: PacketOwner): void {
    const calls = this.#calls.get(owner.tid);
    calls?.pop();
    if (calls?.length === 0) this.#calls.delete(owner.tid);
  }

  /**
   * Who is waiting for a name.
   *
   * @param name asked for upstream
   * @param service who asks
   * @param tsNs when, ns
   * @returns the process that has waited longest; undefined when there is none. `exact` when no other waits for that very
   *   name, `likely` when others do, or when the name is what one waits for with a search domain behind it
   */
  find(name: string, service: PacketOwner, tsNs: number): ClientOfResolver | undefined {
    const key = nameKey(name);
    const exact: OpenLookup[] = [];
    const longer: OpenLookup[] = [];
    for (const [tid, [call]] of this.#calls) {
      if (call === undefined || tsNs - call.tsNs > LOOKUP_MAX_NS) this.#calls.delete(tid);
      else if (isSameProcess(call.owner, service)) continue;
      else if (call.key === key) exact.push(call);
      else if (key.startsWith(`${call.key}.`)) longer.push(call);
    }
    const found = exact[0] ?? longer[0];
    if (found === undefined) return undefined;
    return { owner: found.owner, tsNs: found.tsNs, confidence: exact.length === 1 ? "exact" : "likely" };
  }
}
