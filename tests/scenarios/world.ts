/**
 * Where the scenarios run: network namespaces of their own, so that nothing else on the machine is disturbed or seen,
 * and a server in each.
 *
 * @module
 */

import { PROGRAMS } from "./build.ts";
import { Program, type ProgramOptions } from "./program.ts";
import type { Truth } from "./truth.ts";

/** A network namespace held open by a program. */
export interface Netns {
  path: string;
  inode: number;
}

/** Addresses of the device pair between the two namespaces. */
export const NEAR = { device: "near0", ip: "10.77.0.1", ip6: "fd77::1" };
export const FAR = { device: "far0", ip: "10.77.0.2", ip6: "fd77::2" };

/** Options of {@linkcode World.start}. */
export interface StartOptions extends ProgramOptions {
  /** Namespace to run in; the near one by default, `host` for that of the runner. */
  netns?: Netns | "host";
  /** Use a resolv.conf that names 127.0.0.1. */
  resolver?: boolean;
}

/** Namespaces, servers, names. Dispose it to end every program. */
export class World implements AsyncDisposable {
  /** Part of every name that is asked: tells this run from every other. */
  readonly nonce: string = crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36);
  /** What cannot be had on this machine, with the reason. */
  readonly lacking: Map<string, string>;
  /** Scratch folder. */
  readonly directory: string;
  near!: Netns;
  far!: Netns;
  /** Link address of the far end of the device pair. */
  farMac = "";
  /** Server on 127.0.0.1 and ::1, ports 53 and 5300, of the near namespace. */
  server!: Truth;
  /** Server on port 53 of the far namespace. */
  farServer!: Truth;
  readonly #stack = new AsyncDisposableStack();

  private constructor(directory: string, lacking: Map<string, string>) {
    this.directory = directory;
    this.lacking = lacking;
  }

  /**
   * Makes the namespaces.
   *
   * @param lacking programs that could not be built, with the reason
   * @returns the world, without servers yet
   */
  static async create(lacking: Map<string, string>): Promise<World> {
    const world = new World(await Deno.makeTempDir({ prefix: "culprit-scenarios-" }), new Map(lacking));
    try {
      world.#stack.defer(() => Deno.remove(world.directory, { recursive: true }));
      // Programs that became another user must get at their files.
      await Deno.chmod(world.directory, 0o755);
      await Deno.writeTextFile(
        `${world.directory}/resolv.conf`,
        "nameserver 127.0.0.1\noptions timeout:8 attempts:1\n",
      );
      world.near = await world.#makeNetns();
      world.far = await world.#makeNetns();
      await world.#connect();
      return world;
    } catch (error) {
      await world[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #makeNetns(): Promise<Netns> {
    const anchor = this.#stack.use(new Program(`${PROGRAMS}/anchor`, []));
    const { netns } = await anchor.truth(1);
    return { path: `/proc/${anchor.pid}/ns/net`, inode: netns ?? 0 };
  }

  async #ip(netns: Netns, lines: string[]): Promise<string> {
    const file = `${this.directory}/ip`;
    await Deno.writeTextFile(file, lines.join("\n") + "\n");
    await using ip = this.start("/sbin/ip", ["-json", "-batch", file], { netns, foreign: true });
    await ip.finish();
    return ip.text;
  }

  async #connect(): Promise<void> {
    const farPid = this.far.path.split("/")[2];
    try {
      await this.#ip(this.near, [
        `link add ${NEAR.device} type veth peer name ${FAR.device} netns ${farPid}`,
        `address add ${NEAR.ip}/24 dev ${NEAR.device}`,
        `link set ${NEAR.device} up`,
      ]);
      await this.#ip(this.far, [`address add ${FAR.ip}/24 dev ${FAR.device}`, `link set ${FAR.device} up`]);
      this.farMac = JSON.parse(await this.#ip(this.far, [`link show ${FAR.device}`]))[0].address;
    } catch (error) {
      this.lacking.set("veth", `no device pair: ${String(error).split("\n")[0]}`);
    }
    try {
      await this.#ip(this.near, [`address add ${NEAR.ip6}/64 dev ${NEAR.device} nodad`]);
      await this.#ip(this.far, [`address add ${FAR.ip6}/64 dev ${FAR.device} nodad`]);
    } catch (error) {
      this.lacking.set("ipv6", `no IPv6: ${String(error).split("\n")[0]}`);
    }
  }

  /** Starts the servers every scenario may ask. */
  async startServers(): Promise<void> {
    const loopback = ["127.0.0.1", ...(this.lacking.has("ipv6") ? [] : ["::1"])];
    this.server = await this.serve(["-m", "1", ...loopback.flatMap((ip) => [ip, "53", ip, "5300"])]);
    if (this.lacking.has("veth")) return;
    const far = [FAR.ip, ...(this.lacking.has("ipv6") ? [] : [FAR.ip6])];
    this.farServer = await this.serve(["-m", "2", ...far.flatMap((ip) => [ip, "53"])], { netns: this.far });
  }

  /**
   * Starts a program that lives no longer than the world.
   *
   * @param program name of a scenario program, or the path of another
   * @param args its arguments
   * @param options see {@linkcode StartOptions}
   * @returns the running program
   */
  start(program: string, args: string[], options: StartOptions = {}): Program {
    const path = program.startsWith("/") ? program : `${PROGRAMS}/${program}`;
    const netns = options.netns ?? this.near;
    const started = netns === "host" ? new Program(path, args, options) : new Program(
      `${PROGRAMS}/launch`,
      [netns.path, options.resolver ? `${this.directory}/resolv.conf` : "-", path, ...args],
      options,
    );
    return this.#stack.use(started);
  }

  /**
   * Starts a server and waits until it serves.
   *
   * @param args its arguments
   * @param options see {@linkcode StartOptions}
   * @returns its ground truth
   */
  serve(args: string[], options: StartOptions = {}): Promise<Truth> {
    return this.start("server", args, options).truth(1);
  }

  /** Ends every program and removes what was made. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
