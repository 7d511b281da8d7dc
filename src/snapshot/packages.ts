/**
 * Which package a file belongs to, read from the package databases themselves: no program is run.
 *
 * @module
 */

/** The owner of a file. */
export interface PackageOwner {
  /** Name of the package, `none`, or `unknown`. */
  readonly name: string;
  readonly version?: string;
  /** Why it is `unknown`. */
  readonly reason?: string;
}

/** Text of a file; undefined when it is not there or may not be read. */
function readOptional(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Whether a file is not there, may not be read, or its process has gone. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory || (error instanceof Error && "code" in error && error.code === "ESRCH");
}

/** Names a file can have in a database: before /usr was merged, /bin/ls was that, and its package may still say so. */
function aliases(path: string): string[] {
  const merged = /^\/usr(\/(?:bin|sbin|lib|lib32|lib64|libx32)\/.*)$/.exec(path)?.[1];
  return merged === undefined ? [path] : [path, merged];
}

/** dpkg: one list of files per package, and the versions in one file. */
function findInDpkg(root: string, path: string): PackageOwner | undefined {
  const directory = `${root}/var/lib/dpkg/info`;
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(directory)];
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  const wanted = aliases(path).map((alias) => `\n${alias}\n`);
  for (const { name } of entries) {
    if (!name.endsWith(".list")) continue;
    const list = `\n${readOptional(`${directory}/${name}`) ?? ""}\n`;
    if (!wanted.some((line) => list.includes(line))) continue;
    const [owner = "", architecture] = name.slice(0, -".list".length).split(":", 2);
    const version = dpkgVersion(readOptional(`${root}/var/lib/dpkg/status`) ?? "", owner, architecture);
    return { name: owner, ...(version === undefined ? {} : { version }) };
  }
  return { name: "none" };
}

/** Version of a package in /var/lib/dpkg/status (deb-control(5)). */
function dpkgVersion(status: string, name: string, architecture: string | undefined): string | undefined {
  for (const stanza of status.split("\n\n")) {
    if (!stanza.startsWith(`Package: ${name}\n`)) continue;
    if (architecture !== undefined && !stanza.includes(`\nArchitecture: ${architecture}\n`)) continue;
    const version = /^Version: (.*)$/m.exec(stanza)?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** apk: one database of stanzas, P: name, V: version, F: folder, R: file in it. */
function findInApk(root: string, path: string): PackageOwner | undefined {
  const database = readOptional(`${root}/lib/apk/db/installed`);
  if (database === undefined) return undefined;
  const wanted = new Set(aliases(path).map((alias) => alias.slice(1)));
  let [name, version, folder] = ["", "", ""];
  for (const line of database.split("\n")) {
    const value = line.slice(2);
    if (line.startsWith("P:")) name = value;
    else if (line.startsWith("V:")) version = value;
    else if (line.startsWith("F:")) folder = value;
    else if (line.startsWith("R:") && wanted.has(`${folder}/${value}`)) return { name, version };
  }
  return { name: "none" };
}

/** Where rpm keeps its database, whose formats (Berkeley DB, ndb, SQLite) are not read here. */
const RPM_DATABASES = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];

/**
 * Finds the package a file belongs to.
 *
 * @param root root directory the path is below, without final slash: empty, or `/proc/PID/root` of a process
 * @param path absolute path below it
 * @returns the package; `none` when a database was read and does not have it
 */
export function packageOf(root: string, path: string): PackageOwner {
  const found = [findInDpkg(root, path), findInApk(root, path)].filter((owner) => owner !== undefined);
  const owner = found.find(({ name }) => name !== "none") ?? found[0];
  if (owner !== undefined) return owner;
  const isRpm = RPM_DATABASES.some((directory) => {
    try {
      return Deno.statSync(root + directory).isDirectory;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  });
  return {
    name: "unknown",
    reason: isRpm ? "the database of rpm is not read" : "no package database of dpkg or apk can be read",
  };
}
