import assert from "node:assert/strict";
import { LibbpfError, MissingPrivilegeError, UnsupportedKernelError, VerifierError } from "../src/errors.ts";
import { loadError, type Privileges } from "./load_error.ts";

const EPERM = 1;
const EINVAL = 22;

/** Privileges of an ordinary root, with changes. */
function privileges(changes: Partial<Privileges> = {}): () => Privileges {
  return () => ({ missing: [], memlockLimited: false, inUserNamespace: false, ...changes });
}

/** What libbpf logs where a map is refused by the memory limit of an old kernel. */
const MEMLOCK_LOG = [
  "Error in bpf_create_map_xattr(ring):Operation not permitted(-1). Retrying without BTF.",
  "map 'ring': failed to create: Operation not permitted(-1)",
  "permission error while running as root; try raising 'ulimit -l'? current value: 64.0 KiB",
  "failed to load object 'x'",
];

Deno.test("loadError() names the rejected program and keeps the whole verifier log", () => {
  const log = `0: R1=ctx()\n${"line\n".repeat(100)}R0 invalid mem access 'scalar'\nprocessed 7 insns`;
  const error = loadError("x", EINVAL, [
    "prog 'other': some warning",
    "prog 'dns_egress': BPF program load failed: Permission denied",
    `prog 'dns_egress': -- BEGIN PROG LOAD LOG --\n${log}\n-- END PROG LOAD LOG --`,
    "prog 'dns_egress': failed to load: -13",
    "failed to load object 'x'",
  ]);
  assert.ok(error instanceof VerifierError);
  assert.equal(error.program, "dns_egress");
  assert.equal(error.log, log);
  assert.match(error.message, /^The kernel rejected program "dns_egress":\n[\s\S]*invalid mem access/);
});

Deno.test("loadError() names missing capabilities, whatever else was logged", () => {
  const error = loadError("x", EPERM, MEMLOCK_LOG, privileges({ missing: ["CAP_BPF"], memlockLimited: true }));
  assert.ok(error instanceof MissingPrivilegeError);
  assert.deepEqual(error.capabilities, ["CAP_BPF"]);
  assert.equal(error.message, "Cannot load BPF programs: missing CAP_BPF");
});

Deno.test("loadError() explains the memory limit of kernels before 5.11", () => {
  const error = loadError("x", EPERM, MEMLOCK_LOG, privileges({ memlockLimited: true }));
  assert.ok(error instanceof MissingPrivilegeError);
  assert.equal(error.message, "Cannot lock memory for BPF maps: missing CAP_SYS_RESOURCE");
  assert.match(error.hint ?? "", /ulimit -l unlimited/);
});

Deno.test("loadError() explains root of a user namespace", () => {
  const error = loadError("x", EPERM, [], privileges({ inUserNamespace: true }));
  assert.ok(error instanceof MissingPrivilegeError);
  assert.match(error.hint ?? "", /start it from the host/);
});

Deno.test("loadError() quotes libbpf's log where nothing explains EPERM", () => {
  const error = loadError("x", EPERM, MEMLOCK_LOG, privileges());
  assert.ok(error instanceof LibbpfError);
  assert.deepEqual(error.log, MEMLOCK_LOG);
  assert.match(error.message, /^Cannot create map "ring": errno EPERM \(1\)\n {2}Error in bpf_create_map_xattr/);
});

Deno.test("loadError() does not look at privileges for other errors", () => {
  const error = loadError("x", EINVAL, [], () => assert.fail("asked for privileges"));
  assert.equal(error.message, 'Cannot load BPF object "x": errno EINVAL (22)');
});

Deno.test("loadError() names the program whose hook is missing", () => {
  const error = loadError("x", 3, [
    "prog 'conn_state': failed to find kernel BTF type ID of 'nonexistent': -3",
    "prog 'conn_state': failed to prepare load attributes: -3",
  ]);
  assert.ok(error instanceof LibbpfError);
  assert.equal(error.operation, 'load program "conn_state"');
  assert.equal(error.errnoName, "ESRCH");
});

Deno.test("loadError() tells a kernel without BTF", () => {
  const error = loadError("x", 3, ["failed to find valid kernel BTF", "Error loading vmlinux BTF: -3"]);
  assert.ok(error instanceof UnsupportedKernelError);
  assert.equal(error.minimumKernel, "5.10");
  assert.equal(error.kernel, Deno.osRelease());
});
