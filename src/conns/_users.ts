/**
 * Notes which processes have to do with a socket.
 *
 * @module
 */

import { socketBytes } from "../../bpf/conn/sensor.ts";
import type { Missed } from "./_missed.ts";
import type { Socket } from "./_socket.ts";
import type {
  ConnectionRecord,
  ConnectionRole,
  ConnectionTrackerOptions,
  ConnectionUser,
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

/** Processes listed of one socket: whoever forks as fast as it can with a socket open must not fill the memory. */
const MAX_USERS = 1024;

/** The entry of a process; a loop, because it is looked for with every record. */
function findUser(users: readonly ConnectionUser[], { tgid, startTimeNs }: TaskIdentity): ConnectionUser | undefined {
  for (const user of users) {
    if (user.task.tgid === tgid && user.task.startTimeNs === startTimeNs) return user;
  }
  return undefined;
}

/** Notes users of sockets. */
export class Users {
  readonly #options: ConnectionTrackerOptions;
  readonly #missed: Missed;

  /**
   * @param options of the tracker
   * @param missed counts those there is no room for
   */
  constructor(options: ConnectionTrackerOptions, missed: Missed) {
    this.#options = options;
    this.#missed = missed;
  }

  /**
   * Notes what a process has to do with a socket.
   *
   * @param socket to be changed
   * @param task who
   * @param role what it did
   * @param tsNs when it did
   * @returns its entry, which is in no list where that is full
   */
  add(socket: Socket, task: TaskIdentity, role: ConnectionRole, tsNs: number): ConnectionUser {
    const present = findUser(socket.users, task);
    if (present !== undefined) {
      if (!present.roles.includes(role)) present.roles = [...present.roles, role];
      return present;
    }
    const process = this.#options.resolve(task, tsNs);
    const user = { task, process, appearedNs: tsNs, roles: ONLY[role], bytesSent: 0, bytesReceived: 0 };
    // A list that grows by push() has room for 17: most sockets have one user.
    if (socket.users.length < MAX_USERS) socket.users = [...socket.users, user];
    else this.#missed.user();
    return user;
  }

  /**
   * Notes who closes a socket: the last moment to learn who that is.
   *
   * @param socket to be changed
   * @param task who
   * @param tsNs when
   * @returns its entry
   */
  addCloser(socket: Socket, task: TaskIdentity, tsNs: number): ConnectionUser {
    const closer = this.add(socket, task, "closer", tsNs);
    if (closer.process.unknown_reason !== undefined) closer.process = this.#options.resolve(task, tsNs);
    return closer;
  }

  /**
   * Adds what a process moved through a socket, of which the kernel tells once.
   *
   * @param socket to be changed
   * @param task the process
   * @param usage what it moved, octets
   * @param tsNs when it is told
   */
  credit(socket: Socket, task: TaskIdentity, { bytesSent, bytesReceived }: UsageCounters, tsNs: number): void {
    const user = this.add(socket, task, "user", tsNs);
    user.bytesSent += bytesSent;
    user.bytesReceived += bytesReceived;
    socket.uncounted?.delete(task.tgid);
  }

  /**
   * Adds the counters of users that have no place in the kernel's record of the socket, and removes them there.
   *
   * @param socket to be changed
   */
  take(socket: Socket): void {
    if (socket.uncounted === undefined) return;
    const bytes = socketBytes(socket.key, socket.birthNs);
    for (const tgid of socket.uncounted) {
      // Also of those that are not listed: the kernel has only so much room.
      const usage = this.#options.counters.takeUsage(bytes, tgid);
      const user = usage && socket.users.find(({ task }) => task.tgid === tgid);
      if (user === undefined || usage === undefined) continue;
      user.bytesSent += usage.bytesSent;
      user.bytesReceived += usage.bytesReceived;
    }
    socket.uncounted = undefined;
  }

  /**
   * Adds what the users of a socket moved, as far as only its end tells.
   *
   * @param socket to be changed
   * @param record of kind CLOSE
   */
  takeLast(socket: Socket, record: ConnectionRecord): void {
    this.take(socket);
    const { task, usageSent, usageReceived } = record;
    if (task !== undefined && usageSent + usageReceived > 0) {
      this.credit(socket, task, { bytesSent: usageSent, bytesReceived: usageReceived }, record.tsNs);
    }
    const [only] = socket.users;
    // A run of the program that counts can be left out by the kernel; what one process alone sent is known all the same.
    if (only !== undefined && socket.users.length === 1 && only.bytesSent < record.bytesSent) {
      only.bytesSent = record.bytesSent;
    }
  }
}
