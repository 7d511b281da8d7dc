/**
 * Notes which processes have to do with a socket.
 *
 * @module
 */

import { socketBytes } from "../../bpf/conn/sensor.ts";
import type { ProcessInfo } from "../events.ts";
import type { Socket } from "./_socket.ts";
import type {
  ConnectionRecord,
  ConnectionRole,
  ConnectionTrackerOptions,
  ConnectionUser,
  KernelCounters,
  TaskIdentity,
  UsageCounters,
} from "./types.ts";

/** Lists of one role, which nearly all users have: one list each for all of them. */
const ONLY: Readonly<Record<ConnectionRole, readonly ConnectionRole[]>> = {
  opener: ["opener"],
  acceptor: ["acceptor"],
  user: ["user"],
  holder: ["holder"],
  listener: ["listener"],
  closer: ["closer"],
};

/**
 * Notes what a process has to do with a socket.
 *
 * @param socket to be changed
 * @param task who
 * @param role what it did
 * @param tsNs when it did
 * @param resolve finds the facts of a process that is new here
 * @returns its entry
 */
export function addUser(
  socket: Socket,
  task: TaskIdentity,
  role: ConnectionRole,
  tsNs: number,
  resolve: (task: TaskIdentity, tsNs: number) => ProcessInfo,
): ConnectionUser {
  const present = findUser(socket.users, task);
  if (present !== undefined) {
    if (!present.roles.includes(role)) present.roles = [...present.roles, role];
    return present;
  }
  const process = resolve(task, tsNs);
  const user = { task, process, appearedNs: tsNs, roles: ONLY[role], bytesSent: 0, bytesReceived: 0 };
  // A list that grows by push() has room for 17: most sockets have one user.
  socket.users = socket.users.length === 0 ? [user] : [...socket.users, user];
  return user;
}

/** The entry of a process; a loop, because it is looked for with every record. */
function findUser(users: readonly ConnectionUser[], { tgid, startTimeNs }: TaskIdentity): ConnectionUser | undefined {
  for (const user of users) {
    if (user.task.tgid === tgid && user.task.startTimeNs === startTimeNs) return user;
  }
  return undefined;
}

/**
 * Adds the counters of users that have no place in the kernel's record of the socket, and removes them there.
 *
 * @param socket to be changed
 * @param counters where they are
 */
export function takeUsage(socket: Socket, counters: KernelCounters): void {
  if (socket.uncounted === undefined) return;
  for (const tgid of socket.uncounted) {
    const user = socket.users.find(({ task }) => task.tgid === tgid);
    const usage = user && counters.takeUsage(socketBytes(socket.key, socket.birthNs), tgid);
    if (user === undefined || usage === undefined) continue;
    user.bytesSent += usage.bytesSent;
    user.bytesReceived += usage.bytesReceived;
  }
  socket.uncounted = undefined;
}

/**
 * Adds what a process moved through a socket, of which the kernel tells once.
 *
 * @param socket to be changed
 * @param task the process
 * @param usage what it moved, octets
 * @param tsNs when it is told
 * @param resolve as of {@linkcode addUser}
 */
export function creditUser(
  socket: Socket,
  task: TaskIdentity,
  { bytesSent, bytesReceived }: UsageCounters,
  tsNs: number,
  resolve: ConnectionTrackerOptions["resolve"],
): void {
  const user = addUser(socket, task, "user", tsNs, resolve);
  user.bytesSent += bytesSent;
  user.bytesReceived += bytesReceived;
  socket.uncounted?.delete(task.tgid);
}

/**
 * Adds what the users of a socket moved, as far as only its end tells.
 *
 * @param socket to be changed
 * @param record of kind CLOSE
 * @param options of the tracker
 */
export function takeLastUsage(socket: Socket, record: ConnectionRecord, options: ConnectionTrackerOptions): void {
  takeUsage(socket, options.counters);
  const { task, usageSent, usageReceived } = record;
  if (task !== undefined && usageSent + usageReceived > 0) {
    creditUser(socket, task, { bytesSent: usageSent, bytesReceived: usageReceived }, record.tsNs, options.resolve);
  }
  const [only] = socket.users;
  // A run of the program that counts can be left out by the kernel; what one process alone sent is known all the same.
  if (only !== undefined && socket.users.length === 1 && only.bytesSent < record.bytesSent) {
    only.bytesSent = record.bytesSent;
  }
}
