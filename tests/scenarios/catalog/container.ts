/**
 * A container of a real runtime, without network: it asks a server on its own loopback device.
 *
 * @module
 */

import { PROGRAMS } from "../build.ts";
import { answered, expectAsked, NotRunError, type Scenario, type Stage } from "../scenario.ts";

/** What this machine needs podman to be told. */
const PODMAN = ["--runtime", "runc", "--cgroup-manager", "cgroupfs"];

/** Runs podman to its end; returns what it printed. */
async function podman(stage: Stage, args: string[]): Promise<string> {
  // Storage of its own, removed with the scratch folder: nothing of the machine's images is touched.
  const storage = ["--root", `${stage.world.directory}/podman`, "--runroot", `${stage.world.directory}/podman-run`];
  const all = [...PODMAN, ...storage, "--storage-driver", "vfs", "--events-backend", "none", ...args];
  const { success, stdout, stderr } = await new Deno.Command("/usr/bin/podman", {
    args: all,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new NotRunError(`podman ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
  return new TextDecoder().decode(stdout).trim();
}

/** The file system of the container: busybox and two scenario programs. Used in place, which spares a slow guest an import. */
async function makeRoot(stage: Stage): Promise<void> {
  const root = `${stage.world.directory}/image`;
  await Deno.mkdir(`${root}/bin`, { recursive: true });
  await Deno.copyFile("/bin/busybox", `${root}/bin/busybox`);
  for (const program of ["boxed", "server"]) await Deno.copyFile(`${PROGRAMS}/${program}`, `${root}/bin/${program}`);
}

export const CONTAINER: Scenario[] = [
  {
    name: "container",
    expects: "podman container: host pid, path inside, container id; its busybox too",
    needs: ["/usr/bin/podman", "/usr/sbin/runc", "/bin/busybox"],
    prepare: async (stage) => {
      await makeRoot(stage);
      return () => askInside(stage);
    },
  },
];

/** Runs the container and gathers what only the host knows. */
async function askInside(stage: Stage): Promise<ReturnType<typeof expectAsked>[]> {
  const name = `culprit-${stage.world.nonce}`;
  const [own, child] = [stage.domain("n1"), stage.domain("n2")];
  const { directory } = stage.world;
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
  const storage = ["--root", `${directory}/podman`, "--runroot", `${directory}/podman-run`, "--storage-driver", "vfs"];
  const run = ["run", "--interactive", "--rm", "--name", name, "--network", "none", ...limits];
  const program = stage.start("/usr/bin/podman", [
    ...[...PODMAN, ...storage, "--events-backend", "none"],
    ...[...run, "--rootfs", `${directory}/image`, "/bin/boxed", own, child],
  ], { netns: "host" });
  try {
    await program.truth(1);
  } catch (error) {
    throw new NotRunError(`podman run failed: ${error instanceof Error ? error.message : error}`);
  }
  const [id = "", hostPid = ""] = (await podman(stage, ["inspect", "--format", "{{.Id}} {{.State.Pid}}", name])).split(
    " ",
  );
  const pid = Number(hostPid);
  stage.pids.add(pid);
  await program.go();
  const [truth] = answered(await program.finish());
  // Inside, pids and parents are those of the pid namespace.
  const { tid: _, ppid: __, ...inside } = expectAsked(truth!).process ?? {};
  const expected = expectAsked(truth!, undefined, { interface: "lo" });
  const { sourcePort: ___, ...looked } = expected;
  return [
    { ...expected, process: { ...inside, pid, container: id } },
    {
      ...looked,
      name: child,
      process: {
        ppid: pid,
        exe: "/bin/busybox",
        cmdline: ["nslookup", "-type=a", child, "127.0.0.1"],
        container: id,
        ...(truth!.netns === undefined ? {} : { netns: truth!.netns }),
      },
      server: { exe: "/bin/server", ppid: pid, container: id },
      serverRequired: true,
    },
  ];
}
