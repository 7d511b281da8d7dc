/**
 * Makes connections out of records.
 *
 * @module
 */

import { CONN_FLAG } from "../../bpf/conn/layout.gen.ts";
import type { ProcessInfo } from "../events.ts";
import { formatAddress } from "../net/address.ts";
import type { Connection, ConnectionRecord, ConnectionRole, ConnectionShape, ConnectionUser } from "./types.ts";
import type { TaskIdentity } from "./types.ts";

/** IP protocol numbers that have a name here (IANA protocol-numbers). */
const TRANSPORTS = new Map<number, Connection["transport"]>([
  [6, "tcp"],
  [17, "udp"],
  [136, "udplite"],
  [1, "icmp"],
  [58, "icmp"],
]);

/** `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
function isMapped(address: Uint8Array): boolean {
  if (address.length !== 16 || address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let index = 0; index < 10; index++) if (address[index] !== 0) return false;
  return true;
}

/** Whether all octets are zero: an address not known, or not bound to. */
function isZero(address: Uint8Array): boolean {
  return address.every((octet) => octet === 0);
}

/**
 * Writes the addresses of a record into a connection. IPv4-mapped addresses become IPv4 ones, so that both ends of a
 * connection have the same text.
 *
 * @param connection to be changed
 * @param record with addresses
 */
export function setTuple(connection: Connection, record: ConnectionRecord): void {
  const { localAddress, remoteAddress } = record;
  const mapped = isMapped(remoteAddress) || isMapped(localAddress);
  // An unbound end of a mapped connection is all zeroes, of either family.
  const text = (address: Uint8Array): string => {
    if (!mapped) return formatAddress(address);
    return isZero(address) ? "0.0.0.0" : formatAddress(address.subarray(12));
  };
  connection.mapped = mapped;
  connection.family = record.isIpv6 && !mapped ? "ipv6" : "ipv4";
  connection.localIp = text(localAddress);
  connection.remoteIp = text(remoteAddress);
  connection.localPort = record.localPort;
  connection.remotePort = record.remotePort;
}

/**
 * Makes a connection.
 *
 * @param id its number
 * @param shape what it is
 * @param record the first record about it
 * @returns the connection, without users
 */
export function makeConnection(id: number, shape: ConnectionShape, record: ConnectionRecord): Connection {
  const connection: Connection = {
    id,
    shape,
    // A raw socket may carry any protocol: what it is comes before what it carries.
    transport: record.socketType === SOCK_RAW ? "raw" : TRANSPORTS.get(record.protocol) ?? "raw",
    protocol: record.protocol,
    netns: record.netns,
    family: "ipv4",
    mapped: false,
    localIp: "",
    localPort: 0,
    remoteIp: "",
    remotePort: 0,
    direction: "unknown",
    state: "established",
    preexisting: (record.flags & CONN_FLAG.PREEXISTING) !== 0,
    startNs: 0,
    establishedNs: 0,
    acceptedNs: 0,
    endNs: 0,
    end: undefined,
    error: 0,
    closedBy: undefined,
    bytesSent: 0,
    bytesReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    sendSequence: record.sendSequence,
    receiveSequence: record.receiveSequence,
    users: [],
    closer: undefined,
    peer: undefined,
  };
  setTuple(connection, record);
  return connection;
}

const SOCK_RAW = 3;

/**
 * Notes what a process has to do with a socket.
 *
 * @param users of the socket, to be changed
 * @param task who
 * @param role what it did
 * @param tsNs when it did
 * @param resolve finds the facts of a process that is new here
 * @returns its entry
 */
export function addUser(
  users: ConnectionUser[],
  task: TaskIdentity,
  role: ConnectionRole,
  tsNs: number,
  resolve: (task: TaskIdentity, tsNs: number) => ProcessInfo,
): ConnectionUser {
  let user = users.find((user) => user.task.tgid === task.tgid && user.task.startTimeNs === task.startTimeNs);
  if (user === undefined) {
    user = { task, process: resolve(task, tsNs), appearedNs: tsNs, roles: [], bytesSent: 0, bytesReceived: 0 };
    users.push(user);
  }
  if (!user.roles.includes(role)) user.roles.push(role);
  return user;
}
