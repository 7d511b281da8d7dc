// Compiles the BPF objects of all sensors and links them into dist/culprit.bpf.o.
import { DIST, OBJECT_PATH, ROOT, runTool, sensorNames } from "./toolchain.ts";

/** Names the machine in the BPF headers' register macros; the objects themselves are portable. */
const BPF_ARCH: Record<string, string> = { x86_64: "x86", aarch64: "arm64" };

/** Where Debian keeps the UAPI headers of this machine; those that BPF programs read are the same on all 64-bit ones. */
const MULTIARCH_INCLUDE = `/usr/include/${Deno.build.arch}-linux-gnu`;

/**
 * Builds the linked object.
 *
 * @param arch machine it is for, as `uname -m` names it
 * @param directory where the objects of the sensors go
 * @param linked path of the linked object
 * @returns path of the linked object
 * @throws {ToolError} when a tool is missing or the source does not compile
 */
export function build(arch: string = Deno.build.arch, directory = `${DIST}/bpf`, linked: string = OBJECT_PATH): string {
  Deno.mkdirSync(directory, { recursive: true });
  const objects = sensorNames().map((name) => {
    const object = `${directory}/${name}.o`;
    runTool("clang", [
      "-g",
      "-O2",
      "-Wall",
      "-Wextra",
      "-Wno-unused-parameter",
      "-Werror",
      "-target",
      "bpf",
      // v3 (Linux 5.1): 32-bit jumps, which keep bounds the verifier can follow.
      "-mcpu=v3",
      `-D__TARGET_ARCH_${BPF_ARCH[arch]}`,
      `-I${MULTIARCH_INCLUDE}`,
      `-I${ROOT}/bpf/include`,
      // Paths of the machine stay out of the object: the same source gives the same octets.
      `-ffile-prefix-map=${ROOT}=/culprit`,
      "-fdebug-compilation-dir=/culprit",
      "-c",
      `${ROOT}/bpf/${name}/${name}.bpf.c`,
      "-o",
      object,
    ]);
    return object;
  });
  runTool("bpftool", ["gen", "object", linked, ...objects]);
  return linked;
}

if (import.meta.main) build();
