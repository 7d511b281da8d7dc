import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeMessage } from "../dns/mod.ts";
import { collect, MS, owner, type PacketExtras, query, response } from "./tracker_testing.ts";

const ENDS = ["10.0.0.2:1000", "10.0.0.3:53", "127.0.0.1:1000", "127.0.0.1:53", "10.0.0.2:5353", "224.0.0.251:5353"];

/** Messages of every sort, some of them damaged. */
const PAYLOADS: readonly Uint8Array[] = [
  query(1, "a.test"),
  query(2, "a.test"),
  query(1, "b.local"),
  response(1, "a.test"),
  response(2, "a.test"),
  response(1, "a.test", { flags: 0x0200, answers: [] }),
  encodeMessage({ id: 1, isResponse: true, rcode: 1 }),
  encodeMessage({ isResponse: true, answers: [{ name: "b.local", type: 1, data: "192.0.2.1" }] }),
  query(1, "a.test").subarray(0, 15),
  new Uint8Array(3),
];

const event = fc.record({
  source: fc.constantFrom(...ENDS),
  destination: fc.constantFrom(...ENDS),
  payload: fc.constantFrom(...PAYLOADS),
  isTcp: fc.boolean(),
  isIngress: fc.boolean(),
  cookie: fc.nat(3),
  tgid: fc.nat(3),
  netns: fc.nat(1),
  waitMs: fc.constantFrom(0, 0, 0, 1, 600, 3000, 12_000),
  isLoss: fc.nat(30).map((value) => value === 0),
});

Deno.test("DnsTracker ends every query it took exactly once, whatever comes", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 150 }), fc.constantFrom(1, 4, 1000), (events, maxPending) => {
      const { found, tracker, send } = collect({ maxPending });
      let nowNs = 0;
      let sequence = 0;
      for (const { source, destination, payload, isTcp, isIngress, cookie, tgid, netns, waitMs, isLoss } of events) {
        nowNs += waitMs * MS;
        if (isLoss) tracker.noteLoss(nowNs);
        const extras: PacketExtras = {
          tsNs: nowNs,
          direction: isIngress ? "ingress" : "egress",
          socketCookie: cookie,
          owner: tgid === 0 ? undefined : owner(tgid),
          netns,
        };
        if (isTcp) {
          const framed = Uint8Array.from([payload.length >> 8, payload.length & 255, ...payload]);
          send(`${source} > ${destination}`, framed, { ...extras, transport: "tcp", tcpSequence: sequence });
          sequence += framed.length;
        } else send(`${source} > ${destination}`, payload, extras);
        assert.ok(tracker.counters.pending <= maxPending);
      }
      tracker.flush(nowNs);
      const { queries, retransmissions, pending } = tracker.counters;
      assert.equal(pending, 0);
      const withQuery = found.filter(({ query, statusReason }) =>
        query !== undefined && statusReason !== "shorter than a DNS header"
      );
      assert.equal(withQuery.length, queries - retransmissions);
      const again = withQuery.reduce((sum, transaction) => sum + transaction.retransmissions, 0);
      // What is sent again after its transaction ended is a new query.
      assert.ok(again <= retransmissions);
      for (const transaction of found) {
        assert.ok(transaction.query !== undefined || transaction.response !== undefined);
        if (transaction.status === "unknown") assert.ok(transaction.statusReason);
        if (transaction.status === "answered") assert.ok(transaction.query && transaction.response);
        if (transaction.status === "timeout") assert.equal(transaction.response, undefined);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("DnsTracker reads any octets without throwing", () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc.tuple(fc.constantFrom(...PAYLOADS), fc.nat(60), fc.nat(255)).map(([payload, at, value]) => {
      const damaged = payload.slice();
      if (damaged.length > 0) damaged[at % damaged.length] = value;
      return damaged;
    }),
  );
  const { tracker, send } = collect({ maxPending: 100 });
  let tsNs = 0;
  fc.assert(
    fc.property(octets, fc.boolean(), fc.boolean(), (payload, isBack, isTcp) => {
      const route = isBack ? "127.0.0.1:53 > 127.0.0.1:1000" : "127.0.0.1:1000 > 127.0.0.1:53";
      send(route, payload, { tsNs: tsNs += MS, ...(isTcp ? { transport: "tcp", tcpSequence: tsNs / 1000 } : {}) });
    }),
    { numRuns: 5000 },
  );
  tracker.flush(tsNs);
});
