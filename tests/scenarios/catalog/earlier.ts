/**
 * What was there before culprit started.
 *
 * @module
 */

import { PROGRAMS } from "../build.ts";
import { answered, expectAsked, type Scenario, type Stage } from "../scenario.ts";
import type { Truth } from "../truth.ts";
import { until } from "../wait.ts";

/** Server that runs before culprit does. */
async function earlyServer(stage: Stage, ip: string): Promise<Truth> {
  return await stage.serve([ip, "53"]);
}

/** A client that opened its socket before culprit started and asks after. */
function early(name: string, expects: string, ip: string, program: string, flags: string[], more: string[]): Scenario {
  return {
    name,
    expects,
    prepare: async (stage) => {
      const server = await earlyServer(stage, ip);
      const client = stage.start(program, [...flags, "-w", ip, "53", stage.domain(), ...more]);
      await client.truth(1);
      return async () => {
        await client.go();
        return answered(await client.finish()).map((truth) => expectAsked(truth, server));
      };
    },
  };
}

/** Whether a datagram waits in the socket on 127.0.1.7, as the process sees its namespace. */
async function hasUnread(pid: number): Promise<boolean> {
  const table = await Deno.readTextFile(`/proc/${pid}/net/udp`);
  return table.split("\n").some((line) => / 0701007F:0035 .* [0-9A-F]{8}:(?!00000000)/.test(line));
}

export const EARLIER: Scenario[] = [
  early("earlier-connected", "UDP socket connected before the start", "127.0.1.1", "udp", [], ["A"]),
  early("earlier-sendto", "UDP socket opened before the start", "127.0.1.2", "udp", ["-m", "sendto"], ["A"]),
  early("earlier-tcp", "TCP connection older than culprit, both ends", "127.0.1.3", "tcp", [], []),
  early(
    "earlier-renamed",
    "process that renamed itself before the start",
    "127.0.1.4",
    "udp",
    ["-c", "6b776f726b6572"],
    ["A"],
  ),
  {
    name: "earlier-leader-gone",
    expects: "process whose first thread ended before the start: executable and command line",
    mayMiss: {
      reason: "/proc/PID says nothing once the first thread has ended; the entries of the other threads are not read",
    },
    prepare: async (stage) => {
      const server = await earlyServer(stage, "127.0.1.8");
      const client = stage.start("threads", ["gone", "-w", "127.0.1.8", "53", stage.domain()]);
      await client.truth(1);
      return async () => {
        await client.go();
        return answered(await client.finish()).map((truth) => expectAsked(truth, server));
      };
    },
  },
  {
    name: "earlier-server",
    expects: "server bound before the start, client after: both named",
    prepare: async (stage) => {
      const server = await earlyServer(stage, "127.0.1.5");
      return async () => {
        const udp = await stage.ask("udp", ["127.0.1.5", "53", stage.domain("u"), "A"]);
        const tcp = await stage.ask("tcp", ["127.0.1.5", "53", stage.domain("t")]);
        return answered([...udp, ...tcp]).map((truth) => expectAsked(truth, server));
      };
    },
  },
  {
    name: "earlier-deleted",
    expects: 'process whose executable was deleted before the start: its path, without " (deleted)"',
    prepare: async (stage) => {
      const server = await earlyServer(stage, "127.0.1.6");
      const copy = `${stage.world.directory}/earlier-deleted`;
      await Deno.copyFile(`${PROGRAMS}/udp`, copy);
      await Deno.chmod(copy, 0o755);
      const client = stage.start(copy, ["-d", "-w", "127.0.1.6", "53", stage.domain(), "A"]);
      await client.truth(1);
      return async () => {
        await client.go();
        return answered(await client.finish()).map((truth) => expectAsked(truth, server));
      };
    },
  },
  {
    name: "earlier-pending",
    expects: "a query sent before the start, answered after: unsolicited, and nobody else's",
    mayMiss: {
      reason:
        "the query was sent before anybody listened: the answer is told as seen, leaving the server, whose client is a guess",
    },
    prepare: async (stage) => {
      const server = stage.start("server", ["-w", "127.0.1.7", "53"]);
      const serverTruth = await server.truth(1);
      const client = stage.start("udp", ["-t", "600000", "127.0.1.7", "53", stage.domain(), "A"]);
      await until(() => hasUnread(server.pid), "the arrival of the query");
      return async () => {
        await server.go();
        const [truth] = answered(await client.finish());
        // What the event describes is the response, so its source is the server's port.
        const { sourcePort: _, destinationPort: __, process, ...expected } = expectAsked(truth!, serverTruth);
        return [{ ...expected, process: { ...process }, serverRequired: false, status: ["unsolicited"] }];
      };
    },
  },
];
