/**
 * What `?` shows.
 *
 * @module
 */

/** Lines of at most 80 columns. */
export const HELP_LINES: readonly string[] = [
  "p d n    rows are processes, destinations or names; tab is the next",
  "b c l    order by bytes, connections or lookups; s is the next",
  "t        order by the last interval, or by all since the start",
  "r        reverse the order",
  "space    let the rows stand still; counting goes on",
  "/        show only rows with a text; escape shows all again",
  "arrows, page up, page down, home, end   move through the rows",
  "ctrl-l   draw again      ctrl-z   suspend      q, ctrl-c   quit",
  "",
  "SENT RECV      bytes of payload of sockets, k M G: powers of 1000; /S a second",
  "OPEN CONNS     connections and datagram flows: open now, and all with attempts",
  "LOOKUPS        DNS lookups that were answered or given up; LOOK/S in a second",
  "DESTINATION    where connections go to; DIR in: this host, by others",
  "(N others)     rows for which there was no room, or which were idle for long",
  "",
  "Any key goes back.",
];
