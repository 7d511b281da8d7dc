import assert from "node:assert/strict";
import { openLibc } from "../../ffi/libc.ts";
import { openProcFiles } from "../../ffi/proc_files.ts";
import { bootTimeNs } from "./clock.ts";
import { type ProcFacts, readProcess, scanProcesses, socketOwners } from "./proc.ts";

openLibc();
openProcFiles();

/** A process that ends when it is disposed of. */
class Child implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;

  constructor(command: string, args: string[], options: Deno.CommandOptions = {}) {
    this.#process = new Deno.Command(command, { args, stdin: "null", stdout: "null", stderr: "null", ...options })
      .spawn();
  }

  get pid(): number {
    return this.#process.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** Looks until what is wanted shows: exec and exit of a child have no signal to wait for. */
async function until<T>(look: () => T | undefined): Promise<T> {
  const endMs = performance.now() + 10_000;
  while (performance.now() < endMs) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new assert.AssertionError({ message: "it did not show within 10 s" });
}

/** A directory of its own. */
function temporary(): { path: string } & Disposable {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "culprit-test-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

Deno.test("readProcess() describes this process", () => {
  const before = bootTimeNs();
  const facts = readProcess(Deno.pid);
  assert.ok(facts);
  assert.equal(facts.exe, Deno.realPathSync(Deno.execPath()));
  assert.equal(facts.cwd, Deno.cwd());
  assert.equal(facts.parentTgid, Deno.ppid);
  assert.equal(facts.uid, Deno.uid());
  assert.equal(facts.gid, Deno.gid());
  assert.equal(`net:[${facts.netns}]`, Deno.readLinkSync("/proc/self/ns/net"));
  assert.ok(facts.cmdline.length > 1);
  assert.equal(facts.unknownReason, undefined);
  assert.ok(facts.observedNs >= before && facts.observedNs <= bootTimeNs());
});

Deno.test("readProcess() tells the start on the clock of the kernel's events", async () => {
  const before = bootTimeNs();
  await using child = new Child("/bin/sleep", ["1000"]);
  const after = bootTimeNs();
  const start = readProcess(child.pid)?.startTimeNs ?? 0;
  assert.ok(start > before - 10_000_000 && start <= after, `${before} ${start} ${after}`);
  assert.equal(start % 10_000_000, 0);
});

Deno.test("readProcess() takes any name, and keeps it when the file is deleted", async () => {
  using directory = temporary();
  const path = `${directory.path}/a) (b\nc`;
  Deno.copyFileSync("/bin/sleep", path);
  await using child = new Child(path, ["1000"], { cwd: directory.path });
  const shown = (): Pick<ProcFacts, "comm" | "exe" | "cwd"> => {
    const { comm, exe, cwd } = readProcess(child.pid)!;
    return { comm, exe, cwd };
  };
  assert.deepEqual(shown(), { comm: "a) (b\nc", exe: path, cwd: directory.path });
  Deno.removeSync(path);
  assert.deepEqual(shown(), { comm: "a) (b\nc", exe: path, cwd: directory.path });
});

Deno.test("readProcess() does not take a name that ends in (deleted) for a deleted file", async () => {
  using directory = temporary();
  const path = `${directory.path}/curl (deleted)`;
  Deno.copyFileSync("/bin/sleep", path);
  await using child = new Child(path, ["1000"]);
  assert.equal(readProcess(child.pid)?.exe, path);
  Deno.removeSync(path);
  assert.equal(readProcess(child.pid)?.exe, path, "the kernel adds a second one");
});

Deno.test("readProcess() shows paths that are not UTF-8", async () => {
  using directory = temporary();
  const script = `f=$(printf 'x\\377y'); cp /bin/sleep "$f"; exec ./"$f" 1000`;
  await using child = new Child("/bin/sh", ["-c", script], { cwd: directory.path });
  const facts = await until(() => {
    const found = readProcess(child.pid);
    // In the middle of execve() the name is new and the arguments are not there yet.
    return found?.comm.startsWith("x") && found.cmdline.length > 0 ? found : undefined;
  });
  assert.equal(facts.exe, `${directory.path}/x\ufffdy`);
  assert.deepEqual(facts.cmdline, ["./x\ufffdy", "1000"]);
});

Deno.test("readProcess() says that a zombie is one", async () => {
  // The shell becomes sleep, which does not wait for the child it was given.
  await using child = new Child("/bin/sh", ["-c", "(exec true) & exec sleep 1000"]);
  const zombie = await until(() =>
    scanProcesses().find(({ parentTgid, unknownReason }) => parentTgid === child.pid && unknownReason !== undefined)
  );
  assert.equal(zombie.unknownReason, "process is a zombie");
  assert.equal(zombie.exe, "unknown");
  assert.deepEqual(zombie.cmdline, []);
});

Deno.test("readProcess() knows no process that has gone, and no thread", () => {
  assert.equal(readProcess(2 ** 22 + 1), undefined);
  const thread = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => Number(name)).find((tid) =>
    tid !== Deno.pid
  );
  assert.ok(thread !== undefined);
  assert.equal(readProcess(thread), undefined);
});

Deno.test("scanProcesses() finds each process once and leaks no descriptor", async () => {
  await using child = new Child("/bin/sleep", ["1000"]);
  const descriptors = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = descriptors();
  const tgids = scanProcesses().map(({ tgid }) => tgid);
  assert.equal(descriptors(), before);
  assert.deepEqual(tgids, [...new Set(tgids)].sort((a, b) => a - b));
  assert.ok(tgids.includes(Deno.pid) && tgids.includes(child.pid));
});

Deno.test("socketOwners() names every holder of a socket, once each", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const row = Deno.readTextFileSync("/proc/net/tcp").split("\n")
    .find((line) => line.includes(`:${port.toString(16).toUpperCase().padStart(4, "0")} `));
  const inode = Number(row?.trim().split(/\s+/)[9]);
  const shared = socketOwners().get(inode);
  assert.deepEqual(shared, [Deno.pid]);
  // A process without sockets is not there.
  await using child = new Child("/bin/sleep", ["1000"]);
  assert.equal([...socketOwners().values()].some((holders) => holders.includes(child.pid)), false);
});
