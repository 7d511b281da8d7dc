/**
 * Compares what culprit said about connections with the truth that the programs logged.
 *
 * @module
 */

import type { ConnectionEvent, CulpritEvent, Endpoint } from "../../src/events.ts";

/** The truth about one end of one connection; what is absent is not judged. */
export interface Truth {
  case: string;
  event: ConnectionEvent["event"];
  proto: ConnectionEvent["connection"]["transport"];
  /** Address and port with a space between; empty where it is not known. */
  local: string;
  remote: string;
  /** Process id of `process`. */
  owner: number;
  tid?: number;
  /** Octets sent and received by process id. */
  users?: Record<string, [number, number]>;
  sent?: number;
  received?: number;
  /** Process id of `peer_process`. */
  peer?: number;
  end?: ConnectionEvent["end"];
  by?: ConnectionEvent["closed_by"];
  error?: string;
}

/** How one truth was told. */
export interface Score {
  truth: Truth;
  verdict: "right" | "wrong" | "missed";
  /** What is wrong. */
  details: string[];
}

/** Address and port as {@linkcode Truth} has them. */
function text(endpoint: Endpoint | undefined): string {
  return endpoint === undefined ? "" : `${endpoint.ip} ${endpoint.port}`;
}

/** What an event and a truth are matched by. */
function key(event: string, proto: string, local: string, remote: string): string {
  return [event, proto, local, remote].join("|");
}

/** Differences between an event and the truth. */
function differences(event: ConnectionEvent, truth: Truth): string[] {
  const found: string[] = [];
  const compare = (what: string, is: unknown, wanted: unknown): void => {
    if (wanted !== undefined && is !== wanted) found.push(`${what}: ${is}, wanted ${wanted}`);
  };
  compare("owner", event.process?.pid, truth.owner);
  compare("tid", event.process?.tid, truth.tid);
  compare("peer", event.peer_process?.pid, truth.peer);
  compare("sent", event.bytes_sent, truth.sent);
  compare("received", event.bytes_received, truth.received);
  compare("end", event.end, truth.end);
  compare("closed by", event.closed_by, truth.by);
  compare("error", event.error, truth.error);
  if (truth.users !== undefined) {
    const users = new Map((event.users ?? []).map((user) => [String(user.process.pid), user]));
    for (const [pid, [sent, received]] of Object.entries(truth.users)) {
      compare(`sent by ${pid}`, users.get(pid)?.bytes_sent, sent);
      compare(`received by ${pid}`, users.get(pid)?.bytes_received, received);
      users.delete(pid);
    }
    for (const [pid, { bytes_sent: sent = 0, bytes_received: received = 0 }] of users) {
      if (sent + received > 0) found.push(`${pid} did not send ${sent} or receive ${received}`);
    }
  }
  return found;
}

/**
 * Judges events.
 *
 * @param truths what happened
 * @param events what culprit said
 * @returns one score per truth
 */
export function score(truths: readonly Truth[], events: readonly CulpritEvent[]): Score[] {
  const byKey = new Map<string, ConnectionEvent[]>();
  for (const event of events) {
    if (event.type !== "connection") continue;
    const { transport, local, remote } = event.connection;
    // A failed connect may have had no local address.
    for (const shown of event.event === "fail" ? [""] : [text(local)]) {
      const name = key(event.event, transport, shown, text(remote));
      const list = byKey.get(name);
      if (list === undefined) byKey.set(name, [event]);
      else list.push(event);
    }
  }
  return truths.map((truth) => {
    const candidates = byKey.get(key(truth.event, truth.proto, truth.local, truth.remote)) ?? [];
    if (candidates.length === 0) return { truth, verdict: "missed", details: ["no such event"] };
    // Ports are used again: the best of them is meant.
    const best = candidates.map((event) => differences(event, truth)).sort((a, b) => a.length - b.length)[0] ?? [];
    return { truth, verdict: best.length === 0 ? "right" : "wrong", details: best };
  });
}
