/**
 * How an option is declared: what its table holds, and the makers of its usual kinds.
 *
 * @module
 */

/** Declaration of one option whose value is a `T`. */
export interface OptionSpec<T> {
  /** As commander reads them: `--pid <n,...>`; a flag without argument is a boolean. */
  readonly flags: string;
  /** What it does, with the unit of its value; starts in lower case, no final period. */
  readonly text: string;
  /** Heading of the help it stands under. */
  readonly group: string;
  /** Value when it is not given. */
  readonly initial: T;
  /** How help shows the default; absent where there is nothing to show. */
  readonly shownDefault?: string;
  /** Reads the argument; absent on flags. */
  readonly parse?: (text: string, flag: string) => T;
  /** Values to offer where a shell completes them; absent where they are free. */
  readonly choices?: readonly string[];
  /** Each use adds to a list. */
  readonly repeatable?: true;
  /** Works, but is not ready to be shown in help. */
  readonly hidden?: true;
}

/** A table of options, by key of the resulting object. */
// deno-lint-ignore no-explicit-any -- each entry has its own value type, which OptionValues reads back
export type OptionTable = Readonly<Record<string, OptionSpec<any>>>;

/** The values of a table. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends OptionSpec<infer Value> ? Value : never;
};

/**
 * Declares a flag.
 *
 * @param flags as commander reads them
 * @param text what it does
 * @param group heading of the help it stands under
 * @returns the declaration
 */
export function flag(flags: string, text: string, group: string): OptionSpec<boolean> {
  return { flags, text, group, initial: false };
}

/**
 * Declares an option with a value that may be absent.
 *
 * @param flags as commander reads them
 * @param text what it does
 * @param group heading of the help it stands under
 * @param parse reads the argument
 * @returns the declaration
 */
export function optional<T>(
  flags: string,
  text: string,
  group: string,
  parse: (text: string, flag: string) => T,
): OptionSpec<T | undefined> {
  return { flags, text, group, parse, initial: undefined };
}

/**
 * Declares an option with a value that has a default.
 *
 * @param flags as commander reads them
 * @param text what it does
 * @param group heading of the help it stands under
 * @param parse reads the argument
 * @param initial the default
 * @param shownDefault how help shows it
 * @returns the declaration
 */
export function valued<T>(
  flags: string,
  text: string,
  group: string,
  parse: (text: string, flag: string) => T,
  initial: T,
  shownDefault: string,
): OptionSpec<T> {
  return { flags, text, group, parse, initial, shownDefault };
}

/**
 * Declares an option that gathers a list; nothing given selects everything.
 *
 * @param flags as commander reads them
 * @param text what it does
 * @param group heading of the help it stands under
 * @param parse reads the argument of one use
 * @returns the declaration
 */
export function list<T>(
  flags: string,
  text: string,
  group: string,
  parse: (text: string, flag: string) => T[],
): OptionSpec<readonly T[]> {
  return { flags, text, group, parse, initial: [], repeatable: true };
}
