// What a release holds: the Debian package, the archive with its installer, the bill of materials, the npm package.
// Needs root, tests/package/roots, and what `deno task test:package` makes.
import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { sha256 } from "../../scripts/target.ts";
import { observeIn, RELEASE, runIn } from "./_sandbox.ts";

const BASE = `culprit_${config.version}`;
const DEB = `${BASE}_amd64.deb`;

/** Runs a command and returns what it prints. */
function text(command: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args, env: { NO_COLOR: "1" } }).outputSync();
  assert.ok(success, new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout));
  return new TextDecoder().decode(stdout);
}

/** Bash: puts the release into the root, without the file itself. */
const SETUP = "rm $culprit; mkdir $root/release; cp $release/* $root/release/";

for (const root of ["bullseye", "bookworm", "trixie"] as const) {
  Deno.test(`the Debian package works in ${root}, and goes without a trace`, async () => {
    const { out } = await observeIn({
      root,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      setup: SETUP,
      script: `list() { (cd $root && find . -xdev ! -path './var/lib/dpkg*' ! -path './var/log/dpkg*' \\
          ! -path './var/cache/debconf*' ! -path './release*' ! -path './var/log/alternatives*' | sort); }
        before=$(list)
        run /usr/bin/dpkg --install /release/${DEB} >/dev/null
        run /usr/bin/dpkg --verify culprit
        run /usr/bin/culprit DNS
        [[ -d $root/var/cache/culprit ]]
        run /usr/bin/dpkg --purge culprit >/dev/null
        diff <(echo "$before") <(list)`,
    });
    assert.doesNotMatch(out, /^[<>]/m);
  });
}

Deno.test("the installed package starts on a read-only root and says what it is", async () => {
  const { code, out, err } = await runIn({
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    setup: SETUP,
    script: `run /usr/bin/dpkg --install /release/${DEB} >/dev/null; mount -o remount,ro,bind $root
      run /usr/bin/culprit version --json`,
  });
  assert.deepEqual([code, err], [0, ""]);
  const { build, libbpf_source } = JSON.parse(out);
  assert.deepEqual([build, libbpf_source], ["offline", "built in"]);
});

Deno.test("the Debian package has its files where administrators look for them", () => {
  const files = text("dpkg-deb", "--contents", `${RELEASE}/${DEB}`);
  for (
    const path of [
      "usr/bin/culprit",
      "usr/share/man/man8/culprit.8",
      "usr/share/bash-completion/completions/culprit",
      "usr/share/zsh/vendor-completions/_culprit",
      "usr/share/fish/vendor_completions.d/culprit.fish",
      "lib/systemd/system/culprit-dns.service",
      "lib/systemd/system/culprit-dns-sample.timer",
      "etc/logrotate.d/culprit",
      "usr/share/doc/culprit/copyright",
      "usr/share/doc/culprit/THIRD_PARTY.txt",
      "usr/share/doc/culprit/sbom.cdx.json",
      "usr/share/doc/culprit/examples/cron",
    ]
  ) assert.ok(files.includes(` ./${path}\n`), path);
  for (const line of files.trim().split("\n")) assert.match(line, /^[-d]r[-w]x?[-r]?.* root\/root /, line);
  assert.doesNotMatch(files, /^.{4,6}w/m);
  assert.equal(text("dpkg-deb", "--field", `${RELEASE}/${DEB}`, "Version").trim(), config.version);
});

Deno.test("install.sh installs, and removes what it installed", async () => {
  const { out } = await observeIn({
    env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    setup: SETUP,
    script: `list() { (cd $root && find . -xdev ! -path './release*' ! -type d | sort); }
      before=$(list)
      run /bin/sh /release/install.sh --from /release >/dev/null
      run /usr/local/bin/culprit DNS
      for file in man/man8/culprit.8 bash-completion/completions/culprit zsh/site-functions/_culprit; do
        [[ -s $root/usr/local/share/$file ]]
      done
      run /bin/sh /release/install.sh --uninstall
      diff <(echo "$before") <(list)`,
  });
  assert.doesNotMatch(out, /^[<>]/m);
});

for (const [root, prefix] of [["bookworm", "/usr/local"], ["bookworm-systemd", "/opt/a+b_c-1.0"]] as const) {
  Deno.test(`install.sh --systemd says that systemd does not run, and removes the units again: ${root}`, async () => {
    const { code, out, err } = await runIn({
      root,
      env: { PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      setup: SETUP,
      script: `list() { (cd $root && find . -xdev ! -path './release*' ! -type d | sort); }
        before=$(list)
        run /bin/sh /release/install.sh --prefix '${prefix}' --from /release --systemd >/dev/null
        grep --quiet '^ExecStart=${prefix}/bin/culprit ' $root/etc/systemd/system/culprit-dns.service
        run /bin/sh /release/install.sh --prefix '${prefix}' --uninstall
        diff <(echo "$before") <(list)`,
    });
    assert.deepEqual([code, out], [0, ""], err);
    assert.match(err, /^install: systemd does not run here: the program is installed, and its units in .*\n$/);
  });
}

Deno.test("install.sh --systemd installs nothing where the units cannot be written", async () => {
  const { code, err } = await runIn({
    uid: 65534,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    setup: `${SETUP}\nmkdir -m 777 $root/own`,
    script: `code=0; run /bin/sh /release/install.sh --from /release --prefix /own --systemd || code=$?
      ! compgen -G "$root/own/*" && exit $code`,
  });
  assert.equal(code, 1, err);
  assert.match(err, /^install: cannot write to \/etc\/systemd\/system, .*: nothing was installed; run it as root/);
});

for (
  const [name, tamper, wanted, args = ""] of [
    [
      "an archive that was changed",
      `echo x >>$root/release/${BASE}_linux_amd64.tar.gz`,
      /checksum of .* is .*, wanted/,
    ],
    ["checksums that do not name it", `echo >$root/release/${BASE}_checksums.txt`, /does not name/],
    ["no checksums", `rm $root/release/${BASE}_checksums.txt`, /cannot get .*checksums/],
    ["no archive", `rm $root/release/${BASE}_linux_amd64.tar.gz`, /cannot get .*tar\.gz/],
    ["a prefix that units cannot name", "", /found --prefix "\/opt\/a b%c"/, "--prefix '/opt/a b%c' --systemd"],
  ] as const
) {
  Deno.test(`install.sh installs nothing with ${name}`, async () => {
    const { code, err } = await runIn({
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      setup: `${SETUP}\n${tamper}`,
      script: `code=0; run /bin/sh /release/install.sh --from /release ${args} || code=$?
        ! compgen -G "$root/usr/local/bin/*" && ! compgen -G "$root/tmp/*" && exit $code`,
    });
    assert.equal(code, 1, err);
    assert.match(err, /^install: /m);
    assert.match(err, wanted);
  });
}

Deno.test("checksums name every file of the release, rightly", async () => {
  const lines = Deno.readTextFileSync(`${RELEASE}/${BASE}_checksums.txt`).trimEnd().split("\n");
  const named = new Map(lines.map((line) => line.split("  ").reverse() as [string, string]));
  const files = [...Deno.readDirSync(RELEASE)].map(({ name }) => name).filter((name) => !name.includes("checksums"));
  assert.deepEqual([...named.keys()].sort(), files.sort());
  for (const [name, sum] of named) assert.equal(await sha256(Deno.readFileSync(`${RELEASE}/${name}`)), sum, name);
});

Deno.test("the bill of materials names every part with its licence", () => {
  const bom = JSON.parse(Deno.readTextFileSync(`${RELEASE}/${BASE}_linux_amd64.cdx.json`));
  assert.deepEqual([bom.bomFormat, bom.specVersion], ["CycloneDX", "1.5"]);
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const parts = bom.components.filter(({ type }: { type: string }) => type !== "file");
  const names = parts.map(({ name }: { name: string }) => name);
  for (const name of ["deno", "libbpf-dev", "libelf-dev", "zlib1g-dev", "libzstd-dev", "libc6-dev", "commander"]) {
    assert.ok(names.includes(name), name);
  }
  for (const { name, version, licenses, purl } of parts) {
    assert.ok(licenses[0].expression.length > 2, name);
    assert.ok(purl.includes(encodeURIComponent(version)) || purl.includes(version), name);
  }
  const archive = ["-xzOf", `${RELEASE}/${BASE}_linux_amd64.tar.gz`, `${BASE}_linux_amd64/THIRD_PARTY.txt`];
  const notices = text("tar", ...archive);
  for (const { name, version } of parts) assert.ok(notices.includes(`\n${name} ${version}\n`), name);
  for (const license of ["GNU LESSER GENERAL PUBLIC LICENSE", "BSD", "MIT License"]) {
    assert.ok(notices.includes(license), license);
  }
});

Deno.test("the manual page in the archive is that of this version", () => {
  const page = text("tar", "-xzOf", `${RELEASE}/${BASE}_linux_amd64.tar.gz`, `${BASE}_linux_amd64/man/culprit.8`);
  assert.ok(page.includes(`"culprit ${config.version}"`));
});

Deno.test("nothing that is shipped tells where it was built", () => {
  const root = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
  const directory = new URL("../../dist/app", import.meta.url).pathname;
  for (const { name } of Deno.readDirSync(directory)) {
    const content = Deno.readTextFileSync(`${directory}/${name}`);
    for (const path of [root, Deno.env.get("HOME") ?? "/root", Deno.env.get("DENO_DIR") ?? "/.cache/"]) {
      assert.ok(!content.includes(`${path}/`), `${name} holds ${path}`);
    }
  }
});
