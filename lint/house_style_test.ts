import assert from "node:assert/strict";
import plugin from "./house_style.ts";

/** Names of the rules that object to a source, in order of their place. */
function findings(fileName: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, `/repo/${fileName}`, source).map(({ id }) => id.replace(/^house\//, ""));
}

/** One table row: what it shows, file, source, rules that must object. */
type Row = readonly [name: string, fileName: string, source: string, expected: readonly string[]];

/** Checks a table. */
async function check(t: Deno.TestContext, rows: readonly Row[]): Promise<void> {
  for (const [name, fileName, source, expected] of rows) {
    await t.step(name, () => assert.deepEqual(findings(fileName, source), expected));
  }
}

Deno.test("no-plain-error", (t) =>
  check(t, [
    ["new Error", "src/a.ts", `throw new Error("x");`, ["no-plain-error"]],
    ["Error as a function", "src/a.ts", `throw Error("x");`, ["no-plain-error"]],
    ["in a script", "scripts/a.ts", `throw new Error("x");`, ["no-plain-error"]],
    ["in a test", "src/a_test.ts", `throw new Error("x");`, []],
    ["in a bench", "src/a_bench.ts", `throw new Error("x");`, []],
    ["in test helpers", "ffi/_testing.ts", `throw new Error("x");`, []],
    ["below tests/", "tests/kernel/run.ts", `throw new Error("x");`, []],
    ["a file that only sounds like a test", "src/latest.ts", `throw new Error("x");`, ["no-plain-error"]],
    ["TypeError", "src/a.ts", `throw new TypeError("x");`, []],
    ["a class of the project", "src/a.ts", `throw new UsageError("x");`, []],
    ["a class that extends Error", "src/errors.ts", `class A extends Error {}`, []],
    ["a method called Error", "src/a.ts", `log.Error("x");`, []],
    ["instanceof", "src/a.ts", `if (error instanceof Error) f();`, []],
  ]));

Deno.test("unsafe-only-in-ffi", (t) =>
  check(t, [
    ["dlopen", "src/a.ts", `Deno.dlopen("libc.so.6", {});`, ["unsafe-only-in-ffi"]],
    ["UnsafePointer", "bpf/dns/a.ts", `Deno.UnsafePointer.of(x);`, ["unsafe-only-in-ffi"]],
    ["UnsafeCallback", "tests/kernel/a.ts", `new Deno.UnsafeCallback(a, b);`, ["unsafe-only-in-ffi"]],
    ["computed", "src/a.ts", `Deno["dlopen"]("x", {});`, ["unsafe-only-in-ffi"]],
    ["in ffi/", "ffi/a.ts", `Deno.dlopen("x", {}); new Deno.UnsafePointerView(p);`, []],
    ["other members", "src/a.ts", `Deno.readFileSync(Deno.args[0]);`, []],
    ["a member of something else", "src/a.ts", `node.dlopen(); a.Deno.dlopen();`, []],
    ["in a text", "src/a.ts", `f("Deno.dlopen");`, []],
  ]));

Deno.test("no-command", (t) =>
  check(t, [
    ["in src/", "src/a.ts", `new Deno.Command("ls");`, ["no-command"]],
    ["in ffi/", "ffi/a.ts", `new Deno.Command("ls");`, ["no-command"]],
    ["in a test of src/", "src/a_test.ts", `new Deno.Command("ls");`, []],
    ["in scripts/", "scripts/build.ts", `new Deno.Command("clang");`, []],
    ["commander's Command", "src/commands/a.ts", `new Command("dns");`, []],
  ]));

Deno.test("no-silent-catch", (t) =>
  check(t, [
    ["empty", "src/a.ts", `try { f(); } catch {}`, ["no-silent-catch"]],
    ["empty with name", "src/a.ts", `try { f(); } catch (error) {}`, ["no-silent-catch"]],
    ["a value in its place", "src/a.ts", `try { f(); } catch { g(1); }`, ["no-silent-catch"]],
    ["another name", "src/a.ts", `try { f(); } catch (e) { g(error, e2, x.e); }`, ["no-silent-catch"]],
    ["explained", "src/a.ts", `try { f(); } catch { /* it may be gone */ }`, []],
    ["explained outside", "src/a.ts", `try { f(); } /* it may be gone */ catch { g(); }`, ["no-silent-catch"]],
    ["thrown again", "src/a.ts", `try { f(); } catch (error) { throw error; }`, []],
    ["as cause", "src/a.ts", `try { f(); } catch (error) { throw new A("x", { cause: error }); }`, []],
    ["shorthand", "src/a.ts", `try { f(); } catch (error) { g({ error }); }`, []],
    ["spread", "src/a.ts", `try { f(); } catch (errors) { g(...errors); }`, []],
    ["name with a dollar", "src/a.ts", `try { f(); } catch ($e) { g($e); }`, []],
    ["destructured", "src/a.ts", `try { f(); } catch ({ code }) { g(code); }`, []],
    ["only finally", "src/a.ts", `try { f(); } finally { g(); }`, []],
    ["also in tests", "src/a_test.ts", `try { f(); } catch {}`, ["no-silent-catch"]],
    ["promise", "src/a.ts", `p.catch(() => {});`, ["no-silent-catch"]],
    ["promise, function", "src/a.ts", `p.catch(function () {});`, ["no-silent-catch"]],
    ["promise, explained", "src/a.ts", `p.catch(() => { /* closed meanwhile */ });`, []],
    ["promise, handled", "src/a.ts", `p.catch((error) => g(error)); p.catch(report);`, []],
    ["another method", "src/a.ts", `p.finally(() => {});`, []],
  ]));

Deno.test("no-sleep-in-tests", (t) =>
  check(t, [
    ["sleep", "src/a_test.ts", `await new Promise((resolve) => setTimeout(resolve, 100));`, ["no-sleep-in-tests"]],
    ["sleep with a block", "src/a_test.ts", `await new Promise((r) => { setTimeout(r, 9); });`, ["no-sleep-in-tests"]],
    ["sleep with a function", "src/a_test.ts", `await new Promise((r) => setTimeout(() => r(), 9));`, [
      "no-sleep-in-tests",
    ]],
    ["outside of tests", "src/a.ts", `await new Promise((resolve) => setTimeout(resolve, 100));`, []],
    ["polling", "src/a_test.ts", `while (!ready()) await new Promise((r) => setTimeout(r, 5));`, []],
    ["a deadline", "src/a_test.ts", `await new Promise((_, reject) => setTimeout(reject, 5));`, []],
    ["a signal", "src/a_test.ts", `await new Promise((resolve) => child.once("exit", resolve));`, []],
  ]));

Deno.test("every rule has a test", () => {
  assert.deepEqual(Object.keys(plugin.rules), [
    "no-plain-error",
    "unsafe-only-in-ffi",
    "no-command",
    "no-silent-catch",
    "no-sleep-in-tests",
  ]);
});
