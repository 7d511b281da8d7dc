/**
 * Starts tests/bench/snapshot_load.c, which holds many sockets.
 *
 * @module
 */

import { buildProgram, temporaryDirectory } from "./build_program.ts";

/** What to hold. */
export interface LoadOptions {
  readonly sockets: number;
  readonly processes: number;
  /** Each process has a child that holds the same. */
  readonly share?: boolean;
  /** One more process opens and closes connections as fast as it can. */
  readonly churn?: boolean;
  /** In a network namespace of its own. */
  readonly newNamespace?: boolean;
}

/** Processes that hold sockets until they are disposed of. */
export interface Load extends AsyncDisposable {
  /** Sockets they hold, churn not counted. */
  readonly sockets: number;
  /** Inode number of their network namespace. */
  readonly netns: number;
  /** Runs a program in their network namespace and returns what it prints. */
  run(program: string, ...args: string[]): string;
}

/**
 * Compiles the program.
 *
 * @returns its path, in a directory that lives as long as this process
 */
export async function buildLoad(): Promise<string> {
  // In guests, which are too slow for a compiler: see scripts/vm/matrix.ts.
  const built = Deno.env.get("CULPRIT_FIXTURES");
  if (built !== undefined) return `${built}/program`;
  return await buildProgram(`${import.meta.dirname}/snapshot_load.c`, temporaryDirectory());
}

/** Sockets a process holds: a listener, pairs for nine tenths of its part, UDP sockets for the rest. */
function heldSockets({ sockets, processes }: LoadOptions): number {
  const part = Math.floor(sockets / processes);
  const datagram = Math.floor(part / 10);
  const pairs = Math.max(0, Math.floor((part - datagram - 1) / 2));
  return processes * (1 + 2 * pairs + datagram);
}

/**
 * Starts the program and waits until it holds everything.
 *
 * @param program from {@linkcode buildLoad}
 * @param options see {@linkcode LoadOptions}
 * @returns it
 */
export async function startLoad(program: string, options: LoadOptions): Promise<Load> {
  const words = [program, String(options.sockets), String(options.processes)];
  if (options.share) words.push("share");
  if (options.churn) words.push("churn");
  const setup = 'ip link set lo up; echo "1024 65535" >/proc/sys/net/ipv4/ip_local_port_range; exec "$@"';
  const [command = "", ...args] = options.newNamespace
    ? ["unshare", "--net", "sh", "-c", setup, "sh", ...words]
    : words;
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  const first = await reader.read();
  if (first.value === undefined) throw new Error(`${program} ended before it was ready`);
  const netns = Number(/\d+/.exec(Deno.readLinkSync(`/proc/${child.pid}/ns/net`))?.[0]);
  return {
    sockets: heldSockets(options),
    netns,
    run(program, ...args): string {
      const { success, stdout, stderr } = new Deno.Command("nsenter", {
        args: [`--net=/proc/${child.pid}/ns/net`, program, ...args],
      }).outputSync();
      if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
      return new TextDecoder().decode(stdout);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await child.stdin.close();
      await child.status;
      // Its children die after it and hold the other end of the pipe until then.
      while (!(await reader.read()).done);
    },
  };
}
