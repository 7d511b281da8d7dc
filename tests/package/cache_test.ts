// The directory the offline single file unpacks itself into: what others may have put there, and what goes wrong.
// Needs root and tests/package/roots.
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { runIn } from "./_sandbox.ts";

const VERSION = `${config.version}\n`;

/** Bash: makes what a run would unpack, and then `$id`, the name of its directory. */
const UNPACKED = `run /opt/culprit --version >/dev/null; id=$(basename "$root"/var/cache/culprit/*)
  cache=$root/var/cache/culprit`;

/** Bash: replaces the runtime in $1 by a program of the same size and mode that tells that it was run. */
const PLANT = `plant() {
    local size=$(stat -c %s "$1/culprit")
    printf '#!/bin/sh\\necho PLANTED\\n' >"$1/culprit"
    truncate -s "$size" "$1/culprit"
    echo 'console.log("PLANTED")' >"$1/culprit.js"
  }`;

/** Directories that another user had a hand in: name, how they are made, what is said. */
const HOSTILE: readonly (readonly [string, string, RegExp])[] = [
  ["a cache of another user", "chown -R 1000:1000 $cache", /belongs to uid 1000 with mode 755/],
  ["a cache others may write", "chmod 777 $cache", /belongs to uid 0 with mode 777/],
  ["a cache the group may write", "chmod 775 $cache", /with mode 775/],
  ["a symbolic link", "mv $cache $root/home/own; ln -s ../../home/own $cache", /it is not a directory/],
  ["a file", "rm -r $cache; touch $cache", /it is not a directory/],
  ["a fifo", "rm -r $cache; mkfifo $cache", /it is not a directory/],
  ["/var/cache others may write", "chmod 777 $root/var/cache", /uid 0 \(mode 777\) could change it/],
  ["/var/cache of another user", "chown 1000 $root/var/cache", /uid 1000 \(mode 755\) could change it/],
  ["/var others may write", "chmod 777 $root/var", /uid 0 \(mode 777\) could change it/],
];

for (const [name, hostility, wanted] of HOSTILE) {
  Deno.test(`root does not use ${name}, says so and runs from memory`, async () => {
    const { code, out, err } = await runIn({
      setup: `${PLANT}\n${UNPACKED}\nplant $cache/$id\n${hostility}`,
      script: `before=$(ls -laR --time-style=full-iso $root/var $root/home)
        run /opt/culprit --version
        [[ $before == "$(ls -laR --time-style=full-iso $root/var $root/home)" ]]`,
    });
    assert.deepEqual([code, out], [0, VERSION], err);
    assert.match(err, /^culprit: "\/var\/cache.*" is not used: /);
    assert.match(err, wanted);
  });
}

/** What can happen to root's own directory: name, and how it is made. */
const DAMAGED: readonly (readonly [string, string])[] = [
  ["a file cut short", "truncate -s 1000000 $cache/$id/culprit"],
  ["a file that is missing", "rm $cache/$id/libbpf.so.1"],
  ["a file that is a link", "mv $cache/$id/culprit.js $root/x.js; ln -s /x.js $cache/$id/culprit.js"],
  ["a file of another user", "chown 1000 $cache/$id/culprit"],
  ["a file others may write", "chmod 777 $cache/$id/culprit"],
  ["a file that is a directory", "rm $cache/$id/culprit.js; mkdir $cache/$id/culprit.js"],
  ["a link in place of the version", "mv $cache/$id $root/home/own; ln -s /home/own $cache/$id"],
  ["a file in place of the version", "rm -r $cache/$id; touch $cache/$id"],
  ["a version others may write", "chmod 757 $cache/$id"],
  ["compiled code others may write", "chmod 777 $cache/$id/deno"],
];

for (const [name, damage] of DAMAGED) {
  Deno.test(`root replaces ${name}`, async () => {
    const { code, out, err } = await runIn({
      setup: `${UNPACKED}\n${damage}`,
      script: `run /opt/culprit --version
        [[ $(ls -A $cache) == $id && -d $cache/$id && ! -L $cache/$id ]]
        inode=$(stat -c %i $cache/$id/culprit)
        run /opt/culprit --version
        [[ $(stat -c %i $cache/$id/culprit) == $inode ]]`,
    });
    assert.deepEqual([code, out, err], [0, VERSION + VERSION, ""]);
  });
}

Deno.test("eight first runs at once all work and leave one directory", async () => {
  const { code, out, err } = await runIn({
    script: `for n in 1 2 3 4 5 6 7 8; do run /opt/culprit --version & done; wait
      ls -A $root/var/cache/culprit | wc -l`,
  });
  assert.deepEqual([code, out, err], [0, `${VERSION.repeat(8)}1\n`, ""]);
});

Deno.test("older versions and what was left half-made go, but not what is in use", async () => {
  const { code, out, err } = await runIn({
    setup: `cache=$root/var/cache/culprit; mkdir -p $cache
      used=$(printf '%032d' 1) unused=$(printf '%032d' 2)
      for name in $used $unused .new-0 .new-1 other; do mkdir -p $cache/$name/deno/npm; touch $cache/$name/deno/x; done
      exec 7<$cache/$used 8<$cache/.new-1
      flock -s 7; flock -x 8`,
    script: `run /opt/culprit --version; ls -A $cache | sed -E 's/^[0-9a-f]{32}$/version/' | sort | tr '\\n' ' '`,
  });
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(out, `${VERSION}.new-1 other version version `);
});

Deno.test("a version in use keeps its directory", async () => {
  const { code, out, err } = await runIn({
    script: `run /opt/culprit dns --duration 60s --ready-file /opt/ready >/dev/null 2>&1 & job=$!
      until [[ -e $root/opt/ready ]]; do read -rt 0.05 <> <(:) || :; done
      cd $root/var/cache/culprit
      flock -nx * true && echo free || echo held
      kill $(pgrep -P $job); wait $job
      flock -nx * true && echo free || echo held`,
  });
  assert.deepEqual([code, out], [0, "held\nfree\n"], err);
});

Deno.test("killed while it unpacks, it leaves nothing that would be used", async () => {
  const { code, out, err } = await runIn({
    script: `run /opt/culprit --version & job=$!
      until compgen -G "$root/var/cache/culprit/.new-*/culprit" >/dev/null; do :; done
      kill -KILL $(pgrep -P $job); wait $job || :
      run /opt/culprit --version; ls -A $root/var/cache/culprit | wc -l`,
  });
  assert.equal(code, 0, err);
  assert.match(out, new RegExp(`${VERSION}1\n$`));
});

Deno.test("a full disk is left as it was found", async () => {
  const { code, out, err } = await runIn({
    setup: "mount -t tmpfs -o size=50m,mode=755 none $root/var/cache",
    script: "run /opt/culprit --version; ls -A $root/var/cache/culprit | wc -l",
  });
  assert.deepEqual([code, out, err], [0, `${VERSION}0\n`, ""]);
});

Deno.test("a user without root runs from root's cache and writes nothing", async () => {
  const { code, out, err } = await runIn({
    uid: 1000,
    env: { HOME: "/home/user" },
    setup: `install -d -o 1000 -g 1000 $root/home/user
      chroot $root /opt/culprit --version`,
    script: `run /opt/culprit version --json; find $root/home/user $root/tmp -newer $culprit -type f`,
  });
  assert.equal(code, 0, err);
  assert.match(out, new RegExp(`^${VERSION}\\{.*"build":"offline".*\\}\n$`));
});

Deno.test("a user without root unpacks into a cache of their own", async () => {
  const { code, out, err } = await runIn({
    uid: 1000,
    env: { HOME: "/home/user" },
    setup: "install -d -o 1000 -g 1000 $root/home/user",
    script: `run /opt/culprit version --json; stat -c '%u %a %n' $root/home/user/.cache{,/culprit,/culprit/*/culprit}`,
  });
  assert.equal(code, 0, err);
  assert.match(out, /"build":"offline"/);
  assert.match(out, /\n1000 700 .*\.cache\n1000 755 .*culprit\n1000 755 .*\/culprit\n$/);
});

Deno.test("XDG_CACHE_HOME of a user is heeded, that of root is not", async () => {
  for (const [uid, wanted] of [[1000, "/xdg/culprit"], [0, "/var/cache/culprit"]] as const) {
    const { code, out, err } = await runIn({
      uid,
      env: { HOME: "/home", XDG_CACHE_HOME: "/xdg" },
      setup: "install -d -o 1000 -g 1000 $root/xdg",
      script: `run /opt/culprit --version; cd $root; ls -d xdg/culprit var/cache/culprit 2>/dev/null || :`,
    });
    assert.deepEqual([code, out, err], [0, `${VERSION}${wanted.slice(1)}\n`, ""]);
  }
});

Deno.test("a user does not use a cache that another user could change", async () => {
  const { code, out, err } = await runIn({
    uid: 1000,
    env: { HOME: "/home/user" },
    setup: "install -d -o 1001 -g 1001 $root/home/user $root/home/user/.cache",
    script: "run /opt/culprit version --json; ls -A $root/home/user/.cache",
  });
  assert.equal(code, 0, err);
  assert.match(out, /"build":"memory"/);
  assert.match(err, /uid 1001 \(mode 755\) could change it/);
});

Deno.test("what another user planted in /var/cache does not run as a user either", async () => {
  const { code, out, err } = await runIn({
    uid: 1000,
    env: { HOME: "/home/user" },
    setup: `${PLANT}
      install -d -o 1000 -g 1000 $root/home/user
      ${UNPACKED.replace("run ", "chroot $root ")}
      plant $cache/$id; chown -R 1001:1001 $cache`,
    script: "run /opt/culprit --version",
  });
  assert.deepEqual([code, out], [0, VERSION], err);
  assert.match(err, /belongs to uid 1001/);
});
