/**
 * The filters of `culprit conns --once` by what a row tells, before processes are looked at.
 *
 * @module
 */

import { type Network, networkHolds, parseAddress } from "../conns/filter.ts";
import type { Endpoint, SocketEvent } from "../events.ts";
import { compileGlob } from "../output/glob.ts";

/** What the filter options hold; an empty list lets everything pass. */
export interface SocketFilterOptions {
  /** Only listeners and, of protocols without connections, sockets without a peer. */
  readonly listen: boolean;
  /** States: those of socket events, or the wider ones of {@linkcode WIDE_STATES}. */
  readonly states: readonly string[];
  /** Ports of either end. */
  readonly connectionPorts: readonly number[];
  /** Networks either end is in. */
  readonly networks: readonly Network[];
  readonly protocols: readonly string[];
  /** Globs of the names of Unix sockets, which nothing else has. */
  readonly paths?: readonly string[];
}

/** States of connection events, each of which stands for several of a socket's. */
export const WIDE_STATES: Readonly<Record<string, readonly SocketEvent["state"][]>> = {
  connecting: ["syn_sent", "syn_recv"],
  listening: ["listen"],
  bound: ["bound", "unconnected"],
  closed: ["fin_wait1", "fin_wait2", "time_wait", "close", "close_wait", "last_ack", "closing", "ended", "failed"],
};

/** What of a socket filters look at. */
export interface FilteredSocket {
  readonly protocol: SocketEvent["protocol"];
  readonly state: SocketEvent["state"];
  readonly local?: Endpoint | undefined;
  readonly remote?: Endpoint | undefined;
  readonly path?: string | undefined;
}

/**
 * Compiles the options.
 *
 * @param options values of one option are alternatives; options must all agree
 * @returns the predicate
 */
export function compileSocketFilter(options: SocketFilterOptions): (row: FilteredSocket) => boolean {
  const tests: ((row: FilteredSocket) => boolean)[] = [];
  if (options.listen) tests.push(({ state }) => state === "listen" || state === "unconnected");
  if (options.states.length > 0) {
    const wanted = new Set<string>(options.states.flatMap((state) => [state, ...WIDE_STATES[state] ?? []]));
    tests.push(({ state }) => wanted.has(state));
  }
  if (options.protocols.length > 0) {
    const wanted = new Set(options.protocols);
    tests.push(({ protocol }) => wanted.has(protocol));
  }
  const { paths = [] } = options;
  if (paths.length > 0) {
    const matchers = paths.map(compileGlob);
    tests.push(({ path }) => path !== undefined && matchers.some((matches) => matches(path)));
  }
  if (options.connectionPorts.length > 0) {
    const wanted = new Set(options.connectionPorts);
    // The "port" of raw and ping sockets is a protocol or an identifier.
    tests.push(({ protocol, local, remote }) =>
      protocol !== "raw" && protocol !== "icmp" &&
      ((local !== undefined && wanted.has(local.port)) || (remote !== undefined && wanted.has(remote.port)))
    );
  }
  if (options.networks.length > 0) {
    const isIn = (ip: string | undefined): boolean => {
      const address = ip === undefined ? undefined : parseAddress(ip);
      return address !== undefined && options.networks.some((network) => networkHolds(network, address));
    };
    tests.push(({ local, remote }) => isIn(local?.ip) || isIn(remote?.ip));
  }
  return (row) => tests.every((test) => test(row));
}
