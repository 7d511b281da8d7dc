import assert from "node:assert/strict";
import type { EdgeEvent, MapEndInfo } from "../events.ts";
import {
  addressEnd,
  documentOf,
  edge,
  fewEdges,
  HOSTILE,
  hostileEdges,
  manyEdges,
  NETNS,
  processEnd,
} from "./_testing.ts";
import { renderNft } from "./nft.ts";
import { makePolicy, type PolicyHost, PUBLIC_SOURCES } from "./policy.ts";

/** A host with cgroup v2 where nft(8) looks for it, and one address. */
const HOST: PolicyHost = {
  netns: NETNS,
  isOwn: (ip) => ip === "10.0.0.1",
  cgroupPath: (cgroup) => cgroup.slice(1),
};

const ELSEWHERE = NETNS + 1;

/** Lines of the rules of a chain, without comments and what every chain has. */
function rules(edges: readonly EdgeEvent[], minCount = 1, host = HOST): string[] {
  return renderNft(documentOf(edges), minCount, host).split("\n").map((line) => line.trim())
    .filter((line) => / counter accept comment /.test(line)).map((line) => line.replace(/ counter accept .*/, ""));
}

/** Lines of the comments above the rules. */
function head(edges: readonly EdgeEvent[], minCount = 1): string {
  const text = renderNft(documentOf(edges), minCount, HOST);
  return text.slice(0, text.indexOf("\ntable inet culprit\n"));
}

for (
  const [name, given, expected] of [
    ["a service", {}, 'socket cgroupv2 level 2 "system.slice/nginx.service" ip daddr 192.0.2.7 tcp dport 443'],
    ["a login", {
      source: processEnd({ unit: "user-1000.slice", cgroup: "/user.slice/user-1000.slice", uid: 1000 }),
    }, "meta skuid 1000 ip daddr 192.0.2.7 tcp dport 443"],
    ["a user's service", {
      source: processEnd({ unit: "a.service", cgroup: "/user.slice/user-1.slice/user@1.service/a.service", uid: 1 }),
    }, "meta skuid 1 ip daddr 192.0.2.7 tcp dport 443"],
    ["a passing scope", {
      source: processEnd({ unit: "run-r1.scope", cgroup: "/system.slice/run-r1.scope" }),
    }, "meta skuid 33 ip daddr 192.0.2.7 tcp dport 443"],
    ["a container", {
      source: processEnd({
        unit: "x",
        cgroup: "/machine.slice/libpod-ab.scope",
        container: { id: "ab", runtime: "podman" },
      }),
    }, 'socket cgroupv2 level 2 "machine.slice/libpod-ab.scope" ip daddr 192.0.2.7 tcp dport 443'],
    ["a unit whose name could end a quote", {
      source: processEnd({ cgroup: '/system.slice/a"b.service', unit: 'a"b.service' }),
    }, "meta skuid 33 ip daddr 192.0.2.7 tcp dport 443"],
    ["IPv6 and UDP", {
      destination: addressEnd("2001:db8::1"),
      transport: "udp",
      port: 53,
    }, 'socket cgroupv2 level 2 "system.slice/nginx.service" ip6 daddr 2001:db8::1 udp dport 53'],
    ["a process of another namespace", {
      destination: processEnd({ netns: ELSEWHERE }),
      source_ips: ["10.0.0.1"],
      destination_ips: ["10.0.0.2", "10.0.0.3"],
    }, 'socket cgroupv2 level 2 "system.slice/nginx.service" ip daddr { 10.0.0.2, 10.0.0.3 } tcp dport 443'],
    ["more addresses than are kept", {
      destination: processEnd({ netns: ELSEWHERE }),
      destination_ips: ["10.0.0.2"],
      more_ips: true,
    }, 'socket cgroupv2 level 2 "system.slice/nginx.service" tcp dport 443'],
    ["what comes in", {
      source: addressEnd("192.0.2.9"),
      destination: processEnd(),
    }, "ip saddr 192.0.2.9 tcp dport 443"],
    ["what comes in from another namespace", {
      source: processEnd({ netns: ELSEWHERE }),
      destination: processEnd(),
      source_ips: ["10.88.0.2"],
      destination_ips: ["10.0.0.1"],
    }, "ip saddr 10.88.0.2 tcp dport 443"],
  ] as const satisfies readonly (readonly [string, Partial<EdgeEvent>, string])[]
) {
  Deno.test(`renderNft() allows ${name}`, () =>
    assert.deepEqual(rules([edge(given as Partial<EdgeEvent>)]), [expected]));
}

Deno.test("renderNft() falls back to the user where the cgroup is not there", () => {
  const gone = { ...HOST, cgroupPath: () => undefined };
  assert.deepEqual(rules([edge()], 1, gone), ["meta skuid 33 ip daddr 192.0.2.7 tcp dport 443"]);
});

Deno.test("renderNft() makes one rule of all addresses of an owner and port, for each family", () => {
  const ips = ["192.0.2.2", "2001:db8::2", "192.0.2.1"];
  assert.deepEqual(rules(ips.map((ip) => edge({ destination: addressEnd(ip, "example.com") }))), [
    'socket cgroupv2 level 2 "system.slice/nginx.service" ip daddr { 192.0.2.1, 192.0.2.2 } tcp dport 443',
    'socket cgroupv2 level 2 "system.slice/nginx.service" ip6 daddr 2001:db8::2 tcp dport 443',
  ]);
});

Deno.test("renderNft() takes a port that many reach for one that anybody may", () => {
  const from = (count: number): EdgeEvent[] =>
    Array.from(
      { length: count },
      (_, index) => edge({ source: addressEnd(`198.51.100.${index}`), destination: processEnd() }),
    );
  assert.match(rules(from(PUBLIC_SOURCES))[0] ?? "", /^ip saddr \{ /);
  assert.deepEqual(rules(from(PUBLIC_SOURCES + 1)), ["tcp dport 443"]);
});

for (
  const [name, given, count] of [
    ["within the host", { destination: processEnd({ name: "postgres" }) }, "local"],
    ["to loopback", { destination: addressEnd("127.0.0.1") }, "local"],
    ["to an own address", { destination: addressEnd("10.0.0.1") }, "local"],
    ["in another namespace", { source: processEnd({ netns: ELSEWHERE }) }, "elsewhere"],
    ["in another namespace, from an address", {
      source: addressEnd("192.0.2.1"),
      destination: processEnd({ netns: ELSEWHERE }),
    }, "elsewhere"],
    ["between other namespaces", {
      source: processEnd({ netns: ELSEWHERE }),
      destination: processEnd({ netns: ELSEWHERE + 1 }),
    }, "elsewhere"],
    ["to loopback of another namespace", {
      source: processEnd({ netns: ELSEWHERE }),
      destination: addressEnd("127.0.0.1"),
    }, "elsewhere"],
    ["of a raw socket", { transport: "raw", port: 0 }, "raw"],
    ["of ping", { transport: "icmp", port: 0 }, "raw"],
  ] as const satisfies readonly (readonly [string, Partial<EdgeEvent>, "local" | "elsewhere" | "raw"])[]
) {
  Deno.test(`makePolicy() makes no rule of an edge ${name}, and counts it`, () => {
    const policy = makePolicy([edge(given)], 1, HOST);
    assert.deepEqual([policy.output, policy.input, policy.blocked], [[], [], []]);
    assert.equal(policy[count], 1);
  });
}

for (
  const [name, given, minCount, expected] of [
    ["what only failed", { connections: 0, failed: 2 }, 1, ["never came about in 2 attempts"]],
    ["what came about", { connections: 1, failed: 2 }, 1, []],
    ["what is rare", { connections: 2 }, 3, ["came about 2 times, less than 3"]],
    ["what happened once", { connections: 1 }, 2, ["came about once, less than 2"]],
    ["what is often enough", { connections: 3 }, 3, []],
    ["what nobody owns", { source: { kind: "unknown" } }, 1, ["nobody knows whose it is"]],
    ["what was joined", { destination: { kind: "other" } }, 1, ["its ends were joined, there were too many"]],
  ] as const satisfies readonly (readonly [string, Partial<EdgeEvent>, number, readonly string[]])[]
) {
  Deno.test(`makePolicy() of ${name} would have blocked ${expected.length}`, () => {
    const { blocked } = makePolicy([edge(given as Partial<EdgeEvent>)], minCount, HOST);
    assert.deepEqual(blocked.map(({ reason }) => reason), expected);
  });
}

Deno.test("makePolicy() does not list as blocked what a rule of others allows", () => {
  const often = edge({ connections: 9 });
  const sameUnit: MapEndInfo = processEnd({
    name: "curl",
    unit: "nginx.service",
    cgroup: "/system.slice/nginx.service",
  });
  assert.equal(makePolicy([often, edge({ source: sameUnit })], 2, HOST).blocked.length, 0);
  assert.equal(makePolicy([often, edge({ source: sameUnit, port: 80 })], 2, HOST).blocked.length, 1);
  assert.equal(
    makePolicy([often, edge({ source: sameUnit, destination: addressEnd("192.0.2.8") })], 2, HOST).blocked.length,
    1,
  );
});

Deno.test("renderNft() states the window, and what it would have blocked in it", () => {
  const text = head([
    edge({ connections: 5 }),
    edge({ port: 80, connections: 0, failed: 2 }),
    edge({ port: 22, connections: 1 }),
  ], 2);
  assert.match(text, /from 2026-11-21T00:12:03Z to 2026-11-21T00:13:03Z \(60\.0 s\)/);
  assert.match(text, /# 3 edges, 6 connections\./);
  assert.match(text, /have blocked 2 edges: 1 connection that came about, 2 attempts that failed anyway:/);
  assert.match(
    text,
    /# {3}output tcp\/80 +nginx \(nginx\.service, www-data\) to 192\.0\.2\.7: never came about in 2 attempts/,
  );
  assert.match(text, /# {3}output tcp\/22 +nginx .*: came about once, less than 2/);
  assert.match(head(fewEdges()), /have blocked nothing\./);
});

Deno.test("renderNft() says what the run missed, and counts what it does not list", () => {
  assert.match(
    renderNft(documentOf([], { lost: { ring_full: 3 } }), 1, HOST),
    /# Not seen, hence not allowed: lost: 3 ring_full/,
  );
  const many = Array.from({ length: 250 }, (_, index) => edge({ port: 1 + index, connections: 0, failed: 1 }));
  assert.match(head(many), /# {3}and 50 more\n/);
});

Deno.test("renderNft() blocks nothing as it stands", () => {
  const lines = renderNft(documentOf(manyEdges(300)), 1, HOST).split("\n").map((line) => line.trim());
  assert.equal(lines.filter((line) => /\b(?:drop|reject)\b/.test(line) && !line.startsWith("#")).length, 0);
  assert.equal(lines.filter((line) => line === "# counter drop").length, 2);
  assert.equal(lines.filter((line) => line.endsWith("policy accept;")).length, 2);
});

Deno.test("renderNft() keeps hostile texts within comments and quotes", () => {
  const document = { ...documentOf(hostileEdges(), { not_observed: [...HOSTILE] }), host: HOSTILE.join("") };
  for (const host of [HOST, { ...HOST, cgroupPath: () => undefined }]) {
    for (const minCount of [1, 2]) {
      const text = renderNft(document, minCount, host);
      assert.doesNotMatch(text, /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      const lines = text.split("\n").map((line) => line.trim()).filter((line) => !line.startsWith("#") && line !== "");
      const rule =
        /^(?:meta skuid \d+ |socket cgroupv2 level \d+ S )?(?:ip6? [sd]addr [0-9a-f:.]+ )?tcp dport \d+ counter accept comment S$/;
      const fixed = new Set([
        "table inet culprit",
        "delete table inet culprit",
        "table inet culprit {",
        "chain output {",
        "chain input {",
        "type filter hook output priority filter; policy accept;",
        "type filter hook input priority filter; policy accept;",
        "oifname S accept",
        "iifname S accept",
        "ct state established,related accept",
        "meta l4proto { icmp, ipv6-icmp } accept",
        "counter comment S",
        "limit rate 10/second burst 50 packets log prefix S level info flags all",
        "}",
      ]);
      for (const line of lines) {
        const bare = line.replaceAll(/"[^"\\]*"/g, "S");
        assert.ok(fixed.has(bare) || rule.test(bare), line);
      }
    }
  }
});
