/**
 * Makes connections out of records.
 *
 * @module
 */

import { CONN_FLAG } from "../../bpf/conn/layout.gen.ts";
import type { ProcessInfo } from "../events.ts";
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

/**
 * Writes the addresses of a record into a connection. IPv4-mapped addresses are IPv4 ones, so that both ends of a
 * connection have the same text.
 *
 * @param connection to be changed
 * @param record with addresses
 */
export function setTuple(connection: Connection, record: ConnectionRecord): void {
  connection.mapped = record.isMapped;
  connection.family = record.isIpv6 ? "ipv6" : "ipv4";
  connection.localIp = record.localIp;
  connection.remoteIp = record.remoteIp;
  connection.localPort = record.localPort;
  connection.remotePort = record.remotePort;
}

/**
 * Makes a connection.
 *
 * @param id its number
 * @param shape what it is
 * @param record the first record about it
 * @param users of its socket; kept
 * @returns the connection
 */
export function makeConnection(
  id: number,
  shape: ConnectionShape,
  record: ConnectionRecord,
  users: ConnectionUser[],
): Connection {
  return {
    id,
    shape,
    // A raw socket may carry any protocol: what it is comes before what it carries.
    transport: record.socketType === SOCK_RAW ? "raw" : TRANSPORTS.get(record.protocol) ?? "raw",
    protocol: record.protocol,
    netns: record.netns,
    family: record.isIpv6 ? "ipv6" : "ipv4",
    mapped: record.isMapped,
    localIp: record.localIp,
    localPort: record.localPort,
    remoteIp: record.remoteIp,
    remotePort: record.remotePort,
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
    users,
    closer: undefined,
    peer: undefined,
  };
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
  let user = findUser(users, task);
  if (user === undefined) {
    user = { task, process: resolve(task, tsNs), appearedNs: tsNs, roles: [], bytesSent: 0, bytesReceived: 0 };
    users.push(user);
  }
  if (!user.roles.includes(role)) user.roles.push(role);
  return user;
}

/** The entry of a process; a loop, because it is looked for with every record. */
function findUser(users: readonly ConnectionUser[], { tgid, startTimeNs }: TaskIdentity): ConnectionUser | undefined {
  for (const user of users) {
    if (user.task.tgid === tgid && user.task.startTimeNs === startTimeNs) return user;
  }
  return undefined;
}
