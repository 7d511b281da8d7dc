/**
 * Sockets that change hands, and processes that are gone: who sent this very message?
 *
 * @module
 */

import { PROGRAMS } from "../build.ts";
import type { Expected } from "../check.ts";
import { answered, expectAsked, type Scenario, type Stage } from "../scenario.ts";

const LOCAL = ["127.0.0.1", "53"];

/** A program that opens a socket others use too, over UDP and over TCP. */
function shared(
  name: string,
  expects: string,
  run: (stage: Stage, transport: string) => Promise<Expected[]>,
): Scenario[] {
  return ["udp", "tcp"].map((transport) => ({
    name: `${name}-${transport}`,
    expects: `${expects} (${transport.toUpperCase()})`,
    run: (stage) => run(stage, transport),
  }));
}

/** The names of a scenario told apart by their first label. */
function names(stage: Stage, labels = ""): string[] {
  return [1, 2, 3].map((n) => stage.domain(labels ? `n${n}.${labels}` : `n${n}`));
}

/** What a program that left before its answer must be reported as. */
function left(truth: Parameters<typeof expectAsked>[0], stage: Stage, more: Partial<Expected> = {}): Expected {
  return expectAsked(truth, stage.world.server, { status: ["answered"], rcode: "NOERROR", ...more });
}

export const OWNERSHIP: Scenario[] = [
  ...shared(
    "fd-passed",
    "descriptor passed over a unix socket and back: each question its sender",
    async (stage, transport) => {
      const [first, second, third] = names(stage);
      const args = [transport, `${PROGRAMS}/receive`, ...LOCAL, first!, second!, third!];
      return answered(await stage.ask("pass", args)).map((truth) => expectAsked(truth, stage.world.server));
    },
  ),
  ...shared(
    "inherited",
    "socket shared by parent and child at the same time: each question its sender",
    async (stage, transport) => {
      const truths = answered(await stage.ask("inherit", [transport, ...LOCAL, ...names(stage, "delay60")]));
      return truths.map((truth) => expectAsked(truth, stage.world.server));
    },
  ),
  ...shared(
    "exec-then-ask",
    "socket opened by a program that becomes another, which asks: the other",
    async (stage, transport) => {
      const heir = [`${PROGRAMS}/heir`, "ask", transport, "53", stage.domain()];
      const truths = await stage.ask("leave", ["late", transport, ...LOCAL, stage.domain(), ...heir]);
      return answered(truths).map((truth) => expectAsked(truth, stage.world.server));
    },
  ),
  ...shared(
    "ask-then-exec",
    "a program asks and becomes another before the answer: the one that asked",
    async (stage, transport) => {
      const heir = [`${PROGRAMS}/heir`, "read", transport];
      const truths = await stage.ask("leave", ["exec", transport, ...LOCAL, stage.domain("delay100"), ...heir]);
      return truths.map((truth) => left(truth, stage));
    },
  ),
  ...shared(
    "exit-kept",
    "process ends before the answer, a child keeps the socket: the dead one",
    async (stage, transport) => {
      const truths = await stage.ask("leave", ["kept", transport, ...LOCAL, stage.domain("delay60")]);
      return truths.map((truth) => left(truth, stage));
    },
  ),
  {
    name: "exit-closed-udp",
    expects: "process and socket end before the answer is sent (UDP): named",
    run: async (stage) => {
      const truths = await stage.ask("leave", ["close", "udp", ...LOCAL, stage.domain("delay60")]);
      // The server's answer meets a closed port: seen leaving the server, never arriving.
      return truths.map((truth) => left(truth, stage, { status: ["answered", "timeout"], serverRequired: false }))
        .map(({ rcode: _, ...expected }) => expected);
    },
  },
  {
    name: "brief",
    expects: "50 processes that live about a millisecond each: all named, with executable, command line and parent",
    run: async (stage) => {
      const truths = await stage.ask("brief", ["50", ...LOCAL, stage.domain()]);
      return truths.map((truth) => left(truth, stage, { status: ["answered", "timeout"], serverRequired: false })).map((
        { rcode: _, ...expected },
      ) => expected);
    },
  },
  {
    name: "pid-reuse",
    expects: "two processes with the same pid, the second within a millisecond: each its own executable",
    run: async (stage) => {
      const [first, second] = names(stage, "delay60");
      const truths = await stage.ask("pidreuse", [...LOCAL, first!, second!, `${PROGRAMS}/udp`]);
      const [one, two] = truths;
      if (!one || !two || one.pid !== two.pid) throw new Error(`the pid was not reused: ${JSON.stringify(truths)}`);
      const { rcode: _, ...gone } = left(one, stage, { status: ["answered", "timeout"], serverRequired: false });
      return [gone, expectAsked(two, stage.world.server)];
    },
  },
];
