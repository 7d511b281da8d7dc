/**
 * Traffic whose octets are known, for tests of what counts them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** How long a screen may take to show what it should, also where the CPU is emulated. */
const PATIENCE_MS = 60_000;

/** Waits until a condition holds: there is no event for what a terminal shows. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, describe: () => string): Promise<T> {
  const giveUp = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > giveUp) throw new Error(`not in time: ${what}\n${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Octets that are sent first, and then. */
export const FIRST = 3_000_000;
/** See {@linkcode FIRST}. */
export const SECOND = 5_000_000;

/** A server of HTTP that sends as much as it is told, when it is told. */
export class SlowServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #connected: Promise<Socket>;
  /** Octets of the head of the answer. */
  readonly headBytes: number;
  readonly #head: string;

  private constructor(server: Server, sizeBytes: number) {
    this.#server = server;
    this.#head = `HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\nConnection: close\r\n\r\n`;
    this.headBytes = this.#head.length;
    this.#connected = once(server, "connection").then(([socket]) => {
      socket.resume();
      return socket;
    });
  }

  static async start(sizeBytes: number): Promise<SlowServer> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SlowServer(server, sizeBytes);
  }

  get port(): number {
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    return address.port;
  }

  /** Sends the head, and then octets, which the client has when this returns. */
  async send(sizeBytes: number, withHead = false): Promise<void> {
    const socket = await this.#connected;
    if (withHead) socket.write(this.#head);
    await new Promise<void>((resolve) => socket.write(new Uint8Array(sizeBytes), () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    (await this.#connected).destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A download by curl, which goes on as long as the server lets it. */
export class Download implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  constructor(port: number) {
    const args = ["--silent", "--output", "/dev/null", `http://127.0.0.1:${port}/`];
    this.#child = new Deno.Command("curl", { args, stdin: "null" }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until it has everything. */
  async ended(): Promise<void> {
    assert.equal((await this.#child.status).code, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.status;
  }
}
