/**
 * `culprit version`: the versions of culprit and of what it runs on, as a bug report wants them.
 *
 * @module
 */

import type { BuildKind } from "../assets.ts";
import { EXIT_CODE, type ExitCode } from "../errors.ts";
import { SCHEMA } from "../events.ts";
import { escapeTerminal } from "../output/escape.ts";
import { stringifySafe } from "../output/json.ts";
import { writeStdout } from "../output/stdio.ts";
import { type VersionFacts, versionFacts } from "../version.ts";
import type { VersionOptions } from "./options.ts";

/** Kinds of builds in words. */
const BUILDS: Readonly<Record<BuildKind, string>> = {
  source: "sources",
  compiled: "single file (deno compile)",
  offline: "offline single file or package",
  memory: "offline single file, run from memory",
};

/** The commit, and whether it is all there is. */
function commitText({ commit, modified }: VersionFacts): string {
  if (commit === "unknown" || modified === false) return commit;
  return `${commit}, ${modified === true ? "with changes" : "if nothing was changed since"}`;
}

/**
 * The versions as text.
 *
 * @param facts what was found
 * @returns lines, each with its newline, safe for a terminal
 */
export function renderVersionText(facts: VersionFacts): string {
  const rows = [
    ["culprit", facts.version],
    ["commit", commitText(facts)],
    ["build", `${BUILDS[facts.build]}, ${facts.arch}`],
    ["deno", `${facts.deno} (V8 ${facts.v8})`],
    ["libbpf", `${facts.libbpf} (${facts.libbpfSource})`],
    ["bpf object", `sha256 ${facts.bpfObjectSha256}`],
    ["kernel", facts.kernel],
  ] as const;
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${escapeTerminal(name.padEnd(width) + value)}\n`).join("");
}

/**
 * The versions as one JSON line.
 *
 * @param facts what was found
 * @returns the line with its newline
 */
export function renderVersionJson(facts: VersionFacts): string {
  const { bpfObjectSha256, libbpfSource, ...rest } = facts;
  const event = { schema: SCHEMA, type: "version", ...rest, libbpf_source: libbpfSource };
  return `${stringifySafe({ ...event, bpf_object_sha256: bpfObjectSha256 })}\n`;
}

/**
 * Runs `culprit version`.
 *
 * @param options values of the command line
 * @returns the exit code
 * @throws {OutputError} when standard output cannot be written
 */
export async function runVersion(options: VersionOptions): Promise<ExitCode> {
  const facts = await versionFacts();
  writeStdout(options.json ? renderVersionJson(facts) : renderVersionText(facts));
  return EXIT_CODE.ok;
}
