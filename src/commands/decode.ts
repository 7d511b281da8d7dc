/**
 * `culprit decode`: one DNS message as a table or as JSON. Needs no privilege.
 *
 * @module
 */

import { type DnsMessage, tryDecodeMessage } from "../dns/mod.ts";
import { dnsInfo } from "../dns_event.ts";
import { CulpritError, EXIT_CODE, type ExitCode, UsageError } from "../errors.ts";
import { type DnsInfo, SCHEMA } from "../events.ts";
import { counted } from "../output/count.ts";
import { escapeTerminal } from "../output/escape.ts";
import { stringifySafe } from "../output/json.ts";
import { writeStdout } from "../output/stdio.ts";
import { displayWidth } from "../output/width.ts";
import type { DecodeOptions } from "./options.ts";

/** Largest DNS message: what the length prefix over TCP can say (RFC 1035 section 4.2.2). */
const MESSAGE_OCTETS_MAX = 65_535;
/** Text of the largest message in hexadecimal, with room for white space. */
const INPUT_OCTETS_MAX = 4 * MESSAGE_OCTETS_MAX;
/** Octets before the first question (RFC 1035 section 4.1.1). */
const HEADER_OCTETS = 12;

/** The text holds no DNS message. */
export class NoMessageError extends CulpritError {}

/**
 * Runs `culprit decode`.
 *
 * @param text a message in hexadecimal or base64, white space allowed; `-` reads such text, or the octets themselves,
 * from standard input
 * @param options of the command line
 * @returns 0, or 3 when only a part of the message could be read
 * @throws {UsageError} when the text is neither
 * @throws {NoMessageError} when it is shorter than a header
 */
export function runDecode(text: string, options: DecodeOptions): Promise<ExitCode> {
  const octets = text === "-" ? readInput() : parseMessage(text);
  const { message } = tryDecodeMessage(octets);
  if (message === undefined) {
    throw new NoMessageError(
      `Cannot decode the message: found ${
        counted(octets.length, "octets")
      }, wanted at least the ${HEADER_OCTETS} of a header`,
    );
  }
  const info = dnsInfo(message, "dns", octets.length);
  writeStdout(
    options.json
      ? `${stringifySafe({ schema: SCHEMA, type: "message", response: message.isResponse, dns: info })}\n`
      : table(message, info),
  );
  return Promise.resolve(message.anomalies.length === 0 ? EXIT_CODE.ok : EXIT_CODE.incomplete);
}

/**
 * Reads the octets of a message from text.
 *
 * @param text hexadecimal (with an optional `0x`, colons and white space) or base64 (either alphabet)
 * @returns the octets
 * @throws {UsageError} when it is neither, an odd number of hexadecimal digits, or base64 too short to be a message
 */
export function parseMessage(text: string): Uint8Array {
  const hex = text.replace(/^\s*0x/i, "").replace(/[\s:]+/g, "");
  // Base64 that has no other digits is less likely by far than one of hexadecimal that was not copied.
  if (/^[0-9a-f]+$/i.test(hex)) {
    if (hex.length % 2 === 0) return Uint8Array.fromHex(hex);
    throw unwanted(`${counted(hex.length, "hexadecimal digits")}, of which octets have two`);
  }
  const base64 = text.replace(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "");
  if (base64 !== "" && base64.length % 4 !== 1 && /^[0-9a-z+/]+$/i.test(base64)) {
    const octets = Uint8Array.fromBase64(base64);
    if (octets.length >= HEADER_OCTETS) return octets;
    // Nearly any word is base64 of something.
    throw unwanted(`"${shown(text)}", which as base64 is ${counted(octets.length, "octets")} and no message`);
  }
  throw unwanted(`"${shown(text)}"`);
}

/** The beginning of a text, on one line. */
function shown(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 40)}...` : line;
}

/** The error for text that holds no message. */
function unwanted(found: string): UsageError {
  return new UsageError(`argument <message>: found ${found}, wanted hexadecimal, base64 or -`, {
    hint: "for example culprit decode 12340100000100000000000003777777076578616d706c650000010001",
  });
}

/** Standard input: text of a message, or the octets of one. */
function readInput(): Uint8Array {
  const octets = new Uint8Array(INPUT_OCTETS_MAX);
  let size = 0;
  for (;;) {
    const read = Deno.stdin.readSync(octets.subarray(size));
    if (read === null || read === 0) break;
    size += read;
  }
  if (size === INPUT_OCTETS_MAX) {
    throw new UsageError(`argument -: found more than ${INPUT_OCTETS_MAX} octets, wanted one message`);
  }
  const content = octets.subarray(0, size);
  // Text has no octets below the tabulator; a message has some in its counts.
  return content.every((octet) => octet >= 9 && octet < 127)
    ? parseMessage(new TextDecoder().decode(content))
    : content.slice();
}

/** The message as people read it: a line of the header, then a table of each section. */
function table(message: DnsMessage, info: DnsInfo): string {
  const kind = message.isResponse ? `response, ${info.rcode}` : "query";
  const lines = [
    `${info.opcode} ${kind}, id ${info.id}, flags ${info.flags.join(" ") || "none"}, ${info.size} octets`,
  ];
  const questions = info.questions ?? (info.question === undefined ? [] : [info.question]);
  addSection(
    lines,
    "QUESTION",
    questions.map(({ class: of, type }, index) => [shownName(message.questions[index]), of, type]),
  );
  for (const [title, section] of SECTIONS) {
    const records = info[section].map((one, index) => [
      shownName(message[section][index]),
      String(one.ttl),
      one.class,
      one.type,
      one.data,
    ]);
    addSection(lines, title, records);
  }
  for (const { name, data } of message.dsoTlvs ?? []) lines.push(`DSO ${name} ${data}`);
  if (info.anomalies.length > 0) lines.push("", `ANOMALIES  ${info.anomalies.join(", ")}`);
  return lines.map((line) => `${escapeTerminal(line.trimEnd())}\n`).join("");
}

/** Sections of records, with their titles. */
const SECTIONS = [["ANSWER", "answers"], ["AUTHORITY", "authorities"], ["ADDITIONAL", "additionals"]] as const;

/** A name, and in parentheses what it is in its own alphabet, where it has one that is safe to show. */
function shownName(named: { name: string; unicodeName?: string } | undefined): string {
  const { name = "", unicodeName } = named ?? {};
  return unicodeName === undefined ? name : `${name} (${unicodeName})`;
}

function addSection(lines: string[], title: string, rows: string[][]): void {
  if (rows.length === 0) return;
  const widths =
    rows[0]?.map((_, column) => rows.reduce((most, row) => Math.max(most, displayWidth(row[column] ?? "")), 0)) ?? [];
  lines.push("", title);
  const pad = (cell: string, column: number): string =>
    cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell)));
  for (const row of rows) lines.push(`  ${row.map(pad).join("  ")}`);
}
