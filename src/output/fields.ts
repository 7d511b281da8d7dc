/**
 * Descriptions of the fields of every event. JSON Schema, `docs/EVENTS.md` and text columns are made from them, and the
 * types here make the compiler compare them with `src/events.ts`: a field that is missing here, described twice, no
 * longer there, or of another type or optionality does not compile.
 *
 * @module
 */

import type {
  AncestorInfo,
  ContainerInfo,
  Endpoint,
  EventBase,
  LossEvent,
  NetworkInfo,
  ProcessInfo,
  SummaryEvent,
} from "../events.ts";

/** An object that appears in several places, with its fields. */
export interface Block<T> {
  /** Name in the JSON Schema, snake_case. */
  readonly name: string;
  /** What it is, one sentence without period. */
  readonly text: string;
  /** Its fields, in the order of the line. */
  readonly fields: Fields<T>;
}

/** Type of a field, from the type of its property. */
export type FieldShape<Value> = [Value] extends [true] ? { readonly type: "true" }
  : [Value] extends [number] ? { readonly type: "integer"; readonly unit?: string; readonly maximum?: number }
  : [Value] extends [string] ? (string extends Value ? { readonly type: "string"; readonly format?: "date-time" }
      : { readonly type: "string"; readonly values: Readonly<Record<Value, string>> })
  : [Value] extends [readonly string[]] ? { readonly type: "strings" }
  : [Value] extends [readonly number[]] ? { readonly type: "integers" }
  : [Value] extends [readonly (infer Item)[]] ? { readonly type: "list"; readonly block: Block<Item> }
  : string extends keyof Value ? { readonly type: "counts" }
  : { readonly type: "block"; readonly block: Block<Value> };

/** Whether a field may be absent. */
export type Presence<T, Key extends keyof T> = Record<never, never> extends Pick<T, Key> ? { readonly optional: true }
  : { readonly optional?: never };

/** Descriptions of all properties of `T`, no more and no less. */
export type Fields<T> = {
  readonly [Key in keyof Required<T>]:
    & FieldShape<Required<T>[Key]>
    & Presence<T, Key>
    & { readonly text: string };
};

/** A description as generators read it, whatever it describes. */
export interface AnyField {
  /** `strings`, `integers` and `list` are arrays, `counts` an object of integers by name, `list` and `block` hold a `block`. */
  readonly type: "true" | "integer" | "string" | "strings" | "integers" | "list" | "counts" | "block";
  /** What it means, without period. */
  readonly text: string;
  /** It may be absent. */
  readonly optional?: true;
  /** Unit of an integer. */
  readonly unit?: string;
  /** Largest integer; 2^53 - 1 where it is not given. */
  readonly maximum?: number;
  /** Format of a string, as JSON Schema names it. */
  readonly format?: "date-time";
  /** All values of a string with their meaning; absent where any text may stand. */
  readonly values?: Readonly<Record<string, string>>;
  /** What an object or the items of a list are. */
  readonly block?: AnyBlock;
}

/** A block as generators read it. */
export interface AnyBlock {
  /** Name in the JSON Schema. */
  readonly name: string;
  /** What it is, without period. */
  readonly text: string;
  /** Its fields by name. */
  readonly fields: Readonly<Record<string, AnyField>>;
}

/** One kind of event: a block whose `type` tells it from the others. */
export interface EventDescription<T> extends Block<T> {
  /** An example as it is written. */
  readonly example: T;
}

/** Largest inode number of a namespace (kernel: unsigned int in struct ns_common). */
const LARGEST_INODE = 2 ** 32 - 1;
const LARGEST_PORT = 65535;

/** What every event starts with. */
export const BASE_FIELDS: Fields<EventBase> = {
  schema: {
    type: "string",
    values: { "culprit/1": "fields may be added, never removed or changed" },
    text: "Version of this schema",
  },
  time: { type: "string", format: "date-time", text: "When it happened: RFC 3339, UTC, nanoseconds" },
};

/** An ancestor. */
export const ANCESTOR_BLOCK: Block<AncestorInfo> = {
  name: "ancestor",
  text: "An ancestor of a process",
  fields: {
    pid: { type: "integer", text: "Process id" },
    name: { type: "string", text: "File name of the executable, or comm" },
    exe: { type: "string", text: "Path of the executable" },
  },
};

/** A container. */
export const CONTAINER_BLOCK: Block<ContainerInfo> = {
  name: "container",
  text: "The container a process runs in, from its cgroup path",
  fields: {
    id: { type: "string", text: "Id in full: 64 hex digits of OCI runtimes, a name of nspawn and LXC" },
    runtime: {
      type: "string",
      text: "`docker`, `podman`, `containerd`, `cri-o`, `systemd-nspawn`, `lxc` or `unknown`",
    },
  },
};

/** A process. */
export const PROCESS_BLOCK: Block<ProcessInfo> = {
  name: "process",
  text: "A process; strings that could not be found out are `unknown`",
  fields: {
    pid: { type: "integer", text: "Process id (the kernel's thread group id); 0 where no process is known" },
    tid: { type: "integer", optional: true, text: "Thread that acted; absent in process events" },
    start_time: {
      type: "string",
      text: "Start: RFC 3339 with milliseconds; with `pid` it identifies the process for ever",
    },
    name: { type: "string", text: "File name of the executable, or comm of the main thread where there is none" },
    comm: { type: "string", text: "Comm of the acting thread: at most 15 bytes, any thread can change its own" },
    exe: { type: "string", text: "Path of the executable in the process's mount namespace" },
    cmdline: { type: "strings", text: "Arguments, the first is the program's name for itself" },
    cmdline_truncated: { type: "true", optional: true, text: "`cmdline` was longer than the 4 KiB that are kept" },
    cwd: { type: "string", text: "Working directory" },
    uid: { type: "integer", optional: true, text: "Real user id; absent where it is not known" },
    gid: { type: "integer", optional: true, text: "Real group id; absent where it is not known" },
    user: { type: "string", optional: true, text: "Name of `uid`, where it has one" },
    ppid: { type: "integer", text: "Process id of the parent" },
    ancestors: { type: "list", block: ANCESTOR_BLOCK, text: "Parent, its parent and so on" },
    cgroup: { type: "string", text: "Path of the cgroup" },
    netns: { type: "integer", maximum: LARGEST_INODE, text: "Inode number of the network namespace" },
    container: { type: "block", block: CONTAINER_BLOCK, optional: true, text: "Container it runs in" },
    unknown_reason: { type: "string", optional: true, text: "Why fields say `unknown`, where they do" },
  },
};

/** One end of a flow. */
export const ENDPOINT_BLOCK: Block<Endpoint> = {
  name: "endpoint",
  text: "One end of a flow",
  fields: {
    ip: { type: "string", text: "IPv4 or IPv6 address" },
    port: { type: "integer", maximum: LARGEST_PORT, text: "Port" },
  },
};

/** A packet. */
export const NETWORK_BLOCK: Block<NetworkInfo> = {
  name: "network",
  text: "The packet as on the wire; of a transaction: the query",
  fields: {
    transport: {
      type: "string",
      values: { udp: "UDP", tcp: "TCP", packet: "UDP sent through a packet socket (AF_PACKET)" },
      text: "How it was sent",
    },
    family: { type: "string", values: { ipv4: "IPv4", ipv6: "IPv6" }, text: "Version of IP" },
    source: { type: "block", block: ENDPOINT_BLOCK, text: "Sender" },
    destination: { type: "block", block: ENDPOINT_BLOCK, text: "Receiver" },
    translated: {
      type: "block",
      block: ENDPOINT_BLOCK,
      optional: true,
      text: "Where this host sent it in place of `destination` (DNAT), which is as the client addressed it",
    },
    interface: { type: "string", text: "Name of the device, in the network namespace of the socket" },
    direction: {
      type: "string",
      values: { egress: "it left the socket of `process`", ingress: "it reached the socket of `process`" },
      text: "Seen leaving or arriving",
    },
  },
};

/** Example of {@linkcode PROCESS_BLOCK}, shared by the examples of events. */
export const EXAMPLE_PROCESS: ProcessInfo = {
  pid: 877,
  tid: 877,
  start_time: "2026-11-21T00:12:03.101Z",
  name: "ping",
  comm: "ping",
  exe: "/usr/bin/ping",
  cmdline: ["ping", "example.com"],
  cwd: "/root",
  uid: 0,
  gid: 0,
  user: "root",
  ppid: 812,
  ancestors: [{ pid: 812, name: "bash", exe: "/usr/bin/bash" }, {
    pid: 1,
    name: "systemd",
    exe: "/usr/lib/systemd/systemd",
  }],
  cgroup: "/user.slice/user-0.slice/session-1.scope",
  netns: 4026531840,
};

/** Events lost. */
export const LOSS_EVENT: EventDescription<LossEvent> = {
  name: "loss_event",
  text: "Events were lost; written when it is noticed",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { loss: "always" }, text: "Kind of event" },
    cause: { type: "string", text: "Stable name of the cause, for example `ring_full`: see causes of loss" },
    count: { type: "integer", text: "How many since the last such line" },
  },
  example: {
    schema: "culprit/1",
    type: "loss",
    time: "2026-11-21T00:12:04.000000000Z",
    cause: "ring_full",
    count: 113,
  },
};

/** The last line. */
export const SUMMARY_EVENT: EventDescription<SummaryEvent> = {
  name: "summary_event",
  text: "The last line of every run",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { summary: "always" }, text: "Kind of event" },
    command: { type: "string", text: "Command that ran, for example `dns`" },
    duration_ms: { type: "integer", unit: "ms", text: "How long it observed" },
    events: { type: "integer", text: "Events written" },
    observed: {
      type: "counts",
      text:
        "What the events were made of: messages, packets, kernel events. `connections_dropped` and `names_dropped` were forgotten for newer ones: ended connections before the time of `--keep`, and names of all but the 65,536 addresses looked up last, which then show none",
    },
    lost: { type: "counts", text: "Lost, per cause (see causes of loss); empty when nothing was" },
    not_observed: { type: "strings", text: "What this run could not see, and why" },
  },
  example: {
    schema: "culprit/1",
    type: "summary",
    time: "2026-11-21T00:12:33.000000000Z",
    command: "dns",
    duration_ms: 30000,
    events: 12,
    observed: { messages: 24 },
    lost: {},
    not_observed: [],
  },
};
