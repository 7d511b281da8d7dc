/**
 * Keys from what a terminal sends.
 *
 * @module
 */

/** A key with a name; anything else is the character it types. */
export type Key =
  | { readonly name: "up" | "down" | "left" | "right" | "pageup" | "pagedown" | "home" | "end" }
  | { readonly name: "enter" | "escape" | "backspace" | "tab" | "interrupt" | "suspend" | "redraw" }
  | { readonly name: "text"; readonly text: string };

/** Final part of control sequences of xterm and its kin (ECMA-48 section 5.4), after `ESC [` or `ESC O`. */
const SEQUENCES: Readonly<Record<string, Key["name"]>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  "1~": "home",
  "4~": "end",
  "5~": "pageup",
  "6~": "pagedown",
  "7~": "home",
  "8~": "end",
};

/** Control characters that are keys. */
const CONTROLS: Readonly<Record<string, Key["name"]>> = {
  "\x03": "interrupt",
  "\x1c": "interrupt",
  "\x1a": "suspend",
  "\x0c": "redraw",
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x1b": "escape",
};

/** One key at the beginning of a text: a control sequence, any other escape, or a character. */
// deno-lint-ignore no-control-regex -- keys are control characters
const TOKEN = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO[@-~]|\x1b|[^]/gu;
/** The beginning of a sequence whose end was not read yet. */
// deno-lint-ignore no-control-regex -- as above
const UNFINISHED = /\x1b(?:\[[0-9;?]*[ -/]*|O)$/;

/** Reads keys. Sequences and characters may come in pieces. */
export class KeyReader {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /**
   * Takes what was read.
   *
   * @param bytes from the terminal
   * @returns keys that are whole, in order; sequences that stand for none are left out
   */
  read(bytes: Uint8Array): Key[] {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const unfinished = UNFINISHED.exec(text);
    this.#rest = unfinished?.[0] ?? "";
    const whole = text.slice(0, text.length - this.#rest.length);
    return Array.from(whole.matchAll(TOKEN), ([token]) => keyOf(token)).filter((key) => key !== undefined);
  }
}

/** The key of a token; undefined for what is none. */
function keyOf(token: string): Key | undefined {
  const name = CONTROLS[token] ??
    (token.length > 1 && token.startsWith("\x1b") ? SEQUENCES[token.slice(2)] : undefined);
  if (name !== undefined) return { name } as Key;
  return /^\p{C}/u.test(token) ? undefined : { name: "text", text: token };
}
