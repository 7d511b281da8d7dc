/**
 * Container id and runtime from the path of a cgroup.
 *
 * The path is the only thing that all runtimes write and every process has, alive or dead. The rules go from the
 * innermost component outwards, so that a container within a container is named by its own id.
 *
 * @module
 */

import type { ContainerInfo } from "../events.ts";

/** Ids of OCI runtimes: SHA-256 in hex. */
const OCI_ID = /^[0-9a-f]{64}$/;

/** `<prefix>-<id>.scope` of the systemd cgroup managers, by prefix. */
const SCOPE_RUNTIMES: ReadonlyMap<string, string> = new Map([
  ["docker", "docker"],
  ["libpod", "podman"],
  ["libpod-payload", "podman"],
  ["cri-containerd", "containerd"],
  ["nerdctl", "containerd"],
  ["containerd", "containerd"],
  ["crio", "cri-o"],
]);

/** Scopes of conmon, the monitor beside a container, and of LXC's monitor: they run outside the container they name. */
const MONITOR_SCOPE = /^(?:(?:libpod|crio)-conmon-|lxc\.monitor\.)/;

/**
 * How many components, from this one outwards, tell of something that watches containers from outside. `conmon` stands
 * beside the containers of a pod, whose bare id is not a container's; `supervisor` is the host half of systemd-nspawn.
 */
function countMonitorComponents(component: string, parent: string): number {
  if (MONITOR_SCOPE.test(component)) return 1;
  if (component === "conmon" && OCI_ID.test(parent)) return 2;
  if (component === "supervisor" && /^(?:machine-|systemd-nspawn@)/.test(parent)) return 2;
  return 0;
}

/** `<prefix>-<id>` with or without `.scope`. */
const PREFIXED_ID = /^([a-z]+(?:-[a-z]+)*)-([0-9a-f]{64})(?:\.scope)?$/;

/** `<slice>:<manager>:<id>`: the systemd form of a path handed to a runtime that uses cgroupfs, as containerd does. */
const COLON_ID = /^[^:]*:([a-z][a-z-]*):([^:]+)$/;

/** Parents that name the runtime of a bare 64-hex child (cgroupfs managers). */
const PARENT_RUNTIMES: ReadonlyMap<string, string> = new Map([
  ["docker", "docker"],
  ["libpod_parent", "podman"],
  ["libpod", "podman"],
  ["crio", "cri-o"],
  ["default", "containerd"],
  ["k8s.io", "containerd"],
  ["moby", "docker"],
  ["buildkit", "docker"],
]);

/** Reads the `\xNN` escapes of a systemd unit name (systemd.unit(5)). */
function unescapeUnit(name: string): string {
  return name.replaceAll(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}

/** Runtimes whose containers have names: systemd-nspawn and LXC. */
function matchNamed(component: string, parent: string): ContainerInfo | undefined {
  let match = /^machine-(.+)\.scope$/.exec(component);
  // libvirt registers virtual machines in the same place: `machine-qemu\x2d1\x2dname.scope`. They are no containers.
  if (match !== null && !/^(?:qemu|libvirt)\\x2d/.test(match[1]!)) {
    const lxc = /^lxc\\x2d\d+\\x2d(.+)$/.exec(match[1]!);
    if (lxc !== null) return { id: unescapeUnit(lxc[1]!), runtime: "lxc" };
    return { id: unescapeUnit(match[1]!), runtime: "systemd-nspawn" };
  }
  match = /^systemd-nspawn@(.+)\.service$/.exec(component);
  if (match !== null) return { id: unescapeUnit(match[1]!), runtime: "systemd-nspawn" };
  match = /^lxc\.payload\.(.+)$/.exec(component);
  if (match !== null) return { id: match[1]!, runtime: "lxc" };
  if ((parent === "lxc" || parent === "lxc.payload") && component !== "") return { id: component, runtime: "lxc" };
  return undefined;
}

/** A component that is, or carries, a 64-hex id. */
function matchOci(component: string, parent: string): ContainerInfo | undefined {
  if (OCI_ID.test(component)) return { id: component, runtime: PARENT_RUNTIMES.get(parent) ?? "unknown" };
  const prefixed = PREFIXED_ID.exec(component);
  if (prefixed !== null) return { id: prefixed[2]!, runtime: SCOPE_RUNTIMES.get(prefixed[1]!) ?? "unknown" };
  const colon = COLON_ID.exec(component);
  if (colon === null || !OCI_ID.test(colon[2]!)) return undefined;
  return { id: colon[2]!, runtime: SCOPE_RUNTIMES.get(colon[1]!) ?? "unknown" };
}

/**
 * Finds the container a cgroup belongs to.
 *
 * Known shapes: Docker (`/docker/<id>`, `docker-<id>.scope`), Podman (`libpod-<id>.scope`, `/libpod_parent/libpod-<id>`,
 * with children such as `container`), containerd (`cri-containerd-<id>.scope`, `<slice>:cri-containerd:<id>`,
 * `/<namespace>/<id>`), CRI-O (`crio-<id>.scope`), Kubernetes with cgroupfs (`/kubepods/<qos>/pod<uid>/<id>`),
 * systemd-nspawn (`machine-<name>.scope`, `systemd-nspawn@<name>.service`), LXC (`/lxc/<name>`, `lxc.payload.<name>`).
 * Any other component that is a 64-hex id (garden, a custom parent) has runtime `unknown`.
 *
 * @param cgroup path of a cgroup, as /proc/PID/cgroup or the kernel sensor gives it
 * @returns the innermost container, or undefined for processes of the host, also those that watch a container from
 * outside
 */
export function containerOfCgroup(cgroup: string): ContainerInfo | undefined {
  const components = cgroup.split("/");
  for (let index = components.length - 1; index > 0; index--) {
    const component = components[index]!;
    const parent = components[index - 1]!;
    const skipped = countMonitorComponents(component, parent);
    if (skipped > 0) {
      index -= skipped - 1;
      continue;
    }
    const oci = matchOci(component, parent);
    if (oci !== undefined) return oci;
    const named = matchNamed(component, parent);
    if (named !== undefined) return named;
  }
  return undefined;
}
