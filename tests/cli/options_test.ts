import assert from "node:assert/strict";
import type { DnsOptions, DoctorOptions, ProcsOptions } from "../../src/commands/options.ts";
import { EXIT_CODE } from "../../src/errors.ts";
import { type Outcome, runInside } from "./_run.ts";

/** Options a command receives for a command line. */
async function received(args: string[]): Promise<DnsOptions | ProcsOptions | DoctorOptions> {
  const seen: (DnsOptions | ProcsOptions | DoctorOptions)[] = [];
  const run = (options: DnsOptions | ProcsOptions | DoctorOptions): Promise<0> => {
    seen.push(options);
    return Promise.resolve(EXIT_CODE.ok);
  };
  const outcome: Outcome = await runInside(args, { dns: run, procs: run, doctor: run });
  assert.deepEqual(outcome, { code: 0, out: "", err: "" });
  const [options] = seen;
  assert.ok(options !== undefined && seen.length === 1);
  return options;
}

/** What live commands receive when nothing is given. */
const LIVE_DEFAULTS = {
  format: "text",
  durationMs: undefined,
  count: undefined,
  output: undefined,
  quiet: false,
  readyFile: undefined,
  ringSizeBytes: 16 * 1024 * 1024,
  retainMs: 60_000,
  libbpf: undefined,
  pids: [],
  comms: [],
  exes: [],
  uids: [],
  containers: [],
};

/** What `culprit dns` receives when nothing is given. */
const DNS_DEFAULTS = {
  ...LIVE_DEFAULTS,
  messages: false,
  timeoutMs: 5000,
  ports: [],
  names: [],
  types: [],
  rcodes: [],
  readFile: undefined,
  writeFile: undefined,
};

Deno.test("culprit dns has defaults for every option", async () => {
  assert.deepEqual(await received(["dns"]), DNS_DEFAULTS);
});

Deno.test("culprit procs has defaults for every option", async () => {
  assert.deepEqual(await received(["procs"]), { ...LIVE_DEFAULTS, events: ["exec", "fork", "exit"] });
});

Deno.test("culprit doctor has defaults for every option", async () => {
  assert.deepEqual(await received(["doctor"]), { json: false, libbpf: undefined });
});

/** Command lines of `culprit dns` and what they change. */
const CASES: readonly (readonly [args: string, changes: Partial<DnsOptions>])[] = [
  ["--json", { format: "json" }],
  ["--format json", { format: "json" }],
  ["--json --format json", { format: "json" }],
  ["--format kv", { format: "kv" }],
  ["--format text", { format: "text" }],
  ["--duration 250ms", { durationMs: 250 }],
  ["--duration 1.5m", { durationMs: 90_000 }],
  ["--duration=2h", { durationMs: 7_200_000 }],
  ["--duration 596h", { durationMs: 596 * 3_600_000 }],
  ["--count 7", { count: 7 }],
  ["--output /x/y.json", { output: "/x/y.json" }],
  ["--quiet", { quiet: true }],
  ["--ready-file /run/ready", { readyFile: "/run/ready" }],
  ["--ring-size 64K", { ringSizeBytes: 65536 }],
  ["--ring-size 1g", { ringSizeBytes: 1024 ** 3 }],
  ["--ring-size 1048576", { ringSizeBytes: 1024 ** 2 }],
  ["--retain 10s", { retainMs: 10_000 }],
  ["--libbpf /x/libbpf.so", { libbpf: "/x/libbpf.so" }],
  ["--pid 1,4194304 --pid 7", { pids: [1, 4194304, 7] }],
  ["--uid 0 --uid 33", { uids: [0, 33] }],
  ["--comm curl,wget", { comms: ["curl", "wget"] }],
  ["--comm curl --comm wget", { comms: ["curl", "wget"] }],
  ["--comm a[,b]c,d[!],]e,[]],f --comm g*", { comms: ["a[,b]c", "d[!],]e", "[]]", "f", "g*"] }],
  ["--exe /usr/bin/*,/opt/a[,]b", { exes: ["/usr/bin/*", "/opt/a[,]b"] }],
  ["--container 9f2c,ab*", { containers: ["9f2c", "ab*"] }],
  ["--messages", { messages: true }],
  ["--timeout 1s", { timeoutMs: 1000 }],
  ["--ports 53,5353", { ports: [53, 5353] }],
  ["--name *.example.com,b --name a", { names: ["*.example.com", "b", "a"] }],
  ["--type a,AaAa,TYPE1,type65280,28", { types: ["A", "AAAA", "A", "TYPE65280", "AAAA"] }],
  ["--rcode nxdomain,RCODE3,0,RCODE4000", { rcodes: ["NXDOMAIN", "NXDOMAIN", "NOERROR", "RCODE4000"] }],
  ["--read -", { readFile: "-" }],
  ["--write x.pcapng", { writeFile: "x.pcapng" }],
];

for (const [args, changes] of CASES) {
  Deno.test(`culprit dns ${args} is understood`, async () => {
    assert.deepEqual(await received(["dns", ...args.split(" ")]), { ...DNS_DEFAULTS, ...changes });
  });
}

Deno.test("culprit procs --event selects kinds of events", async () => {
  assert.deepEqual(await received(["procs", "--event", "exec,exit"]), { ...LIVE_DEFAULTS, events: ["exec", "exit"] });
});
