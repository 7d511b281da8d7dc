// Links Debian's static libbpf, libelf and zlib into one libbpf.so that needs nothing but an old glibc.
import { ROOT, runTool, ToolError } from "./toolchain.ts";
import { sysroot, type Target } from "./target.ts";

/** Oldest glibc the library is to run on: that of Debian 11. */
const OLDEST_GLIBC = [2, 31] as const;

/** Libraries it may need; the loader's own name carries the machine. */
const ALLOWED_LIBRARY = /^(libc\.so\.6|ld-linux-[a-z0-9-]+\.so\.[0-9])$/;

/**
 * Libraries and names in them that a shared library for an old glibc cannot have as they are; packaging/libbpf/local.c
 * says why and has the replacements.
 */
const RENAMED = ["stderr=culprit_stderr", "fstat=culprit_fstat"];

/**
 * Links libbpf.so.
 *
 * @param target machine it is for
 * @param output path of the library
 * @throws {ToolError} when a tool or static library is missing, or the result needs more than an old glibc
 */
export function buildLibbpf(target: Target, output: string): void {
  const scratch = Deno.makeTempDirSync({ prefix: "culprit-libbpf-" });
  try {
    const tool = (name: string): string => `${target.triple}-${name}`;
    const { libraries } = sysroot(target);
    for (const name of ["libbpf", "libelf", "libz"]) {
      const source = `${libraries}/${name}.a`;
      const copy = `${scratch}/${name}.a`;
      runTool(tool("objcopy"), [...RENAMED.map((pair) => `--redefine-sym=${pair}`), source, copy]);
    }
    runTool(tool("ar"), ["d", `${scratch}/libelf.a`, "elf_error.o"]);
    const sources = `${ROOT}/packaging/libbpf`;
    runTool(tool("gcc"), [
      "-shared",
      "-O2",
      "-fPIC",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-o",
      output,
      "-Wl,-soname,libbpf.so.1",
      `${sources}/local.c`,
      "-Wl,--whole-archive",
      `${scratch}/libbpf.a`,
      "-Wl,--no-whole-archive",
      `${scratch}/libelf.a`,
      `${scratch}/libz.a`,
      "-Wl,-Bsymbolic",
      `-Wl,--version-script=${sources}/exports.map`,
      "-Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack,--build-id=none",
      "-s",
    ]);
    checkNeeds(output, target);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

/**
 * Checks that a library needs no other library than libc, and no newer one than {@linkcode OLDEST_GLIBC}.
 *
 * @param path the library
 * @param target machine it is for
 * @throws {ToolError} when it does
 */
export function checkNeeds(path: string, target: Target): void {
  const text = (args: string[]): string => new TextDecoder().decode(runTool(`${target.triple}-objdump`, args));
  for (const [, library = ""] of text(["-p", path]).matchAll(/NEEDED\s+(\S+)/g)) {
    if (!ALLOWED_LIBRARY.test(library)) throw new ToolError(`Cannot use "${path}": it needs "${library}"`);
  }
  for (const line of text(["-T", path]).split("\n")) {
    const [, major, minor] = /\*UND\*.*\(?GLIBC_(\d+)\.(\d+)/.exec(line) ?? [];
    const newer = Number(major) - OLDEST_GLIBC[0] || Number(minor) - OLDEST_GLIBC[1];
    if (newer > 0) {
      throw new ToolError(`Cannot use "${path}": it needs a glibc newer than ${OLDEST_GLIBC.join(".")}: ${line}`);
    }
  }
}
