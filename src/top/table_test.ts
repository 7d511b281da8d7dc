import assert from "node:assert/strict";
import { modelOf, processNamed, put, S } from "./_testing.ts";
import { counting, type TopRow } from "./table.ts";
import { TopModel } from "./model.ts";

/** A row of the process view. */
function rowOf(model: TopModel, key: string, nowNs = 0): TopRow {
  return model.tables.process.at(key, () => ({ view: "process", process: processNamed(1, key), ended: false }), nowNs);
}

Deno.test("TopModel gives rates over the last interval and totals since the start", () => {
  const model = new TopModel(0);
  const row = rowOf(model, "a");
  put(row, 3000);
  const first = model.frame(2 * S);
  assert.equal(first.intervalNs, 2 * S);
  assert.deepEqual([first.rows.process[0]?.rate.sent, first.rows.process[0]?.total.sent], [1500, 3000]);
  put(row, 10);
  const second = model.frame(2.5 * S);
  assert.deepEqual([second.rows.process[0]?.rate.sent, second.rows.process[0]?.total.sent], [20, 3010]);
  assert.equal(model.frame(3.5 * S).rows.process[0]?.rate.sent, 0);
});

Deno.test("TopModel has no rates over no time", () => {
  const model = new TopModel(5);
  put(rowOf(model, "a"), 3000);
  assert.equal(model.frame(5).rows.process[0]?.rate.sent, 0);
});

Deno.test("a frame does not change when counting goes on", () => {
  const model = new TopModel(0);
  const row = rowOf(model, "a");
  const frame = model.frame(S);
  put(row, 7);
  row.open++;
  row.addProcess("x");
  assert.deepEqual(frame.rows.process[0], { ...frame.rows.process[0], open: 0, processes: [] });
  assert.equal(frame.rows.process[0]?.total.sent, 0);
});

Deno.test("TopTable is bounded, and the sum over its rows stays right", () => {
  const model = new TopModel(0, { maxRows: 100 });
  for (let index = 0; index < 5000; index++) put(rowOf(model, `${index}`), index);
  const { rows } = model.frame(S);
  assert.ok(rows.process.length <= 101, `${rows.process.length} rows`);
  const others = rows.process.at(-1)?.label;
  assert.ok(others?.view === "others");
  assert.equal(others.merged + rows.process.length - 1, 5000);
  assert.equal(rows.process.reduce((sum, row) => sum + row.total.sent, 0), 5000 * 4999 / 2);
  assert.equal(rows.process.reduce((sum, row) => sum + row.rate.sent, 0), 5000 * 4999 / 2);
});

Deno.test("TopTable merges rows without open connections first, and the most idle of them", () => {
  const model = new TopModel(0, { maxRows: 4 });
  rowOf(model, "open").open = 1;
  rowOf(model, "old");
  model.frame(S);
  for (const name of ["new1", "new2"]) put(rowOf(model, name), 1);
  model.frame(2 * S);
  rowOf(model, "next");
  const kept = [...model.tables.process.rows()].map(({ label }) => label.view === "process" && label.process.name);
  assert.deepEqual(kept, ["open", "new1", "new2", "next"]);
});

Deno.test("what is counted for a merged row goes to the others, and their rate does not jump", () => {
  const model = new TopModel(0, { keepMs: 10_000 });
  const row = rowOf(model, "a");
  put(row, 1000);
  model.frame(1 * S);
  const idle = model.frame(12 * S).rows.process;
  assert.equal(idle.length, 1);
  assert.deepEqual([idle[0]?.label.view, idle[0]?.rate.sent, idle[0]?.total.sent], ["others", 0, 1000]);
  put(counting(row), 5);
  assert.deepEqual([model.frame(13 * S).rows.process[0]?.rate.sent, counting(row).total.sent], [5, 1005]);
});

Deno.test("TopTable keeps rows with open connections, however idle they are", () => {
  const model = new TopModel(0, { keepMs: 10_000 });
  const row = rowOf(model, "a");
  row.open = 1;
  model.frame(1 * S);
  model.frame(1000 * S);
  assert.equal(row.mergedInto, undefined);
  row.open = 0;
  model.frame(1001 * S);
  assert.equal(row.mergedInto, undefined);
  model.frame(1012 * S);
  assert.notEqual(row.mergedInto, undefined);
});

Deno.test("open connections of a merged row are the others'", () => {
  const model = new TopModel(0, { maxRows: 1 });
  const row = rowOf(model, "a");
  row.open = 3;
  rowOf(model, "b");
  counting(row).open--;
  assert.equal(model.frame(S).rows.process.at(-1)?.open, 2);
});

Deno.test("a row remembers few processes", () => {
  const model = modelOf([["a", 1]]);
  for (let index = 0; index < 100; index++) model.sum.addProcess(`p${index % 50}`);
  assert.deepEqual(model.frame(S).sum.processes, ["p0", "p1", "p2", "p3"]);
});
