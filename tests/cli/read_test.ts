import assert from "node:assert/strict";
import { packet, type PacketExtras, query, response } from "../../src/correlation/tracker_testing.ts";
import { encodeMessage } from "../../src/dns/mod.ts";
import type { DnsEvent, ProcessInfo, SummaryEvent } from "../../src/events.ts";
import { be16, ethernet, fragmentIpv4, fragmentIpv6, hex, ip, join, pcap } from "../../src/net/frames_testing.ts";
import { PcapngWriter } from "../../src/net/pcapng_writer.ts";
import { unknownProcess } from "../../src/process_table.ts";
import { runShell } from "./_run.ts";

const OUT = "192.0.2.9:40000 > 192.0.2.53:53";
const BACK = "192.0.2.53:53 > 192.0.2.9:40000";
const ODD = "192.0.2.9:40000 > 192.0.2.53:5300";

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const ETHERNET = 1;
const RAW = 101;

/** What a run said. */
interface Result {
  code: number;
  events: DnsEvent[];
  summary: SummaryEvent;
  err: string;
}

/** Reads a capture from standard input as JSON lines. */
async function readCapture(bytes: Uint8Array, options = ""): Promise<Result> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, bytes);
    const { code, out, err } = await runShell(`$culprit dns --json --read - ${options} < ${file}`);
    const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line));
    return { code, events: lines.slice(0, -1) as DnsEvent[], summary: lines.at(-1) as SummaryEvent, err };
  } finally {
    await Deno.remove(file);
  }
}

/** A classic capture of frames, a millisecond apart. */
function capture(frames: readonly Uint8Array[], linkType = ETHERNET): Uint8Array {
  return pcap(frames.map((frame, index) => ({ seconds: 1_700_000_000, fraction: index * 1000, frame })), { linkType });
}

/** A segment of data with its place in the stream. */
function segment(route: string, sequence: number, payload: Uint8Array, extras: PacketExtras = {}): Uint8Array {
  return ethernet(IPV4, ip(route, payload, { transport: "tcp", tcpSequence: sequence, tcpFlags: 16, ...extras }));
}

/** A message with its length prefix. */
function framed(message: Uint8Array): Uint8Array {
  return join(be16(message.length), message);
}

/** What is told of an event in short. */
function brief({ status, network, dns }: DnsEvent): string {
  const answers = dns.answers.map(({ data }) => data).join();
  return [status, network.transport, dns.question?.name, answers, dns.anomalies.join()].join(" ");
}

Deno.test("culprit dns --read - shows a transaction as live, without the process", async () => {
  const { code, events, summary, err } = await readCapture(
    capture([ethernet(IPV4, ip(OUT, query(7, "a.test"))), ethernet(IPV4, ip(BACK, response(7, "a.test")))]),
  );
  assert.equal(code, 0, err);
  assert.deepEqual(events, [{
    schema: "culprit/1",
    type: "dns",
    time: "2023-11-14T22:13:20.000000000Z",
    status: "answered",
    latency_us: 1000,
    network: {
      transport: "udp",
      family: "ipv4",
      source: { ip: "192.0.2.9", port: 40000 },
      destination: { ip: "192.0.2.53", port: 53 },
      interface: "unknown",
      direction: "egress",
    },
    dns: {
      id: 7,
      opcode: "QUERY",
      rcode: "NOERROR",
      flags: events[0]?.dns.flags,
      question: { name: "a.test", type: "A", class: "IN" },
      answers: events[0]?.dns.answers,
      authorities: [],
      additionals: [],
      anomalies: [],
      protocol: "dns",
      size: response(7, "a.test").length,
    },
  }]);
  assert.deepEqual(summary.observed, {
    frames: 2,
    frames_other: 0,
    frames_malformed: 0,
    fragments: 0,
    packets: 2,
    queries: 1,
    responses: 1,
    retransmissions: 0,
    malformed: 0,
    rejected: 0,
  });
});

const LARGE = encodeMessage({
  id: 7,
  isResponse: true,
  questions: [{ name: "a.test", type: 16 }],
  answers: Array.from(
    { length: 20 },
    (_, index) => ({ name: "a.test", type: 16, data: `"${`${index % 10}`.repeat(200)}"` }),
  ),
});
const LARGE_QUERY = query(7, "a.test", {}, 16);

const whole4 = ip(BACK, LARGE);
const OUT6 = "[2001:db8::9]:40000 > [2001:db8::53]:53";
const BACK6 = "[2001:db8::53]:53 > [2001:db8::9]:40000";

/** Captures, how many answers there are, over what. */
const CAPTURES: readonly { name: string; bytes: Uint8Array; events: readonly string[] }[] = [
  {
    name: "fragments of IPv4 behind two VLAN tags, the last first",
    bytes: capture([
      ethernet(IPV4, ip(OUT, LARGE_QUERY)),
      ...fragmentIpv4(whole4, 1400, 9).reverse().map((fragment) =>
        ethernet(0x88a8, join([0, 5], be16(0x8100), [0, 6], be16(IPV4), fragment))
      ),
    ]),
    events: ["answered udp a.test 20"],
  },
  {
    name: "fragments of IPv6",
    bytes: capture([
      ethernet(IPV6, ip(OUT6, LARGE_QUERY)),
      ...fragmentIpv6(ip(BACK6, LARGE), 1200, 9).map((fragment) => ethernet(IPV6, fragment)),
    ]),
    events: ["answered udp a.test 20"],
  },
  {
    name: "TCP, the prefix apart and the answer in three segments, the second last",
    bytes: capture([
      segment(OUT, 1000, new Uint8Array(0), { tcpFlags: 2 }),
      segment(BACK, 2000, new Uint8Array(0), { tcpFlags: 18 }),
      segment(OUT, 1000, framed(LARGE_QUERY).subarray(0, 2)),
      segment(OUT, 1002, LARGE_QUERY),
      segment(BACK, 2000, framed(LARGE).subarray(0, 1400)),
      segment(BACK, 4800, framed(LARGE).subarray(2800)),
      segment(BACK, 3400, framed(LARGE).subarray(1400, 2800)),
    ]),
    events: ["answered tcp a.test 20"],
  },
  {
    name: "Linux cooked v2",
    bytes: capture([
      join(be16(IPV4), hex("0000 00000001 0001 04 06 0200000000010000"), ip(OUT, LARGE_QUERY)),
      join(be16(IPV4), hex("0000 00000001 0001 00 06 0200000000010000"), whole4),
    ], 276),
    events: ["answered udp a.test 20"],
  },
];

for (const { name, bytes, events } of CAPTURES) {
  Deno.test(`culprit dns --read - reads ${name}`, async () => {
    const result = await readCapture(bytes);
    assert.equal(result.code, 0, result.err);
    assert.deepEqual(
      result.events.map(({ status, network, dns }) =>
        [status, network.transport, dns.question?.name, dns.answers.length].join(" ")
      ),
      events,
    );
  });
}

Deno.test("culprit dns --read - hides nothing on a port of DNS, however malformed", async () => {
  // A label, and a pointer to it.
  const loop = hex("0007 0100 0001 0000 0000 0000 01 61 c00c 0001 0001");
  const { events, summary } = await readCapture(
    capture(
      [
        ip(OUT, new Uint8Array(0)),
        ip(OUT, Uint8Array.of(1, 2, 3)),
        ip(OUT, query(8, "z.test", { flags: 0x0140 })),
        ip(OUT, query(9, "none.test", { questions: [] })),
        ip(OUT, query(10, "two.test", { questions: [{ name: "two.test", type: 1 }, { name: "b", type: 1 }] })),
        ip(OUT, loop),
        ip("192.0.2.9:137 > 192.0.2.53:53", query(11, "netbios.test")),
        ip("192.0.2.9:5353 > 192.0.2.53:5353", Uint8Array.of(1, 2, 3, 4)),
        ip("192.0.2.9:40001 > 192.0.2.53:53", new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
      ],
      RAW,
    ),
  );
  assert.equal(events.length, 9);
  assert.equal(summary.observed["rejected"], 0);
  const seen = events.map((event) => event.dns.anomalies.concat(event.query_anomalies ?? []));
  // A query from the port of NetBIOS is sound; all the others have something wrong with them.
  assert.equal(seen.filter((anomalies) => anomalies.length === 0).length, 1);
  for (const anomaly of ["header-truncated", "z-bit-set", "question-missing", "question-repeated", "pointer-loop"]) {
    assert.ok(seen.flat().includes(anomaly), `${anomaly} not in ${seen.flat()}`);
  }
});

Deno.test("culprit dns --read - finds queries on unusual ports that servers answer though they are odd", async () => {
  const split = framed(query(12, "tcp.test"));
  const { events } = await readCapture(capture([
    ethernet(IPV4, ip(ODD, query(8, "z.test", { flags: 0x0140 }))),
    ethernet(IPV4, ip(ODD, join(query(9, "more.test"), [0]))),
    ethernet(IPV4, ip(ODD, query(10, "rcode.test", { rcode: 5 }))),
    ethernet(IPV4, ip(ODD, encodeMessage({ id: 11, answers: [{ name: "record.test", type: 16, data: '"x"' }] }))),
    // The first segment ends in the header.
    segment(ODD, 1000, new Uint8Array(0), { tcpFlags: 2 }),
    segment(ODD, 1000, split.subarray(0, 3)),
    segment(ODD, 1003, split.subarray(3, 15)),
    segment(ODD, 1015, split.subarray(15)),
  ]));
  assert.deepEqual(
    events.map(brief).sort(),
    [
      "timeout tcp tcp.test  ",
      "timeout udp   question-missing,query-with-answers",
      "timeout udp more.test  trailing-bytes",
      "timeout udp rcode.test  rcode-in-query",
      "timeout udp z.test  z-bit-set",
    ].map((line) => line.replace("udp   question", 'udp  "x" question')),
  );
});

const TWO = capture([ethernet(IPV4, ip(OUT, query(7, "a.test"))), ethernet(IPV4, ip(BACK, response(7, "a.test")))]);

/** Files that cannot be read to their end, and what is said of them. */
const BROKEN: readonly { name: string; bytes: Uint8Array; events: number; said: RegExp }[] = [
  { name: "cut off in a frame", bytes: TWO.slice(0, -5), events: 1, said: /the file is cut off: \d+ octets/ },
  { name: "empty", bytes: new Uint8Array(0), events: 0, said: /the file is empty/ },
  { name: "no capture", bytes: new TextEncoder().encode("hello, world"), events: 0, said: /neither pcap nor pcapng/ },
  {
    name: "corrupt after two frames",
    bytes: join(TWO, hex("00000000 00000000 ffffff7f ffffff7f")),
    events: 1,
    said: /a record of 2147483647 octets/,
  },
  { name: "of an unknown link type", bytes: capture([query(7, "a")], 147), events: 0, said: /link type 147/ },
  {
    name: "of fragments that overlap",
    bytes: capture([...fragmentIpv4(whole4, 1400, 9).slice(0, 1), ...fragmentIpv4(whole4, 800, 9).slice(1, 2)], RAW),
    events: 0,
    said: /datagrams_/,
  },
];

for (const { name, bytes, events, said } of BROKEN) {
  Deno.test(`culprit dns --read of a file ${name} shows what can be read, warns, and ends with 3`, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, bytes);
      const text = await runShell(`$culprit dns --read ${file}`);
      assert.equal(text.code, 3, text.err);
      assert.match(text.err, said);
      const json = await readCapture(bytes);
      assert.equal(json.code, 3);
      assert.match(JSON.stringify(json.summary), said);
      assert.equal(json.events.length, events);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("culprit dns --read reads what PcapngWriter wrote, with --messages as well", async () => {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({
    application: "test",
    toEpochNs: BigInt,
    write: (bytes) => blocks.push(bytes.slice()),
  });
  writer.packet(packet(OUT, query(7, "a.test"), { interfaceName: "eth0" }));
  writer.packet(packet(BACK, response(7, "a.test"), { interfaceName: "eth0", direction: "ingress", tsNs: 5000 }));
  const bytes = join(...blocks);
  const { code, events } = await readCapture(bytes);
  assert.equal(code, 0);
  assert.deepEqual(events.map(({ status, latency_us, network }) => [status, latency_us, network.interface]), [
    ["answered", 5, "eth0"],
  ]);
  const messages = await readCapture(bytes, "--messages");
  assert.deepEqual(messages.events.map(({ type }) => type as string), ["dns.query", "dns.response"]);
});

/** A capture that says of its packets whose they were. */
function namedCapture(process: ProcessInfo): Uint8Array {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({ application: "test", toEpochNs: BigInt, write: (bytes) => blocks.push(bytes) });
  writer.packet(packet(OUT, query(7, "a.test")), process);
  writer.packet(packet(BACK, response(7, "a.test"), { direction: "ingress", tsNs: 5000 }), process);
  return join(...blocks);
}

const NAMED: ProcessInfo = { ...unknownProcess("test"), pid: 77, tid: 78, name: "curl", comm: "dns", exe: "/bin/curl" };

Deno.test("culprit dns --read tells the processes a capture names, as what the file says", async () => {
  const { code, events, err } = await readCapture(namedCapture(NAMED));
  assert.equal(code, 0, err);
  const [event] = events;
  assert.deepEqual(
    [event?.role, event?.attribution, event?.process?.pid, event?.process?.tid, event?.process?.comm],
    ["client", "file", 77, 78, "dns"],
  );
  assert.deepEqual([event?.process?.name, event?.process?.exe], ["curl", "/bin/curl"]);
  assert.equal((await readCapture(namedCapture(NAMED), "--exe curl")).events.length, 1);
  assert.equal((await readCapture(namedCapture(NAMED), "--pid 78")).events.length, 0);
});

Deno.test("culprit dns --read says that a capture names no processes where a filter asks for them", async () => {
  const { code, events, summary } = await readCapture(TWO, "--pid 77");
  assert.equal(code, 3);
  assert.equal(events.length, 0);
  assert.match(summary.not_observed.join(), /processes.*names none/);
});

Deno.test("culprit dns --read lets no control character of a process out", async () => {
  const evil = "\x1b]0;x\x07\n\u009b31m\u202e";
  const bytes = namedCapture({
    ...NAMED,
    name: evil,
    comm: evil,
    exe: `/${evil}`,
    cmdline: [evil, "\ud800"],
    user: evil,
    container: { id: "a", runtime: "b" },
  });
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, bytes);
    for (const format of ["text", "kv", "json"]) {
      const { code, out, err } = await runShell(`$culprit dns --format ${format} --read ${file}`);
      assert.equal(code, 0, err);
      const unwanted = format === "json" ? /[^\n\P{Cc}\x7f-\x9f]/u : /[^\n\P{Cc}]|\u202e/u;
      assert.doesNotMatch(out + err, unwanted);
      assert.match(out, /a\.test/);
    }
  } finally {
    await Deno.remove(file);
  }
});
