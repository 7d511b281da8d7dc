/**
 * Files.
 *
 * @module
 */

/**
 * Whether there is something at a path.
 *
 * @param path any path
 * @returns false also where that may not be looked at
 */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}
