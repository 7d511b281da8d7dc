// Measures records of the ring to JSON lines in a file, on one thread: decode, transactions, process facts, JSON.
// deno run -A tests/bench/dns_pipeline.ts [--messages N] [--mode answered|loopback|unanswered]
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
import { openWriter } from "../../src/output/writer.ts";
import { ProcessTable, unknownProcess } from "../../src/process_table.ts";
import { writeStdout } from "../../src/output/stdio.ts";

/** How many processes ask: their facts come from a cache, as on a real host. */
const PROCESSES = 50;
/** Queries that wait for their answers at a time. */
const BATCH = 256;

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

/** Writes one record as the kernel would. */
function writeRecord(
  view: DataView,
  base: number,
  record: {
    tsNs: number;
    cookie: number;
    process: number;
    client: number;
    egress: boolean;
    response: boolean;
    sender: boolean;
    payload: Uint8Array;
  },
): number {
  const { payload } = record;
  view.setBigUint64(base, BigInt(record.tsNs), true);
  view.setUint16(base + 8, 4, true);
  view.setUint32(base + 12, payload.length, true);
  view.setBigUint64(base + 16, BigInt(record.cookie), true);
  view.setBigUint64(base + 32, BigInt(startNs + record.process + 1), true);
  view.setUint32(base + 40, 1000 + record.process, true);
  view.setUint32(base + 44, 1000 + record.process, true);
  view.setUint32(base + 56, 4026531833 % 2 ** 32, true);
  view.setUint32(base + 60, payload.length, true);
  const { client } = record;
  view.setUint16(base + 72, record.response ? 53 : client, true);
  view.setUint16(base + 74, record.response ? client : 53, true);
  view.setUint8(base + 76, 4);
  view.setUint8(base + 78, record.egress ? 1 : 0);
  view.setUint8(base + 79, record.sender ? 4 : 3);
  const bytes = new Uint8Array(view.buffer);
  bytes.set(new TextEncoder().encode("asker"), base + DNS_PACKET_EVENT_COMM_OFFSET);
  const [from, to] = record.response ? [[10, 0, 0, 1], [10, 0, 0, 2]] : [[10, 0, 0, 2], [10, 0, 0, 1]];
  bytes.set(from!, base + DNS_PACKET_EVENT_SOURCE_ADDRESS_OFFSET);
  bytes.set(to!, base + DNS_PACKET_EVENT_DESTINATION_ADDRESS_OFFSET);
  bytes.set(new TextEncoder().encode("eth0"), base + DNS_PACKET_EVENT_INTERFACE_NAME_OFFSET);
  bytes.set(payload, base + DNS_PACKET_EVENT_SIZE);
  return base + DNS_PACKET_EVENT_SIZE + ((payload.length + 7) & ~7);
}

const total = Number(values.messages);
const answered = values.mode !== "unanswered";
const loopback = values.mode === "loopback";
const memory = new ArrayBuffer(16 << 20);
const view = new DataView(memory);
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

/** A batch of records; queries first, then their answers. */
function makeBatch(round: number): { bases: number[]; messages: number } {
  const bases: number[] = [];
  let base = 0;
  let tsNs = startNs + 1e9 + round * BATCH * 10_000;
  const add = (index: number, response: boolean, egress: boolean, atServer: boolean): void => {
    const id = (round * BATCH + index) & 0xffff;
    const name = `host${index}.example${round % 100}.test`;
    const question = { name, type: 1, class: 1 };
    const payload = encodeMessage({
      id,
      isResponse: response,
      questions: [question],
      ...(response ? { answers: [{ name, type: 1, class: 1, ttl: 60, data: "192.0.2.1" }] } : {}),
    });
    bases.push(base);
    base = writeRecord(view, base, {
      tsNs: tsNs += 1000,
      cookie: atServer ? 7 : 1000 + index,
      client: 20_000 + index,
      process: atServer ? 0 : 1 + index % (PROCESSES - 1),
      egress,
      response,
      sender: egress,
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
  return { bases, messages: answered ? 2 * BATCH : BATCH };
}

let messages = 0;
let records = 0;
let busyMs = 0;
for (let round = 0; messages < total; round++) {
  const batch = makeBatch(round);
  const begin = performance.now();
  for (const base of batch.bases) decoder.decode(view, base, onPacket);
  tracker.tick(startNs + 1e9 + (round + 1) * BATCH * 10_000);
  busyMs += performance.now() - begin;
  messages += batch.messages;
  records += batch.bases.length;
}
const begin = performance.now();
tracker.flush(startNs + 1e12);
writer.flush();
busyMs += performance.now() - begin;
const rss = Math.round(Deno.memoryUsage().rss / 2 ** 20);
writeStdout(
  `${values.mode}: ${messages} messages, ${records} records, ${writer.eventCount} events in ${busyMs.toFixed(0)} ms: ` +
    `${Math.round(messages / busyMs * 1000)} messages/s, ${
      (busyMs * 1e6 / messages).toFixed(0)
    } ns a message, RSS ${rss} MiB\n`,
);
