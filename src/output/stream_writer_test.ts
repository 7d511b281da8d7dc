import assert from "node:assert/strict";
import fc from "fast-check";
import { DNS_EVENT } from "../../bpf/dns/fields.ts";
import { LibbpfError, OutputError } from "../errors.ts";
import type { CulpritEvent, DnsEvent } from "../events.ts";
import { DocumentFormatter } from "../map/document.ts";
import { EDGE_EVENT } from "../map/fields.ts";
import { anyEvent } from "./arbitrary_testing.ts";
import { LOSS_EVENT, SUMMARY_EVENT } from "./fields.ts";
import { createFormatter } from "./formatter.ts";
import type { Sink } from "./sink.ts";
import { StreamWriter } from "./stream_writer.ts";
import type { OutputFormat } from "./writer.ts";

/** A sink in memory that holds so many octets and then is full. */
class MemorySink implements Sink {
  beginnings = 1;
  readonly target = "memory";
  readonly isTerminal = false;
  ended = false;
  closes = 0;
  pieces = 0;
  octets = new Uint8Array(0);
  mayWait = false;
  /** Octets a reader takes when it is next waited for. */
  taken = 0;
  constructor(readonly capacity = Infinity, readonly canTakeBack = true) {}

  offer(bytes: Uint8Array<ArrayBuffer>, _waitMs: number, onPart: (written: number) => void): void {
    const part = bytes.subarray(0, this.taken);
    this.taken -= part.length;
    if (part.length > 0) this.write(part, onPart);
  }

  write(bytes: Uint8Array<ArrayBuffer>, onPart: (written: number) => void): void {
    this.pieces++;
    const room = Math.min(bytes.length, this.capacity - this.octets.length);
    const grown = new Uint8Array(this.octets.length + room);
    grown.set(this.octets);
    grown.set(bytes.subarray(0, room), this.octets.length);
    this.octets = grown;
    if (room > 0) onPart(room);
    if (room < bytes.length) throw new LibbpfError("write descriptor 9", 28, "ENOSPC");
  }

  takeBack(count: number): boolean {
    if (this.canTakeBack) this.octets = this.octets.slice(0, this.octets.length - count);
    return this.canTakeBack;
  }

  close(): void {
    this.closes++;
  }

  get text(): string {
    return new TextDecoder().decode(this.octets);
  }
}

/** A writer with what it says on standard error. */
function open(
  sink: Sink,
  format: OutputFormat = "json",
  isLive = false,
): { writer: StreamWriter; said: string[]; failures: string[] } {
  const said: string[] = [];
  const failures: string[] = [];
  const reports = { report: (text: string) => said.push(text), reportFailure: (text: string) => failures.push(text) };
  return {
    writer: new StreamWriter(sink, createFormatter({ format, columns: "dns" }, false), reports, isLive),
    said,
    failures,
  };
}

/** Line of an event. */
const LINE = `${JSON.stringify(DNS_EVENT.example)}\n`;

Deno.test("StreamWriter keeps events until they are flushed", () => {
  const sink = new MemorySink();
  const { writer } = open(sink);
  writer.write(DNS_EVENT.example);
  assert.equal(sink.text, "");
  writer.flush();
  assert.equal(sink.text, LINE);
  writer.flush();
  assert.equal(sink.pieces, 1);
  writer.close();
});

Deno.test("StreamWriter writes in pieces of at least 64 KiB that end with an event", () => {
  const sink = new MemorySink();
  const { writer } = open(sink);
  for (let index = 0; index < 211; index++) writer.write(DNS_EVENT.example);
  writer.close();
  assert.equal(sink.text, LINE.repeat(211));
  assert.equal(sink.pieces, Math.ceil(211 / Math.ceil(65536 / LINE.length)));
  assert.equal(writer.eventCount, 211);
  assert.equal(writer.unwrittenCount, 0);
});

Deno.test("StreamWriter writes an event larger than its buffer", () => {
  const sink = new MemorySink();
  const { writer } = open(sink);
  const event: DnsEvent = { ...DNS_EVENT.example, status_reason: "漢".repeat(200_000) };
  writer.write(event);
  writer.close();
  assert.deepEqual(JSON.parse(sink.text), event);
});

Deno.test("StreamWriter ends a failed output with a whole event and counts the others", () => {
  const sink = new MemorySink(LINE.length * 2 + 10);
  const { writer, failures } = open(sink);
  for (let index = 0; index < 3; index++) writer.write(DNS_EVENT.example);
  assert.throws(
    () => writer.flush(),
    (error) =>
      error instanceof OutputError && error.exitCode === 3 && error.hint === undefined &&
      error.message === "Cannot write events to memory: No space left on device",
  );
  assert.equal(sink.text, LINE.repeat(2));
  writer.write(DNS_EVENT.example);
  writer.flush();
  assert.equal(writer.eventCount, 4);
  assert.equal(writer.unwrittenCount, 2);
  writer.write(SUMMARY_EVENT.example);
  writer.close();
  assert.deepEqual(failures, [
    "culprit dns: 12 events in 30.0 s, from 24 messages\n",
    "not written: 2 of 4 events\n",
  ]);
  assert.equal(sink.closes, 1);
});

Deno.test("StreamWriter keeps exactly the events that fit, to the octet", () => {
  for (let capacity = 0; capacity < LINE.length * 2; capacity++) {
    const sink = new MemorySink(capacity);
    const { writer } = open(sink);
    writer.write(DNS_EVENT.example);
    writer.write(DNS_EVENT.example);
    assert.throws(() => writer.flush(), OutputError);
    assert.equal(sink.text, capacity < LINE.length ? "" : LINE);
    assert.equal(writer.unwrittenCount, capacity < LINE.length ? 2 : 1);
    writer.close();
  }
});

Deno.test("StreamWriter says that a line may be cut where it cannot be taken back", () => {
  const sink = new MemorySink(10, false);
  const { writer, failures } = open(sink);
  writer.write(DNS_EVENT.example);
  assert.throws(() => writer.close(), { hint: "its last line may be incomplete" });
  assert.deepEqual(failures, ["not written: 1 of 1 event\n"]);
  assert.equal(sink.closes, 1);
});

Deno.test("StreamWriter tells the summary elsewhere when it was in the part that failed", () => {
  const { writer, failures } = open(new MemorySink(LINE.length));
  writer.write(DNS_EVENT.example);
  writer.write(SUMMARY_EVENT.example);
  assert.throws(() => writer.close(), OutputError);
  assert.deepEqual(failures, [
    "culprit dns: 12 events in 30.0 s, from 24 messages, nothing lost\n",
    "not written: 0 of 1 event\n",
  ]);
});

for (const format of ["json", "kv", "text"] as const) {
  Deno.test(`StreamWriter never leaves part of an event in a full output: ${format}`, () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 5 }), fc.nat(6000), (events, capacity) => {
        const sink = new MemorySink(capacity);
        const { writer } = open(sink, format);
        const whole = new MemorySink();
        const { writer: reference } = open(whole, format);
        const prefixes = [""];
        let delivered = 0;
        let failed = false;
        try {
          for (const event of events) writer.write(event);
          writer.flush();
        } catch (error) {
          assert.ok(error instanceof OutputError);
          failed = true;
        }
        reference.flush();
        for (const event of events) {
          reference.write(event);
          reference.flush();
          prefixes.push(whole.text);
          if (isEvent(event) && whole.octets.length <= capacity) delivered++;
        }
        // Losses flush rows before them, so a failure may come before all events were offered.
        if (!failed) assert.equal(sink.text, whole.text);
        else assert.ok(prefixes.includes(sink.text));
        if (format === "json") assert.equal(writer.eventCount - writer.unwrittenCount, delivered);
        writer.close();
        reference.close();
      }),
    );
  });
}

/** Whether it is counted. */
function isEvent(event: CulpritEvent): boolean {
  return event.type !== "loss" && event.type !== "summary";
}

Deno.test("StreamWriter puts losses and summary into JSON and nowhere else", () => {
  const sink = new MemorySink();
  const { writer, said } = open(sink);
  for (const event of [LOSS_EVENT.example, SUMMARY_EVENT.example]) writer.write(event);
  writer.close();
  assert.deepEqual(sink.text.trimEnd().split("\n").map((line) => JSON.parse(line).type), ["loss", "summary"]);
  assert.deepEqual(said, []);
  assert.equal(writer.eventCount, 0);
});

Deno.test("StreamWriter tells losses and summary on standard error beside formats for people", () => {
  const sink = new MemorySink();
  const { writer, said } = open(sink, "kv");
  writer.write(LOSS_EVENT.example);
  writer.write({
    ...SUMMARY_EVENT.example,
    lost: { ring_full: 113, no_memory: 0 },
    not_observed: ["packets of \x1b[2J"],
  });
  writer.close();
  assert.equal(sink.text, "");
  assert.deepEqual(said, [
    "culprit: lost 113 events: ring_full\n",
    "culprit dns: 12 events in 30.0 s, from 24 messages\n" +
    "lost: 113 ring_full\nnot observed: packets of \\x1b[2J\n",
  ]);
});

Deno.test("StreamWriter writes the header of a table once, before anything else", () => {
  const sink = new MemorySink();
  const { writer } = open(sink, "text");
  writer.flush();
  writer.write(DNS_EVENT.example);
  writer.close();
  assert.match(sink.text, /^TIME .*\n00:12:03\.123 .*\n$/);
});

Deno.test("StreamWriter writes the header into every output it begins, and not below what is there", () => {
  for (const [beginnings, count] of [[0, 0], [1, 1]] as const) {
    const sink = new MemorySink();
    sink.beginnings = beginnings;
    const { writer } = open(sink, "text");
    writer.write(DNS_EVENT.example);
    writer.flush();
    assert.equal(sink.text.split("\n").filter((line) => line.startsWith("TIME")).length, count);
    const before = sink.text;
    writer.write(DNS_EVENT.example);
    // The file was renamed while an event waited.
    sink.beginnings++;
    writer.flush();
    assert.match(sink.text.slice(before.length), /^TIME.*\n\S.*\n$/);
    sink.beginnings++;
    writer.flush();
    writer.flush();
    assert.equal(sink.text.split("\n").filter((line) => line.startsWith("TIME")).length, count + 2);
    writer.close();
  }
});

Deno.test("StreamWriter tells how many events of a chunk arrived below its header", () => {
  const whole = new MemorySink();
  const one = open(whole, "text");
  one.writer.write(DNS_EVENT.example);
  one.writer.write(DNS_EVENT.example);
  one.writer.close();
  const lines = whole.text.split("\n");
  const sink = new MemorySink(`${lines[0]}\n${lines[1]}\n`.length + 3);
  const { writer } = open(sink, "text");
  writer.write(DNS_EVENT.example);
  writer.write(DNS_EVENT.example);
  assert.throws(() => writer.flush(), OutputError);
  assert.equal(writer.unwrittenCount, 1);
  assert.equal(sink.text, `${lines[0]}\n${lines[1]}\n`);
});

Deno.test("StreamWriter writes no header of a run that did not come about", () => {
  const sink = new MemorySink();
  const { writer, said } = open(sink, "text");
  writer.close();
  assert.deepEqual([sink.text, sink.pieces, said], ["", 0, []]);
});

/** A document of two events and its summary. */
function writeDocument(sink: Sink): { told: string[]; failures: string[]; error: unknown } {
  const told: string[] = [];
  const failures: string[] = [];
  const formatter = new DocumentFormatter(({ edges }) => `${edges.length} edges\n`, "web-1");
  const reports = { report: (text: string) => told.push(text), reportFailure: (text: string) => failures.push(text) };
  const writer = new StreamWriter(sink, formatter, reports);
  let error: unknown;
  writer.write(EDGE_EVENT.example);
  writer.write(LOSS_EVENT.example);
  writer.write(EDGE_EVENT.example);
  writer.flush();
  try {
    writer.write({ ...SUMMARY_EVENT.example, events: 2 });
    writer.flush();
  } catch (thrown) {
    error = thrown;
  }
  writer.close();
  return { told, failures, error };
}

Deno.test("StreamWriter writes a document at its end, and tells losses and the summary once", () => {
  const sink = new MemorySink();
  const { told, failures, error } = writeDocument(sink);
  assert.equal(error, undefined);
  assert.deepEqual([sink.text, sink.pieces], ["2 edges\n", 1]);
  assert.deepEqual([told.length, failures], [2, []]);
});

Deno.test("StreamWriter tells the summary of a document that cannot be written once, and that nothing of it was", () => {
  const { told, failures, error } = writeDocument(new MemorySink(3));
  assert.ok(error instanceof OutputError);
  assert.equal(told.length, 2);
  assert.match(told[1] ?? "", /2 events in/);
  assert.deepEqual(failures, ["not written: 2 of 2 events\n"]);
});

Deno.test("StreamWriter drops events quietly when the reader is gone", () => {
  const sink = new MemorySink();
  const { writer } = open(sink);
  sink.ended = true;
  writer.write(DNS_EVENT.example);
  assert.equal(writer.ended, true);
  writer.close();
  assert.equal(sink.text, "");
});

Deno.test("StreamWriter refuses events after close, which may be repeated", () => {
  const sink = new MemorySink();
  const { writer } = open(sink);
  writer.close();
  writer.close();
  assert.equal(sink.closes, 1);
  assert.throws(() => writer.write(DNS_EVENT.example), TypeError);
});

Deno.test("StreamWriter keeps what a live reader does not take, and hands it on in order", () => {
  const sink = new MemorySink();
  sink.mayWait = true;
  const { writer } = open(sink, "json", true);
  writer.write(DNS_EVENT.example);
  writer.flush();
  writer.write({ ...DNS_EVENT.example, latency_us: 7 });
  writer.flush();
  assert.equal(sink.text, "");
  const whole = writer.backlog?.sizeBytes ?? 0;
  assert.ok(whole > LINE.length);
  sink.taken = LINE.length + 3;
  writer.backlog?.push(0);
  assert.equal(writer.backlog?.sizeBytes, whole - LINE.length - 3);
  sink.taken = Infinity;
  writer.backlog?.push(0);
  assert.equal(writer.backlog?.sizeBytes, 0);
  assert.deepEqual(sink.text.trimEnd().split("\n").map((line) => JSON.parse(line).latency_us), [
    DNS_EVENT.example.latency_us,
    7,
  ]);
  writer.backlog?.abandon("nobody reads it");
  writer.close();
});

Deno.test("StreamWriter counts what a live reader never took", () => {
  const sink = new MemorySink(Infinity, false);
  sink.mayWait = true;
  const { writer, failures } = open(sink, "json", true);
  for (let index = 0; index < 5; index++) {
    writer.write(DNS_EVENT.example);
    writer.flush();
  }
  writer.write(SUMMARY_EVENT.example);
  sink.taken = 2 * LINE.length + 1;
  writer.flush();
  assert.throws(() => writer.backlog?.abandon("nobody reads it"), {
    name: "OutputError",
    message: "Cannot write events to memory: nobody reads it",
    hint: "its last line may be incomplete",
  });
  assert.equal(writer.unwrittenCount, 3);
  assert.equal(writer.backlog?.sizeBytes, 0);
  writer.write(DNS_EVENT.example);
  assert.equal(writer.unwrittenCount, 4);
  writer.close();
  assert.match(failures.join(""), /not written: 3 of 5 events\n/);
  assert.doesNotMatch(failures.join(""), /nothing lost/);
});
