/**
 * The filters of the command line as one predicate over events. Values of one option are alternatives; options must
 * all agree.
 *
 * @module
 */

import type { CulpritEvent, DnsEvent, DnsMessageEvent, ProcessInfo } from "../events.ts";
import { compileGlob, type Matcher } from "./glob.ts";

/** What the filter options of a command hold; an empty list lets everything pass. */
export interface FilterOptions {
  /** Process ids (thread group ids). */
  readonly pids: readonly number[];
  /** Globs over the comm of the acting thread. */
  readonly comms: readonly string[];
  /** Globs over the executable: over its whole path where the glob holds a `/`, else over its file name. */
  readonly exes: readonly string[];
  /** Real user ids. */
  readonly uids: readonly number[];
  /** Container ids, whole or their beginning, or globs over the whole id. */
  readonly containers: readonly string[];
  /** DNS: globs over the names asked for; case and a trailing dot do not matter. */
  readonly names?: readonly string[];
  /** DNS: types asked for, in capitals as events show them. */
  readonly types?: readonly string[];
  /** DNS: response codes, in capitals as events show them; what has none (queries, timeouts) does not pass. */
  readonly rcodes?: readonly string[];
}

/** Whether an event passes. */
export type EventFilter = (event: CulpritEvent) => boolean;

/** One matcher out of several, which are alternatives. */
function anyOf(matchers: readonly Matcher[]): Matcher {
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (text) => matchers.some((matches) => matches(text));
}

/** A glob over an executable. */
function compileExe(pattern: string): Matcher {
  const matches = compileGlob(pattern);
  return pattern.includes("/") ? matches : (exe) => matches(exe.slice(exe.lastIndexOf("/") + 1));
}

/** A container: the beginning of its id, as container tools accept it, or a glob. */
function compileContainer(pattern: string): Matcher {
  const matches = compileGlob(pattern);
  return /[*?[]/.test(pattern) ? matches : (id) => id.startsWith(pattern);
}

/** A name as filters compare it: without trailing dot, in lower case; the root stays ".". */
function foldName(name: string): string {
  const lower = name.toLowerCase();
  // An escaped dot (`\.`) at the end is part of the last label.
  return lower.length > 1 && lower.endsWith(".") && !lower.endsWith("\\.") ? lower.slice(0, -1) : lower;
}

/** The tests of one process; undefined when no option asks for any. */
function compileProcess(options: FilterOptions): ((process: ProcessInfo) => boolean) | undefined {
  const tests: ((process: ProcessInfo) => boolean)[] = [];
  if (options.pids.length > 0) {
    const pids = new Set(options.pids);
    tests.push((process) => pids.has(process.pid));
  }
  if (options.uids.length > 0) {
    const uids = new Set(options.uids);
    tests.push((process) => process.uid !== undefined && uids.has(process.uid));
  }
  if (options.comms.length > 0) {
    const matches = anyOf(options.comms.map(compileGlob));
    tests.push((process) => matches(process.comm));
  }
  if (options.exes.length > 0) {
    const matches = anyOf(options.exes.map(compileExe));
    tests.push((process) => matches(process.exe));
  }
  if (options.containers.length > 0) {
    const matches = anyOf(options.containers.map(compileContainer));
    tests.push((process) => process.container !== undefined && matches(process.container.id));
  }
  return tests.length === 0 ? undefined : (process) => tests.every((test) => test(process));
}

/** The tests of the DNS part; undefined when no option asks for any. */
function compileDns(options: FilterOptions): ((event: DnsEvent | DnsMessageEvent) => boolean) | undefined {
  const { names = [], types = [], rcodes = [] } = options;
  const tests: ((event: DnsEvent | DnsMessageEvent) => boolean)[] = [];
  if (names.length > 0) {
    const matches = anyOf(names.map((pattern) => compileGlob(foldName(pattern))));
    tests.push(({ dns }) =>
      dns.questions === undefined
        ? dns.question !== undefined && matches(foldName(dns.question.name))
        : dns.questions.some((question) => matches(foldName(question.name)))
    );
  }
  if (types.length > 0) {
    const wanted = new Set(types);
    tests.push(({ dns }) =>
      dns.questions === undefined
        ? dns.question !== undefined && wanted.has(dns.question.type)
        : dns.questions.some((question) => wanted.has(question.type))
    );
  }
  if (rcodes.length > 0) {
    const wanted = new Set(rcodes);
    tests.push(({ dns }) => dns.rcode !== undefined && wanted.has(dns.rcode));
  }
  return tests.length === 0 ? undefined : (event) => tests.every((test) => test(event));
}

/**
 * Compiles the filter options. The options about processes must all hold for one process: the asking one or, where both
 * ends are on this host, the answering one. `loss` and `summary` events always pass.
 *
 * @param options values of the filter options
 * @returns the predicate; undefined when nothing is filtered, so that the hot path can skip the call
 * @throws {UsageError} for a malformed glob
 */
export function compileFilter(options: FilterOptions): EventFilter | undefined {
  const process = compileProcess(options);
  const dns = compileDns(options);
  if (process === undefined && dns === undefined) return undefined;
  return (event) => {
    switch (event.type) {
      case "loss":
      case "summary":
      // Its connections passed one by one.
      case "edge":
        return true;
      case "process":
      case "who":
        return process === undefined || process(event.process);
      case "socket":
        return process === undefined || event.owners.some((owner) => process(owner.process));
      case "unix":
        return process === undefined || process(event.process) ||
          (event.peer_process !== undefined && process(event.peer_process));
      case "connection":
        return process === undefined ||
          [event.process, event.peer_process, ...(event.users ?? []).map((user) => user.process)]
            .some((one) => one !== undefined && process(one));
      default:
        if (dns !== undefined && !dns(event)) return false;
        return process === undefined ||
          (event.process !== undefined && process(event.process)) ||
          (event.server_process !== undefined && process(event.server_process));
    }
  };
}
