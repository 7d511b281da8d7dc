// The machines culprit is built for: their compilers, libraries and Deno binaries.
import { DIST, ROOT, runTool, ToolError } from "./toolchain.ts";

/** A machine, as `uname -m` names it. */
export type Arch = "x86_64" | "aarch64";

/** What differs from machine to machine. */
export interface Target {
  /** As `uname -m` names it. */
  readonly arch: Arch;
  /** As Debian names it: in package names and in those of releases. */
  readonly debianArch: "amd64" | "arm64";
  /** Prefix of the compiler's programs, and directory of Debian's libraries. */
  readonly triple: string;
  /** As `deno compile --target` names it. */
  readonly denoTriple: string;
  /** Version of the Deno binary in the offline single file. */
  readonly denoVersion: string;
  /** npm package that holds the Deno binary. */
  readonly denoPackage: string;
  /** The binary in that package, by its sha256. */
  readonly denoSha256: string;
  /** Where the bundled program and its assets are put together. */
  readonly appDirectory: string;
}

const ENVIRONMENT = Deno.readTextFileSync(`${ROOT}/scripts/environment.sh`);

/** A constant of scripts/environment.sh. */
function pinned(name: string): string {
  const value = new RegExp(`^readonly ${name}=(\\S+)$`, "m").exec(ENVIRONMENT)?.[1];
  if (value === undefined) throw new ToolError(`Cannot find "${name}" in scripts/environment.sh`);
  return value;
}

/** The Deno everything is built and run with. */
export const DENO_VERSION: string = pinned("DENO_VERSION");

/** What V8 is told in every build. */
export const V8_FLAGS: string = pinned("V8_FLAGS");

/** Every target. */
export const TARGETS: Readonly<Record<Arch, Target>> = {
  x86_64: {
    arch: "x86_64",
    debianArch: "amd64",
    triple: "x86_64-linux-gnu",
    denoTriple: "x86_64-unknown-linux-gnu",
    denoVersion: DENO_VERSION,
    denoPackage: pinned("DENO_PACKAGE"),
    denoSha256: pinned("DENO_SHA256"),
    appDirectory: `${DIST}/app`,
  },
  aarch64: {
    arch: "aarch64",
    debianArch: "arm64",
    triple: "aarch64-linux-gnu",
    denoTriple: "aarch64-unknown-linux-gnu",
    // The newest that npm has for this machine.
    denoVersion: "2.9.5",
    denoPackage: "@deno/linux-arm64-glibc",
    denoSha256: "e1a70c5eb03b0ebaf761077029ef86b9ba22d50e2b54ca45ce5437457f701b63",
    appDirectory: `${DIST}/aarch64/app`,
  },
};

/**
 * Finds a target by its name.
 *
 * @param name as `uname -m` or Debian names it
 * @returns the target
 * @throws {ToolError} when there is none of that name
 */
export function targetNamed(name: string): Target {
  for (const target of Object.values(TARGETS)) {
    if (name === target.arch || name === target.debianArch || name === target.denoTriple) return target;
  }
  throw new ToolError(`Cannot build for "${name}": found no such target, wanted x86_64 or aarch64`);
}

/**
 * Finds the static libraries of a target, and fetches those of another machine than this.
 *
 * @param target machine
 * @returns directory of its libraries and headers: the root, and the one in it that holds the `.a` files
 * @throws {ToolError} when they cannot be fetched
 */
export function sysroot(target: Target): { root: string; libraries: string } {
  const root = target.arch === Deno.build.arch
    ? ""
    : new TextDecoder().decode(runTool("bash", [`${ROOT}/scripts/sysroot`, target.debianArch])).trim();
  return { root, libraries: `${root}/usr/lib/${target.triple}` };
}

/** Where what is fetched or slow to make is kept, outside of the tree: the same as in scripts/environment.sh. */
export const CACHE: string = `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME") || "/root"}/.cache`}/culprit`;

/**
 * Computes a sha256.
 *
 * @param content octets
 * @returns 64 hexadecimal digits
 */
export async function sha256(content: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).toHex();
}

/**
 * Finds the Deno binary of a target, and fetches it from npm if it is not there.
 *
 * @param target machine
 * @returns its path; the content is the pinned one
 * @throws {ToolError} when npm cannot fetch it or it is not what is pinned
 */
export async function denoBinary(target: Target): Promise<string> {
  const home = `${CACHE}/deno-${target.denoVersion}${target.arch === "x86_64" ? "" : `-${target.arch}`}`;
  const path = `${home}/node_modules/${target.denoPackage}/deno`;
  try {
    Deno.statSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    runTool("npm", [
      "install",
      `--prefix=${home}`,
      "--no-save",
      "--fetch-retries=5",
      "--force",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--no-update-notifier",
      "--loglevel=error",
      `${target.denoPackage}@${target.denoVersion}`,
    ]);
  }
  const found = await sha256(Deno.readFileSync(path));
  if (found !== target.denoSha256) {
    throw new ToolError(`Cannot use "${path}": its sha256 is ${found}, wanted ${target.denoSha256}`);
  }
  return path;
}
