// Builds the offline single file: the launcher of packaging/launcher with Deno, the program and its assets inside.
import { APP_FILES } from "../src/assets.ts";
import { CACHE, denoBinary, sha256, sysroot, type Target, V8_FLAGS } from "./target.ts";
import { ROOT, runTool } from "./toolchain.ts";

/** Level of zstd: higher ones gain 2 % and cost each start from memory tens of megabytes. */
const LEVEL = 19;

/** One file of the payload. */
interface PayloadFile {
  readonly name: string;
  /** File that holds the content. */
  readonly path: string;
  /** File that holds the content compressed. */
  readonly compressed: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Compresses a file; the same content gives the same octets with the same zstd. */
function compress(path: string, output: string): void {
  // A number of threads, whichever, chooses the format of the output; none would choose another.
  runTool("zstd", [`-${LEVEL}`, "-T2", "--check", "--quiet", "--force", path, "-o", output]);
}

/** The compressed runtime, which takes a minute to make: kept outside of the tree. */
async function compressedRuntime(path: string, hash: string, isCached: boolean): Promise<string> {
  const [version = "unknown"] = /v\d+\.\d+\.\d+/.exec(new TextDecoder().decode(runTool("zstd", ["--version"]))) ?? [];
  const output = `${CACHE}/runtime-${hash.slice(0, 16)}-zstd-${version}-${LEVEL}.zst`;
  try {
    if (isCached && Deno.statSync(output).isFile) return output;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const scratch = await Deno.makeTempFile({ dir: CACHE });
  compress(path, scratch);
  Deno.renameSync(scratch, output);
  return output;
}

/** C source of the payload table; the content is taken in by the assembler. */
function payloadSource(files: readonly PayloadFile[], id: string, installedDirectory: string | undefined): string {
  const lines = ['#include "launcher.h"', ""];
  for (const [index, { compressed }] of files.entries()) {
    lines.push(
      `extern const unsigned char payload_${index}[], payload_${index}_end[];`,
      `__asm__(".section .rodata\\n.balign 16\\npayload_${index}:\\n.incbin \\"${compressed}\\"\\n"`,
      `\t"payload_${index}_end:\\n.byte 0\\n.previous\\n");`,
    );
  }
  lines.push("", "const struct payload_file payload[] = {");
  for (const [index, { name, sizeBytes, mode }] of files.entries()) {
    lines.push(`\t{ "${name}", payload_${index}, payload_${index}_end, ${sizeBytes}, 0${mode.toString(8)} },`);
  }
  if (files.length === 0) lines.push("\t{ 0 },");
  const directory = installedDirectory === undefined ? "NULL" : `"${installedDirectory}"`;
  lines.push(
    "};",
    `const size_t payload_count = ${files.length};`,
    `const char payload_id[] = "${id}";`,
    `const char *const installed_directory = ${directory};`,
  );
  return `${lines.join("\n")}\n`;
}

/** Compiles and links the launcher. */
function link(target: Target, scratch: string, source: string, output: string): void {
  const { root, libraries } = sysroot(target);
  const payload = `${scratch}/payload.c`;
  Deno.writeTextFileSync(payload, source);
  const launcher = `${ROOT}/packaging/launcher`;
  const sources = ["main", "cache", "trust", "unpack", "remove", "memory"].map((name) => `${launcher}/${name}.c`);
  runTool(`${target.triple}-gcc`, [
    "-static",
    "-Os",
    "-s",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fstack-protector-strong",
    "-D_FORTIFY_SOURCE=2",
    "-ffunction-sections",
    "-Wl,--gc-sections,-z,noexecstack,-z,relro,--build-id=none",
    `-ffile-prefix-map=${ROOT}/=`,
    `-I${launcher}`,
    `-DV8_FLAGS="${V8_FLAGS}"`,
    // After the compiler's own: only zstd.h is missing there for another machine.
    `-idirafter${root}/usr/include`,
    `-L${libraries}`,
    "-o",
    output,
    ...sources,
    payload,
    "-lzstd",
  ]);
}

/** What a launcher holds or refers to. */
async function payloadOf(target: Target, scratch: string, isCached: boolean): Promise<PayloadFile[]> {
  const runtime = await denoBinary(target);
  const files: PayloadFile[] = [];
  for (const name of ["culprit", ...APP_FILES]) {
    const isRuntime = name === "culprit";
    const path = isRuntime ? runtime : `${target.appDirectory}/${name}`;
    const hash = await sha256(Deno.readFileSync(path));
    let compressed = `${scratch}/${name}.zst`;
    if (isRuntime) compressed = await compressedRuntime(path, hash, isCached);
    else compress(path, compressed);
    const mode = isRuntime ? 0o755 : 0o644;
    files.push({ name, path, compressed, mode, sizeBytes: Deno.statSync(path).size, sha256: hash });
  }
  return files;
}

/** How to build a launcher. */
export interface LauncherOptions {
  /** Directory that a package puts the files into; the launcher then has no payload. */
  readonly installedDirectory?: string;
  /** Use what was compressed before; true without it. */
  readonly isCached?: boolean;
}

/**
 * Builds the offline single file from what {@linkcode bundle} made.
 *
 * @param target machine it is for
 * @param output path of the file
 * @param options how
 * @throws {ToolError} when a tool is missing or fails
 */
export async function buildOffline(target: Target, output: string, options: LauncherOptions = {}): Promise<void> {
  const scratch = Deno.makeTempDirSync({ prefix: "culprit-offline-" });
  try {
    const files = await payloadOf(target, scratch, options.isCached ?? true);
    const listing = files.map(({ name, mode, sha256 }) => `${sha256} ${mode} ${name}\n`).join("");
    const id = (await sha256(new TextEncoder().encode(listing))).slice(0, 32);
    const { installedDirectory } = options;
    const held = installedDirectory === undefined ? files : [];
    // Into place in one step: a running file cannot be written, and a half-written one must not be found.
    link(target, scratch, payloadSource(held, id, installedDirectory), `${scratch}/out`);
    Deno.copyFileSync(`${scratch}/out`, `${output}.new`);
    Deno.chmodSync(`${output}.new`, 0o755);
    Deno.renameSync(`${output}.new`, output);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}
