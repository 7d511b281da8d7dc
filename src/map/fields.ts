/**
 * What the fields of edges mean, and the columns of their text form.
 *
 * @module
 */

import type { EdgeEvent, MapEndInfo, MapProcessInfo } from "../events.ts";
import { BASE_FIELDS, type Block, CONTAINER_BLOCK, type EventDescription, EXAMPLE_PROCESS } from "../output/fields.ts";
import type { Column } from "../output/text.ts";
import { endText, errorsText, octetsText, portText } from "./text.ts";

const LARGEST_INODE = 2 ** 32 - 1;
const LARGEST_PORT = 65535;

/** Processes shown as one. */
export const MAP_PROCESS_BLOCK: Block<MapProcessInfo> = {
  name: "map_process",
  text: "Processes shown as one: same executable, unit, container, user and network namespace",
  fields: {
    name: { type: "string", text: "File name of the executable, or comm of the main thread where there is none" },
    exe: { type: "string", text: "Path of the executable in the mount namespace of the process" },
    unit: { type: "string", optional: true, text: "Unit of systemd; of a login its slice. Absent outside of units" },
    cgroup: { type: "string", text: "Path of the cgroup of the container or the unit, else of the process" },
    container: { type: "block", block: CONTAINER_BLOCK, optional: true, text: "Container they run in" },
    uid: { type: "integer", optional: true, text: "Real user id; absent where it is not known" },
    user: { type: "string", optional: true, text: "Name of `uid`, where it has one" },
    netns: { type: "integer", maximum: LARGEST_INODE, text: "Inode number of the network namespace of their sockets" },
    pids: { type: "integers", text: "Process ids, the first 16 that were seen" },
    more_pids: { type: "true", optional: true, text: "There were more than those" },
    lookups: { type: "integer", text: "DNS questions they asked of ports 53, 5353 and 5355, over all their edges" },
  },
};

/** One end of an edge. */
export const MAP_END_BLOCK: Block<MapEndInfo> = {
  name: "map_end",
  text: "One end of an edge",
  fields: {
    kind: {
      type: "string",
      values: {
        process: "processes on this host",
        address: "an address elsewhere, or where nobody answered",
        unknown: "on this host, but nobody knows whose",
        other: "one of many, joined to bound memory",
      },
      text: "What it is",
    },
    process: { type: "block", block: MAP_PROCESS_BLOCK, optional: true, text: "The processes, of a `process`" },
    ip: { type: "string", optional: true, text: "The address, of an `address`" },
    names: { type: "strings", optional: true, text: "DNS names the address was got from, the first 8" },
    more_names: { type: "true", optional: true, text: "There were more than those" },
  },
};

/** An edge. */
export const EDGE_EVENT: EventDescription<EdgeEvent> = {
  name: "edge_event",
  text: "Who talks to whom: all connections and flows from one end to one port of another, seen by `culprit map`",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { edge: "always" }, text: "Kind of event" },
    source: { type: "block", block: MAP_END_BLOCK, text: "Who began" },
    destination: { type: "block", block: MAP_END_BLOCK, text: "The other end" },
    transport: {
      type: "string",
      values: {
        tcp: "TCP",
        udp: "UDP",
        udplite: "UDP-Lite (RFC 3828)",
        icmp: "ping socket (ICMP or ICMPv6 without privilege)",
        raw: "raw IP",
      },
      text: "Kind of socket",
    },
    port: {
      type: "integer",
      maximum: LARGEST_PORT,
      text: "Port of the destination; 0 where there is none, or several are joined",
    },
    source_ips: {
      type: "strings",
      optional: true,
      text: "Both ends on this host: addresses of the source, at most 64",
    },
    destination_ips: { type: "strings", optional: true, text: "As `source_ips`, of the destination" },
    more_ips: { type: "true", optional: true, text: "There were more than those" },
    connections: { type: "integer", text: "Connections and flows that came about, the living ones included" },
    failed: { type: "integer", text: "Attempts that failed" },
    open: { type: "integer", text: "How many of `connections` lived when the run ended" },
    preexisting: { type: "integer", text: "How many of `connections` are older than the run" },
    errors: { type: "counts", text: "Failures, resets and timeouts, by name of the errno or of the end" },
    bytes_sent: { type: "integer", unit: "octets", text: "Payload the source sent within the run" },
    bytes_received: { type: "integer", unit: "octets", text: "Payload the source received within the run" },
    first_seen: { type: "string", format: "date-time", text: "First time something was seen" },
    last_seen: { type: "string", format: "date-time", text: "Last time; of what lives: the end of the run" },
    direction_guessed: {
      type: "true",
      optional: true,
      text: "Nobody saw who began; the lower port was taken for that of the destination",
    },
  },
  example: {
    schema: "culprit/1",
    type: "edge",
    time: "2026-11-21T00:13:03.000000000Z",
    source: {
      kind: "process",
      process: {
        name: EXAMPLE_PROCESS.name,
        exe: EXAMPLE_PROCESS.exe,
        unit: "backup.service",
        cgroup: "/system.slice/backup.service",
        uid: 0,
        user: "root",
        netns: EXAMPLE_PROCESS.netns,
        pids: [877],
        lookups: 2,
      },
    },
    destination: { kind: "address", ip: "198.51.100.4", names: ["example.com"] },
    transport: "tcp",
    port: 443,
    connections: 12,
    failed: 1,
    open: 1,
    preexisting: 0,
    errors: { ECONNREFUSED: 1 },
    bytes_sent: 936,
    bytes_received: 15072,
    first_seen: "2026-11-21T00:12:04.000000000Z",
    last_seen: "2026-11-21T00:13:03.000000000Z",
  },
};

/** What else there is to say. */
function detail(edge: EdgeEvent): string {
  const words: string[] = [];
  const errors = errorsText(edge.errors);
  if (errors !== "") words.push(errors);
  if (edge.open > 0) words.push(`${edge.open} open`);
  if (edge.preexisting > 0) words.push(`${edge.preexisting} older than the run`);
  if (edge.direction_guessed === true) words.push("direction guessed");
  return words.join(", ");
}

/** Columns of `culprit map`. */
export const EDGE_COLUMNS: readonly Column<EdgeEvent>[] = [
  { title: "SOURCE", width: 16, share: 3, value: ({ source }) => endText(source) },
  { title: "DESTINATION", width: 16, share: 3, value: ({ destination }) => endText(destination) },
  { title: "PORT", width: 9, value: portText },
  { title: "CONNS", width: 6, value: ({ connections }) => String(connections) },
  {
    title: "FAILED",
    width: 6,
    value: ({ failed }) => String(failed),
    style: ({ failed }) => failed > 0 ? "bad" : undefined,
  },
  { title: "SENT", width: 7, value: (edge) => octetsText(edge.bytes_sent) },
  { title: "RECEIVED", width: 8, value: (edge) => octetsText(edge.bytes_received) },
  { title: "FIRST", width: 8, drop: 1, value: (edge) => edge.first_seen.slice(11, 19), style: () => "dim" },
  { title: "LAST", width: 8, drop: 2, value: (edge) => edge.last_seen.slice(11, 19), style: () => "dim" },
  { title: "DETAIL", width: 6, share: 1, drop: 3, value: detail },
];
