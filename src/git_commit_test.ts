import assert from "node:assert/strict";
import { readCommit } from "./git_commit.ts";

/** Runs git, which no configuration of this machine steers; returns what it printed. */
async function git(directory: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@test.invalid", "-c", "commit.gpgsign=false"];
  const { success, stdout, stderr } = await new Deno.Command("git", {
    args: ["-C", directory, ...identity, ...args],
    env: { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim();
}

/** A directory that is gone afterwards. */
async function withScratch(run: (directory: string) => Promise<void>): Promise<void> {
  const scratch = await Deno.makeTempDir({ prefix: "culprit-git-" });
  try {
    await run(scratch);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** A repository with one commit on a branch whose name has a slash. */
async function makeRepository(scratch: string, ...options: string[]): Promise<{ root: string; commit: string }> {
  const root = `${scratch}/repository`;
  await git(scratch, "init", "--quiet", "--initial-branch=topic/one", ...options, root);
  await git(root, "commit", "--quiet", "--allow-empty", "--message=first");
  return { root, commit: await git(root, "rev-parse", "HEAD") };
}

const REPOSITORIES: readonly { name: string; prepare: (root: string) => Promise<string> }[] = [
  { name: "a branch", prepare: (root) => Promise.resolve(root) },
  {
    name: "packed references",
    prepare: async (root) => {
      await git(root, "branch", "other/topic/one");
      await git(root, "pack-refs", "--all");
      return root;
    },
  },
  {
    name: "no branch",
    prepare: async (root) => {
      await git(root, "checkout", "--quiet", "--detach");
      return root;
    },
  },
  {
    name: "a further work tree, with packed references",
    prepare: async (root) => {
      await git(root, "worktree", "add", "--quiet", "-b", "further", `${root}-further`);
      await git(root, "pack-refs", "--all");
      return `${root}-further`;
    },
  },
];

for (const { name, prepare } of REPOSITORIES) {
  for (const format of ["sha1", "sha256"]) {
    Deno.test(`readCommit() reads ${name} with ${format}`, async () => {
      await withScratch(async (scratch) => {
        const { root, commit } = await makeRepository(scratch, `--object-format=${format}`);
        assert.equal(readCommit(await prepare(root)), commit);
      });
    });
  }
}

const NOTHING: readonly { name: string; files: Readonly<Record<string, string>> }[] = [
  { name: "where there is no repository", files: {} },
  { name: "before the first commit", files: { ".git/HEAD": "ref: refs/heads/main\n" } },
  {
    name: "of references that run in a circle",
    files: { ".git/HEAD": "ref: refs/a\n", ".git/refs/a": "ref: refs/a\n" },
  },
  { name: "of a name that leads out", files: { ".git/HEAD": "ref: refs/../../secret\n", secret: "a".repeat(40) } },
  { name: "of what is no commit", files: { ".git/HEAD": "ref: refs/a\n", ".git/refs/a": "\x1b[2J\n" } },
  { name: "of a directory that was moved away", files: { ".git": "gitdir: /nonexistent/worktrees/x\n" } },
  { name: "of a reference that is a directory", files: { ".git/HEAD": "ref: refs/a\n", ".git/refs/a/b": "" } },
];

for (const { name, files } of NOTHING) {
  Deno.test(`readCommit() knows none ${name}`, async () => {
    await withScratch(async (scratch) => {
      for (const [path, text] of Object.entries(files)) {
        await Deno.mkdir(`${scratch}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(`${scratch}/${path}`, text);
      }
      assert.equal(readCommit(scratch), undefined);
    });
  });
}

Deno.test("readCommit() knows no commit where the files are none of git's", async () => {
  const cases: readonly { name: string; make: (directory: string) => void }[] = [
    { name: "HEAD leads to itself", make: (directory) => Deno.symlinkSync("HEAD", `${directory}/HEAD`) },
    { name: "HEAD has a name with NUL", make: (directory) => write(directory, "HEAD", "ref: refs/heads/a\0b") },
    {
      name: "HEAD has a name no file may have",
      make: (directory) => write(directory, "HEAD", `ref: refs/${"a".repeat(5000)}`),
    },
    {
      name: "packed references are larger than a text may be",
      make: (directory) => {
        write(directory, "HEAD", "ref: refs/heads/main");
        write(directory, "packed-refs", "");
        Deno.truncateSync(`${directory}/packed-refs`, 1 << 30);
      },
    },
  ];
  for (const { name, make } of cases) {
    await withScratch((scratch) => {
      Deno.mkdirSync(`${scratch}/.git`);
      make(`${scratch}/.git`);
      assert.equal(readCommit(scratch), undefined, name);
      return Promise.resolve();
    });
  }
});

function write(directory: string, name: string, text: string): void {
  Deno.writeTextFileSync(`${directory}/${name}`, text);
}
