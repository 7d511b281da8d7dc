/**
 * What living TCP connections moved so far, in every network namespace, from sock_diag(7).
 *
 * @module
 */

import { netlinkDump } from "../../ffi/netlink.ts";
import { LibbpfError } from "../errors.ts";
import type { Connection } from "../conns/types.ts";
import { findNetworkNamespaces, insideNamespaces } from "../snapshot/namespaces.ts";
import { FAMILY, makeRow } from "../snapshot/rows.ts";

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const PROTOCOL_TCP = 6;
/** struct inet_diag_req_v2 (linux/inet_diag.h): family, protocol, extensions, padding, states, id. */
const REQUEST_SIZE = 56;
const EXTENSIONS_OFFSET = 2;
const STATES_OFFSET = 4;
/** INET_DIAG_INFO, and its bit among the extensions asked for. */
const ATTRIBUTE_INFO = 2;
const EXTENSION_INFO = 1 << (ATTRIBUTE_INFO - 1);
/** States with two ends: all but TIME_WAIT (6), CLOSE (7) and LISTEN (10), of which there is nothing to count. */
const CONNECTED_STATES = 0xfff & ~(1 << 6 | 1 << 7 | 1 << 10);
/** struct inet_diag_msg. */
const MESSAGE_SIZE = 72;
const MESSAGE = { state: 1, sport: 4, dport: 6, source: 8, destination: 24 } as const;
/** struct tcp_info (linux/tcp.h, Linux 4.19). */
const INFO = { bytesReceived: 128, bytesSent: 200, bytesRetransmitted: 208 } as const;
const INFO_SIZE = 216;
/** States in which the other end's FIN has come, which the kernel counts as an octet received (tcp_rcv_nxt_update()). */
const AFTER_FIN: ReadonlySet<string> = new Set(["close_wait", "last_ack", "closing"]);

/** Payload of a connection, octets. */
export interface TcpCounters {
  sent: number;
  received: number;
}

/** Counters by network namespace, addresses and ports. */
export type TcpCounterTable = ReadonlyMap<string, TcpCounters>;

/**
 * Names a connection in a table of counters.
 *
 * @param connection addresses and ports of one end
 * @returns key of {@linkcode TcpCounterTable}
 */
export function tcpCounterKey(
  { netns, localIp, localPort, remoteIp, remotePort }: Pick<
    Connection,
    "netns" | "localIp" | "localPort" | "remoteIp" | "remotePort"
  >,
): string {
  return `${netns} ${localIp} ${localPort} ${remoteIp} ${remotePort}`;
}

/** An unsigned number of 64 bits, rounded above 2^53. */
function readU64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 0x1_0000_0000;
}

/** Offset of struct tcp_info among the attributes of a message; undefined where it is none or too old. */
function findInfo(view: DataView, start: number, end: number): number | undefined {
  for (let offset = start; offset + 4 <= end;) {
    const length = view.getUint16(offset, true);
    if (length < 4 || offset + length > end) return undefined;
    if (view.getUint16(offset + 2, true) === ATTRIBUTE_INFO) {
      return length - 4 < INFO_SIZE ? undefined : offset + 4;
    }
    // Attributes are aligned to 4 octets.
    offset += (length + 3) & ~3;
  }
  return undefined;
}

/** Reads one message of a dump into the table. */
function readMessage(
  view: DataView,
  offset: number,
  size: number,
  kind: { family: number; netns: number },
  table: Map<string, TcpCounters>,
): void {
  if (size < MESSAGE_SIZE) return;
  const info = findInfo(view, offset + MESSAGE_SIZE, offset + size);
  if (info === undefined) return;
  const { local, remote, state } = makeRow(
    {
      ...kind,
      type: 1,
      protocol: PROTOCOL_TCP,
      state: view.getUint8(offset + MESSAGE.state),
      localPort: view.getUint16(offset + MESSAGE.sport),
      remotePort: view.getUint16(offset + MESSAGE.dport),
      inode: 0,
      uid: 0,
      receiveQueue: 0,
      sendQueue: 0,
    },
    view,
    offset + MESSAGE.source,
    offset + MESSAGE.destination,
  );
  if (local === undefined || remote === undefined) return;
  const received = readU64(view, info + INFO.bytesReceived);
  table.set(
    tcpCounterKey({
      netns: kind.netns,
      localIp: local.ip,
      localPort: local.port,
      remoteIp: remote.ip,
      remotePort: remote.port,
    }),
    {
      sent: readU64(view, info + INFO.bytesSent) - readU64(view, info + INFO.bytesRetransmitted),
      received: AFTER_FIN.has(state) ? Math.max(0, received - 1) : received,
    },
  );
}

/**
 * Reads the counters of every connected TCP socket.
 *
 * @param refused told what could not be read, and why
 * @returns counters by {@linkcode tcpCounterKey}
 */
export function readTcpCounters(refused: (what: string) => void): TcpCounterTable {
  const table = new Map<string, TcpCounters>();
  const list = (netns: number): void => {
    for (const family of [FAMILY.INET, FAMILY.INET6]) {
      const request = new Uint8Array(new ArrayBuffer(REQUEST_SIZE));
      request[0] = family;
      request[1] = PROTOCOL_TCP;
      request[EXTENSIONS_OFFSET] = EXTENSION_INFO;
      new DataView(request.buffer).setUint32(STATES_OFFSET, CONNECTED_STATES, true);
      try {
        netlinkDump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, request, (view, offset, size) => {
          readMessage(view, offset, size, { family, netns }, table);
        });
      } catch (error) {
        if (!(error instanceof LibbpfError)) throw error;
        refused(`octets of open TCP connections in network namespace ${netns}: ${error.message}`);
      }
    }
  };
  insideNamespaces(
    findNetworkNamespaces(),
    list,
    (netns, error) => refused(`octets of open TCP connections in network namespace ${netns}: ${error.message}`),
  );
  return table;
}
