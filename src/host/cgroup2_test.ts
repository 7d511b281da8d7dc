import assert from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { cgroup2Root, findMounts } from "./cgroup2.ts";

openLibc();

const MOUNTS: readonly (readonly [name: string, line: string, expected: string[]])[] = [
  ["the usual place", "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate", [
    "/sys/fs/cgroup",
  ]],
  ["beside v1", "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw", ["/sys/fs/cgroup/unified"]],
  ["a blank in the path", "41 31 0:38 / /mnt/a\\040b rw - cgroup2 none rw", ["/mnt/a b"]],
  ["v1", "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu", []],
  ["a bind mount of a part", "50 31 0:38 /system.slice /mnt rw - cgroup2 cgroup2 rw", []],
  ["a mount from outside of the cgroup namespace", "50 31 0:38 /../.. /mnt rw - cgroup2 cgroup2 rw", []],
  ["nothing", "", []],
];
for (const [name, line, expected] of MOUNTS) {
  Deno.test(`findMounts() on ${name}`, () => {
    assert.deepEqual(findMounts(`22 1 254:0 / / rw - ext4 /dev/vda rw\n${line}\n`), expected);
  });
}

const isRoot = Deno.uid() === 0;

Deno.test({ name: "cgroup2Root() finds the root of the hierarchy", ignore: !isRoot }, () => {
  const mounts = (): string => Deno.readTextFileSync("/proc/self/mountinfo");
  const before = mounts();
  {
    using root = cgroup2Root();
    assert.equal(Deno.statSync(root.path).ino, 1);
    assert.ok(Deno.statSync(`${root.path}/cgroup.procs`).isFile);
  }
  assert.equal(mounts(), before);
});

/** Tells what cgroup2Root() does, and what it leaves behind. */
const SCRIPT = `
  import { cgroup2Root } from ${JSON.stringify(import.meta.resolve("./cgroup2.ts"))};
  const mounts = () => Deno.readTextFileSync("/proc/self/mountinfo");
  const before = mounts();
  try {
    using root = cgroup2Root();
    const { mode, uid } = Deno.statSync(root.path);
    console.log(root.isPrivate, root.path === "/run/culprit-cgroup2-" + Deno.pid, Deno.statSync(root.path).ino, uid);
  } catch (error) {
    console.log(error.name);
  }
  console.log(mounts() === before, [...Deno.readDirSync("/run")].some(({ name }) => name.startsWith("culprit-cgroup2-" + Deno.pid)));
`;

/** Runs the script in a mount namespace without cgroup2, by way of a shell line that may do more. */
async function runWithout(mountPoint: string, before: string, unshareFlags: string): Promise<string[]> {
  const inner = `umount -l "$1" && exec "$2" run -A --no-config --no-lock --ext=ts -`;
  const line = `${before} exec unshare ${unshareFlags} sh -c '${inner}' sh "$1" "$2"`;
  const child = new Deno.Command("sh", {
    args: ["-c", line, "sh", mountPoint, Deno.execPath()],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(SCRIPT));
  await writer.close();
  const { stdout, stderr, success } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("\n");
}

/** The one place where cgroup2 is mounted, if there is exactly one: the tests below unmount it for themselves. */
const mountPoint = findMounts(Deno.readTextFileSync("/proc/self/mountinfo"))[0];

Deno.test({ name: "cgroup2Root() mounts it in private and undoes that", ignore: !isRoot || !mountPoint }, async () => {
  assert.deepEqual(await runWithout(mountPoint!, "", "-m"), ["true true 1 0", "true false"]);
});

Deno.test({ name: "cgroup2Root() refuses a part of the hierarchy", ignore: !isRoot || !mountPoint }, async () => {
  const group = `${mountPoint}/culprit-test-${crypto.randomUUID()}`;
  Deno.mkdirSync(group);
  try {
    const lines = await runWithout(mountPoint!, `echo $$ > "${group}/cgroup.procs";`, "-m -C");
    assert.deepEqual(lines, ["CgroupNamespaceError", "true false"]);
  } finally {
    Deno.removeSync(group);
  }
});
