/**
 * What a policy needs to know of the host it is for.
 *
 * @module
 */

import { findMounts } from "../host/cgroup2.ts";
import { isAtLeast, kernelRelease } from "../host/kernel.ts";
import { parseInode } from "../host/proc_format.ts";
import type { PolicyHost } from "./policy.ts";

/** Where nft(8) looks for cgroups, wherever they are mounted (SYSFS_CGROUPSV2_PATH of its sources). */
const NFT_ROOT = "/sys/fs/cgroup";
/** Kernel that has `socket cgroupv2` (nft_socket). */
const CGROUP_MATCH_KERNEL = "5.13";

/** Whether a directory is there to be read by us. */
function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return false;
    throw error;
  }
}

/**
 * Describes this host, as culprit's own network namespace sees it.
 *
 * @returns its namespace, addresses and cgroups, as they are now
 */
export function policyHost(): PolicyHost {
  const own = new Set(Deno.networkInterfaces().map(({ address }) => address));
  // On hosts with cgroup v1, v2 is mounted one level below.
  const mount = !isAtLeast(kernelRelease(), CGROUP_MATCH_KERNEL)
    ? undefined
    : findMounts(Deno.readTextFileSync("/proc/self/mountinfo")).find((path) =>
      path === NFT_ROOT || path.startsWith(`${NFT_ROOT}/`)
    );
  return {
    netns: parseInode(Deno.readLinkSync("/proc/thread-self/ns/net")),
    isOwn: (ip) => own.has(ip),
    cgroupPath: (cgroup) => {
      if (mount === undefined || !cgroup.startsWith("/") || cgroup === "/") return undefined;
      if (cgroup.split("/").includes("..") || !isDirectory(`${mount}${cgroup}`)) return undefined;
      return `${mount}${cgroup}`.slice(NFT_ROOT.length + 1);
    },
  };
}
