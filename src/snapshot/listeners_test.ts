import assert from "node:assert/strict";
import { Listeners } from "./listeners.ts";
import type { SocketRow } from "./types.ts";

/** A row; the interesting part is given. */
function row(ip: string, fields: Partial<SocketRow> = {}, tgids: number[] = [1]): SocketRow {
  return {
    protocol: "tcp",
    family: ip.includes(":") ? "ipv6" : "ipv4",
    mapped: false,
    state: "listen",
    local: { ip, port: 80 },
    remote: undefined,
    path: undefined,
    peerInode: undefined,
    holders: tgids.map((tgid) => ({ tgid, startTimeNs: 0, comm: "", fds: [3] })),
    ownership: "holder",
    unknownReason: undefined,
    netns: 1,
    inode: 1,
    uid: 0,
    receiveQueue: 0,
    sendQueue: 0,
    ...fields,
  };
}

/** A connection that waits for accept(). */
const waiting = (ip: string, fields: Partial<SocketRow> = {}): SocketRow =>
  row(ip, { state: "established", ...fields });

Deno.test("Listeners finds the listener a connection waits at", () => {
  const [any4, any6] = [row("0.0.0.0"), row("::")];
  const exact = row("192.0.2.7");
  for (
    const [name, listeners, connection, wanted] of [
      ["the only one", [any4], waiting("192.0.2.7"), any4],
      ["the exact address first", [any4, exact], waiting("192.0.2.7"), exact],
      ["not of another address", [exact], waiting("192.0.2.8"), undefined],
      ["IPv6 wildcard", [any4, any6], waiting("2001:db8::1"), any6],
      ["IPv4 through an IPv6 socket", [any4, any6], waiting("192.0.2.7", { mapped: true }), any6],
      ["IPv4 through an IPv4 socket", [any4, any6], waiting("192.0.2.7"), any4],
      ["not of another namespace", [row("0.0.0.0", { netns: 2 })], waiting("192.0.2.7"), undefined],
      ["one of several of the same process", [any4, row("0.0.0.0")], waiting("192.0.2.7"), any4],
      ["several of different processes", [any4, row("0.0.0.0", {}, [2])], waiting("192.0.2.7"), "several"],
    ] as const
  ) assert.equal(new Listeners(listeners).find(connection), wanted, name);
});
