/**
 * What the fields of `who` events mean, and their text form.
 *
 * @module
 */

import type { Endpoint, WhoEvent, WhoLookupInfo, WhoSocketInfo } from "../../src/events.ts";
import { escapeTerminal } from "../../src/output/escape.ts";
import {
  BASE_FIELDS,
  type Block,
  ENDPOINT_BLOCK,
  type EventDescription,
  EXAMPLE_PROCESS,
  PROCESS_BLOCK,
} from "../../src/output/fields.ts";

/** A socket of an answer. */
const WHO_SOCKET_BLOCK: Block<WhoSocketInfo> = {
  name: "who_socket",
  text: "A socket by which a process has to do with what was asked for",
  fields: {
    end: {
      type: "string",
      values: { local: "the process serves it", remote: "the process talks to it" },
      text: "Which end of it is what was asked for",
    },
    protocol: { type: "string", text: "Protocol, as in socket events" },
    state: { type: "string", text: "State, as in socket events, or the event of a connection that was waited for" },
    local: { type: "block", block: ENDPOINT_BLOCK, text: "Own address" },
    remote: { type: "block", block: ENDPOINT_BLOCK, optional: true, text: "Other end, where there is one" },
    netns: { type: "integer", text: "Inode number of the network namespace" },
    fds: { type: "integers", text: "Descriptors of it; empty where it was not accepted yet, or was seen live" },
  },
};

/** A name asked for. */
const WHO_LOOKUP_BLOCK: Block<WhoLookupInfo> = {
  name: "who_lookup",
  text: "A name that a process asked for",
  fields: {
    name: { type: "string", text: "Name" },
    server: { type: "block", block: ENDPOINT_BLOCK, text: "Server it asked" },
    answers: { type: "strings", text: "Data of the answers; empty where there are none" },
    rcode: { type: "string", optional: true, text: "Response code; absent where no response came within a second" },
  },
};

/** An answer of `culprit who`. */
export const WHO_EVENT: EventDescription<WhoEvent> = {
  name: "who_event",
  text: "A process that has to do with an address or a name",
  fields: {
    ...BASE_FIELDS,
    type: { type: "string", values: { who: "always" }, text: "Kind of event" },
    target: { type: "string", text: "What was asked for, as it was written" },
    evidence: {
      type: "string",
      values: {
        socket: "it has such a socket now",
        connection: "it was seen opening or using such a connection",
        lookup: "it was seen asking for the name",
      },
      text: "How it is known",
    },
    process: { type: "block", block: PROCESS_BLOCK, text: "The process" },
    exe_sha256: { type: "string", text: "SHA-256 of the executable it runs, in hex" },
    package: {
      type: "string",
      text: "Package that owns the executable (dpkg, apk, rpm 4.16 or newer), or `none`, or `unknown` with a reason",
    },
    package_version: { type: "string", optional: true, text: "Version of the package" },
    unknown_reason: { type: "string", optional: true, text: "Why `exe_sha256` or `package` are `unknown`" },
    sockets: { type: "list", block: WHO_SOCKET_BLOCK, text: "Its sockets that match; empty with `lookup`" },
    lookup: { type: "block", block: WHO_LOOKUP_BLOCK, optional: true, text: "What it asked for, with `lookup`" },
  },
  example: {
    schema: "culprit/1",
    type: "who",
    time: "2026-11-21T00:12:04.000000000Z",
    target: "198.51.100.4:443",
    evidence: "socket",
    process: EXAMPLE_PROCESS,
    exe_sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    package: "iputils-ping",
    package_version: "3:20221126-1",
    sockets: [{
      end: "remote",
      protocol: "tcp",
      state: "established",
      local: { ip: "192.0.2.7", port: 43112 },
      remote: { ip: "198.51.100.4", port: 443 },
      netns: 4026531840,
      fds: [5],
    }],
  },
};

/** An end as people write it. */
function endText({ ip, port }: Endpoint): string {
  return `${ip.includes(":") ? `[${ip}]` : ip}:${port === 0 ? "*" : port}`;
}

/** Sockets beyond which the rest is only counted. */
const MAX_SOCKETS_SHOWN = 20;

/** A socket as one line. */
function socketText({ protocol, state, local, remote, fds }: WhoSocketInfo): string {
  const peer = remote === undefined ? "" : ` -> ${endText(remote)}`;
  const descriptors = fds.length === 0 ? "" : ` (fd ${fds.join(", ")})`;
  return `${protocol} ${state} ${endText(local)}${peer}${descriptors}`;
}

/**
 * The answer as people read it: a block of lines, an empty one after it.
 *
 * @param event the answer
 * @returns lines, free of what could steer a terminal
 */
export function whoStory(event: WhoEvent): string {
  const { process, sockets, lookup } = event;
  const serves = sockets.length > 0 && sockets.every(({ end }) => end === "local");
  const isSeen = event.evidence === "connection";
  const hasFailed = isSeen && sockets.every(({ state }) => state === "fail");
  const isPast = isSeen && !hasFailed && sockets.every(({ state }) => state === "close" || state === "fail");
  let does = serves ? "serves" : "talks to";
  if (event.evidence === "lookup") does = "asked for";
  else if (hasFailed) does = "tried to reach";
  else if (isPast) does = serves ? "served" : "talked to";
  const isKnown = process.pid !== 0;
  const facts: [string, string][] = [
    ["process", `${process.name} (pid ${process.pid}), started ${process.start_time}`],
    [
      "user",
      process.uid === undefined ? "unknown" : `${process.user ?? "unknown"} (uid ${process.uid}, gid ${process.gid})`,
    ],
    ["executable", process.exe === "" ? "none: a thread of the kernel" : process.exe],
    ["sha256", event.exe_sha256],
    ["package", event.package_version === undefined ? event.package : `${event.package} ${event.package_version}`],
    ["command", process.cmdline.join(" ") + (process.cmdline_truncated === true ? " ..." : "")],
    ["directory", process.cwd],
    ["ancestors", process.ancestors.map(({ name, pid }) => `${name} (${pid})`).join(" < ") || "none known"],
    ["container", process.container === undefined ? "none" : `${process.container.runtime} ${process.container.id}`],
    ["cgroup", process.cgroup],
    ["netns", [...new Set([process.netns, ...sockets.map(({ netns }) => netns)])].join(", ")],
  ];
  // Of nobody there are no facts, only sockets and why nobody is known.
  const lines: [string, string][] = isKnown ? facts : [];
  // When it held the sockets is now; the rest has a time of its own.
  if (event.evidence !== "socket") lines.push([isPast ? "ended" : "seen", event.time]);
  for (const socket of sockets.slice(0, MAX_SOCKETS_SHOWN)) lines.push(["socket", socketText(socket)]);
  if (sockets.length > MAX_SOCKETS_SHOWN) lines.push(["", `and ${sockets.length - MAX_SOCKETS_SHOWN} more`]);
  if (lookup !== undefined) {
    const { name, server, rcode = "no response", answers } = lookup;
    lines.push(["lookup", `${name} at ${endText(server)}: ${[rcode, answers.join(", ")].join(" ").trimEnd()}`]);
  }
  const reason = process.unknown_reason ?? event.unknown_reason;
  if (reason !== undefined) lines.push(["unknown", reason]);
  const title = isKnown
    ? `${process.name} (pid ${process.pid}) ${does} ${event.target}`
    : `no process is known for ${event.target}`;
  return `${[title, ...lines.map(([key, text]) => `  ${key.padEnd(11)}${text}`)].map(escapeTerminal).join("\n")}\n\n`;
}
