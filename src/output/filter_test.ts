import assert from "node:assert/strict";
import { DNS_EVENT, DNS_MESSAGE_EVENT } from "../../bpf/dns/fields.ts";
import { PROCESS_EVENT } from "../../bpf/process/fields.ts";
import { UNIX_EVENT } from "../../bpf/unix/fields.ts";
import type { CulpritEvent, DnsEvent, ProcessInfo } from "../events.ts";
import { EXAMPLE_PROCESS, LOSS_EVENT, SUMMARY_EVENT } from "./fields.ts";
import { compileFilter, type FilterOptions } from "./filter.ts";

/** No filters. */
const NONE: FilterOptions = { pids: [], comms: [], exes: [], uids: [], containers: [] };

/** The example transaction with other facts. */
function dns(changes: Partial<DnsEvent>, dnsChanges: Partial<DnsEvent["dns"]> = {}): DnsEvent {
  return { ...DNS_EVENT.example, ...changes, dns: { ...DNS_EVENT.example.dns, ...dnsChanges } };
}

/** The example process with other facts. */
function process(changes: Partial<ProcessInfo>): ProcessInfo {
  return { ...EXAMPLE_PROCESS, ...changes };
}

const question = (name: string, type = "A"): DnsEvent["dns"]["question"] & object => ({ name, type, class: "IN" });
const { process: _process, ...ORPHAN } = DNS_EVENT.example;
const { rcode: _rcode, ...QUERY_ONLY } = DNS_EVENT.example.dns;
const { question: _question, ...NO_QUESTION } = DNS_EVENT.example.dns;

/** Filters, an event, and whether it passes. */
const CASES: readonly (readonly [name: string, Partial<FilterOptions>, CulpritEvent, boolean])[] = [
  ["pid of the asking process", { pids: [5, 877] }, dns({}), true],
  ["pid of nobody", { pids: [5] }, dns({}), false],
  ["pid of the answering process", { pids: [53] }, dns({ server_process: process({ pid: 53 }) }), true],
  ["pid without a process", { pids: [877] }, ORPHAN, false],
  ["uid", { uids: [33] }, dns({ process: process({ uid: 33 }) }), true],
  ["another uid", { uids: [33] }, dns({}), false],
  ["comm", { comms: ["p?ng"] }, dns({}), true],
  ["second comm", { comms: ["curl", "pi*"] }, dns({}), true],
  ["comm is case-sensitive", { comms: ["PING"] }, dns({}), false],
  ["exe by file name", { exes: ["ping"] }, dns({}), true],
  ["exe by part of the file name", { exes: ["pin"] }, dns({}), false],
  ["exe by path", { exes: ["/usr/*"] }, dns({}), true],
  ["exe by relative path", { exes: ["bin/ping"] }, dns({}), false],
  [
    "container by beginning",
    { containers: ["9f2c"] },
    dns({
      process: process({ container: { id: "9f2c81", runtime: "podman" } }),
    }),
    true,
  ],
  [
    "container by the middle",
    { containers: ["2c81"] },
    dns({
      process: process({ container: { id: "9f2c81", runtime: "podman" } }),
    }),
    false,
  ],
  [
    "container by glob",
    { containers: ["*81"] },
    dns({
      process: process({ container: { id: "9f2c81", runtime: "podman" } }),
    }),
    true,
  ],
  ["container of a process without", { containers: ["*"] }, dns({}), false],
  ["pid and comm of one process", { pids: [877], comms: ["ping"] }, dns({}), true],
  [
    "pid of one, comm of the other",
    { pids: [877], comms: ["named"] },
    dns({
      server_process: process({ pid: 53, comm: "named" }),
    }),
    false,
  ],
  ["name", { names: ["example.com"] }, dns({}), true],
  ["name with trailing dot and capitals", { names: ["EXAMPLE.com."] }, dns({}), true],
  ["name asked in capitals", { names: ["*.example.com"] }, dns({}, { question: question("WWW.Example.COM") }), true],
  ["name of the root", { names: ["."] }, dns({}, { question: question(".") }), true],
  ["another name", { names: ["*.example.com"] }, dns({}), false],
  ["second question's name", { names: ["b"] }, dns({}, { questions: [question("a"), question("b")] }), true],
  ["name without question", { names: ["*"] }, { ...DNS_EVENT.example, dns: NO_QUESTION }, false],
  ["type", { types: ["AAAA", "A"] }, dns({}), true],
  ["another type", { types: ["AAAA"] }, dns({}), false],
  ["second question's type", { types: ["MX"] }, dns({}, { questions: [question("a"), question("b", "MX")] }), true],
  ["rcode", { rcodes: ["NOERROR"] }, dns({}), true],
  ["another rcode", { rcodes: ["NXDOMAIN"] }, dns({}), false],
  ["rcode of a timeout", { rcodes: ["NOERROR"] }, { ...DNS_EVENT.example, dns: QUERY_ONLY }, false],
  ["name and pid", { names: ["example.com"], pids: [1] }, dns({}), false],
  ["single message", { names: ["example.com"], pids: [877] }, DNS_MESSAGE_EVENT.example, true],
  ["process event by uid", { uids: [0] }, PROCESS_EVENT.example, true],
  ["process event by another pid", { pids: [1] }, PROCESS_EVENT.example, false],
  ["process event is not asked for names", { names: ["x"] }, PROCESS_EVENT.example, true],
  ["Unix socket by who connected", { comms: ["ping"], pids: [877] }, UNIX_EVENT.example, true],
  ["Unix socket by who accepted", { exes: ["dockerd"] }, UNIX_EVENT.example, true],
  ["Unix socket by part of both", { exes: ["dockerd"], pids: [877] }, UNIX_EVENT.example, false],
  ["loss always passes", { pids: [1], names: ["x"] }, LOSS_EVENT.example, true],
  ["summary always passes", { pids: [1], names: ["x"] }, SUMMARY_EVENT.example, true],
];

for (const [name, options, event, expected] of CASES) {
  Deno.test(`compileFilter() ${expected ? "passes" : "drops"}: ${name}`, () => {
    assert.equal(compileFilter({ ...NONE, ...options })?.(event), expected);
  });
}

Deno.test("compileFilter() makes nothing of no filters", () => {
  assert.equal(compileFilter({ ...NONE, names: [], types: [], rcodes: [] }), undefined);
});
