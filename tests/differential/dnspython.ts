// deno-lint-ignore-file no-console -- a program of its own, which talks to a terminal
/**
 * Compares the decoder with dnspython (Debian: python3-dnspython) over generated and mutated messages:
 * `deno run -A tests/differential/dnspython.ts [--count 100000] [--seed N] [--show]`.
 *
 * Exit code 1 when there is a disagreement that {@linkcode EXPLAINED} does not explain.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { decodeMessage, type DnsMessage, type DnsRecord, encodeMessage, tryDecodeMessage } from "../../src/dns/mod.ts";
import { DnsDecodeError } from "../../src/errors.ts";
import { nameLabels } from "../../src/dns/words.ts";
import { generateMessage, mutate } from "../fuzz/generator.ts";
import { Random } from "../fuzz/random.ts";
import { EXPLAINED } from "./explained.ts";

/** Octets in hexadecimal. */
function hexOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** Labels of a name. */
function labelsOf(name: string): string[] {
  return nameLabels(name).map(hexOf);
}

/** Data of a record, encoded again without compression. */
function dataOctets(record: DnsRecord): string {
  const bytes = encodeMessage({ answers: [{ ...record, name: "." }] }, { compress: false });
  return hexOf(bytes.subarray(12 + 11));
}

/** A record as the other side is told of it. */
function told(record: DnsRecord, section: number): unknown {
  const generic = record.data.startsWith("\\# ");
  return {
    key: [section, labelsOf(record.name), record.type, record.class],
    ttl: record.ttl,
    data: record.data,
    wire: dataOctets(record),
    generic,
    malformed: generic && record.fields === undefined,
    options: ((record.fields?.["options"] ?? []) as { code: number; data: string }[]).map((
      { code, data },
    ) => [code, data]),
  };
}

/** What is told of a whole message. */
function toldMessage(bytes: Uint8Array): unknown {
  const { message, anomalies } = tryDecodeMessage(bytes);
  let strict: string | null = null;
  try {
    decodeMessage(bytes);
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
    strict = error.reason;
  }
  const empty: DnsMessage = {
    id: 0,
    isResponse: false,
    opcode: 0,
    flags: 0,
    rcode: 0,
    questions: [],
    answers: [],
    authorities: [],
    additionals: [],
    anomalies,
  };
  const { id, opcode, flags, rcode, questions, answers, authorities, additionals } = message ?? empty;
  const records = [answers, authorities, additionals].flatMap((section, index) =>
    section.map((record) => told(record, index + 1))
  );
  const counted = [4, 6, 8, 10].reduce((sum, at) => sum + ((bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0)), 0);
  const whole = message !== undefined && questions.length + records.length === counted &&
    !anomalies.includes("trailing-bytes");
  return {
    header: [id, opcode, flags, rcode],
    questions: questions.map((question) => [labelsOf(question.name), question.type, question.class]),
    records,
    stopped: whole ? null : anomalies[0] ?? "",
    anomalies,
    strict,
  };
}

/** Runs the comparison; resolves to the number of disagreements nothing explains. */
async function compare(count: number, seed: number, show: boolean): Promise<number> {
  const random = new Random(seed);
  const script = new URL("./dnspython_peer.py", import.meta.url).pathname;
  // Debian's package is Debian's interpreter's.
  const child = new Deno.Command("/usr/bin/python3", { args: [script], stdin: "piped", stdout: "piped" }).spawn();
  const sent: string[] = [];
  const writing = (async (): Promise<void> => {
    const writer = child.stdin.getWriter();
    const encoder = new TextEncoder();
    for (let index = 0; index < count; index++) {
      const sound = generateMessage(random);
      const bytes = index % 3 === 0 ? sound : mutate(random, sound);
      const wire = hexOf(bytes);
      const ours = toldMessage(bytes) as { anomalies: string[] };
      sent.push(`${ours.anomalies.join()} ${wire}`);
      await writer.write(encoder.encode(`${JSON.stringify({ wire, ours })}\n`));
    }
    await writer.close();
  })();
  const tally = new Map<string, number>();
  let index = 0;
  let unexplained = 0;
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const input = sent[index++] ?? "";
      for (const [kind, subject, detail] of JSON.parse(line) as [string, string, string][]) {
        const whole = `${kind} | ${subject} | ${detail} | ${input}`;
        const explanation = EXPLAINED.find(([pattern]) => pattern.test(whole));
        const key = explanation?.[1] ?? `UNEXPLAINED ${kind} | ${subject}`;
        tally.set(key, (tally.get(key) ?? 0) + 1);
        if (explanation !== undefined) continue;
        unexplained++;
        if (show && (tally.get(key) ?? 0) <= 3) console.log(whole.slice(0, 900));
      }
    }
  }
  await writing;
  await child.status;
  for (const [key, times] of [...tally].sort(([, first], [, second]) => second - first)) {
    console.log(`${times}\t${key}`);
  }
  console.log(`seed ${seed}: ${index} of ${count} messages compared, ${unexplained} disagreements unexplained`);
  return index === count ? unexplained : count;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { count: { type: "string" }, seed: { type: "string" }, show: { type: "boolean" } },
  });
  Deno.exit(await compare(Number(values.count ?? 100_000), Number(values.seed ?? 1), values.show ?? false) > 0 ? 1 : 0);
}
