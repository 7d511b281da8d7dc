/**
 * Packets for the tests, from one-line descriptions of what a sensor would deliver, and trackers that collect.
 *
 * @module
 */

import { type CapturedPacket, OWNER_KIND, type OwnerKind, type PacketOwner } from "../capture.ts";
import { type EncodeInput, encodeMessage } from "../dns/mod.ts";
import { DnsTracker } from "./tracker.ts";
import type { DnsTrackerOptions, DnsTransaction, TrackedMessage } from "./types.ts";

/** Nanoseconds in a millisecond. */
export const MS = 1e6;

/** Numbers of the types the tests use. */
export const TYPE = { A: 1, SOA: 6, TXT: 16, AAAA: 28, IXFR: 251, AXFR: 252 } as const;

/** A task. */
export function owner(
  tgid: number,
  kind: OwnerKind = OWNER_KIND.sender,
  startTimeNs: number = tgid * 1000,
): PacketOwner {
  return { tgid, tid: tgid, startTimeNs, uid: 1000, gid: 1000, comm: `task-${tgid}`, kind };
}

/** Octets of an address in text: IPv4, or IPv6 with all groups or one `::`. */
export function address(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(text.split("."), Number);
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] => part === "" ? [] : part.split(":").map((group) => parseInt(group, 16));
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 255]));
}

/** Splits `192.0.2.1:53` and `[::1]:53`. */
function endpoint(text: string): [bytes: Uint8Array, port: number] {
  const colon = text.lastIndexOf(":");
  return [address(text.slice(0, colon).replace(/^\[|\]$/g, "")), Number(text.slice(colon + 1))];
}

/** What {@linkcode packet} lets be said besides the ends. */
export type PacketExtras = Partial<Omit<CapturedPacket, "owner">> & { owner?: PacketOwner | undefined };

/**
 * A datagram.
 *
 * @param route `source > destination`, each `address:port`
 * @param payload octets
 * @param extras whatever else is not the default: egress, at 0 ns, no socket, no owner
 */
export function packet(route: string, payload: Uint8Array, extras: PacketExtras = {}): CapturedPacket {
  const [from = "", to = ""] = route.split(" > ");
  const [sourceAddress, sourcePort] = endpoint(from);
  const [destinationAddress, destinationPort] = endpoint(to);
  const { owner: packetOwner, ...rest } = extras;
  return {
    tsNs: 0,
    transport: "udp",
    family: sourceAddress.length === 4 ? 4 : 6,
    sourceAddress,
    destinationAddress,
    sourcePort,
    destinationPort,
    direction: "egress",
    socketCookie: 0,
    netns: 1,
    interfaceName: "lo",
    payload,
    payloadSize: payload.length,
    ...(packetOwner === undefined ? {} : { owner: packetOwner }),
    ...rest,
  };
}

/** Octets of a query. */
export function query(id: number, name: string, extras: EncodeInput = {}, type: number = TYPE.A): Uint8Array {
  return encodeMessage({ id, flags: 0x0100, questions: [{ name, type }], ...extras });
}

/** Octets of a response with one address. */
export function response(id: number, name: string, extras: EncodeInput = {}, type: number = TYPE.A): Uint8Array {
  return encodeMessage({
    id,
    isResponse: true,
    flags: 0x0180,
    questions: [{ name, type }],
    answers: [{ name, type: TYPE.A, ttl: 60, data: "192.0.2.80" }],
    ...extras,
  });
}

/** Seen reaching a socket. */
export const IN = { direction: "ingress" } as const;

/** A tracker that collects, with a timeout of 5 s. */
export function collect(extras: Partial<DnsTrackerOptions> = {}): {
  tracker: DnsTracker;
  found: DnsTransaction[];
  messages: TrackedMessage[];
  send: (route: string, payload: Uint8Array, extras?: PacketExtras) => void;
} {
  const found: DnsTransaction[] = [];
  const messages: TrackedMessage[] = [];
  const tracker = new DnsTracker({
    timeoutMs: 5000,
    messages: false,
    onTransaction: (transaction) => {
      // Octets of the query are valid in the callback only.
      transaction.query?.message;
      found.push(transaction);
    },
    onMessage: (message) => messages.push(message),
    ...extras,
  });
  const send = (route: string, payload: Uint8Array, extras: PacketExtras = {}): void =>
    tracker.packet(packet(route, payload, extras));
  return { tracker, found, messages, send };
}

/** What tests mostly ask of transactions. */
export function brief(transactions: readonly DnsTransaction[]): string[] {
  return transactions.map(({ status, statusReason, query, response }) => {
    const name = (query ?? response)?.message.questions[0]?.name ?? "-";
    return [status, name, ...(statusReason === undefined ? [] : [statusReason])].join(" | ");
  });
}
