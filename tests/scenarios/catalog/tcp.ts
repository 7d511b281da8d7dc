/**
 * DNS over TCP: how messages lie in segments, and how connections end.
 *
 * @module
 */

import type { Expected } from "../check.ts";
import { answered, askNear, expectAsked, type Scenario } from "../scenario.ts";

const LOCAL = ["127.0.0.1", "53"];

/** Three questions over one connection, cut into segments in the way `mode` says. */
function cut(name: string, expects: string, mode: string, labels = ""): Scenario {
  return {
    name,
    expects,
    run: (stage) => {
      const names = [1, 2, 3].map((n) => stage.domain(labels ? `n${n}.${labels}` : `n${n}`));
      return askNear(stage, "tcp", ["-m", mode, ...LOCAL, ...names]);
    },
  };
}

/** A connection that ends before the answer is whole. */
function ended(name: string, expects: string, label: string): Scenario {
  return {
    name,
    expects,
    run: async (stage) => {
      const truths = await stage.ask("tcp", [...LOCAL, stage.domain(label)]);
      return truths.map((truth) => expectAsked(truth, stage.world.server, { status: ["timeout", "unknown"] }));
    },
  };
}

/** Questions q0 to qN-1 of one line of truth. */
function numbered(expected: Expected, count: number): Expected[] {
  return Array.from({ length: count }, (_, n) => ({ ...expected, name: `q${n}.${expected.name}` }));
}

export const TCP: Scenario[] = [
  cut("tcp-whole", "prefix and message in one segment", "whole"),
  cut("tcp-prefix", "the length prefix alone in its own segment", "prefix"),
  cut("tcp-split", "messages cut in the middle", "split"),
  cut("tcp-octets", "one segment for each octet", "octets"),
  cut("tcp-pipelined", "three questions in one segment, three answers", "pipelined"),
  cut("tcp-dribble", "answers in four segments, the prefix alone", "whole", "dribble"),
  {
    name: "tcp-port-5300",
    expects: "TCP to a port that is not 53, found by content",
    run: (stage) => askNear(stage, "tcp", ["127.0.0.1", "5300", stage.domain()]),
  },
  ...["prefix", "split", "octets"].map((mode): Scenario => ({
    name: `tcp-port-5300-${mode}`,
    expects: `the same, in segments as in tcp-${mode}`,
    run: (stage) => askNear(stage, "tcp", ["-m", mode, "127.0.0.1", "5300", stage.domain("n1"), stage.domain("n2")]),
  })),
  {
    name: "tcp-ipv6",
    expects: "TCP over IPv6",
    needs: ["ipv6"],
    run: (stage) => askNear(stage, "tcp", ["::1", "53", stage.domain()], { family: "ipv6" }),
  },
  {
    name: "tcp-ipv6-extensions",
    expects: "TCP over IPv6 with hop-by-hop and destination options",
    needs: ["ipv6"],
    run: (stage) => askNear(stage, "tcp", ["-x", "::1", "53", stage.domain()], { family: "ipv6" }),
  },
  {
    name: "tcp-options",
    expects: "TCP over IPv4 with options",
    run: (stage) => askNear(stage, "tcp", ["-o", ...LOCAL, stage.domain()]),
  },
  {
    name: "tcp-20000",
    expects: "an answer of 20,000 octets over TCP: all of its records",
    run: (stage) =>
      askNear(stage, "tcp", [...LOCAL, stage.domain("size20000")], {
        also: ({ dns }, say) => {
          if (dns.size < 19_900) say("wrong", `size is ${dns.size}, not about 20000`);
          if (dns.answers.length !== 75) say("wrong", `${dns.answers.length} answers, not 75`);
        },
      }),
  },
  {
    name: "tcp-out-of-order",
    expects: "pipelined questions answered out of order: each with its own answer",
    run: (stage) => {
      const names = [stage.domain("n1.delay60"), stage.domain("n2.nx"), stage.domain("n3.delay20")];
      return askNear(stage, "tcp", ["-m", "pipelined", ...LOCAL, ...names], {}).then((all) =>
        // The program counts answers; which came first it does not tell.
        all.map((expected) => ({ ...expected, rcode: expected.name?.includes(".nx.") ? "NXDOMAIN" : "NOERROR" }))
      );
    },
  },
  ended("tcp-closed", "the server closes without an answer: never answered", "close"),
  ended("tcp-half", "the server closes after half an answer: never answered", "half"),
  {
    name: "tcp-deferred",
    expects: "the kernel sends the client's data later, while the server runs: still the client's, all 600",
    run: async (stage) => {
      const server = await stage.serve(["-s", "100", "127.0.0.3", "53"]);
      const [truth] = answered(await stage.ask("tcp", ["-c", "600", "127.0.0.3", "53", stage.domain()]));
      return numbered(expectAsked(truth!, server), 600);
    },
  },
];
