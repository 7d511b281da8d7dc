/**
 * Domain names (RFC 1035 section 3.1): reading with compression (section 4.1.4), keys for matching, IDNA.
 *
 * @module
 */

import { Fault, type Reader } from "./reader.ts";

/** Most pointers one name may take; a name has at most 127 labels, and no encoder needs more than one. */
const MAX_POINTERS = 127;

/** Most octets of a name on the wire, the root's included (RFC 1035 section 2.3.4). */
const MAX_NAME_OCTETS = 255;

/**
 * Reads a name at the reader's offset and moves past it.
 *
 * Names are read in two phases. Up to the first pointer, octets must lie before `reader.end`; after it, anywhere in the
 * message. A pointer that does not go back before the part it stands in is an error of form (`pointer-forward`); where
 * errors are tolerated it is followed, and 127 pointers and 255 octets bound the work.
 *
 * @param reader the message
 * @returns the name in master-file escapes without the trailing dot; the root is `.`
 * @throws Fault when the name cannot be read
 */
export function readName(reader: Reader): string {
  const start = reader.offset;
  const prefix = reader.labels(start, reader.end, reader.overrun);
  const labelsEnd = reader.labelsEnd;
  const marker = reader.at(labelsEnd, reader.end, reader.overrun);
  reader.compressed = marker !== 0;
  if (marker === 0) {
    reader.offset = labelsEnd + 1;
    if (prefix === "") return ".";
    reader.remember(start, prefix);
    return prefix;
  }
  const target = (marker & 0x3f) << 8 | reader.at(labelsEnd + 1, reader.end, reader.overrun);
  reader.offset = labelsEnd + 2;
  const known = target < start ? reader.recall(target) : undefined;
  if (prefix === "") return known ?? readPointed(reader, start, target, 0);
  const suffix = known ?? readPointed(reader, start, target, labelsEnd - start);
  const name = suffix === "." ? prefix : `${prefix}.${suffix}`;
  checkLength(name, start);
  reader.remember(start, name);
  return name;
}

/** Reads what a pointer leads to. `partStart` is where the part that holds the pointer starts. */
function readPointed(reader: Reader, partStart: number, target: number, prefixOctets: number): string {
  const firstTarget = target;
  let text = "";
  let octets = prefixOctets;
  let visited: number[] | undefined;
  for (let pointers = 1;; pointers++) {
    if (target >= reader.size) throw new Fault("pointer-past-end", target);
    if (pointers > MAX_POINTERS) throw new Fault("pointer-chain-too-long", target);
    if (target >= partStart) visited ??= [];
    if (visited?.includes(target)) throw new Fault("pointer-loop", target);
    visited?.push(target);
    const known = reader.recall(target);
    if (known !== undefined) {
      text = join(text, known);
      break;
    }
    if (target < 12) reader.error("pointer-into-header", target);
    text = join(text, reader.labels(target, reader.size, "name-truncated"));
    const labelsEnd = reader.labelsEnd;
    octets += labelsEnd - target;
    if (octets >= MAX_NAME_OCTETS) throw new Fault("name-too-long", target);
    const marker = reader.at(labelsEnd, reader.size, "name-truncated");
    if (marker === 0) break;
    partStart = target;
    target = (marker & 0x3f) << 8 | reader.at(labelsEnd + 1, reader.size, "name-truncated");
  }
  if (visited !== undefined) reader.error("pointer-forward", firstTarget);
  if (text === "") text = ".";
  checkLength(text, firstTarget);
  reader.remember(firstTarget, text);
  return text;
}

/** Two parts of a name as one; either may be empty, the second may be the root. */
function join(first: string, second: string): string {
  if (first === "") return second;
  return second === "" || second === "." ? first : `${first}.${second}`;
}

/** Refuses names of more than 255 octets. Text is never shorter than the wire form less two. */
function checkLength(name: string, offset: number): void {
  if (name.length + 2 > MAX_NAME_OCTETS && nameOctets(name) > MAX_NAME_OCTETS) {
    throw new Fault("name-too-long", offset);
  }
}

/**
 * Octets a name takes on the wire without compression, the root's included.
 *
 * @param name in master-file escapes
 * @returns 1 to 255 for a legal name
 */
export function nameOctets(name: string): number {
  if (name === ".") return 1;
  return (name.includes("\\") ? name.replace(/\\(?:[0-9]{3}|.)/gs, "x").length : name.length) + 2;
}

/**
 * Key by which names are equal (RFC 4343): ASCII letters in lower case, everything else as it is.
 *
 * @param name as decoded
 * @returns the key
 */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

/**
 * Moves past a name without reading its text.
 *
 * @param reader the message
 * @throws Fault when it is no name, or has a pointer that does not go back to after the header
 */
export function skipName(reader: Reader): void {
  const start = reader.offset;
  for (;;) {
    const at = reader.offset;
    const length = reader.u8();
    if (length === 0) return;
    if (length >= 0xc0) {
      const target = (length & 0x3f) << 8 | reader.u8();
      if (target >= start) throw new Fault("pointer-forward", at);
      if (target < 12) throw new Fault("pointer-into-header", at);
      return;
    }
    if (length > 63) throw new Fault("label-reserved", at);
    reader.skip(length);
    if (reader.offset - start >= MAX_NAME_OCTETS) throw new Fault("name-too-long", at);
  }
}
