/**
 * The filters of `culprit conns` for Unix sockets.
 *
 * @module
 */

import type { UnixEvent } from "../events.ts";
import { compileGlob } from "../output/glob.ts";
import type { ConnectionFilterOptions } from "./filter.ts";

/** States after each event, as those of connections are called. */
const STATES: Readonly<Record<UnixEvent["event"], string>> = {
  open: "established",
  accept: "established",
  listen: "listening",
  bind: "bound",
  fail: "closed",
  close: "closed",
};

/** Whether an event passes; `isListener`: it is about a socket that listens. */
export type UnixFilter = (event: UnixEvent, isListener: boolean) => boolean;

/**
 * Compiles the options.
 *
 * @param options values of one option are alternatives; options must all agree. A Unix socket has neither port nor
 *   address, so filters by these let none pass
 * @returns the predicate
 */
export function compileUnixFilter(options: ConnectionFilterOptions): UnixFilter {
  const { events, states, connectionPorts, networks, protocols, directions } = options;
  if (connectionPorts.length > 0 || networks.length > 0) return () => false;
  if (protocols.length > 0 && !protocols.includes("unix")) return () => false;
  const tests: UnixFilter[] = [];
  const { paths = [] } = options;
  if (paths.length > 0) {
    const matchers = paths.map(compileGlob);
    tests.push(({ path }) => path !== undefined && matchers.some((matches) => matches(path)));
  }
  if (events.length > 0) tests.push(({ event }) => events.includes(event));
  if (options.listen) tests.push((_, isListener) => isListener);
  if (states.length > 0) tests.push(({ event }) => states.includes(STATES[event]));
  if (directions.length > 0) tests.push(({ direction }) => directions.includes(direction ?? "none"));
  return (event, isListener) => tests.every((test) => test(event, isListener));
}
