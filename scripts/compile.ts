// Makes the single file dist/culprit: deno task compile [--target ARCH] [--kind auto|official|offline] [--output FILE]
import { parseArgs } from "node:util";
import { APP_FILES, SCRIPT } from "../src/assets.ts";
import { writeStderr } from "../src/output/stdio.ts";
import { bundle } from "./bundle.ts";
import { buildOffline } from "./offline.ts";
import { DENO_VERSION, type Target, targetNamed, V8_FLAGS } from "./target.ts";
import { DIST, ToolError } from "./toolchain.ts";

/** The runtime of `deno compile` (denort) could not be had. */
export class RuntimeUnavailableError extends ToolError {
  override name = "RuntimeUnavailableError";
}

/**
 * Makes the single file with `deno compile`.
 *
 * @param target machine it is for
 * @param output path of the file
 * @throws {RuntimeUnavailableError} when the runtime cannot be downloaded
 * @throws {ToolError} when it fails otherwise
 */
export function compileOfficial(target: Target, output: string): void {
  const app = target.appDirectory;
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      // The cache of compiled code would be read from a predictable place in /tmp: anyone could put code there.
      "--no-code-cache",
      // Anything less and the runtime refuses /proc.
      "--allow-all",
      V8_FLAGS,
      "--no-check",
      "--no-config",
      "--no-lock",
      "--no-remote",
      `--target=${target.denoTriple}`,
      ...APP_FILES.filter((name) => name !== SCRIPT).map((name) => `--include=${app}/${name}`),
      `--output=${output}`,
      `${app}/${SCRIPT}`,
    ],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (success) return;
  const text = new TextDecoder().decode(stderr);
  if (/Setting up base binary|denort/.test(text)) {
    const reason = /^\s*\d+: (?:error sending request[^:]*: )?(.*failed.*|.*status.*)$/m.exec(text)?.[1]?.trim();
    throw new RuntimeUnavailableError(
      `the runtime of deno compile ${DENO_VERSION} for ${target.denoTriple} is out of reach${
        reason === undefined ? "" : ` (${reason})`
      }`,
    );
  }
  throw new ToolError(`Cannot compile for ${target.denoTriple}:\n${text}`);
}

/** Which kinds of single file may be made. */
export const KINDS = ["auto", "official", "offline"] as const;

/**
 * Makes the single file.
 *
 * @param target machine it is for
 * @param kind `auto` takes the official one where its runtime can be had
 * @param output path of the file
 * @returns the kind that was made
 * @throws {ToolError} when it cannot be made
 */
export async function compile(
  target: Target,
  kind: (typeof KINDS)[number],
  output: string,
): Promise<"official" | "offline"> {
  bundle(target);
  if (kind !== "offline") {
    try {
      compileOfficial(target, output);
      return "official";
    } catch (error) {
      if (kind === "official" || !(error instanceof RuntimeUnavailableError)) throw error;
      writeStderr(`compile: ${error.message}; making the offline single file\n`);
    }
  }
  await buildOffline(target, output);
  return "offline";
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { target: { type: "string" }, kind: { type: "string" }, output: { type: "string" } },
  });
  const target = targetNamed(values.target ?? Deno.build.arch);
  const suffix = target.arch === Deno.build.arch ? "" : `-${target.arch}`;
  const kind = KINDS.find((name) => name === (values.kind ?? "auto"));
  if (kind === undefined) throw new ToolError(`Cannot make the kind "${values.kind}", wanted ${KINDS.join(", ")}`);
  const output = values.output ?? `${DIST}/culprit${suffix}`;
  const made = await compile(target, kind, output);
  writeStderr(`compile: ${output}: ${made}, ${(Deno.statSync(output).size / 1e6).toFixed(1)} MB\n`);
}
