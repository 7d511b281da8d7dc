/**
 * Waiting that ends: nothing in a scenario may wait for ever.
 *
 * @module
 */

/** Longest wait, ms; a guest without hardware virtualisation is slow. */
const PATIENCE_MS = 180_000;
/** Between two looks at a condition that sends no signal, ms. */
const LOOK_MS = 5;

/**
 * Waits for a promise.
 *
 * @param promise what to wait for
 * @param what says in the error what did not happen
 * @returns its value
 * @throws {Error} when it takes longer than three minutes
 */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what()} took more than ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for a condition of the kernel that sends no signal, such as a bound port.
 *
 * @param condition looked at again and again
 * @param what says in the error what did not happen
 * @throws {Error} when it takes longer than three minutes
 */
export async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const limit = performance.now() + PATIENCE_MS;
  while (!await condition()) {
    if (performance.now() > limit) throw new Error(`${what} took more than ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
