/**
 * `culprit conns --unix`: which process talks to which Unix socket.
 *
 * @module
 */

import { RECORD_TYPE } from "../../bpf/records.gen.ts";
import { UNIX_FLAG } from "../../bpf/unix/layout.gen.ts";
import { UnixDecoder } from "../../bpf/unix/sensor.ts";
import type { ConnectionFilterOptions } from "../conns/filter.ts";
import { unixEvent } from "../conns/unix_event.ts";
import { compileUnixFilter } from "../conns/unix_filter.ts";
import { UnixTracker } from "../conns/unix_tracker.ts";
import type { LiveHandlers, LiveSession } from "../live.ts";

/**
 * Makes what a live run does with Unix sockets.
 *
 * @param session the run; it is handed events that pass the filters
 * @param options values of the command line
 * @returns the handlers
 */
export function unixHandlers(session: LiveSession, options: ConnectionFilterOptions): LiveHandlers {
  const passes = compileUnixFilter(options);
  const decoder = new UnixDecoder();
  const sources = {
    clock: session.clock,
    resolve: session.table.lookup.bind(session.table),
  };
  const tracker = new UnixTracker((happening) => {
    const event = unixEvent(happening, sources);
    const isListener = happening.name === "listen" || (happening.record.flags & UNIX_FLAG.LISTENER) !== 0;
    if (passes(event, isListener)) session.emit(event);
  });
  return {
    record: (type, view, base) => {
      if (type === RECORD_TYPE.UNIX) tracker.record(decoder.decode(view, base));
    },
    tick: (nowNs) => tracker.tick(nowNs),
    finish: () => tracker.tick(Infinity),
    lost: () => {},
    process: (event, record) => {
      if (event === "exit") tracker.ended(record);
    },
    observed: () => ({ unix_records: tracker.counts.records }),
    lostCounts: () => ({}),
  };
}

/**
 * Makes one of two sets of handlers; each is told everything.
 *
 * @param first the handlers whose counts come first
 * @param second others
 * @returns both
 */
export function joinHandlers(first: LiveHandlers, second: LiveHandlers): LiveHandlers {
  const both = [first, second];
  return {
    record: (type, view, base) => {
      first.record(type, view, base);
      second.record(type, view, base);
    },
    tick: (nowNs) => both.forEach((one) => one.tick(nowNs)),
    ending: () => both.forEach((one) => one.ending?.()),
    finish: (nowNs) => both.forEach((one) => one.finish(nowNs)),
    lost: (nowNs) => both.forEach((one) => one.lost(nowNs)),
    process: (event, record) => both.forEach((one) => one.process?.(event, record)),
    observed: () => ({ ...first.observed(), ...second.observed() }),
    lostCounts: () => ({ ...first.lostCounts(), ...second.lostCounts() }),
  };
}
