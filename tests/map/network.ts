/**
 * Two network namespaces with a wire between them, for tests.
 *
 * @module
 */

import { ROOT } from "../kernel/culprit.ts";

/** How a program ended. */
export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end.
 *
 * @param words program and arguments
 * @returns how it ended
 */
export async function run(...words: string[]): Promise<Ran> {
  const [program = "", ...args] = words;
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/**
 * Runs a program that must not fail.
 *
 * @param words program and arguments
 * @returns its output
 * @throws {Error} when it fails
 */
export async function must(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  if (code !== 0) throw new Error(`${words.join(" ")}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** A namespace with an address. */
export interface Host {
  readonly name: string;
  readonly ip: string;
}

/** Two hosts and what runs on them; all of it goes with the object. */
export class Network implements AsyncDisposable {
  readonly a: Host = { name: `culprit-map-a-${Deno.pid}`, ip: "10.97.1.1" };
  readonly b: Host = { name: `culprit-map-b-${Deno.pid}`, ip: "10.97.1.2" };
  readonly #stack = new AsyncDisposableStack();

  /**
   * Makes it.
   *
   * @returns the network
   */
  static async create(): Promise<Network> {
    const network = new Network();
    const { a, b } = network;
    for (const { name } of [a, b]) {
      await must("ip", "netns", "add", name);
      network.#stack.defer(async () => void await must("ip", "netns", "del", name));
    }
    await must("ip", "link", "add", "wire", "netns", a.name, "type", "veth", "peer", "name", "wire", "netns", b.name);
    for (const { name, ip } of [a, b]) {
      await must("ip", "-n", name, "address", "add", `${ip}/24`, "dev", "wire");
      for (const device of ["lo", "wire"]) await must("ip", "-n", name, "link", "set", device, "up");
    }
    return network;
  }

  /**
   * Words before a command line that is to run on a host; the file systems stay those of the test.
   *
   * @param host where
   * @returns words
   */
  on(host: Host): string[] {
    return ["nsenter", `--net=/run/netns/${host.name}`];
  }

  /**
   * Starts a server and waits until it listens.
   *
   * @param host where
   * @param ports on which
   */
  async serve(host: Host, ...ports: number[]): Promise<void> {
    const [program = "", ...args] = [
      ...this.on(host),
      Deno.execPath(),
      ...["run", "--quiet", "--no-check", "--allow-net", "--no-config", `${ROOT}/tests/map/peer.ts`],
      host.ip,
      ...ports.map(String),
    ];
    const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#stack.defer(async () => {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    });
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    if (new TextDecoder().decode(value) !== "ready\n") throw new Error(`The server on ${host.ip} does not listen`);
  }

  /** Takes all of it away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
