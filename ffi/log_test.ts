import assert from "node:assert/strict";
import { buildLibrary, temporaryDirectory } from "./_testing.ts";
import { openLibc } from "./libc.ts";
import { LibbpfLog, type LogLevel } from "./log.ts";
import { cString } from "./memory.ts";

openLibc();

/** Calls a print callback as libbpf does, with arguments in registers, on the stack and in floating point registers. */
const EMITTER = `
#include <stdarg.h>
typedef int (*print_fn)(int level, const char *format, va_list ap);
static int emit(print_fn print, int level, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  int result = print(level, format, ap);
  va_end(ap);
  return result;
}
int emit_text(print_fn print, int level, const char *text) { return emit(print, level, "libbpf: %s", text); }
int emit_many(print_fn print, int level)
{
  return emit(print, level, "libbpf: %d %s %lx %c %d %d %d %.1f %d\\n", -1, "two", 0x1234567890abcdefUL, '3', 4, 5, 6, 7.5, 8);
}
`;

/** A log, and functions that write to it. */
function emitter(stack: DisposableStack, log: LibbpfLog): {
  text(level: number, text: string): number;
  many(level: number): number;
} {
  const path = buildLibrary(temporaryDirectory(stack), EMITTER, "emitter.so");
  const library = Deno.dlopen(path, {
    emit_text: { parameters: ["pointer", "i32", "buffer"], result: "i32" },
    emit_many: { parameters: ["pointer", "i32"], result: "i32" },
  });
  stack.defer(() => library.close());
  stack.use(log);
  const { callbackPointer } = log;
  return {
    text: (level, text) => library.symbols.emit_text(callbackPointer, level, cString(text)),
    many: (level) => library.symbols.emit_many(callbackPointer, level),
  };
}

Deno.test("LibbpfLog formats every kind of argument", () => {
  using stack = new DisposableStack();
  const log = new LibbpfLog();
  const emit = emitter(stack, log);
  const { messages } = log.during(() => emit.many(0));
  assert.deepEqual(messages, ["-1 two 1234567890abcdef 3 4 5 6 7.5 8"]);
});

Deno.test("LibbpfLog keeps messages of any length whole", async (t) => {
  using stack = new DisposableStack();
  const log = new LibbpfLog();
  const emit = emitter(stack, log);
  // The line buffer has 4096 octets; "libbpf: " and NUL take nine.
  for (const length of [1, 4086, 4087, 4088, 4096, 1_000_003]) {
    await t.step(`${length} characters`, () => {
      const text = "x".repeat(length - 1) + "y";
      assert.deepEqual(log.during(() => emit.text(0, text)).messages, [text]);
    });
  }
});

Deno.test("LibbpfLog passes on what is important enough", () => {
  using stack = new DisposableStack();
  const received: [LogLevel, string][] = [];
  const emit = emitter(stack, new LibbpfLog((level, message) => received.push([level, message]), "info"));
  emit.text(0, "a");
  emit.text(1, "b");
  emit.text(2, "c");
  assert.deepEqual(received, [["warn", "a"], ["info", "b"]]);
});

Deno.test("LibbpfLog keeps the last messages only", () => {
  using stack = new DisposableStack();
  const log = new LibbpfLog();
  const emit = emitter(stack, log);
  const { messages } = log.during(() => {
    for (let index = 0; index < 101; index++) emit.text(0, `${index}`);
  });
  assert.equal(messages.length, 64);
  assert.equal(messages[0], "37");
  assert.equal(messages.at(-1), "100");
});

Deno.test("during() answers the messages of its own call", () => {
  using stack = new DisposableStack();
  const log = new LibbpfLog();
  const emit = emitter(stack, log);
  emit.text(0, "before");
  const { result, messages } = log.during(() => emit.text(0, "within"));
  assert.equal(result, 0);
  assert.deepEqual(messages, ["within"]);
  assert.deepEqual(log.during(() => 7), { result: 7, messages: [] });
});

Deno.test("an error of the logger does not unwind through C and reaches the caller", () => {
  using stack = new DisposableStack();
  const log = new LibbpfLog((_, message) => {
    throw new RangeError(message);
  });
  const emit = emitter(stack, log);
  let calls = 0;
  assert.throws(() =>
    log.during(() => {
      calls += 1 + emit.text(0, "first");
      calls += 1 + emit.text(0, "second");
    }), { name: "RangeError", message: "first" });
  assert.equal(calls, 2);
  assert.deepEqual(log.during(() => 1), { result: 1, messages: [] });
});

Deno.test("LibbpfLog can be closed twice", () => {
  const log = new LibbpfLog();
  log.close();
  log.close();
});
