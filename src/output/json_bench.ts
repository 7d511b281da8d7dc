/**
 * The JSON writer beside JSON.stringify, on transactions with one answer and three ancestors (about 1.1 KB a line).
 * An iteration is 1000 events: a time of 1 ms is 1 us an event.
 *
 * @module
 */

import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import type { DnsEvent } from "../events.ts";
import { EXAMPLE_PROCESS } from "./fields.ts";
import { createFormatter } from "./formatter.ts";
import { JsonEncoder } from "./json.ts";
import { FileSink, type Sink } from "./sink.ts";
import { StreamWriter } from "./stream_writer.ts";

/** Sixteen processes take turns: with one alone every cache would look better than it is. */
const PROCESSES = Array.from({ length: 16 }, (_, index) => ({
  ...EXAMPLE_PROCESS,
  pid: 1000 + index,
  ancestors: [{ pid: 812, name: "sshd", exe: "/usr/sbin/sshd" }, ...EXAMPLE_PROCESS.ancestors],
}));

/** Every name, time, id and address is another string. */
const EVENTS: readonly DnsEvent[] = Array.from({ length: 1000 }, (_, index) => {
  const question = { name: `host${index}.service.example.com`, type: index % 2 === 0 ? "A" : "AAAA", class: "IN" };
  const data = index % 2 === 0 ? `192.0.2.${index & 255}` : `2001:db8::${index.toString(16)}`;
  return {
    ...structuredClone(DNS_EVENT.example),
    time: `2026-11-21T00:12:03.${100_000_000 + index}Z`,
    latency_us: index,
    process: PROCESSES[index % PROCESSES.length] ?? EXAMPLE_PROCESS,
    dns: {
      ...structuredClone(DNS_EVENT.example.dns),
      id: index,
      question,
      answers: [{ ...question, name: `host${index}.service.example.com`, ttl: 60, data }],
    },
  };
});

/** Takes everything and keeps nothing. */
const NOWHERE: Sink = {
  beginnings: 1,
  target: "nowhere",
  isTerminal: false,
  ended: false,
  mayWait: false,
  offer: () => {},
  write: () => {},
  takeBack: () => false,
  close: () => {},
};

/** Writes the events through a writer. */
function writeThrough(sink: Sink): void {
  const formatter = createFormatter({ format: "json", columns: "dns" }, false);
  const ignore = (): void => {};
  using writer = new StreamWriter(sink, formatter, { report: ignore, reportFailure: ignore });
  for (const event of EVENTS) writer.write(event);
}

Deno.bench("JSON.stringify", { group: "1000 events to text", baseline: true }, () => {
  let length = 0;
  for (const event of EVENTS) length += JSON.stringify(event).length;
  if (length === 0) throw new RangeError("no text");
});

const encoder = new JsonEncoder();
Deno.bench("JsonEncoder", { group: "1000 events to text" }, () => {
  let length = 0;
  for (const event of EVENTS) length += encoder.encode(event).length;
  if (length === 0) throw new RangeError("no text");
});

Deno.bench("JSON.stringify and TextEncoder", { group: "1000 events to octets", baseline: true }, () => {
  const utf8 = new TextEncoder();
  let length = 0;
  for (const event of EVENTS) length += utf8.encode(`${JSON.stringify(event)}\n`).length;
  if (length === 0) throw new RangeError("no text");
});

Deno.bench("EventWriter, --json, dropped", { group: "1000 events to octets" }, () => writeThrough(NOWHERE));

Deno.bench("EventWriter, --json --output, temporary directory", { group: "1000 events to octets" }, (bench) => {
  const path = Deno.makeTempFileSync();
  const sink = new FileSink(path, () => {});
  bench.start();
  writeThrough(sink);
  bench.end();
  Deno.removeSync(path);
});
