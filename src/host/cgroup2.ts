/**
 * The root of the cgroup v2 hierarchy.
 *
 * @module
 */

import { makeDirectory, MNT_DETACH, mount, removeDirectory, umount } from "../../ffi/mod.ts";
import { CulpritError } from "../errors.ts";

/** Where the root of the hierarchy can be opened. */
export interface Cgroup2Root extends Disposable {
  readonly path: string;
  /** Whether it was mounted for this purpose and goes away when disposed of. */
  readonly isPrivate: boolean;
}

/** Only a part of the hierarchy is in sight: this process is in a cgroup namespace. */
export class CgroupNamespaceError extends CulpritError {
  /** Makes the error; there is only one message. */
  constructor() {
    super("Cannot reach the root of cgroup v2 from this cgroup namespace", {
      hint: "run the container with the host's cgroup namespace (docker and podman: --cgroupns=host)",
    });
  }
}

/** Inode number of the root of a cgroup hierarchy (kernfs). Below a cgroup namespace another directory shows as root. */
const ROOT_INODE = 1;

/**
 * Finds a mount of the whole cgroup v2 hierarchy, wherever it is, or makes a private one.
 *
 * @returns the root; disposing it takes a private mount away again
 * @throws {LibbpfError} when there is none and none can be made
 * @throws {CgroupNamespaceError} when only a part of the hierarchy can be mounted
 */
export function cgroup2Root(): Cgroup2Root {
  for (const path of findMounts(Deno.readTextFileSync("/proc/self/mountinfo"))) {
    if (isHierarchyRoot(path)) return { path, isPrivate: false, [Symbol.dispose]: () => {} };
  }
  return privateMount();
}

/** Mounts the hierarchy where nobody else looks. */
function privateMount(): Cgroup2Root {
  using stack = new DisposableStack();
  // Below /run, which only root can write to, and not in a shared temporary directory.
  const path = `/run/culprit-cgroup2-${Deno.pid}`;
  makeDirectory(path, { mode: 0o700 });
  stack.defer(() => removeDirectory(path));
  mount("none", path, "cgroup2");
  stack.defer(() => umount(path, MNT_DETACH));
  if (!isHierarchyRoot(path)) throw new CgroupNamespaceError();
  const undo = stack.move();
  return { path, isPrivate: true, [Symbol.dispose]: () => undo.dispose() };
}

/** Whether a mount point shows the root of the whole hierarchy. */
function isHierarchyRoot(path: string): boolean {
  try {
    return Deno.statSync(path).ino === ROOT_INODE;
  } catch (error) {
    // Hidden below another mount, or behind a directory that may not be searched.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/**
 * Finds the cgroup2 mounts whose root may be that of the hierarchy.
 *
 * @param mountinfo content of /proc/self/mountinfo (proc_pid_mountinfo(5))
 * @returns mount points, in the order of the file
 */
export function findMounts(mountinfo: string): string[] {
  const points: string[] = [];
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ", 2);
    if (!after.startsWith("cgroup2 ")) continue;
    const fields = before.split(" ");
    const [root, point] = [fields[3], fields[4]];
    // A bind mount of a part shows that part, and one from outside of the namespace shows "/..".
    if (root !== "/" || point === undefined) continue;
    points.push(point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))));
  }
  return points;
}
