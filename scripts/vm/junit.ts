/**
 * Reads what `deno test --junit-path` writes.
 *
 * @module
 */

/** How one test ended. */
export type Outcome = "pass" | "fail" | "skip";

/** One test case or step of a test file. */
export interface TestResult {
  /** Name of the test; a step is `test > step`. */
  readonly name: string;
  /** How it ended. */
  readonly outcome: Outcome;
  /** Why it failed, as the test reporter shows it; empty when it did not. */
  readonly detail: string;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Text of an XML attribute or element. */
function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES[name] ?? whole;
  });
}

/**
 * Reads a JUnit file of `deno test`. Not a general XML reader: it knows the few elements that Deno 2.9 writes.
 *
 * @param xml content of the file
 * @returns the tests in the order of the file; empty when it holds none
 */
export function parseJunit(xml: string): TestResult[] {
  const results: TestResult[] = [];
  for (const [, name = "", body = ""] of xml.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>(.*?)<\/testcase>)/gs)) {
    const failure = /<(?:failure|error)\b[^>]*?(?:\/>|>(.*?)<\/(?:failure|error)>)/s.exec(body);
    const outcome = failure !== null ? "fail" : body.includes("<skipped") ? "skip" : "pass";
    results.push({ name: unescapeXml(name), outcome, detail: unescapeXml(failure?.[1] ?? "") });
  }
  return results;
}
