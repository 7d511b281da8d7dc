/**
 * What a scenario is, and the helpers all of them use.
 *
 * @module
 */

import type { Expected, ExpectedProcess } from "./check.ts";
import type { Program } from "./program.ts";
import type { Truth } from "./truth.ts";
import type { StartOptions, World } from "./world.ts";

/** Things a machine can lack, beside scenario programs by name: paths of programs, and these. */
export type Need = "veth" | "ipv6" | "podman" | `/${string}` | "uring" | "resolve-musl" | "bottom-halves";

/** Ends a scenario that cannot run here; it counts neither as right nor as missed. */
export class NotRunError extends Error {
  override readonly name = "NotRunError";
}

/** A difference that is known, with its reason. */
export interface KnownMiss {
  /** Why it cannot be seen, or not yet. */
  reason: string;
  /** On which kernels; absent for all. `kernel` is major * 1000 + minor. */
  on?: (kernel: number) => boolean;
}

/** One line of the scorecard. */
export interface Scenario {
  /** Kebab case; part of the names that are asked. */
  name: string;
  /** What happens, and what must be seen: one sentence for the table. */
  expects: string;
  needs?: Need[];
  mayMiss?: KnownMiss;
  /** Runs before culprit starts and returns the scenario itself; {@linkcode run} is absent then. */
  prepare?: (stage: Stage) => Promise<() => Promise<Expected[]>>;
  /** Causes traffic and returns every transaction that must be reported. */
  run?: (stage: Stage) => Promise<Expected[]>;
}

/** What a scenario gets: the world, names of its own, and programs whose pids are remembered. */
export class Stage {
  readonly world: World;
  readonly #scenario: string;
  /** Programs started by this scenario. */
  readonly programs: Program[] = [];
  /** Further processes of this scenario. */
  readonly pids = new Set<number>();

  /**
   * @param world where it runs
   * @param scenario its name
   */
  constructor(world: World, scenario: string) {
    this.world = world;
    this.#scenario = scenario;
  }

  /**
   * A name nobody else asks.
   *
   * @param labels labels before it; they choose the answer of the server (`server.c`)
   * @param suffix told apart from other names of the scenario
   * @returns the name
   */
  domain(labels = "", suffix = ""): string {
    return `${labels ? `${labels}.` : ""}${this.#scenario}${suffix}-${this.world.nonce}.test`;
  }

  /** As {@linkcode World.start}. */
  start(program: string, args: string[], options: StartOptions = {}): Program {
    const started = this.world.start(program, args, options);
    this.programs.push(started);
    return started;
  }

  /** Starts a program that asks and ends; returns what it logged. */
  async ask(program: string, args: string[], options: StartOptions = {}): Promise<Truth[]> {
    return await this.start(program, args, options).finish();
  }

  /** Starts a server of the scenario's own; returns its truth. */
  serve(args: string[], options: StartOptions = {}): Promise<Truth> {
    return this.start("server", args, options).truth(1);
  }

  /** Runs a program that logs no truth, and makes the truth from what the runner knows. */
  async foreign(
    program: string,
    args: string[],
    options: StartOptions = {},
    accepted: number[] = [0],
  ): Promise<ExpectedProcess> {
    const started = this.start(program, args, { ...options, foreign: true });
    await started.finish(accepted);
    return {
      pid: started.pid,
      ppid: Deno.pid,
      exe: await Deno.realPath(program),
      cmdline: [program, ...args],
      uid: 0,
      gid: 0,
      ...(options.netns === "host" ? {} : { netns: (options.netns ?? this.world.near).inode }),
    };
  }

  /** Whether this process is one of the scenario. */
  owns(pid: number): boolean {
    return this.pids.has(pid) ||
      this.programs.some((program) => program.pid === pid || program.truths.some((truth) => truth.pid === pid));
  }
}

/** The part of a truth that describes a process. */
export function processOf(truth: Truth): ExpectedProcess {
  const { pid, tid, ppid, uid, gid, comm, exe, cmdline, netns, startMs } = truth;
  return {
    ...{ pid, tid, ppid, uid, gid, exe, cmdline },
    ...(comm === undefined ? {} : { comm }),
    ...(netns === undefined ? {} : { netns }),
    ...(startMs === undefined ? {} : { startMs }),
  };
}

/** The same for a server, of which any thread may have answered. */
export function serverOf(truth: Truth): ExpectedProcess {
  const { tid: _, comm: __, ...process } = processOf(truth);
  return process;
}

/** Octets as text that the decoder reports: `rcode` of the header by name. */
const RCODES: Record<number, string> = { 0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED" };

/**
 * What must be reported of a question a program logged.
 *
 * @param truth a line of kind `asked`
 * @param server the process that answers, named as `server_process`
 * @param more what else is known, or what is otherwise
 * @returns the expected transaction: answered when the program got an answer, else a timeout
 */
export function expectAsked(truth: Truth, server?: Truth, more: Partial<Expected> = {}): Expected {
  const answered = (truth.rcode ?? -1) >= 0;
  return {
    ...(truth.name === undefined ? {} : { name: truth.name }),
    ...(truth.type === undefined ? {} : { type: truth.type }),
    ...(truth.transport === undefined ? {} : { transport: truth.transport }),
    ...(truth.sourcePort === undefined ? {} : { sourcePort: truth.sourcePort }),
    ...(truth.destinationPort === undefined ? {} : { destinationPort: truth.destinationPort }),
    process: processOf(truth),
    ...(server ? { server: serverOf(server), serverRequired: answered } : {}),
    status: answered ? ["answered"] : ["timeout"],
    ...(answered ? { rcode: RCODES[truth.rcode ?? 0] ?? "" } : {}),
    ...more,
  };
}

/** The truths of kind `asked`; throws when one of them should have had an answer and had none. */
export function answered(truths: Truth[]): Truth[] {
  const asked = truths.filter(({ kind }) => kind === "asked");
  const lonely = asked.find(({ rcode }) => rcode === undefined || rcode < 0);
  if (lonely || asked.length === 0) throw new Error(`no answer for ${JSON.stringify(lonely ?? truths)}`);
  return asked;
}

/** Runs a program that asks the near server, and expects every question answered by it. */
export async function askNear(
  stage: Stage,
  program: string,
  args: string[],
  more: Partial<Expected> = {},
): Promise<Expected[]> {
  const truths = answered(await stage.ask(program, args));
  return truths.map((truth) => expectAsked(truth, stage.world.server, { interface: "lo", ...more }));
}
