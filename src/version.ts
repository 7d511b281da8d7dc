/**
 * What culprit and everything it runs on call themselves.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { closeLibrary, configureLibrary, libbpf } from "../ffi/mod.ts";
import { type BuildKind, buildKind, findAsset } from "./assets.ts";
import { CulpritError } from "./errors.ts";
import { readCommit } from "./git_commit.ts";
import { kernelRelease } from "./host/kernel.ts";

/** The answer of `culprit version`. */
export interface VersionFacts {
  /** Version of culprit: the one in deno.json. */
  readonly version: string;
  /** Commit it was built from, or that the sources are a work tree of; else `unknown`. */
  readonly commit: string;
  /** Whether tracked files differ from that commit; `unknown` for sources, which are not compared. */
  readonly modified: boolean | "unknown";
  /** What runs. */
  readonly build: BuildKind;
  /** Machine, as `uname -m` names it. */
  readonly arch: string;
  /** Version of Deno. */
  readonly deno: string;
  /** Version of V8. */
  readonly v8: string;
  /** The libbpf that is used unless `--libbpf` names another: version, or why there is none. */
  readonly libbpf: string;
  /** Where that libbpf is: a path, or `built in`. */
  readonly libbpfSource: string;
  /** sha256 of the BPF object in hexadecimal; `unknown` when it is missing. */
  readonly bpfObjectSha256: string;
  /** As `uname -r` prints it. */
  readonly kernel: string;
}

/** Facts of the build: see scripts/bundle.ts. */
function buildFacts(): Pick<VersionFacts, "commit" | "modified"> {
  if (buildKind() === "source") {
    return {
      commit: readCommit(decodeURIComponent(new URL("..", import.meta.url).pathname)) ?? "unknown",
      modified: "unknown",
    };
  }
  const content = findAsset("build.json");
  return content === undefined
    ? { commit: "unknown", modified: "unknown" }
    : JSON.parse(new TextDecoder().decode(content)) as { commit: string; modified: boolean };
}

/** The libbpf that is used, or why none can be. */
function libbpfFacts(): { libbpf: string; libbpfSource: string } {
  const bytes = findAsset("libbpf.so.1");
  try {
    configureLibrary({ bytes });
    const { version, path } = libbpf();
    return { libbpf: version, libbpfSource: bytes === undefined ? path : "built in" };
  } catch (error) {
    if (!(error instanceof CulpritError)) throw error;
    return { libbpf: `unknown: ${error.message}`, libbpfSource: "unknown" };
  } finally {
    closeLibrary();
  }
}

/**
 * Collects the versions.
 *
 * @returns the facts; what cannot be found out is `unknown`
 */
export async function versionFacts(): Promise<VersionFacts> {
  const object = findAsset("culprit.bpf.o");
  return {
    version: config.version,
    ...buildFacts(),
    build: buildKind(),
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    ...libbpfFacts(),
    bpfObjectSha256: object === undefined
      ? "unknown"
      : new Uint8Array(await crypto.subtle.digest("SHA-256", object)).toHex(),
    kernel: kernelRelease(),
  };
}
