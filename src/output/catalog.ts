/**
 * All kinds of events with their descriptions.
 *
 * @module
 */

import { CONNECTION_EVENT } from "../../bpf/conn/fields.ts";
import { DNS_EVENT, DNS_MESSAGE_EVENT } from "../../bpf/dns/fields.ts";
import { PROCESS_EVENT } from "../../bpf/process/fields.ts";
import { SOCKET_EVENT } from "../../bpf/sockets/fields.ts";
import { UNIX_EVENT } from "../../bpf/unix/fields.ts";
import { WHO_EVENT } from "../../bpf/sockets/who_fields.ts";
import type { CulpritEvent } from "../events.ts";
import { EDGE_EVENT } from "../map/fields.ts";
import { type AnyBlock, type EventDescription, LOSS_EVENT, SUMMARY_EVENT } from "./fields.ts";

/** The description of every `type` an event can have; a type without one does not compile. */
const BY_TYPE: { readonly [Type in CulpritEvent["type"]]: EventDescription<EventOfType<Type>> } = {
  "dns": DNS_EVENT,
  "dns.query": DNS_MESSAGE_EVENT,
  "dns.response": DNS_MESSAGE_EVENT,
  "process": PROCESS_EVENT,
  "socket": SOCKET_EVENT,
  "who": WHO_EVENT,
  "connection": CONNECTION_EVENT,
  "unix": UNIX_EVENT,
  "edge": EDGE_EVENT,
  "loss": LOSS_EVENT,
  "summary": SUMMARY_EVENT,
};

/** The event that has `Type` among its types. */
type EventOfType<Type extends CulpritEvent["type"]> = CulpritEvent extends infer Event
  ? Event extends { type: infer Types } ? Type extends Types ? Event : never : never
  : never;

/** A kind of event as generators read it. */
export interface AnyEvent extends AnyBlock {
  /** An example as it is written. */
  readonly example: CulpritEvent;
}

/** Every kind of event once, in the order documentation has them. */
export const EVENTS: readonly AnyEvent[] = [...new Set<AnyEvent>(Object.values(BY_TYPE))];

/**
 * Collects the blocks events are made of.
 *
 * @param events where to begin
 * @returns every block that is reached, once, in the order of first use
 */
export function blocksOf(events: readonly AnyBlock[]): AnyBlock[] {
  const found = new Set<AnyBlock>();
  const visit = (block: AnyBlock): void => {
    for (const field of Object.values(block.fields)) {
      if (field.block === undefined || found.has(field.block)) continue;
      found.add(field.block);
      visit(field.block);
    }
  };
  events.forEach(visit);
  return [...found];
}
