import assert from "node:assert/strict";
import { REASON } from "./losses.ts";
import { OWNER_KIND } from "../capture.ts";
import { encodeMessage } from "../dns/mod.ts";
import { brief, collect, IN, MS, owner, query, response, TYPE } from "./tracker_testing.ts";

const OUT = "10.0.0.2:40000 > 10.0.0.53:53";
const BACK = "10.0.0.53:53 > 10.0.0.2:40000";
const LOCAL_OUT = "127.0.0.1:40000 > 127.0.0.1:53";
const LOCAL_BACK = "127.0.0.1:53 > 127.0.0.1:40000";
const CLIENT = { socketCookie: 1, owner: owner(100) };
const CLIENT_IN = { ...IN, socketCookie: 1, owner: owner(100, OWNER_KIND.user) };
const SERVER = { socketCookie: 2, owner: owner(53) };
const SERVER_IN = { ...IN, socketCookie: 2, owner: owner(50, OWNER_KIND.opener) };

Deno.test("DnsTracker joins a response to its query", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(BACK, response(7, "a.test"), { ...CLIENT_IN, tsNs: 812_000 });
  assert.equal(found.length, 1);
  const [transaction] = found;
  assert.equal(transaction?.status, "answered");
  assert.equal(transaction?.latencyUs, 812);
  assert.equal(transaction?.client?.kind, OWNER_KIND.sender);
  assert.equal(transaction?.clientIsLocal, true);
  assert.equal(transaction?.serverIsLocal, false);
  assert.equal(transaction?.server, undefined);
  assert.deepEqual(transaction?.query?.network, {
    transport: "udp",
    family: "ipv4",
    source: { ip: "10.0.0.2", port: 40000 },
    destination: { ip: "10.0.0.53", port: 53 },
    interface: "lo",
    direction: "egress",
  });
  assert.equal(transaction?.query?.message.questions[0]?.name, "a.test");
  assert.equal(transaction?.response?.message.answers[0]?.data, "192.0.2.80");
});

Deno.test("DnsTracker reports a transaction on loopback once, with both ends", () => {
  const { tracker, found, send } = collect();
  send(LOCAL_OUT, query(7, "a.test"), CLIENT);
  send(LOCAL_OUT, query(7, "a.test"), { ...SERVER_IN, tsNs: 10 });
  send(LOCAL_BACK, response(7, "a.test"), { ...SERVER, tsNs: 20 });
  send(LOCAL_BACK, response(7, "a.test"), { ...CLIENT_IN, tsNs: 30 });
  tracker.flush(1e12);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(found[0]?.client?.tgid, 100);
  // The sender of the answer, not who opened the socket.
  assert.equal(found[0]?.server?.tgid, 53);
  assert.equal(found[0]?.retransmissions, 0);
  const { duplicateViews, queries, responses } = tracker.counters;
  assert.deepEqual({ duplicateViews, queries, responses }, { duplicateViews: 2, queries: 1, responses: 1 });
});

Deno.test("DnsTracker joins over IPv6", () => {
  const { found, send } = collect();
  send("[2001:db8::2]:40000 > [2001:db8::53]:53", query(7, "a.test"), CLIENT);
  send("[2001:db8::53]:53 > [2001:db8::2]:40000", response(7, "a.test"), CLIENT_IN);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(found[0]?.query?.network.source.ip, "2001:db8::2");
});

Deno.test("DnsTracker knows a server of this host whose client is elsewhere", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), SERVER_IN);
  send(BACK, response(7, "a.test"), SERVER);
  assert.equal(found[0]?.status, "answered");
  assert.equal(found[0]?.clientIsLocal, false);
  assert.equal(found[0]?.serverIsLocal, true);
  assert.equal(found[0]?.client, undefined);
  assert.equal(found[0]?.server?.tgid, 53);
});

Deno.test("DnsTracker joins the two views of a message between network namespaces", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), { ...CLIENT, netns: 11 });
  send(OUT, query(7, "a.test"), { ...SERVER_IN, netns: 12 });
  send(BACK, response(7, "a.test"), { ...SERVER, netns: 12 });
  send(BACK, response(7, "a.test"), { ...CLIENT_IN, netns: 11 });
  tracker.flush(0);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(found[0]?.server?.tgid, 53);
});

Deno.test("DnsTracker keeps the loopback of two network namespaces apart", () => {
  const { found, tracker, send } = collect();
  for (const netns of [11, 12]) {
    const base = netns * 10;
    send(LOCAL_OUT, query(7, "a.test"), { netns, socketCookie: base, owner: owner(base) });
    send(LOCAL_OUT, query(7, "a.test"), { ...IN, netns, socketCookie: base + 1, owner: owner(base + 1) });
  }
  for (const netns of [11, 12]) {
    const base = netns * 10;
    send(LOCAL_BACK, response(7, "a.test"), { netns, socketCookie: base + 1, owner: owner(base + 1) });
    send(LOCAL_BACK, response(7, "a.test"), { ...IN, netns, socketCookie: base, owner: owner(base) });
  }
  tracker.flush(0);
  assert.deepEqual(found.map(({ client, server }) => [client?.tgid, server?.tgid]), [[110, 111], [120, 121]]);
});

Deno.test("DnsTracker tells two sockets with the same port, peer, id and question apart", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), { socketCookie: 1, owner: owner(100) });
  send(OUT, query(7, "a.test"), { socketCookie: 9, owner: owner(200) });
  send(BACK, response(7, "a.test"), { ...IN, socketCookie: 9 });
  send(BACK, response(7, "a.test"), { ...IN, socketCookie: 1 });
  assert.deepEqual(found.map(({ client }) => client?.tgid), [200, 100]);
  assert.deepEqual(found.map(({ retransmissions }) => retransmissions), [0, 0]);
});

Deno.test("DnsTracker counts a query sent again, on loopback too", () => {
  for (const views of [1, 2]) {
    const { found, tracker, send } = collect();
    for (let sending = 0; sending < 3; sending++) {
      send(LOCAL_OUT, query(7, "a.test"), CLIENT);
      if (views === 2) send(LOCAL_OUT, query(7, "a.test"), SERVER_IN);
    }
    for (let sending = 0; sending < 3; sending++) {
      send(LOCAL_BACK, response(7, "a.test"), SERVER);
      send(LOCAL_BACK, response(7, "a.test"), CLIENT_IN);
    }
    tracker.flush(0);
    assert.deepEqual(brief(found), ["answered | a.test"]);
    assert.equal(found[0]?.retransmissions, 2);
    assert.equal(tracker.counters.duplicateResponses, 2);
  }
});

Deno.test("DnsTracker takes a query after the answer for a new one, with the same id and socket", () => {
  const { found, tracker, send } = collect();
  for (let round = 0; round < 20; round++) {
    send(LOCAL_OUT, query(0, "a.test"), CLIENT);
    send(LOCAL_OUT, query(0, "a.test"), SERVER_IN);
    send(LOCAL_BACK, response(0, "a.test"), SERVER);
    send(LOCAL_BACK, response(0, "a.test"), CLIENT_IN);
  }
  tracker.flush(0);
  assert.equal(found.length, 20);
  assert.ok(found.every(({ status, retransmissions }) => status === "answered" && retransmissions === 0));
  assert.equal(tracker.counters.queries, 20);
});

Deno.test("DnsTracker gives up after the timeout, from the first sending", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(OUT, query(7, "a.test"), { ...CLIENT, tsNs: 3000 * MS });
  tracker.tick(4999 * MS);
  assert.equal(found.length, 0);
  tracker.tick(5000 * MS);
  assert.deepEqual(brief(found), ["timeout | a.test"]);
  assert.equal(found[0]?.retransmissions, 1);
  assert.equal(found[0]?.latencyUs, undefined);
  assert.equal(tracker.counters.pending, 0);
});

Deno.test("DnsTracker gives up by the time of later packets", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(OUT, query(8, "b.test"), { ...CLIENT, tsNs: 5000 * MS });
  assert.deepEqual(brief(found), ["timeout | a.test"]);
});

Deno.test("DnsTracker reports what still waits at the end", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  tracker.flush(10);
  assert.deepEqual(brief(found), ["timeout | a.test | capture ended before the timeout"]);
});

Deno.test("DnsTracker says that a response came after the timeout", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(BACK, response(7, "a.test"), { ...CLIENT_IN, tsNs: 6000 * MS });
  assert.deepEqual(brief(found), ["timeout | a.test", "unsolicited | a.test | came after the timeout"]);
  assert.equal(found[1]?.latencyUs, 6_000_000);
  assert.equal(found[1]?.client?.tgid, 100);
});

Deno.test("DnsTracker leaves a query open when another address answers", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send("10.0.0.66:53 > 10.0.0.2:40000", response(7, "a.test"), CLIENT_IN);
  send("10.0.0.53:5353 > 10.0.0.2:40000", response(7, "a.test"), CLIENT_IN);
  send(BACK, response(7, "a.test"), CLIENT_IN);
  const elsewhere = `unsolicited | a.test | ${REASON.elsewhere}`;
  assert.deepEqual(brief(found), [elsewhere, elsewhere, "answered | a.test"]);
});

Deno.test("DnsTracker leaves a query open when another question is answered", () => {
  const { found, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(BACK, response(7, "b.test"), CLIENT_IN);
  send(BACK, response(7, "a.test", {}, TYPE.AAAA), CLIENT_IN);
  send(BACK, response(8, "a.test"), CLIENT_IN);
  send(BACK, response(7, "a.test"), CLIENT_IN);
  assert.deepEqual(found.map(({ status }) => status), ["unsolicited", "unsolicited", "unsolicited", "answered"]);
});

Deno.test("DnsTracker compares names without their case, and keeps it", () => {
  const { found, send } = collect();
  send(OUT, query(7, "wWw.ExAmPlE.test"), CLIENT);
  send(BACK, response(7, "WWW.example.TEST"), CLIENT_IN);
  assert.deepEqual(brief(found), ["answered | wWw.ExAmPlE.test"]);
  assert.equal(found[0]?.response?.message.questions[0]?.name, "WWW.example.TEST");
});

Deno.test("DnsTracker calls a response that came before the query unsolicited", () => {
  const { found, tracker, send } = collect();
  send(BACK, response(0, "a.test"), CLIENT_IN);
  send(OUT, query(0, "a.test"), CLIENT);
  tracker.flush(0);
  assert.deepEqual(found.map(({ status }) => status), ["unsolicited", "timeout"]);
  assert.equal(found[0]?.client?.tgid, 100);
  assert.equal(found[0]?.latencyUs, undefined);
});

Deno.test("DnsTracker reports an unsolicited response on loopback once, and again when it is sent again", () => {
  const { found, send } = collect();
  for (let round = 1; round <= 3; round++) {
    send(LOCAL_BACK, response(7, "a.test"), SERVER);
    send(LOCAL_BACK, response(7, "a.test"), CLIENT_IN);
    assert.equal(found.length, round);
  }
  assert.equal(found[0]?.server?.tgid, 53);
});

Deno.test("DnsTracker tells repeated responses from different ones", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(BACK, response(7, "a.test"), CLIENT_IN);
  send(BACK, response(7, "a.test"), CLIENT_IN);
  assert.equal(tracker.counters.duplicateResponses, 1);
  send(BACK, response(7, "a.test", { answers: [{ name: "a.test", type: TYPE.A, data: "192.0.2.66" }] }), CLIENT_IN);
  assert.deepEqual(brief(found), ["answered | a.test", "unsolicited | a.test | the query was already answered"]);
});

Deno.test("DnsTracker joins a response without question by its id, if only one query has it", () => {
  const empty = (id: number): Uint8Array => encodeMessage({ id, isResponse: true, rcode: 1 });
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), CLIENT);
  send(BACK, empty(7), CLIENT_IN);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  send(OUT, query(8, "b.test"), CLIENT);
  send(OUT, query(8, "c.test"), CLIENT);
  send(BACK, empty(8), CLIENT_IN);
  assert.deepEqual(brief(found.slice(1)), ["unsolicited | -"]);
  tracker.flush(0);
  assert.equal(found.length, 4);
});

const SHAPES: readonly { name: string; ask: Uint8Array; answer: Uint8Array }[] = [
  {
    name: "several questions",
    ask: encodeMessage({ id: 7, questions: [{ name: "a.test", type: 1 }, { name: "b.test", type: 1 }] }),
    answer: encodeMessage({
      id: 7,
      isResponse: true,
      questions: [{ name: "a.test", type: 1 }, { name: "b.test", type: 1 }],
    }),
  },
  {
    name: "NOTIFY",
    ask: encodeMessage({ id: 7, opcode: 4, questions: [{ name: "a.test", type: TYPE.SOA }] }),
    answer: encodeMessage({ id: 7, opcode: 4, isResponse: true, questions: [{ name: "a.test", type: TYPE.SOA }] }),
  },
  {
    name: "UPDATE",
    ask: encodeMessage({ id: 7, opcode: 5, questions: [{ name: "a.test", type: TYPE.SOA }] }),
    answer: encodeMessage({ id: 7, opcode: 5, isResponse: true, questions: [{ name: "a.test", type: TYPE.SOA }] }),
  },
  {
    name: "no question at all",
    ask: encodeMessage({ id: 7 }),
    answer: encodeMessage({ id: 7, isResponse: true }),
  },
  { name: "the root", ask: query(7, "."), answer: response(7, ".") },
];

for (const { name, ask, answer } of SHAPES) {
  Deno.test(`DnsTracker joins messages with ${name}`, () => {
    const { found, tracker, send } = collect();
    send(OUT, ask, CLIENT);
    send(BACK, answer, CLIENT_IN);
    tracker.flush(0);
    assert.deepEqual(found.map(({ status }) => status), ["answered"]);
  });
}

Deno.test("DnsTracker does not join an UPDATE to the answer of a QUERY", () => {
  const { found, send } = collect();
  send(OUT, encodeMessage({ id: 7, opcode: 5, questions: [{ name: "a.test", type: TYPE.SOA }] }), CLIENT);
  send(BACK, response(7, "a.test", {}, TYPE.SOA), CLIENT_IN);
  assert.deepEqual(found.map(({ status }) => status), ["unsolicited"]);
});

Deno.test("DnsTracker joins the query of an AF_PACKET sender to the response at whatever socket", () => {
  const { found, tracker, send } = collect();
  send(OUT, query(7, "a.test"), { transport: "packet", owner: owner(300) });
  send(BACK, response(7, "a.test"), { ...IN, socketCookie: 5, owner: owner(400) });
  send(OUT, query(8, "b.test"), { transport: "packet", owner: owner(300) });
  tracker.flush(0);
  assert.deepEqual(found.map(({ status }) => status), ["answered", "timeout"]);
  assert.equal(found[0]?.client?.tgid, 300);
  assert.equal(found[0]?.query?.network.transport, "packet");
});

Deno.test("DnsTracker counts copies at other sockets (raw sockets) as views only", () => {
  const { found, tracker, send } = collect();
  const raw = { ...IN, socketCookie: 99, owner: owner(999) };
  send(OUT, query(7, "a.test"), SERVER_IN);
  send(OUT, query(7, "a.test"), raw);
  send(BACK, response(7, "a.test"), SERVER);
  tracker.flush(0);
  assert.equal(found.length, 1);
  assert.equal(found[0]?.retransmissions, 0);
  assert.equal(found[0]?.server?.tgid, 53);
  assert.equal(tracker.counters.duplicateViews, 1);
});
