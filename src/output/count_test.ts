import assert from "node:assert/strict";
import { counted } from "./count.ts";

const CASES: readonly (readonly [count: number, plural: string, text: string])[] = [
  [0, "events", "0 events"],
  [2, "events", "2 events"],
  [1, "events", "1 event"],
  [1, "queries", "1 query"],
  [1, "processes", "1 process"],
  [1, "addresses", "1 address"],
  [1, "connection records", "1 connection record"],
  [1, "open connections unread", "1 open connection unread"],
  [1, "frames other", "1 frame other"],
  [1, "network namespaces", "1 network namespace"],
  [1, "dns messages", "1 dns message"],
  [1, "exec", "1 exec"],
  [1, "closed meanwhile", "1 closed meanwhile"],
  [1, "others", "1 other"],
];

for (const [count, plural, text] of CASES) {
  Deno.test(`counted(${count}, "${plural}") is "${text}"`, () => assert.equal(counted(count, plural), text));
}
