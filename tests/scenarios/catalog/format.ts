/**
 * Hostile and broken messages, and the protocols that share the format of DNS.
 *
 * @module
 */

import { askNear, expectAsked, type Scenario } from "../scenario.ts";
import { NEAR } from "../world.ts";

const LOCAL = ["127.0.0.1", "53"];

/** A multicast question that two other processes hear. */
function multicast(protocol: "mdns" | "llmnr", group: string, port: string, suffix: string): Scenario {
  return {
    name: protocol,
    expects: `${protocol} question heard by two other processes: once, as ${protocol}, from the asker`,
    needs: ["veth"],
    run: async (stage) => {
      const to = [group, port, NEAR.device];
      const listeners = [stage.start("multicast", ["listen", ...to]), stage.start("multicast", ["listen", ...to])];
      for (const listener of listeners) await listener.truth(1);
      const asked = `${stage.domain()}${suffix}`;
      const [truth] = await stage.ask("multicast", ["ask", ...to, asked]);
      for (const listener of listeners) await listener.truth(2);
      for (const listener of listeners) await listener.stop();
      const { status: _, ...expected } = expectAsked(truth!);
      return [{
        ...expected,
        also: ({ dns }, say) => dns.protocol === protocol || say("wrong", `protocol is ${dns.protocol}`),
      }];
    },
  };
}

export const FORMAT: Scenario[] = [
  {
    name: "hostile-name",
    expects: "a name of ESC, newline, NUL, dots, quotes and octets that are no UTF-8: escaped as in a zone file",
    run: (stage) => askNear(stage, "udp", [...LOCAL, stage.domain('a\\027\\010\\000\\.\\"\\\\\\255\\195\\040b'), "A"]),
  },
  {
    name: "mixed-case",
    expects: "a name in mixed case (0x20): case kept",
    run: (stage) =>
      askNear(stage, "udp", [...LOCAL, stage.domain("MiXeD"), "A"], {
        also: ({ dns }, say) =>
          dns.question?.name.startsWith("MiXeD.") || say("wrong", `name is ${dns.question?.name}`),
      }),
  },
  {
    name: "malformed",
    expects: "ten broken messages on port 53: each reported once with its process and anomalies",
    run: async (stage) => {
      const truths = await stage.ask("malformed", LOCAL);
      return truths.map((truth) => {
        const { name: kind, type: _, status: __, ...expected } = expectAsked(truth);
        return {
          ...expected,
          // All ones say that it is a response.
          ...(kind === "ones" ? { anyRole: true as const } : {}),
          also: ({ dns, query_anomalies }, say) => {
            if (dns.anomalies.length === 0 && query_anomalies === undefined) say("missed", `no anomalies in ${kind}`);
          },
        };
      });
    },
  },
  multicast("mdns", "224.0.0.251", "5353", ".local"),
  multicast("llmnr", "224.0.0.252", "5355", ""),
];
