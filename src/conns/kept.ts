/**
 * Hands what a running `culprit conns --keep` remembers of ended connections to those who look them up.
 *
 * The run listens on a Unix socket in a directory that only its user may enter, and answers whoever connects with one
 * JSON line for each connection it keeps, and an empty line when that was all.
 *
 * @module
 */

import { OutputError } from "../errors.ts";
import { type ConnectionEvent, type Endpoint, SCHEMA } from "../events.ts";
import { stringifySafe } from "../output/json.ts";
import { MAX_ENDED } from "./_ended.ts";

/** Where runs that keep connections are found. */
const DIRECTORY = "/run/culprit";
/** What is done there, as errors say it. */
const ACTION = "answer look-ups of --keep in";
/** Octets written at a time; whoever reads slowly does not hold more in memory. */
const CHUNK_UNITS = 64 * 1024;
/** Most that are told at a time: each holds a file, of which a run must keep some for itself. */
const MAX_CLIENTS = 16;
/** How long to wait when no file can be opened, ms. */
const RETRY_MS = 100;
/** How far apart two runs may tell the same end, ms: each reads the clock for itself, microseconds apart. */
const SAME_END_MS = 1;
/** How long a run may take to tell what it keeps, ms. */
const READ_LIMIT_MS = 5000;
/** Most a run may tell: 20,000 lines are about 40 MB. */
const READ_LIMIT_BYTES = 256 << 20;

/** Offers what is kept, until it is disposed of. */
export class KeptServer implements Disposable {
  readonly #path: string;
  readonly #listener: Deno.UnixListener;
  readonly #clients = new Set<Deno.UnixConn>();

  /**
   * Begins.
   *
   * @param kept what to tell whoever asks, oldest end first
   * @param directory where to listen
   * @throws {OutputError} when the directory is somebody else's, or nothing can be made there
   */
  constructor(kept: () => Iterable<ConnectionEvent>, directory = DIRECTORY) {
    try {
      Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
      const reason = whyUntrusted(directory);
      if (reason !== undefined) throw new OutputError(`"${directory}"`, `it ${reason}`, { action: ACTION });
      removeAbandoned(directory);
      this.#path = `${directory}/conns-${crypto.randomUUID()}.sock`;
      this.#listener = Deno.listen({ transport: "unix", path: this.#path });
    } catch (error) {
      if (error instanceof OutputError || !(error instanceof Error)) throw error;
      throw new OutputError(`"${directory}"`, error.message, { action: ACTION, cause: error });
    }
    void this.#serve(kept);
  }

  /** Ends; who is being told is cut off. */
  [Symbol.dispose](): void {
    this.#listener.close();
    for (const client of this.#clients) client.close();
    this.#clients.clear();
    removeIfThere(this.#path);
  }

  async #serve(kept: () => Iterable<ConnectionEvent>): Promise<void> {
    while (true) {
      try {
        const client = await this.#listener.accept();
        this.#makeRoom();
        this.#clients.add(client);
        void this.#tell(client, kept());
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        // No file is left: who asks has to wait, and the run goes on.
        await new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, RETRY_MS)));
      }
    }
  }

  /** Cuts off who has been told for longest where there are too many. */
  #makeRoom(): void {
    const [longest] = this.#clients;
    if (longest === undefined || this.#clients.size < MAX_CLIENTS) return;
    this.#clients.delete(longest);
    longest.close();
  }

  async #tell(client: Deno.UnixConn, events: Iterable<ConnectionEvent>): Promise<void> {
    const writer = client.writable.getWriter();
    const encoder = new TextEncoder();
    try {
      let text = "";
      for (const event of events) {
        text += `${stringifySafe(event)}\n`;
        if (text.length < CHUNK_UNITS) continue;
        await writer.write(encoder.encode(text));
        text = "";
      }
      await writer.write(encoder.encode(`${text}\n`));
      await writer.close();
    } catch {
      // Whoever asked has gone, or the run ends: nothing is lost by that.
    } finally {
      this.#clients.delete(client);
    }
  }
}

/** What running instances keep. */
export interface Kept {
  /** Ends of connections, the oldest first. */
  readonly events: readonly ConnectionEvent[];
  /** What could not be read and why, one sentence each. */
  readonly notObserved: readonly string[];
  /** Ends before this time are forgotten, because a run had no more room; RFC 3339, absent where all had. */
  readonly since?: string;
}

/**
 * Asks every run that keeps connections.
 *
 * @param directory where they listen
 * @param room how many one of them has room for
 * @returns what they keep, an end that several saw once; nothing where none runs
 */
export async function readKept(directory = DIRECTORY, room = MAX_ENDED): Promise<Kept> {
  const told: Told[] = [];
  const notObserved: string[] = [];
  let since: string | undefined;
  for (const path of socketsIn(directory, notObserved)) {
    try {
      const first = told.length;
      const lines = (await readAll(path)).split("\n");
      for (const line of lines) {
        if (line !== "") told.push({ run: path, event: parseEvent(line) });
      }
      if (lines.at(-2) !== "") throw new RangeError("it ended before it had told all");
      const oldest = told[first]?.event.time;
      if (told.length - first >= room && (since === undefined || (oldest ?? since) < since)) since = oldest;
    } catch (error) {
      // It was killed, and left its socket.
      if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) continue;
      if (!(error instanceof Error)) throw error;
      notObserved.push(`all connections that a running culprit conns keeps: ${error.message}`);
    }
  }
  told.sort(({ event: left }, { event: right }) => left.time < right.time ? -1 : left.time > right.time ? 1 : 0);
  return { events: withoutRepetitions(told), notObserved, ...(since === undefined ? {} : { since }) };
}

/**
 * Names a connection by what tells it apart from the others of a time.
 *
 * @param protocol for example `tcp`
 * @param ends its network namespace and addresses; absent for none
 * @returns the same for the same
 */
export function connectionKey(
  protocol: string,
  { netns, local, remote }: {
    readonly netns: number;
    readonly local?: Endpoint | undefined;
    readonly remote?: Endpoint | undefined;
  },
): string {
  return JSON.stringify([protocol, netns, local?.ip, local?.port, remote?.ip, remote?.port]);
}

/** An end as one run told it. */
interface Told {
  readonly run: string;
  event: ConnectionEvent;
}

/**
 * Reads what a run tells: another version may tell it otherwise.
 *
 * @throws {SyntaxError | RangeError} when it is no event of a connection
 */
function parseEvent(line: string): ConnectionEvent {
  const event = JSON.parse(line) as Partial<ConnectionEvent> | null;
  const { transport, netns, local } = event?.connection ?? {};
  const isEvent = event?.schema === SCHEMA && event.type === "connection" && typeof event.time === "string" &&
    typeof transport === "string" && typeof netns === "number" && typeof local === "object";
  if (!isEvent) throw new RangeError(`it told what is no event of a connection of ${SCHEMA}`);
  return event as ConnectionEvent;
}

/** Leaves one of each end that several runs told, the one with a process if there is one. */
function withoutRepetitions(told: readonly Told[]): ConnectionEvent[] {
  const kept: Told[] = [];
  const latest = new Map<string, { readonly told: Told; readonly runs: Set<string> }>();
  for (const one of told) {
    const key = connectionKey(one.event.connection.transport, one.event.connection);
    const before = latest.get(key);
    const isSame = before !== undefined && !before.runs.has(one.run) &&
      Date.parse(one.event.time) - Date.parse(before.told.event.time) <= SAME_END_MS;
    if (!isSame) {
      kept.push(one);
      latest.set(key, { told: one, runs: new Set([one.run]) });
      continue;
    }
    before.runs.add(one.run);
    if ((before.told.event.process?.pid ?? 0) === 0) before.told.event = one.event;
  }
  return kept.map(({ event }) => event);
}

/** Sockets of runs in a directory. */
function socketsIn(directory: string, notObserved: string[]): string[] {
  try {
    const reason = whyUntrusted(directory);
    if (reason !== undefined) {
      notObserved.push(`connections that a running culprit conns keeps: ${directory} ${reason}`);
      return [];
    }
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    return names.filter((name) => /^conns-.*\.sock$/.test(name)).map((name) => `${directory}/${name}`);
  } catch (error) {
    // Another user's runs are not ours to ask, and say nothing that is missing here.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return [];
    throw error;
  }
}

/** Why a directory cannot be relied on: others could have put anything there. */
function whyUntrusted(directory: string): string | undefined {
  const { isDirectory, isSymlink, uid, mode } = Deno.lstatSync(directory);
  if (isSymlink || !isDirectory) return "is no directory";
  if (uid !== Deno.uid()) return `belongs to user ${uid}, wanted ${Deno.uid()}`;
  return ((mode ?? 0) & 0o077) === 0 ? undefined : "may be entered by others, wanted mode 700";
}

/** Reads what is told until the end. */
async function readAll(path: string): Promise<string> {
  using client = await Deno.connect({ transport: "unix", path });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    client.close();
  }, READ_LIMIT_MS);
  try {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let sizeBytes = 0;
    for await (const part of client.readable) {
      parts.push(part);
      sizeBytes += part.length;
      if (sizeBytes > READ_LIMIT_BYTES) throw new RangeError(`it told more than ${READ_LIMIT_BYTES} octets`);
    }
    return await new Blob(parts).text();
  } catch (error) {
    if (isLate) throw new RangeError(`it did not end within ${READ_LIMIT_MS} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Removes sockets of runs that were killed. */
function removeAbandoned(directory: string): void {
  for (const path of socketsIn(directory, [])) {
    void Deno.connect({ transport: "unix", path }).then(
      (client) => client.close(),
      // One that is busy cannot be connected to either.
      (error) => error instanceof Deno.errors.ConnectionRefused && isSocket(path) && removeIfThere(path),
    );
  }
}

function isSocket(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSocket === true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
