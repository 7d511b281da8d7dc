// Makes the npm package of the library in dist/release: deno task pack. Refuses when a type declaration is missing.
import config from "../deno.json" with { type: "json" };
import { tarDirectory } from "./archive.ts";
import { build } from "./build.ts";
import { TARGETS } from "./target.ts";
import { DIST, ROOT, runTool, ToolError } from "./toolchain.ts";

/** What goes in beside the modules. */
const TEXTS = ["README.md", "LICENSE", "CHANGELOG.md"];

/** What `deno pack` does not know of the package. */
const MANIFEST = {
  description: "Decode DNS messages, and the shapes of the events of culprit, which names the process behind them",
  keywords: ["dns", "decoder", "parser", "ebpf", "bpf", "security"],
  engines: { node: ">=20" },
  sideEffects: false,
} as const;

/** Specifiers of the modules that a module imports or re-exports from the same package; examples in comments are none. */
function relativeImports(code: string): string[] {
  const bare = code.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const statements = /^\s*(?:import|export)\b[^"';]*["'](\.{1,2}\/[^"']+)["']/gm;
  const expressions = /\bimport\(["'](\.{1,2}\/[^"']+)["']\)/g;
  return [...bare.matchAll(statements), ...bare.matchAll(expressions)].map(([, specifier = ""]) => specifier);
}

/**
 * Follows imports within an unpacked package.
 *
 * @param directory root of the package
 * @param start first file, relative to it
 * @param toFile name of the file that stands for an imported one
 * @returns every file reached, relative to the root, by name
 * @throws {ToolError} when one is missing
 */
export function reachable(directory: string, start: string, toFile: (path: string) => string): string[] {
  const found = new Set<string>();
  const visit = (path: string, from: string): void => {
    if (found.has(path)) return;
    found.add(path);
    let code: string;
    try {
      code = Deno.readTextFileSync(`${directory}/${path}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new ToolError(`Cannot find "${path}", which "${from}" imports: give every export of its source a type`, {
        cause: error,
      });
    }
    for (const specifier of relativeImports(code)) {
      visit(toFile(new URL(specifier, `file:///${path}`).pathname.slice(1)), path);
    }
  };
  visit(start, "package.json");
  return [...found].sort();
}

/** Name of the declarations of a module. */
function declarationOf(path: string): string {
  return path.replace(/(\.d)?\.[jt]s$/, ".d.ts");
}

/**
 * Makes the package.
 *
 * @param output path of the .tgz
 * @throws {ToolError} when packing fails or a declaration is missing
 */
export function packNpm(output: string): void {
  const scratch = Deno.makeTempDirSync({ prefix: "culprit-npm-" });
  try {
    const raw = `${scratch}/raw.tgz`;
    Deno.chdir(ROOT);
    // Source maps would hold paths of this machine.
    runTool(Deno.execPath(), ["pack", "--quiet", "--allow-dirty", "--no-source-maps", `--output=${raw}`]);
    runTool("tar", ["-xzf", raw, "-C", scratch]);
    const source = `${scratch}/package`;
    const target = `${scratch}/out/package`;
    const manifest = JSON.parse(Deno.readTextFileSync(`${source}/package.json`)) as Record<string, unknown>;
    const modules = reachable(source, "mod.js", (path) => path);
    const declarations = reachable(source, "mod.d.ts", declarationOf);
    for (const path of [...modules, ...declarations, ...TEXTS]) copy(`${source}/${path}`, `${target}/${path}`);
    for (const { arch } of Object.values(TARGETS)) {
      Deno.mkdirSync(`${target}/prebuilt/${arch}`, { recursive: true });
      build(arch, `${scratch}/bpf-${arch}`, `${target}/prebuilt/${arch}/culprit.bpf.o`);
    }
    const exports = { ...manifest["exports"] as object, "./prebuilt/*": "./prebuilt/*" };
    const full = { ...manifest, ...MANIFEST, license: config.license, exports };
    Deno.writeTextFileSync(`${target}/package.json`, `${JSON.stringify(full, undefined, 2)}\n`);
    tarDirectory(output, `${scratch}/out`, "package", 0);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(to.replace(/\/[^/]*$/, ""), { recursive: true });
  Deno.copyFileSync(from, to);
}

if (import.meta.main) {
  Deno.mkdirSync(`${DIST}/release`, { recursive: true });
  packNpm(`${DIST}/release/culprit_${config.version}_npm.tgz`);
}
