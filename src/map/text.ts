/**
 * Words for the ends and figures of edges, the same in every format. What processes and networks say is free of what
 * could steer a terminal afterwards; each format escapes what its own syntax needs.
 *
 * @module
 */

import type { EdgeEvent, MapEndInfo, MapProcessInfo } from "../events.ts";
import { escapeTerminal } from "../output/escape.ts";

/** Digits of a container's id that people write. */
const SHORT_ID = 12;

/** Ids of OCI runtimes, which are cut; names of other runtimes are not. */
const LONG_ID = /^[0-9a-f]{64}$/;

/**
 * Id of a container as people write it.
 *
 * @param id whole id
 * @returns its first 12 digits, or all of a name
 */
export function shortContainer(id: string): string {
  return escapeTerminal(LONG_ID.test(id) ? id.slice(0, SHORT_ID) : id);
}

/**
 * What tells a process group from others with the same name.
 *
 * @param process the group
 * @returns unit, container and user, where they say something
 */
export function processDetail(process: MapProcessInfo): string {
  const words: string[] = [];
  if (process.container !== undefined) {
    words.push(`${process.container.runtime} ${shortContainer(process.container.id)}`);
  } else if (process.unit !== undefined) {
    words.push(process.unit);
  }
  words.push(process.user ?? `uid ${process.uid ?? "unknown"}`);
  return escapeTerminal(words.join(", "));
}

/**
 * An end in few words.
 *
 * @param end one end of an edge
 * @returns name of the process, DNS name or address
 */
export function endName({ kind, process, ip, names }: MapEndInfo): string {
  switch (kind) {
    case "process":
      return escapeTerminal(process?.name ?? "unknown");
    case "address":
      return escapeTerminal(names?.[0] ?? ip ?? "unknown");
    case "unknown":
      return "unknown process";
    case "other":
      return "others";
  }
}

/**
 * An end with what tells it from others of the same name.
 *
 * @param end one end of an edge
 * @returns for example `nginx (nginx.service, www-data)` or `example.com (192.0.2.7)`
 */
export function endText(end: MapEndInfo): string {
  const name = endName(end);
  if (end.kind === "process" && end.process !== undefined) return `${name} (${processDetail(end.process)})`;
  if (end.kind === "address" && end.names !== undefined) return `${name} (${end.ip})`;
  return name;
}

/**
 * Protocol and port.
 *
 * @param edge an edge
 * @returns for example `tcp/443`, `icmp`
 */
export function portText({ transport, port }: Pick<EdgeEvent, "transport" | "port">): string {
  return port === 0 ? transport : `${transport}/${port}`;
}

/**
 * Octets in the unit people would say them in.
 *
 * @param count octets
 * @returns for example `12 B`, `1.50 kB`
 */
export function octetsText(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = count / 1000;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit++) value /= 1000;
  return `${value.toPrecision(3)} ${units[unit]}`;
}

/**
 * What went wrong, most often first.
 *
 * @param errors counts by name
 * @returns for example `3 ECONNREFUSED, 1 reset`; empty for nothing
 */
export function errorsText(errors: EdgeEvent["errors"]): string {
  const sorted = Object.entries(errors).sort(([, left], [, right]) => right - left);
  return sorted.map(([name, count]) => `${count} ${escapeTerminal(name)}`).join(", ");
}
