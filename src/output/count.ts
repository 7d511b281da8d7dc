/**
 * Numbers with their words.
 *
 * @module
 */

/**
 * A number of things.
 *
 * @param count whole
 * @param plural what there are several of, for example `open connections` or `queries`
 * @returns for example `2 queries`, `1 query`
 */
export function counted(count: number, plural: string): string {
  return `${count} ${count === 1 ? singular(plural) : plural}`;
}

/** The same of one: the first word that ends as a plural does, which abbreviations such as `dns` do too. */
function singular(plural: string): string {
  return plural.replace(/\b([a-z]{3,}[^su\s])s\b/, "$1").replace(/\b([a-z]{2,})ie\b/, "$1y").replace(/sse\b/, "ss");
}
