/**
 * The name the kernel shows for this process.
 *
 * @module
 */

/**
 * Sets the name that `ps` and `top` show. A program that was started from memory has that of a descriptor.
 *
 * @param name at most 15 octets, the kernel cuts the rest (TASK_COMM_LEN)
 */
export function nameProcess(name: string): void {
  try {
    Deno.writeTextFileSync("/proc/self/comm", name);
  } catch (error) {
    // A name is not worth failing for: /proc may be read-only.
    if (!(error instanceof Error)) throw error;
  }
}
