import assert from "node:assert/strict";
import { STATE } from "./_testing.ts";
import type { Key } from "./keys.ts";
import { type Action, pressKey, type TopState } from "./state.ts";

/** Presses keys one after the other: a character is itself. */
function press(keys: readonly (Key["name"] | string)[], state: TopState = STATE): [TopState, Action] {
  let action: Action = "none";
  for (const key of keys) {
    const pressed = (key.length === 1 ? { name: "text", text: key } : { name: key }) as Key;
    [state, action] = pressKey(state, pressed, 10, 35);
  }
  return [state, action];
}

for (
  const [keys, change] of [
    [["d"], { view: "destination" }],
    [["n"], { view: "name" }],
    [["n", "p"], { view: "process" }],
    [["tab"], { view: "destination" }],
    [["tab", "tab", "tab"], {}],
    [["c"], { sort: "connections" }],
    [["l"], { sort: "lookups" }],
    [["l", "b"], {}],
    [["s"], { sort: "connections" }],
    [["s", "s", "s"], {}],
    [["t"], { byTotal: true }],
    [["r"], { reversed: true }],
    [[" "], { paused: true }],
    [[" ", " "], {}],
    [["?"], { help: true }],
    [["?", "d"], {}],
    [["/", "a", "q", "backspace"], { editing: true, filter: "a" }],
    [["/", "a", "enter"], { filter: "a" }],
    [["/", "a", "enter", "escape"], {}],
    [["/", "a", "escape"], {}],
    [["down"], { offset: 1 }],
    [["down", "up", "up"], {}],
    [["pagedown"], { offset: 9 }],
    [["end"], { offset: 25 }],
    [["end", "pagedown", "pageup"], { offset: 16 }],
    [["end", "home"], {}],
    [["end", "d"], { view: "destination" }],
    [["z"], {}],
  ] as const
) {
  Deno.test(`pressKey() after ${keys.join(" ")}`, () => {
    const [state, action] = press(keys);
    assert.deepEqual(state, { ...STATE, ...change });
    assert.equal(action, "none");
  });
}

for (
  const [keys, action] of [
    [["q"], "quit"],
    [["interrupt"], "quit"],
    [["/", "interrupt"], "quit"],
    [["?", "q"], "quit"],
    [["/", "q"], "none"],
    [["suspend"], "suspend"],
    [["redraw"], "redraw"],
  ] as const
) Deno.test(`pressKey() after ${keys.join(" ")}: ${action}`, () => assert.equal(press(keys)[1], action));

Deno.test("pressKey() keeps a filter short, however much is pasted", () => {
  const [state] = press(["/", ..."x".repeat(5000)]);
  assert.equal(state.filter.length, 100);
});
