// Debian's cron runs the example, every minute in place of every fifth: takes up to 70 seconds, so it is run by name.
// Needs root and cron.
import assert from "node:assert/strict";
import { ROOT } from "../../scripts/toolchain.ts";
import { CULPRIT, observe } from "./_sandbox.ts";

Deno.test("cron appends JSON lines", async () => {
  const example = Deno.readTextFileSync(`${ROOT}/packaging/cron/culprit`);
  const file = "/var/log/culprit/cron.json";
  const everyMinute = example.replace("*/5 * * * *", "* * * * *");
  assert.notEqual(everyMinute, example);
  assert.ok(everyMinute.trimEnd().endsWith(`--output ${file}`));
  await observe((dns) => {
    // Mounts and processes of its own: neither the host's jobs nor its cron take part.
    const script = `set -euo pipefail
      for directory in /etc/cron.d /var/spool/cron /run /usr/local/bin /var/log; do
        mount -t tmpfs -o mode=755 none $directory
      done
      mount --bind /dev/null /etc/crontab
      mkdir /var/spool/cron/crontabs /var/log/culprit
      printf 'before\\n' >${file}
      cp ${CULPRIT} /usr/local/bin/culprit
      cat >/etc/cron.d/culprit
      cron -f &
      until [[ $(stat -c %s ${file}) -gt 7 ]]; do read -rt 0.2 <> <(:) || :; done
      # The job itself, which cron has started.
      while pgrep -x culprit >/dev/null; do read -rt 0.1 <> <(:) || :; done
      head -n 1 ${file} | grep -qx before
      cat ${file}
      kill %1`;
    const child = new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "bash", "-c", script],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    const job = `${everyMinute.trimEnd()} ${dns.replace(/^dns /, "").replace("60s", "30s")}\n`;
    writer.write(new TextEncoder().encode(job)).then(() => writer.close());
    return child;
  });
});
