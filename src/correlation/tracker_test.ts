import assert from "node:assert/strict";
import { OWNER_KIND } from "../capture.ts";
import { MS, owner, packet, query, response } from "./packets_testing.ts";
import { DnsTracker } from "./tracker.ts";
import type { DnsTransaction } from "./types.ts";

/** A tracker that collects, with a timeout of 5 s. */
function collect(extras: { maxPending?: number } = {}): { tracker: DnsTracker; found: DnsTransaction[] } {
  const found: DnsTransaction[] = [];
  const tracker = new DnsTracker({ timeoutMs: 5000, messages: false, onTransaction: (t) => found.push(t), ...extras });
  return { tracker, found };
}

const OUT = "10.0.0.2:40000 > 10.0.0.53:53";
const BACK = "10.0.0.53:53 > 10.0.0.2:40000";

Deno.test("DnsTracker joins a response to its query", () => {
  const { tracker, found } = collect();
  tracker.packet(packet(OUT, query(7, "a.test"), { socketCookie: 1, owner: owner(100) }));
  tracker.packet(packet(BACK, response(7, "a.test"), {
    tsNs: 812_000,
    direction: "ingress",
    socketCookie: 1,
    owner: owner(100, OWNER_KIND.user),
  }));
  assert.equal(found.length, 1);
  const [t] = found;
  assert.equal(t?.status, "answered");
  assert.equal(t?.latencyUs, 812);
  assert.equal(t?.client?.tgid, 100);
  assert.equal(t?.client?.kind, OWNER_KIND.sender);
  assert.equal(t?.server, undefined);
  assert.equal(t?.query?.message.questions[0]?.name, "a.test");
  assert.equal(t?.response?.message.answers[0]?.data, "192.0.2.80");
  assert.equal(t?.query?.network.source.ip, "10.0.0.2");
});

Deno.test("DnsTracker reports a transaction on loopback once, with both ends", () => {
  const { tracker, found } = collect();
  const there = "127.0.0.1:40000 > 127.0.0.1:53";
  const back = "127.0.0.1:53 > 127.0.0.1:40000";
  tracker.packet(packet(there, query(7, "a.test"), { socketCookie: 1, owner: owner(100) }));
  tracker.packet(packet(there, query(7, "a.test"), {
    tsNs: 10,
    direction: "ingress",
    socketCookie: 2,
    owner: owner(53, OWNER_KIND.opener),
  }));
  tracker.packet(packet(back, response(7, "a.test"), { tsNs: 20, socketCookie: 2, owner: owner(54) }));
  tracker.packet(packet(back, response(7, "a.test"), {
    tsNs: 30,
    direction: "ingress",
    socketCookie: 1,
    owner: owner(100, OWNER_KIND.user),
  }));
  tracker.flush(1e12);
  assert.equal(found.length, 1);
  assert.equal(found[0]?.client?.tgid, 100);
  assert.equal(found[0]?.server?.tgid, 54);
  assert.equal(found[0]?.retransmissions, 0);
  assert.equal(tracker.counters.duplicateViews, 2);
  assert.equal(tracker.counters.queries, 1);
  assert.equal(tracker.counters.responses, 1);
});

Deno.test("DnsTracker gives up after the timeout, from the first sending", () => {
  const { tracker, found } = collect();
  tracker.packet(packet(OUT, query(7, "a.test"), { socketCookie: 1, owner: owner(100) }));
  tracker.packet(packet(OUT, query(7, "a.test"), { tsNs: 3000 * MS, socketCookie: 1, owner: owner(100) }));
  tracker.tick(4999 * MS);
  assert.equal(found.length, 0);
  tracker.tick(5000 * MS);
  assert.equal(found.length, 1);
  assert.equal(found[0]?.status, "timeout");
  assert.equal(found[0]?.retransmissions, 1);
  assert.equal(found[0]?.latencyUs, undefined);
});
