/**
 * The root of the cgroup v2 hierarchy.
 *
 * @module
 */

import { makeDirectory, MNT_DETACH, mount, removeDirectory, umount } from "../../ffi/mod.ts";

/** Where the root of the hierarchy can be opened. */
export interface Cgroup2Root extends Disposable {
  readonly path: string;
}

/**
 * Finds a mount of the whole cgroup v2 hierarchy, wherever it is, or makes a private one.
 *
 * @returns the root; disposing it takes a private mount away again
 * @throws {LibbpfError} when there is none and none can be made
 */
export function cgroup2Root(): Cgroup2Root {
  const found = findMount(Deno.readTextFileSync("/proc/self/mountinfo"));
  if (found !== undefined) return { path: found, [Symbol.dispose]: () => {} };
  // Below /run, which only root can write to, and not in a shared temporary directory.
  const path = `/run/culprit-cgroup2-${Deno.pid}`;
  makeDirectory(path, { mode: 0o700 });
  try {
    mount("none", path, "cgroup2");
  } catch (error) {
    removeDirectory(path);
    throw error;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      umount(path, MNT_DETACH);
      removeDirectory(path);
    },
  };
}

/**
 * Finds a cgroup2 mount whose root is that of the hierarchy.
 *
 * @param mountinfo content of /proc/self/mountinfo (proc_pid_mountinfo(5))
 * @returns the mount point; undefined when there is none
 */
export function findMount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ", 2);
    if (!after.startsWith("cgroup2 ")) continue;
    const fields = before.split(" ");
    const [root, point] = [fields[3], fields[4]];
    // In a cgroup namespace the root of the mount shows as "/.." or deeper: programs there would see a part only.
    if (root === "/" && point !== undefined) {
      return point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
    }
  }
  return undefined;
}
