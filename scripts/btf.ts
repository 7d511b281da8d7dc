// Reads the JSON that `bpftool btf dump ... format raw -j` prints, and refuses layouts that TypeScript could misread.
import { ToolError } from "./toolchain.ts";

/** A member of a struct. */
export interface BtfMember {
  name: string;
  /** Octets from the start of the struct. */
  offset: number;
  /** Octets. */
  size: number;
  /** An unsigned integer, or an array of octets. */
  kind: "scalar" | "array";
}

/** A struct whose layout is safe to read. */
export interface BtfStruct {
  name: string;
  size: number;
  members: BtfMember[];
}

/** A global variable. */
export interface BtfGlobal {
  name: string;
  section: string;
  offset: number;
  size: number;
}

/** What the generator asks of an object's BTF. */
export interface Btf {
  /** Names of all variables, in order of declaration. */
  variables: string[];
  /** Variables of .rodata, .data and .bss. */
  globals: BtfGlobal[];
  /** Whether a type of that name is an enum. */
  isEnum(name: string): boolean;
  /** Values of an enum; throws {@linkcode ToolError} when there is none of that name. */
  enumNamed(name: string): { name: string; value: bigint }[];
  /** Layout of a struct; throws {@linkcode ToolError} when there is none or its layout is not safe to read. */
  structNamed(name: string): BtfStruct;
}

interface RawType {
  id: number;
  kind: string;
  name: string;
  size?: number;
  type_id?: number;
  bits_offset?: number;
  nr_bits?: number;
  nr_elems?: number;
  encoding?: string;
  members?: { name: string; type_id: number; bits_offset: number; bitfield_size?: number }[];
  values?: { name: string; val: bigint }[];
  vars?: { type_id: number; offset: number; size: number }[];
}

/** Types an event struct may hold. Their width is the same on every architecture. */
const FIXED_WIDTH = new Map([["__u8", 1], ["__u16", 2], ["__u32", 4], ["__u64", 8]]);

/**
 * Parses the JSON form of BTF.
 *
 * @param json output of `bpftool btf dump file OBJECT format raw -j`
 * @returns the types by name
 * @throws {ToolError} when it is not such JSON
 */
export function parseBtf(json: string): Btf {
  // Enum values can exceed 2^53: they are read from the source text.
  const parsed = JSON.parse(
    json,
    (key, value, context?: { source?: string }) =>
      key === "val" && context?.source !== undefined ? BigInt(context.source) : value,
  ) as { types?: RawType[] };
  if (!parsed.types) throw new ToolError(`bpftool printed no "types"`);
  const types = parsed.types;
  const byId = new Map(types.map((type) => [type.id, type]));

  function resolve(id: number): RawType {
    let type = byId.get(id);
    while (type && ["CONST", "VOLATILE", "RESTRICT"].includes(type.kind)) type = byId.get(type.type_id ?? 0);
    if (!type) throw new ToolError(`BTF refers to type ${id}, which is not there`);
    return type;
  }

  function find(kinds: readonly string[], name: string): RawType {
    const type = types.find((candidate) => kinds.includes(candidate.kind) && candidate.name === name);
    if (!type) {
      throw new ToolError(
        `BTF has no ${kinds.join(" or ").toLowerCase()} "${name}": anchor it with EVENT_LAYOUT or ENUM_LAYOUT`,
      );
    }
    return type;
  }

  function member(struct: RawType, raw: NonNullable<RawType["members"]>[number], end: number): BtfMember {
    const where = `struct ${struct.name}, field "${raw.name}"`;
    if (raw.bitfield_size) throw new ToolError(`${where}: a bitfield; use a __u8 with named flags`);
    const offset = raw.bits_offset / 8;
    if (offset !== end) {
      throw new ToolError(`${where}: ${offset - end} octets of padding before it; fill them with a reserved field`);
    }
    const type = resolve(raw.type_id);
    if (type.kind === "ARRAY") {
      const element = resolve(type.type_id ?? 0);
      if (element.name !== "__u8") throw new ToolError(`${where}: an array of "${element.name}"; use __u8`);
      return { name: raw.name, offset, size: type.nr_elems ?? 0, kind: "array" };
    }
    const size = FIXED_WIDTH.get(type.name);
    if (type.kind !== "TYPEDEF" || size === undefined) {
      throw new ToolError(
        `${where}: ${type.kind.toLowerCase()} "${type.name}"; use __u8, __u16, __u32, __u64 or an array of __u8`,
      );
    }
    return { name: raw.name, offset, size, kind: "scalar" };
  }

  const variables = types.filter((type) => type.kind === "VAR").map((type) => type.name);
  const globals: BtfGlobal[] = [];
  for (
    const section of types.filter((type) => type.kind === "DATASEC" && [".rodata", ".data", ".bss"].includes(type.name))
  ) {
    for (const { type_id, offset, size } of section.vars ?? []) {
      globals.push({ name: byId.get(type_id)?.name ?? "", section: section.name, offset, size });
    }
  }
  return {
    variables,
    globals,
    isEnum: (name) => types.some((type) => type.name === name && (type.kind === "ENUM" || type.kind === "ENUM64")),
    enumNamed: (name) => (find(["ENUM", "ENUM64"], name).values ?? []).map(({ name, val }) => ({ name, value: val })),
    structNamed: (name) => {
      const struct = find(["STRUCT"], name);
      const members: BtfMember[] = [];
      let end = 0;
      for (const raw of struct.members ?? []) {
        const parsedMember = member(struct, raw, end);
        end = parsedMember.offset + parsedMember.size;
        members.push(parsedMember);
      }
      if (end !== struct.size) {
        throw new ToolError(
          `struct ${name}: ${(struct.size ?? 0) - end} octets of padding at its end; fill them with a reserved field`,
        );
      }
      return { name, size: end, members };
    },
  };
}
