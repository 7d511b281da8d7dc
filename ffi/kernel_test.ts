/** What only a kernel can tell: needs root. */

import assert from "node:assert/strict";
import { LibbpfError, MissingPrivilegeError, VerifierError } from "../src/errors.ts";
import { buildBpf, buildLibrary, openDescriptors, temporaryDirectory, words } from "./_testing.ts";
import { libbpf } from "./library.ts";
import { closeFd, openFile, openLibc, syscall } from "./libc.ts";
import { UPDATE_FLAG } from "./map.ts";
import { addressOf, allocate, whilePinned } from "./memory.ts";
import { BpfObject } from "./object.ts";
import { probeProgram } from "./probe.ts";
import { RingReader } from "./ring_buffer.ts";
import type { ProducerOrder } from "./testdata/ring_producer.ts";
import { ProgramStatistics } from "./statistics.ts";

const ignore = Deno.uid() !== 0;
openLibc();
if (!ignore) libbpf();

/** The compiled fixture. */
const FIXTURE = ignore ? allocate(0) : buildBpf("fixture");

/** An open fixture with only the named programs switched on. */
function openFixture(...programs: string[]): BpfObject {
  const object = BpfObject.openMemory(FIXTURE, { name: "fixture" });
  for (const program of object.programs()) program.setAutoload(programs.includes(program.name));
  return object;
}

/** A loaded fixture. */
function loadFixture(...programs: string[]): BpfObject {
  using stack = new DisposableStack();
  const object = stack.use(openFixture(...programs));
  object.load();
  stack.move();
  return object;
}

/** A key of four octets. */
function key(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

/** A 64-bit global variable of .bss: fill_runs, exec_count, sock_count, uprobe_count in the order of the C file. */
function counter(memory: Uint8Array, name: "fill_runs" | "exec_count" | "sock_count" | "uprobe_count"): number {
  const index = ["fill_runs", "exec_count", "sock_count", "uprobe_count"].indexOf(name);
  return Number(new DataView(memory.buffer, memory.byteOffset).getBigUint64(8 * index, true));
}

/** A kernel test: checks that nothing stays open. */
function kernelTest(name: string, fn: () => void): void {
  Deno.test({
    name,
    ignore,
    fn: () => {
      const before = openDescriptors();
      fn();
      assert.deepEqual(openDescriptors(), before);
    },
  });
}

kernelTest("an open object tells its programs and maps", () => {
  using object = openFixture("fix_fill");
  assert.equal(object.program("fix_exec").section, "tp_btf/sched_process_exec");
  assert.equal(object.program("fix_fill").autoload, true);
  assert.equal(object.program("fix_bad").autoload, false);
  const table = object.map("fix_table");
  assert.deepEqual([table.type, table.keySize, table.valueSize, table.maxEntries], [1, 4, 8, 16]);
  assert.ok(object.hasMap(".bss") && object.hasMap(".rodata") && !object.hasMap("nonexistent"));
  assert.throws(() => object.program("nonexistent"), { message: 'BPF object "fixture" has no program "nonexistent"' });
  assert.throws(() => object.map("nonexistent"), TypeError);
  assert.throws(() => table.fd, LibbpfError);
  assert.throws(() => object.program("fix_fill").fd, LibbpfError);
});

kernelTest("bytes that are no object are told with libbpf's words", () => {
  assert.throws(() => BpfObject.openMemory(new Uint8Array(64), { name: "junk" }), (error: unknown) => {
    assert.ok(error instanceof LibbpfError);
    assert.match(error.message, /^Cannot open BPF object "junk": errno /);
    assert.ok(error.log.length > 0);
    return true;
  });
  assert.throws(() => BpfObject.openMemory(FIXTURE.slice(0, 5000), { name: "cut" }), LibbpfError);
});

kernelTest("global variables are set before load and read while programs run", () => {
  using object = openFixture("fix_fill");
  const initial = object.map(".rodata").initialValue();
  new DataView(initial.buffer, initial.byteOffset).setUint32(0, 3, true);
  object.load();
  using reader = new RingReader(object.map("fix_ring").fd, object.map("fix_ring").maxEntries);
  const bss = object.map(".bss").mmapped();
  assert.equal(counter(bss, "fill_runs"), 0);
  assert.equal(object.program("fix_fill").testRun(words(7, 0)), 0);
  assert.equal(counter(bss, "fill_runs"), 1);
  const products: bigint[] = [];
  reader.consume((view, offset) => void products.push(view.getBigUint64(offset + 8, true)));
  assert.deepEqual(products, [0n, 3n, 6n, 9n, 12n, 15n, 18n]);
  assert.equal(object.map(".rodata").mmapped()[0], 3);
});

kernelTest("a rejected program is named and its whole log kept", () => {
  using object = openFixture("fix_fill", "fix_bad", "fix_count");
  assert.throws(() => object.load(), (error: unknown) => {
    assert.ok(error instanceof VerifierError);
    assert.equal(error.program, "fix_bad");
    assert.match(error.log, /^0: /m);
    assert.match(error.log, /invalid mem access 'map_value_or_null'/);
    assert.match(error.message, /invalid mem access/);
    return true;
  });
});

kernelTest("a hook that does not exist is told with the program", () => {
  using object = openFixture("fix_nohook");
  const error = object.tryLoad();
  assert.ok(error instanceof LibbpfError);
  assert.equal(error.operation, 'load program "fix_nohook"');
  assert.match(error.message, /fix_no_such_tracepoint/);
});

kernelTest("load() without capabilities names those that are missing", () => {
  const capset = Deno.build.arch === "aarch64" ? 91 : 126;
  const capget = capset - 1;
  // struct { __u32 version; int pid; }, then twice struct { __u32 effective, permitted, inheritable; }
  const header = new Uint32Array(allocate(8).buffer);
  header[0] = 0x20080522;
  const data = new Uint32Array(allocate(24).buffer);
  const addresses = [addressOf(new Uint8Array(header.buffer)), addressOf(new Uint8Array(data.buffer))] as const;
  whilePinned([header, data], () => {
    assert.equal(syscall(capget, ...addresses), 0);
    const effective = [data[0]!, data[3]!] as const;
    using object = openFixture("fix_fill");
    try {
      data[0] = 0;
      data[3] = 0;
      assert.equal(syscall(capset, ...addresses), 0);
      const error = object.tryLoad();
      // An unprivileged user may be allowed to create maps but never to load such a program.
      assert.ok(error instanceof MissingPrivilegeError, String(error));
      assert.deepEqual(error.capabilities, ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"]);
    } finally {
      [data[0], data[3]] = effective;
      assert.equal(syscall(capset, ...addresses), 0);
    }
  });
});

kernelTest("load() happens once", () => {
  using object = loadFixture("fix_fill");
  assert.ok(object.loaded);
  assert.throws(() => object.load(), TypeError);
  assert.throws(() => object.program("fix_bad").setAutoload(true), LibbpfError);
  assert.throws(() => object.map("fix_table").setMaxEntries(3), LibbpfError);
});

kernelTest("a ring in the kernel delivers every record but the discarded", () => {
  using object = openFixture("fix_fill");
  object.map("fix_ring").setMaxEntries(1 << 18);
  object.load();
  using reader = new RingReader(object.map("fix_ring").fd, 1 << 18);
  let received = 0;
  // 163 rounds of 256 records of 24 octets pass the end of the ring three times.
  for (let round = 0; round < 163; round++) {
    assert.equal(object.program("fix_fill").testRun(words(256, 5)), 0);
    let expected = 1;
    received += reader.consume((view, offset, sizeBytes) => {
      assert.equal(sizeBytes, 16);
      assert.equal(view.getBigUint64(offset, true), BigInt(expected));
      expected += (expected + 1) % 5 === 0 ? 2 : 1;
    });
    assert.equal(reader.pendingBytes, 0);
  }
  assert.equal(received, 163 * (256 - 52));
});

kernelTest("a full ring refuses records until the reader has made room", () => {
  using object = loadFixture("fix_fill");
  const ring = object.map("fix_ring");
  using reader = new RingReader(ring.fd, ring.maxEntries);
  const fits = Math.floor(ring.maxEntries / 24);
  for (let written = 0; written + 256 <= fits; written += 256) {
    assert.equal(object.program("fix_fill").testRun(words(256, 0)), 0);
  }
  assert.equal(object.program("fix_fill").testRun(words(256, 0)), 1, "no room for all of these");
  const received = reader.consume(() => {});
  // The kernel keeps one octet free to tell full from empty.
  assert.ok(received === fits || received === fits - 1, `${received} of ${fits}`);
  assert.equal(object.program("fix_fill").testRun(words(7, 0)), 0);
  assert.equal(reader.consume(() => {}), 7);
});

Deno.test({
  name: "a ring filled by another thread is read in order and without loss",
  ignore,
  fn: async () => {
    using object = loadFixture("fix_fill");
    const { fd: ringFd, maxEntries: ringBytes } = object.map("fix_ring");
    using reader = new RingReader(ringFd, ringBytes);
    const worker = new Worker(new URL("./testdata/ring_producer.ts", import.meta.url), { type: "module" });
    let submitted: number | undefined;
    let failure: string | undefined;
    worker.onmessage = ({ data }: MessageEvent<number>): void => void (submitted = data);
    worker.onerror = (event): void => {
      event.preventDefault();
      failure = event.message;
    };
    worker.postMessage({ bytes: FIXTURE, ringFd, ringBytes, records: 100_003 } satisfies ProducerOrder);
    let received = 0;
    let previous = 255;
    let disorder = 0;
    const drain = (): number =>
      reader.consume((view, offset, sizeBytes) => {
        const index = view.getUint32(offset, true);
        // A run begins at 0 and breaks off where the ring is full.
        if (sizeBytes !== 16 || (index !== 0 && index !== previous + 1) || view.getUint32(offset + 8, true) !== index) {
          disorder++;
        }
        previous = index;
        received++;
      });
    try {
      while (submitted === undefined && failure === undefined) {
        if (drain() === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      drain();
    } finally {
      worker.terminate();
    }
    assert.equal(failure, undefined);
    assert.equal(disorder, 0);
    assert.equal(received, submitted);
    assert.ok(received >= 100_003);
  },
});

kernelTest("setMaxEntries() refuses what is no size of a ring", () => {
  using object = openFixture();
  const ring = object.map("fix_ring");
  for (const size of [0, 1000, 3 << 12, 2 ** 33, 1.5]) assert.throws(() => ring.setMaxEntries(size), RangeError);
  ring.setMaxEntries(1 << 20);
  assert.equal(ring.maxEntries, 1 << 20);
  object.map("fix_table").setMaxEntries(1009);
  assert.equal(object.map("fix_table").maxEntries, 1009);
});

kernelTest("a map larger than memory is told by name", () => {
  using object = openFixture("fix_count");
  object.map("fix_huge").setMaxEntries(2 ** 31);
  assert.throws(() => object.load(), (error: unknown) => {
    assert.ok(error instanceof LibbpfError);
    assert.equal(error.operation, 'create map "fix_huge"');
    // Linux 5.10 refuses the size itself.
    assert.match(error.errnoName, /^(ENOMEM|E2BIG)$/);
    if (error.errnoName === "ENOMEM") assert.match(error.hint ?? "", /smaller/);
    return true;
  });
});

kernelTest("elements of a hash map are written, read, walked and deleted", () => {
  using object = loadFixture();
  const table = object.map("fix_table");
  assert.equal(table.lookup(key(1)), undefined);
  for (let index = 0; index < 13; index++) assert.ok(table.update(key(index), words(100 + index)));
  assert.deepEqual(table.lookup(key(7)), words(107));
  assert.equal(table.update(key(7), words(1), UPDATE_FLAG.NOEXIST), false);
  assert.equal(table.update(key(99), words(1), UPDATE_FLAG.EXIST), false);
  assert.ok(table.update(key(7), words(1), UPDATE_FLAG.EXIST));
  assert.deepEqual(table.lookup(key(7)), words(1));
  const keys = [...table.keys()].map((bytes) => bytes[0]!).sort((a, b) => a - b);
  assert.deepEqual(keys, Array.from({ length: 13 }, (_, index) => index));
  assert.ok(table.delete(key(7)));
  assert.equal(table.delete(key(7)), false);
  assert.equal([...table.keys()].length, 12);
  for (let index = 20; index < 24; index++) table.update(key(index), words(0));
  assert.throws(() => table.update(key(50), words(0)), { errnoName: "E2BIG" });
});

kernelTest("keys and values of the wrong size are refused before the kernel sees them", () => {
  using object = loadFixture();
  const table = object.map("fix_table");
  assert.throws(() => table.lookup(allocate(3)), { name: "RangeError", message: /has 4 octets, not 3/ });
  assert.throws(() => table.update(key(1), allocate(9)), { name: "RangeError", message: /has 8 octets, not 9/ });
  assert.throws(() => table.delete(allocate(0)), RangeError);
  assert.throws(() => table.lookupInto(key(1), allocate(7)), RangeError);
});

kernelTest("per-CPU counters are summed, and a mapped array is live", () => {
  using object = loadFixture("fix_count");
  const counters = object.map("fix_percpu");
  const memory = object.map("fix_array").mmapped();
  assert.equal(memory.length, 24, "three elements at multiples of eight octets");
  for (const value of [2, 3, 5, 7]) object.program("fix_count").testRun(words(value));
  assert.deepEqual(counters.sumPerCpu(key(1)), new BigUint64Array([17n, 34n]));
  assert.deepEqual(counters.sumPerCpu(key(0)), new BigUint64Array([0n, 0n]));
  assert.equal(counters.sumPerCpu(key(2)), undefined);
  assert.equal(new DataView(memory.buffer).getUint32(16, true), 17);
  assert.throws(() => object.map("fix_table").sumPerCpu(key(1)), TypeError);
  assert.throws(() => object.map("fix_table").mmapped(), LibbpfError);
  assert.throws(() => object.map("fix_table").initialValue(), TypeError);
});

kernelTest("a map can be shared between objects", () => {
  using first = loadFixture("fix_count");
  using second = openFixture("fix_count");
  second.map("fix_percpu").reuseFd(first.map("fix_percpu").fd);
  second.load();
  first.program("fix_count").testRun(words(3));
  second.program("fix_count").testRun(words(4));
  assert.deepEqual(first.map("fix_percpu").sumPerCpu(key(1)), new BigUint64Array([7n, 14n]));
});

kernelTest("a map that is not created is told when it is used", () => {
  using object = openFixture("fix_count");
  object.map("fix_ring").setAutocreate(false);
  object.load();
  assert.throws(() => object.map("fix_ring").fd, { message: /^Cannot use map "fix_ring", which is not created/ });
});

Deno.test({
  name: "a tracepoint program counts while its link is open",
  ignore,
  fn: () => {
    using stack = new DisposableStack();
    const name = "fix_true";
    const program = `${temporaryDirectory(stack)}/${name}`;
    Deno.copyFileSync("/bin/true", program);
    const execute = (times: number): void => {
      for (let index = 0; index < times; index++) assert.ok(new Deno.Command(program).outputSync().success);
    };
    const object = stack.use(openFixture("fix_exec"));
    const rodata = object.map(".rodata").initialValue();
    // factor and watched_tgid come first, then the comm.
    rodata.set(new TextEncoder().encode(name), 8);
    object.load();
    const bss = object.map(".bss").mmapped();
    execute(2);
    const link = stack.use(object.program("fix_exec").attach());
    assert.equal(counter(bss, "exec_count"), 0, "not attached yet");
    execute(7);
    assert.equal(counter(bss, "exec_count"), 7);
    link.close();
    execute(2);
    assert.equal(counter(bss, "exec_count"), 7, "attached no more");
    link.close();
    assert.ok(link.closed);
    assert.throws(() => link.fd, TypeError);
  },
});

/** A mounted cgroup v2 hierarchy. */
function cgroup2Path(): string {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const path = mounts.find(([, , type]) => type === "cgroup2")?.[1];
  assert.ok(path !== undefined, "mount a cgroup2 file system for this test");
  return path;
}

kernelTest("a cgroup program sees the sockets of this process", () => {
  using stack = new DisposableStack();
  const object = stack.use(openFixture("fix_sock"));
  const rodata = object.map(".rodata").initialValue();
  new DataView(rodata.buffer, rodata.byteOffset).setUint32(4, Deno.pid, true);
  object.load();
  const bss = object.map(".bss").mmapped();
  const cgroup = stack.adopt(openFile(cgroup2Path()), closeFd);
  const link = stack.use(object.program("fix_sock").attachCgroup(cgroup));
  for (let index = 0; index < 5; index++) Deno.listen({ hostname: "127.0.0.1", port: 0 }).close();
  assert.equal(counter(bss, "sock_count"), 5);
  link.close();
  Deno.listen({ hostname: "127.0.0.1", port: 0 }).close();
  assert.equal(counter(bss, "sock_count"), 5);
  assert.throws(() => object.program("fix_sock").attachCgroup(1_000_000), {
    message: /^Cannot attach program "fix_sock": errno EBADF \(9\)/,
  });
});

kernelTest("a link outlives its object", () => {
  using stack = new DisposableStack();
  const object = stack.use(loadFixture("fix_sock"));
  const cgroup = stack.adopt(openFile(cgroup2Path()), closeFd);
  const link = stack.use(object.program("fix_sock").attachCgroup(cgroup));
  object.close();
  assert.ok(link.fd > 0);
});

kernelTest("a uprobe is found by symbol and by offset", () => {
  using stack = new DisposableStack();
  const source = `int fix_target(int x) { return x + 1; }
int fix_other(int x) { return x * 3; }
extern const char __ehdr_start __attribute__((visibility("hidden")));
unsigned long fix_other_offset(void) { return (unsigned long)fix_other - (unsigned long)&__ehdr_start; }
`;
  const path = buildLibrary(temporaryDirectory(stack), source, "fixtarget.so");
  const target = { parameters: ["i32"], result: "i32" } as const;
  const library = Deno.dlopen(path, {
    fix_target: target,
    fix_other: target,
    fix_other_offset: { parameters: [], result: "u64" },
  });
  stack.defer(() => library.close());
  const call = (times: number): void => {
    for (let index = 0; index < times; index++) library.symbols.fix_target(library.symbols.fix_other(index));
  };
  const object = stack.use(loadFixture("fix_uprobe"));
  const program = object.program("fix_uprobe");
  const bss = object.map(".bss").mmapped();
  {
    using _link = program.attachUprobe({ path, symbol: "fix_target", pid: Deno.pid });
    call(11);
  }
  call(2);
  assert.equal(counter(bss, "uprobe_count"), 11);
  {
    using _link = program.attachUprobe({ path, symbol: "fix_target", atReturn: true });
    call(5);
  }
  assert.equal(counter(bss, "uprobe_count"), 16);
  const offset = Number(library.symbols.fix_other_offset());
  {
    using _link = program.attachUprobe({ path, offset });
    call(3);
  }
  assert.equal(counter(bss, "uprobe_count"), 19);
  assert.throws(() => program.attachUprobe({ path, symbol: "fix_nowhere" }), {
    message: /^Cannot attach to ".*" fix_nowhere program "fix_uprobe": errno ENOENT/,
  });
  assert.throws(() => program.attachUprobe({ path, offset: -1 }), RangeError);
});

kernelTest("an iterator over tasks finds this process, each time it is run", () => {
  using object = loadFixture("fix_tasks");
  using link = object.program("fix_tasks").attachIterator();
  for (let run = 0; run < 3; run++) {
    const tgids = new Uint32Array(link.readIterator().slice().buffer);
    assert.ok(tgids.includes(Deno.pid));
    assert.ok(tgids.filter((tgid) => tgid === Deno.pid).length > 1, "one per thread");
  }
});

kernelTest("an iterator over a map finds each element", () => {
  using object = loadFixture("fix_elements");
  const table = object.map("fix_table");
  for (let index = 0; index < 7; index++) table.update(key(index), words(index * index));
  using link = object.program("fix_elements").attachIterator({ mapFd: table.fd });
  const output = link.readIterator();
  assert.equal(output.length, 7 * 16);
  const view = new DataView(output.buffer, output.byteOffset);
  const elements = new Map<bigint, bigint>();
  for (let offset = 0; offset < output.length; offset += 16) {
    elements.set(view.getBigUint64(offset, true), view.getBigUint64(offset + 8, true));
  }
  for (let index = 0n; index < 7n; index++) assert.equal(elements.get(index), index * index);
});

kernelTest("statistics count runs", () => {
  using object = loadFixture("fix_count");
  const program = object.program("fix_count");
  using statistics = new ProgramStatistics();
  for (let index = 0; index < 13; index++) program.testRun(words(1));
  const info = program.info();
  assert.ok(info.id > 0);
  statistics.close();
  assert.equal(info.runCount, 13n);
  assert.ok(info.runTimeNs > 0n);
  assert.equal(info.recursionMisses, 0n);
});

kernelTest("probeProgram() tells the step that fails and leaves nothing behind", () => {
  const configure = (object: BpfObject): void => object.map("fix_ring").setMaxEntries(4096);
  const options = { name: "probe", configure };
  assert.deepEqual(probeProgram(FIXTURE, "fix_fill", options), { ok: true });
  const attach = probeProgram(FIXTURE, "fix_exec", { ...options, attach: (program) => program.attach() });
  assert.deepEqual(attach, { ok: true });
  const bad = probeProgram(FIXTURE, "fix_bad", options);
  assert.ok(!bad.ok && bad.step === "load" && bad.error instanceof VerifierError);
  const refused = probeProgram(FIXTURE, "fix_sock", { ...options, attach: (program) => program.attachCgroup(-1) });
  assert.ok(!refused.ok && refused.step === "attach" && refused.error instanceof LibbpfError);
  const junk = probeProgram(allocate(10), "fix_fill", { name: "junk" });
  assert.ok(!junk.ok && junk.step === "open");
  assert.throws(() => probeProgram(FIXTURE, "nonexistent", options), TypeError);
});

kernelTest("everything of a closed object refuses to be used, and its memory is empty", () => {
  const object = loadFixture("fix_fill");
  const program = object.program("fix_fill");
  const map = object.map("fix_table");
  const memory = object.map(".bss").mmapped();
  const initial = object.map(".rodata").initialValue();
  assert.equal(memory.length, 40);
  object.close();
  object.close();
  assert.ok(object.closed);
  assert.equal(memory.length, 0);
  assert.equal(initial.length, 0);
  const uses: (() => unknown)[] = [
    () => object.load(),
    () => object.tryLoad(),
    () => object.programs(),
    () => object.program("fix_fill"),
    () => object.maps(),
    () => object.map("fix_table"),
    () => object.hasMap("fix_table"),
    () => program.autoload,
    () => program.setAutoload(true),
    () => program.fd,
    () => program.attach(),
    () => program.attachCgroup(0),
    () => program.attachPerfEvent(0),
    () => program.attachUprobe({ path: "/", offset: 0 }),
    () => program.attachIterator(),
    () => program.info(),
    () => program.testRun(),
    () => map.fd,
    () => map.maxEntries,
    () => map.setMaxEntries(1),
    () => map.setAutocreate(true),
    () => map.reuseFd(0),
    () => map.initialValue(),
    () => map.mmapped(),
    () => map.lookup(key(1)),
    () => map.lookupInto(key(1), words(1)),
    () => map.update(key(1), words(1)),
    () => map.delete(key(1)),
    () => [...map.keys()],
  ];
  for (const use of uses) assert.throws(use, { name: "TypeError", message: /closed/ }, use.toString());
});

kernelTest("100 rounds of open, load, attach and close leave no descriptor and little memory", () => {
  const round = (): void => {
    using object = loadFixture("fix_fill", "fix_exec", "fix_tasks");
    using _exec = object.program("fix_exec").attach();
    using tasks = object.program("fix_tasks").attachIterator();
    using reader = new RingReader(object.map("fix_ring").fd, object.map("fix_ring").maxEntries);
    object.map(".bss").mmapped();
    object.program("fix_fill").testRun(words(7, 0));
    assert.equal(reader.consume(() => {}), 7);
    assert.ok(tasks.readIterator().length > 0);
  };
  const mappings = (): number => Deno.readTextFileSync("/proc/self/maps").match(/bpf|memfd/g)?.length ?? 0;
  round();
  const before = { descriptors: openDescriptors(), mappings: mappings() };
  for (let index = 0; index < 100; index++) round();
  assert.deepEqual({ descriptors: openDescriptors(), mappings: mappings() }, before);
});
