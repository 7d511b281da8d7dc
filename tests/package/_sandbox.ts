/**
 * Runs the single file in roots of its own: mounts that nobody else sees, and nothing of the host but /proc, /sys and
 * /dev.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { DIST } from "../../scripts/toolchain.ts";

/** What `deno task test:package` has made: the files of a release. */
export const RELEASE: string = `${DIST}/test`;

/** The file under test. */
export const CULPRIT: string = Deno.env.get("CULPRIT_UNDER_TEST") ?? `${DIST}/culprit-${Deno.build.arch}`;

/** Where roots are. */
export const ROOTS: string = `${
  Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") || "/root"}/.cache`
}/culprit/roots`;

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Where and how to run. */
export interface Sandbox {
  /** `glibc`: a root with glibc and nothing else; `nothing`: not even that; else a Debian suite. */
  readonly root?: "glibc" | "nothing" | "bullseye" | "bookworm" | "bookworm-systemd" | "trixie";
  /** The single file; {@linkcode CULPRIT} without it. */
  readonly file?: string;
  /** Bash, run after the root is mounted on `$root` and before it is entered; `$culprit` is the file in it. */
  readonly setup?: string;
  /** Bash, run in place of the file itself, outside of the root, with `run` as the function that runs it inside. */
  readonly script?: string;
  /** Environment; nothing else is passed on. */
  readonly env?: Record<string, string>;
  /** User and group that runs it. */
  readonly uid?: number;
}

/** What a dynamic program needs of glibc, and the libgcc that comes with it. */
const GLIBC = [
  "/lib64/ld-linux-x86-64.so.2",
  ...["libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1"]
    .map((name) => `/lib/x86_64-linux-gnu/${name}`),
];

/** Bash that mounts the root on $root, fills it and defines `run`. */
function prologue({ root = "bookworm", file = CULPRIT, setup = "", env = {}, uid = 0 }: Sandbox): string {
  const lines = [
    "set -euo pipefail",
    "mount -t tmpfs -o mode=755 none /mnt",
    "root=/mnt/root culprit=/mnt/root/opt/culprit",
    "mkdir /mnt/root /mnt/up /mnt/work",
  ];
  if (root === "glibc" || root === "nothing") {
    lines.push("mkdir $root/proc $root/sys $root/dev");
    if (root === "glibc") lines.push(...GLIBC.map((path) => `install -D "$(realpath ${path})" $root${path}`));
  } else {
    lines.push(`mount -t overlay -o lowerdir=${ROOTS}/${root},upperdir=/mnt/up,workdir=/mnt/work none $root`);
  }
  const variables = Object.entries(env).map(([name, value]) => `'${name}=${value}'`).join(" ");
  lines.push(
    "mount -t proc none $root/proc",
    "mount --rbind /sys $root/sys",
    "mount --rbind /dev $root/dev",
    `install -D -m 755 ${file} $culprit`,
    `release=${RELEASE}`,
    // Of the host, because the root may have nothing.
    `run() { "$(command -v env)" -i ${variables} "$(command -v chroot)" --userspec=${uid}:${uid} --groups= $root "$@"; }`,
    setup,
  );
  return lines.join("\n");
}

/** Starts bash in mounts of its own. */
function start(script: string): Deno.ChildProcess {
  return new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "bash", "-c", script],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcomeOf(child: Deno.ChildProcess): Promise<Outcome> {
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/**
 * Runs the file in a root of its own.
 *
 * @param sandbox where
 * @param args its arguments
 * @returns how it ended
 */
export async function runIn(sandbox: Sandbox, ...args: string[]): Promise<Outcome> {
  const command = sandbox.script ?? `run /opt/culprit ${args.map((arg) => `'${arg}'`).join(" ")}`;
  return await outcomeOf(start(`${prologue(sandbox)}\n${command}`));
}

/** A query for the address of a name, with a transaction id of 1. */
function query(name: string): Uint8Array<ArrayBuffer> {
  const labels = name.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  // deno-fmt-ignore -- header: id, RD, one question; then the name, type A, class IN
  return Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
}

/**
 * Runs `culprit dns` in a root of its own until it has named this process as the one that asked.
 *
 * @param sandbox where; `DNS` in its script stands for the arguments
 * @returns how it ended, which was well
 */
export async function observeIn(sandbox: Sandbox): Promise<Outcome> {
  const command = sandbox.script ?? "run /opt/culprit DNS";
  return await observe((dns) => start(`${prologue(sandbox)}\n${command.replaceAll("DNS", dns)}`));
}

/**
 * Asks for a name until a culprit that waits for it has ended, and checks what it wrote.
 *
 * @param spawn starts `culprit` with these arguments
 * @returns how it ended, which was well
 */
export async function observe(spawn: (dns: string) => Deno.ChildProcess): Promise<Outcome> {
  const name = `${crypto.randomUUID()}.test`;
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  // On one port, so that whatever else the machine does cannot fill the buffer.
  const child = spawn(`dns --json --ports ${port} --name ${name} --count 1 --timeout 50ms --duration 60s`);
  // Nobody reads: the query is what is to be seen. It is asked again because culprit may not be attached yet.
  const timer = setInterval(() => socket.send(query(name), port, "127.0.0.1"), 50);
  let outcome: Outcome;
  try {
    outcome = await outcomeOf(child);
  } finally {
    clearInterval(timer);
    socket.close();
  }
  assert.equal(outcome.code, 0, outcome.err + outcome.out);
  const event = JSON.parse(outcome.out.split("\n").find((line) => line.includes('"type":"dns"')) ?? "{}");
  assert.equal(event.dns?.question?.name, name, outcome.out + outcome.err);
  assert.equal(event.process.pid, Deno.pid);
  return outcome;
}
