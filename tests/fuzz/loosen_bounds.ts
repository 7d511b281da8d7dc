// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Changes every comparison in the decoder by one, either way, and sees whether a test fails:
 * `deno run -A tests/fuzz/loosen_bounds.ts [--file reader.ts]`.
 *
 * Exit code 1 when a change goes unnoticed that {@linkcode EQUIVALENT} does not explain.
 *
 * @module
 */

import { parseArgs } from "node:util";

/** The decoder, without encoder, tables and what only shows things. */
const FILES = [
  "reader.ts",
  "name.ts",
  "message.ts",
  "check.ts",
  "score.ts",
  "rdata/mod.ts",
  "rdata/field.ts",
  "rdata/address.ts",
  "rdata/bitmap.ts",
  "rdata/loc.ts",
  "rdata/opt.ts",
  "rdata/option.ts",
  "rdata/schemas.ts",
  "rdata/svcb.ts",
];

/** Comparisons that may be off by one, with the reason; the text must stand in the line. */
const EQUIVALENT: readonly (readonly [file: string, text: string, change: string, reason: string])[] = [
  [
    "reader.ts",
    "offset < 0 || offset >= limit || limit > this.size",
    "+- 1",
    "callers never ask for what the last two refuse",
  ],
  ["reader.ts", "if (limit > this.size)", "+- 1", "callers never ask for more"],
  ["reader.ts", "next > limit", "+- 1", "the end is met at the next length octet, with the same reason"],
  ["reader.ts", "length > 32", "+ 1", "the way through escapes gives the same text"],
  ["reader.ts", "length > 4 && bytes", "+- 1", "no label of 4 octets, and none of 5, has a text"],
  ["reader.ts", "index < next", "- 1", "the way through escapes gives the same text"],
  ["reader.ts", "label < offset", "+ 1", "a label takes two octets at least"],
  ["reader.ts", "label > from", "- 1", "a label takes two octets at least"],
  ["reader.ts", "#firstNameOffset < 0", "+- 1", "the map holds what the first place does not"],
  ["name.ts", "target < start ? reader.recall", "+- 1", "a shortcut"],
  ["name.ts", "octets >= MAX_NAME_OCTETS", "- 1", "the whole name is measured afterwards; this bounds the work"],
  ["name.ts", "name.length + 2 > MAX_NAME_OCTETS &&", "+ 1", "a shortcut"],
  ["name.ts", "if (length >= 0xc0) {", "+ 1", "a pointer beyond 16,128 is refused where messages are shorter"],
  ["score.ts", "reader.size < 12", "+ 1", "the counts cannot be read"],
  ["score.ts", "flags >= 0x8000", "+ 1", "0x7fff has an opcode that is refused"],
  ["score.ts", "questions * 5 + records * 11 >", "- 1", "a shortcut: the walk fails"],
  ["score.ts", "length >= 0xc0", "+ 1", "the walk has refused 0xbf"],
  ["score.ts", "reader.offset > start + 1", "- 1", "a name takes one octet, or three and more"],
  ["rdata/address.ts", "bit < 8", "- 1", "0x80 >> 8 is 0"],
  ["rdata/address.ts", "size > 0 &&", "- 1", "size is 0, 4 or 16"],
  ["rdata/address.ts", "typeOctet >= 0x80", "+ 1", "type 127 is refused"],
  ["rdata/address.ts", "bits.length <= port >> 3", "+ 1", "a hole is written as zero"],
  ["rdata/bitmap.ts", "bit < 8", "- 1", "0x80 >> 8 is 0"],
  ["rdata/bitmap.ts", "bits.length <= ", "+ 1", "a hole is written as zero"],
  ["rdata/option.ts", "do tags.push", "- 1", "an octet left over is refused as well"],
  ["rdata/option.ts", "sourcePrefix > bits ||", "- 1", "an address of 5 or 17 octets is refused as well"],
  ["rdata/svcb.ts", "do values.push", "- 1", "an octet left over is refused as well"],
  ["rdata/svcb.ts", "} while (reader.left > 0);", "- 1", "an octet left over is refused as well"],
  ["rdata/svcb.ts", "key < previous", "- 1", "an equal key was found before"],
  ["rdata/svcb.ts", "seen === undefined && key <= previous", "- 1", "the set is made earlier than needed"],
];

/** One changed comparison. */
interface Mutant {
  file: string;
  line: number;
  change: string;
  before: string;
  source: string;
}

/** Every mutant of a file. */
function mutantsOf(file: string, source: string): Mutant[] {
  const lines = source.split("\n");
  return lines.flatMap((before, index) => {
    if (/^\s*(?:\*|\/\/|\/\*)/.test(before)) return [];
    return [...before.matchAll(/ (?:<=|>=|<|>) /g)].flatMap((found) =>
      ["+ 1", "- 1"].map((change) => {
        const after = `${before.slice(0, found.index)} ${change}${before.slice(found.index)}`;
        return { file, line: index + 1, change, before: before.trim(), source: lines.with(index, after).join("\n") };
      })
    );
  });
}

/** Longest time the tests may take, milliseconds; a loop that does not end is noticed, too. */
const MAX_MS = 60_000;

/** Whether the tests in a copy of the sources pass. A worker has its own modules, so it sees the copy as it is now. */
async function passes(directory: string): Promise<boolean> {
  const files = ["src/dns", "src/dns/rdata"].flatMap((folder) =>
    [...Deno.readDirSync(`${directory}/${folder}`)]
      .filter(({ name }) => name.endsWith("_test.ts"))
      .map(({ name }) => `file://${directory}/${folder}/${name}`)
  );
  const worker = new Worker(new URL("./_bounds_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), MAX_MS);
  worker.onmessage = ({ data }: MessageEvent<boolean>): void => resolve(data);
  worker.onerror = (event): void => {
    event.preventDefault();
    resolve(false);
  };
  worker.postMessage({ files });
  const passed = await promise;
  clearTimeout(timer);
  worker.terminate();
  return passed;
}

/** Whether the tests notice a mutant. */
async function isNoticed(directory: string, mutant: Mutant, original: string): Promise<boolean> {
  const path = `${directory}/src/dns/${mutant.file}`;
  await Deno.writeTextFile(path, mutant.source);
  const passed = await passes(directory);
  await Deno.writeTextFile(path, original);
  return !passed;
}

/** Copies what the tests need. */
async function copySources(root: URL, directory: string): Promise<void> {
  await Deno.mkdir(`${directory}/src/dns/rdata`, { recursive: true });
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root))) as { imports: unknown };
  await Deno.writeTextFile(`${directory}/deno.json`, JSON.stringify({ imports, nodeModulesDir: "none" }));
  await Deno.copyFile(new URL("src/errors.ts", root), `${directory}/src/errors.ts`);
  for (const folder of ["src/dns/", "src/dns/rdata/"]) {
    for await (const { name, isFile } of Deno.readDir(new URL(folder, root))) {
      if (isFile && name.endsWith(".ts") && !/^(?:property|anomalies|api)_/.test(name) && !name.endsWith("_bench.ts")) {
        await Deno.copyFile(new URL(`${folder}${name}`, root), `${directory}/${folder}${name}`);
      }
    }
  }
}

/** Tries all mutants. */
async function run(only: string | undefined): Promise<number> {
  const root = new URL("../../", import.meta.url);
  const queue: Mutant[] = [];
  const originals = new Map<string, string>();
  for (const file of FILES.filter((name) => only === undefined || name === only)) {
    const source = await Deno.readTextFile(new URL(`src/dns/${file}`, root));
    originals.set(file, source);
    queue.push(...mutantsOf(file, source));
  }
  const total = queue.length;
  const survivors: Mutant[] = [];
  await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, async () => {
    const directory = await Deno.makeTempDir({ prefix: "culprit-bounds-" });
    await copySources(root, directory);
    if (!await passes(directory)) throw new RangeError("The tests fail without any change");
    for (let mutant = queue.pop(); mutant !== undefined; mutant = queue.pop()) {
      if (!await isNoticed(directory, mutant, originals.get(mutant.file) ?? "")) survivors.push(mutant);
    }
    await Deno.remove(directory, { recursive: true });
  }));
  const unexplained = survivors.filter(({ file, before, change }) =>
    !EQUIVALENT.some(([where, text, how]) => where === file && before.includes(text) && how.includes(change.charAt(0)))
  );
  for (const { file, line, change, before } of unexplained) console.log(`${file}:${line} ${change}: ${before}`);
  console.log(
    `${total} comparisons changed, ${total - survivors.length} noticed, ` +
      `${survivors.length - unexplained.length} make no difference, ${unexplained.length} unnoticed`,
  );
  return unexplained.length;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { file: { type: "string" } } });
  Deno.exit(await run(values.file) > 0 ? 1 : 0);
}
