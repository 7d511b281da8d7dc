import assert from "node:assert/strict";
import fc from "fast-check";
import { CONNECTION_COLUMNS, CONNECTION_EVENT } from "../../bpf/conn/fields.ts";
import { DNS_COLUMNS, DNS_EVENT, DNS_MESSAGE_EVENT } from "../../bpf/dns/fields.ts";
import { PROCESS_COLUMNS, PROCESS_EVENT } from "../../bpf/process/fields.ts";
import { UNIX_COLUMNS } from "../../bpf/unix/fields.ts";
import { SOCKET_COLUMNS } from "../../bpf/sockets/fields.ts";
import type { ConnectionEvent, DnsEvent, ProcessEvent } from "../events.ts";
import { EDGE_COLUMNS } from "../map/fields.ts";
import { anyEvent } from "./arbitrary_testing.ts";
import { EXAMPLE_PROCESS } from "./fields.ts";
import { TextFormatter } from "./text.ts";
import { displayWidth } from "./width.ts";

/** Columns fitted to a terminal, without colours. */
function dnsTable(terminalWidth: number | undefined, colours = false): TextFormatter<typeof EITHER> {
  return new TextFormatter(DNS_COLUMNS, { terminalWidth, colours });
}

const EITHER = DNS_EVENT.example as DnsEvent | typeof DNS_MESSAGE_EVENT.example;
const EVENT = DNS_EVENT.example;
const LONG: DnsEvent = {
  ...EVENT,
  dns: { ...EVENT.dns, question: { name: `${"long".repeat(20)}.example`, type: "A", class: "IN" } },
};

/** Texts of the cells of a row that is not cut. */
function cells(event: DnsEvent): string[] {
  return DNS_COLUMNS.map((column) => column.value(event));
}

Deno.test("TextFormatter shows all columns on a wide terminal", () => {
  const table = dnsTable(130);
  assert.equal(
    table.header() + table.row(EVENT),
    "TIME         PROCESS         PID     NAME                          TYPE  PROTO SERVER          RCODE    MS     ANSWER\n" +
      "00:12:03.123 ping            877     example.com                   A     udp   192.0.2.1       NOERROR  0.81   192.0.2.80\n",
  );
});

Deno.test("TextFormatter drops columns by rank until a row fits", () => {
  const titles = (width: number): string[] => dnsTable(width).header().trim().split(/ +/);
  assert.deepEqual(titles(110), ["TIME", "PROCESS", "PID", "NAME", "TYPE", "PROTO", "SERVER", "RCODE", "MS", "ANSWER"]);
  assert.deepEqual(titles(108), titles(110));
  assert.deepEqual(titles(107), titles(105));
  assert.deepEqual(titles(105), ["TIME", "PROCESS", "PID", "NAME", "TYPE", "SERVER", "RCODE", "MS", "ANSWER"]);
  assert.deepEqual(titles(90), ["TIME", "PROCESS", "PID", "NAME", "TYPE", "RCODE", "MS", "ANSWER"]);
  assert.deepEqual(titles(80), ["TIME", "PROCESS", "PID", "NAME", "TYPE", "RCODE", "ANSWER"]);
});

Deno.test("CONNECTION_COLUMNS say on a narrow terminal what serves", () => {
  const table = new TextFormatter(CONNECTION_COLUMNS, { terminalWidth: 95, colours: false });
  const { connection } = CONNECTION_EVENT.example;
  const { remote, ...alone } = connection;
  const cases: [ConnectionEvent["connection"], string][] = [
    [connection, `${remote?.ip}:${remote?.port}`],
    [{ ...connection, direction: "inbound" }, `:${connection.local.port}<${remote?.ip}`],
    [alone, `${connection.local.ip}:${connection.local.port}`],
  ];
  const column = table.header().indexOf("ENDS");
  for (const [shown, expected] of cases) {
    const row = table.row({ ...CONNECTION_EVENT.example, connection: shown });
    assert.equal(row.slice(column).split(" ")[0], expected);
  }
  table.resize(200);
  assert.ok(!table.header().includes("ENDS"));
});

Deno.test("TextFormatter cuts cells on a terminal and nowhere else", () => {
  assert.match(dnsTable(80).row(LONG), /longlonglonglon… A/);
  assert.match(dnsTable(undefined).row(LONG), new RegExp(`${"long".repeat(20)}.example A`));
});

Deno.test("TextFormatter fits rows to a terminal that changed", () => {
  const table = dnsTable(130);
  table.resize(80);
  assert.equal(table.row(LONG), dnsTable(80).row(LONG));
});

Deno.test("TextFormatter colours cells only where asked", () => {
  const failed: DnsEvent = { ...EVENT, dns: { ...EVENT.dns, rcode: "SERVFAIL" } };
  assert.ok(dnsTable(130, true).row(failed).includes("\x1b[31mSERVFAIL\x1b[0m"));
  assert.ok(!(dnsTable(130, false).row(failed) + dnsTable(130, false).header()).includes("\x1b"));
});

Deno.test("TextFormatter rows hold no control character and fit the terminal, whatever processes say", () => {
  const table = dnsTable(80);
  const processes = new TextFormatter(PROCESS_COLUMNS, { terminalWidth: 80, colours: false });
  const sockets = new TextFormatter(SOCKET_COLUMNS, { terminalWidth: 80, colours: false });
  const connections = new TextFormatter(CONNECTION_COLUMNS, { terminalWidth: 80, colours: false });
  const unix = new TextFormatter(UNIX_COLUMNS, { terminalWidth: 80, colours: false });
  const edges = new TextFormatter(EDGE_COLUMNS, { terminalWidth: 80, colours: false });
  fc.assert(
    fc.property(anyEvent, (event) => {
      if (event.type === "loss" || event.type === "summary" || event.type === "who") return;
      const row = event.type === "process"
        ? processes.row(event)
        : event.type === "socket"
        ? sockets.row(event)
        : event.type === "connection"
        ? connections.row(event)
        : event.type === "unix"
        ? unix.row(event)
        : event.type === "edge"
        ? edges.row(event)
        : table.row(event);
      assert.equal(row.at(-1), "\n");
      assert.doesNotMatch(row.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.ok(displayWidth(row.slice(0, -1)) <= 80);
    }),
  );
});

Deno.test("DNS_COLUMNS say what is remarkable", () => {
  const { rcode: _, ...query } = { ...EVENT.dns, answers: [] };
  const { latency_us: __, ...noLatency } = EVENT;
  const retried: DnsEvent = { ...noLatency, status: "timeout", retransmissions: 2, dns: query };
  assert.deepEqual(cells(retried).slice(7), ["timeout", "-", "(sent 3 times)"]);
  const server: DnsEvent = { ...EVENT, role: "server", cache: true, latency_us: 25_300 };
  assert.deepEqual(cells(server).slice(8), ["25.3", "192.0.2.80 (asked by 192.0.2.75) (cached)"]);
  const upstream: DnsEvent = { ...EVENT, on_behalf_of: { process: EXAMPLE_PROCESS, confidence: "likely" } };
  assert.equal(cells(upstream)[9], "192.0.2.80 (for ping[877]?)");
  const [answer] = EVENT.dns.answers;
  assert.ok(answer);
  const alias = {
    ...EVENT,
    dns: { ...EVENT.dns, answers: [{ ...answer, type: "CNAME", data: "b.example." }, answer] },
  };
  assert.equal(cells(alias)[9], "CNAME b.example. 192.0.2.80");
});

Deno.test("DNS_COLUMNS name the server with its port where that is not 53", () => {
  const to = (ip: string, port: number, family: "ipv4" | "ipv6"): string | undefined =>
    cells({ ...EVENT, network: { ...EVENT.network, family, destination: { ip, port } } })[6];
  assert.equal(to("192.0.2.1", 53, "ipv4"), "192.0.2.1");
  assert.equal(to("192.0.2.1", 5300, "ipv4"), "192.0.2.1:5300");
  assert.equal(to("2001:db8::1", 53, "ipv6"), "2001:db8::1");
  assert.equal(to("2001:db8::1", 5353, "ipv6"), "[2001:db8::1]:5353");
});

Deno.test("PROCESS_COLUMNS say how a process ended", () => {
  const last = (event: ProcessEvent): string | undefined => PROCESS_COLUMNS.at(-1)?.value(event);
  const { exit_code: _, ...killed } = PROCESS_EVENT.example;
  assert.equal(last(PROCESS_EVENT.example), "exit 0 after 1.10 s");
  assert.equal(
    last({ ...killed, signal: "SIGSEGV", core_dumped: true, run_time_us: 1234 }),
    "SIGSEGV (core dumped) after 1.23 ms",
  );
  assert.equal(last({ ...killed, event: "exec" }), "ping example.com");
  const cut = { ...EXAMPLE_PROCESS, cmdline_truncated: true } as const;
  assert.equal(last({ ...killed, event: "exec", process: cut }), "ping example.com ...");
});
