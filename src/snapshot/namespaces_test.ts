import assert from "node:assert/strict";
import { findNamespaceMounts } from "./namespaces.ts";

Deno.test("findNamespaceMounts() finds network namespaces only, also below strange paths", () => {
  const mountinfo = [
    "22 1 0:4 net:[4026532201] /run/netns/blue rw shared:9 - nsfs nsfs rw",
    "23 1 0:4 mnt:[4026532300] /run/x rw - nsfs nsfs rw",
    "24 1 0:4 net:[4026532202] /run/a\\040b rw - nsfs nsfs rw",
    "25 1 8:1 / / rw - ext4 /dev/sda1 rw",
    "",
  ].join("\n");
  assert.deepEqual(findNamespaceMounts(mountinfo), [[4026532201, "/run/netns/blue"], [4026532202, "/run/a b"]]);
});
