import assert from "node:assert/strict";
import { Lookups } from "./lookups.ts";
import { AddressNames } from "./names.ts";

Deno.test("AddressNames prefers what the process itself asked for", () => {
  const names = new AddressNames();
  names.add(1, "mine.test", "192.0.2.1", 1e6);
  names.add(2, "other.test", "192.0.2.1", 2e6);
  assert.deepEqual(names.find(1, "192.0.2.1", 4e6), { name: "mine.test", age_ms: 3, source: "process" });
  assert.deepEqual(names.find(3, "192.0.2.1", 4e6), { name: "other.test", age_ms: 2, source: "host" });
  assert.equal(names.find(1, "192.0.2.2", 4e6), undefined);
});

Deno.test("AddressNames forgets the oldest answers when there are too many", () => {
  const names = new AddressNames();
  for (let index = 0; index < 65_537; index++) names.add(undefined, `n${index}.test`, `address ${index}`, 0);
  assert.equal(names.evicted, 1);
  assert.equal(names.find(undefined, "address 0", 0), undefined);
  assert.equal(names.find(undefined, "address 1", 0)?.name, "n1.test");
});

Deno.test("Lookups tells how many names were forgotten for newer ones", () => {
  const lookups = new Lookups();
  assert.deepEqual(lookups.observed, { names_dropped: 0 });
  for (let index = 0; index < 65_539; index++) lookups.names.add(undefined, "n.test", `address ${index}`, 0);
  assert.deepEqual(lookups.observed, { names_dropped: 3 });
});
