import assert from "node:assert/strict";
import { type EncodeInput, encodeMessage } from "../dns/mod.ts";
import { brief, collect, IN, owner, query, response, TYPE } from "./tracker_testing.ts";

const GROUP = "224.0.0.251:5353";
const ASKER = { socketCookie: 1, owner: owner(100) };

/** Octets of an announcement. */
function announcement(name: string, extras: EncodeInput = {}): Uint8Array {
  return encodeMessage({
    isResponse: true,
    flags: 0x0400,
    answers: [{ name, type: TYPE.A, ttl: 120, data: "192.0.2.1", cacheFlush: true }],
    ...extras,
  });
}

Deno.test("DnsTracker reports an announcement once, however many sockets get it", () => {
  const { found, tracker, send } = collect();
  for (let round = 1; round <= 2; round++) {
    for (const socketCookie of [1, 2, 3]) {
      send(`192.0.2.1:5353 > ${GROUP}`, announcement("a.local"), { ...IN, socketCookie, owner: owner(socketCookie) });
    }
    assert.equal(found.length, round);
  }
  assert.equal(found[0]?.status, "unsolicited");
  assert.equal(found[0]?.response?.protocol, "mdns");
  assert.equal(found[0]?.client, undefined);
  assert.equal(tracker.counters.duplicateViews, 4);
});

Deno.test("DnsTracker reports an announcement of this host once, although it hears itself", () => {
  const { found, send } = collect();
  send(`192.0.2.1:5353 > ${GROUP}`, announcement("a.local"), ASKER);
  for (const socketCookie of [1, 2]) {
    send(`192.0.2.1:5353 > ${GROUP}`, announcement("a.local"), { ...IN, socketCookie });
  }
  assert.equal(found.length, 1);
  assert.equal(found[0]?.server?.tgid, 100);
  assert.equal(found[0]?.serverIsLocal, true);
});

Deno.test("DnsTracker joins a multicast answer to the question it answers, without id and question", () => {
  const { found, tracker, send } = collect();
  const ask = encodeMessage({ questions: [{ name: "x.local", type: TYPE.A }, { name: "B.local", type: TYPE.A }] });
  send(`192.0.2.9:5353 > ${GROUP}`, ask, ASKER);
  // It hears its own question.
  send(`192.0.2.9:5353 > ${GROUP}`, ask, { ...IN, socketCookie: 1, owner: owner(100) });
  send(`192.0.2.1:5353 > ${GROUP}`, announcement("c.local"), { ...IN, socketCookie: 1 });
  send(`192.0.2.1:5353 > ${GROUP}`, announcement("b.local"), { ...IN, socketCookie: 1, tsNs: 2000 });
  tracker.flush(0);
  assert.deepEqual(found.map(({ status }) => status), ["unsolicited", "answered"]);
  assert.equal(found[1]?.client?.tgid, 100);
  assert.equal(found[1]?.server, undefined);
  assert.equal(found[1]?.latencyUs, 2);
  assert.equal(found[1]?.retransmissions, 0);
});

Deno.test("DnsTracker does not let a host answer its own question", () => {
  const { found, send } = collect();
  // RFC 6762 section 8.1: a host probes for its own name, then announces it.
  send(`192.0.2.1:5353 > ${GROUP}`, encodeMessage({ questions: [{ name: "a.local", type: 255 }] }), ASKER);
  send(`192.0.2.1:5353 > ${GROUP}`, announcement("a.local"), ASKER);
  assert.deepEqual(found.map(({ status }) => status), ["unsolicited"]);
});

Deno.test("DnsTracker names the process that answers a multicast question from elsewhere", () => {
  const { found, send } = collect();
  send(`192.0.2.9:5353 > ${GROUP}`, encodeMessage({ questions: [{ name: "a.local", type: TYPE.A }] }), {
    ...IN,
    socketCookie: 1,
    owner: owner(100),
  });
  send(`192.0.2.1:5353 > ${GROUP}`, announcement("a.local"), ASKER);
  assert.deepEqual(found.map(({ status }) => status), ["answered"]);
  assert.equal(found[0]?.server?.tgid, 100);
  assert.equal(found[0]?.clientIsLocal, false);
});

const UNICAST: readonly { name: string; ask: string; answer: string; protocol: string }[] = [
  {
    name: "LLMNR",
    ask: "192.0.2.9:4000 > 224.0.0.252:5355",
    answer: "192.0.2.1:5355 > 192.0.2.9:4000",
    protocol: "llmnr",
  },
  {
    name: "legacy mDNS",
    ask: `192.0.2.9:4000 > ${GROUP}`,
    answer: "192.0.2.1:5353 > 192.0.2.9:4000",
    protocol: "mdns",
  },
  {
    name: "LLMNR over IPv6",
    ask: "[fe80::9]:4000 > [ff02::1:3]:5355",
    answer: "[fe80::1]:5355 > [fe80::9]:4000",
    protocol: "llmnr",
  },
  {
    name: "a broadcast",
    ask: "192.0.2.9:4000 > 255.255.255.255:53",
    answer: "192.0.2.1:53 > 192.0.2.9:4000",
    protocol: "dns",
  },
];

for (const { name, ask, answer, protocol } of UNICAST) {
  Deno.test(`DnsTracker joins the unicast answer of whoever to a query by ${name}`, () => {
    const { found, tracker, send } = collect();
    send(ask, query(7, "a.local"), ASKER);
    for (const socketCookie of [5, 6]) {
      send(ask, query(7, "a.local"), { ...IN, socketCookie, owner: owner(socketCookie) });
    }
    send(answer, response(7, "a.local"), { ...IN, socketCookie: 1, owner: owner(100) });
    tracker.flush(0);
    assert.deepEqual(brief(found), ["answered | a.local"]);
    assert.equal(found[0]?.query?.protocol, protocol);
    assert.equal(found[0]?.client?.tgid, 100);
    assert.equal(found[0]?.server, undefined);
  });
}

const PROTOCOLS: readonly { route: string; name: string; protocol: string }[] = [
  { route: "192.0.2.9:4000 > 192.0.2.1:5353", name: "a.test", protocol: "dns" },
  { route: "192.0.2.9:4000 > 192.0.2.1:5353", name: "a.LOCAL", protocol: "mdns" },
  { route: "192.0.2.9:4000 > 192.0.2.1:5353", name: "local", protocol: "mdns" },
  { route: "192.0.2.9:4000 > 192.0.2.1:5353", name: "a.nonlocal", protocol: "dns" },
  { route: "192.0.2.9:5353 > 192.0.2.1:5353", name: "a.test", protocol: "mdns" },
  { route: `192.0.2.9:4000 > ${GROUP}`, name: "a.test", protocol: "mdns" },
  { route: "192.0.2.9:4000 > 192.0.2.1:5355", name: "a", protocol: "llmnr" },
  { route: "192.0.2.9:4000 > 192.0.2.1:53", name: "a.local", protocol: "dns" },
];

for (const { route, name, protocol } of PROTOCOLS) {
  Deno.test(`DnsTracker calls a query for ${name}, ${route}, ${protocol}`, () => {
    const { found, tracker, send } = collect();
    send(route, query(7, name), ASKER);
    tracker.flush(0);
    assert.equal(found[0]?.query?.protocol, protocol);
  });
}
