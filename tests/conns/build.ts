/**
 * Compiles the program that makes connections, into `build/conns`: on the host, before a guest that is too slow for it
 * runs it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const SOURCE = `${ROOT}/tests/conns/actors.c`;
/** Path of the compiled program. */
export const ACTORS = `${ROOT}/build/conns/actors`;

/** When a file was changed, ms; 0 where there is none. */
async function changed(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/**
 * Compiles the program where it is older than its source.
 *
 * @throws {Error} when the compiler rejects it
 */
export async function buildActors(): Promise<void> {
  if (await changed(ACTORS) > await changed(SOURCE)) return;
  await Deno.mkdir(`${ROOT}/build/conns`, { recursive: true });
  const temporary = `${ACTORS}.${Deno.pid}`;
  const args = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", temporary, SOURCE, "-luring", "-pthread"];
  const { success, stderr } = await new Deno.Command("gcc", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`gcc ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  await Deno.rename(temporary, ACTORS);
}

if (import.meta.main) await buildActors();
