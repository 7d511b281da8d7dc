/**
 * Options of the commands, declared once as data: the command line, its help and the generated documentation are made
 * from the tables here. Each table has the keys of the interface its command receives.
 *
 * @module
 */

import { RCODES, TYPES } from "../dns/iana.ts";
import type { FilterOptions } from "../output/filter.ts";
import type { OutputFormat } from "../output/writer.ts";
import { SORTS, VIEWS } from "../top/types.ts";
import { flag, list, optional, type OptionTable, valued } from "./option_spec.ts";
import * as values from "./values.ts";

/** What every live command receives. */
export interface LiveOptions extends FilterOptions {
  /** How events are written; `--json` is `json`. */
  readonly format: OutputFormat;
  /** End after this many milliseconds; undefined for no end. */
  readonly durationMs: number | undefined;
  /** End after this many events; undefined for no end. */
  readonly count: number | undefined;
  /** Path of the output file; undefined for standard output. */
  readonly output: string | undefined;
  /** No summary and no warnings on standard error. */
  readonly quiet: boolean;
  /** File to create when every program is attached; undefined for none. */
  readonly readyFile: string | undefined;
  /** Size of the ring buffer between kernel and culprit in bytes, a power of two. */
  readonly ringSizeBytes: number;
  /** Keep the facts of ended processes for this many milliseconds. */
  readonly retainMs: number;
  /** Path of libbpf.so; undefined for the usual places. */
  readonly libbpf: string | undefined;
}

/** What `culprit dns` receives. */
export interface DnsOptions extends LiveOptions {
  /** Write each message, not transactions. */
  readonly messages: boolean;
  /** A query without response for this many milliseconds is a timeout. */
  readonly timeoutMs: number;
  /** Look for DNS on these ports only; empty for every port. */
  readonly ports: readonly number[];
  /** See {@linkcode FilterOptions}. */
  readonly names: readonly string[];
  /** See {@linkcode FilterOptions}. */
  readonly types: readonly string[];
  /** See {@linkcode FilterOptions}. */
  readonly rcodes: readonly string[];
  /** Capture file to read in place of the network, `-` for standard input; undefined for live. */
  readonly readFile: string | undefined;
  /** Capture file (pcapng) to write; undefined for none. */
  readonly writeFile: string | undefined;
}

/** Kinds of process events. */
export const PROCESS_EVENTS = ["exec", "fork", "exit"] as const;

/** What `culprit procs` receives. */
export interface ProcsOptions extends LiveOptions {
  /** Kinds of events to show, at least one. */
  readonly events: readonly (typeof PROCESS_EVENTS[number])[];
}

/** Kinds of connection events. */
export const CONNECTION_EVENTS = ["open", "accept", "listen", "bind", "fail", "close"] as const;
/** What a connection can be in. */
export const CONNECTION_STATES = ["connecting", "established", "listening", "bound", "closed"] as const;
/** Further states of sockets, which only a snapshot shows. */
export const SOCKET_STATES = [
  ...["syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait", "last_ack", "listen"],
  ...["closing", "unconnected", "ended", "failed"],
] as const;
/** Kinds of sockets. */
export const CONNECTION_TRANSPORTS = ["tcp", "udp", "udplite", "icmp", "raw"] as const;
/** Further kinds of sockets, which only a snapshot shows. */
export const SOCKET_PROTOCOLS = ["mptcp", "sctp", "packet"] as const;
/** Kinds of sockets that `culprit conns` can be asked for; the last is shown only when it is. */
const CONNS_PROTOCOLS = [...CONNECTION_TRANSPORTS, ...SOCKET_PROTOCOLS, "unix"] as const;
/** Who began a connection. */
export const CONNECTION_DIRECTIONS = ["outbound", "inbound", "unknown", "none"] as const;

/** What `culprit doctor` receives. */
export interface DoctorOptions {
  /** One JSON object in place of the table. */
  readonly json: boolean;
  /** Path of libbpf.so; undefined for the usual places. */
  readonly libbpf: string | undefined;
}

/** What `culprit version` receives. */
export interface VersionOptions {
  /** One JSON object in place of the table. */
  readonly json: boolean;
}

/** What `culprit decode` receives. */
export interface DecodeOptions {
  /** One JSON object in place of the table. */
  readonly json: boolean;
}

/** Shells there is a completion for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell there is a completion for. */
export type ShellName = typeof SHELLS[number];

/** Headings of the help. */
const FILTERS = "Filters (values of one option, in one list or several, are alternatives; options must all agree):";
const OUTPUT = "Output:";
const RUN = "Run:";
/** Heading under which every command lists `--help`. */
export const HELP_GROUP = "Help:";

const MEBIBYTE = 1024 ** 2;

/** Filters by process. */
const PROCESS_FILTERS = {
  pids: list("--pid <n,...>", "process ids", FILTERS, values.parsePids),
  comms: list(
    "--comm <glob,...>",
    "comm of the acting thread, which can differ from the file name",
    FILTERS,
    values.parseGlobs,
  ),
  exes: list(
    "--exe <glob,...>",
    "executable: its path, or its file name if the glob has no /",
    FILTERS,
    values.parseGlobs,
  ),
  uids: list("--uid <n,...>", "real user ids", FILTERS, values.parseUids),
  containers: list("--container <id,...>", "container ids, their beginnings, or globs", FILTERS, values.parseGlobs),
} satisfies OptionTable;

/** The same of events with two ends: one of them must satisfy all. */
const END_FILTERS = {
  ...PROCESS_FILTERS,
  pids: {
    ...PROCESS_FILTERS.pids,
    text: "process ids; this and the next four also match the other end, where it is on this host",
  },
} satisfies OptionTable;

/** Values of `--format`. */
const FORMATS: readonly OutputFormat[] = ["text", "json", "kv"];

/** Format and place of the output. */
const OUTPUT_OPTIONS = {
  json: flag("--json", "JSON lines: the same as --format json", OUTPUT),
  format: {
    ...optional("--format <name>", "text, json or kv (default: text)", OUTPUT, values.parseChoice(FORMATS)),
    choices: FORMATS,
  },
  output: optional(
    "--output <file>",
    "append to this file (created with mode 0600; reopened on SIGHUP)",
    OUTPUT,
    values.parsePath,
  ),
  quiet: flag("--quiet", "no summary and no warnings on standard error", OUTPUT),
} satisfies OptionTable;

/** Length and resources of the run. */
const RUN_OPTIONS = {
  durationMs: optional(
    "--duration <time>",
    "end after this time: ms, s, m or h (default: no end)",
    RUN,
    values.parseDuration,
  ),
  count: optional("--count <n>", "end after this many events (default: no end)", RUN, values.parseCount),
  readyFile: optional("--ready-file <file>", "create this file when every program is attached", RUN, values.parsePath),
  ringSizeBytes: valued(
    "--ring-size <bytes>",
    "buffer between kernel and culprit: a power of two, K, M or G",
    RUN,
    values.parseRingSize,
    16 * MEBIBYTE,
    "16M",
  ),
  retainMs: valued(
    "--retain <time>",
    "keep facts of ended processes: ms, s, m or h",
    RUN,
    values.parseDuration,
    60_000,
    "1m",
  ),
  libbpf: optional(
    "--libbpf <file>",
    "the libbpf.so to load (default: the one inside, else the system's)",
    RUN,
    values.parsePath,
  ),
} satisfies OptionTable;

/** Options of `culprit dns`. */
export const DNS_OPTIONS = {
  names: list("--name <glob,...>", "names asked for, in any case", FILTERS, values.parseGlobs),
  types: {
    ...list("--type <name,...>", "types asked for: A, AAAA, TYPE65280, ...", FILTERS, values.parseTypes),
    choices: TYPES.map(({ name }) => name),
  },
  rcodes: {
    ...list("--rcode <name,...>", "response codes: NXDOMAIN, ...; drops what has none", FILTERS, values.parseRcodes),
    choices: RCODES.map(({ name }) => name),
  },
  ports: list("--ports <n,...>", "look on these ports only (default: every port)", FILTERS, values.parsePorts),
  ...END_FILTERS,
  messages: flag("--messages", "every message as seen, in place of queries joined to responses", OUTPUT),
  ...OUTPUT_OPTIONS,
  timeoutMs: valued(
    "--timeout <time>",
    "give up on a response after: ms, s, m or h",
    RUN,
    values.parseDuration,
    5000,
    "5s",
  ),
  readFile: optional(
    "--read <file>",
    "read a capture file in place of the network: pcap or pcapng, - for stdin",
    RUN,
    values.parsePath,
  ),
  writeFile: optional(
    "--write <file>",
    "also write every packet, with its process, to a new pcapng file, whatever the filters",
    OUTPUT,
    values.parsePath,
  ),
  ...RUN_OPTIONS,
} satisfies OptionTable;

/** Options of `culprit procs`. */
export const PROCS_OPTIONS = {
  events: {
    ...list(
      "--event <name,...>",
      "kinds of events: exec, fork, exit (default: all)",
      FILTERS,
      values.parseChoices(PROCESS_EVENTS),
    ),
    initial: PROCESS_EVENTS,
    choices: PROCESS_EVENTS,
  },
  ...PROCESS_FILTERS,
  ...OUTPUT_OPTIONS,
  ...RUN_OPTIONS,
} satisfies OptionTable;

/** Options of `culprit conns`. */
export const CONNS_OPTIONS = {
  events: {
    ...list(
      "--event <name,...>",
      "kinds of events: open, accept, listen, bind, fail, close (default: all)",
      FILTERS,
      values.parseChoices(CONNECTION_EVENTS),
    ),
    choices: CONNECTION_EVENTS,
  },
  listen: flag("--listen", "listeners only", FILTERS),
  states: {
    ...list(
      "--state <name,...>",
      "state after the event: established, listening, bound, closed; with --once also time_wait, ...",
      FILTERS,
      values.parseChoices<string>([...CONNECTION_STATES, ...SOCKET_STATES]),
    ),
    choices: [...CONNECTION_STATES, ...SOCKET_STATES],
  },
  connectionPorts: list("--port <n,...>", "ports of either end", FILTERS, values.parsePorts),
  networks: list("--addr <cidr,...>", "addresses or networks of either end", FILTERS, values.parseNetworks),
  protocols: {
    ...list(
      "--proto <name,...>",
      "tcp, udp, udplite, icmp, raw, unix; with --once also mptcp, sctp, packet",
      FILTERS,
      values.parseChoices<string>(CONNS_PROTOCOLS),
    ),
    choices: CONNS_PROTOCOLS,
  },
  paths: list(
    "--path <glob,...>",
    "names of Unix sockets, and nothing else; abstract ones begin with @",
    FILTERS,
    values.parseGlobs,
  ),
  directions: {
    ...list(
      "--direction <name,...>",
      "who began: outbound (this end), inbound, unknown, none (listeners)",
      FILTERS,
      values.parseChoices(CONNECTION_DIRECTIONS),
    ),
    choices: CONNECTION_DIRECTIONS,
  },
  ...END_FILTERS,
  ...OUTPUT_OPTIONS,
  once: flag("--once", "list every socket there is with all processes that hold it, and end", RUN),
  unix: flag("--unix", "Unix sockets too", RUN),
  keepMs: valued(
    "--keep <time>",
    'remember ended connections, 20,000 at most, for "conns --once" and "who" of the same user: ms, s, m or h',
    RUN,
    values.parseDuration,
    0,
    "off",
  ),
  idleMs: valued(
    "--idle <time>",
    "a flow without packets has ended after: ms, s, m or h",
    RUN,
    values.parseDuration,
    30_000,
    "30s",
  ),
  ...RUN_OPTIONS,
} satisfies OptionTable;

/** Values of `--format` of `culprit who`. */
const WHO_FORMATS = ["text", "json"] as const;

/** Options of `culprit who`. */
export const WHO_OPTIONS = {
  ...PROCESS_FILTERS,
  ...OUTPUT_OPTIONS,
  format: {
    ...optional("--format <name>", "text or json (default: text)", OUTPUT, values.parseChoice(WHO_FORMATS)),
    choices: WHO_FORMATS,
  },
  waitMs: optional(
    "--wait <time>",
    "when nobody has such a socket, wait for the next who does, or the next --count: ms, s, m or h",
    RUN,
    values.parseDuration,
  ),
  count: optional(
    "--count <n>",
    "end after this many processes (default: no end, with --wait 1)",
    RUN,
    values.parseCount,
  ),
  readyFile: RUN_OPTIONS.readyFile,
  ringSizeBytes: RUN_OPTIONS.ringSizeBytes,
  libbpf: RUN_OPTIONS.libbpf,
} satisfies OptionTable;

/** Values of `--format` of `culprit map`. */
export const MAP_FORMATS = ["text", "json", "kv", "dot", "mermaid", "html"] as const;

/** How a map is written. */
export type MapFormat = typeof MAP_FORMATS[number];

/** Values of `--policy`. */
const POLICIES = ["nft"] as const;

/** Options of `culprit map`. */
export const MAP_OPTIONS = {
  connectionPorts: CONNS_OPTIONS.connectionPorts,
  networks: CONNS_OPTIONS.networks,
  protocols: {
    ...list(
      "--proto <name,...>",
      "tcp, udp, udplite, icmp, raw",
      FILTERS,
      values.parseChoices<string>(CONNECTION_TRANSPORTS),
    ),
    choices: CONNECTION_TRANSPORTS,
  },
  ...END_FILTERS,
  json: OUTPUT_OPTIONS.json,
  format: {
    ...optional(
      "--format <name>",
      "text, json, kv, dot, mermaid or html (default: text)",
      OUTPUT,
      values.parseChoice(MAP_FORMATS),
    ),
    choices: MAP_FORMATS,
  },
  policy: {
    ...optional(
      "--policy <name>",
      "propose a firewall policy from what was seen, in place of the map: nft",
      OUTPUT,
      values.parseChoice(POLICIES),
    ),
    choices: POLICIES,
  },
  minCount: valued(
    "--min-count <n>",
    "with --policy: allow what came about at least so many times",
    OUTPUT,
    values.parseCount,
    1,
    "1",
  ),
  output: optional(
    "--output <file>",
    "write to this file (created with mode 0600): text, json and kv are appended, the others replace it",
    OUTPUT,
    values.parsePath,
  ),
  quiet: OUTPUT_OPTIONS.quiet,
  durationMs: valued(
    "--duration <time>",
    "gather for this time, or until Ctrl-C: ms, s, m or h",
    RUN,
    values.parseDuration,
    60_000,
    "1m",
  ),
  readyFile: RUN_OPTIONS.readyFile,
  ringSizeBytes: RUN_OPTIONS.ringSizeBytes,
  retainMs: RUN_OPTIONS.retainMs,
  libbpf: RUN_OPTIONS.libbpf,
} satisfies OptionTable;

/** Options of `culprit top`. */
export const TOP_OPTIONS = {
  connectionPorts: CONNS_OPTIONS.connectionPorts,
  networks: CONNS_OPTIONS.networks,
  protocols: MAP_OPTIONS.protocols,
  directions: CONNS_OPTIONS.directions,
  ...END_FILTERS,
  by: {
    ...valued(
      "--by <name>",
      "rows are: process, destination or name",
      OUTPUT,
      values.parseChoice(VIEWS),
      "process",
      "process",
    ),
    choices: VIEWS,
  },
  sort: {
    ...valued(
      "--sort <name>",
      "order: bytes, connections or lookups",
      OUTPUT,
      values.parseChoice(SORTS),
      "bytes",
      "bytes",
    ),
    choices: SORTS,
  },
  batch: flag("--batch", "plain text, one table after the other, in place of a screen", OUTPUT),
  quiet: OUTPUT_OPTIONS.quiet,
  intervalMs: valued(
    "--interval <time>",
    "time between two refreshes, at least 100ms: ms, s, m or h",
    RUN,
    values.parseDuration,
    1000,
    "1s",
  ),
  durationMs: RUN_OPTIONS.durationMs,
  count: optional("--count <n>", "end after this many refreshes (default: no end)", RUN, values.parseCount),
  ports: {
    ...list(
      "--ports <n,...>",
      "ports of DNS, where lookups are looked for (default: 53,5353,5355)",
      RUN,
      values.parsePorts,
    ),
    initial: [53, 5353, 5355],
  },
  idleMs: CONNS_OPTIONS.idleMs,
  readyFile: RUN_OPTIONS.readyFile,
  ringSizeBytes: RUN_OPTIONS.ringSizeBytes,
  retainMs: {
    ...RUN_OPTIONS.retainMs,
    text: "keep facts of ended processes, and rows without traffic: ms, s, m or h",
  },
  libbpf: RUN_OPTIONS.libbpf,
} satisfies OptionTable;

/** Options of `culprit doctor`. */
export const DOCTOR_OPTIONS = {
  json: flag("--json", "one JSON object in place of the table", OUTPUT),
  libbpf: RUN_OPTIONS.libbpf,
} satisfies OptionTable;

/** Options of `culprit decode`. */
export const DECODE_OPTIONS = {
  json: flag("--json", "one JSON object in place of the table", OUTPUT),
} satisfies OptionTable;

/** Options of `culprit version`. */
export const VERSION_OPTIONS = {
  json: flag("--json", "one JSON object in place of the table", OUTPUT),
} satisfies OptionTable;
