/**
 * The sensor of Unix sockets: its programs, and its records as their tracker takes them.
 *
 * @module
 */

import type { UnixRecord } from "../../src/conns/unix_types.ts";
import type { Sensor } from "../../src/sensor.ts";
import { socketKey } from "../conn/sensor.ts";
import { readUnixName, TextCache } from "../record.ts";
import { readUnixEvent, UNIX_EVENT_COMM_OFFSET, UNIX_EVENT_PATH_OFFSET } from "./layout.gen.ts";

const NO_SENDERS = "datagrams to Unix sockets are not seen";

/** Programs that see what system calls show, and what they do not. */
const FUNCTIONS: readonly (readonly [name: string, hook: string, without: string])[] = [
  ["unix_connect", "unix_stream_connect", "connects to Unix sockets are not seen"],
  ["unix_dconnect", "unix_dgram_connect", "connects of Unix datagram sockets that fail are not seen"],
  ["unix_sendmsg", "unix_dgram_sendmsg", "datagrams to Unix sockets that fail are not seen"],
  ["unix_accept", "unix_accept", "who accepts from Unix sockets is not known, only who listens"],
  ["unix_listen", "unix_listen", "who begins to listen at Unix sockets is not seen"],
  ["unix_bind", "unix_bind", "who binds Unix sockets is not seen"],
];
const FUNCTION_NAMES = FUNCTIONS.map(([name]) => name);

/** Connections of Unix sockets, with the processes of both ends. */
export const UNIX_SENSOR: Sensor = {
  name: "unix",
  minimumKernel: "5.10",
  programs: [
    ...FUNCTIONS.map(([name, hook, without]) => ({ name, attach: "tracing" as const, hook: `fexit/${hook}`, without })),
    {
      name: "unix_sys_exit",
      attach: "tracing",
      hook: "tp_btf/sys_exit",
      insteadOf: FUNCTION_NAMES,
      misses: "what 32-bit programs do, and what goes through io_uring",
      without: "connects, accepts and listeners of Unix sockets are not seen",
    },
    {
      name: "unix_sys_again",
      attach: "tracing",
      hook: "tp_btf/sys_exit",
      insteadOf: FUNCTION_NAMES,
      without: "few uses of Unix sockets may be missed",
    },
    { name: "unix_ready", attach: "tracing", hook: "tp_btf/sk_data_ready", without: NO_SENDERS },
    {
      name: "unix_readable",
      attach: "tracing",
      hook: "fentry/sock_def_readable",
      without: NO_SENDERS,
      insteadOf: ["unix_ready"],
    },
    {
      name: "unix_received",
      attach: "tracing",
      hook: "tp_btf/consume_skb",
      without: "who receives datagrams from a Unix socket is not known, only who bound it",
    },
    {
      name: "unix_dropped",
      attach: "tracing",
      hook: "tp_btf/kfree_skb",
      without: "who receives a datagram from a Unix socket may be wrong after one that nobody received",
    },
    {
      name: "unix_close",
      attach: "tracing",
      hook: "fentry/unix_release",
      without: "ends of Unix sockets are not seen",
    },
    {
      name: "unix_holders",
      attach: "iterator",
      hook: "iter/task_file",
      without: "who has Unix datagram sockets older than culprit is not known",
    },
  ],
  lossCounters: {
    unix_ring_full: "unix_lost_ring",
  },
  missedRuns: {
    // Of all system calls, few of which are about Unix sockets: it tells that one may be missing.
    unix_calls_missed: { programs: ["unix_sys_again", ...FUNCTION_NAMES] },
    unix_datagrams_missed: { programs: ["unix_ready", "unix_readable"] },
    unix_ends_missed: { programs: ["unix_close"] },
  },
};

/**
 * The sensor without what only some events need.
 *
 * @param events kinds that are asked for; none for all
 * @returns the programs these kinds need
 */
export function unixSensorFor(events: readonly string[]): Sensor {
  if (events.length === 0 || events.includes("close")) return UNIX_SENSOR;
  return { ...UNIX_SENSOR, programs: UNIX_SENSOR.programs.filter(({ name }) => name !== "unix_close") };
}

/** Offsets of the two sockets. */
const SOCKET_OFFSET = 16;
const PEER_OFFSET = 24;

/** Turns records of type UNIX into what the tracker takes. */
export class UnixDecoder {
  readonly #comms = new TextCache();

  /**
   * Decodes one record.
   *
   * @param view memory that holds the record
   * @param base offset of the record in `view`
   * @returns the record, copied
   */
  decode(view: DataView, base: number): UnixRecord {
    const event = readUnixEvent(view, base);
    return {
      kind: event.kind,
      flags: event.flags,
      tsNs: event.tsNs,
      netns: event.netns,
      socket: socketKey(view, base + SOCKET_OFFSET),
      peer: socketKey(view, base + PEER_OFFSET),
      inode: event.inode,
      peerInode: event.peerInode,
      socketType: event.socketType,
      error: event.error,
      path: readUnixName(view, base + UNIX_EVENT_PATH_OFFSET, event.pathSize),
      task: {
        tgid: event.tgid,
        tid: event.tid,
        startTimeNs: event.startTimeNs,
        uid: event.uid,
        gid: event.gid,
        comm: this.#comms.read16(view, base + UNIX_EVENT_COMM_OFFSET),
      },
      peerProcess: event.peerTgid === 0 ? undefined : { tgid: event.peerTgid, startTimeNs: event.peerStartTimeNs },
    };
  }
}
