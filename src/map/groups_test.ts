import assert from "node:assert/strict";
import { EXAMPLE_PROCESS } from "../output/fields.ts";
import { placeOfCgroup, ProcessGroups } from "./groups.ts";

for (
  const [name, cgroup, unit, path] of [
    ["a service", "/system.slice/nginx.service", "nginx.service", "/system.slice/nginx.service"],
    ["a child of a service", "/system.slice/nginx.service/worker", "nginx.service", "/system.slice/nginx.service"],
    [
      "an instance",
      "/system.slice/system-getty.slice/getty@tty1.service",
      "getty@tty1.service",
      "/system.slice/system-getty.slice/getty@tty1.service",
    ],
    ["a login", "/user.slice/user-1000.slice/session-3.scope", "user-1000.slice", "/user.slice/user-1000.slice"],
    [
      "a user's service",
      "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
      "pipewire.service",
      "/user.slice/user-1000.slice/user@1000.service/app.slice/pipewire.service",
    ],
    [
      "a program of a desktop",
      "/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox-4711.scope",
      "user@1000.service",
      "/user.slice/user-1000.slice/user@1000.service",
    ],
    ["a scope of the system", "/init.scope", "init.scope", "/init.scope"],
    ["no unit", "/process_api/4e43", undefined, "/process_api/4e43"],
    ["the root", "/", undefined, "/"],
    ["an unknown cgroup", "unknown", undefined, "unknown"],
  ] as const
) {
  Deno.test(`placeOfCgroup() of ${name}`, () => {
    assert.deepEqual(placeOfCgroup(cgroup), { unit, cgroup: path });
  });
}

Deno.test("ProcessGroups joins processes by executable, unit, container, user and namespace", () => {
  const groups = new ProcessGroups(100);
  const group = groups.of(EXAMPLE_PROCESS, 1);
  assert.equal(groups.of({ ...EXAMPLE_PROCESS, pid: 1, cmdline: ["x"], comm: "x" }, 1), group);
  assert.deepEqual(group?.info.pids, [877, 1]);
  const container = { id: "a".repeat(64), runtime: "podman" };
  for (
    const [name, process, netns] of [
      ["executable", { ...EXAMPLE_PROCESS, exe: "/usr/bin/other" }, 1],
      ["unit", { ...EXAMPLE_PROCESS, cgroup: "/system.slice/a.service" }, 1],
      ["container", { ...EXAMPLE_PROCESS, container }, 1],
      ["user", { ...EXAMPLE_PROCESS, uid: 5 }, 1],
      ["namespace", EXAMPLE_PROCESS, 2],
    ] as const
  ) {
    assert.notEqual(groups.of(process, netns), group, name);
  }
});

Deno.test("ProcessGroups tells threads of the kernel apart by name", () => {
  const groups = new ProcessGroups(100);
  const one = groups.of({ ...EXAMPLE_PROCESS, exe: "", name: "nfsd" }, 1);
  assert.notEqual(groups.of({ ...EXAMPLE_PROCESS, exe: "", name: "kworker" }, 1), one);
});

Deno.test("ProcessGroups gives a container the cgroup that names it", () => {
  const id = "b".repeat(64);
  const cgroup = `/machine.slice/libpod-${id}.scope/container`;
  const group = new ProcessGroups(1).of({ ...EXAMPLE_PROCESS, cgroup, container: { id, runtime: "podman" } }, 1);
  assert.equal(group?.info.cgroup, `/machine.slice/libpod-${id}.scope`);
  assert.equal(group.info.unit, undefined);
});

Deno.test("ProcessGroups keeps no more than its limit, and 16 process ids of each", () => {
  const groups = new ProcessGroups(2);
  groups.of({ ...EXAMPLE_PROCESS, exe: "/a" }, 1);
  const group = groups.of({ ...EXAMPLE_PROCESS, exe: "/b" }, 1);
  assert.equal(groups.of({ ...EXAMPLE_PROCESS, exe: "/c" }, 1), undefined);
  for (let pid = 1; pid <= 20; pid++) assert.equal(groups.of({ ...EXAMPLE_PROCESS, exe: "/b", pid }, 1), group);
  assert.equal(group?.info.pids.length, 16);
  assert.equal(group.info.more_pids, true);
});
