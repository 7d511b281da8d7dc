/**
 * Which package a file belongs to, read from the package databases themselves: no program is run.
 *
 * @module
 */

import { RootFiles } from "./packages_files.ts";
import { findInRpm } from "./packages_rpm.ts";

/** The owner of a file. */
export interface PackageOwner {
  /** Name of the package, `none`, or `unknown`. */
  readonly name: string;
  readonly version?: string;
  /** Why it is `unknown`. */
  readonly reason?: string;
}

/** Names a file can have in a database: before /usr was merged, /bin/ls was that, and its package may still say so. */
function aliases(path: string): string[] {
  const merged = /^\/usr(\/(?:bin|sbin|lib|lib32|lib64|libx32)\/.*)$/.exec(path)?.[1];
  return merged === undefined ? [path] : [path, merged];
}

/** Longest version that is shown, and name of a package of apk; those of dpkg are in the names of files. */
const MAX_TEXT = 256;

/** Parts of a text one by one: an array of the lines of a text that has little else would take many times its memory. */
function* partsOf(text: string, separator: string): Generator<string, void, undefined> {
  for (let start = 0; start <= text.length;) {
    const found = text.indexOf(separator, start);
    const end = found < 0 ? text.length : found;
    yield text.slice(start, end);
    start = end + separator.length;
  }
}

/** dpkg: one list of files per package, and the versions in one file. */
function findInDpkg(files: RootFiles, paths: readonly string[]): PackageOwner | undefined {
  const directory = "/var/lib/dpkg/info";
  const names = files.list(directory);
  if (names === undefined) return undefined;
  const wanted = paths.map((path) => `\n${path}\n`);
  for (const name of names) {
    if (!name.endsWith(".list")) continue;
    const list = `\n${files.readText(`${directory}/${name}`) ?? ""}\n`;
    if (!wanted.some((line) => list.includes(line))) continue;
    const [owner = "", architecture] = name.slice(0, -".list".length).split(":", 2);
    const version = dpkgVersion(files.readText("/var/lib/dpkg/status") ?? "", owner, architecture);
    return { name: owner, ...(version === undefined ? {} : { version }) };
  }
  return { name: "none" };
}

/** Version of a package in /var/lib/dpkg/status (deb-control(5)). */
function dpkgVersion(status: string, name: string, architecture: string | undefined): string | undefined {
  for (const stanza of partsOf(status, "\n\n")) {
    if (!stanza.startsWith(`Package: ${name}\n`)) continue;
    if (architecture !== undefined && !stanza.includes(`\nArchitecture: ${architecture}\n`)) continue;
    const version = /^Version: (.*)$/m.exec(stanza)?.[1];
    if (version !== undefined && version.length <= MAX_TEXT) return version;
  }
  return undefined;
}

/** apk: one database of stanzas, P: name, V: version, F: folder, R: file in it. */
function findInApk(files: RootFiles, paths: readonly string[]): PackageOwner | undefined {
  const database = files.readText("/lib/apk/db/installed");
  if (database === undefined) return undefined;
  const wanted = new Set(paths.map((path) => path.slice(1)));
  let [name, version, folder] = ["", "", ""];
  for (const line of partsOf(database, "\n")) {
    const value = line.slice(2);
    if (line.startsWith("P:")) name = value;
    else if (line.startsWith("V:")) version = value;
    else if (line.startsWith("F:")) folder = value;
    else if (line.startsWith("R:") && wanted.has(`${folder}/${value}`)) {
      if (Math.max(name.length, version.length) <= MAX_TEXT) return { name, version };
      return { name: "unknown", reason: "the database of apk is damaged" };
    }
  }
  return { name: "none" };
}

/**
 * Finds the package a file belongs to.
 *
 * @param root root directory the path is below, without final slash: empty, or `/proc/PID/root` of a process
 * @param path absolute path below it
 * @returns the package; `none` when a database was read and does not have it
 */
export function packageOf(root: string, path: string): PackageOwner {
  using files = RootFiles.open(root);
  const paths = aliases(path);
  const answers = [findInDpkg, findInApk, findInRpm].map((find) => files && find(files, paths));
  const found = answers.filter((owner) => owner !== undefined);
  const named = found.find(({ name }) => name !== "none" && name !== "unknown");
  if (named !== undefined) return named;
  if (files?.isExhausted === true) return { name: "unknown", reason: "the package database is too large to be read" };
  // What could not be read may have it.
  return found.find(({ name }) => name === "unknown") ?? found[0] ??
    { name: "unknown", reason: "no package database of dpkg, rpm or apk can be read" };
}
