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

/**
 * Text of a file that not every host has, or shows.
 *
 * @param path any path
 * @returns undefined when it is not there or may not be read
 */
export function readOptional(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
