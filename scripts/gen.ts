// Regenerates the committed *.gen.ts files from the built BPF object; --check only tells whether they are current.
import { writeStderr } from "../src/output/stdio.ts";
import { build } from "./build.ts";
import { ROOT, runTool, sensorNames } from "./toolchain.ts";
import { type Btf, type BtfStruct, parseBtf } from "./btf.ts";

const HEADER =
  "// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.\n";

/** Anchors of the C macros EVENT_LAYOUT and ENUM_LAYOUT. */
const ANCHOR = "layout_";

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/** The TypeScript of one event struct: size, offsets of its byte arrays, interface and reader. */
function structSource(struct: BtfStruct): string {
  const type = pascalCase(struct.name);
  const constant = struct.name.toUpperCase();
  const scalars = struct.members.filter((member) => member.kind === "scalar" && !member.name.startsWith("reserved"));
  const arrays = struct.members.filter((member) => member.kind === "array" && !member.name.startsWith("reserved"));
  const lines = [
    `/** Octets of the fixed part of \`struct ${struct.name}\`; variable data follows. */`,
    `export const ${constant}_SIZE = ${struct.size};`,
  ];
  for (const member of arrays) {
    lines.push(
      `/** Offset of \`${member.name}\`, ${member.size} octets. */`,
      `export const ${constant}_${member.name.toUpperCase()}_OFFSET = ${member.offset};`,
    );
  }
  lines.push(
    ``,
    `/** The integers of \`struct ${struct.name}\`; 64-bit ones are exact up to 2^53 and rounded above. */`,
  );
  lines.push(`export interface ${type} {`);
  for (const member of scalars) lines.push(`  ${camelCase(member.name)}: number;`);
  lines.push(`}`, ``);
  lines.push(
    `/**`,
    ` * Reads the integers of a \`struct ${struct.name}\`.`,
    ` *`,
    ` * @param view memory that holds the record`,
    ` * @param base offset of the record in \`view\`, in octets`,
    ` * @returns a new object`,
    ` */`,
    `export function read${type}(view: DataView, base: number): ${type} {`,
    `  return {`,
  );
  for (const member of scalars) lines.push(`    ${camelCase(member.name)}: ${reader(member.size, member.offset)},`);
  lines.push(`  };`, `}`, ``);
  lines.push(
    `/**`,
    ` * Reads the integers of a \`struct ${struct.name}\` into an object that is used again and again.`,
    ` *`,
    ` * @param view memory that holds the record`,
    ` * @param base offset of the record in \`view\`, in octets`,
    ` * @param event receives them`,
    ` */`,
    `export function read${type}Into(view: DataView, base: number, event: ${type}): void {`,
  );
  for (const member of scalars) {
    lines.push(`  event.${camelCase(member.name)} = ${reader(member.size, member.offset)};`);
  }
  lines.push(`}`);
  return lines.join("\n");
}

function reader(size: number, offset: number): string {
  const at = offset === 0 ? "base" : `base + ${offset}`;
  if (size === 8) {
    return `view.getUint32(${at}, true) + view.getUint32(base + ${offset + 4}, true) * 0x1_0000_0000`;
  }
  return size === 1 ? `view.getUint8(${at})` : `view.getUint${size * 8}(${at}, true)`;
}

function enumSource(name: string, values: readonly { name: string; value: bigint }[]): string {
  const constant = name.toUpperCase();
  const prefix = `${constant}_`;
  const lines = [`/** Values of \`enum ${name}\`. */`, `export const ${constant} = {`];
  for (const value of values) {
    const key = value.name.startsWith(prefix) ? value.name.slice(prefix.length) : value.name.replace(/^RECORD_/, "");
    lines.push(`  ${key}: ${value.value},`);
  }
  lines.push(`} as const;`);
  return lines.join("\n");
}

/** Everything that is generated: path below the root to content. */
function generate(): Map<string, string> {
  const object = build();
  const btf = parseBtf(
    new TextDecoder().decode(runTool("bpftool", ["btf", "dump", "file", object, "format", "raw", "-j"])),
  );
  const files = new Map<string, string>();
  const sensors = sensorNames();
  for (const sensor of sensors) {
    const parts = anchored(btf, sensor);
    if (parts.length > 0) files.set(`bpf/${sensor}/layout.gen.ts`, `${HEADER}\n${parts.join("\n\n")}\n`);
  }
  const recordTypes = btf.enumNamed("record_type");
  files.set("bpf/records.gen.ts", `${HEADER}\n${enumSource("record_type", recordTypes)}\n`);
  files.set("bpf/globals.gen.ts", globalsSource(btf));
  files.set("bpf/registry.gen.ts", registrySource(sensors));
  return files;
}

/** Sources of the anchored types that belong to a sensor: their names start with its name. */
function anchored(btf: Btf, sensor: string): string[] {
  const parts: string[] = [];
  for (const name of btf.variables.filter((variable) => variable.startsWith(`${ANCHOR}${sensor}_`))) {
    const type = name.slice(ANCHOR.length);
    parts.push(btf.isEnum(type) ? enumSource(type, btf.enumNamed(type)) : structSource(btf.structNamed(type)));
  }
  return parts;
}

function globalsSource(btf: Btf): string {
  const lines = [
    HEADER,
    "/** Where a global variable of the BPF object lives. */",
    "export interface BpfGlobal {",
    "  /** Section, which is also the name of its map. */",
    '  section: ".rodata" | ".bss" | ".data";',
    "  /** Octets from the start of the section. */",
    "  offset: number;",
    "  /** Octets. */",
    "  size: number;",
    "}",
    "",
    "/** Global variables of the linked object, by their C names. */",
    "export const GLOBALS = {",
  ];
  for (const global of btf.globals.filter(({ name }) => !name.startsWith(ANCHOR))) {
    lines.push(`  ${global.name}: { section: "${global.section}", offset: ${global.offset}, size: ${global.size} },`);
  }
  lines.push("} as const satisfies Record<string, BpfGlobal>;", "");
  return lines.join("\n");
}

function registrySource(sensors: readonly string[]): string {
  const lines = [HEADER];
  for (const name of sensors) lines.push(`import { ${name.toUpperCase()}_SENSOR } from "./${name}/sensor.ts";`);
  lines.push('import type { Sensor } from "../src/sensor.ts";', "");
  lines.push("/** Every sensor there is: one per folder of bpf/. */");
  lines.push("export const SENSORS: readonly Sensor[] = [");
  for (const name of sensors) lines.push(`  ${name.toUpperCase()}_SENSOR,`);
  lines.push("];", "");
  return lines.join("\n");
}

function format(source: string): string {
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    Deno.writeTextFileSync(path, source);
    runTool(Deno.execPath(), ["fmt", "--config", `${ROOT}/deno.json`, "--quiet", path]);
    return Deno.readTextFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

function main(): void {
  const check = Deno.args.includes("--check");
  const stale: string[] = [];
  for (const [path, source] of generate()) {
    const wanted = format(source);
    let found = "";
    try {
      found = Deno.readTextFileSync(`${ROOT}/${path}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    if (found === wanted) continue;
    if (check) stale.push(path);
    else Deno.writeTextFileSync(`${ROOT}/${path}`, wanted);
  }
  if (stale.length > 0) {
    writeStderr(`These generated files are out of date: ${stale.join(", ")}. Run "deno task gen" and commit them.\n`);
    Deno.exit(1);
  }
}

if (import.meta.main) main();
