// The offline single file, alone, in places that lack what programs are used to. Needs root and tests/package/roots.
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { V8_FLAGS } from "../../scripts/target.ts";
import { PLACES } from "./_places.ts";
import { CULPRIT, observeIn, runIn } from "./_sandbox.ts";

for (const [name, sandbox] of PLACES) {
  Deno.test(`culprit dns works: ${name}`, async () => {
    const { err } = await observeIn(sandbox);
    assert.doesNotMatch(err, /not used|Cannot|warning|error/i);
  });
}

Deno.test("the second start uses what the first unpacked, and writes nothing else", async () => {
  const { code, out, err } = await runIn({
    script: `run /opt/culprit --version
      before=$(stat -c %i $root/var/cache/culprit/*/culprit)
      run /opt/culprit --version
      [[ $before == "$(stat -c %i $root/var/cache/culprit/*/culprit)" ]]
      cd /mnt/up && find . -newer $culprit ! -path './var/cache/culprit/*' -type f`,
  });
  assert.equal(code, 0, err);
  assert.equal(out, `${config.version}\n${config.version}\n`);
});

Deno.test("the environment cannot steer the runtime", async () => {
  const { code, out, err } = await runIn({
    setup: `cp /bin/true $root/opt/true; echo 'console.log("taken over")' >$root/opt/x.mjs`,
    script: `run /usr/bin/env DENO_DIR=/opt/dir DENO_V8_FLAGS=--no-such-flag \\
        DENO_INTERNAL_CHILD_ENTRYPOINT=/opt/x.mjs DENO_TRACE_PERMISSIONS=1 DENO_LOG=trace NODE_CHANNEL_FD=0 \\
        NODE_OPTIONS=--require=/opt/x.mjs NODE_EXTRA_CA_CERTS=/nonexistent \\
        NPM_CONFIG_REGISTRY=http://127.0.0.1:1 OTEL_DENO=true LD_PRELOAD=/opt/true LD_LIBRARY_PATH=/opt \\
        LD_SHOW_AUXV=1 SSLKEYLOGFILE=/opt/keys \\
        /opt/culprit --version; ls $root/opt`,
  });
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(out, `${config.version}\nculprit\ntrue\nx.mjs\n`);
});

Deno.test("other variables reach the program", async () => {
  const { code, err } = await runIn({ env: { CULPRIT_DEBUG: "1" } }, "dns", "--count", "x");
  assert.equal(code, 2);
  assert.match(err, /^UsageError|\n +at /m);
});

Deno.test("arguments arrive as they were given", async () => {
  for (const args of [["-A"], ["--", "-A"], ["--allow-all"], ["dns", "--v8-flags=--help"], ["run", "x.ts"], [""]]) {
    const { code, err } = await runIn({}, ...args);
    assert.equal(code, 2, `${args.join(" ")}: ${err}`);
    assert.match(err, /^culprit: /);
  }
});

Deno.test("the process is named culprit, also in memory", async () => {
  for (const setup of ["", "mount -t tmpfs -o noexec none $root/var/cache"]) {
    const { out, err } = await runIn({
      setup,
      script: `run /opt/culprit dns --duration 60s --ready-file /opt/ready >/dev/null & job=$!
        until [[ -e $root/opt/ready ]]; do read -rt 0.05 <> <(:) || :; done
        pid=$(pgrep -P $job); cat /proc/$pid/comm; kill $pid; wait $job`,
    });
    assert.equal(out, "culprit\n", err);
  }
});

Deno.test("V8 gets the flags of the build, whatever the arguments are", async () => {
  const { out, err } = await runIn({
    script: `run /opt/culprit dns --duration 60s --ready-file /opt/ready >/dev/null & job=$!
      until [[ -e $root/opt/ready ]]; do read -rt 0.05 <> <(:) || :; done
      pid=$(pgrep -P $job); tr '\\0' '\\n' </proc/$pid/cmdline; kill $pid; wait $job`,
  });
  const words = out.trimEnd().split("\n");
  const script = words.findIndex((word) => word.endsWith("/culprit.js"));
  assert.ok(script > 0, err);
  assert.deepEqual(words.slice(0, script).filter((word) => word.startsWith("--v8-flags")), [V8_FLAGS]);
  // What comes after the script is the program's: it refuses flags of V8 as any other word it does not know.
  const given = await runIn({}, "dns", "--v8-flags=--max-semi-space-size=512");
  assert.equal(given.code, 2);
  assert.match(given.err, /--v8-flags/);
});

Deno.test("a user who is not root is told what is missing", async () => {
  const { code, out, err } = await runIn({ uid: 1000, env: { HOME: "/tmp" } }, "dns");
  assert.deepEqual([code, out], [3, ""]);
  assert.match(err, /CAP_BPF/);
  assert.match(err, /hint: .*sudo|root/);
});

Deno.test("a user who is not root can ask for help, version and doctor", async () => {
  for (const [args, wanted] of [[["--help"], 0], [["version"], 0], [["doctor"], 3], [[], 0]] as const) {
    const { code, out, err } = await runIn({ uid: 1000 }, ...args);
    assert.equal(code, wanted, err);
    assert.match(out, /culprit/);
  }
});

Deno.test("without glibc it says so", async () => {
  const { code, err } = await runIn({ root: "nothing" }, "--version");
  assert.equal(code, 3);
  assert.match(err, /^culprit: Cannot start the runtime from .*: this system has no glibc 2\.31 or newer/);
});

Deno.test("without /proc it says so where it needs it", async () => {
  const { code, err } = await runIn({
    script: "umount $root/proc; mount -t tmpfs -o noexec none $root/var/cache; run /opt/culprit --version",
  });
  assert.equal(code, 3);
  assert.match(err, /^culprit: Cannot start: \/proc is not mounted/);
});

Deno.test("with a limit on the size of files it says so", async () => {
  const { code, err } = await runIn({ script: "ulimit -f 1000; run /opt/culprit --version" });
  assert.deepEqual([code, err], [3, "culprit: Cannot unpack to memory: File too large\n"]);
});

Deno.test("with a limit on the address space it says so, or raises what may be raised", async () => {
  const { code, err } = await runIn({ script: "ulimit -v 4000000; run /opt/culprit --version" });
  assert.deepEqual([code, err], [
    3,
    "culprit: Cannot start: the address space is limited to 3906 MiB, 53248 are needed (ulimit -v, LimitAS=)\n",
  ]);
  const soft = await runIn({ script: "ulimit -Sv 4000000; run /opt/culprit --version" });
  assert.deepEqual([soft.code, soft.out], [0, `${config.version}\n`], soft.err);
});

Deno.test("with a limit on the stack it says so, or raises what may be raised", async () => {
  const { code, err } = await runIn({ script: "ulimit -s 200; run /opt/culprit --version" });
  assert.deepEqual([code, err], [
    3,
    "culprit: Cannot start: the stack is limited to 200 KiB, 2048 are needed (ulimit -s, LimitSTACK=)\n",
  ]);
  const soft = await runIn({ script: "ulimit -Ss 200; run /opt/culprit --version" });
  assert.deepEqual([soft.code, soft.out], [0, `${config.version}\n`], soft.err);
});

Deno.test("with set-user-ID it refuses", async () => {
  const { code, err } = await runIn({ uid: 1000, setup: "chmod u+s $culprit" }, "--version");
  assert.equal(code, 3);
  assert.match(err, /^culprit: Cannot start with set-user-ID/);
});

Deno.test("a damaged file is not run", async () => {
  const { code, err } = await runIn({
    setup: `size=$(stat -c %s $culprit)
      printf 'damage' | dd of=$culprit bs=1 seek=$((size / 2)) conv=notrunc status=none`,
  }, "--version");
  assert.equal(code, 3);
  assert.match(err, /^culprit: Cannot unpack: .*damaged/);
});

Deno.test("it says which commit and libbpf it is made of", async () => {
  const { code, out } = await runIn({}, "version", "--json");
  assert.equal(code, 0);
  const facts = JSON.parse(out);
  assert.match(facts.commit, /^[0-9a-f]{40}$/);
  assert.equal(facts.libbpf_source, "built in");
  assert.equal(facts.build, "offline");
  assert.match(facts.bpf_object_sha256, /^[0-9a-f]{64}$/);
});

Deno.test("another libbpf may be chosen", async () => {
  const path = "/usr/lib/x86_64-linux-gnu/libbpf.so.1";
  const setup = `for name in libbpf.so.1 libelf.so.1 libz.so.1; do
    cp -L /usr/lib/x86_64-linux-gnu/$name $root/usr/lib/x86_64-linux-gnu/
  done`;
  await observeIn({ setup, script: `run /opt/culprit DNS --libbpf ${path}` });
  const { out } = await runIn({ setup }, "doctor", "--libbpf", path);
  assert.match(out, new RegExp(`^ok +libbpf +libbpf \\d+\\.\\d+ in "${path}"`, "m"));
});

Deno.test("it needs no library itself", () => {
  const { stdout } = new Deno.Command("file", { args: ["-b", CULPRIT] }).outputSync();
  assert.match(new TextDecoder().decode(stdout), /statically linked/);
});
