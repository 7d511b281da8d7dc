import { OWNER_KIND } from "./capture.ts";
import { FileClock } from "./host/clock.ts";
import { ProcessTable } from "./process_table.ts";

const table = new ProcessTable({ clock: new FileClock(0n), readProcess: () => undefined });
for (let tgid = 1; tgid <= 1000; tgid++) {
  table.onExec({
    tsNs: 1000,
    tgid,
    tid: tgid,
    startTimeNs: tgid * 1001,
    parentTgid: tgid - 1,
    parentStartTimeNs: (tgid - 1) * 1001,
    uid: 0,
    gid: 0,
    comm: "dnsmasq",
    exe: "/usr/sbin/dnsmasq",
    cmdline: ["dnsmasq", "-k"],
    cmdlineTruncated: false,
    cwd: "/",
    cgroup: "/system.slice/dnsmasq.service",
    netns: 4026531840,
  });
}

/** Owners as the sensor makes them: a new object and a new string each. */
const owners = Array.from({ length: 4096 }, (_, index) => {
  const tgid = 1 + (index * 7) % 1000;
  return {
    tgid,
    tid: tgid,
    startTimeNs: tgid * 1001,
    uid: 0,
    gid: 0,
    comm: ["dns", "masq"].join(""),
    kind: OWNER_KIND.sender,
  };
});
let next = 0;

Deno.bench("lookup(), 1000 processes", () => {
  table.lookup(owners[next++ & 4095]!, 5000);
});

Deno.bench("lookup(), one process with two threads in turn", () => {
  const owner = owners[0]!;
  table.lookup({ ...owner, tid: next++ & 1 }, 5000);
});

let forks = 0;
Deno.bench("onFork() and onExit()", () => {
  forks++;
  const tgid = 10_000 + forks % 4_000_000;
  const startTimeNs = 1_000_000 + forks * 1001;
  table.onFork({
    tsNs: startTimeNs,
    tgid,
    startTimeNs,
    parentTgid: 1,
    parentStartTimeNs: 1001,
    uid: 0,
    gid: 0,
    comm: "dnsmasq",
  });
  table.onExit({ tsNs: startTimeNs, tgid, startTimeNs, exitStatus: 0 });
});
