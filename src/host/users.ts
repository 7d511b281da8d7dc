/**
 * Names of users and groups.
 *
 * Read from /etc/passwd and /etc/group of this host, never through NSS: name services can block on the network, and
 * culprit would then wait for the very lookups it watches.
 *
 * @module
 */

/** How long a look at the file's modification time holds, milliseconds. */
const CHECK_INTERVAL_MS = 5_000;

/** Lines beyond which a file is cut: it bounds memory, no host has as many local users. */
const MAX_NAMES = 65_536;

/** One of the two files. */
class NameFile {
  readonly #path: string;
  #names: ReadonlyMap<number, string> = new Map();
  /** Changes whenever the file does: tools replace it by renaming, so the inode counts too. */
  #version = "";
  #checkedMs = -Infinity;

  constructor(path: string) {
    this.#path = path;
  }

  name(id: number, nowMs: number): string | undefined {
    if (nowMs - this.#checkedMs >= CHECK_INTERVAL_MS) {
      this.#checkedMs = nowMs;
      this.#refresh();
    }
    return this.#names.get(id);
  }

  #refresh(): void {
    try {
      const { mtime, ino, size } = Deno.statSync(this.#path);
      const version = `${mtime?.getTime()} ${ino} ${size}`;
      if (version === this.#version) return;
      this.#names = parseNames(Deno.readTextFileSync(this.#path));
      this.#version = version;
    } catch (error) {
      // Images without the file are common, and one that may not be read names nobody.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
      this.#names = new Map();
      this.#version = "";
    }
  }
}

/** Parses lines `name:password:id:...`; the first name of an id is its name, as getpwuid(3) has it. */
function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":", 3);
    if (name === undefined || name === "" || name.startsWith("#") || id === undefined || !/^\d{1,10}$/.test(id)) {
      continue;
    }
    if (!names.has(Number(id))) names.set(Number(id), name);
    if (names.size >= MAX_NAMES) break;
  }
  return names;
}

/** Names of users and groups, read again when the files change. */
export class UserNames {
  readonly #users: NameFile;
  readonly #groups: NameFile;
  readonly #nowMs: () => number;

  /**
   * Reads nothing yet.
   *
   * @param options `passwdPath` and `groupPath` instead of those of /etc; `nowMs`: a monotonic clock, milliseconds
   */
  constructor(options: { passwdPath?: string; groupPath?: string; nowMs?: () => number } = {}) {
    this.#users = new NameFile(options.passwdPath ?? "/etc/passwd");
    this.#groups = new NameFile(options.groupPath ?? "/etc/group");
    this.#nowMs = options.nowMs ?? ((): number => performance.now());
  }

  /**
   * Name of a user.
   *
   * @param uid user id
   * @returns its name, or undefined when /etc/passwd has none
   */
  userName(uid: number): string | undefined {
    return this.#users.name(uid, this.#nowMs());
  }

  /**
   * Name of a group.
   *
   * @param gid group id
   * @returns its name, or undefined when /etc/group has none
   */
  groupName(gid: number): string | undefined {
    return this.#groups.name(gid, this.#nowMs());
  }
}
