/**
 * What the user chose to see, and what each key changes about it.
 *
 * @module
 */

import type { Key } from "./keys.ts";
import { type Sort, type View, VIEWS } from "./types.ts";

/** What is to be seen. */
export interface TopState {
  readonly view: View;
  readonly sort: Sort;
  /** Order by all since the start, not by the last interval. */
  readonly byTotal: boolean;
  /** Least first. */
  readonly reversed: boolean;
  /** The rows stand still; counting goes on. */
  readonly paused: boolean;
  /** Rows above the first one shown. */
  readonly offset: number;
  /** Only rows with this text, in any case; empty for all. */
  readonly filter: string;
  /** The filter is being typed. */
  readonly editing: boolean;
  /** Help in place of rows. */
  readonly help: boolean;
}

/** What is to be done besides showing. */
export type Action = "quit" | "suspend" | "redraw" | "none";

/** Longest text of a filter. */
const MAX_FILTER = 100;

/** Views by their keys. */
const VIEW_KEYS: Readonly<Record<string, View>> = { p: "process", d: "destination", n: "name" };
/** Orders by their keys. */
const SORT_KEYS: Readonly<Record<string, Sort>> = { b: "bytes", c: "connections", l: "lookups" };
/** Orders in the order of `s`. */
const SORT_CYCLE: readonly Sort[] = ["bytes", "connections", "lookups"];

/** The one after, and the first after the last. */
function next<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length] ?? value;
}

/**
 * Works on a key.
 *
 * @param state as it is
 * @param key that was pressed
 * @param pageRows rows on a page
 * @param rowCount rows there are
 * @returns the state as it becomes, and what is to be done
 */
export function pressKey(state: TopState, key: Key, pageRows: number, rowCount: number): [TopState, Action] {
  if (key.name === "interrupt") return [state, "quit"];
  if (key.name === "suspend") return [state, "suspend"];
  if (key.name === "redraw") return [state, "redraw"];
  if (state.editing) return [editFilter(state, key), "none"];
  // Any key leaves the help; those that quit do that too.
  if (state.help) return [{ ...state, help: false }, isQuit(key) ? "quit" : "none"];
  if (key.name === "text") return key.text === "q" ? [state, "quit"] : [pressCharacter(state, key.text), "none"];
  switch (key.name) {
    case "tab":
      return [{ ...state, view: next(VIEWS, state.view), offset: 0 }, "none"];
    case "escape":
      return [{ ...state, filter: "", offset: 0 }, "none"];
    default:
      return [{ ...state, offset: scroll(state.offset, key.name, pageRows, rowCount) }, "none"];
  }
}

function isQuit(key: Key): boolean {
  return key.name === "text" && key.text === "q";
}

function pressCharacter(state: TopState, character: string): TopState {
  const view = VIEW_KEYS[character];
  if (view !== undefined) return { ...state, view, offset: 0 };
  const sort = SORT_KEYS[character];
  if (sort !== undefined) return { ...state, sort, offset: 0 };
  switch (character) {
    case "s":
      return { ...state, sort: next(SORT_CYCLE, state.sort), offset: 0 };
    case "t":
      return { ...state, byTotal: !state.byTotal, offset: 0 };
    case "r":
      return { ...state, reversed: !state.reversed, offset: 0 };
    case " ":
      return { ...state, paused: !state.paused };
    case "/":
      return { ...state, editing: true, offset: 0 };
    case "?":
    case "h":
      return { ...state, help: true };
    default:
      return state;
  }
}

function editFilter(state: TopState, key: Key): TopState {
  switch (key.name) {
    case "text":
      return { ...state, filter: (state.filter + key.text).slice(0, MAX_FILTER), offset: 0 };
    case "backspace":
      return { ...state, filter: [...state.filter].slice(0, -1).join(""), offset: 0 };
    case "enter":
      return { ...state, editing: false };
    case "escape":
      return { ...state, editing: false, filter: "", offset: 0 };
    default:
      return state;
  }
}

function scroll(offset: number, name: Key["name"], pageRows: number, rowCount: number): number {
  const last = Math.max(0, rowCount - pageRows);
  const page = Math.max(1, pageRows - 1);
  const moves: Partial<Record<Key["name"], number>> = {
    up: offset - 1,
    down: offset + 1,
    pageup: offset - page,
    pagedown: offset + page,
    home: 0,
    end: last,
  };
  return Math.min(last, Math.max(0, moves[name] ?? offset));
}
