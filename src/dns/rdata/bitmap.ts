/**
 * Sets of types: the windowed bitmap of RFC 4034 section 4.1.2 and the flat one of RFC 2535 section 5.2.
 *
 * @module
 */

import { typeName } from "../iana.ts";
import { Fault, type Reader } from "../reader.ts";
import { type Field, field, requireType } from "./field.ts";

/** Largest bitmap of one window, in octets. */
const MAX_WINDOW_OCTETS = 32;

/** Reads the types of one bitmap of `size` octets, of which the first bit is type `base`. */
function readBits(reader: Reader, base: number, size: number, types: string[]): number {
  let octet = 0;
  for (let index = 0; index < size; index++) {
    octet = reader.u8();
    for (let bit = 0; bit < 8; bit++) {
      if ((octet & 0x80 >> bit) !== 0) types.push(typeName(base + index * 8 + bit));
    }
  }
  return octet;
}

/** Windowed bitmap up to the end of the data. */
export const TYPE_BITMAP: Field = field(
  (reader) => {
    const types: string[] = [];
    let previous = -1;
    while (reader.left > 0) {
      const offset = reader.offset;
      const window = reader.u8();
      if (window <= previous) throw new Fault("bitmap-order", offset);
      previous = window;
      const size = reader.u8();
      if (size === 0 || size > MAX_WINDOW_OCTETS) throw new Fault("bitmap-length", offset + 1);
      const last = readBits(reader, window * 256, size, types);
      if (last === 0) reader.note("bitmap-trailing-zero");
    }
    if (types[0] === "TYPE0") reader.note("bitmap-type-zero");
    return types;
  },
  (words, writer) => {
    const windows = new Map<number, number[]>();
    for (const type of words.rest().map(requireType)) {
      const bits = windows.get(type >> 8) ?? [];
      const index = (type & 0xff) >> 3;
      while (bits.length <= index) bits.push(0);
      bits[index] = (bits[index] ?? 0) | 0x80 >> (type & 7);
      windows.set(type >> 8, bits);
    }
    for (const [window, bits] of [...windows].sort(([first], [second]) => first - second)) {
      writer.octets([window, bits.length, ...bits]);
    }
  },
  (types) => types.join(" "),
);

/** Flat bitmap of types 0 to 127, up to the end of the data, of NXT records. Bit 0 would announce another format. */
export const NXT_BITMAP: Field = field(
  (reader) => {
    const offset = reader.offset;
    const types: string[] = [];
    if (reader.left > 16) throw new Fault("bitmap-length", offset);
    readBits(reader, 0, reader.left, types);
    if (types[0] === "TYPE0") throw new Fault("bitmap-type-zero", offset);
    return types;
  },
  (words, writer) => {
    const bits: number[] = [];
    for (const type of words.rest().map(requireType)) {
      while (bits.length <= type >> 3) bits.push(0);
      bits[type >> 3] = (bits[type >> 3] ?? 0) | 0x80 >> (type & 7);
    }
    writer.octets(bits);
  },
  (types) => types.join(" "),
);
