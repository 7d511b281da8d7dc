/**
 * Edges for tests of what is made of them.
 *
 * @module
 */

import type { EdgeEvent, MapEndInfo, MapProcessInfo, SummaryEvent } from "../events.ts";
import type { MapDocument } from "./document.ts";

/** Network namespace of the processes here, but for what is given. */
export const NETNS = 4026531840;

/** An end that is processes: nginx of www-data, but for what is given. */
export function processEnd(given: Partial<MapProcessInfo> = {}): MapEndInfo {
  const name = given.name ?? "nginx";
  return {
    kind: "process",
    process: {
      name,
      exe: `/usr/sbin/${name}`,
      unit: `${name}.service`,
      cgroup: `/system.slice/${name}.service`,
      uid: 33,
      user: "www-data",
      netns: NETNS,
      pids: [877],
      lookups: 0,
      ...given,
    },
  };
}

/** An end elsewhere. */
export function addressEnd(ip: string, ...names: string[]): MapEndInfo {
  return names.length === 0 ? { kind: "address", ip } : { kind: "address", ip, names };
}

/** An edge of one connection from nginx to 192.0.2.7 port 443, but for what is given. */
export function edge(given: Partial<EdgeEvent> = {}): EdgeEvent {
  return {
    schema: "culprit/1",
    type: "edge",
    time: "2026-11-21T00:13:03.000000000Z",
    source: processEnd(),
    destination: addressEnd("192.0.2.7"),
    transport: "tcp",
    port: 443,
    connections: 1,
    failed: 0,
    open: 0,
    preexisting: 0,
    errors: {},
    bytes_sent: 100,
    bytes_received: 1000,
    first_seen: "2026-11-21T00:12:04.000000000Z",
    last_seen: "2026-11-21T00:13:03.000000000Z",
    ...given,
  };
}

/** The summary of a run of a minute that lost nothing, but for what is given. */
export function summary(given: Partial<SummaryEvent> = {}): SummaryEvent {
  return {
    schema: "culprit/1",
    type: "summary",
    time: "2026-11-21T00:13:03.000000000Z",
    command: "map",
    duration_ms: 60_000,
    events: 1,
    observed: {},
    lost: {},
    not_observed: [],
    ...given,
  };
}

/** A map of these edges. */
export function documentOf(edges: readonly EdgeEvent[], given: Partial<SummaryEvent> = {}): MapDocument {
  return { edges, summary: summary({ events: edges.length, ...given }), host: "web-1" };
}

/** What has broken formats: ends of quotes, tags, comments, lines and rules, escapes, controls, what reverses text. */
export const HOSTILE: readonly string[] = [
  `"><script>alert(1)</script>`,
  `</title></svg><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  `--></style></script>`,
  `"]; evil [label="x`,
  `\\`,
  `\\"`,
  `\\N\\G\\l`,
  `"]\n  click n1 "javascript:alert(1)"\n  n2["`,
  `%%{init: {"theme":"evil"}}%%`,
  `#quot;#60;b#62;`,
  "`**bold**`",
  `end`,
  `x" accept; }; flush ruleset; #`,
  `a\nflush ruleset\n`,
  `a\r\nflush ruleset`,
  `$(reboot)\`reboot\``,
  `\x1b]0;title\x07\x1b[2J`,
  `\u202egnp.exe`,
  `\u2028\u2029`,
  `\ud800`,
  `\0`,
  `&amp;&lt;`,
  ``,
  `漢字👩`,
  `${"long".repeat(300)}`,
];

/** Edges whose every text is hostile. */
export function hostileEdges(): EdgeEvent[] {
  return HOSTILE.flatMap((text, index) => [
    edge({
      source: processEnd({
        name: text,
        exe: text,
        unit: text,
        cgroup: `/system.slice/${text}`,
        user: text,
        container: { id: text, runtime: text },
        uid: index,
      }),
      destination: addressEnd(`192.0.2.${index}`, text, text),
      errors: { [text]: 1 },
      failed: 1,
    }),
    edge({
      source: addressEnd(`198.51.100.${index}`),
      destination: processEnd({ name: text, exe: text, cgroup: text, uid: index }),
      port: 1000 + index,
    }),
  ]);
}

/** A host with many services that call each other, senders and receivers elsewhere. */
export function manyEdges(count: number): EdgeEvent[] {
  const services = ["nginx", "postgres", "redis-server", "python3.11", "node", "java", "prometheus", "sshd", "curl"];
  const service = (index: number): MapEndInfo => {
    const name = services[index % services.length] ?? "x";
    const unit = index < services.length ? `${name}.service` : `${name}@${index}.service`;
    return processEnd({ name, unit, cgroup: `/system.slice/${unit}`, uid: 100 + index, user: `user${index}` });
  };
  return Array.from({ length: count }, (_, index) => {
    const bytes = Math.round(40 * 1.06 ** Math.min(300, count - index) * (1 + index % 7));
    const common = {
      connections: 1 + index * 7 % 50,
      bytes_sent: bytes,
      bytes_received: bytes * (index % 5),
      failed: index % 11 === 0 ? 3 : 0,
      errors: index % 11 === 0 ? { ECONNREFUSED: 3 } : {},
    };
    switch (index % 5) {
      case 0:
        return edge({
          source: addressEnd(`203.0.113.${index % 250}`),
          destination: service(index % 3),
          port: 443,
          ...common,
        });
      case 1:
      case 2:
        return edge({
          source: service(index % 31),
          destination: addressEnd(`198.51.100.${index % 250}`, `api-${index}.eu-central-1.services.example.com`),
          ...common,
        });
      case 3:
        return edge({
          source: service(index % 29),
          destination: service(index % 7),
          port: 5432 + index % 4,
          ...common,
        });
      default:
        return edge({
          source: service(index % 17),
          destination: addressEnd(`2001:db8::${index.toString(16)}`),
          transport: "udp",
          port: 53,
          ...common,
          ...(index % 25 === 4 ? { connections: 0, failed: 2, bytes_sent: 0, bytes_received: 0 } : {}),
        });
    }
  });
}

/** A small host: a web server with its database. */
export function fewEdges(): EdgeEvent[] {
  return [
    edge({ source: addressEnd("203.0.113.9"), destination: processEnd(), connections: 212, bytes_received: 1_200_000 }),
    edge({
      source: processEnd(),
      destination: processEnd({ name: "postgres", uid: 105, user: "postgres" }),
      port: 5432,
      connections: 4,
      bytes_sent: 52_000,
      bytes_received: 890_000,
    }),
    edge({ destination: addressEnd("192.0.2.7", "api.example.com"), errors: { ECONNREFUSED: 1 }, failed: 1 }),
  ];
}
