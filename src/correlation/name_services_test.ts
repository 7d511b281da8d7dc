import assert from "node:assert/strict";
import { OWNER_KIND, type PacketOwner } from "../capture.ts";
import { NameServiceLookups } from "./name_services.ts";

const SECOND = 1e9;

/** A thread of a process; its leader unless said otherwise. */
function owner(tgid: number, tid = tgid): PacketOwner {
  return { tgid, tid, startTimeNs: tgid, uid: 0, gid: 0, comm: "test", kind: OWNER_KIND.sender };
}

const NSCD = owner(1);

Deno.test("find() names the one who waits for a name, in any case and with a dot behind it", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(10), "Example.TEST.", 100);
  lookups.begin(owner(11), "other.test", 101);
  assert.deepEqual(lookups.find("example.test", NSCD, 200), { owner: owner(10), tsNs: 100, confidence: "exact" });
});

Deno.test("find() is not sure when several wait for the name, and tells who has waited longest", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(10), "a.test", 100);
  lookups.begin(owner(11), "a.test", 101);
  assert.deepEqual(lookups.find("a.test", NSCD, 200), { owner: owner(10), tsNs: 100, confidence: "likely" });
});

Deno.test("find() takes a name with a search domain behind it as likely", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(10), "www", 100);
  assert.equal(lookups.find("www.corp.test", NSCD, 200)?.confidence, "likely");
  assert.equal(lookups.find("wwww.corp.test", NSCD, 200), undefined);
});

Deno.test("a lookup is open until its outermost function has returned", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(10), "a.test", 100);
  lookups.begin(owner(10), "a.test", 101);
  lookups.end(owner(10));
  assert.equal(lookups.find("a.test", NSCD, 200)?.confidence, "exact");
  lookups.end(owner(10));
  assert.equal(lookups.find("a.test", NSCD, 200), undefined);
  assert.ok(lookups.isEmpty);
});

Deno.test("threads of one process are told apart", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(10, 10), "a.test", 100);
  lookups.begin(owner(10, 12), "b.test", 101);
  lookups.end(owner(10, 10));
  assert.equal(lookups.find("a.test", NSCD, 200), undefined);
  assert.equal(lookups.find("b.test", NSCD, 200)?.owner.tid, 12);
});

Deno.test("the service itself, an old lookup, and a thread number used again do not count", () => {
  const lookups = new NameServiceLookups();
  lookups.begin(owner(1, 5), "a.test", 100);
  assert.equal(lookups.find("a.test", NSCD, 200), undefined);
  lookups.begin(owner(10), "a.test", 100);
  assert.equal(lookups.find("a.test", NSCD, 100 + 61 * SECOND), undefined);
  lookups.begin(owner(10), "a.test", 100);
  lookups.begin({ ...owner(10), startTimeNs: 11 }, "b.test", 200);
  assert.equal(lookups.find("a.test", NSCD, 300), undefined);
});

Deno.test("lookups that never return take bounded memory", () => {
  const lookups = new NameServiceLookups();
  for (let tid = 2; tid < 100_002; tid++) lookups.begin(owner(tid), `${tid}.test`, tid);
  assert.equal(lookups.find("100001.test", NSCD, 100_002)?.owner.tid, 100_001);
  assert.equal(lookups.find("2.test", NSCD, 100_002), undefined);
});
