/**
 * Ways a packet can take: other namespaces, fragments, raw and packet sockets, io_uring, shared ports.
 *
 * @module
 */

import { PROGRAMS } from "../build.ts";
import { answered, askNear, expectAsked, NotRunError, type Scenario, type Stage } from "../scenario.ts";
import type { Truth } from "../truth.ts";
import { FAR, NEAR } from "../world.ts";

const LOCAL = ["127.0.0.1", "53"];

/** A question to the server of the far namespace. */
function far(name: string, expects: string, program: string, args: (stage: Stage) => string[], ip6 = false): Scenario {
  return {
    name,
    expects,
    needs: ip6 ? ["veth", "ipv6"] : ["veth"],
    run: async (stage) => {
      const truths = answered(await stage.ask(program, args(stage)));
      return truths.map((truth) => expectAsked(truth, stage.world.farServer, { interface: NEAR.device }));
    },
  };
}

/** A question through io_uring; skipped where the machine forbids it. */
function uring(mode: string, expects: string, mayMiss?: Scenario["mayMiss"]): Scenario {
  return {
    name: `uring-${mode}`,
    expects: `io_uring, ${expects}`,
    ...(mayMiss ? { mayMiss } : {}),
    run: async (stage) => {
      try {
        const [truth] = answered(await stage.ask("uring", [mode, ...LOCAL, stage.domain()]));
        const expected = expectAsked(truth!, stage.world.server);
        if (mode === "inline") return [expected];
        // The kernel's own thread sends: what it is called is the kernel's matter, whose it is must be right.
        const { tid: _, comm: __, ...process } = expected.process ?? {};
        return [{ ...expected, process }];
      } catch (error) {
        if (String(error).includes("set up io_uring")) throw new NotRunError(`io_uring is disabled: ${error}`);
        throw error;
      }
    },
  };
}

/** A question that a daemon releases from an NFQUEUE; twice, because the first use of a socket may differ. */
async function askQueued(stage: Stage, mode: string): Promise<ReturnType<typeof expectAsked>[]> {
  const [ip, queue] = mode === "sendto" ? ["127.0.0.9", "9"] : ["127.0.0.10", "10"];
  const server = await stage.serve([ip, "53"]);
  const rule = ["-A", "OUTPUT", "-p", "udp", "--dport", "53", "-d", ip, "-j", "NFQUEUE", "--queue-num", queue];
  await stage.start("/usr/sbin/iptables", rule, { foreign: true }).finish();
  const daemon = stage.start("queue", [queue]);
  await daemon.truth(1);
  const truths = [
    ...await stage.ask("udp", ["-m", mode, ip, "53", stage.domain("n1"), "A"]),
    ...await stage.ask("udp", ["-m", mode, ip, "53", stage.domain("n2"), "A"]),
  ];
  await daemon.go();
  await daemon.finish();
  return answered(truths).map((truth) => expectAsked(truth, server));
}

/** Asks an address at port 53, which the namespace sends to the same address at another port, as Docker's resolver does. */
async function askTranslated(stage: Stage, mode: string, ip: string): Promise<ReturnType<typeof expectAsked>[]> {
  const port = "5399";
  const server = await stage.serve([ip, port]);
  const protocol = mode === "tcp" ? "tcp" : "udp";
  const rule = ["-t", "nat", "-A", "OUTPUT", "-d", ip, "-p", protocol, "--dport", "53"];
  await stage.start("/usr/sbin/iptables", [...rule, "-j", "DNAT", "--to", `${ip}:${port}`], { foreign: true }).finish();
  const asked = mode === "tcp"
    ? await stage.ask("tcp", [ip, "53", stage.domain()])
    : await stage.ask("udp", ["-m", mode, ip, "53", stage.domain(), "A"]);
  return answered(asked).map((truth) =>
    expectAsked(truth, server, {
      destinationIp: ip,
      also: ({ network: { translated } }, say) => {
        if (translated === undefined) say("missed", "network.translated is absent");
        else if (translated.port !== Number(port)) say("wrong", `network.translated.port is ${translated.port}`);
      },
    })
  );
}

/** Servers that share a port: the answer tells which one it was. */
async function askShared(stage: Stage, servers: Truth[], ip: string): Promise<ReturnType<typeof expectAsked>[]> {
  const asked = Array.from({ length: 8 }, (_, n) => stage.ask("udp", [ip, "53", stage.domain(`n${n}`), "A"]));
  return answered((await Promise.all(asked)).flat()).map((truth) =>
    expectAsked(truth, undefined, {
      also: ({ dns, server_process: found }, say) => {
        const mark = Number(dns.answers[0]?.data.split(".")[3]);
        const wanted = servers[mark - 10]?.pid;
        if (found === undefined) say("missed", "server_process is not named");
        else if (found.pid !== wanted) say("wrong", `server_process.pid is ${found.pid}, not ${wanted}`);
      },
    })
  );
}

/** A transaction whose answer is the pid of the server process (`server -p`), a child of `parent`. */
function expectSelfNaming(truth: Truth, parent: Truth): ReturnType<typeof expectAsked> {
  return expectAsked(truth, undefined, {
    also: ({ dns, server_process: found }, say) => {
      const [, high = 0, middle = 0, low = 0] = dns.answers[0]?.data.split(".").map(Number) ?? [];
      const pid = high << 16 | middle << 8 | low;
      if (found === undefined) return say("missed", "server_process is not named");
      if (found.pid !== pid) say("wrong", `server_process.pid is ${found.pid}, not ${pid}`);
      if (found.ppid !== parent.pid) say("wrong", `server_process.ppid is ${found.ppid}, not ${parent.pid}`);
      if (found.exe !== parent.exe) say("wrong", `server_process.exe is ${found.exe}, not ${parent.exe}`);
    },
  });
}

export const PATHS: Scenario[] = [
  far("netns-udp", "server in another network namespace over veth (UDP): once, both ends named", "udp", (stage) => [
    ...[FAR.ip, "53", stage.domain(), "A"],
  ]),
  far("netns-tcp", "server in another network namespace over veth (TCP): once, both ends named", "tcp", (stage) => [
    ...[FAR.ip, "53", stage.domain("n1"), stage.domain("n2")],
  ]),
  far("fragments-answer", "an answer of 4 KiB in IPv4 fragments", "udp", (stage) => [
    ...["-e", "8192", FAR.ip, "53", stage.domain("size4000"), "TXT"],
  ]),
  far("fragments-answer-ipv6", "an answer of 4 KiB in IPv6 fragments", "udp", (stage) => [
    ...["-e", "8192", FAR.ip6, "53", stage.domain("size4000"), "TXT"],
  ], true),
  far("fragments-query", "a padded query of 3 KiB in IPv4 fragments", "udp", (stage) => [
    ...["-e", "8192", "-p", "3000", FAR.ip, "53", stage.domain(), "A"],
  ]),
  far("fragments-query-ipv6", "a padded query of 3 KiB in IPv6 fragments behind extension headers", "udp", (stage) => [
    ...["-x", "-e", "8192", "-p", "3000", FAR.ip6, "53", stage.domain(), "A"],
  ], true),
  {
    name: "raw-hdrincl",
    expects: "raw socket, IP header written by the program",
    run: (stage) => askNear(stage, "raw", ["hdrincl", "127.0.0.1", ...LOCAL, stage.domain()]),
  },
  {
    name: "raw-udp",
    expects: "raw socket with IPPROTO_UDP, UDP header written by the program",
    run: (stage) => askNear(stage, "raw", ["udp", "127.0.0.1", ...LOCAL, stage.domain()]),
  },
  {
    name: "raw-udp-ipv6",
    expects: "the same over IPv6",
    needs: ["ipv6"],
    run: (stage) => askNear(stage, "raw", ["udp", "::1", "::1", "53", stage.domain()]),
  },
  ...["hdrincl", "udp"].map((mode): Scenario => ({
    name: `raw-${mode}-lonely`,
    expects: `raw socket (${mode}) hears its own question, nobody answers: a timeout without a server`,
    run: async (stage) => {
      const truths = await stage.ask("raw", [mode, "127.0.0.1", "127.0.0.24", "53", stage.domain()]);
      return truths.filter(({ kind }) => kind === "asked").map((truth) =>
        expectAsked(truth, undefined, {
          also: ({ server_process: found }, say) => {
            if (found !== undefined) say("wrong", `server_process is ${found.name}[${found.pid}]: nobody listens`);
          },
        })
      );
    },
  })),
  {
    name: "raw-sniffer",
    expects: "another process gets a copy of every datagram (raw UDP socket): the asker is named, once",
    run: async (stage) => {
      const sniffer = stage.start("raw", ["sniff", "127.0.0.1", ...LOCAL, "-"]);
      await sniffer.truth(1);
      const expected = await askNear(stage, "udp", ["-m", "sendto", ...LOCAL, stage.domain("delay20"), "A"]);
      await sniffer.go();
      await sniffer.finish();
      return expected;
    },
  },
  ...["sendto", "send"].map((mode): Scenario => ({
    name: `nfqueue-${mode}`,
    expects: `a firewall daemon holds the question back in an NFQUEUE (${mode}): the asker is named, not the daemon`,
    needs: ["bottom-halves"],
    run: (stage) => askQueued(stage, mode),
  })),
  ...[["sendto", "127.0.0.15"], ["send", "127.0.0.22"], ["tcp", "127.0.0.23"]].map((
    [mode = "", ip = ""],
  ): Scenario => ({
    name: `nat-${mode}`,
    expects: `iptables sends the question to another port (DNAT, ${mode}): one transaction, as the client addressed it`,
    needs: ["/usr/sbin/iptables"],
    run: (stage) => askTranslated(stage, mode, ip),
  })),
  ...["raw", "dgram"].map((mode): Scenario => ({
    name: `packet-${mode}`,
    expects: `AF_PACKET socket (SOCK_${mode.toUpperCase()}), past the IP stack: transport packet, its process`,
    needs: ["veth"],
    run: async (stage) => {
      const { farMac } = stage.world;
      const args = [mode, NEAR.device, farMac, NEAR.ip, FAR.ip, "53", stage.domain()];
      const truths = answered(await stage.ask("packet", args));
      return truths.map((truth) => expectAsked(truth, stage.world.farServer, { interface: NEAR.device }));
    },
  })),
  uring("inline", "sent at submission"),
  uring("async", "sent by a worker of the kernel"),
  uring("sqpoll", "submitted by the kernel's polling thread"),
  {
    name: "server-activated",
    expects: "server that inherited its socket from the program that bound it: the server, not the binder",
    run: async (stage) => {
      const activated = stage.start("activate", ["127.0.0.4", "53", `${PROGRAMS}/server`]);
      const server = await activated.truth(1);
      const truths = await stage.ask("udp", ["127.0.0.4", "53", stage.domain(), "A"]);
      return answered(truths).map((truth) => expectAsked(truth, server));
    },
  },
  {
    name: "server-reuseport",
    expects: "three servers on one port (SO_REUSEPORT), eight questions: each answer its server",
    run: async (stage) => {
      const servers = [];
      for (const n of [10, 11, 12]) servers.push(await stage.serve(["-r", "-m", String(n), "127.0.0.5", "53"]));
      return await askShared(stage, servers, "127.0.0.5");
    },
  },
  {
    name: "server-prefork",
    expects: "three processes that share one UDP socket, eight questions: each answer its process",
    run: async (stage) => {
      const parent = await stage.serve(["-p", "-K", "3", "127.0.0.6", "53"]);
      const asked = Array.from(
        { length: 8 },
        (_, n) => stage.ask("udp", ["127.0.0.6", "53", stage.domain(`n${n}`), "A"]),
      );
      return answered((await Promise.all(asked)).flat()).map((truth) => expectSelfNaming(truth, parent));
    },
  },
  {
    name: "server-forking",
    expects: "a TCP server that forks a process for each connection: that process answers",
    run: async (stage) => {
      const parent = await stage.serve(["-p", "-F", "127.0.0.7", "53"]);
      const one = await stage.ask("tcp", ["127.0.0.7", "53", stage.domain("n1"), stage.domain("n2")]);
      const two = await stage.ask("tcp", ["127.0.0.7", "53", stage.domain("n3")]);
      return answered([...one, ...two]).map((truth) => expectSelfNaming(truth, parent));
    },
  },
  {
    name: "server-dual-stack",
    expects: "IPv4 client of an AF_INET6 server: reported as IPv4, server named",
    needs: ["ipv6"],
    run: async (stage) => {
      const server = await stage.serve(["-d", "::", "5301"]);
      const udp = await stage.ask("udp", ["127.0.0.1", "5301", stage.domain("u"), "A"]);
      const tcp = await stage.ask("tcp", ["127.0.0.1", "5301", stage.domain("t")]);
      return answered([...udp, ...tcp]).map((truth) => expectAsked(truth, server, { family: "ipv4" }));
    },
  },
];
