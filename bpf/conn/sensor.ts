/**
 * The connection sensor: its programs, and its records as the connection tracker takes them.
 *
 * @module
 */

import type {
  ConnectionRecord,
  FlowCounters,
  FlowKey,
  KernelCounters,
  TaskIdentity,
  UsageCounters,
} from "../../src/conns/types.ts";
import type { BpfMap } from "../../ffi/mod.ts";
import { parseAddress } from "../../src/conns/filter.ts";
import type { Sensor, SensorRun } from "../../src/sensor.ts";
import { formatAddress, formatIpv4 } from "../../src/net/address.ts";
import { TextCache } from "../record.ts";
import {
  CONN_EVENT_COMM_OFFSET,
  CONN_EVENT_LOCAL_ADDRESS_OFFSET,
  CONN_EVENT_REMOTE_ADDRESS_OFFSET,
  CONN_EVENT_SIZE,
  type ConnEvent,
  readConnEvent,
  readConnEventInto,
} from "./layout.gen.ts";

/** What is missing where the kernel cannot be asked for each send and receive. */
export const NO_USAGE = "octets by process are not known, only totals";

/** TCP connections, UDP, raw and ICMP flows, listeners and binds, with the processes that made and use them. */
export const CONN_SENSOR: Sensor = {
  name: "conn",
  minimumKernel: "5.10",
  programs: [
    { name: "conn_destroy", attach: "tracing", hook: "tp_btf/tcp_destroy_sock" },
    {
      name: "conn_connect4",
      attach: "cgroup",
      hook: "cgroup/connect4",
      without: "IPv4 connects that fail before a packet is sent are not seen",
    },
    {
      name: "conn_connect6",
      attach: "cgroup",
      hook: "cgroup/connect6",
      without: "IPv6 connects that fail before a packet is sent are not seen",
    },
    {
      name: "conn_accept",
      attach: "tracing",
      hook: "fexit/inet_accept",
      without: "who accepted is known only from first use",
    },
    {
      name: "conn_connect",
      attach: "tracing",
      hook: "fexit/inet_stream_connect",
      without: "connects that fail before a packet is sent are not seen",
    },
    {
      name: "conn_sys_exit",
      attach: "tracing",
      hook: "tp_btf/sys_exit",
      insteadOf: ["conn_accept", "conn_connect"],
      misses:
        "of io_uring and 32-bit programs, who accepted before the first use; connects through io_uring that fail " +
        "before a packet is sent",
      without: "who accepted is known only from first use, connects that fail before a packet is sent are not seen",
    },
    { name: "conn_send", attach: "tracing", hook: "tp_btf/sock_send_length", without: NO_USAGE },
    { name: "conn_receive", attach: "tracing", hook: "tp_btf/sock_recv_length", without: NO_USAGE },
    {
      name: "conn_sendmsg4",
      attach: "tracing",
      hook: "fexit/inet_sendmsg",
      without: NO_USAGE,
      insteadOf: ["conn_send"],
    },
    {
      name: "conn_sendmsg6",
      attach: "tracing",
      hook: "fexit/inet6_sendmsg",
      without: NO_USAGE,
      insteadOf: ["conn_send"],
    },
    {
      name: "conn_recvmsg4",
      attach: "tracing",
      hook: "fexit/inet_recvmsg",
      without: NO_USAGE,
      insteadOf: ["conn_receive"],
    },
    {
      name: "conn_recvmsg6",
      attach: "tracing",
      hook: "fexit/inet6_recvmsg",
      without: NO_USAGE,
      insteadOf: ["conn_receive"],
    },
    {
      name: "conn_post_bind4",
      attach: "cgroup",
      hook: "cgroup/post_bind4",
      without: "IPv4 binds are not seen",
    },
    {
      name: "conn_post_bind6",
      attach: "cgroup",
      hook: "cgroup/post_bind6",
      without: "IPv6 binds are not seen",
    },
    {
      name: "conn_release",
      attach: "cgroup",
      hook: "cgroup/sock_release",
      without: "flows end only when they are idle",
    },
    {
      name: "conn_egress",
      attach: "cgroup",
      hook: "cgroup_skb/egress",
      without: "sent datagrams are not seen",
    },
    {
      name: "conn_ingress",
      attach: "cgroup",
      hook: "cgroup_skb/ingress",
      without: "received datagrams are not seen",
    },
    // Last, and first to be detached: what they tell the beginning of must have been watched from there on.
    { name: "conn_set_state", attach: "tracing", hook: "tp_btf/inet_sock_set_state" },
    {
      name: "conn_set_again",
      attach: "tracing",
      hook: "tp_btf/inet_sock_set_state",
      without: "few changes of state may be missed",
    },
    {
      name: "conn_holders",
      attach: "iterator",
      hook: "iter/task_file",
      without: "owners of connections older than culprit are not known",
    },
    {
      name: "conn_survivors",
      attach: "map",
      map: "conn_sockets",
      hook: "iter/bpf_map_elem",
      without: "connections that ended unseen are not counted",
    },
  ],
  lossCounters: {
    connection_ring_full: "conn_lost_ring",
    connection_sockets_full: "conn_lost_socket",
    connection_users_full: "conn_lost_user",
    connection_flows_full: "conn_lost_flow",
  },
  missedRuns: {
    connection_states_missed: { programs: ["conn_set_state"], madeUp: "conn_worked_again" },
    // Not conn_sys_exit: hardly any of its runs is about a connection, and who accepted is told by first use, too.
    connection_usage_missed: {
      programs: ["conn_send", "conn_receive", "conn_sendmsg4", "conn_sendmsg6", "conn_recvmsg4", "conn_recvmsg6"],
    },
  },
};

/** The same, which can also tell what the processes of open connections moved so far. */
export const CONN_SENSOR_WITH_USAGES: Sensor = {
  ...CONN_SENSOR,
  programs: [
    ...CONN_SENSOR.programs,
    {
      name: "conn_usages",
      attach: "map",
      map: "conn_inline",
      hook: "iter/bpf_sk_storage_map",
      without: "octets of open connections are known only when they end",
    },
  ],
};

/** Offset of `socket` and, after it, `birth_ns`: together the beginning of the keys of maps. */
const SOCKET_OFFSET = 16;
const SOCKET_SIZE = 16;

/** Task identities kept, by thread. */
const MAX_TASKS = 4096;

/**
 * Names a socket: its address in the kernel, which is above 2^53, octet for octet. One flat text, because every record
 * looks its socket up by it.
 *
 * @param view memory that holds its address
 * @param offset of the address in `view`
 * @returns the key of records about it
 */
export function socketKey(view: DataView, offset: number): string {
  return String.fromCharCode(
    view.getUint16(offset, true),
    view.getUint16(offset + 2, true),
    view.getUint16(offset + 4, true),
    view.getUint16(offset + 6, true),
  );
}

/**
 * What keys of kernel maps begin with.
 *
 * @param key of {@linkcode socketKey}
 * @param birthNs when the kernel side began to remember the socket
 * @returns address and birth of the socket, 16 octets
 */
export function socketBytes(key: string, birthNs: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SOCKET_SIZE);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < 4; index++) view.setUint16(2 * index, key.charCodeAt(index), true);
  view.setUint32(8, birthNs % 0x1_0000_0000, true);
  view.setUint32(12, Math.floor(birthNs / 0x1_0000_0000), true);
  return bytes;
}

/**
 * What the kernel knows a flow by, struct conn_flow_key: socket, birth_ns, remote address, remote port, local port,
 * protocol, family, 2 reserved. Made of texts each time it is looked up: octets kept for each flow take more memory.
 *
 * @param flow which
 * @param sizeBytes of a key of the map
 * @returns the key
 */
export function flowKeyBytes(flow: FlowKey, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const octets = parseAddress(flow.remoteIp) ?? [];
  const key = new Uint8Array(sizeBytes);
  const view = new DataView(key.buffer);
  key.set(socketBytes(flow.key, flow.birthNs));
  if (flow.mapped) view.setUint16(SOCKET_SIZE + 10, 0xffff);
  key.set(octets, SOCKET_SIZE + (flow.mapped ? 12 : 0));
  view.setUint16(SOCKET_SIZE + 16, flow.remotePort, true);
  view.setUint16(SOCKET_SIZE + 18, flow.localPort, true);
  key[SOCKET_SIZE + 20] = flow.protocol;
  key[SOCKET_SIZE + 21] = octets.length === 16 || flow.mapped ? 6 : 4;
  return key;
}

/** `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
function isMappedAt(view: DataView, offset: number): boolean {
  return view.getUint32(offset + 8) === 0xffff && view.getUint32(offset + 4) === 0 && view.getUint32(offset) === 0;
}

/** An IPv6 address as text. */
function ipv6At(view: DataView, offset: number): string {
  return formatAddress(new Uint8Array(view.buffer, view.byteOffset + offset, 16));
}

/** Turns records of type CONNECTION into what the tracker takes. */
export class ConnectionDecoder {
  readonly #comms = new TextCache();
  readonly #tasks = new Map<number, TaskIdentity>();
  readonly #event = readConnEvent(new DataView(new ArrayBuffer(CONN_EVENT_SIZE)), 0);

  /**
   * Decodes one record.
   *
   * @param view memory that holds the record
   * @param base offset of the record in `view`
   * @returns the record, copied
   */
  decode(view: DataView, base: number): ConnectionRecord {
    const event = this.#event;
    readConnEventInto(view, base, event);
    const local = base + CONN_EVENT_LOCAL_ADDRESS_OFFSET;
    const remote = base + CONN_EVENT_REMOTE_ADDRESS_OFFSET;
    const isSocketIpv6 = event.family === 6;
    const isMapped = isSocketIpv6 && (isMappedAt(view, remote) || isMappedAt(view, local));
    const isIpv6 = isSocketIpv6 && !isMapped;
    // An unbound end of a mapped connection is all zeroes, of either family: so are its last octets.
    const start = isMapped ? 12 : 0;
    return {
      kind: event.kind,
      tsNs: event.tsNs,
      key: socketKey(view, base + SOCKET_OFFSET),
      birthNs: event.birthNs,
      netns: event.netns,
      isIpv6,
      isMapped,
      protocol: event.protocol,
      socketType: event.socketType,
      flags: event.flags,
      oldState: event.oldState,
      error: event.error,
      openedNs: event.openedNs,
      establishedNs: event.establishedNs,
      bytesSent: event.bytesSent,
      bytesReceived: event.bytesReceived,
      usageSent: event.usageSent,
      usageReceived: event.usageReceived,
      packetsSent: event.packetsSent,
      packetsReceived: event.packetsReceived,
      retransmits: event.retransmits,
      rttUs: event.rttUs,
      sendSequence: event.sendSequence,
      receiveSequence: event.receiveSequence,
      localPort: event.localPort,
      remotePort: event.remotePort,
      localIp: isIpv6 ? ipv6At(view, local) : formatIpv4(view.getUint32(local + start)),
      remoteIp: isIpv6 ? ipv6At(view, remote) : formatIpv4(view.getUint32(remote + start)),
      task: event.tgid === 0 ? undefined : this.#task(event, view, base),
    };
  }

  /** The acting thread; the same object as long as it is the same in everything. */
  #task({ tgid, tid, startTimeNs, uid, gid }: ConnEvent, view: DataView, base: number): TaskIdentity {
    const comm = this.#comms.read16(view, base + CONN_EVENT_COMM_OFFSET);
    const known = this.#tasks.get(tid);
    if (
      known !== undefined && known.tgid === tgid && known.startTimeNs === startTimeNs && known.comm === comm &&
      known.uid === uid && known.gid === gid
    ) return known;
    const task: TaskIdentity = { tgid, tid, startTimeNs, uid, gid, comm };
    if (this.#tasks.size >= MAX_TASKS) this.#tasks.clear();
    this.#tasks.set(tid, task);
    return task;
  }
}

/** An unsigned number of 64 bits, rounded above 2^53. */
function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

/** Reads the maps `conn_flows` and `conn_users`: the layouts of their keys and values are those of the C structs. */
export class ConnectionCounters implements KernelCounters {
  readonly #flows: BpfMap;
  readonly #users: BpfMap;

  /** @param run a run with {@linkcode CONN_SENSOR} */
  constructor(run: SensorRun) {
    this.#flows = run.map("conn_flows");
    this.#users = run.map("conn_users");
  }

  /** See {@linkcode KernelCounters.flow}. */
  flow(flow: FlowKey): FlowCounters | undefined {
    return this.#readFlow(flowKeyBytes(flow, this.#flows.keySize));
  }

  /** See {@linkcode KernelCounters.takeFlow}. */
  takeFlow(flow: FlowKey): FlowCounters | undefined {
    const key = flowKeyBytes(flow, this.#flows.keySize);
    const counters = this.#readFlow(key);
    this.#flows.delete(key);
    return counters;
  }

  /** See {@linkcode KernelCounters.takeUsage}. */
  takeUsage(socket: Uint8Array, tgid: number): UsageCounters | undefined {
    const usage = this.usage(socket, tgid);
    if (usage !== undefined) this.#users.delete(this.#userKey(socket, tgid));
    return usage;
  }

  /**
   * As {@linkcode takeUsage}, and the kernel goes on counting.
   *
   * @param socket its address and birth, as of {@linkcode socketBytes}
   * @param tgid process
   * @returns its usage so far; undefined when there is none
   */
  usage(socket: Uint8Array, tgid: number): UsageCounters | undefined {
    const value = this.#users.lookup(this.#userKey(socket, tgid));
    if (value === undefined) return undefined;
    // struct conn_usage ends with bytes_sent and bytes_received.
    const view = new DataView(value.buffer);
    return { bytesSent: readU64(view, value.length - 16), bytesReceived: readU64(view, value.length - 8) };
  }

  /** struct conn_user_key: socket, birth_ns, tgid, reserved. */
  #userKey(socket: Uint8Array, tgid: number): Uint8Array<ArrayBuffer> {
    const key = new Uint8Array(this.#users.keySize);
    key.set(socket);
    new DataView(key.buffer).setUint32(SOCKET_SIZE, tgid, true);
    return key;
  }

  /** struct conn_flow: five numbers of 64 bits. */
  #readFlow(key: Uint8Array<ArrayBuffer>): FlowCounters | undefined {
    const value = this.#flows.lookup(key);
    if (value === undefined) return undefined;
    const view = new DataView(value.buffer);
    return {
      lastNs: readU64(view, 0),
      bytesSent: readU64(view, 8),
      bytesReceived: readU64(view, 16),
      packetsSent: readU64(view, 24),
      packetsReceived: readU64(view, 32),
    };
  }
}
