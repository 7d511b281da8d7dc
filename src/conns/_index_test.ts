import assert from "node:assert/strict";
import fc from "fast-check";
import { FollowedConnection } from "./_connection.ts";
import { ConnectionIndex, mix, mixText } from "./_index.ts";
import { makeSocket } from "./_socket.ts";
import { record } from "./_testing.ts";

/** A connection whose hash is its port. */
function connectionAt(id: number, localPort: number): FollowedConnection {
  const told = record("OPEN", { localPort });
  return new FollowedConnection(id, "connection", told, makeSocket(told));
}

/** Numbers of the connections with a hash, as the index leads to them. */
function idsAt(index: ConnectionIndex, hash: number): number[] {
  const ids: number[] = [];
  for (let there = index.first(hash); there !== undefined; there = there.next) {
    if (there.localPort === hash) ids.push(there.id);
  }
  return ids;
}

Deno.test("ConnectionIndex finds what a list of all finds, the latest first, however it grows and shrinks", () => {
  const step = fc.record({ isAdded: fc.boolean(), at: fc.nat(200) });
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
    const index = new ConnectionIndex(({ localPort }) => localPort);
    let all: FollowedConnection[] = [];
    for (const [id, { isAdded, at }] of steps.entries()) {
      if (isAdded || all.length === 0) {
        const connection = connectionAt(id, at);
        index.add(connection);
        all = [connection, ...all];
      } else {
        const connection = all[at % all.length];
        assert.ok(connection !== undefined);
        assert.equal(index.remove(connection), true);
        assert.equal(index.remove(connection), false);
        all = all.filter((other) => other !== connection);
      }
      assert.equal(index.size, all.length);
    }
    for (let hash = 0; hash <= 200; hash++) {
      assert.deepEqual(idsAt(index, hash), all.filter(({ localPort }) => localPort === hash).map(({ id }) => id));
    }
  }));
});

Deno.test("mix() and mixText() scatter neighbours", () => {
  const places = new Set<number>();
  for (let port = 0; port < 1000; port++) places.add(mix(mixText(port, `10.0.${port >> 8}.${port & 255}`), 1) & 4095);
  // As many as chance would take: 4096 * (1 - exp(-1000 / 4096)) = 887.
  assert.ok(places.size > 800, `${places.size}`);
});
