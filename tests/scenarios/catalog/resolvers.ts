/**
 * Local resolvers: the client, the resolver, and for whom the resolver asked.
 *
 * @module
 */

import type { Expected, ExpectedProcess } from "../check.ts";
import type { Program } from "../program.ts";
import { answered, expectAsked, processOf, type Scenario, serverOf, type Stage } from "../scenario.ts";
import type { Truth } from "../truth.ts";
import { until } from "../wait.ts";

/** A resolver that listens on port 53 of an address of its own. */
interface Resolver {
  path: string;
  /** Address in the form of inet_ntoa. */
  ip: string;
  args: (stage: Stage) => Promise<string[]>;
}

const DNSMASQ: Resolver = {
  path: "/usr/sbin/dnsmasq",
  ip: "127.0.0.11",
  args: ({ world }) =>
    Promise.resolve([
      ...["--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--no-poll", "--user=root"],
      ...["--bind-interfaces", "--listen-address=127.0.0.11", "--port=53", "--cache-size=1000"],
      ...["--server=127.0.0.1#5300", `--pid-file=${world.directory}/dnsmasq.pid`],
    ]),
};

/** As a service: it forks a process for each TCP connection. */
const DNSMASQ_FORKING: Resolver = {
  path: DNSMASQ.path,
  ip: "127.0.0.25",
  args: async (stage) => [
    ...(await DNSMASQ.args(stage)).map((word) =>
      word.replace("--no-daemon", "--keep-in-foreground").replace(DNSMASQ.ip, "127.0.0.25")
    ),
    "--log-facility=-",
  ],
};

const UNBOUND: Resolver = {
  path: "/usr/sbin/unbound",
  ip: "127.0.0.12",
  args: async ({ world }) => {
    const file = `${world.directory}/unbound.conf`;
    await Deno.writeTextFile(
      file,
      `server:
  interface: 127.0.0.12
  port: 53
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: "${world.directory}"
  pidfile: "${world.directory}/unbound.pid"
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  qname-minimisation: no
  local-zone: "test." nodefault
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@5300
remote-control:
  control-enable: no
`,
    );
    return ["-d", "-c", file];
  },
};

/** Starts a resolver and waits until it has bound its port. */
async function startResolver(
  stage: Stage,
  { path, ip, args }: Resolver,
): Promise<{ program: Program; process: ExpectedProcess }> {
  const given = await args(stage);
  const program = stage.start(path, given, { foreign: true });
  const octets = ip.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0").toUpperCase());
  const bound = ` ${octets.reverse().join("")}:0035 `;
  // It must have entered the namespace of the scenarios first: until then the table is another one.
  await until(
    async () => (await Deno.readTextFile(`/proc/${program.pid}/net/udp`)).includes(bound),
    `the start of ${path}`,
  );
  const process = {
    pid: program.pid,
    ppid: Deno.pid,
    exe: await Deno.realPath(path),
    cmdline: [path, ...given],
    netns: stage.world.near.inode,
  };
  return { program, process };
}

/** What the resolver asked the server, for whom. */
function upstream(truth: Truth, resolver: ExpectedProcess, server: Truth): Expected {
  return {
    name: truth.name ?? "",
    type: truth.type ?? "",
    process: resolver,
    server: serverOf(server),
    serverRequired: true,
    destinationPort: 5300,
    status: ["answered"],
    onBehalfOf: processOf(truth),
    also: ({ on_behalf_of: behalf, cache }, say) => {
      if (behalf && behalf.confidence !== "exact") say("wrong", `confidence is ${behalf.confidence}, not exact`);
      if (cache) say("wrong", "cache on an upstream query");
    },
  };
}

/** What the client asked the resolver. */
function asked(truth: Truth, resolver: ExpectedProcess, cached: boolean): Expected {
  return {
    ...expectAsked(truth),
    server: resolver,
    serverRequired: true,
    also: ({ cache }, say) => {
      if (cache && !cached) say("wrong", "cache, but the resolver asked upstream");
      if (!cache && cached) say("missed", "cache is absent");
    },
  };
}

/** A miss, then a hit by another process. */
function chain(name: string, resolver: Resolver): Scenario {
  return {
    name,
    expects: `through ${name}: the miss with on_behalf_of (exact), the hit of a second client with cache`,
    needs: [resolver.path as `/${string}`],
    run: async (stage) => {
      const { program, process } = await startResolver(stage, resolver);
      const name = stage.domain();
      const miss = answered(await stage.ask("udp", [resolver.ip, "53", name, "A"]))[0]!;
      const hit = answered(await stage.ask("udp", ["-m", "sendto", resolver.ip, "53", name, "A"]))[0]!;
      await program.stop("SIGTERM");
      return [asked(miss, process, false), upstream(miss, process, stage.world.server), asked(hit, process, true)];
    },
  };
}

/** Several clients with different questions open at the same time. */
function crossed(name: string, resolver: Resolver): Scenario {
  return {
    name: `${name}-crossed`,
    expects: `three clients of ${name} with different questions open at once, answered in reverse: each its own`,
    needs: [resolver.path as `/${string}`],
    run: async (stage) => {
      const { program, process } = await startResolver(stage, resolver);
      const names = [stage.domain("n1.delay150"), stage.domain("n2.delay100"), stage.domain("n3.delay50")];
      const truths = await Promise.all(names.map((name) => stage.ask("udp", [resolver.ip, "53", name, "A"])));
      await program.stop("SIGTERM");
      return answered(truths.flat()).flatMap((truth) => [
        asked(truth, process, false),
        upstream(truth, process, stage.world.server),
      ]);
    },
  };
}

/** A client over TCP, for which the resolver forks. */
const FORKED: Scenario = {
  name: "dnsmasq-tcp",
  expects: "through dnsmasq over TCP: the process it forked answers, and asks upstream with on_behalf_of",
  needs: [DNSMASQ.path as `/${string}`],
  run: async (stage) => {
    const { program, process } = await startResolver(stage, DNSMASQ_FORKING);
    const child = { ...process, ppid: program.pid };
    delete child.pid;
    const truth = answered(await stage.ask("tcp", [DNSMASQ_FORKING.ip, "53", stage.domain()]))[0]!;
    await program.stop("SIGTERM");
    return [asked(truth, child, false), upstream(truth, child, stage.world.server)];
  },
};

export const RESOLVERS: Scenario[] = [
  FORKED,
  chain("dnsmasq", DNSMASQ),
  crossed("dnsmasq", DNSMASQ),
  chain("unbound", UNBOUND),
  crossed("unbound", UNBOUND),
];
