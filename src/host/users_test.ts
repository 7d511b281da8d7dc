import assert from "node:assert/strict";
import { UserNames } from "./users.ts";

/** Files of its own and a clock to turn. */
function makeFiles():
  & { passwdPath: string; groupPath: string; nowMs: () => number; turn(ms: number): void }
  & Disposable {
  const path = Deno.makeTempDirSync({ prefix: "culprit-test-" });
  let nowMs = 0;
  return {
    passwdPath: `${path}/passwd`,
    groupPath: `${path}/group`,
    nowMs: () => nowMs,
    turn: (ms) => void (nowMs += ms),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

Deno.test("UserNames reads both files, skipping what is no entry", () => {
  using files = makeFiles();
  Deno.writeTextFileSync(
    files.passwdPath,
    "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/:/bin/sh\n# note:x:5:5\n\n:x:6:\nbad:x:-1:\nworse:x:1e3:\n+@nis\nann:x:1000:1000:Ann:/:/\n",
  );
  Deno.writeTextFileSync(files.groupPath, "root:x:0:\nwheel:x:10:ann\n");
  const names = new UserNames(files);
  assert.deepEqual([0, 5, 6, 1000, 1, -1].map((uid) => names.userName(uid)), [
    "root",
    undefined,
    undefined,
    "ann",
    undefined,
    undefined,
  ]);
  assert.deepEqual([0, 10, 1000].map((gid) => names.groupName(gid)), ["root", "wheel", undefined]);
});

Deno.test("UserNames sees a changed, removed and new file after 5 s", () => {
  using files = makeFiles();
  const names = new UserNames(files);
  assert.equal(names.userName(7), undefined, "there is no file");
  Deno.writeTextFileSync(files.passwdPath, "lp:x:7:7::/:/\n");
  assert.equal(names.userName(7), undefined, "it was looked for just now");
  files.turn(5000);
  assert.equal(names.userName(7), "lp");
  Deno.writeTextFileSync(files.passwdPath + "+", "printer:x:7:7::/:/\n");
  Deno.renameSync(files.passwdPath + "+", files.passwdPath);
  files.turn(5000);
  assert.equal(names.userName(7), "printer");
  Deno.removeSync(files.passwdPath);
  files.turn(5000);
  assert.equal(names.userName(7), undefined);
});

Deno.test("UserNames names the users of this host", () => {
  assert.equal(new UserNames().userName(0), "root");
});
