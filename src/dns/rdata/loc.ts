/**
 * Data of LOC records (RFC 1876).
 *
 * @module
 */

import { Fault, type Reader } from "../reader.ts";
import type { Words } from "../words.ts";
import type { Field } from "./field.ts";

/** Coordinate of the equator and of the prime meridian, in thousandths of an arc second. */
const ORIGIN = 2 ** 31;

/** Thousandths of an arc second in 90 degrees. */
const QUARTER_TURN = 90 * 3_600_000;

/** Altitude 0, in centimetres above the lowest. */
const ALTITUDE_ORIGIN = 100_000 * 100;

/** What stands for the size and precisions that are left out, in centimetres. */
const DEFAULTS = [100, 1_000_000, 1_000];

/** Reads a size: a digit, and how many zeros follow it; in centimetres. */
function readSize(reader: Reader): number {
  const offset = reader.offset;
  const octet = reader.u8();
  if (octet >> 4 > 9 || (octet & 0xf) > 9) throw new Fault("loc-size", offset);
  return (octet >> 4) * 10 ** (octet & 0xf);
}

/** Reads a coordinate, in thousandths of an arc second from the origin. */
function readAngle(reader: Reader, limit: number): number {
  const offset = reader.offset;
  const angle = reader.u32() - ORIGIN;
  if (Math.abs(angle) > limit) throw new Fault("loc-angle", offset);
  return angle;
}

/** Degrees, minutes, seconds, hemisphere. */
function angleText(angle: number, positive: string, negative: string): string {
  const size = Math.abs(angle);
  const degrees = Math.floor(size / 3_600_000);
  const minutes = Math.floor(size / 60_000) % 60;
  const seconds = (size % 60_000 / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${angle < 0 ? negative : positive}`;
}

/** Metres, with centimetres where there are some. */
function metres(centimetres: number): string {
  return `${(centimetres / 100).toFixed(2).replace(/\.00$/, "")}m`;
}

/** Coordinate that words stand for, in thousandths of an arc second. */
function parseAngle(words: Words, positive: string, negative: string): number {
  const parts: number[] = [];
  while (/^[0-9.]+$/.test(words.peek() ?? "")) parts.push(Number(words.next()));
  const [degrees = 0, minutes = 0, seconds = 0] = parts;
  const hemisphere = words.next().toUpperCase();
  if (hemisphere !== positive && hemisphere !== negative) {
    throw new RangeError(`Cannot encode "${hemisphere}": ${positive} or ${negative} wanted`);
  }
  const angle = Math.round((degrees * 3600 + minutes * 60 + seconds) * 1000);
  return hemisphere === positive ? angle : -angle;
}

/** Reads metres, in centimetres. */
function parseMetres(word: string): number {
  const value = /^-?[0-9.]+m?$/.test(word) ? parseFloat(word) : NaN;
  if (Number.isNaN(value)) throw new RangeError(`Cannot encode "${word}": no metres`);
  return Math.round(value * 100);
}

/** All of a LOC record. */
export const LOC: Field = {
  read(reader, fields): string {
    const version = reader.u8();
    if (version !== 0) throw new Fault("loc-version", reader.offset - 1);
    const size = readSize(reader);
    const horizontalPrecision = readSize(reader);
    const verticalPrecision = readSize(reader);
    const latitude = readAngle(reader, QUARTER_TURN);
    const longitude = readAngle(reader, QUARTER_TURN * 2);
    const altitude = reader.u32() - ALTITUDE_ORIGIN;
    Object.assign(fields, {
      latitudeDegrees: latitude / 3_600_000,
      longitudeDegrees: longitude / 3_600_000,
      altitudeMetres: altitude / 100,
      sizeMetres: size / 100,
      horizontalPrecisionMetres: horizontalPrecision / 100,
      verticalPrecisionMetres: verticalPrecision / 100,
    });
    const lengths = [altitude, size, horizontalPrecision, verticalPrecision].map(metres);
    return [angleText(latitude, "N", "S"), angleText(longitude, "E", "W"), ...lengths].join(" ");
  },
  write(words, writer): void {
    const latitude = parseAngle(words, "N", "S");
    const longitude = parseAngle(words, "E", "W");
    const altitude = parseMetres(words.next());
    const sizes = DEFAULTS.map((size) => words.left > 0 ? parseMetres(words.next()) : size);
    writer.u8(0);
    for (const size of sizes) {
      const exponent = Math.max(0, Math.floor(Math.log10(size || 1)));
      writer.u8(Math.floor(size / 10 ** exponent) << 4 | exponent);
    }
    writer.u32(ORIGIN + latitude);
    writer.u32(ORIGIN + longitude);
    writer.u32(ALTITUDE_ORIGIN + altitude);
  },
};
