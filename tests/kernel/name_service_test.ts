// For whom nscd asks: a process that reaches it without DNS is named on its behalf.
import assert from "node:assert/strict";
import type { DnsEvent } from "../../src/events.ts";
import { buildPrograms, PROGRAMS } from "../scenarios/build.ts";
import { runCulprit } from "./culprit.ts";

/** A resolver of its own, nscd, and programs that resolve names through it, in namespaces of their own. */
const PRELUDE = `
ip link set lo up
mount -t tmpfs none /run
mkdir /run/nscd
printf 'nameserver 127.0.0.1\\n' >/run/resolv.conf
printf 'hosts: dns\\npasswd: files\\ngroup: files\\n' >/run/nsswitch.conf
printf 'enable-cache hosts yes\\nenable-cache passwd no\\nenable-cache group no\\n' >/run/nscd.conf
mount --bind /run/resolv.conf /etc/resolv.conf
mount --bind /run/nsswitch.conf /etc/nsswitch.conf
timeout 20 ${PROGRAMS}/server 127.0.0.1 53 </dev/zero >/run/server.log 2>&1 &
timeout 20 /usr/sbin/nscd -F -f /run/nscd.conf >/dev/null 2>&1 &
while ! [ -S /run/nscd/socket ] || ! [ -s /run/server.log ]; do sleep 0.1; done
(
  while ! [ -e /run/ready ]; do sleep 0.1; done
  getent ahosts one.test
  getent ahosts one.test
  getent hosts two.test
) >/run/getent.log 2>&1 &
`;

Deno.test("culprit dns names the process that nscd asks for", async () => {
  await buildPrograms();
  const { stdout, stderr, code } = await runCulprit(
    ["dns", "--json", "--ready-file", "/run/ready", "--duration", "5s"],
    { wrapper: ["unshare", "--mount", "--net"], prelude: PRELUDE },
  );
  assert.equal(stderr, "");
  assert.equal(code, 0, stdout);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line)).filter(({ type }) =>
    type === "dns"
  ) as DnsEvent[];
  const told = events.map(({ dns, process, on_behalf_of: client }) => [
    dns.question?.name,
    process?.exe,
    client?.process.cmdline.join(" "),
    client?.confidence,
  ]);
  // A and AAAA, once: the second time nscd knows.
  const one = ["one.test", "/usr/sbin/nscd", "getent ahosts one.test", "exact"];
  assert.deepEqual(told.filter(([name]) => name === "one.test"), [one, one]);
  const two = told.filter(([name]) => name === "two.test");
  assert.ok(two.length > 0);
  for (const row of two) assert.deepEqual(row, ["two.test", "/usr/sbin/nscd", "getent hosts two.test", "exact"]);
});
