/**
 * Times `culprit dns --read` on a capture of many messages beside tshark and tcpdump:
 * `deno run -A tests/bench/read.ts [--messages 1000000] [--tshark-messages 100000] [--runs 3] [--way bundle|sources|PROGRAM]`.
 *
 * The capture is made here with the encoder: queries and their responses over UDP, of one answer, of six, of an alias,
 * of a name that does not exist, and in every eighth transaction with EDNS. It is not kept. All read the same file but
 * tshark, which gets the first of its messages; output goes to /dev/null. The fastest run of each counts. On a busy
 * machine look at the CPU time: the time of the wall is then that of the others.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { encodeMessage, type EncodeRecord } from "../../src/dns/mod.ts";
import { writeIpPacket } from "../../src/net/ip_writer.ts";
import { writeStdout } from "../../src/output/stdio.ts";
import { culpritCommand, machine, ROOT } from "./_tools.ts";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "1000000" },
    "tshark-messages": { type: "string", default: "100000" },
    runs: { type: "string", default: "3" },
    way: { type: "string", default: "bundle" },
  },
});

/** Link type of frames that begin with an IP header. */
const LINKTYPE_RAW = 101;

/** Octets gathered before they are written. */
const BUFFER_SIZE = 1 << 20;

/** Messages in a second of the capture. */
const MESSAGES_PER_SECOND = 20_000;

/** Clients and ports of the capture: enough for no two open queries to be the same. */
const CLIENTS = 50;
const PORTS = 20_000;

const EDNS: EncodeRecord = { name: ".", type: 41, class: 1232, ttl: 0x8000, data: "", fields: { options: [] } };

/** Answers to the name of a transaction, by its number. */
function answersOf(index: number, name: string): EncodeRecord[] {
  const address = (last: number): EncodeRecord => ({
    name,
    type: 1,
    ttl: 300,
    data: `198.51.${index >> 8 & 255}.${last}`,
  });
  if (index % 4 === 0) return Array.from({ length: 6 }, (_, last) => address(last));
  if (index % 4 === 1) {
    const target = `edge-${index & 1023}.cdn.example.net`;
    return [{ name, type: 5, ttl: 60, data: target }, { ...address(1), name: target }];
  }
  return index % 4 === 2 ? [address(1)] : [];
}

/** Query and response of a transaction. */
function exchange(index: number): [query: Uint8Array, response: Uint8Array] {
  const name = `host-${index % 5000}.service-${index % 77}.example.com`;
  const questions = [{ name, type: 1 }];
  const additionals = index % 8 === 0 ? [EDNS] : [];
  const answers = answersOf(index, name);
  const id = index * 7919 & 0xffff;
  const rcode = answers.length === 0 ? 3 : 0;
  return [
    encodeMessage({ id, flags: 0x0100, questions, additionals }),
    encodeMessage({ id, isResponse: true, flags: 0x0180, rcode, questions, answers, additionals }),
  ];
}

/** A message in its packet. */
function packetOf(index: number, payload: Uint8Array, isResponse: boolean): Uint8Array {
  const client = Uint8Array.of(10, 0, 1, index % CLIENTS);
  const server = Uint8Array.of(10, 0, 0, 53);
  const port = 20_000 + index % PORTS;
  return writeIpPacket({
    tsNs: 0,
    transport: "udp",
    family: 4,
    sourceAddress: isResponse ? server : client,
    destinationAddress: isResponse ? client : server,
    sourcePort: isResponse ? 53 : port,
    destinationPort: isResponse ? port : 53,
    direction: "egress",
    socketCookie: 0,
    netns: 0,
    interfaceName: "",
    payload,
    payloadSize: payload.length,
  });
}

/** Writes a capture of so many messages. */
function makeCapture(path: string, messages: number): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  const buffer = new Uint8Array(BUFFER_SIZE);
  const view = new DataView(buffer.buffer);
  let used = 0;
  const flush = (): void => {
    for (let written = 0; written < used;) written += file.writeSync(buffer.subarray(written, used));
    used = 0;
  };
  const words = (...numbers: number[]): void => {
    for (const number of numbers) {
      view.setUint32(used, number, true);
      used += 4;
    }
  };
  words(0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, LINKTYPE_RAW);
  for (let count = 0; count < messages; count += 2) {
    for (const [offset, payload] of exchange(count / 2).entries()) {
      const packet = packetOf(count / 2, payload, offset === 1);
      if (used + 16 + packet.length > BUFFER_SIZE) flush();
      const at = count + offset;
      const micros = Math.floor(at % MESSAGES_PER_SECOND * 1e6 / MESSAGES_PER_SECOND);
      words(1_790_000_000 + Math.floor(at / MESSAGES_PER_SECOND), micros, packet.length, packet.length);
      buffer.set(packet, used);
      used += packet.length;
    }
  }
  flush();
}

/** What a run took, seconds. */
interface Times {
  readonly wall: number;
  readonly cpu: number;
}

/** Runs a command with its output to /dev/null. */
function time(command: readonly string[]): Times {
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" 2>&3 >/dev/null';
  const { success, stderr } = new Deno.Command("bash", {
    args: ["-c", `exec 3>/dev/null; ${script}`, "bash", ...command],
    stdout: "null",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).outputSync();
  const text = new TextDecoder().decode(stderr).trim();
  if (!success) throw new Error(`${command.join(" ")}: ${text}`);
  const [wall = 0, user = 0, system = 0] = text.split(/\s+/).map(Number);
  return { wall, cpu: user + system };
}

/** The fastest of some runs. */
function fastest(command: readonly string[]): Times {
  const runs = Array.from({ length: Number(values.runs) }, () => time(command));
  return { wall: Math.min(...runs.map(({ wall }) => wall)), cpu: Math.min(...runs.map(({ cpu }) => cpu)) };
}

/** Figures of one command. */
interface Row extends Times {
  readonly name: string;
  readonly messages: number;
}

/** How many times as fast one command is as another, a message: by CPU time, and by the wall in parentheses. */
function ratios(slow: Row, fast: Row): string {
  const per = (row: Row, what: keyof Times): number => row[what] / row.messages;
  const [cpu, wall] = (["cpu", "wall"] as const).map((what) => (per(slow, what) / per(fast, what)).toFixed(2));
  return `${cpu} (${wall})`;
}

const directory = Deno.makeTempDirSync({ prefix: "culprit-bench-" });
try {
  const all = Number(values.messages);
  const some = Math.min(all, Number(values["tshark-messages"]));
  const [whole, part] = [`${directory}/whole.pcap`, `${directory}/part.pcap`];
  makeCapture(whole, all);
  makeCapture(part, some);
  const culprit = values.way.includes("/") ? [values.way] : culpritCommand(values.way);
  const read = [...culprit, "dns", "--json", "--read"];
  const rows: [name: string, messages: number, command: string[]][] = [
    ["culprit dns --read, a line a transaction", all, [...read, whole]],
    ["culprit dns --read --messages, a line a message", all, [...read, whole, "--messages"]],
    ["culprit dns --read --messages", some, [...read, part, "--messages"]],
    ["tcpdump -nr", all, ["tcpdump", "-nr", whole]],
    ["tshark -n -T ek -r", some, ["tshark", "-n", "-T", "ek", "-r", part]],
  ];
  const taken = rows.map(([name, messages, command]) => ({ name, messages, ...fastest(command) }));
  const [tcpdump, tshark] = taken.slice(-2) as [Row, Row];
  const table = taken.map((row) => {
    const rate = Math.round(row.messages / row.cpu / 1000);
    const [toTshark, toTcpdump] = [ratios(tshark, row), ratios(tcpdump, row)];
    return `| ${row.name} | ${row.messages} | ${row.wall.toFixed(2)} s | ${row.cpu.toFixed(2)} s | ${rate},000 | ` +
      `${toTshark} | ${toTcpdump} |`;
  });
  const size = Deno.statSync(whole).size / 2 ** 20;
  writeStdout(
    `${machine()}\n${size.toFixed(0)} MiB of ${all} messages, culprit from ${values.way.replace(`${ROOT}/`, "")}\n\n` +
      "| command | messages | wall | CPU | messages/s of CPU | times tshark, CPU (wall) | times tcpdump, CPU (wall) |\n" +
      `| --- | --- | --- | --- | --- | --- | --- |\n${table.join("\n")}\n`,
  );
} finally {
  rmSync(directory, { recursive: true });
}
