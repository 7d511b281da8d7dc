/**
 * Programs and libraries that people run: what they do on the wire is theirs.
 *
 * @module
 */

import type { Expected, ExpectedProcess } from "../check.ts";
import { expectAsked, processOf, type Scenario, serverOf, type Stage } from "../scenario.ts";

/** A transaction of a program that logs nothing. */
function expectOf(stage: Stage, process: ExpectedProcess, name: string, more: Partial<Expected> = {}): Expected {
  return {
    name,
    type: "A",
    process,
    server: serverOf(stage.world.server),
    serverRequired: true,
    transport: "udp",
    destinationPort: 53,
    status: ["answered"],
    rcode: "NOERROR",
    ...more,
  };
}

/** dig with arguments; its threads have names of their own. */
function dig(name: string, expects: string, args: string[], more: Partial<Expected>): Scenario {
  return {
    name,
    expects,
    needs: ["/usr/bin/dig", ...(args.includes("@::1") ? ["ipv6" as const] : [])],
    run: async (stage) => {
      const asked = stage.domain();
      const process = await stage.foreign("/usr/bin/dig", ["+tries=1", "+time=8", ...args, asked, "A"]);
      return [expectOf(stage, process, asked, more)];
    },
  };
}

/** getaddrinfo() of a C library. */
function library(program: "resolve" | "resolve-musl", name: string, expects: string): Scenario {
  return {
    name,
    expects,
    needs: program === "resolve" ? [] : [program],
    run: async (stage) => {
      const [truth] = await stage.ask(program, [stage.domain()], { resolver: true });
      if (truth?.rcode !== 0) throw new Error(`getaddrinfo failed: ${JSON.stringify(truth)}`);
      return ["A", "AAAA"].map((type) =>
        expectOf(stage, processOf(truth), truth.name ?? "", { type, interface: "lo" })
      );
    },
  };
}

export const PROGRAMS_OF_OTHERS: Scenario[] = [
  library("resolve", "glibc-getaddrinfo", "getaddrinfo of glibc: A and AAAA"),
  library("resolve-musl", "musl-getaddrinfo", "getaddrinfo of musl: A and AAAA"),
  dig("dig-udp", "dig over UDP", ["@127.0.0.1"], {}),
  dig("dig-tcp", "dig over TCP", ["+tcp", "@127.0.0.1"], { transport: "tcp" }),
  dig("dig-ipv6", "dig over IPv6", ["@::1"], { family: "ipv6" }),
  dig("dig-port-5300", "dig to port 5300", ["-p", "5300", "@127.0.0.1"], { destinationPort: 5300 }),
  {
    name: "dig-truncated",
    expects: "dig gets TC and asks again over TCP: a truncated and an answered transaction, both tcp_retry",
    needs: ["/usr/bin/dig"],
    run: async (stage) => {
      const asked = stage.domain("tc");
      const process = await stage.foreign("/usr/bin/dig", ["+tries=1", "+time=8", "@127.0.0.1", asked, "A"]);
      const also: NonNullable<Expected["also"]> = ({ tcp_retry }, say) =>
        tcp_retry === true || say("missed", "tcp_retry is absent");
      return [
        expectOf(stage, process, asked, { status: ["truncated"], also }),
        expectOf(stage, process, asked, { transport: "tcp", also }),
      ];
    },
  },
  {
    name: "busybox-nslookup",
    expects: "busybox nslookup",
    needs: ["/bin/busybox"],
    run: async (stage) => {
      const asked = stage.domain();
      const process = await stage.foreign("/bin/busybox", ["nslookup", "-type=a", asked, "127.0.0.1"]);
      return [expectOf(stage, process, asked)];
    },
  },
  {
    name: "getent",
    expects: "getent ahosts: A and AAAA",
    needs: ["/usr/bin/getent"],
    run: async (stage) => {
      const asked = stage.domain();
      const process = await stage.foreign("/usr/bin/getent", ["ahosts", asked], { resolver: true });
      return ["A", "AAAA"].map((type) => expectOf(stage, process, asked, { type }));
    },
  },
  {
    name: "curl",
    expects: "curl, which resolves in a thread: A and AAAA under the name curl",
    needs: ["/usr/bin/curl"],
    run: async (stage) => {
      const asked = stage.domain();
      const args = ["--silent", "--max-time", "1", "--connect-timeout", "1", `http://${asked}:9/`];
      // 7: could not connect; 28: timeout. The address it gets is a documentation address.
      const process = await stage.foreign("/usr/bin/curl", args, { resolver: true }, [7, 28]);
      return ["A", "AAAA"].map((type) => expectOf(stage, process, asked, { type }));
    },
  },
  {
    name: "host-network",
    expects: "in the network namespace of the host, on another address of 127/8",
    run: async (stage) => {
      const server = await stage.serve(["127.77.53.1", "53"], { netns: "host" });
      const truths = await stage.ask("udp", ["127.77.53.1", "53", stage.domain(), "A"], { netns: "host" });
      return truths.map((truth) => expectAsked(truth, server, { interface: "lo", destinationIp: "127.77.53.1" }));
    },
  },
];
