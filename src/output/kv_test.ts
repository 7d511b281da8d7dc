import assert from "node:assert/strict";
import fc from "fast-check";
import { DNS_EVENT, DNS_MESSAGE_EVENT } from "../../bpf/dns/fields.ts";
import { PROCESS_EVENT } from "../../bpf/process/fields.ts";
import type { DnsEvent } from "../events.ts";
import { anyEvent } from "./arbitrary_testing.ts";
import { EXAMPLE_PROCESS, LOSS_EVENT, SUMMARY_EVENT } from "./fields.ts";
import { kvLines } from "./kv.ts";

const CLIENT =
  "COMM=ping PID=878 TGID=877 DEV=eth0 PROTO=UDP SRC=192.0.2.75 DST=192.0.2.1 SPT=41143 DPT=53 UID=0 GID=0";
const SERVER =
  "COMM=ping PID=878 TGID=877 DEV=eth0 PROTO=UDP SRC=192.0.2.1 DST=192.0.2.75 SPT=53 DPT=41143 UID=0 GID=0";
const NAME = "DNS_NAME=example.com DNS_TYPE=A";

/** The example asked by another thread than the main one. */
const EVENT: DnsEvent = { ...DNS_EVENT.example, process: { ...EXAMPLE_PROCESS, tid: 878 } };
const { rcode: _rcode, ...UNANSWERED } = { ...EVENT.dns, answers: [] };

Deno.test("kvLines() writes a line per query and per answer record", () => {
  const [answer] = EVENT.dns.answers;
  assert.ok(answer);
  const answers = [{ ...answer, type: "CNAME", data: "a.example." }, { ...answer, name: "a.example" }];
  assert.deepEqual(kvLines({ ...EVENT, dns: { ...EVENT.dns, answers } }), [
    `${CLIENT} DNS_QR=0 ${NAME}\n`,
    `${SERVER} DNS_QR=1 DNS_NAME=example.com DNS_TYPE=CNAME DNS_DATA=a.example.\n`,
    `${SERVER} DNS_QR=1 DNS_NAME=a.example DNS_TYPE=A DNS_DATA=192.0.2.80\n`,
  ]);
});

Deno.test("kvLines() gives the response code of a response without answer", () => {
  const lines = kvLines({ ...EVENT, dns: { ...EVENT.dns, rcode: "NXDOMAIN", answers: [] } });
  assert.deepEqual(lines, [`${CLIENT} DNS_QR=0 ${NAME}\n`, `${SERVER} DNS_QR=1 ${NAME} DNS_RCODE=NXDOMAIN\n`]);
});

Deno.test("kvLines() writes the query alone when nothing came", () => {
  assert.deepEqual(kvLines({ ...EVENT, status: "timeout", dns: UNANSWERED }), [`${CLIENT} DNS_QR=0 ${NAME}\n`]);
});

Deno.test("kvLines() does not invent the query of an unsolicited response", () => {
  const { source, destination } = EVENT.network;
  const network = { ...EVENT.network, source: destination, destination: source };
  assert.deepEqual(kvLines({ ...EVENT, status: "unsolicited", network }), [
    `${SERVER} DNS_QR=1 ${NAME} DNS_DATA=192.0.2.80\n`,
  ]);
});

Deno.test("kvLines() leaves empty what is not known", () => {
  const { process: _, ...orphan } = DNS_MESSAGE_EVENT.example;
  assert.deepEqual(kvLines(orphan), [
    `COMM= PID= TGID= DEV=eth0 PROTO=UDP SRC=192.0.2.75 DST=192.0.2.1 SPT=41143 DPT=53 UID= GID= DNS_QR=0 ${NAME}\n`,
  ]);
});

Deno.test("kvLines() writes process events", () => {
  assert.deepEqual(kvLines(PROCESS_EVENT.example), [
    "EVENT=exit COMM=ping PID=877 TGID=877 PPID=812 UID=0 GID=0 EXE=/usr/bin/ping CMDLINE=ping\\x20example.com " +
    "EXIT_CODE=0 RUN_TIME_US=1101100\n",
  ]);
});

Deno.test("kvLines() leaves loss and summary to standard error", () => {
  assert.deepEqual([...kvLines(LOSS_EVENT.example), ...kvLines(SUMMARY_EVENT.example)], []);
});

Deno.test("kvLines() always splits into KEY=value at spaces", () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      for (const line of kvLines(event)) {
        assert.equal(line.at(-1), "\n");
        for (const pair of line.slice(0, -1).split(" ")) {
          assert.match(pair, /^[A-Z_]+=[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u);
        }
      }
    }),
  );
});
