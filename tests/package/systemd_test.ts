// The Debian package under a systemd of its own, as the first process of a PID namespace. Needs root,
// tests/package/roots, and what `deno task test:package` makes.
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { RELEASE, ROOTS } from "./_sandbox.ts";

/** Query for `unit.test`, type A, as bash's printf writes it. */
const QUERY = String.raw`\0\1\1\0\0\1\0\0\0\0\0\0\4unit\4test\0\0\1\0\1`;

/** Runs within the system, as a unit, and ends it. */
const CHECK = `#!/bin/bash
exec >/result/out 2>&1
log=/var/log/culprit/dns.json
ask() { until grep -qs "$1" $log; do printf '${QUERY}' >/dev/udp/127.0.0.1/5399; sleep 0.2; done; }
ask unit.test
systemctl is-active culprit-dns.service
stat -c '%a %U %n' /var/log/culprit $log /var/cache/culprit
# What logrotate does.
mv $log $log.1
systemctl reload culprit-dns.service
ask unit.test
echo rotated
systemctl stop culprit-dns.service
systemctl show --property=Result --property=ExecMainStatus culprit-dns.service
tail -n 1 $log
systemctl start --no-block culprit-dns-sample.service
until [[ -e /var/log/culprit/dns-sample.json ]]; do sleep 0.2; done
systemctl stop culprit-dns-sample.service
systemctl list-units --failed --no-legend 'culprit*'
systemctl start culprit-dns-sample.timer
systemctl is-active culprit-dns-sample.timer
echo done
systemctl --force --force poweroff
`;

const UNIT = `[Unit]
After=culprit-dns.service
[Service]
ExecStart=/check
`;

/** Boots the system. */
const BOOT = `set -euo pipefail
mount -t tmpfs -o mode=755 none /mnt
root=/mnt/root
mkdir /mnt/root /mnt/up /mnt/work
mount -t overlay -o lowerdir=${ROOTS}/bookworm-systemd,upperdir=/mnt/up,workdir=/mnt/work none $root
mount -t proc none $root/proc
mount -t sysfs none $root/sys
mount -t cgroup2 none $root/sys/fs/cgroup
mount -t tmpfs none $root/run
mount --rbind /dev $root/dev
mkdir $root/result
mount --bind "$1" $root/result
cp ${RELEASE}/culprit_${config.version}_amd64.deb $root/culprit.deb
chroot $root dpkg --install /culprit.deb >/dev/null
install -m 755 "$1/check" $root/check
cp "$1/check.service" $root/etc/systemd/system/
echo 0123456789abcdef0123456789abcdef >$root/etc/machine-id
wants=$root/etc/systemd/system/basic.target.wants
mkdir -p $wants
ln -s /lib/systemd/system/culprit-dns.service $root/etc/systemd/system/check.service $wants
exec chroot $root /usr/bin/env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --log-target=null --show-status=no --unit=basic.target`;

/** Gives systemd a control group to rule, and takes it away again. */
const RUN = `set -euo pipefail
cgroups=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) ||
  { cgroups=$(mktemp -d); mount -t cgroup2 none "$cgroups"; }
own=$cgroups/culprit-test-$$
mkdir "$own"
trap 'until find "$own" -depth -type d -exec rmdir {} + 2>/dev/null; do sleep 0.1; done' EXIT
(
  echo $BASHPID >"$own/cgroup.procs"
  exec timeout --signal=KILL 120 unshare --mount --pid --fork --kill-child --uts --ipc --propagation private \\
    bash -c "$2" boot "$1"
)`;

Deno.test("systemd runs the units of the package, with everything they forbid themselves", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${directory}/check`, CHECK);
    Deno.writeTextFileSync(`${directory}/check.service`, UNIT);
    const { stderr } = await new Deno.Command("bash", { args: ["-c", RUN, "run", directory, BOOT] }).output();
    const out = Deno.readTextFileSync(`${directory}/out`);
    const [active, log, file, cache, rotated, ...rest] = out.split("\n");
    assert.deepEqual([active, log, cache, rotated], [
      "active",
      "750 root /var/log/culprit",
      "755 root /var/cache/culprit",
      "rotated",
    ], out + new TextDecoder().decode(stderr));
    assert.equal(file, "600 root /var/log/culprit/dns.json");
    const after = rest.join("\n");
    const summary = JSON.parse(after.split("\n").find((line) => line.startsWith("{")) ?? "{}");
    assert.equal(summary.type, "summary");
    // This systemd is in a PID namespace, where older processes cannot be looked up: the exit code tells, and nothing else.
    assert.deepEqual(summary.not_observed.map((text: string) => text.split(":")[0]), ["processes older than this run"]);
    assert.match(after, /^Result=exit-code\nExecMainStatus=3$/m);
    assert.match(after, /\nactive\ndone\n/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
