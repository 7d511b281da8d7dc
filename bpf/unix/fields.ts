/**
 * What the fields of events of Unix sockets mean, and how they fill the columns of `culprit conns`.
 *
 * @module
 */

import type { UnixEvent } from "../../src/events.ts";
import { BASE_FIELDS, type EventDescription, EXAMPLE_PROCESS, PROCESS_BLOCK } from "../../src/output/fields.ts";
import type { Column } from "../../src/output/text.ts";
import { CONNECTION_COLUMNS } from "../conn/fields.ts";

/** Inode numbers of namespaces are unsigned int in the kernel (struct ns_common). */
const LARGEST_INODE = 2 ** 32 - 1;

/** An event of a Unix socket. */
export const UNIX_EVENT: EventDescription<UnixEvent> = {
  name: "unix_event",
  text: "Something happened to a Unix socket; only with `conns --unix`",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { unix: "always" }, text: "Kind of event" },
    event: {
      type: "string",
      values: {
        open: "a process connected to a socket, or sent its first datagram to it",
        accept: "a process took a connection that came in",
        listen: "a socket began to listen",
        bind: "a socket was given a name",
        fail: "a connect failed, or a datagram to a name",
        close: "the last process that had it closed an end of a connection, a listener or a datagram socket",
      },
      text: "What happened",
    },
    process: { type: "block", block: PROCESS_BLOCK, text: "Who did it" },
    peer_process: {
      type: "block",
      block: PROCESS_BLOCK,
      optional: true,
      text: "The process at the other end, on `open` and `accept`",
    },
    peer_attribution: {
      type: "string",
      optional: true,
      values: {
        acceptor: "it accepted this connection",
        listener: "it called listen(2), or bound the datagram socket; another process that has the socket may serve",
        receiver: "it received the datagram",
        holder: "it is the only one that had this datagram socket when culprit began",
        opener: "it connected",
        unknown: "see `unknown_reason` of `peer_process`",
      },
      text: "How `peer_process` is known",
    },
    protocol: { type: "string", values: { unix: "always" }, text: "As in socket events" },
    family: { type: "string", values: { unix: "always" }, text: "As in socket events" },
    socket_type: {
      type: "string",
      values: { stream: "SOCK_STREAM", seqpacket: "SOCK_SEQPACKET", datagram: "SOCK_DGRAM" },
      text: "Kind of socket",
    },
    direction: {
      type: "string",
      optional: true,
      values: { outbound: "this end began", inbound: "the other end began" },
      text: "Who began; absent for `listen` and `bind`, and where it is not known",
    },
    path: {
      type: "string",
      optional: true,
      text:
        "Name of the socket that listens or receives, as it was bound: path (a relative one that begins with `@` as `./@...`), or `@` and the abstract name; of `fail` the name the process asked for. Paths are those of the mount namespace of whoever said them",
    },
    inode: { type: "integer", optional: true, text: "Inode number of the socket of `process`, where it still had one" },
    peer_inode: { type: "integer", optional: true, text: "Inode number of the other end, where it had one already" },
    netns: { type: "integer", maximum: LARGEST_INODE, text: "Inode number of the network namespace of the socket" },
    error: { type: "string", optional: true, text: "Name of the errno, on `fail`" },
  },
  example: {
    schema: "culprit/1",
    type: "unix",
    time: "2026-11-21T00:12:04.000000000Z",
    event: "open",
    process: EXAMPLE_PROCESS,
    peer_process: { ...EXAMPLE_PROCESS, pid: 612, tid: 640, name: "dockerd", comm: "dockerd", exe: "/usr/bin/dockerd" },
    peer_attribution: "acceptor",
    protocol: "unix",
    family: "unix",
    socket_type: "stream",
    direction: "outbound",
    path: "/run/docker.sock",
    inode: 91734,
    peer_inode: 91736,
    netns: 4026531840,
  },
};

/** Width of the column of local addresses: longer names are told in full elsewhere. */
const LOCAL_WIDTH = 17;

/** Whether the name is that of the other end. */
function isRemote({ event, direction }: UnixEvent): boolean {
  return event === "open" || event === "fail" || (event === "close" && direction === "outbound");
}

/** What the event adds, in words. */
function detail(event: UnixEvent): string {
  const words: string[] = [];
  const { path, peer_process: peer } = event;
  if (!isRemote(event) && path !== undefined && path.length > LOCAL_WIDTH) words.push(`at ${path}`);
  if (peer !== undefined) {
    const who = peer.pid === 0 ? `unknown: ${peer.unknown_reason}` : `${peer.name}[${peer.pid}]`;
    // These have the socket; another process that has it, too, may serve.
    const isSure = event.peer_attribution !== "listener" && event.peer_attribution !== "holder";
    words.push(`${event.event === "accept" ? "from" : "to"} ${who}${isSure ? "" : ` (${event.peer_attribution})`}`);
  }
  if (event.error !== undefined) words.push(event.error);
  if (event.socket_type !== "stream") words.push(event.socket_type);
  return words.join(" ");
}

/** What the columns of connections hold of a Unix socket. */
const VALUES: Readonly<Record<string, Pick<Column<UnixEvent>, "value" | "style" | "narrow">>> = {
  TIME: { value: (event) => event.time.slice(11, 23), style: () => "dim" },
  EVENT: { value: (event) => event.event, style: (event) => event.event === "fail" ? "bad" : undefined },
  PROCESS: { value: (event) => event.process.name },
  PID: { value: (event) => String(event.process.pid) },
  PROTO: { value: () => "unix" },
  LOCAL: { value: (event) => isRemote(event) ? "-" : event.path ?? "-" },
  REMOTE: {
    value: (event) => isRemote(event) ? event.path ?? "-" : "-",
    narrow: { title: "ENDS", value: (event) => event.path ?? "-" },
  },
  DETAIL: { value: detail },
};

/** Columns of `culprit conns` for Unix sockets: the rows stand in the table of the connections. */
export const UNIX_COLUMNS: readonly Column<UnixEvent>[] = CONNECTION_COLUMNS.map((
  { value: _value, style: _style, narrow: _narrow, ...place },
) => ({ ...place, ...VALUES[place.title] ?? { value: () => "-" } }));
