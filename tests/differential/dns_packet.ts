// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Compares the decoder with npm dns-packet over generated and mutated messages:
 * `deno run -A tests/differential/dns_packet.ts [--count 100000] [--seed N] [--show]`.
 *
 * Exit code 1 when there is a disagreement that {@linkcode EXPLAINED} does not explain.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { parseArgs } from "node:util";
import packet from "dns-packet";
import { className, type DnsQuestion, type DnsRecord, tryDecodeMessage, typeName } from "../../src/dns/mod.ts";
import { isKnownType } from "../../src/dns/iana.ts";
import { ipv6Octets, nameLabels, unescapeOctets } from "../../src/dns/words.ts";
import { generateMessage, mutate } from "../fuzz/generator.ts";
import { Random } from "../fuzz/random.ts";

/** What a disagreement looks like (kind, subject, detail, anomalies, with bars between), and why it is one. */
const EXPLAINED: readonly (readonly [pattern: RegExp, explanation: string])[] = [
  [/^type \| .* UNKNOWN_/, "N1 dns-packet has no name for the type"],
  [/^class \| .* UNKNOWN_/, "N2 dns-packet has no name for the class"],
  [
    /^class \| CLASS\d+ \| (?:IN|CH|HS|CS|ANY|NONE) /,
    "N4 dns-packet takes the top bit of a class for that of mDNS, and knows class 2 (CSNET)",
  ],
  [
    /^only culprit reads \| C?DNSKEY \| Error: Protocol must be 3/,
    "N5 dns-packet refuses DNSKEY records of another protocol",
  ],
  [/^only culprit reads .*pointer-forward/s, "N6 dns-packet refuses forward pointers; culprit follows and notes them"],
  [
    /^only culprit reads \| OPT .*edns-[a-z0-9-]+-(?:malformed|truncated)/s,
    "N7 one malformed option: dns-packet gives up the message",
  ],
  [/^only culprit reads \| OPT .*edns-option-truncated/s, "N7 likewise"],
  [/^ttl \| .*ttl-negative/, "N3 dns-packet gives a TTL with the top bit as it stands (RFC 2181 section 8: 0)"],
];

/** Octets as dns-packet shows them. */
function textOf(escaped: string): string {
  return Buffer.from(unescapeOctets(escaped)).toString();
}

/** A name as dns-packet shows it: labels as UTF-8, nothing escaped. */
function nameOf(name: unknown): string {
  return nameLabels(String(name)).map((label) => Buffer.from(label).toString()).join(".") || ".";
}

/** Data of the types that dns-packet decodes into the same parts. */
function partsOf(record: DnsRecord): unknown {
  const fields = record.fields ?? {};
  switch (typeName(record.type)) {
    case "A":
      return fields["address"];
    case "AAAA":
      return ipv6Octets(String(fields["address"])).join();
    case "NS":
    case "CNAME":
    case "PTR":
    case "DNAME":
      return nameOf(fields["target"]);
    case "MX":
      return { preference: fields["preference"], exchange: nameOf(fields["exchange"]) };
    case "SRV":
      return { ...fields, target: nameOf(fields["target"]) };
    case "SOA":
      return { ...fields, mname: nameOf(fields["mname"]), rname: nameOf(fields["rname"]) };
    case "TXT":
      return (fields["strings"] as string[]).map(textOf);
    case "HINFO":
      return { cpu: textOf(String(fields["cpu"])), os: textOf(String(fields["os"])) };
    case "RP":
      return { mbox: nameOf(fields["mailbox"]), txt: nameOf(fields["text"]) };
    case "DS":
      return {
        keyTag: fields["keyTag"],
        algorithm: fields["algorithm"],
        digestType: fields["digestType"],
        digest: fields["digest"],
      };
    case "CAA":
      return { flags: fields["flags"], tag: textOf(String(fields["tag"])), value: textOf(String(fields["value"])) };
    case "NAPTR":
      return {
        order: fields["order"],
        preference: fields["preference"],
        flags: textOf(String(fields["flags"])),
        services: textOf(String(fields["services"])),
        regexp: textOf(String(fields["regexp"])),
        replacement: nameOf(fields["replacement"]),
      };
    default:
      return undefined;
  }
}

/** The same of dns-packet's data. */
function theirParts(type: string, data: unknown): unknown {
  if (type === "AAAA") return ipv6Octets(String(data)).join();
  if (type === "TXT") return (Array.isArray(data) ? data : [data]).map((text) => Buffer.from(text).toString());
  if (typeof data !== "object" || data === null) return data;
  const { issuerCritical: _, ...parts } = data as Record<string, unknown>;
  if (type === "DS") return { ...parts, digest: Buffer.from(parts["digest"] as Uint8Array).toString("hex") };
  return parts;
}

/** A disagreement. */
type Found = [kind: string, subject: string, detail: string];

/** JSON with keys in order. */
function ordered(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) =>
      typeof part === "object" && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort())
        : part,
  );
}

/** Compares two records. */
function compareRecord(theirs: packet.Answer, ours: DnsRecord, found: Found[]): void {
  const type = typeName(ours.type);
  const { ttl, class: theirClass, data } = theirs as unknown as { ttl: number; class: string; data: unknown };
  compareNames(type, theirs.name, String(theirs.type), theirClass, ours, found);
  if (type === "OPT") return;
  if (ttl !== ours.ttl) found.push(["ttl", type, `${ttl} != ${ours.ttl}`]);
  if (ours.data.startsWith("\\# ")) return;
  const parts = partsOf(ours);
  const others = parts === undefined ? undefined : theirParts(type, data);
  if (ordered(parts) !== ordered(others)) found.push(["data", type, `${ordered(others)} != ${ordered(parts)}`]);
}

/** dns-packet's decoders of parts, which its types do not declare. */
interface PartDecoder {
  decode(buffer: Buffer, offset: number): unknown;
}

const PARTS = packet as unknown as { question: PartDecoder; answer: PartDecoder };

/** Offset after the name at an offset. */
function afterName(bytes: Uint8Array, at: number): number {
  let length = bytes[at] ?? 0;
  while (length > 0 && length < 0xc0) {
    at += 1 + length;
    length = bytes[at] ?? 0;
  }
  return at + (length === 0 ? 1 : 2);
}

/** What dns-packet makes of the part at an offset; its error where it refuses it. */
function attempt<T>(decoder: PartDecoder, buffer: Buffer, offset: number): T | string {
  try {
    return decoder.decode(buffer, offset) as T;
  } catch (error) {
    return String(error);
  }
}

/** Compares what both make of a message, part by part, from the same offsets. */
function compare(bytes: Uint8Array): Found[] {
  const { message } = tryDecodeMessage(bytes);
  if (message === undefined) return [];
  const found: Found[] = [];
  const buffer = Buffer.from(bytes);
  let offset = 12;
  for (const ours of message.questions) {
    const theirs = attempt<packet.Question>(PARTS.question, buffer, offset);
    if (typeof theirs === "string") found.push(["only culprit reads", "question", theirs]);
    else compareNames("question", theirs.name, theirs.type, String(theirs.class), ours, found);
    offset = afterName(bytes, offset) + 4;
  }
  for (const ours of [...message.answers, ...message.authorities, ...message.additionals]) {
    const theirs = attempt<packet.Answer>(PARTS.answer, buffer, offset);
    const type = typeName(ours.type);
    const generic = ours.data.startsWith("\\# ") && isKnownType(ours.type);
    if (typeof theirs !== "string") compareRecord(theirs, ours, found);
    else if (!generic) found.push(["only culprit reads", type, theirs]);
    offset = afterName(bytes, offset) + 10;
    offset += (bytes[offset - 2] ?? 0) << 8 | (bytes[offset - 1] ?? 0);
  }
  return found;
}

/** Compares the parts that questions and records have in common. */
function compareNames(
  subject: string,
  name: string,
  type: string,
  theirClass: string,
  ours: DnsQuestion,
  found: Found[],
): void {
  if (name !== nameOf(ours.name)) found.push(["name", subject, `${name} != ${nameOf(ours.name)}`]);
  if (type !== typeName(ours.type)) found.push(["type", typeName(ours.type), type]);
  if (ours.type !== 41 && theirClass !== className(ours.class)) {
    found.push(["class", className(ours.class), theirClass]);
  }
}

/** Runs the comparison. */
function run(count: number, seed: number, show: boolean): number {
  const random = new Random(seed);
  const tally = new Map<string, number>();
  let unexplained = 0;
  for (let index = 0; index < count; index++) {
    const sound = generateMessage(random);
    const bytes = index % 3 === 0 ? sound : mutate(random, sound);
    for (const [kind, subject, detail] of compare(bytes)) {
      const whole = `${kind} | ${subject} | ${detail} | ${tryDecodeMessage(bytes).anomalies.join()}`;
      const explanation = EXPLAINED.find(([pattern]) => pattern.test(whole));
      const key = explanation?.[1] ?? `UNEXPLAINED ${kind} | ${subject}`;
      tally.set(key, (tally.get(key) ?? 0) + 1);
      if (explanation !== undefined) continue;
      unexplained++;
      if (show && (tally.get(key) ?? 0) <= 2) {
        console.log(`${whole.slice(0, 400)} ${Buffer.from(bytes).toString("hex").slice(0, 600)}`);
      }
    }
  }
  for (const [key, times] of [...tally].sort(([, first], [, second]) => second - first)) {
    console.log(`${times}\t${key}`);
  }
  console.log(`seed ${seed}: ${count} messages compared, ${unexplained} disagreements unexplained`);
  return unexplained;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, show: { type: "boolean" } },
  });
  Deno.exit(run(Number(values.count ?? 100_000), Number(values.seed ?? 1), values.show ?? false) > 0 ? 1 : 0);
}
