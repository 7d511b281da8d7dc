import assert from "node:assert/strict";
import {
  type CulpritError,
  LibbpfError,
  LibraryNotFoundError,
  MissingPrivilegeError,
  VerifierError,
} from "../errors.ts";
import { CgroupNamespaceError } from "../host/cgroup2.ts";
import { renderJson, renderText } from "./doctor.ts";
import { type CheckStatus, diagnose, type Diagnosis, type HookCheck } from "./doctor/checks.ts";
import type { DoctorHost } from "./doctor/host.ts";

/** A host on which everything is as it should be. */
const GOOD: DoctorHost = {
  release: () => "6.1.0-18-amd64",
  btfSizeBytes: () => 5_000_000,
  isInInitialPidNamespace: () => true,
  isInUserNamespace: () => false,
  capabilities: () => new Set(["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN", "CAP_SYS_PTRACE"]),
  missingCapabilities: () => [],
  lockdown: () => "integrity",
  unprivilegedBpfDisabled: () => 2,
  isMemlockLimited: () => false,
  countProcesses: () => ({ listed: 90, refused: 0 }),
  isProcSubset: () => false,
  openLibbpf: () => ({ path: "/usr/lib/libbpf.so.1", version: "1.1" }),
  readObject: () => new Uint8Array(7),
  whyRefused: () => undefined,
  findCgroupRoot: () => ({ path: "/sys/fs/cgroup", isPrivate: false }),
  createMaps: () => {},
  loadPrograms: () => {},
  tryProgram: () => ({ ok: true }),
};

function diagnoseWith(changes: Partial<DoctorHost>): Diagnosis {
  return diagnose({ ...GOOD, ...changes }, undefined);
}

function fails(error: CulpritError): () => never {
  return () => {
    throw error;
  };
}

Deno.test("a good host passes every check and is ready", () => {
  const { ready, checks, hooks, kernel } = diagnoseWith({});
  assert.equal(ready, true);
  assert.equal(kernel, "6.1.0-18-amd64");
  assert.deepEqual([...checks, ...hooks].filter(({ status }) => status !== "pass"), []);
  assert.deepEqual([...checks, ...hooks].filter(({ mend }) => mend !== undefined), []);
  assert.ok(hooks.some(({ hook, required }) => hook === "cgroup_skb/ingress" && required));
  assert.ok(hooks.some(({ hook, sensor }) => hook === "tp_btf/sched_process_exec" && sensor === "process"));
});

type Case = readonly [
  name: string,
  changes: Partial<DoctorHost>,
  check: string,
  status: CheckStatus,
  ready: boolean,
  text: RegExp,
];

const CASES: readonly Case[] = [
  ["an old kernel", { release: () => "5.4.0-170" }, "kernel", "fail", false, /5\.4\.0-170.*5\.10 or newer/],
  ["no BTF", { btfSizeBytes: () => undefined }, "btf", "fail", false, /vmlinux is not there/],
  ["a pid namespace", { isInInitialPidNamespace: () => false }, "pid_namespace", "fail", false, /pids mean nothing/],
  [
    "a /proc that hides processes",
    { countProcesses: () => ({ listed: 3, refused: 0, gap: "/proc hides the processes of others (hidepid)" }) },
    "proc",
    "fail",
    true,
    /hidepid/,
  ],
  ["a /proc of processes only", { isProcSubset: () => true }, "proc", "fail", true, /subset=pid/],
  ["a user namespace", { isInUserNamespace: () => true }, "user_namespace", "fail", false, /may not load BPF/],
  [
    "missing capabilities",
    { missingCapabilities: () => ["CAP_BPF"] },
    "capabilities",
    "fail",
    false,
    /CAP_BPF missing/,
  ],
  ["lockdown that forbids", { lockdown: () => "confidentiality" }, "lockdown", "fail", true, /"confidentiality"/],
  ["lockdown that cannot be read", { lockdown: () => undefined }, "lockdown", "unknown", true, /cannot be read/],
  [
    "limited memory on an old kernel",
    { release: () => "5.10.0", isMemlockLimited: () => true },
    "memlock",
    "fail",
    true,
    /RLIMIT_MEMLOCK/,
  ],
  ["limited memory on a new kernel", { isMemlockLimited: () => true }, "memlock", "pass", true, /not charged/],
  [
    "limited memory that libbpf may raise",
    { release: () => "5.10.0", isMemlockLimited: () => true, capabilities: () => new Set(["CAP_SYS_RESOURCE"]) },
    "memlock",
    "pass",
    true,
    /RLIMIT_MEMLOCK/,
  ],
  [
    "processes hidden from a user",
    { countProcesses: () => ({ listed: 9, refused: 8 }), capabilities: () => new Set() },
    "proc",
    "fail",
    true,
    /8 of 9/,
  ],
  ["a process hidden from root", { countProcesses: () => ({ listed: 9, refused: 1 }) }, "proc", "pass", true, /1 of 9/],
  ["no libbpf", { openLibbpf: fails(new LibraryNotFoundError(["/a", "/b"])) }, "libbpf", "fail", false, /"\/a", "\/b"/],
  ["no cgroup v2", { findCgroupRoot: fails(new CgroupNamespaceError()) }, "cgroup2", "fail", false, /cgroup namespace/],
  [
    "cgroup v2 not mounted",
    { findCgroupRoot: () => ({ path: "/run/x", isPrivate: true }) },
    "cgroup2",
    "pass",
    true,
    /private mount/,
  ],
  [
    "no memory for the ring",
    { createMaps: fails(new LibbpfError('create map "events"', 12, "ENOMEM", { hint: "make it smaller" })) },
    "maps",
    "fail",
    false,
    /create map "events": errno ENOMEM/,
  ],
];

for (const [name, changes, check, status, ready, text] of CASES) {
  Deno.test(`doctor on ${name}: ${check} ${status}, ${ready ? "ready" : "not ready"}`, () => {
    const diagnosis = diagnoseWith(changes);
    const found = diagnosis.checks.find((one) => one.name === check);
    assert.ok(found);
    assert.equal(found.status, status);
    assert.match(found.probed, text);
    assert.equal(found.mend !== undefined, status === "fail");
    assert.equal(diagnosis.ready, ready);
    const others = diagnosis.checks.filter((one) => one.name !== check && one.status === "fail");
    assert.deepEqual(others, []);
  });
}

Deno.test("without privilege nothing is tried, and that is said", () => {
  let tries = 0;
  const diagnosis = diagnoseWith({
    missingCapabilities: () => ["CAP_BPF", "CAP_NET_ADMIN"],
    tryProgram: () => (tries++, { ok: true }),
    createMaps: () => void tries++,
    findCgroupRoot: () => (tries++, { path: "/", isPrivate: false }),
  });
  assert.equal(tries, 0);
  const untried = [...diagnosis.checks.filter(({ name }) => name === "maps" || name === "cgroup2"), ...diagnosis.hooks];
  for (const { status, probed } of untried) {
    assert.equal(status, "unknown");
    assert.equal(probed, "not tried: CAP_BPF, CAP_NET_ADMIN missing");
  }
  assert.match(
    renderText(diagnosis),
    /cannot run on this host: capabilities failed; \d+ more checks could not be made\n$/,
  );
});

for (
  const [name, program, ready] of [["a required", "dns_ingress", false], ["another", "dns_holders", true]] as const
) {
  Deno.test(`doctor tells why ${name} program is rejected`, () => {
    const log = "0: R1=ctx\n; call\n5: (85) call bpf_get_current_task#35\nunknown func bpf_get_current_task#35\n" +
      "processed 6 insns (limit 1000000) max_states_per_insn 0\n";
    const diagnosis = diagnoseWith({
      tryProgram: (_, { name }) =>
        name === program ? { ok: false, step: "load", error: new VerifierError(name, log) } : { ok: true },
    });
    assert.equal(diagnosis.ready, ready);
    const failed = diagnosis.hooks.filter(({ status }) => status !== "pass");
    assert.deepEqual(failed.map((hook) => hook.name), [program]);
    assert.equal(failed[0]?.probed, "cannot load: the verifier rejected it: unknown func bpf_get_current_task#35");
    assert.equal(renderText(diagnosis).includes("without it: "), ready);
  });
}

Deno.test("doctor tells that a program cannot be attached, and how to mend it", () => {
  const error = new MissingPrivilegeError("attach program", ["CAP_NET_ADMIN"]);
  const { hooks } = diagnoseWith({ tryProgram: () => ({ ok: false, step: "attach", error }) });
  assert.match(hooks[0]?.probed ?? "", /^cannot attach: .*CAP_NET_ADMIN/);
  assert.match(hooks[0]?.mend ?? "", /root/);
});

Deno.test("doctor tells what is in the place of programs the kernel refuses, and what that misses", () => {
  const whyRefused = ({ hook }: { readonly hook: string }): string | undefined =>
    /^f(?:entry|exit)\//.test(hook) ? "the kernel forbids fentry and fexit" : undefined;
  const diagnosis = diagnoseWith({ whyRefused });
  const hook = (name: string): HookCheck | undefined => diagnosis.hooks.find((check) => check.name === name);
  assert.deepEqual(hook("unix_bind")?.replacedBy, ["unix_sys_exit", "unix_sys_again"]);
  assert.equal(hook("unix_bind")?.without, undefined);
  assert.match(hook("unix_sys_exit")?.misses ?? "", /io_uring/);
  assert.deepEqual(hook("conn_accept")?.replacedBy, ["conn_sys_exit"]);
  assert.equal(hook("unix_release")?.replacedBy, undefined);
  const text = renderText(diagnosis);
  const why = "      why: not tried: the kernel forbids fentry and fexit\n";
  for (
    const part of [
      `-     unix     fexit/unix_bind\n${why}      in its place: tp_btf/sys_exit (unix_sys_exit), tp_btf/sys_exit (unix_sys_again)\n`,
      "ok    unix     tp_btf/sys_exit (unix_sys_exit)\n      does not tell: what 32-bit programs do",
      `-     unix     fentry/unix_release\n${why}      without it: ends of Unix sockets are not seen\n`,
    ]
  ) assert.ok(text.includes(part), text);
  const { hooks } = JSON.parse(renderJson(diagnosis, "t0"));
  const replaced = hooks.find(({ program }: { program: string }) => program === "conn_connect");
  assert.deepEqual([replaced.replaced_by, replaced.without], [["conn_sys_exit"], undefined]);

  // A stand-in that fails as well is none.
  const worse = diagnoseWith({
    whyRefused: (program) => program.name === "conn_sys_exit" ? "no" : whyRefused(program),
  });
  const accept = worse.hooks.find(({ name }) => name === "conn_accept");
  assert.deepEqual([accept?.replacedBy, accept?.without], [undefined, "who accepted is known only from first use"]);
});

Deno.test("the text is safe for a terminal and shows how to mend", () => {
  const text = renderText(diagnoseWith({ release: () => "5.4\x1b[2J" }));
  assert.ok(!text.includes("\x1b"));
  assert.match(text, /^FAIL {2}kernel {10}Linux 5\.4.*\n {6}mend: run a kernel 5\.10 or newer$/m);
  assert.match(text, /culprit dns cannot run on this host: kernel failed\n$/);
  assert.match(renderText(diagnoseWith({})), /\nculprit dns, procs, conns, map and top can run on this host\n$/);
  const noConnections = diagnoseWith({
    tryProgram: (_, { name }) =>
      name === "conn_destroy" ? { ok: false, step: "load", error: new VerifierError(name, "no") } : { ok: true },
  });
  assert.match(
    renderText(noConnections),
    /\nculprit dns and procs can run on this host; culprit conns, map and top cannot run\n$/,
  );
});

Deno.test("the text fits the terminal", () => {
  const whyRefused = (): string => "the kernel was built without something that has a long name";
  const text = renderText(diagnoseWith({ whyRefused }), 80);
  assert.deepEqual(text.split("\n").filter((line) => line.length > 80), []);
});

Deno.test("programs that share a hook are told apart", () => {
  const lines = renderText(diagnoseWith({ whyRefused: ({ readsKernelVariables }) => readsKernelVariables && "none" }))
    .split("\n");
  const hooks = lines.slice(lines.findIndex((line) => line.startsWith("Hooks")) + 1);
  const names = hooks.filter((line) => /^(?:ok|-) /.test(line)).map((line) => line.slice(6));
  assert.ok(names.length > 30);
  assert.deepEqual(names, [...new Set(names)]);
  assert.ok(names.includes("dns      cgroup_skb/ingress"), names.join("\n"));
});

Deno.test("doctor has loaded together what it will try in any case, and nothing else", () => {
  const tried: string[] = [];
  let together: string[] = [];
  diagnoseWith({
    whyRefused: ({ readsKernelVariables }) => readsKernelVariables && "CAP_SYS_ADMIN is missing",
    loadPrograms: (_, programs) => together = programs.map(({ name }) => name),
    tryProgram: (_, { name }) => (tried.push(name), { ok: true }),
  });
  // Beyond them, those that stand in for what needs variables of the kernel.
  assert.deepEqual(together.filter((name) => !tried.includes(name)), []);
  assert.ok(together.length > 30 && tried.length - together.length < 5, `${together.length} of ${tried.length}`);
});

Deno.test("the JSON is one line with every check", () => {
  const diagnosis = diagnoseWith({ btfSizeBytes: () => undefined });
  const line = renderJson(diagnosis, "2026-11-21T00:12:03.123456789Z");
  assert.equal(line.indexOf("\n"), line.length - 1);
  const parsed = JSON.parse(line);
  assert.deepEqual([parsed.schema, parsed.type, parsed.ready, parsed.kernel], [
    "culprit/1",
    "doctor",
    false,
    "6.1.0-18-amd64",
  ]);
  assert.equal(parsed.checks.length, diagnosis.checks.length);
  assert.deepEqual(parsed.checks.find(({ name }: { name: string }) => name === "btf"), {
    name: "btf",
    status: "fail",
    required: true,
    probed: "/sys/kernel/btf/vmlinux is not there",
    mend: "run a kernel built with CONFIG_DEBUG_INFO_BTF=y, and mount /sys",
  });
  assert.deepEqual(Object.keys(parsed.hooks[0]), ["sensor", "program", "hook", "status", "required", "probed"]);
});
