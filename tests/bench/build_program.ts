/**
 * Compiles C programs for tests and benches.
 *
 * @module
 */

/**
 * Makes a directory that goes away when this process ends.
 *
 * @returns its path
 */
export function temporaryDirectory(): string {
  const path = Deno.makeTempDirSync({ prefix: "culprit-program-" });
  addEventListener("unload", () => Deno.removeSync(path, { recursive: true }));
  return path;
}

/**
 * Compiles a program.
 *
 * @param source path of the C file
 * @param directory where it goes
 * @returns path of the program
 */
export async function buildProgram(source: string, directory: string): Promise<string> {
  const program = `${directory}/program`;
  const { success, stderr } = await new Deno.Command("gcc", { args: ["-O1", "-Wall", source, "-o", program] }).output();
  if (!success) throw new Error(`gcc ${source}: ${new TextDecoder().decode(stderr)}`);
  return program;
}
