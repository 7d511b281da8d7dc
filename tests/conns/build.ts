/**
 * Compiles the programs that make connections, into `build/conns`: on the host, before a guest that is too slow for it
 * runs it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
/** Path of the compiled program that makes connections of every kind. */
export const ACTORS = `${ROOT}/build/conns/actors`;
/** Path of the compiled program that makes trouble. */
export const HOSTILE = `${ROOT}/build/conns/hostile`;
/** Path of the compiled program that talks through Unix sockets. */
export const UNIX_ACTORS = `${ROOT}/build/conns/unix_actors`;

/** When a file was changed, ms; 0 where there is none. */
async function changed(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Compiles a program where it is older than its source. */
async function build(target: string, libraries: readonly string[]): Promise<void> {
  const source = `${ROOT}/tests/conns/${target.slice(target.lastIndexOf("/") + 1)}.c`;
  if (await changed(target) > await changed(source)) return;
  await Deno.mkdir(`${ROOT}/build/conns`, { recursive: true });
  const temporary = `${target}.${Deno.pid}`;
  const args = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", temporary, source, "-pthread", ...libraries];
  const { success, stderr } = await new Deno.Command("gcc", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`gcc ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  await Deno.rename(temporary, target);
}

/**
 * Compiles the programs where they are older than their sources.
 *
 * @throws {Error} when the compiler rejects one
 */
export async function buildActors(): Promise<void> {
  await build(ACTORS, ["-luring"]);
  await build(HOSTILE, []);
  await build(UNIX_ACTORS, ["-luring"]);
}

if (import.meta.main) await buildActors();
