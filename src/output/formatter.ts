/**
 * The formats behind one interface.
 *
 * @module
 */

import { CONNECTION_COLUMNS } from "../../bpf/conn/fields.ts";
import { DNS_COLUMNS } from "../../bpf/dns/fields.ts";
import { PROCESS_COLUMNS } from "../../bpf/process/fields.ts";
import { SOCKET_COLUMNS } from "../../bpf/sockets/fields.ts";
import { UNIX_COLUMNS } from "../../bpf/unix/fields.ts";
import { whoStory } from "../../bpf/sockets/who_fields.ts";
import type { CulpritEvent } from "../events.ts";
import { EDGE_COLUMNS } from "../map/fields.ts";
import { JsonEncoder } from "./json.ts";
import { kvLines } from "./kv.ts";
import { TextFormatter } from "./text.ts";
import type { WriterOptions } from "./writer.ts";

/** How one format turns events into lines. */
export interface Formatter {
  /** First line of the output; empty where the format has none. */
  readonly header: string;
  /** Whether `summary` and `loss` are lines of the output rather than of standard error. */
  readonly takesNotices: boolean;
  /** Nothing is written before the summary, whose lines are all of the output. */
  readonly isDocument?: true;
  /**
   * Turns an event into lines.
   *
   * @param event the event
   * @returns its lines, each with its line feed; empty when the format does not show it
   */
  format(event: CulpritEvent): string;
  /** Releases what the format listens to. Idempotent. */
  close(): void;
}

/** JSON lines. */
class JsonFormatter implements Formatter {
  readonly header = "";
  readonly takesNotices = true;
  readonly #encoder = new JsonEncoder();

  format(event: CulpritEvent): string {
    return this.#encoder.encode(event);
  }

  close(): void {
    // Holds nothing.
  }
}

/** Key=value lines. */
class KvFormatter implements Formatter {
  readonly header = "";
  readonly takesNotices = false;

  format(event: CulpritEvent): string {
    return kvLines(event).join("");
  }

  close(): void {
    // Holds nothing.
  }
}

/** Rows, fitted anew when the terminal changes its size. */
class TableFormatter implements Formatter {
  readonly takesNotices = false;
  readonly #dns: TextFormatter<Extract<CulpritEvent, { dns: unknown }>>;
  readonly #process: TextFormatter<Extract<CulpritEvent, { type: "process" }>>;
  readonly #socket: TextFormatter<Extract<CulpritEvent, { type: "socket" }>>;
  readonly #connection: TextFormatter<Extract<CulpritEvent, { type: "connection" }>>;
  readonly #unix: TextFormatter<Extract<CulpritEvent, { type: "unix" }>>;
  readonly #edge: TextFormatter<Extract<CulpritEvent, { type: "edge" }>>;
  readonly #onResize: (() => void) | undefined;
  readonly header: string;
  #closed = false;

  constructor(columns: WriterOptions["columns"], isTerminal: boolean) {
    const options = {
      terminalWidth: isTerminal ? Deno.consoleSize().columns : undefined,
      colours: isTerminal && !Deno.noColor && Deno.env.get("TERM") !== "dumb",
    };
    this.#dns = new TextFormatter(DNS_COLUMNS, options);
    this.#process = new TextFormatter(PROCESS_COLUMNS, options);
    this.#socket = new TextFormatter(SOCKET_COLUMNS, options);
    this.#connection = new TextFormatter(CONNECTION_COLUMNS, options);
    this.#unix = new TextFormatter(UNIX_COLUMNS, options);
    this.#edge = new TextFormatter(EDGE_COLUMNS, options);
    const tables = {
      dns: this.#dns,
      process: this.#process,
      socket: this.#socket,
      connection: this.#connection,
      edge: this.#edge,
    };
    // The answers of "who" are stories, not rows.
    this.header = columns === "who" ? "" : tables[columns].header();
    if (!isTerminal) return;
    this.#onResize = (): void => {
      const width = Deno.consoleSize().columns;
      this.#dns.resize(width);
      this.#process.resize(width);
      this.#socket.resize(width);
      this.#connection.resize(width);
      this.#unix.resize(width);
      this.#edge.resize(width);
    };
    Deno.addSignalListener("SIGWINCH", this.#onResize);
  }

  format(event: CulpritEvent): string {
    switch (event.type) {
      case "process":
        return this.#process.row(event);
      case "socket":
        return this.#socket.row(event);
      case "connection":
        return this.#connection.row(event);
      case "unix":
        return this.#unix.row(event);
      case "edge":
        return this.#edge.row(event);
      case "who":
        return whoStory(event);
      case "loss":
      case "summary":
        return "";
      default:
        return this.#dns.row(event);
    }
  }

  close(): void {
    if (this.#closed || this.#onResize === undefined) return;
    this.#closed = true;
    Deno.removeSignalListener("SIGWINCH", this.#onResize);
  }
}

/**
 * Makes the formatter of an output.
 *
 * @param options the format and, for text, its columns
 * @param isTerminal whether rows are fitted to a terminal and may be coloured
 * @returns the formatter; close it
 */
export function createFormatter(options: Pick<WriterOptions, "format" | "columns">, isTerminal: boolean): Formatter {
  switch (options.format) {
    case "json":
      return new JsonFormatter();
    case "kv":
      return new KvFormatter();
    case "text":
      return new TableFormatter(options.columns, isTerminal);
  }
}
