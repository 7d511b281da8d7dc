import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** Reasons that never leave the decoder, or are those of scoreDns(). */
const INTERNAL = new Set([
  "class-unknown",
  "netbios",
  "message-truncated",
  "option-long",
  "option-malformed",
  "param-long",
]);

/** All sources of the decoder. */
function sources(): string {
  return ["src/dns/", "src/dns/rdata/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, ROOT))]
      .filter(({ name }) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
      .map(({ name }) => Deno.readTextFileSync(new URL(`${folder}${name}`, ROOT)))
  ).join("\n");
}

Deno.test("docs/DECODER.md lists every anomaly, and no other", () => {
  const code = sources();
  const made = [
    ...code.matchAll(/(?:Fault|note|error)\(\s*(?:cut \? )?"([a-z0-9-]+)"|overrun = "([a-z-]+)"|"(name-truncated)"/g),
  ]
    .map(([, fault, overrun, name]) => fault ?? overrun ?? name ?? "");
  const docs = Deno.readTextFileSync(new URL("docs/DECODER.md", ROOT));
  const table = docs.slice(docs.indexOf("## Anomalies"), docs.indexOf("## Is it DNS?"));
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const listed = rows.flatMap((row) =>
    [...(row.split("|")[1] ?? "").matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name ?? "")
  );
  // One of a family, which the table has as a whole.
  const expected = new Set(made.filter((name) => !INTERNAL.has(name) && !/^svcb-.*-malformed$/.test(name)));
  assert.deepEqual([...new Set(listed)].toSorted(), [...expected].toSorted());
});
