import assert from "node:assert/strict";
import { OWNER_KIND } from "../capture.ts";
import { REASON } from "./losses.ts";
import { brief, collect, IN, owner, type PacketExtras, query, response } from "./tracker_testing.ts";

/** What the client addressed, and where the host sent it. */
const ADDRESSED = "127.0.0.11:53";
const REAL = "127.0.0.11:5399";
const PORT = "127.0.0.1:40000";
const CLIENT = { socketCookie: 1, owner: owner(100) };
const CLIENT_IN = { ...IN, socketCookie: 1, owner: owner(100, OWNER_KIND.user) };
const SERVER = { socketCookie: 2, owner: owner(53) };
const SERVER_IN = { ...IN, socketCookie: 2, owner: owner(50, OWNER_KIND.opener) };

for (
  const [what, client, addressed, real] of [
    ["another port", PORT, ADDRESSED, REAL],
    ["loopback", "10.0.0.2:40000", "9.9.9.9:53", "127.0.0.1:5399"],
  ] as const
) {
  Deno.test(`DnsTracker joins what the host translated to ${what}, and shows it as the client addressed it`, () => {
    const { tracker, found, send } = collect();
    send(`${client} > ${real}`, query(7, "a.test"), CLIENT);
    send(`${client} > ${real}`, query(7, "a.test"), { ...SERVER_IN, tsNs: 10 });
    send(`${addressed} > ${client}`, response(7, "a.test"), { ...SERVER, tsNs: 20 });
    send(`${addressed} > ${client}`, response(7, "a.test"), { ...CLIENT_IN, tsNs: 30 });
    tracker.flush(1e12);
    assert.deepEqual(brief(found), ["answered | a.test"]);
    assert.equal(found[0]?.client?.tgid, 100);
    assert.equal(found[0]?.server?.tgid, 53);
    const { destination, translated } = found[0]?.query?.network ?? {};
    assert.equal(`${destination?.ip}:${destination?.port}`, addressed);
    assert.equal(`${translated?.ip}:${translated?.port}`, real);
  });
}

Deno.test("DnsTracker takes a translated answer that left a server of another namespace for the same one", () => {
  const { tracker, found, send } = collect();
  const [client, pod, service] = ["10.0.0.2:40000", "10.1.0.3:53", "10.96.0.10:53"];
  send(`${client} > ${pod}`, query(7, "a.test"), CLIENT);
  send(`${client} > ${pod}`, query(7, "a.test"), { ...SERVER_IN, netns: 2 });
  send(`${pod} > ${client}`, response(7, "a.test"), { ...SERVER, netns: 2 });
  send(`${service} > ${client}`, response(7, "a.test"), CLIENT_IN);
  tracker.flush(1e12);
  assert.deepEqual(brief(found), ["answered | a.test"]);
});

Deno.test("DnsTracker takes an answer from elsewhere for none, unless it was seen leaving a server here", () => {
  const { tracker, found, send } = collect();
  send("10.0.0.2:40000 > 10.0.0.53:53", query(7, "a.test"), CLIENT);
  send("203.0.113.9:53 > 10.0.0.2:40000", response(7, "a.test"), CLIENT_IN);
  tracker.flush(1e12);
  assert.deepEqual(brief(found), [
    `unsolicited | a.test | ${REASON.elsewhere}`,
    `timeout | a.test | ${REASON.elsewhere}`,
  ]);
  assert.equal(found.find(({ status }) => status === "timeout")?.query?.network.translated, undefined);
});

const OTHER_ANSWERS: readonly { name: string; payload: Uint8Array; extras?: PacketExtras }[] = [
  { name: "with another id", payload: response(8, "a.test") },
  { name: "to another question", payload: response(7, "b.test") },
  { name: "at another socket", payload: response(7, "a.test"), extras: { socketCookie: 9 } },
  {
    name: "at another socket, connected",
    payload: response(7, "a.test"),
    extras: { socketCookie: 9, isConnected: true },
  },
  { name: "with another id, at a connected socket", payload: response(8, "a.test"), extras: { isConnected: true } },
];

for (const { name, payload, extras } of OTHER_ANSWERS) {
  Deno.test(`DnsTracker sees no link between a query and an answer from elsewhere ${name}`, () => {
    const { tracker, found, send } = collect();
    send("10.0.0.2:40000 > 10.0.0.53:53", query(7, "a.test"), CLIENT);
    send("203.0.113.9:53 > 10.0.0.2:40000", payload, { ...CLIENT_IN, ...extras });
    tracker.flush(1e12);
    assert.deepEqual(found.map(({ status, statusReason }) => [status, statusReason]), [
      ["unsolicited", undefined],
      ["timeout", undefined],
    ]);
  });
}

Deno.test("DnsTracker joins what the host translated to a server elsewhere at a socket that is connected", () => {
  const { tracker, found, send } = collect();
  send("10.0.0.2:40000 > 203.0.113.9:5399", query(7, "a.test"), CLIENT);
  send("10.96.0.10:53 > 10.0.0.2:40000", response(7, "a.test"), { ...CLIENT_IN, isConnected: true, tsNs: 5000 });
  tracker.flush(1e12);
  assert.deepEqual(brief(found), ["answered | a.test"]);
  assert.equal(found[0]?.latencyUs, 5);
  const { destination, translated } = found[0]?.query?.network ?? {};
  assert.deepEqual([destination, translated], [
    { ip: "10.96.0.10", port: 53 },
    { ip: "203.0.113.9", port: 5399 },
  ]);
});

Deno.test("DnsTracker joins the true answer of a query after a forged one", () => {
  const { tracker, found, send } = collect();
  send("10.0.0.2:40000 > 10.0.0.53:53", query(7, "a.test"), CLIENT);
  send("203.0.113.9:53 > 10.0.0.2:40000", response(7, "a.test"), CLIENT_IN);
  send("10.0.0.53:53 > 10.0.0.2:40000", response(7, "a.test"), CLIENT_IN);
  tracker.flush(1e12);
  assert.deepEqual(brief(found), [`unsolicited | a.test | ${REASON.elsewhere}`, "answered | a.test"]);
});

Deno.test("DnsTracker takes no answer from another socket than the one the query reached", () => {
  const { tracker, found, send } = collect();
  send(`${PORT} > ${REAL}`, query(7, "a.test"), CLIENT);
  send(`${PORT} > ${REAL}`, query(7, "a.test"), SERVER_IN);
  send(`${ADDRESSED} > ${PORT}`, response(7, "a.test"), { socketCookie: 3, owner: owner(666) });
  tracker.flush(1e12);
  assert.equal(found.some(({ status }) => status === "answered"), false);
});

Deno.test("DnsTracker does not take a raw socket that hears its own question for the server", () => {
  const { tracker, found, send } = collect();
  const route = "127.0.0.1:40000 > 127.0.0.1:53";
  send(route, query(7, "alone.test"), CLIENT);
  send(route, query(7, "alone.test"), CLIENT_IN);
  // Another program's question, of which the raw socket gets a copy first.
  const other = { socketCookie: 5, owner: owner(500) };
  send("127.0.0.1:50000 > 127.0.0.1:53", query(8, "other.test"), other);
  send("127.0.0.1:50000 > 127.0.0.1:53", query(8, "other.test"), CLIENT_IN);
  tracker.flush(1e12);
  assert.equal(found.length, 2);
  for (const { server, serverIsLocal } of found) assert.deepEqual([server, serverIsLocal], [undefined, false]);
  assert.deepEqual(found.map(({ client }) => client?.tgid), [100, 500]);
  assert.equal(tracker.counters.duplicateViews, 2);
});

Deno.test("DnsTracker knows a server that asks itself", () => {
  const { tracker, found, send } = collect();
  send("127.0.0.1:53 > 127.0.0.2:53", query(7, "self.test"), SERVER);
  send("127.0.0.1:53 > 127.0.0.2:53", query(7, "self.test"), SERVER_IN);
  tracker.flush(1e12);
  assert.equal(found[0]?.server?.tgid, 50);
});
