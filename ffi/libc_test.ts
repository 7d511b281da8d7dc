import assert from "node:assert/strict";
import { LibbpfError } from "../src/errors.ts";
import {
  CLOCK,
  clockNs,
  closeFd,
  FILE_SYSTEM_TYPE,
  fileSystemType,
  interfaceName,
  lastErrno,
  makeDirectory,
  memfdCreate,
  mmap,
  munmap,
  OPEN_FLAG,
  openFile,
  openLibc,
  pageSize,
  POLL_EVENT,
  pollFd,
  readFd,
  readFileInto,
  readToEnd,
  removeDirectory,
  RESOURCE,
  resourceLimit,
  setns,
  syscall,
  umount,
  writeFd,
} from "./libc.ts";
import { allocate, cString, textUntilNul } from "./memory.ts";
import { openDescriptors, temporaryDirectory } from "./_testing.ts";

openLibc();

/** Descriptor of a memory file that goes away with the stack. */
function memoryFile(stack: DisposableStack, content: Uint8Array<ArrayBuffer>): number {
  const fd = stack.adopt(memfdCreate("libc_test"), closeFd);
  writeFd(fd, content);
  return fd;
}

Deno.test("mmap() shares memory with a descriptor and munmap() empties its views", () => {
  using stack = new DisposableStack();
  const fd = memoryFile(stack, new Uint8Array(pageSize()).fill(3));
  const mapping = mmap(fd, pageSize(), { writable: true });
  const view = new Uint8Array(mapping.buffer);
  assert.equal(view.length, pageSize());
  assert.equal(view.at(-1), 3);
  view[0] = 9;
  const first = allocate(1);
  readFileInto(`/proc/self/fd/${fd}`, first);
  assert.equal(first[0], 9);
  munmap(mapping);
  assert.equal(view.length, 0);
});

Deno.test("mmap() names what it could not map", () => {
  using stack = new DisposableStack();
  const fd = memoryFile(stack, allocate(1));
  assert.throws(
    () => mmap(fd, pageSize(), { offsetBytes: 1, operation: "map the moon" }),
    { name: "LibbpfError", message: "Cannot map the moon: errno EINVAL (22)" },
  );
});

Deno.test("openFile() tells path and errno", () => {
  assert.throws(() => openFile("/nonexistent/x"), (error: unknown) => {
    assert.ok(error instanceof LibbpfError);
    assert.equal(error.message, 'Cannot open "/nonexistent/x": errno ENOENT (2)');
    assert.equal(error.errno, 2);
    assert.equal(error.cause, "No such file or directory");
    return true;
  });
});

Deno.test("openFile() starts relative paths at the directory given and sets close-on-exec", () => {
  using stack = new DisposableStack();
  const directory = stack.adopt(openFile("/proc/self"), closeFd);
  const fd = stack.adopt(openFile("comm", OPEN_FLAG.RDONLY, { dirFd: directory }), closeFd);
  const comm = Deno.readTextFileSync("/proc/self/comm");
  assert.equal(new TextDecoder().decode(readToEnd(fd, 3)), comm);
  assert.match(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`), /flags:\s+02\d{6}\n/);
});

Deno.test("a path given as octets must end in NUL", () => {
  assert.throws(() => openFile(new Uint8Array([0x2f])), TypeError);
});

Deno.test("readToEnd() grows beyond its first buffer", () => {
  using stack = new DisposableStack();
  const content = new Uint8Array(1009).map((_, index) => index);
  const fd = memoryFile(stack, content);
  const reader = stack.adopt(openFile(`/proc/self/fd/${fd}`), closeFd);
  assert.deepEqual(readToEnd(reader, 16), content);
  assert.equal(readFd(reader, allocate(8)), 0);
});

Deno.test("readFileInto() answers a length, or the negative errno without an exception", () => {
  const before = openDescriptors();
  const buffer = allocate(64);
  const length = readFileInto(cString("/proc/self/comm"), buffer);
  assert.equal(textUntilNul(buffer), Deno.readTextFileSync("/proc/self/comm"));
  assert.equal(length, textUntilNul(buffer).length);
  assert.equal(readFileInto("/nonexistent", buffer), -2);
  assert.equal(readFileInto("/proc/self", buffer), -21, "EISDIR comes from read, after the open");
  assert.deepEqual(openDescriptors(), before);
});

Deno.test("readFileInto() reads on where the kernel answers a page at a time", () => {
  const page = pageSize();
  assert.ok(readFileInto("/proc/self/maps", allocate(1 << 20)) > 2 * page);
  assert.equal(readFileInto("/proc/self/maps", allocate(page + 7)), page + 7);
});

Deno.test("readFileInto() fills no more than the buffer", () => {
  assert.equal(readFileInto("/proc/self/status", allocate(7)), 7);
});

Deno.test("closeFd() and writeFd() tell a descriptor that is not open", () => {
  assert.throws(() => closeFd(1_000_000), { message: "Cannot close descriptor 1000000: errno EBADF (9)" });
  assert.equal(lastErrno(), 9);
  assert.throws(() => writeFd(1_000_000, allocate(1)), { message: "Cannot write descriptor 1000000: errno EBADF (9)" });
});

Deno.test("clockNs() runs forward, and BOOTTIME is not before MONOTONIC", () => {
  const monotonic = clockNs(CLOCK.MONOTONIC);
  assert.ok(clockNs(CLOCK.MONOTONIC) >= monotonic);
  assert.ok(clockNs(CLOCK.BOOTTIME) >= monotonic);
  const difference = Number(clockNs(CLOCK.REALTIME) / 1_000_000n) - Date.now();
  assert.ok(Math.abs(difference) < 1000, `${difference} ms off Date.now()`);
  assert.throws(() => clockNs(99), { message: "Cannot read clock 99: errno EINVAL (22)" });
});

Deno.test("interfaceName() knows the loopback device and no device 0", () => {
  assert.equal(interfaceName(1), "lo");
  assert.equal(interfaceName(0), undefined);
});

Deno.test("fileSystemType() tells proc", () => {
  assert.equal(fileSystemType("/proc"), FILE_SYSTEM_TYPE.PROC);
  assert.throws(() => fileSystemType("/nonexistent"), { errnoName: "ENOENT" });
});

Deno.test("pollFd() answers the events that are there", () => {
  using stack = new DisposableStack();
  const fd = memoryFile(stack, allocate(1));
  assert.equal(pollFd(fd, POLL_EVENT.IN, 0), POLL_EVENT.IN);
  assert.equal(pollFd(1_000_000, POLL_EVENT.IN, 0), POLL_EVENT.NVAL);
});

Deno.test("resourceLimit() reads and replaces a limit", () => {
  const before = resourceLimit(RESOURCE.NOFILE);
  assert.ok(before.soft > 0n && before.soft <= before.hard);
  const lower = { soft: before.soft - 1n, hard: before.hard };
  assert.deepEqual(resourceLimit(RESOURCE.NOFILE, lower), before);
  assert.deepEqual(resourceLimit(RESOURCE.NOFILE, before), lower);
});

Deno.test("syscall() answers the result or the negative errno", () => {
  const getpid = Deno.build.arch === "aarch64" ? 172 : 39;
  assert.equal(syscall(getpid), Deno.pid);
  assert.equal(syscall(100_000), -38);
});

Deno.test("makeDirectory() and removeDirectory() undo each other", () => {
  using stack = new DisposableStack();
  const path = `${temporaryDirectory(stack)}/inner`;
  makeDirectory(path);
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o700);
  assert.throws(() => makeDirectory(path), { errnoName: "EEXIST" });
  removeDirectory(path);
  assert.throws(() => removeDirectory(path), { errnoName: "ENOENT" });
});

Deno.test("setns() and umount() tell why they are refused", () => {
  assert.throws(() => setns(1_000_000), { message: "Cannot enter a namespace: errno EBADF (9)" });
  assert.throws(() => umount("/nonexistent"), LibbpfError);
});
