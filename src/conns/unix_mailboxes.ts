/**
 * Knows who bound and who has which Unix datagram socket.
 *
 * @module
 */

import type { ProcessRef } from "../process_table.ts";
import type { UnixPeer, UnixRecord } from "./unix_types.ts";

/** Sockets remembered; the one that was used least recently is dropped. */
const MAILBOXES_MAX = 8192;
/** Processes remembered of one socket. */
const PROCESSES_MAX = 16;

const MANY_HOLD = "several processes had the socket when culprit began, and none was seen to receive the datagram";
const NOBODY = "who bound the socket has ended or was not seen, and nobody was seen to receive the datagram";

/** What a process has to do with a socket: it had it when culprit began, or bound it. */
type Part = "holder" | "listener";

/** A socket with a name. */
interface Mailbox {
  /** Names it as long as it lives. */
  readonly socket: string;
  /** Its address in the kernel is used again, this number hardly ever. */
  readonly inode: number;
  readonly parts: Map<string, { process: ProcessRef; part: Part }>;
  /** More processes than are remembered. */
  isCrowded: boolean;
}

/** Datagram sockets with a name, and the processes that have to do with them. */
export class UnixMailboxes {
  readonly #mailboxes = new Map<string, Mailbox>();
  /** What each process has a part in. */
  readonly #ofProcess = new Map<string, Set<Mailbox>>();

  /**
   * Notes that a process has to do with a socket.
   *
   * @param record names both
   * @param part what it did
   */
  note({ socket, inode, task }: UnixRecord, part: Part): void {
    let mailbox = this.#mailboxes.get(socket);
    // Bound means new, whatever its number.
    if (mailbox?.inode !== inode || part === "listener") {
      this.#forget(mailbox);
      mailbox = { socket, inode, parts: new Map(), isCrowded: false };
    }
    // Last in order is who was used last.
    this.#mailboxes.delete(socket);
    const [oldest] = this.#mailboxes.values();
    if (this.#mailboxes.size >= MAILBOXES_MAX) this.#forget(oldest);
    this.#mailboxes.set(socket, mailbox);
    const key = keyOf(task);
    const known = mailbox.parts.get(key);
    if (known === undefined && mailbox.parts.size >= PROCESSES_MAX) {
      mailbox.isCrowded = true;
    } else if (known === undefined || part !== "holder") {
      mailbox.parts.set(key, { process: task, part });
      const mailboxes = this.#ofProcess.get(key);
      if (mailboxes === undefined) this.#ofProcess.set(key, new Set([mailbox]));
      else mailboxes.add(mailbox);
    }
  }

  /**
   * Forgets a socket.
   *
   * @param record of its end
   */
  remove({ socket }: UnixRecord): void {
    this.#forget(this.#mailboxes.get(socket));
  }

  /**
   * Forgets a process that ended: its sockets may be served by another one.
   *
   * @param process who
   */
  ended(process: ProcessRef): void {
    const key = keyOf(process);
    for (const { parts } of this.#ofProcess.get(key) ?? []) parts.delete(key);
    this.#ofProcess.delete(key);
  }

  #forget(mailbox: Mailbox | undefined): void {
    if (mailbox === undefined) return;
    this.#mailboxes.delete(mailbox.socket);
    for (const key of mailbox.parts.keys()) {
      const mailboxes = this.#ofProcess.get(key);
      mailboxes?.delete(mailbox);
      if (mailboxes?.size === 0) this.#ofProcess.delete(key);
    }
  }

  /**
   * Who is at the receiving end, where nobody was seen to receive.
   *
   * @param record names the socket
   * @returns the process, or why it is not known
   */
  peer({ socket, inode }: UnixRecord): UnixPeer {
    const mailbox = this.#mailboxes.get(socket);
    const parts = mailbox?.inode === inode ? [...mailbox.parts.values()] : [];
    const unknown = (reason: string): UnixPeer => ({ process: undefined, attribution: "unknown", reason, inode });
    const binder = parts.find(({ part }) => part === "listener");
    if (binder !== undefined) return { process: binder.process, attribution: "listener", inode };
    const [holder, ...others] = parts;
    if (holder === undefined) return unknown(NOBODY);
    return others.length > 0 || mailbox?.isCrowded === true
      ? unknown(MANY_HOLD)
      : { process: holder.process, attribution: "holder", inode };
  }
}

function keyOf({ tgid, startTimeNs }: ProcessRef): string {
  return `${tgid} ${startTimeNs}`;
}
