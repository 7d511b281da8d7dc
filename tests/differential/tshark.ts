// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Compares the decoder with tshark over a capture of generated and mutated messages:
 * `deno run -A tests/differential/tshark.ts [--count 100000] [--seed N] [--show]`.
 *
 * What is compared: header, questions, and of each record owner, type, class, TTL, size of the data, addresses, aliases,
 * exchanges and strings. Exit code 1 when there is a disagreement that {@linkcode EXPLAINED} does not explain.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { packet } from "../../src/correlation/tracker_testing.ts";
import { type DnsMessage, type DnsRecord, tryDecodeMessage } from "../../src/dns/mod.ts";
import { pcap } from "../../src/net/frames_testing.ts";
import { writeIpPacket } from "../../src/net/ip_writer.ts";
import { generateMessage, mutate } from "../fuzz/generator.ts";
import { Random } from "../fuzz/random.ts";

/** Divides the values of a field; in no name. */
const DIVIDER = "\x1f";

/** Link type of frames that begin with an IP header. */
const LINKTYPE_RAW = 101;

/** Messages in one capture; fewer than there are addresses to send them from. */
const MESSAGES_A_FILE = 10_000;

/** Divides the fields themselves. */
const SEPARATOR = "\x1e";

/** What disagreements there may be, by pattern of kind, and why. */
export const EXPLAINED: readonly (readonly [pattern: RegExp, explanation: string])[] = [
  [
    /^only tshark stops .*(?:-malformed|rdata-|edns-option|bitmap-|-prefix|caa-|loc-|gateway|atma)/,
    "T1 data that is malformed: tshark gives up the message, culprit shows the other records",
  ],
  [
    /^(?:A|AAAA|SOA serials|SRV ports) .*(?:rdata-|-truncated|label-|pointer-|name-)/,
    "T2 data that is malformed: tshark shows parts of it, culprit shows it as unknown data",
  ],
  [
    /^only culprit stops .*(?:label-reserved|name-too-long|pointer-|name-truncated)/,
    "T3 names that are none: tshark shows a text in their place and reads on",
  ],
  [/^only culprit stops \| header-truncated/, "T4 tshark shows nothing of less than a header"],
  [
    /^(?:A|AAAA|SOA serials|SRV ports|only tshark stops) .* other class/,
    "T5 tshark reads types of the Internet class in every class",
  ],
  [/^only culprit stops \| \S*dso-truncated/, "T6 tshark shows nothing of a TLV that is cut in a DSO message"],
  [
    /^only tshark stops .* [0-9a-f]{4}[3b][0-7][0-9a-f]{2}0{16}$/,
    "T6 tshark wants a TLV in a DSO message (RFC 8490 section 5.4: a response may have none)",
  ],
  [
    /^AAAA \| .*\| (?:[0-9a-f:]+,)*::(?:[0-9]+\.){3}[0-9]+/,
    "T7 tshark shows addresses below ::1:0:0 as IPv4-compatible ones, culprit as RFC 5952 has it",
  ],
];

/** Fields of tshark, in order. */
const FIELDS = [
  "dns.id",
  "dns.flags.response",
  "dns.flags.opcode",
  "dns.flags.rcode",
  "dns.qry.name",
  "dns.qry.type",
  "dns.qry.class",
  "dns.resp.name",
  "dns.resp.type",
  "dns.resp.ttl",
  "dns.resp.len",
  "dns.a",
  "dns.aaaa",
  "dns.cname",
  "dns.ns",
  "dns.mx.mail_exchange",
  "dns.soa.serial_number",
  "dns.srv.port",
  "_ws.malformed",
] as const;

type Field = typeof FIELDS[number];

/** Values of the fields of one frame. */
type Shown = Readonly<Record<Field, readonly string[]>>;

/** All records, in order. */
function recordsOf(message: DnsMessage): DnsRecord[] {
  return [...message.answers, ...message.authorities, ...message.additionals];
}

/** Anomalies after which nothing more of a message is read; a name in data stops there only. */
const STOPS: ReadonlySet<string> = new Set([
  "header-truncated",
  "count-too-large",
  "question-truncated",
  "record-truncated",
  "rdata-truncated",
  "truncated",
  "label-reserved",
  "name-too-long",
  "name-truncated",
  "pointer-loop",
  "pointer-past-end",
  "pointer-chain-too-long",
  "dso-truncated",
]);

/** A number as tshark may write it: decimal or hexadecimal. */
function number(text: string): number {
  return Number(text);
}

/** A name as tshark shows it. */
function named(name: string): string {
  return name === "." ? "<Root>" : name;
}

/** Whether a name is shown alike by both: no escapes. */
function isPlain(name: string): boolean {
  return /^[!-\[\]-~]+$/.test(name);
}

/** Parts of one kind of both, where they differ. */
function difference(kind: string, ours: readonly unknown[], theirs: readonly unknown[]): string[] {
  return ours.join() === theirs.join() ? [] : [`${kind} | ${ours.join()} | ${theirs.join()}`];
}

/** Types of records out of those tshark shows, which has the types in bitmaps (NSEC, CSYNC) under the same name. */
function withoutBitmaps(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  let next = 0;
  for (const type of theirs) if (type === ours[next]) next++;
  const hasBitmaps = ours.some((type) => [30, 47, 50, 62].includes(type));
  return hasBitmaps && next === ours.length ? ours : theirs;
}

/** A TTL with its top bit set is 0 (RFC 2181 section 8); tshark shows what is on the wire. */
function withoutSign(ttl: number): number {
  return ttl >= 2 ** 31 ? 0 : ttl;
}

/** What the two disagree in. */
function compare(bytes: Uint8Array, shown: Shown): string[] {
  const isMalformed = shown["_ws.malformed"].length > 0;
  const { message, anomalies } = tryDecodeMessage(bytes);
  const stop = anomalies.find((anomaly) => STOPS.has(anomaly));
  if (message === undefined || stop !== undefined) {
    return isMalformed ? [] : [`only culprit stops | ${anomalies.join()}`];
  }
  if (isMalformed) return [`only tshark stops | ${anomalies.join()}`];
  const records = recordsOf(message);
  const types = records.map(({ type }) => type);
  // It splits the owners of SRV records into service, protocol and name.
  const owners = records.filter(({ type }) => type !== 33).map(({ name }) => named(name));
  const ttls = records.filter(({ type }) => type !== 41).map(({ ttl }) => ttl);
  const plain = message.questions.every(({ name }) => isPlain(name));
  const of = (type: number, field: string): unknown[] =>
    records.filter((record) => record.type === type && record.class === 1).map(({ fields }) => fields?.[field]);
  return [
    ...difference("id", [message.id], shown["dns.id"].map(number)),
    ...difference("response", [message.isResponse ? 1 : 0], shown["dns.flags.response"].map(number)),
    ...difference("opcode", [message.opcode], shown["dns.flags.opcode"].map(number)),
    // The upper bits of the extended rcode have a field of their own, and queries have none.
    ...message.isResponse ? difference("rcode", [message.rcode & 0xf], shown["dns.flags.rcode"].map(number)) : [],
    ...difference("question types", message.questions.map(({ type }) => type), shown["dns.qry.type"].map(number)),
    ...difference("question classes", message.questions.map((one) => one.class), shown["dns.qry.class"].map(number)),
    ...plain
      ? difference("question names", message.questions.map(({ name }) => named(name)), shown["dns.qry.name"])
      : [],
    ...difference("record types", types, withoutBitmaps(types, shown["dns.resp.type"].map(number))),
    ...records.every(({ name }) => isPlain(name)) ? difference("owners", owners, shown["dns.resp.name"]) : [],
    ...difference("TTLs", ttls, shown["dns.resp.ttl"].map(number).map(withoutSign)),
    ...difference("A", of(1, "address"), shown["dns.a"]),
    ...difference("AAAA", of(28, "address"), shown["dns.aaaa"]),
    ...difference("SOA serials", of(6, "serial"), shown["dns.soa.serial_number"].map(number)),
    ...difference("SRV ports", of(33, "port"), shown["dns.srv.port"].map(number)),
  ];
}

/** Whether a record is of another class than IN. */
function hasOtherClass(bytes: Uint8Array): boolean {
  const { message } = tryDecodeMessage(bytes);
  return message !== undefined && recordsOf(message).some((record) => record.type !== 41 && record.class !== 1);
}

/** Runs tshark over a capture; resolves to what it shows of each frame. */
function show(path: string): Shown[] {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const options = ["-E", `separator=${SEPARATOR}`, "-E", `aggregator=${DIVIDER}`, "-E", "occurrence=a"];
  const { success, stdout, stderr } = new Deno.Command("tshark", {
    args: ["-n", "-r", path, "-T", "fields", ...options, ...fields],
    env: { LC_ALL: "C.UTF-8" },
  }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trimEnd().split("\n").map((line) => {
    const values = line.split(SEPARATOR);
    return Object.fromEntries(FIELDS.map((field, index) => {
      const text = values[index] ?? "";
      return [field, text === "" ? [] : text.split(DIVIDER)];
    })) as unknown as Shown;
  });
}

/** What tshark shows of each of some messages. */
function showAll(messages: readonly Uint8Array[]): Shown[] {
  const directory = Deno.makeTempDirSync({ prefix: "culprit-tshark-" });
  try {
    const frames = messages.map((bytes, index) => {
      // Each of another flow, so that tshark joins none.
      const route = `10.0.${index >> 8 & 255}.${index & 255}:40000 > 10.255.255.53:53`;
      return { seconds: index, fraction: 0, frame: writeIpPacket(packet(route, bytes)) };
    });
    const path = `${directory}/messages.pcap`;
    Deno.writeFileSync(path, pcap(frames, { linkType: LINKTYPE_RAW }));
    return show(path);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs the comparison; returns the number of disagreements nothing explains. */
function run(count: number, seed: number, showing: boolean): number {
  const random = new Random(seed);
  const tally = new Map<string, number>();
  let compared = 0;
  let unexplained = 0;
  while (compared < count) {
    const messages = Array.from({ length: Math.min(MESSAGES_A_FILE, count - compared) }, (_, index) => {
      const sound = generateMessage(random);
      return index % 3 === 0 ? sound : mutate(random, sound);
    });
    const all = showAll(messages);
    if (all.length !== messages.length) throw new Error(`${all.length} of ${messages.length} frames shown`);
    compared += all.length;
    for (const [index, bytes] of messages.entries()) {
      for (const what of compare(bytes, all[index] as Shown)) {
        const whole = `${what} | ${tryDecodeMessage(bytes).anomalies.join()} | ${bytes.toHex()}${
          hasOtherClass(bytes) ? " other class" : ""
        }`;
        const explanation = EXPLAINED.find(([pattern]) => pattern.test(whole))?.[1];
        const key = explanation ?? `UNEXPLAINED ${what.split(" | ")[0]}`;
        tally.set(key, (tally.get(key) ?? 0) + 1);
        if (explanation !== undefined) continue;
        unexplained++;
        if (showing && (tally.get(key) ?? 0) <= 6) console.log(whole.slice(0, 700));
      }
    }
  }
  for (const [key, times] of [...tally].sort(([, first], [, second]) => second - first)) {
    console.log(`${times}\t${key}`);
  }
  console.log(`seed ${seed}: ${compared} messages compared, ${unexplained} disagreements unexplained`);
  return unexplained;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, show: { type: "boolean" } },
  });
  Deno.exit(run(Number(values.count ?? 100_000), Number(values.seed ?? 1), values.show ?? false) > 0 ? 1 : 0);
}
