/**
 * What the tests and benches of ffi/ share: compilers, temporary directories, the descriptors of this process.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Folder of the C sources the tests compile. */
const SOURCES = `${import.meta.dirname}/testdata`;

/** Runs a compiler and fails with what it printed. */
function run(program: string, args: string[]): void {
  const { success, stderr } = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).outputSync();
  assert.ok(success, `${program} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
}

/** A private directory that goes away with the stack. */
export function temporaryDirectory(stack: DisposableStack): string {
  return stack.adopt(
    Deno.makeTempDirSync({ prefix: "culprit-ffi-" }),
    (path) => Deno.removeSync(path, { recursive: true }),
  );
}

/**
 * Compiles a BPF program.
 *
 * @param name of a file in testdata/, without `.bpf.c`
 * @returns the object file
 */
export function buildBpf(name: string): Uint8Array<ArrayBuffer> {
  // In guests, which are too slow for a compiler: see scripts/vm/matrix.ts.
  const built = Deno.env.get("CULPRIT_FIXTURES");
  if (built !== undefined) return Deno.readFileSync(`${built}/${name}.bpf.o`);
  using stack = new DisposableStack();
  const output = `${temporaryDirectory(stack)}/${name}.bpf.o`;
  const include = `/usr/include/${Deno.build.arch}-linux-gnu`;
  const target = Deno.build.arch === "aarch64" ? "arm64" : "x86";
  run("clang", [
    ...["-O2", "-g", "-target", "bpf", `-D__TARGET_ARCH_${target}`, "-I", include],
    ...["-Wall", "-Werror", "-c", `${SOURCES}/${name}.bpf.c`, "-o", output],
  ]);
  return Deno.readFileSync(output);
}

/**
 * Compiles a shared library.
 *
 * @param directory where to put it
 * @param source C source text
 * @param name of the file
 * @returns its path
 */
export function buildLibrary(directory: string, source: string, name: string): string {
  const output = `${directory}/${name}`;
  Deno.writeTextFileSync(`${output}.c`, source);
  run("gcc", ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", `${output}.c`, "-o", output]);
  return output;
}

/** What descriptors of the binding point to; the runtime opens and closes others whenever it likes. */
const OWN_DESCRIPTOR = /^anon_inode:(?:bpf|btf|\[perf_event\])|^\/memfd:|^\/(?:sys|proc|tmp)\//;

/**
 * What the descriptors point to that the binding could have left open.
 *
 * @returns targets, sorted; without the one this takes to find out
 */
export function openDescriptors(): string[] {
  const descriptors: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      descriptors.push(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return descriptors.filter((target) => OWN_DESCRIPTOR.test(target) && !/^\/proc\/\d+\/fd$/.test(target)).sort();
}

/** Octets of 64-bit words, little-endian. */
export function words(...values: (number | bigint)[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new BigUint64Array(values.map((value) => BigInt(value))).buffer);
}
