/**
 * UDP: every way to send a datagram, and every way an exchange can end.
 *
 * @module
 */

import { answered, askNear, expectAsked, type Scenario } from "../scenario.ts";

const LOCAL = ["127.0.0.1", "53"];

/** One question over a socket used in the way `mode` says. */
function mode(name: string, what: string, flags: string[]): Scenario {
  return {
    name,
    expects: `${what}: once, with process and server`,
    run: (stage) => askNear(stage, "udp", [...flags, ...LOCAL, stage.domain(), "A"], { family: "ipv4" }),
  };
}

export const UDP: Scenario[] = [
  mode("udp-connected", "send on a connected socket", []),
  mode("udp-sendto", "sendto on an unconnected socket", ["-m", "sendto"]),
  mode("udp-write", "write on a connected socket", ["-m", "write"]),
  mode("udp-writev", "writev of two pieces", ["-m", "writev"]),
  mode("udp-sendmsg", "sendmsg with an address and two pieces", ["-m", "sendmsg"]),
  mode("udp-cork", "a datagram put together by three sends (MSG_MORE)", ["-m", "cork"]),
  mode("udp-options", "IPv4 header with options", ["-o"]),
  mode("udp-mapped", "IPv4-mapped address on an AF_INET6 socket: reported as IPv4", ["-m", "mapped"]),
  {
    name: "udp-gso",
    expects: "four questions in one send cut by the kernel (UDP_SEGMENT): four transactions",
    run: (stage) => {
      const names = [1, 2, 3, 4].flatMap((n) => [stage.domain(`n${n}`), "A"]);
      return askNear(stage, "udp", ["-m", "gso", ...LOCAL, ...names]);
    },
  },
  {
    name: "sendmmsg-connected",
    expects: "A and AAAA in one sendmmsg on a connected socket: both",
    run: (stage) => askNear(stage, "sendmmsg", ["connected", ...LOCAL, stage.domain()]),
  },
  {
    name: "sendmmsg-sendto",
    expects: "A and AAAA in one sendmmsg with addresses: both",
    run: (stage) => askNear(stage, "sendmmsg", ["sendto", ...LOCAL, stage.domain()]),
  },
  {
    name: "go-like",
    expects: "A and AAAA from two threads on two connected sockets with EDNS: both, each with its thread",
    run: (stage) => askNear(stage, "parallel", [...LOCAL, stage.domain()]),
  },
  {
    name: "udp-one-socket",
    expects: "three questions one after the other on one socket: three transactions",
    run: (stage) => {
      const names = [1, 2, 3].flatMap((n) => [stage.domain(`n${n}`), "A"]);
      return askNear(stage, "udp", [...LOCAL, ...names]);
    },
  },
  {
    name: "udp-port-5300",
    expects: "a port that is not 53, found by content",
    run: (stage) => askNear(stage, "udp", ["127.0.0.1", "5300", stage.domain(), "A"], { destinationPort: 5300 }),
  },
  {
    name: "udp-ipv6",
    expects: "IPv6",
    needs: ["ipv6"],
    run: (stage) => askNear(stage, "udp", ["::1", "53", stage.domain(), "AAAA"], { family: "ipv6" }),
  },
  {
    name: "udp-ipv6-extensions",
    expects: "IPv6 with hop-by-hop and destination options",
    needs: ["ipv6"],
    run: (stage) => askNear(stage, "udp", ["-x", "::1", "53", stage.domain(), "A"], { family: "ipv6" }),
  },
  {
    name: "udp-4096",
    expects: "an answer of 4 KiB (EDNS): all of its records",
    run: (stage) =>
      askNear(stage, "udp", ["-e", "8192", ...LOCAL, stage.domain("size4000"), "TXT"], {
        also: ({ dns }, say) => {
          if (dns.size < 3900) say("wrong", `size is ${dns.size}, not about 4000`);
          if (dns.answers.length !== 15) say("wrong", `${dns.answers.length} answers, not 15`);
        },
      }),
  },
  {
    name: "udp-truncated",
    expects: "an answer with TC and no retry: truncated, no tcp_retry",
    run: (stage) =>
      askNear(stage, "udp", [...LOCAL, stage.domain("tc"), "A"], {
        status: ["truncated"],
        also: (event, say) => event.tcp_retry && say("wrong", "tcp_retry without a retry"),
      }),
  },
  {
    name: "udp-retransmission",
    expects: "the same query three times, the third answered: one transaction, retransmissions 2",
    run: (stage) =>
      askNear(stage, "udp", ["-r", "3", ...LOCAL, stage.domain("drop2"), "A"], {
        also: ({ retransmissions }, say) =>
          retransmissions === 2 || say("wrong", `retransmissions is ${retransmissions}, not 2`),
      }),
  },
  ...(["nx", "servfail", "refused"] as const).map((label): Scenario => ({
    name: `udp-${label}`,
    expects: { nx: "NXDOMAIN", servfail: "SERVFAIL", refused: "REFUSED" }[label] + " by name",
    run: (stage) => askNear(stage, "udp", [...LOCAL, stage.domain(label), "A"]),
  })),
  {
    name: "udp-timeout",
    expects: "no answer from the server: status timeout",
    run: async (stage) => {
      const truths = await stage.ask("udp", ["-n", ...LOCAL, stage.domain("drop"), "A"]);
      return truths.map((truth) =>
        expectAsked(truth, stage.world.server, {
          also: ({ latency_us }, say) => latency_us !== undefined && say("wrong", "latency_us without an answer"),
        })
      );
    },
  },
  {
    name: "udp-closed-port",
    expects: "nobody listens (ECONNREFUSED): status timeout, no server",
    run: async (stage) => {
      const truths = await stage.ask("udp", ["127.0.0.1", "5399", stage.domain(), "A"]);
      return truths.map((truth) =>
        expectAsked(truth, undefined, {
          also: ({ server_process }, say) => server_process && say("wrong", "a server is named"),
        })
      );
    },
  },
  {
    name: "udp-same-id",
    expects: "two processes ask the same name with the same id at the same time: each its own",
    run: async (stage) => {
      const args = ["-i", "4242", ...LOCAL, stage.domain("delay150"), "A"];
      const both = await Promise.all([stage.ask("udp", args), stage.ask("udp", args)]);
      return answered(both.flat()).map((truth) => expectAsked(truth, stage.world.server));
    },
  },
  {
    name: "udp-same-port",
    expects: "one source port used by two processes one after the other: each its own",
    run: async (stage) => {
      const ask = (n: number): Promise<ReturnType<typeof answered>> =>
        stage.ask("udp", ["-s", "40053", "-i", "77", ...LOCAL, stage.domain(`n${n}`), "A"]).then(answered);
      const truths = [...await ask(1), ...await ask(2)];
      return truths.map((truth) => expectAsked(truth, stage.world.server));
    },
  },
  {
    name: "udp-burst",
    expects: "10,000 questions as fast as they are answered: 10,000 transactions",
    run: async (stage) => {
      const count = 10_000;
      const [truth] = answered(await stage.ask("burst", [String(count), ...LOCAL, stage.domain()]));
      return Array.from({ length: count }, (_, n) => {
        const expected = expectAsked(truth!, stage.world.server);
        return { ...expected, name: `q${n}.${truth!.name}` };
      });
    },
  },
];
