/**
 * The filters of `culprit conns` by what is known before an event is made: addresses, ports, state, direction.
 *
 * @module
 */

import { UsageError } from "../errors.ts";
import type { Connection, ConnectionEventName } from "./types.ts";

/** What the filter options hold; an empty list lets everything pass. */
export interface ConnectionFilterOptions {
  /** Kinds of events. */
  readonly events: readonly ConnectionEventName[];
  /** Only listeners, binds and what they accept nothing of: `listen`, and the close of listeners. */
  readonly listen: boolean;
  /** States after the event; others are those of sockets in a snapshot. */
  readonly states: readonly string[];
  /** Ports of either end. */
  readonly connectionPorts: readonly number[];
  /** Networks either end is in. */
  readonly networks: readonly Network[];
  readonly protocols: readonly string[];
  readonly directions: readonly Connection["direction"][];
  /** Globs of the names of Unix sockets, which nothing else has. */
  readonly paths?: readonly string[];
}

/** Lets everything pass. */
export const NO_FILTER: ConnectionFilterOptions = {
  events: [],
  listen: false,
  states: [],
  connectionPorts: [],
  networks: [],
  protocols: [],
  directions: [],
};

/** A range of addresses. */
export interface Network {
  /** First address, 4 or 16 octets. */
  readonly octets: readonly number[];
  /** Leading bits that count. */
  readonly bits: number;
}

/**
 * Reads an IP address.
 *
 * @param text dotted decimal, or RFC 4291 section 2.2 text
 * @returns 4 or 16 octets; undefined when it is none
 */
export function parseAddress(text: string): number[] | undefined {
  if (!text.includes(":")) return parseIpv4(text);
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => groupsOf(half));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  const missing = 16 - head.length - (tail?.length ?? 0);
  return missing < 2 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail ?? []];
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const octets = parts.map((part) => /^(0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256);
  return octets.every((octet) => octet < 256) ? octets : undefined;
}

/** Octets of groups separated by colons, the last of which may be IPv4. */
function groupsOf(text: string): number[] | undefined {
  if (text === "") return [];
  const octets: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".") && index === groups.length - 1) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === undefined) return undefined;
      octets.push(...ipv4);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      octets.push(value >> 8, value & 255);
    } else {
      return undefined;
    }
  }
  return octets;
}

/**
 * Reads a network.
 *
 * @param text `192.0.2.0/24`, `2001:db8::/32`, or one address
 * @param flag option it was given to
 * @returns the network
 * @throws {UsageError} for anything else
 */
export function parseNetwork(text: string, flag: string): Network {
  const [address = "", length, more] = text.split("/");
  const octets = parseAddress(address);
  const most = (octets?.length ?? 0) * 8;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (octets === undefined || more !== undefined || !(bits <= most)) {
    throw new UsageError(`option ${flag}: found "${text}", wanted an address or a network`, {
      hint: "for example 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32",
    });
  }
  return { octets, bits };
}

/**
 * Whether a network holds an address.
 *
 * @param network the network
 * @param address octets of {@linkcode parseAddress}
 * @returns false also where the families differ
 */
export function networkHolds({ octets, bits }: Network, address: readonly number[]): boolean {
  if (octets.length !== address.length) return false;
  for (let index = 0, left = bits; left > 0; index++, left -= 8) {
    const mask = left >= 8 ? 255 : 256 - (1 << (8 - left));
    if (((octets[index] ?? 0) ^ (address[index] ?? 0)) & mask) return false;
  }
  return true;
}

/** What of a connection filters look at. */
export type FilteredConnection = Pick<
  Connection,
  "shape" | "state" | "transport" | "direction" | "localIp" | "localPort" | "remoteIp" | "remotePort"
>;

/** Whether a connection's event passes. */
export type ConnectionFilter = (name: ConnectionEventName, connection: FilteredConnection) => boolean;

/**
 * Compiles the options.
 *
 * @param options values of alternatives; options must all agree
 * @returns the predicate
 */
export function compileConnectionFilter(options: ConnectionFilterOptions): ConnectionFilter {
  const tests: ConnectionFilter[] = [];
  const { events, states, connectionPorts: ports, networks, protocols, directions } = options;
  if (events.length > 0) tests.push((name) => events.includes(name));
  if (options.listen) tests.push((_, { shape }) => shape === "listener");
  if (states.length > 0) tests.push((_, { state }) => states.includes(state));
  if (ports.length > 0) {
    const wanted = new Set(ports);
    tests.push((_, { localPort, remotePort }) => wanted.has(localPort) || wanted.has(remotePort));
  }
  if (networks.length > 0) {
    const isIn = (ip: string): boolean => {
      const address = parseAddress(ip);
      return address !== undefined && networks.some((network) => networkHolds(network, address));
    };
    tests.push((_, { localIp, remoteIp }) => isIn(localIp) || isIn(remoteIp));
  }
  if (protocols.length > 0) tests.push((_, { transport }) => protocols.includes(transport));
  if (directions.length > 0) tests.push((_, { direction }) => directions.includes(direction));
  return (name, connection) => tests.every((test) => test(name, connection));
}
