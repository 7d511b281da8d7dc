/**
 * Where responses were seen.
 *
 * @module
 */

import type { Arrival } from "./arrival.ts";
import type { Entry } from "./table.ts";

/**
 * Notes where a response was seen.
 *
 * @param entry its transaction
 * @param at the response
 * @returns whether it is another one than those seen before, rather than a second view
 */
export function seeResponse(entry: Entry, at: Arrival): boolean {
  const responses = entry.responses;
  const cookie = at.packet.socketCookie;
  if (at.isEgress) {
    entry.responseEgress++;
    if (at.isLocal) {
      entry.serverIsLocal = true;
      // Who sends the answer is a better witness than who opened the socket the query reached.
      entry.server = at.owner ?? entry.server;
      if (entry.serverCookie === -1) entry.serverCookie = cookie;
    }
  } else {
    if (entry.responseCookie === -1 || entry.responseCookie === cookie) {
      entry.responseCookie = cookie;
      entry.responseIngress++;
    }
    if (at.isLocal && !at.key.isToGroup) {
      entry.clientIsLocal = true;
      entry.client ??= at.owner;
    }
  }
  return entry.responses > responses;
}
