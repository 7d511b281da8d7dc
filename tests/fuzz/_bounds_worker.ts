/**
 * Runs test files in a worker of `loosen_bounds.ts`, up to the first failure.
 *
 * @module
 */

/** What the worker is told. */
export interface Task {
  /** File URLs of the tests. */
  files: string[];
}

/** The side of a worker that lib.dom does not describe. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(message: boolean): void;
};

/** Tests the files have registered. */
const tests: (() => unknown)[] = [];

/** Registers instead of running. */
function register(_name: string, run: () => unknown): void {
  tests.push(run);
}

/** Runs everything; resolves to whether all passed. */
async function run(files: readonly string[]): Promise<boolean> {
  Object.defineProperty(Deno, "test", { value: register });
  try {
    for (const file of files) await import(file);
    for (const test of tests) await test();
    return true;
  } catch {
    // That some test fails is all that is asked.
    return false;
  }
}

scope.onmessage = ({ data }): void => void run(data.files).then((passed) => scope.postMessage(passed));
