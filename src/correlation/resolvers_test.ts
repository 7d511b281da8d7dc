import assert from "node:assert/strict";
import { OWNER_KIND } from "../capture.ts";
import type { EncodeInput } from "../dns/mod.ts";
import { collect, IN, MS, owner, query, response, TYPE } from "./tracker_testing.ts";
import type { DnsTrackerOptions, DnsTransaction } from "./types.ts";

const AA = 0x0400;
const RA = 0x0180;
const CLIENT = owner(100);
const OTHER = owner(101);
const RESOLVER = owner(53);
const RESOLVER_OPENER = owner(53, OWNER_KIND.opener);

/** A host with a resolver on it, that collects. */
class Host {
  readonly #collected: ReturnType<typeof collect>;
  #nowNs = 1e9;

  /**
   * @param parentOf pid of who forked a process
   */
  constructor(parentOf?: DnsTrackerOptions["parentOf"]) {
    this.#collected = collect(parentOf === undefined ? {} : { parentOf });
  }

  /** Transactions, the oldest first. */
  get found(): DnsTransaction[] {
    return this.#collected.found;
  }

  /** The one transaction for a client or of the resolver with a DNS id. */
  withId(id: number): DnsTransaction | undefined {
    return this.found.find(({ query }) => query?.message.id === id);
  }

  /** A local client asks the resolver. */
  ask(id: number, name: string, type: number = TYPE.A, client = CLIENT): void {
    const port = client.tgid + id;
    const route = `127.0.0.1:${port} > 127.0.0.1:53`;
    this.#send(route, query(id, name, {}, type), { socketCookie: port, owner: client });
    this.#send(route, query(id, name, {}, type), { ...IN, socketCookie: 53, owner: RESOLVER_OPENER });
  }

  /** A client elsewhere asks the resolver. */
  askFromElsewhere(id: number, name: string): void {
    this.#send("10.0.0.9:4000 > 10.0.0.2:53", query(id, name), { ...IN, socketCookie: 53, owner: RESOLVER_OPENER });
  }

  /** The resolver answers a local client. */
  answer(id: number, name: string, extras: EncodeInput = {}, type: number = TYPE.A, client = CLIENT): void {
    const port = client.tgid + id;
    const route = `127.0.0.1:53 > 127.0.0.1:${port}`;
    this.#send(route, response(id, name, { flags: RA, ...extras }, type), { socketCookie: 53, owner: RESOLVER });
    this.#send(route, response(id, name, { flags: RA, ...extras }, type), { ...IN, socketCookie: port, owner: client });
  }

  /** The resolver asks upstream. */
  askUpstream(id: number, name: string, type: number = TYPE.A, asker = RESOLVER): void {
    this.#send(`10.0.0.2:${20_000 + id} > 10.0.0.1:53`, query(id, name, {}, type), { socketCookie: 70, owner: asker });
  }

  /** The resolver is answered by upstream. */
  answerUpstream(id: number, name: string, type: number = TYPE.A): void {
    const extras = { ...IN, socketCookie: 70, owner: RESOLVER };
    this.#send(`10.0.0.1:53 > 10.0.0.2:${20_000 + id}`, response(id, name, {}, type), extras);
  }

  /** A client asks, the resolver asks, is answered, and answers: both are known to the tracker then. */
  warmUp(): void {
    this.ask(1, "warm.up");
    this.askUpstream(2, "warm.up");
    this.answerUpstream(2, "warm.up");
    this.answer(1, "warm.up");
  }

  /** Events were lost. */
  lose(): void {
    this.#collected.tracker.noteLoss(this.#nowNs);
  }

  /** Time passes. */
  wait(ms: number): void {
    this.#nowNs += ms * MS;
  }

  #send(route: string, payload: Uint8Array, extras: Parameters<ReturnType<typeof collect>["send"]>[2]): void {
    this.#nowNs += 1000;
    this.#collected.send(route, payload, { ...extras, tsNs: this.#nowNs });
  }
}

Deno.test("DnsTracker knows for whom a resolver asks", () => {
  const host = new Host();
  host.ask(10, "a.test");
  host.askUpstream(20, "A.tEst");
  host.answerUpstream(20, "A.tEst");
  host.answer(10, "a.test");
  assert.equal(host.withId(20)?.onBehalfOf?.owner.tgid, 100);
  assert.equal(host.withId(20)?.onBehalfOf?.confidence, "exact");
  assert.equal(host.withId(20)?.onBehalfOf?.tsNs, host.withId(10)?.query?.tsNs);
  assert.equal(host.withId(10)?.cache, false);
  assert.equal(host.withId(10)?.onBehalfOf, undefined);
});

for (
  const [what, child, parent, known] of [
    ["a process it forked asks", owner(700), 53, true],
    ["the process of another parent asks", owner(701), 54, false],
    ["a process asks that is older", owner(702, OWNER_KIND.sender, 1), 53, false],
  ] as const
) {
  Deno.test(`DnsTracker ${known ? "knows" : "does not say"} for whom a resolver asks when ${what}`, () => {
    const host = new Host(({ tgid }) => tgid === child.tgid ? parent : 0);
    host.ask(10, "a.test");
    host.askUpstream(20, "a.test", TYPE.A, child);
    host.answerUpstream(20, "a.test");
    host.answer(10, "a.test");
    assert.equal(host.withId(20)?.onBehalfOf?.owner.tgid, known ? 100 : undefined);
    assert.equal(host.withId(10)?.cache, false);
  });
}

Deno.test("DnsTracker is less sure for whom a resolver asks when several clients do", () => {
  const host = new Host();
  host.ask(10, "a.test", TYPE.A, OTHER);
  host.ask(11, "a.test");
  host.askUpstream(20, "a.test");
  host.answerUpstream(20, "a.test");
  assert.equal(host.withId(20)?.onBehalfOf?.confidence, "likely");
  assert.equal(host.withId(20)?.onBehalfOf?.owner.tgid, 101);
});

Deno.test("DnsTracker is less sure for whom a resolver asks when a client elsewhere does too", () => {
  const host = new Host();
  host.askFromElsewhere(9, "a.test");
  host.ask(11, "a.test");
  host.askUpstream(20, "a.test");
  host.answerUpstream(20, "a.test");
  assert.equal(host.withId(20)?.onBehalfOf?.confidence, "likely");
  assert.equal(host.withId(20)?.onBehalfOf?.owner.tgid, 100);
});

Deno.test("DnsTracker counts a query sent again as one client", () => {
  const host = new Host();
  host.ask(10, "a.test");
  host.ask(10, "a.test");
  host.askUpstream(20, "a.test");
  host.answerUpstream(20, "a.test");
  assert.equal(host.withId(20)?.onBehalfOf?.confidence, "exact");
});

const NOBODY: readonly { name: string; run: (host: Host) => void }[] = [
  { name: "another name", run: (host) => host.askUpstream(20, "b.test") },
  { name: "another type", run: (host) => host.askUpstream(20, "a.test", TYPE.AAAA) },
  { name: "another process", run: (host) => host.askUpstream(20, "a.test", TYPE.A, OTHER) },
  {
    name: "a later process with the resolver's pid",
    run: (host) => host.askUpstream(20, "a.test", TYPE.A, owner(53, OWNER_KIND.sender, 999)),
  },
  {
    name: "the resolver after it has answered",
    run: (host) => {
      host.answer(10, "a.test");
      host.askUpstream(20, "a.test");
    },
  },
  {
    name: "the resolver after the client's timeout",
    run: (host) => {
      host.wait(5000);
      host.askUpstream(20, "a.test");
    },
  },
];

for (const { name, run } of NOBODY) {
  Deno.test(`DnsTracker names nobody on whose behalf ${name} asks`, () => {
    const host = new Host();
    host.ask(10, "a.test");
    run(host);
    host.answerUpstream(20, "a.test");
    host.answerUpstream(20, "b.test");
    host.answerUpstream(20, "a.test", TYPE.AAAA);
    assert.equal(host.withId(20)?.status, "answered");
    assert.equal(host.withId(20)?.onBehalfOf, undefined);
  });
}

Deno.test("DnsTracker takes a resolver that asks itself for no client", () => {
  const host = new Host();
  host.ask(10, "a.test", TYPE.A, RESOLVER);
  host.askUpstream(20, "a.test");
  host.answerUpstream(20, "a.test");
  assert.equal(host.withId(20)?.onBehalfOf, undefined);
});

Deno.test("DnsTracker knows an answer that needed no question upstream", () => {
  const host = new Host();
  host.warmUp();
  host.ask(10, "warm.up");
  host.answer(10, "warm.up");
  assert.equal(host.withId(1)?.cache, false);
  assert.equal(host.withId(10)?.cache, true);
});

Deno.test("DnsTracker knows a negative answer that needed no question upstream", () => {
  const host = new Host();
  host.warmUp();
  host.ask(10, "no.test");
  host.answer(10, "no.test", { rcode: 3, answers: [] });
  assert.equal(host.withId(10)?.cache, true);
});

Deno.test("DnsTracker knows a cached answer while the resolver asks for something else", () => {
  const host = new Host();
  host.warmUp();
  host.ask(10, "warm.up");
  host.askUpstream(20, "other.test");
  host.answerUpstream(20, "other.test");
  host.answer(10, "warm.up");
  assert.equal(host.withId(10)?.cache, true);
});

const NOT_CACHED: readonly { name: string; run: (host: Host) => void }[] = [
  { name: "asked for the name", run: (host) => host.askUpstream(20, "www.a.test") },
  { name: "asked for the name with another type", run: (host) => host.askUpstream(20, "WWW.a.test", TYPE.AAAA) },
  { name: "asked for a parent", run: (host) => host.askUpstream(20, "test") },
  { name: "asked for the root", run: (host) => host.askUpstream(20, ".") },
  { name: "asked for a child", run: (host) => host.askUpstream(20, "_.www.a.test") },
  { name: "asked for the target of an alias", run: (host) => host.askUpstream(20, "target.other") },
  { name: "asked from a parent of the target", run: (host) => host.askUpstream(20, "other") },
  { name: "was told of the name, having asked before", run: (host) => host.answerUpstream(19, "www.a.test") },
];

for (const { name, run } of NOT_CACHED) {
  Deno.test(`DnsTracker does not call an answer cached when the resolver ${name} meanwhile`, () => {
    const host = new Host();
    host.warmUp();
    host.askUpstream(19, "www.a.test");
    host.wait(10);
    host.ask(10, "www.a.test");
    run(host);
    host.answer(10, "www.a.test", {
      answers: [
        { name: "www.a.test", type: 5, ttl: 60, data: "target.other." },
        { name: "target.other", type: TYPE.A, ttl: 60, data: "192.0.2.1" },
      ],
    });
    assert.equal(host.withId(10)?.status, "answered");
    assert.equal(host.withId(10)?.cache, false);
  });
}

const NEVER_CACHED: readonly { name: string; extras: EncodeInput }[] = [
  { name: "authoritative", extras: { flags: RA | AA } },
  { name: "without recursion", extras: { flags: 0 } },
  { name: "REFUSED", extras: { rcode: 5, answers: [] } },
  { name: "SERVFAIL", extras: { rcode: 2, answers: [] } },
];

for (const { name, extras } of NEVER_CACHED) {
  Deno.test(`DnsTracker does not call an answer cached that is ${name}`, () => {
    const host = new Host();
    host.warmUp();
    host.ask(10, "a.test");
    host.answer(10, "a.test", extras);
    assert.equal(host.withId(10)?.cache, false);
  });
}

Deno.test("DnsTracker does not call an answer cached of a resolver never seen asking, whose questions may be hidden", () => {
  const host = new Host();
  host.ask(10, "a.test");
  host.answer(10, "a.test");
  assert.equal(host.withId(10)?.cache, false);
});

Deno.test("DnsTracker does not call an answer cached after a loss", () => {
  const host = new Host();
  host.warmUp();
  host.lose();
  host.ask(10, "warm.up");
  host.answer(10, "warm.up");
  assert.equal(host.withId(10)?.cache, false);
  host.wait(5001);
  host.ask(11, "warm.up");
  host.answer(11, "warm.up");
  assert.equal(host.withId(11)?.cache, true);
});

Deno.test("DnsTracker does not call an answer cached of a server that is elsewhere", () => {
  const { found, send } = collect();
  send("10.0.0.2:40000 > 10.0.0.53:53", query(7, "a.test"), { socketCookie: 1, owner: CLIENT });
  send("10.0.0.53:53 > 10.0.0.2:40000", response(7, "a.test"), { ...IN, socketCookie: 1, owner: CLIENT });
  assert.equal(found[0]?.cache, false);
});

Deno.test("DnsTracker with messages says for whom a resolver asks", () => {
  const { messages, send } = collect({ messages: true });
  send("127.0.0.1:4000 > 127.0.0.1:53", query(1, "a.test"), { socketCookie: 1, owner: CLIENT });
  send("127.0.0.1:4000 > 127.0.0.1:53", query(1, "a.test"), { ...IN, socketCookie: 2, owner: RESOLVER_OPENER });
  send("10.0.0.2:5000 > 10.0.0.1:53", query(2, "a.test"), { socketCookie: 3, owner: RESOLVER });
  assert.deepEqual(messages.map(({ onBehalfOf }) => onBehalfOf?.owner.tgid), [undefined, 100]);
});

Deno.test("DnsTracker does not call an answer cached when it had to forget what the resolver asked", () => {
  const host = new Host();
  host.warmUp();
  host.ask(10, "warm.up");
  host.askUpstream(11, "warm.up", TYPE.AAAA);
  for (let index = 0; index < 9000; index++) {
    host.askUpstream(20 + index % 1000, `name-${index}.other`);
    host.answerUpstream(20 + index % 1000, `name-${index}.other`);
  }
  host.answer(10, "warm.up");
  assert.equal(host.withId(10)?.cache, false);
});

Deno.test("DnsTracker follows at most 64 resolvers", () => {
  const host = new Host();
  host.warmUp();
  const { found, send } = collect();
  for (let tgid = 1; tgid <= 70; tgid++) {
    send(`127.0.0.1:${tgid} > 127.0.0.${tgid}:53`, query(1, "a.test"), { socketCookie: 1000 + tgid, owner: CLIENT });
    send(`127.0.0.1:${tgid} > 127.0.0.${tgid}:53`, query(1, "a.test"), {
      ...IN,
      socketCookie: tgid,
      owner: owner(tgid),
    });
  }
  for (let tgid = 1; tgid <= 70; tgid++) {
    const route = `10.0.0.2:${tgid} > 10.0.0.1:53`;
    send(route, query(2, "a.test"), { socketCookie: 500 + tgid, owner: owner(tgid) });
    const back = `10.0.0.1:53 > 10.0.0.2:${tgid}`;
    send(back, response(2, "a.test"), { ...IN, socketCookie: 500 + tgid, owner: owner(tgid) });
  }
  assert.deepEqual(found.map(({ onBehalfOf }) => onBehalfOf !== undefined), [
    ...new Array<boolean>(6).fill(false),
    ...new Array<boolean>(64).fill(true),
  ]);
});
