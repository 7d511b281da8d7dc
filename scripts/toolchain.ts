// Runs the build tools (clang, bpftool) for the other scripts.

/** A build tool failed or is missing. */
export class ToolError extends Error {
  override name = "ToolError";
}

/**
 * Runs a tool to its end.
 *
 * @param program name of the program, found on PATH
 * @param args its arguments
 * @returns what it wrote to standard output
 * @throws {ToolError} when it is not installed or ends with another code than 0; the message holds its standard error
 */
export function runTool(program: string, args: readonly string[]): Uint8Array<ArrayBuffer> {
  let output: Deno.CommandOutput;
  try {
    output = new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" }).outputSync();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new ToolError(`Cannot find "${program}": run scripts/setup to install what the build needs`, {
        cause: error,
      });
    }
    throw error;
  }
  if (!output.success) {
    const reason = new TextDecoder().decode(output.stderr).trimEnd();
    throw new ToolError(`"${program} ${args.join(" ")}" ended with code ${output.code}:\n${reason}`);
  }
  return output.stdout;
}

/** Root of the source tree, without a final slash. */
export const ROOT: string = new URL("..", import.meta.url).pathname.replace(/\/$/, "");

/** Where built things go: never committed. */
export const DIST: string = `${ROOT}/dist`;

/** The linked BPF object of all sensors. */
export const OBJECT_PATH: string = `${DIST}/culprit.bpf.o`;

/**
 * Lists the sensors: every folder of bpf/ that holds `<folder>.bpf.c`.
 *
 * @returns their names; `process`, which defines the shared ring, comes first, then by name
 */
export function sensorNames(): string[] {
  const names: string[] = [];
  for (const entry of Deno.readDirSync(`${ROOT}/bpf`)) {
    if (!entry.isDirectory) continue;
    const source = `${ROOT}/bpf/${entry.name}/${entry.name}.bpf.c`;
    try {
      if (Deno.statSync(source).isFile) names.push(entry.name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return names.sort((a, b) => Number(b === "process") - Number(a === "process") || (a < b ? -1 : 1));
}
