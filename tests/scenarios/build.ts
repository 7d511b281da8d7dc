/**
 * Compiles the scenario programs into `build/scenarios`: on the host, before a guest that is too slow for it runs them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Root of the work tree, without slash at the end. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const SOURCES = `${ROOT}/tests/scenarios`;
/** Folder of the compiled programs. */
export const PROGRAMS = `${ROOT}/build/scenarios`;

/** Libraries beyond libc. */
const LIBRARIES: Record<string, string[]> = {
  uring: ["-luring"],
  parallel: ["-pthread"],
  rename: ["-pthread"],
  threads: ["-pthread"],
  // A process of one millisecond, and those that run in an image without libraries.
  brief: ["-static"],
  server: ["-static"],
  boxed: ["-static"],
  udp: ["-static"],
};

/** When a file was changed, ms; 0 where there is none. */
async function changed(path: string): Promise<number> {
  try {
    return (await Deno.stat(path)).mtime?.getTime() ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Runs a compiler; undefined when it is not installed. */
async function compile(compiler: string, source: string, target: string, options: string[]): Promise<void> {
  const temporary = `${target}.${Deno.pid}`;
  const args = ["-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", temporary, source, ...options];
  const { success, stderr } = await new Deno.Command(compiler, { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`${compiler} ${args.join(" ")}\n${new TextDecoder().decode(stderr)}`);
  // Another run may be executing the old one: a rename leaves it alone.
  await Deno.rename(temporary, target);
}

/**
 * Compiles what is older than its source.
 *
 * @returns programs that could not be built because their compiler is missing, with the reason
 * @throws {Error} when a compiler rejects a program
 */
export async function buildPrograms(): Promise<Map<string, string>> {
  const missing = new Map<string, string>();
  await Deno.mkdir(PROGRAMS, { recursive: true });
  const headers = Math.max(await changed(`${SOURCES}/scenario.h`), await changed(`${SOURCES}/exchange.h`));
  const jobs: { compiler: string; source: string; name: string; options: string[] }[] = [];
  for await (const { name: file } of Deno.readDir(SOURCES)) {
    const name = file.replace(/\.c$/, "");
    if (name === file) continue;
    jobs.push({ compiler: "gcc", source: `${SOURCES}/${file}`, name, options: LIBRARIES[name] ?? [] });
  }
  const resolve = `${SOURCES}/resolve.c`;
  jobs.push({ compiler: "musl-gcc", source: resolve, name: "resolve-musl", options: ["-static"] });
  for (const { compiler, source, name, options } of jobs) {
    const target = `${PROGRAMS}/${name}`;
    if (await changed(target) > Math.max(headers, await changed(source))) continue;
    try {
      await compile(compiler, source, target, options);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      missing.set(name, `${compiler} is not installed`);
    }
  }
  return missing;
}

if (import.meta.main) await buildPrograms();
