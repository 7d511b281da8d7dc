// The systemd units. Needs root and tests/package/roots.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/toolchain.ts";
import { CULPRIT, observeIn } from "./_sandbox.ts";

const UNITS = `${ROOT}/packaging/systemd`;

const NAMES = [...Deno.readDirSync(UNITS)].map(({ name }) => name).sort();

/** All values of a setting of a unit. */
function settings(name: string, key: string): string[] {
  return [...Deno.readTextFileSync(`${UNITS}/${name}`).matchAll(new RegExp(`^${key}=(.*)$`, "gm"))]
    .map(([, value = ""]) => value);
}

Deno.test("systemd has nothing to say against the units", () => {
  const directory = Deno.makeTempDirSync();
  try {
    for (const name of NAMES) {
      const unit = Deno.readTextFileSync(`${UNITS}/${name}`).replaceAll("/usr/bin/culprit", CULPRIT);
      Deno.writeTextFileSync(`${directory}/${name}`, unit);
    }
    const args = ["verify", "--man=no", ...NAMES.map((name) => `${directory}/${name}`)];
    const { code, stderr } = new Deno.Command("systemd-analyze", { args }).outputSync();
    assert.deepEqual([code, new TextDecoder().decode(stderr)], [0, ""]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

for (const name of NAMES.filter((name) => name.endsWith(".service"))) {
  Deno.test(`${name}: its command works with the capabilities it leaves`, async () => {
    const [command = ""] = settings(name, "ExecStart");
    const [set = ""] = settings(name, "CapabilityBoundingSet");
    const bounding = set.toLowerCase().split(" ").map((capability) => `+${capability.slice(4)}`).join(",");
    assert.match(command, /^\/usr\/bin\/culprit dns /);
    const output = /--output (\S+)/.exec(command)?.[1];
    await observeIn({
      setup: "cp $culprit $root/usr/bin/culprit; mkdir $root/var/log/culprit",
      // What is given last counts, and "dns" is in the command already.
      script: `args='DNS'
        run /usr/bin/setpriv --no-new-privs --bounding-set=-all,${bounding} ${command} \${args#dns }
        cat $root${output}`,
    });
  });

  Deno.test(`${name}: it writes below directories that systemd makes`, () => {
    const [command = ""] = settings(name, "ExecStart");
    assert.match(command, / --output \/var\/log\/culprit\//);
    assert.deepEqual(settings(name, "LogsDirectory"), ["culprit"]);
    assert.deepEqual(settings(name, "CacheDirectory"), ["culprit"]);
  });

  Deno.test(`${name}: it may make machine code`, () => {
    assert.deepEqual(settings(name, "MemoryDenyWriteExecute"), []);
  });
}
