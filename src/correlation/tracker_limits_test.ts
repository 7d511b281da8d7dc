import assert from "node:assert/strict";
import fc from "fast-check";
import { OWNER_KIND } from "../capture.ts";
import { encodeMessage } from "../dns/mod.ts";
import { DnsTracker } from "./tracker.ts";
import { brief, collect, IN, MS, owner, packet, query, response, TYPE } from "./tracker_testing.ts";
import type { DnsTransaction } from "./types.ts";

const OUT = "10.0.0.2:40000 > 10.0.0.53:53";
const BACK = "10.0.0.53:53 > 10.0.0.2:40000";
const LOCAL_OUT = "127.0.0.1:40000 > 127.0.0.1:53";
const LOCAL_BACK = "127.0.0.1:53 > 127.0.0.1:40000";
const CLIENT = { socketCookie: 1, owner: owner(100) };
const CLIENT_IN = { ...IN, socketCookie: 1, owner: owner(100, OWNER_KIND.user) };
const SERVER = { socketCookie: 2, owner: owner(53) };
const SERVER_IN = { ...IN, socketCookie: 2, owner: owner(50, OWNER_KIND.opener) };

Deno.test("DnsTracker says unknown for queries it had no room for, and for their responses", () => {
  const { found, tracker, send } = collect({ maxPending: 10 });
  for (let id = 0; id < 15; id++) send(OUT, query(id, "a.test"), { ...CLIENT, tsNs: id });
  assert.equal(tracker.counters.evicted, 5);
  assert.equal(tracker.counters.pending, 10);
  assert.deepEqual(found.map(({ status, statusReason }) => [status, statusReason]), [
    ...new Array(5).fill(["unknown", "transaction table full"]),
  ]);
  assert.equal(found[0]?.query?.message.id, 0);
  send(BACK, response(0, "a.test"), { ...CLIENT_IN, tsNs: 20 });
  assert.equal(found[5]?.status, "unknown");
  assert.equal(found[5]?.statusReason, "transaction table full");
  send(BACK, response(14, "a.test"), { ...CLIENT_IN, tsNs: 20 });
  assert.equal(found[6]?.status, "answered");
  send(BACK, response(77, "a.test"), { ...CLIENT_IN, tsNs: 5001 * MS });
  assert.equal(found.at(-1)?.status, "unsolicited");
});

Deno.test("DnsTracker holds no more octets of queries than 16 MiB", () => {
  const { tracker, send } = collect();
  const large = new Uint8Array(60_000);
  large.set(query(1, "a.test"));
  for (let id = 0; id < 400; id++) {
    large[0] = id >> 8;
    large[1] = id & 255;
    send(OUT, large, CLIENT);
  }
  assert.ok(tracker.counters.pending * 60_000 <= 16_777_216 + 60_000);
  assert.equal(tracker.counters.evicted + tracker.counters.pending, 400);
});

Deno.test("DnsTracker says unknown where a loss may hide the missing message", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  tracker.noteLoss(10);
  send(OUT, query(8, "b.test"), { ...CLIENT, tsNs: 20 });
  send(BACK, response(9, "c.test"), { ...CLIENT_IN, tsNs: 30 });
  tracker.tick(6000 * MS);
  assert.deepEqual(brief(found), [
    "unknown | c.test | events were lost",
    "unknown | a.test | events were lost",
    "timeout | b.test",
  ]);
});

Deno.test("DnsTracker.tick() and flush() on nothing do nothing", () => {
  const { found, tracker } = collect();
  tracker.tick(1e18);
  tracker.flush(1e18);
  assert.deepEqual(found, []);
});

const ODD_OUT = "10.0.0.2:40000 > 10.0.0.53:5300";
const ODD_BACK = "10.0.0.53:5300 > 10.0.0.2:40000";

Deno.test("DnsTracker finds DNS on any port by content", () => {
  const { found, send } = collect();
  send(ODD_OUT, query(7, "a.test"), CLIENT);
  send(ODD_BACK, response(7, "a.test"), CLIENT_IN);
  assert.deepEqual(brief(found), ["answered | a.test"]);
});

const NOT_DNS: readonly { name: string; route: string; payload: Uint8Array }[] = [
  { name: "random octets", route: ODD_OUT, payload: Uint8Array.from({ length: 60 }, (_, index) => index * 37 & 255) },
  { name: "a header alone", route: ODD_OUT, payload: encodeMessage({ id: 7 }) },
  { name: "less than a header", route: ODD_OUT, payload: new Uint8Array(5) },
  { name: "a response nobody asked for", route: ODD_BACK, payload: response(7, "a.test") },
  { name: "NetBIOS", route: "10.0.0.2:137 > 10.0.0.255:137", payload: query(7, "a.test") },
];

for (const { name, route, payload } of NOT_DNS) {
  Deno.test(`DnsTracker rejects ${name} on an unusual port`, () => {
    const { found, messages, tracker, send } = collect();
    send(route, payload, CLIENT);
    tracker.flush(0);
    assert.deepEqual([...found, ...messages], []);
    assert.equal(tracker.counters.rejected, 1);
  });
}

for (const route of ["10.0.0.2:137 > 10.0.0.53:53", "10.0.0.2:40000 > 10.0.0.53:137"]) {
  Deno.test(`DnsTracker reports ${route}, for one of the ports is expected to speak DNS`, () => {
    const { found, tracker, send } = collect(route.endsWith(":53") ? {} : { ports: new Set([137]) });
    send(route, query(7, "a.test"), CLIENT);
    tracker.tick(60_000 * MS);
    assert.deepEqual(brief(found), ["timeout | a.test"]);
  });
}

const LAX: readonly { name: string; payload: Uint8Array }[] = [
  { name: "the Z bit set", payload: query(7, "a.test", { flags: 0x0140 }) },
  { name: "an rcode", payload: query(7, "a.test", { rcode: 9 }) },
  { name: "something behind it", payload: Uint8Array.of(...query(7, "a.test"), 0, 0, 0) },
  {
    name: "two questions",
    payload: query(7, "a.test", { questions: [{ name: "a.test", type: 1 }, { name: "b", type: 1 }] }),
  },
];

for (const { name, payload } of LAX) {
  Deno.test(`DnsTracker finds a query with ${name} on any port`, () => {
    const { found, tracker, send } = collect();
    send(ODD_OUT, payload, CLIENT);
    tracker.tick(60_000 * MS);
    assert.deepEqual(brief(found), ["timeout | a.test"]);
  });
}

Deno.test("DnsTracker looks at the listed ports only, and believes them", () => {
  const { found, tracker, send } = collect({ ports: new Set([5300]) });
  send(OUT, query(7, "a.test"), CLIENT);
  send(ODD_BACK, response(7, "a.test"), CLIENT_IN);
  tracker.flush(0);
  assert.deepEqual(brief(found), ["unsolicited | a.test"]);
  assert.equal(tracker.counters.rejected, 1);
});

Deno.test("DnsTracker reports malformed messages on a port of DNS", () => {
  const cut = query(7, "a.test").subarray(0, 20);
  const { found, tracker, send } = collect();
  send(LOCAL_OUT, cut, CLIENT);
  send(LOCAL_OUT, cut, SERVER_IN);
  tracker.flush(0);
  assert.equal(found.length, 1);
  assert.ok((found[0]?.query?.message.anomalies.length ?? 0) > 0);
});

for (const size of [0, 1, 2, 11]) {
  Deno.test(`DnsTracker reports a datagram of ${size} octets to port 53 once`, () => {
    const { found, tracker, send } = collect();
    const short = Uint8Array.of(1, 2, 0x80, 4, 5, 6, 7, 8, 9, 10, 11).subarray(0, size);
    send(LOCAL_OUT, short, CLIENT);
    send(LOCAL_OUT, short, SERVER_IN);
    send(LOCAL_BACK, short, SERVER);
    send(LOCAL_BACK, short, CLIENT_IN);
    tracker.flush(0);
    assert.deepEqual(found.map(({ status, statusReason }) => [status, statusReason]), [
      ["unknown", "shorter than a DNS header"],
      ["unknown", "shorter than a DNS header"],
    ]);
    assert.equal(found[0]?.client?.tgid, 100);
    assert.equal(found[0]?.query?.sizeBytes, size);
    assert.equal(found[1]?.server?.tgid, 53);
    assert.equal(found[1]?.response?.sizeBytes, size);
    assert.equal(tracker.counters.malformed, 2);
  });
}

Deno.test("DnsTracker flags a message that the capture cut", () => {
  const { found, tracker, send } = collect();
  const whole = query(7, "a.test");
  send(OUT, whole.subarray(0, 20), { ...CLIENT, payloadSize: whole.length });
  tracker.flush(0);
  assert.ok(found[0]?.query?.message.anomalies.includes("capture-cut"));
});

Deno.test("DnsTracker keeps the query it was given, whatever becomes of the packet's octets", () => {
  const { found, tracker, send } = collect();
  const buffer = query(7, "a.test");
  send(OUT, buffer, CLIENT);
  buffer.fill(0xff);
  tracker.flush(0);
  assert.deepEqual(found[0]?.query?.message.questions, [{ name: "a.test", type: 1, class: 1 }]);
});

Deno.test("DnsTracker lets the message of a query be read in the callback only", () => {
  let kept: DnsTransaction | undefined;
  const tracker = new DnsTracker({
    timeoutMs: 5000,
    messages: false,
    onTransaction: (transaction) => kept = transaction,
  });
  tracker.packet(packet(OUT, query(7, "a.test"), CLIENT));
  tracker.flush(0);
  assert.equal(kept?.query?.sizeBytes, 24);
  assert.throws(() => kept?.query?.message, TypeError);
});

Deno.test("DnsTracker keeps queries of any size", () => {
  for (const size of [12, 127, 128, 129, 4096, 65_000]) {
    const { found, tracker, send } = collect();
    const large = new Uint8Array(size);
    large.set(query(7, "a.test").subarray(0, size));
    send(OUT, large, CLIENT);
    large.fill(0xff);
    for (let id = 0; id < 10; id++) send(OUT, query(id, "b.test"), CLIENT);
    tracker.flush(0);
    const message = found.find(({ query }) => query?.sizeBytes === size)?.query?.message;
    assert.equal(message?.id, 7);
    if (size > 24) assert.equal(message?.questions[0]?.name, "a.test");
  }
});

Deno.test("DnsTracker keeps the last octet of queries that fill their slot", () => {
  for (const size of [127, 128, 129]) {
    const { found, tracker, send } = collect();
    const text = "x".repeat(size - 24 - 12);
    const additionals = [{ name: ".", type: TYPE.TXT, data: `"${text}"` }];
    const payload = query(7, "a.test", { additionals });
    assert.equal(payload.length, size);
    send(OUT, payload, CLIENT);
    send(OUT, query(0xffff, "b.test"), CLIENT);
    tracker.flush(0);
    assert.equal(found[0]?.query?.message.additionals[0]?.data, `"${text}"`);
  }
});

Deno.test("DnsTracker takes the second view of an answer for none to a query sent meanwhile", () => {
  const { found, tracker, send } = collect();
  const answers = (data: string) => response(0, "a.test", { answers: [{ name: "a.test", type: TYPE.A, data }] });
  send(LOCAL_OUT, query(0, "a.test"), CLIENT);
  send(LOCAL_OUT, query(0, "a.test"), SERVER_IN);
  send(LOCAL_BACK, answers("192.0.2.1"), SERVER);
  // The client asks again, with the same id, before it reads.
  send(LOCAL_OUT, query(0, "a.test"), CLIENT);
  send(LOCAL_BACK, answers("192.0.2.1"), CLIENT_IN);
  send(LOCAL_OUT, query(0, "a.test"), SERVER_IN);
  send(LOCAL_BACK, answers("192.0.2.2"), SERVER);
  send(LOCAL_BACK, answers("192.0.2.2"), CLIENT_IN);
  tracker.flush(0);
  assert.deepEqual(found.map(({ response }) => response?.message.answers[0]?.data), ["192.0.2.1", "192.0.2.2"]);
});

Deno.test("DnsTracker keeps senders without socket on the loopback of two namespaces apart", () => {
  const { found, tracker, send } = collect();
  for (const netns of [11, 12]) {
    send(LOCAL_OUT, query(7, "a.test"), { transport: "packet", netns, owner: owner(netns) });
  }
  tracker.flush(0);
  assert.deepEqual(found.map(({ client, retransmissions }) => [client?.tgid, retransmissions]), [[11, 0], [12, 0]]);
});

Deno.test("DnsTracker takes the different answers to a query sent twice for its answers", () => {
  const { found, tracker, send } = collect();
  for (let sending = 0; sending < 2; sending++) send(OUT, query(7, "a.test"), CLIENT);
  for (const data of ["192.0.2.1", "192.0.2.2"]) {
    send(BACK, response(7, "a.test", { answers: [{ name: "a.test", type: TYPE.A, data }] }), CLIENT_IN);
  }
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(tracker.counters.duplicateResponses, 1);
});

Deno.test("DnsTracker has room for large queries as soon as those before are answered", () => {
  const { tracker, send } = collect();
  const large = new Uint8Array(60_000);
  large.set(query(7, "a.test"));
  send(OUT, query(8, "waits.test"), CLIENT);
  for (let round = 0; round < 600; round++) {
    send(OUT, large, CLIENT);
    send(BACK, response(7, "a.test"), CLIENT_IN);
  }
  assert.equal(tracker.counters.evicted, 0);
});

Deno.test("DnsTracker finishes transactions held for a retry when it needs the room", () => {
  const { found, tracker, send } = collect({ maxPending: 2 });
  const cut = response(1, "a.test", { flags: 0x0380, answers: [] });
  send(OUT, query(1, "a.test"), CLIENT);
  send(BACK, cut, CLIENT_IN);
  send(OUT, query(2, "b.test"), { ...CLIENT, tsNs: 1 });
  send(OUT, query(3, "c.test"), { ...CLIENT, tsNs: 2 });
  assert.deepEqual(brief(found), ["truncated | a.test"]);
  assert.equal(tracker.counters.evicted, 0);
});

Deno.test("DnsTracker joins both views of a response without question", () => {
  const { found, tracker, send } = collect();
  const empty = encodeMessage({ id: 7, isResponse: true, rcode: 1 });
  send(LOCAL_OUT, query(7, "a.test"), CLIENT);
  send(LOCAL_OUT, query(7, "a.test"), SERVER_IN);
  send(LOCAL_BACK, empty, SERVER);
  send(LOCAL_BACK, empty, CLIENT_IN);
  tracker.flush(0);
  assert.deepEqual(brief(found), ["answered | a.test"]);
});

Deno.test("DnsTracker counts a query that a remote client sends again", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), SERVER_IN);
  send(OUT, query(7, "a.test"), SERVER_IN);
  send(BACK, response(7, "a.test"), SERVER);
  assert.equal(found[0]?.retransmissions, 1);
});

Deno.test("DnsTracker tells repeated long responses from different ones", () => {
  const long = (last: string): Uint8Array =>
    response(7, "a.test", {
      answers: Array.from(
        { length: 40 },
        (_, index) => ({ name: "a.test", type: 1, data: index === 39 ? last : "192.0.2.1" }),
      ),
    });
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  for (const last of ["192.0.2.7", "192.0.2.7", "192.0.2.8"]) send(BACK, long(last), CLIENT_IN);
  assert.deepEqual(found.map(({ status }) => status), ["answered", "unsolicited"]);
  assert.equal(tracker.counters.duplicateResponses, 1);
});

Deno.test("DnsTracker with messages reports each message once, and no transactions", () => {
  const { found, messages, tracker, send } = collect({ messages: true });
  send(LOCAL_OUT, query(7, "a.test"), CLIENT);
  send(LOCAL_OUT, query(7, "a.test"), SERVER_IN);
  send(LOCAL_OUT, query(7, "a.test"), { ...CLIENT, tsNs: 1000 });
  send(LOCAL_OUT, query(7, "a.test"), SERVER_IN);
  send(LOCAL_BACK, response(7, "a.test"), { ...SERVER, tsNs: 5000 });
  send(LOCAL_BACK, response(7, "a.test"), CLIENT_IN);
  send(OUT, query(8, "b.test"), CLIENT);
  tracker.flush(1e12);
  assert.deepEqual(found, []);
  assert.deepEqual(
    messages.map(({ seen, isResponse, latencyUs, client, server }) => [
      isResponse,
      seen.message.questions[0]?.name,
      latencyUs,
      client?.tgid,
      server?.tgid,
    ]),
    [
      [false, "a.test", undefined, 100, undefined],
      [false, "a.test", undefined, 100, 50],
      [true, "a.test", 5, 100, 53],
      [false, "b.test", undefined, 100, undefined],
    ],
  );
});

Deno.test("DnsTracker reports every transaction of any mixture exactly once", () => {
  const exchange = fc.record({
    port: fc.integer({ min: 1, max: 3 }),
    id: fc.nat(2),
    name: fc.constantFrom("a.test", "b.test"),
    isAnswered: fc.boolean(),
    isLocal: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(exchange, { maxLength: 40 }), (exchanges) => {
      const { found, tracker, send } = collect({ maxPending: 64 });
      let nowNs = 0;
      for (const { port, id, name, isAnswered, isLocal } of exchanges) {
        const out = `127.0.0.1:${port} > 127.0.0.1:53`;
        const back = `127.0.0.1:53 > 127.0.0.1:${port}`;
        const socketCookie = 10 + port;
        send(out, query(id, name), { socketCookie, tsNs: nowNs });
        if (isLocal) send(out, query(id, name), { ...IN, socketCookie: 2, tsNs: nowNs });
        if (isAnswered) {
          if (isLocal) send(back, response(id, name), { socketCookie: 2, tsNs: nowNs + 1 });
          send(back, response(id, name), { ...IN, socketCookie, tsNs: nowNs + 2 });
        }
        // Each is over before the next begins: what is open then would be a query sent again.
        nowNs += 6000 * MS;
        tracker.tick(nowNs);
      }
      assert.deepEqual(
        found.map(({ status, query }) => [status, query?.message.id, query?.message.questions[0]?.name]),
        exchanges.map(({ isAnswered, id, name }) => [isAnswered ? "answered" : "timeout", id, name]),
      );
    }),
    { numRuns: 200 },
  );
});
