/**
 * Other tools that tell whose a connection is, run beside culprit: what they print as claims that can be judged.
 *
 * @module
 */

import type { Truth } from "./score.ts";

/** What a tool said: this process has to do with this connection. */
export interface Claim {
  event: Truth["event"];
  /** Address and port as {@linkcode Truth} has them; `undefined` where the tool does not tell it. */
  local: string | undefined;
  remote: string;
  pid: number;
}

/** A tool beside culprit. */
export interface PeerTool {
  readonly name: string;
  readonly command: readonly string[];
  /** Events it can tell of; of others nothing is asked. */
  readonly events: readonly Truth["event"][];
  readonly transports: readonly Truth["proto"][];
  /** It prints what there is now and ends: it is run again and again. */
  readonly isSnapshot: boolean;
  /** Reads what one run printed. */
  parse(text: string): Claim[];
}

/** IPv4-mapped addresses as IPv4, without brackets, as the truth has them. */
function endpoint(address: string, port: string): string {
  return `${address.replace(/^\[|\]$|%.*$/g, "").replace(/^::ffff:(?=\d+\.)/, "")} ${port}`;
}

/** Splits `address:port`. */
function split(text: string): string {
  const colon = text.lastIndexOf(":");
  return endpoint(text.slice(0, colon), text.slice(colon + 1));
}

const EVENT_OF_TYPE: Readonly<Record<string, Truth["event"]>> = { C: "open", A: "accept", X: "close" };

/** Who holds a socket is told, and not what it did: every event of that end may be meant. */
function held(local: string, remote: string, pid: number): Claim[] {
  return (["open", "accept", "close"] as const).map((event) => ({ event, local, remote, pid }));
}

/** All there are. */
export const PEER_TOOLS: readonly PeerTool[] = [
  {
    name: "ss -tunap",
    command: ["ss", "-Htunap"],
    events: ["open", "accept", "close"],
    transports: ["tcp", "udp"],
    isSnapshot: true,
    parse: (text) =>
      text.split("\n").flatMap((line) => {
        const [, , , , local = "", remote = ""] = line.trim().split(/\s+/);
        return [...line.matchAll(/pid=(\d+)/g)].flatMap(([, pid]) => held(split(local), split(remote), Number(pid)));
      }),
  },
  {
    name: "lsof -nP -i",
    command: ["lsof", "-nP", "-i", "-F", "pn"],
    events: ["open", "accept", "close"],
    transports: ["tcp", "udp"],
    isSnapshot: true,
    parse: (text) => {
      let pid = 0;
      return text.split("\n").flatMap((line) => {
        if (line.startsWith("p")) pid = Number(line.slice(1));
        const [local, remote] = line.startsWith("n") ? line.slice(1).split("->") : [];
        return local === undefined || remote === undefined ? [] : held(split(local), split(remote), pid);
      });
    },
  },
  {
    name: "tcptracer",
    command: ["tcptracer"],
    events: ["open", "accept", "close"],
    transports: ["tcp"],
    isSnapshot: false,
    // T PID COMM IP SADDR DADDR SPORT DPORT
    parse: (text) =>
      [...text.matchAll(/^([CAX])\s+(\d+)\s+.*?\s[46]\s+(\S+)\s+(\S+)\s+(\d+)\s+(\d+)\s*$/gm)].flatMap(
        ([, type = "", pid, from = "", to = "", fromPort = "", toPort = ""]) => {
          const event = EVENT_OF_TYPE[type];
          if (event === undefined) return [];
          return { event, local: endpoint(from, fromPort), remote: endpoint(to, toPort), pid: Number(pid) };
        },
      ),
  },
  {
    name: "tcplife",
    command: ["tcplife", "-w"],
    events: ["close"],
    transports: ["tcp"],
    isSnapshot: false,
    // PID COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS
    parse: (text) =>
      [...text.matchAll(/^\s*(\d+)\s+.*?\s(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+\S+\s+\S+\s+\S+\s*$/gm)].map(
        ([, pid, local = "", localPort = "", remote = "", remotePort = ""]) => ({
          event: "close",
          local: endpoint(local, localPort),
          remote: endpoint(remote, remotePort),
          pid: Number(pid),
        }),
      ),
  },
  {
    name: "tcpaccept",
    command: ["tcpaccept-bpfcc"],
    events: ["accept"],
    transports: ["tcp"],
    isSnapshot: false,
    // PID COMM IP RADDR RPORT LADDR LPORT
    parse: (text) =>
      [...text.matchAll(/^(\d+)\s+.*?\s[46]\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s*$/gm)].map(
        ([, pid, remote = "", remotePort = "", local = "", localPort = ""]) => ({
          event: "accept",
          local: endpoint(local, localPort),
          remote: endpoint(remote, remotePort),
          pid: Number(pid),
        }),
      ),
  },
  {
    name: "tcpconnect",
    command: ["tcpconnect"],
    events: ["open"],
    transports: ["tcp"],
    isSnapshot: false,
    // PID COMM IP SADDR DADDR DPORT
    parse: (text) =>
      [...text.matchAll(/^\s*(\d+)\s+.*?\s[46]\s+(\S+)\s+(\S+)\s+(\d+)\s*$/gm)].map(
        ([, pid, , remote = "", port = ""]) => ({
          event: "open",
          local: undefined,
          remote: endpoint(remote, port),
          pid: Number(pid),
        }),
      ),
  },
];

/** A tool that runs and collects what it says. */
export class RunningTool {
  readonly tool: PeerTool;
  readonly #claims: Claim[] = [];
  readonly #done: Promise<void>;
  #child: Deno.ChildProcess | undefined;
  #text = "";
  #stopped = false;

  /** @param tool to be run */
  constructor(tool: PeerTool) {
    this.tool = tool;
    this.#done = tool.isSnapshot ? this.#poll() : this.#stream();
  }

  /**
   * Waits until a tool that attaches to the kernel tells what happens.
   *
   * @param probe makes a connection; returns the server's port
   * @throws {Error} when the tool ends
   */
  async ready(probe: () => Promise<number>): Promise<void> {
    if (this.tool.isSnapshot) return;
    while (!this.#stopped) {
      const port = await probe();
      for (let turn = 0; turn < 20 && !this.#stopped; turn++) {
        if (this.#text.includes(` ${port}`)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    throw new Error(`${this.tool.name} ended: ${this.#text}`);
  }

  /**
   * Ends it.
   *
   * @returns what it said
   */
  async stop(): Promise<readonly Claim[]> {
    this.#stopped = true;
    this.#child?.kill("SIGINT");
    await this.#done;
    return this.tool.isSnapshot ? this.#claims : this.tool.parse(this.#text);
  }

  async #poll(): Promise<void> {
    const [program = "", ...args] = this.tool.command;
    while (!this.#stopped) {
      const { stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
      this.#claims.push(...this.tool.parse(new TextDecoder().decode(stdout)));
    }
  }

  async #stream(): Promise<void> {
    // Lines at once, also into a pipe.
    const args = ["-oL", ...this.tool.command];
    this.#child = new Deno.Command("stdbuf", { args, stdout: "piped", stderr: "piped" }).spawn();
    const stderr = new Response(this.#child.stderr).text();
    for await (const part of this.#child.stdout.pipeThrough(new TextDecoderStream())) this.#text += part;
    await this.#child.status;
    this.#child = undefined;
    this.#stopped = true;
    this.#text += await stderr;
  }
}
