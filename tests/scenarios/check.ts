/**
 * Compares what culprit reported with the ground truth. A field that contradicts the truth is wrong; one that is absent
 * or `unknown` is missed.
 *
 * @module
 */

import type { DnsEvent, ProcessInfo } from "../../src/events.ts";
import type { Truth } from "./truth.ts";

/** How far the reported start of a process may be from the truth, ms: one clock tick, and the clocks read apart. */
const START_TOLERANCE_MS = 60;

/** One way in which a report differs from the truth. */
export interface Finding {
  kind: "wrong" | "missed";
  text: string;
}

/** What a process must be reported as; what is absent is not compared. */
export type ExpectedProcess =
  & Partial<Pick<Truth, "pid" | "tid" | "ppid" | "uid" | "gid" | "comm" | "exe" | "cmdline" | "netns" | "startMs">>
  & {
    user?: string;
    /** Full id of the container; the empty string for none. */
    container?: string;
  };

/** One transaction that must be reported exactly once. */
export interface Expected {
  /** Absent in messages without a readable name: then source port and process tell the event. */
  name?: string;
  type?: string;
  process?: ExpectedProcess;
  /** Compared where it is reported; `serverRequired` says that it must be. */
  server?: ExpectedProcess;
  serverRequired?: boolean;
  onBehalfOf?: ExpectedProcess;
  /** The message is so broken that its sender may be taken for the answering end. */
  anyRole?: true;
  transport?: string;
  family?: string;
  sourcePort?: number;
  destinationPort?: number;
  sourceIp?: string;
  destinationIp?: string;
  interface?: string;
  /** Each of these is right. */
  status?: DnsEvent["status"][];
  rcode?: string;
  /** What no field above says. */
  also?: (event: DnsEvent, say: (kind: Finding["kind"], text: string) => void) => void;
}

/** Compares one value; undefined and `unknown` are missed, not wrong. */
function compareValue(findings: Finding[], what: string, wanted: unknown, found: unknown): void {
  if (wanted === undefined) return;
  const [wantedText, foundText] = [JSON.stringify(wanted), JSON.stringify(found)];
  if (wantedText === foundText) return;
  const unknown = found === undefined || found === "unknown" || (Array.isArray(found) && found.length === 0);
  findings.push({ kind: unknown ? "missed" : "wrong", text: `${what} is ${foundText}, not ${wantedText}` });
}

/**
 * Compares a reported process with the truth.
 *
 * @param what how the finding calls it, for example `process`
 * @param wanted the truth
 * @param found what was reported
 * @returns every difference
 */
export function compareProcess(what: string, wanted: ExpectedProcess, found: ProcessInfo | undefined): Finding[] {
  if (!found) return [{ kind: "missed", text: `${what} is not named` }];
  const findings: Finding[] = [];
  // A process nobody could read says so: parent and namespace are 0 then, and the comm stands in for its name.
  const isUnknown = found.exe === "unknown" && found.unknown_reason !== undefined;
  if (isUnknown) {
    found = { ...found, name: "unknown" };
    // Nobody: it is not said that it was the kernel's process 0.
    if (found.pid === 0) {
      return findings.concat({ kind: "missed", text: `${what} is not known: ${found.unknown_reason}` });
    }
    findings.push({ kind: "missed", text: `${what} is not known: ${found.unknown_reason}` });
  }
  for (const key of ["pid", "tid", "ppid", "uid", "gid", "comm", "exe", "cmdline", "netns", "user"] as const) {
    const isAbsent = isUnknown && found[key] === 0 && (key === "ppid" || key === "netns");
    compareValue(findings, `${what}.${key}`, wanted[key], isAbsent ? undefined : found[key]);
  }
  if (wanted.exe !== undefined) {
    compareValue(findings, `${what}.name`, wanted.exe.slice(wanted.exe.lastIndexOf("/") + 1), found.name);
  }
  if (wanted.ppid !== undefined) {
    compareValue(findings, `${what}.ancestors[0].pid`, wanted.ppid, found.ancestors[0]?.pid);
  }
  if (wanted.container !== undefined) {
    compareValue(findings, `${what}.container.id`, wanted.container || undefined, found.container?.id);
    if (wanted.container === "" && found.container) {
      findings.push({ kind: "wrong", text: `${what}.container is ${found.container.id}, not absent` });
    }
  }
  if (wanted.startMs !== undefined) {
    const start = Date.parse(found.start_time);
    if (Number.isNaN(start)) findings.push({ kind: "missed", text: `${what}.start_time is ${found.start_time}` });
    else if (Math.abs(start - wanted.startMs) > START_TOLERANCE_MS) {
      findings.push({
        kind: "wrong",
        text: `${what}.start_time is ${found.start_time}, not ${new Date(wanted.startMs).toISOString()}`,
      });
    }
  }
  return findings;
}

/**
 * Compares an event with the transaction it must report.
 *
 * @param expected the transaction
 * @param event the event
 * @returns every difference; empty when the event is right
 */
export function compareEvent(expected: Expected, event: DnsEvent): Finding[] {
  const findings: Finding[] = [];
  const { network, dns } = event;
  if (expected.process && event.role === "server" && !expected.anyRole) {
    // A report of the answering end alone: what it says must be right, but who asked is not said.
    findings.push({ kind: "missed", text: "the client is not named" });
    if (expected.server) findings.push(...compareProcess("process", expected.server, event.process));
  } else if (expected.process) {
    findings.push(...compareProcess("process", expected.process, event.process));
    if (!expected.anyRole) compareValue(findings, "role", "client", event.role);
    if (event.attribution === "unknown") findings.push({ kind: "missed", text: "attribution is unknown" });
  }
  if (expected.server && (event.server_process || expected.serverRequired)) {
    findings.push(...compareProcess("server_process", expected.server, event.server_process));
  }
  if (expected.onBehalfOf) {
    findings.push(...compareProcess("on_behalf_of.process", expected.onBehalfOf, event.on_behalf_of?.process));
  }
  compareValue(findings, "transport", expected.transport, network.transport);
  compareValue(findings, "family", expected.family, network.family);
  compareValue(findings, "source.port", expected.sourcePort || undefined, network.source.port);
  compareValue(findings, "destination.port", expected.destinationPort || undefined, network.destination.port);
  compareValue(findings, "source.ip", expected.sourceIp, network.source.ip);
  compareValue(findings, "destination.ip", expected.destinationIp, network.destination.ip);
  compareValue(findings, "interface", expected.interface, network.interface);
  compareValue(findings, "rcode", expected.rcode, dns.rcode);
  if (expected.status && !expected.status.includes(event.status)) {
    findings.push({ kind: "wrong", text: `status is ${event.status}, not ${expected.status.join(" or ")}` });
  }
  if (event.status === "answered") {
    if (event.latency_us === undefined) findings.push({ kind: "missed", text: "latency_us is absent" });
    else if (event.latency_us < 0) findings.push({ kind: "wrong", text: `latency_us is ${event.latency_us}` });
  }
  expected.also?.(event, (kind, text) => findings.push({ kind, text }));
  return findings;
}

/** A name in lower case with every escape as `\\DDD`: writers may choose `\\.` or `\\046`. */
function canonicalName(name: string): string {
  const decimal = (character: string): string => `\\${String(character.charCodeAt(0)).padStart(3, "0")}`;
  return name.replaceAll(/\\(\d{3}|.)|[^\w.-]/g, (match, escaped?: string) => {
    if (escaped === undefined) return decimal(match);
    return escaped.length === 3 ? match : decimal(escaped);
  }).toLowerCase();
}

/** What events with a readable question are looked up by. */
function keyOfQuestion(name: string, type = "A"): string {
  return `${canonicalName(name)} ${type}`;
}

/** What events without are looked up by: the port alone may have been another process's before. */
function keyOfSocket(sourcePort: number | undefined, pid: number | undefined): string {
  return `port ${sourcePort} of process ${pid}`;
}

/**
 * Finds the event of each expected transaction and compares them; takes the events it explains out of `events`.
 *
 * @param expectations every transaction that must be reported exactly once
 * @param events what was reported and is not explained yet
 * @returns every difference, a second report of the same transaction included
 */
export function judge(expectations: readonly Expected[], events: Set<DnsEvent>): Finding[] {
  const findings: Finding[] = [];
  const byKey = new Map<string, DnsEvent[]>();
  const add = (key: string, event: DnsEvent): void => {
    const list = byKey.get(key);
    if (list) list.push(event);
    else byKey.set(key, [event]);
  };
  for (const event of events) {
    const { question } = event.dns;
    if (question) add(keyOfQuestion(question.name, question.type), event);
    add(keyOfSocket(event.network.source.port, event.process?.pid), event);
  }
  const keys = new Set<string>();
  for (const expected of expectations) {
    const { name, type, sourcePort, process } = expected;
    const key = name === undefined ? keyOfSocket(sourcePort, process?.pid) : keyOfQuestion(name, type);
    keys.add(key);
    let best: { event: DnsEvent; differences: Finding[] } | undefined;
    for (const event of byKey.get(key) ?? []) {
      if (!events.has(event)) continue;
      const differences = compareEvent(expected, event);
      if (!best || differences.length < best.differences.length) best = { event, differences };
      if (differences.length === 0) break;
    }
    if (best) events.delete(best.event);
    const found = best?.differences ?? [{ kind: "missed" as const, text: "not reported" }];
    findings.push(...found.map(({ kind, text }) => ({ kind, text: `${key}: ${text}` })));
  }
  for (const key of keys) {
    for (const event of byKey.get(key) ?? []) {
      if (!events.delete(event)) continue;
      findings.push({ kind: "wrong", text: `${key}: reported again: ${describe(event)}` });
    }
  }
  return findings;
}

/**
 * Says in one line what an event reports.
 *
 * @param event the event
 * @returns process, direction and question
 */
export function describe(event: DnsEvent): string {
  const { network, dns, process, server_process: server } = event;
  return [
    `${event.role ?? "no role"} ${process?.name ?? "no process"}[${process?.pid ?? "?"}]`,
    `${network.transport} ${network.source.ip}:${network.source.port} to ${network.destination.ip}:${network.destination.port}`,
    `${network.direction} on ${network.interface}, server ${server?.name ?? "unknown"}`,
    `${dns.question?.name ?? "no question"} ${dns.question?.type ?? ""} ${event.status}`,
    ...dns.anomalies,
  ].join(", ");
}
