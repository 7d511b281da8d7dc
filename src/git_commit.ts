/**
 * The commit of a git work tree, read from its files: whoever runs the sources need not have git.
 *
 * @module
 */

/** Id of a commit: SHA-1 or SHA-256, in hexadecimal. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A reference that stands for another one, as HEAD does for a branch. */
const SYMBOLIC = /^ref: (refs\/\S+)$/;
/** How many references may stand for one another (git: SYMREF_MAXDEPTH). */
const SYMBOLIC_MAX = 5;
/** Octets of a file at most: several hundred thousand packed references. */
const MAX_FILE_BYTES = 64 << 20;

/** First line of a file; undefined where there is none. */
function readLine(path: string): string | undefined {
  return readText(path)?.split("\n", 1)[0]?.trim();
}

function readText(path: string): string | undefined {
  // No file has such a name, and Deno takes it for a mistake of whoever asks.
  if (path.includes("\0")) return undefined;
  try {
    // Directories bear names of references too; neither they nor pipes are any.
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= MAX_FILE_BYTES ? Deno.readTextFileSync(path) : undefined;
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.FilesystemLoop ||
      (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG");
    if (isMissing) return undefined;
    throw error;
  }
}

/** A path that may be relative to a directory. */
function resolve(directory: string, path: string): string {
  return path.startsWith("/") ? path : `${directory}/${path}`;
}

/**
 * Reads which commit is checked out (gitrepository-layout(5)).
 *
 * @param root top of a work tree
 * @returns its id; undefined where it is no work tree, nothing was committed yet, or references are kept in a way that is
 * not known here (reftable)
 */
export function readCommit(root: string): string | undefined {
  // In a further work tree, and in a submodule, `.git` is a file that says where the directory is.
  const pointer = readLine(`${root}/.git`);
  const [, elsewhere] = /^gitdir: (.+)$/.exec(pointer ?? "") ?? [];
  const own = elsewhere === undefined ? `${root}/.git` : resolve(root, elsewhere);
  const shared = readLine(`${own}/commondir`);
  const common = shared === undefined ? own : resolve(own, shared);
  let value = readLine(`${own}/HEAD`);
  for (let steps = 0; value !== undefined && steps < SYMBOLIC_MAX; steps++) {
    if (COMMIT.test(value)) return value;
    const [, name] = SYMBOLIC.exec(value) ?? [];
    if (name === undefined || name.split("/").includes("..")) return undefined;
    value = readLine(`${own}/${name}`) ?? readLine(`${common}/${name}`) ?? packedRef(common, name);
  }
  return undefined;
}

/** A reference in the file that `git pack-refs` gathers them in. */
function packedRef(directory: string, name: string): string | undefined {
  const text = `\n${readText(`${directory}/packed-refs`) ?? ""}\n`;
  const end = text.indexOf(` ${name}\n`);
  return end < 0 ? undefined : text.slice(text.lastIndexOf("\n", end) + 1, end);
}
