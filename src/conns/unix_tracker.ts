/**
 * Joins the two ends of what happens between Unix sockets.
 *
 * @module
 */

import { UNIX_FLAG, UNIX_KIND } from "../../bpf/unix/layout.gen.ts";
import type { ProcessRef } from "../process_table.ts";
import { UnixMailboxes } from "./unix_mailboxes.ts";
import type { UnixHappening, UnixPeer, UnixRecord } from "./unix_types.ts";

/** How long an open waits for who accepts or receives, ns: a server that is awake takes well under a millisecond. */
const ACCEPT_WAIT_NS = 200e6;
/** How long before its connect(2) returned a connection may have been accepted, ns. */
const EARLY_ACCEPT_NS = 1e9;
/** Opens that wait, opens remembered until they are accepted, and accepts until their connect is told: each at most. */
const REMEMBERED_MAX = 4096;

const LISTENER_ENDED = "the process that called listen(2) has ended, and nobody was seen to accept";
const OPENER_ENDED = "the process that connected had ended when the connection was accepted";
const NOT_NOTED = "the kernel noted no process at the other end";

/** SOCK_DGRAM. */
const DATAGRAM = 2;

/** What a tracker counted. */
export interface UnixCounts {
  records: number;
}

/** Joins records of both ends. */
export class UnixTracker {
  readonly counts: UnixCounts = { records: 0 };
  readonly #onEvent: (happening: UnixHappening) => void;
  readonly #mailboxes = new UnixMailboxes();
  /** Opens nobody accepted yet and that are not told, by the end that is to be accepted, in order of time. */
  readonly #waiting = new Map<string, UnixRecord>();
  /** Closes of ends whose open waits, by the other end. */
  readonly #closes = new Map<string, UnixHappening>();
  /** The same of those that were told without who accepted. */
  readonly #told = new Map<string, UnixRecord>();
  /** Accepts whose connect(2) has not returned yet. */
  readonly #accepts = new Map<string, UnixRecord>();
  /** First datagrams nobody was seen to receive, by the datagram, in order of time. */
  readonly #sends = new Map<string, UnixHappening>();

  /** @param onEvent told of what happens, in the order of time but for opens, which wait for the other end */
  constructor(onEvent: (happening: UnixHappening) => void) {
    this.#onEvent = onEvent;
  }

  /**
   * Takes a record.
   *
   * @param record of the sensor
   */
  record(record: UnixRecord): void {
    this.counts.records++;
    switch (record.kind) {
      case UNIX_KIND.OPEN:
        this.#open(record);
        break;
      case UNIX_KIND.ACCEPT:
        this.#accept(record);
        break;
      case UNIX_KIND.FAIL:
        this.#onEvent({ name: "fail", record, peer: undefined });
        break;
      case UNIX_KIND.LISTEN:
        this.#onEvent({ name: "listen", record, peer: undefined });
        break;
      case UNIX_KIND.BIND:
        if (record.socketType === DATAGRAM) this.#mailboxes.note(record, "listener");
        this.#onEvent({ name: "bind", record, peer: undefined });
        break;
      case UNIX_KIND.SEND:
        this.#send(record);
        break;
      case UNIX_KIND.RECEIVE:
        this.#receive(record);
        break;
      case UNIX_KIND.HOLDER:
        this.#mailboxes.note(record, "holder");
        break;
      case UNIX_KIND.CLOSE:
        this.#close(record);
        break;
    }
  }

  /**
   * Told that a process ended.
   *
   * @param process who
   */
  ended(process: ProcessRef): void {
    this.#mailboxes.ended(process);
  }

  /**
   * Tells of opens that waited long enough.
   *
   * @param nowNs time; Infinity for all
   */
  tick(nowNs: number): void {
    for (const record of this.#waiting.values()) {
      if (record.tsNs + ACCEPT_WAIT_NS > nowNs) break;
      this.#tellUnaccepted(record);
    }
    for (const [key, send] of this.#sends) {
      if (send.record.tsNs + ACCEPT_WAIT_NS > nowNs) break;
      this.#sends.delete(key);
      this.#onEvent(send);
    }
  }

  #open(record: UnixRecord): void {
    const accept = this.#accepts.get(record.peer);
    if (accept !== undefined && isSameConnection(record, accept) && record.tsNs - accept.tsNs < EARLY_ACCEPT_NS) {
      this.#accepts.delete(record.peer);
      this.#onEvent({ name: "open", record, peer: acceptorOf(accept) });
      return;
    }
    // What is still known under this address is of a socket that is gone.
    this.#forget(record.peer);
    this.#accepts.delete(record.peer);
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && this.#waiting.size >= REMEMBERED_MAX) this.#tellUnaccepted(oldest);
    this.#waiting.set(record.peer, record);
  }

  #accept(record: UnixRecord): void {
    const key = record.socket;
    const open = this.#waiting.get(key) ?? this.#told.get(key);
    if (open === undefined || !isSameConnection(open, record)) {
      this.#onEvent({ name: "accept", record, peer: notedPeer(record, "opener", OPENER_ENDED) });
      makeRoom(this.#accepts);
      this.#accepts.set(key, record);
      return;
    }
    if (this.#waiting.has(key)) this.#tellOpen(open, acceptorOf(record));
    this.#told.delete(key);
    const peer: UnixPeer = { process: open.task, attribution: "opener", inode: record.peerInode || open.inode };
    this.#onEvent({ name: "accept", record, peer });
  }

  #send(record: UnixRecord): void {
    const before = this.#sends.get(record.peer);
    // Memory of a datagram that is gone.
    if (before !== undefined) this.#onEvent(before);
    this.#sends.delete(record.peer);
    const [oldest] = this.#sends.values();
    if (oldest !== undefined && this.#sends.size >= REMEMBERED_MAX) {
      this.#sends.delete(oldest.record.peer);
      this.#onEvent(oldest);
    }
    // Who is at the other end now: they may have ended when nobody was seen to receive.
    this.#sends.set(record.peer, { name: "open", record, peer: this.#mailboxes.peer(record) });
  }

  #receive({ peer, task }: UnixRecord): void {
    const send = this.#sends.get(peer);
    if (send === undefined || !this.#sends.delete(peer)) return;
    const { record } = send;
    this.#onEvent({ name: "open", record, peer: { process: task, attribution: "receiver", inode: record.inode } });
  }

  #close(record: UnixRecord): void {
    // Not the accept: the client may not know yet that it is connected.
    this.#forget(record.socket);
    if (record.socketType === DATAGRAM) this.#mailboxes.remove(record);
    const happening: UnixHappening = { name: "close", record, peer: undefined };
    // Nothing is told to end before it began.
    if (this.#waiting.get(record.peer)?.socket === record.socket) this.#closes.set(record.peer, happening);
    else this.#onEvent(happening);
  }

  /** Forgets an end that was to be accepted: it is gone, or another one is there now. */
  #forget(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) this.#tellOpen(waiting, listenerOf(waiting));
    this.#told.delete(key);
  }

  /** Tells of an open nobody accepted so far; its accept may still come. */
  #tellUnaccepted(record: UnixRecord): void {
    this.#tellOpen(record, listenerOf(record));
    makeRoom(this.#told);
    this.#told.set(record.peer, record);
  }

  /** Tells of an open that waited. */
  #tellOpen(record: UnixRecord, peer: UnixPeer): void {
    this.#waiting.delete(record.peer);
    this.#onEvent({ name: "open", record, peer });
    const close = this.#closes.get(record.peer);
    if (close === undefined) return;
    this.#closes.delete(record.peer);
    this.#onEvent(close);
  }
}

/** Drops the oldest where there are as many as may be. */
function makeRoom(records: Map<string, UnixRecord>): void {
  const [oldest] = records.keys();
  if (oldest !== undefined && records.size >= REMEMBERED_MAX) records.delete(oldest);
}

/** Whether an accept took what a connect made: the addresses alone may be those of sockets before. */
function isSameConnection(open: UnixRecord, accept: UnixRecord): boolean {
  return open.peer === accept.socket && open.socket === accept.peer && open.task.tgid === accept.peerProcess?.tgid &&
    (open.peerInode === 0 || open.peerInode === accept.inode);
}

function acceptorOf(accept: UnixRecord): UnixPeer {
  return { process: accept.task, attribution: "acceptor", inode: accept.inode };
}

function listenerOf(open: UnixRecord): UnixPeer {
  return notedPeer(open, "listener", LISTENER_ENDED);
}

/** Whom the kernel noted at the other end. */
function notedPeer(record: UnixRecord, attribution: UnixPeer["attribution"], endedReason: string): UnixPeer {
  const { peerProcess, peerInode: inode } = record;
  if (peerProcess === undefined) return { process: undefined, attribution: "unknown", reason: NOT_NOTED, inode };
  if ((record.flags & UNIX_FLAG.PEER_ENDED) !== 0) {
    return { process: undefined, attribution: "unknown", reason: endedReason, inode };
  }
  return { process: peerProcess, attribution, inode };
}
