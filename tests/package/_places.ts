/**
 * Where a single file of either kind must work.
 *
 * @module
 */

import type { Sandbox } from "./_sandbox.ts";

/** Places in which it must do its work and say nothing but its summary. */
export const PLACES: readonly (readonly [string, Sandbox])[] = [
  ["alone in an empty root with glibc", { root: "glibc" }],
  ["Debian 11", { root: "bullseye" }],
  ["Debian 12", { root: "bookworm" }],
  ["Debian 13", { root: "trixie" }],
  ["a read-only root", { setup: "mount -o remount,ro,bind $root" }],
  ["/tmp without exec", { setup: "mount -t tmpfs -o noexec none $root/tmp" }],
  ["/var without exec", { setup: "mkdir -p $root/var/cache; mount -t tmpfs -o noexec none $root/var/cache" }],
  ["a full disk", { setup: "mount -t tmpfs -o size=20m none $root/var/cache" }],
  ["a disk that is full to the last octet", {
    setup:
      "mount -t tmpfs -o size=1m none $root/var/cache; head -c 2M /dev/zero >$root/var/cache/fill 2>/dev/null || :",
  }],
  ["no HOME", { env: { PATH: "/usr/bin" } }],
  ["HOME that cannot be written", { env: { HOME: "/proc" } }],
  ["an empty environment", { env: {} }],
  ["a symbolic link", { script: "ln -s ../../opt/culprit $root/usr/bin/kul; run /usr/bin/kul DNS" }],
  ["a relative symbolic link, from elsewhere", { script: "ln -s culprit $root/opt/x; cd /; run /opt/x DNS" }],
  ["a closed standard input", { script: "run /opt/culprit DNS <&-" }],
  ["many open descriptors", { script: 'for n in {3..60}; do eval "exec $n</dev/null"; done; run /opt/culprit DNS' }],
];
