// Puts the program together as it travels: one JavaScript file and its assets, in dist/app. deno task bundle [--target ARCH]
import { APP_FILES, SCRIPT } from "../src/assets.ts";
import { build } from "./build.ts";
import { buildLibbpf } from "./libbpf.ts";
import { type Target, targetNamed } from "./target.ts";
import { ROOT, runTool, ToolError } from "./toolchain.ts";

/** What a build knows of itself; read by src/version.ts. */
export interface BuildFacts {
  /** Commit it was built from; "unknown" outside of a git work tree. */
  readonly commit: string;
  /** Whether tracked files differed from the commit. */
  readonly modified: boolean;
}

/** Asks git about the work tree. */
function buildFacts(): BuildFacts {
  const git = (args: string[]): string | undefined => {
    const { success, stdout } = new Deno.Command("git", {
      args: ["-C", ROOT, ...args],
      stdout: "piped",
      stderr: "null",
    })
      .outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  const commit = git(["rev-parse", "HEAD"]);
  if (commit === undefined) return { commit: "unknown", modified: false };
  return { commit, modified: git(["status", "--porcelain", "--untracked-files=no"]) !== "" };
}

/**
 * What commander imports for subcommands in programs of their own, of which there are none here, and for defaults it is
 * always given. Loading these modules would take 15 ms of every start.
 */
const UNUSED_IMPORTS = [
  ['import childProcess from "node:child_process";', "const childProcess = undefined;"],
  ['import path from "node:path";', "const path = undefined;"],
  ['import fs from "node:fs";', "const fs = undefined;"],
  ['import process from "node:process";', "const process = { env: {}, argv: [], stdout: {}, stderr: {} };"],
] as const;

/**
 * Puts a constant in place of each import that nothing uses.
 *
 * @param script the bundle
 * @returns the same without them
 * @throws {ToolError} when one of them is not there once: commander has changed
 */
export function withoutUnusedModules(script: string): string {
  return UNUSED_IMPORTS.reduce((text, [line, constant]) => {
    if (text.split(line).length !== 2) throw new ToolError(`The bundle has not one line "${line}": look at commander`);
    return text.replace(line, constant);
  }, script);
}

/** Leaves out where this machine keeps npm packages: the bundler names modules by their path. */
function withoutCachePaths(code: string): string {
  return code.replaceAll(/(?:\.\.\/)+[^\s"'`]*?\/npm\/[^/\s"'`]+\//g, "npm:");
}

/**
 * Makes the files of the program.
 *
 * @param target machine they are for
 * @returns the directory they are in
 * @throws {ToolError} when a tool is missing or fails
 */
export function bundle(target: Target): string {
  const directory = target.appDirectory;
  Deno.mkdirSync(directory, { recursive: true });
  for (const { name } of Deno.readDirSync(directory)) Deno.removeSync(`${directory}/${name}`, { recursive: true });
  const scratch = Deno.makeTempDirSync({ prefix: "culprit-bundle-" });
  try {
    build(target.arch, scratch, `${directory}/culprit.bpf.o`);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
  buildLibbpf(target, `${directory}/libbpf.so.1`);
  // The bundler does not check types, and what is not checked is not shipped.
  runTool(Deno.execPath(), ["check", "--quiet", `${ROOT}/cli.ts`]);
  // Paths in its comments are relative to where it is run.
  Deno.chdir(ROOT);
  runTool(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--frozen",
    "--platform=deno",
    `--config=${ROOT}/deno.json`,
    `--output=${directory}/${SCRIPT}`,
    `${ROOT}/cli.ts`,
  ]);
  const script = `${directory}/${SCRIPT}`;
  Deno.writeTextFileSync(script, withoutUnusedModules(withoutCachePaths(Deno.readTextFileSync(script))));
  Deno.writeTextFileSync(`${directory}/build.json`, `${JSON.stringify(buildFacts())}\n`);
  // Every file by name, so that the list and what is made here cannot differ.
  for (const name of APP_FILES) Deno.chmodSync(`${directory}/${name}`, 0o644);
  return directory;
}

if (import.meta.main) {
  const [flag, name] = Deno.args[0]?.split("=") ?? [];
  bundle(targetNamed(flag === "--target" ? name ?? Deno.args[1] ?? "" : Deno.build.arch));
}
