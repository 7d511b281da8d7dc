import assert from "node:assert/strict";
import { containerOfCgroup } from "./containers.ts";

const ID = "9f2c6f1b0b6d4ad1a8b3f0d35c1c7e6f2f7f0a1b2c3d4e5f60718293a4b5c6d7";
const OTHER = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const CASES: readonly (readonly [name: string, cgroup: string, expected: string | undefined])[] = [
  ["the root", "/", undefined],
  ["an empty path", "", undefined],
  ["a login session", "/user.slice/user-1000.slice/session-3.scope", undefined],
  ["a service", "/system.slice/docker.service", undefined],
  ["the containerd daemon", "/system.slice/containerd.service", undefined],
  ["docker, cgroupfs", `/docker/${ID}`, `docker ${ID}`],
  ["docker, systemd", `/system.slice/docker-${ID}.scope`, `docker ${ID}`],
  ["docker, a group made inside", `/docker/${ID}/init.scope`, `docker ${ID}`],
  ["docker in docker", `/docker/${OTHER}/docker/${ID}`, `docker ${ID}`],
  ["docker, rootless", `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`, `docker ${ID}`],
  ["podman, systemd", `/machine.slice/libpod-${ID}.scope`, `podman ${ID}`],
  ["podman, systemd, delegated", `/machine.slice/libpod-${ID}.scope/container`, `podman ${ID}`],
  ["podman, cgroupfs", `/libpod_parent/libpod-${ID}`, `podman ${ID}`],
  ["podman, cgroupfs, delegated", `/libpod_parent/libpod-${ID}/container`, `podman ${ID}`],
  ["podman, split", `/system.slice/web.service/libpod-payload-${ID}`, `podman ${ID}`],
  ["podman in a pod", `/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope`, `podman ${ID}`],
  ["podman in a pod, cgroupfs", `/libpod_parent/${OTHER}/libpod-${ID}`, `podman ${ID}`],
  ["conmon of podman", `/machine.slice/libpod-conmon-${ID}.scope`, undefined],
  ["conmon of a pod", `/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-conmon-${ID}.scope`, undefined],
  ["conmon of podman, cgroupfs", "/libpod_parent/conmon", undefined],
  ["conmon of a pod, cgroupfs", `/libpod_parent/${OTHER}/conmon`, undefined],
  ["conmon of podman in docker", `/docker/${OTHER}/machine.slice/libpod-conmon-${ID}.scope`, `docker ${OTHER}`],
  ["containerd, systemd", `/kubepods.slice/kubepods-pod12_34.slice/cri-containerd-${ID}.scope`, `containerd ${ID}`],
  [
    "containerd, nested",
    `/system.slice/containerd.service/kubepods-besteffort-pod12.slice:cri-containerd:${ID}`,
    `containerd ${ID}`,
  ],
  ["containerd, ctr", `/default/${ID}`, `containerd ${ID}`],
  ["containerd, nerdctl", `/system.slice/nerdctl-${ID}.scope`, `containerd ${ID}`],
  ["kubernetes, cgroupfs", `/kubepods/burstable/pod2b1c-77/${ID}`, `unknown ${ID}`],
  ["kubernetes, the pod itself", "/kubepods/burstable/pod2b1c-77", undefined],
  ["cri-o", `/kubepods.slice/kubepods-pod12.slice/crio-${ID}.scope`, `cri-o ${ID}`],
  ["cri-o, a group made inside", `/kubepods.slice/kubepods-pod12.slice/crio-${ID}.scope/container`, `cri-o ${ID}`],
  ["conmon of cri-o", `/kubepods.slice/kubepods-pod12.slice/crio-conmon-${ID}.scope`, undefined],
  ["nspawn, machinectl", "/machine.slice/machine-deb12.scope", "systemd-nspawn deb12"],
  ["nspawn, escaped", "/machine.slice/machine-my\\x2dbox.scope/payload", "systemd-nspawn my-box"],
  ["nspawn, service", "/machine.slice/systemd-nspawn@web.service/payload/init.scope", "systemd-nspawn web"],
  ["nspawn, its supervisor", "/machine.slice/systemd-nspawn@web.service/supervisor", undefined],
  ["a virtual machine", "/machine.slice/machine-qemu\\x2d3\\x2dvm1.scope/emulator", undefined],
  ["lxc", "/lxc/web", "lxc web"],
  ["lxc, a group made inside", "/lxc/web/system.slice/ssh.service", "lxc web"],
  ["lxc, payload", "/lxc.payload.web/init.scope", "lxc web"],
  ["lxc, monitor", "/lxc.monitor.web", undefined],
  ["lxc, libvirt", "/machine.slice/machine-lxc\\x2d4\\x2dweb.scope", "lxc web"],
  ["docker in lxc", `/lxc.payload.web/docker/${ID}`, `docker ${ID}`],
  ["an unknown parent", `/garden/${ID}`, `unknown ${ID}`],
  ["an unknown prefix", `/system.slice/pouch-${ID}.scope`, `unknown ${ID}`],
  ["63 digits", `/docker/${ID.slice(1)}`, undefined],
  ["65 digits", `/docker/${ID}0`, undefined],
  ["upper case", `/docker/${ID.toUpperCase()}`, undefined],
  ["an id that is only part of a name", `/system.slice/backup-of-${ID}.service`, undefined],
];

for (const [name, cgroup, expected] of CASES) {
  Deno.test(`containerOfCgroup() knows ${name}`, () => {
    const found = containerOfCgroup(cgroup);
    assert.equal(found === undefined ? undefined : `${found.runtime} ${found.id}`, expected);
  });
}
