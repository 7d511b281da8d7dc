// Measures records of the ring to JSON lines in a file, on one thread: decode, transactions, process facts, JSON.
// deno run -A tests/bench/dns_pipeline.ts [--messages N] [--mode answered|loopback|unanswered] [--output FILE]
import { parseArgs } from "node:util";
import { DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import {
  DNS_PACKET_EVENT_COMM_OFFSET,
  DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET,
  DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET,
  DNS_PACKET_EVENT_SIZE,
  DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET,
} from "../../bpf/dns/layout.gen.ts";
import { DnsTracker } from "../../src/correlation/tracker.ts";
import { encodeMessage } from "../../src/dns/mod.ts";
import { DnsEventBuilder } from "../../src/dns_event.ts";
import { LiveClock } from "../../src/host/clock.ts";
import { writeStdout } from "../../src/output/stdio.ts";
import { openWriter } from "../../src/output/writer.ts";
import { ProcessTable, unknownProcess } from "../../src/process_table.ts";

/** How many processes ask: their facts come from a cache, as on a real host. */
const PROCESSES = 50;
/** Queries that wait for their answers at a time. */
const BATCH = 256;
/** Batches made beforehand; used again and again, each time with other ids. */
const BATCHES = 128;
/** Time between two records: 200,000 a second. */
const STEP_NS = 5000;

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    mode: { type: "string", default: "answered" },
    output: { type: "string", default: "/dev/null" },
  },
});

const clock = new LiveClock();
const table = new ProcessTable({ clock });
const startNs = 1e12;
for (let index = 0; index < PROCESSES; index++) {
  table.onExec({
    tsNs: startNs,
    tgid: 1000 + index,
    tid: 1000 + index,
    startTimeNs: startNs + index + 1,
    parentTgid: 1,
    parentStartTimeNs: 1,
    uid: 0,
    gid: 0,
    comm: "asker",
    exe: "/usr/bin/asker",
    cmdline: ["asker", "--all"],
    cmdlineTruncated: false,
    cwd: "/",
    cgroup: "/system.slice/asker.service",
    netns: 4026531833,
  });
}

const encoder = new TextEncoder();
const ASKER = encoder.encode("asker");
const DEVICE = encoder.encode("eth0");

/** One message at one socket. */
interface RecordFacts {
  readonly cookie: number;
  readonly process: number;
  readonly client: number;
  readonly egress: boolean;
  readonly response: boolean;
  readonly payload: Uint8Array;
}

/** Writes one record as the kernel would, but for time and id; returns its end. */
function writeRecord(view: DataView, base: number, record: RecordFacts): number {
  const { payload, client, response } = record;
  view.setUint16(base + 8, 4, true);
  view.setUint32(base + 12, payload.length, true);
  view.setUint32(base + 16, record.cookie, true);
  view.setBigUint64(base + 32, BigInt(startNs + record.process + 1), true);
  view.setUint32(base + 40, 1000 + record.process, true);
  view.setUint32(base + 44, 1000 + record.process, true);
  view.setUint32(base + 56, 4026531833, true);
  view.setUint32(base + 60, payload.length, true);
  view.setUint16(base + 72, response ? 53 : client, true);
  view.setUint16(base + 74, response ? client : 53, true);
  view.setUint8(base + 76, 4);
  view.setUint8(base + 78, record.egress ? 1 : 0);
  view.setUint8(base + 79, record.egress ? 4 : 3);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(ASKER, base + DNS_PACKET_EVENT_COMM_OFFSET);
  const [from, to] = response ? [[10, 0, 0, 1], [10, 0, 0, 2]] : [[10, 0, 0, 2], [10, 0, 0, 1]];
  bytes.set(from ?? [], base + DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET);
  bytes.set(to ?? [], base + DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET);
  bytes.set(DEVICE, base + DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET);
  bytes.set(payload, base + DNS_PACKET_EVENT_SIZE);
  return base + DNS_PACKET_EVENT_SIZE + ((payload.length + 7) & ~7);
}

const total = Number(values.messages);
const answered = values.mode !== "unanswered";
const loopback = values.mode === "loopback";
const view = new DataView(new ArrayBuffer(48 << 20));

/** Makes the records of a batch: queries first, then their answers. Returns where they begin. */
function makeBatch(number: number, start: number): { bases: number[]; end: number } {
  const bases: number[] = [];
  let base = start;
  const add = (index: number, response: boolean, egress: boolean, atServer: boolean): void => {
    const name = `host${index}.example${number}.test`;
    const payload = encodeMessage({
      id: 0,
      isResponse: response,
      questions: [{ name, type: 1, class: 1 }],
      ...(response ? { answers: [{ name, type: 1, class: 1, ttl: 60, data: "192.0.2.1" }] } : {}),
    });
    bases.push(base);
    base = writeRecord(view, base, {
      cookie: atServer ? 7 : 1000 + index,
      client: 20_000 + index,
      process: atServer ? 0 : 1 + index % (PROCESSES - 1),
      egress,
      response,
      payload,
    });
  };
  for (let index = 0; index < BATCH; index++) {
    add(index, false, true, false);
    if (loopback) add(index, false, false, true);
  }
  if (answered) {
    for (let index = 0; index < BATCH; index++) {
      if (loopback) add(index, true, true, true);
      add(index, true, false, false);
    }
  }
  return { bases, end: base };
}

const batches: number[][] = [];
for (let number = 0, end = 0; number < BATCHES; number++) {
  const batch = makeBatch(number, end);
  batches.push(batch.bases);
  end = batch.end;
}

const writer = openWriter({ format: "json", output: values.output, quiet: true, columns: "dns" });
const builder = new DnsEventBuilder(clock, {
  lookup: (owner, tsNs) => table.lookup(owner, tsNs),
  unknown: () => unknownProcess("bench"),
});
const tracker = new DnsTracker({
  timeoutMs: 5000,
  messages: false,
  onTransaction: (transaction) => {
    const event = builder.transaction(transaction);
    if (event !== undefined) writer.write(event);
  },
});
const decoder = new DnsPacketDecoder(() => undefined);
const onPacket = tracker.packet.bind(tracker);

let records = 0;
let tsNs = startNs + 1e9;

/** Gives the records of a batch their times and an id nobody used lately. */
function renew(bases: readonly number[], round: number): void {
  for (const base of bases) {
    tsNs += STEP_NS;
    view.setUint32(base, tsNs % 2 ** 32, true);
    view.setUint32(base + 4, tsNs / 2 ** 32, true);
    view.setUint16(base + DNS_PACKET_EVENT_SIZE, round);
  }
}

let busyMs = 0;
for (let round = 0; records < total * (loopback ? 2 : 1); round++) {
  const bases = batches[round % BATCHES] ?? [];
  renew(bases, Math.floor(round / BATCHES));
  const begin = performance.now();
  for (const base of bases) decoder.decode(view, base, onPacket);
  tracker.tick(tsNs);
  busyMs += performance.now() - begin;
  records += bases.length;
}
const begin = performance.now();
tracker.flush(tsNs);
writer.flush();
busyMs += performance.now() - begin;
const messages = loopback ? records / 2 : records;
const { rss, heapUsed } = Deno.memoryUsage();
writeStdout(
  `${values.mode}: ${messages} messages, ${records} records, ${writer.eventCount} events in ${busyMs.toFixed(0)} ms: ` +
    `${Math.round(messages / busyMs * 1000)} messages/s, ${(busyMs * 1e6 / messages).toFixed(0)} ns a message, ` +
    `RSS ${Math.round(rss / 2 ** 20)} MiB, heap ${Math.round(heapUsed / 2 ** 20)} MiB\n`,
);
