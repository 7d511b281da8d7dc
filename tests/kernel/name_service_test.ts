// For whom nscd and systemd-resolved ask: who reaches them without DNS is named on its behalf.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { DnsEvent } from "../../src/events.ts";
import { buildPrograms, PROGRAMS } from "../scenarios/build.ts";
import { runCulprit } from "./culprit.ts";

/** Where scripts/setup unpacks what cannot be installed without changing how this machine resolves names. */
const UNPACKED = `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`}/culprit/unpacked`;

/** Starts in the background what the test ends. */
const START = 'start() { "$@" </dev/zero >/dev/null 2>&1 & echo $! >>"$PIDS"; }';

/** A server of its own, and configuration that others do not see. */
const NETWORK = `
${START}
ip link add near type veth peer name far
ip link set near up
ip link set far up
ip address add 10.77.1.2/24 dev near
ip address add 10.77.1.1/24 dev far
ip route add default via 10.77.1.1
ip link set lo up
mount -t tmpfs none /run
configure() { cat >"/run/$1"; mount --bind "/run/$1" "/etc/$1"; }
start ${PROGRAMS}/server 10.77.1.1 53
`;

/** What asks, once culprit is ready. */
const CLIENTS = `
(
  while ! [ -e /run/ready ]; do sleep 0.1; done
  getent ahosts one.test
  getent ahosts one.test
  getent hosts two.test
) >/run/clients.log 2>&1 &
`;

const SERVICES = [
  {
    exe: "/usr/sbin/nscd",
    needs: "/usr/sbin/nscd",
    start: `
configure resolv.conf <<.
nameserver 10.77.1.1
.
configure nsswitch.conf <<.
hosts: dns
.
configure nscd.conf <<.
enable-cache hosts yes
.
mkdir /run/nscd
start /usr/sbin/nscd -F
while ! [ -S /run/nscd/socket ]; do sleep 0.1; done
`,
  },
  {
    exe: "/usr/lib/systemd/systemd-resolved",
    needs: `${UNPACKED}/usr/lib/systemd/systemd-resolved`,
    start: `
mkdir -p /run/libraries/upper /run/libraries/work /run/systemd/resolved.conf.d
cp ${UNPACKED}/usr/lib/x86_64-linux-gnu/libnss_resolve.so.2 /run/libraries/upper
mount -t overlay none -o lowerdir=/usr/lib/x86_64-linux-gnu,upperdir=/run/libraries/upper,workdir=/run/libraries/work \\
  /usr/lib/x86_64-linux-gnu
mkdir -p /run/programs/upper /run/programs/work
cp ${UNPACKED}/usr/lib/systemd/systemd-resolved /run/programs/upper
mount -t overlay none -o lowerdir=/usr/lib/systemd,upperdir=/run/programs/upper,workdir=/run/programs/work \\
  /usr/lib/systemd
{ grep -v ^systemd-resolve: /etc/passwd; echo systemd-resolve:x:64997:64997::/:/usr/sbin/nologin; } >/run/passwd
mount --bind /run/passwd /etc/passwd
cat >/run/systemd/resolved.conf.d/test.conf <<.
[Resolve]
DNS=10.77.1.1
Domains=~.
FallbackDNS=
LLMNR=no
MulticastDNS=no
.
configure nsswitch.conf <<.
hosts: resolve
.
start /usr/lib/systemd/systemd-resolved
while ! [ -S /run/systemd/resolve/io.systemd.Resolve ]; do sleep 0.1; done
`,
  },
];

/** Ends what a test started; what has ended is no matter. */
function end(pids: string): void {
  for (const pid of pids.split("\n").filter(Boolean)) {
    try {
      Deno.kill(Number(pid), "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

for (const { exe, needs, start } of SERVICES) {
  Deno.test(`culprit dns names the process that ${exe} asks for`, async () => {
    assert.ok(existsSync(needs), `${needs} is missing: run scripts/setup test`);
    await buildPrograms();
    const pids = await Deno.makeTempFile({ prefix: "culprit-pids-" });
    try {
      const { stdout, stderr, code } = await runCulprit(
        ["dns", "--json", "--ready-file", "/run/ready", "--name", "*.test", "--duration", "4s"],
        { wrapper: ["unshare", "--mount", "--net"], prelude: NETWORK + start + CLIENTS, env: { PIDS: pids } },
      );
      assert.equal(stderr, "");
      assert.equal(code, 0, stdout);
      const lines = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
      const events = lines.filter(({ type }) => type === "dns") as DnsEvent[];
      for (const [name, client] of [["one.test", "getent ahosts one.test"], ["two.test", "getent hosts two.test"]]) {
        const asked = events.filter(({ dns }) => dns.question?.name === name);
        assert.ok(asked.length > 0, `nobody asked for ${name}: ${stdout}`);
        for (const { process, on_behalf_of: found } of asked) {
          assert.deepEqual([process?.exe, found?.process.cmdline.join(" "), found?.confidence], [exe, client, "exact"]);
        }
      }
    } finally {
      end(await Deno.readTextFile(pids));
      await Deno.remove(pids);
    }
  });
}
