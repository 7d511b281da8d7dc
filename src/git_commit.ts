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

/** First line of a file; undefined where there is none. */
function readLine(path: string): string | undefined {
  return readText(path)?.split("\n", 1)[0]?.trim();
}

function readText(path: string): string | undefined {
  try {
    // Directories bear names of references too; neither they nor pipes are any.
    return Deno.statSync(path).isFile ? Deno.readTextFileSync(path) : undefined;
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
      error instanceof Deno.errors.PermissionDenied;
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
  const line = readText(`${directory}/packed-refs`)?.split("\n").find((line) => line.endsWith(` ${name}`));
  return line?.split(" ", 1)[0];
}
