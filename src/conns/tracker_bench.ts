/**
 * Cost of following connections: each iteration hands in the records of 1,000 connections whose ends are both on this
 * host, and makes four JSON lines of each.
 *
 * @module
 */

import {
  CONN_EVENT_COMM_OFFSET,
  CONN_EVENT_LOCAL_ADDRESS_OFFSET,
  CONN_EVENT_REMOTE_ADDRESS_OFFSET,
  CONN_EVENT_SIZE,
  CONN_FLAG,
  CONN_KIND,
  CONN_STATE,
} from "../../bpf/conn/layout.gen.ts";
import { ConnectionDecoder } from "../../bpf/conn/sensor.ts";
import { FileClock } from "../host/clock.ts";
import { EXAMPLE_PROCESS } from "../output/fields.ts";
import { JsonEncoder } from "../output/json.ts";
import { ConnectionEventBuilder } from "./event.ts";
import { AddressNames } from "./names.ts";
import { ConnectionTracker } from "./tracker.ts";
import type { TaskIdentity } from "./types.ts";

const CONNECTIONS = 1000;
const LOOPBACK = 0x7f000001;
const SERVER_PORT = 80;

/** Octets of records, one after the other. */
class Records {
  readonly #view: DataView<ArrayBuffer>;
  readonly #decoder = new ConnectionDecoder();
  #count = 0;

  constructor(max: number) {
    this.#view = new DataView(new ArrayBuffer(max * CONN_EVENT_SIZE));
  }

  /** Adds a record of one end; its socket is that of the number. */
  add(kind: number, socket: number, isClient: boolean, tgid: number, port: number, flags = 0): void {
    const base = CONN_EVENT_SIZE * this.#count++;
    const view = this.#view;
    view.setUint32(base, this.#count * 1000, true);
    view.setUint8(base + 10, kind);
    view.setUint8(base + 11, 4);
    view.setUint32(base + 12, 4_026_531_840, true);
    view.setUint32(base + 16, socket * 64, true);
    view.setUint32(base + 20, 0xffff_8881, true);
    view.setUint32(base + 24, kind === CONN_KIND.ACCEPT ? 0 : 1, true);
    view.setUint32(base + 32, tgid, true);
    view.setUint32(base + 40, tgid, true);
    view.setUint32(base + 44, tgid, true);
    view.setUint32(base + 56, isClient ? 1 : 0, true);
    view.setUint32(base + 64, 2, true);
    view.setUint32(base + 72, 100, true);
    view.setUint32(base + 80, 100, true);
    view.setUint32(base + 88, 100, true);
    view.setUint32(base + 96, 100, true);
    view.setUint32(base + 104, 5, true);
    view.setUint32(base + 108, 5, true);
    view.setUint32(base + 120, isClient ? port : 7, true);
    view.setUint32(base + 124, isClient ? 7 : port, true);
    view.setUint16(base + 128, isClient ? port : SERVER_PORT, true);
    view.setUint16(base + 130, isClient ? SERVER_PORT : port, true);
    view.setUint8(base + 134, 6);
    view.setUint8(base + 135, 1);
    view.setUint8(base + 136, CONN_STATE.LAST_ACK);
    view.setUint8(base + 137, flags);
    view.setUint8(base + CONN_EVENT_COMM_OFFSET, 0x61 + tgid % 26);
    view.setUint32(base + CONN_EVENT_LOCAL_ADDRESS_OFFSET, LOOPBACK);
    view.setUint32(base + CONN_EVENT_REMOTE_ADDRESS_OFFSET, LOOPBACK);
  }

  /** Hands over all. */
  feed(tracker: ConnectionTracker): void {
    for (let index = 0; index < this.#count; index++) {
      tracker.record(this.#decoder.decode(this.#view, index * CONN_EVENT_SIZE));
    }
  }
}

const records = new Records(5 * CONNECTIONS);
for (let index = 0; index < CONNECTIONS; index++) {
  const client = 2 * index;
  const server = client + 1;
  const port = 20_000 + index;
  records.add(CONN_KIND.OPEN, client, true, 1000, port);
  records.add(CONN_KIND.PASSIVE, server, false, 0, port, CONN_FLAG.PASSIVE);
  records.add(CONN_KIND.ACCEPT, server, false, 2000, port, CONN_FLAG.PASSIVE);
  records.add(CONN_KIND.CLOSE, server, false, 2000, port, CONN_FLAG.PASSIVE | CONN_FLAG.LOCAL_FIRST);
  records.add(CONN_KIND.CLOSE, client, true, 1000, port, CONN_FLAG.REMOTE_FIRST);
}

const encoder = new JsonEncoder();
const processes = new Map([1000, 2000].map((pid) => [pid, Object.freeze({ ...EXAMPLE_PROCESS, pid })]));
const resolve = ({ tgid }: TaskIdentity): typeof EXAMPLE_PROCESS => processes.get(tgid) ?? EXAMPLE_PROCESS;
const octets = new Uint8Array(256 * 1024);
const utf8 = new TextEncoder();
let text = "";
let lines = 0;
const tracker = new ConnectionTracker({
  counters: { flow: () => undefined, takeFlow: () => undefined, takeUsage: () => undefined },
  resolve,
  keepMs: 0,
  onEvent: (name, connection, tsNs) => {
    lines++;
    text += encoder.encode(builder.event(name, connection, tsNs));
    if (text.length < 65_536) return;
    utf8.encodeInto(text, octets);
    text = "";
  },
});
const builder = new ConnectionEventBuilder({
  clock: new FileClock(0n),
  resolve,
  listenerOf: (connection) => tracker.listenerOf(connection),
  names: new AddressNames(),
  isUsageKnown: true,
});

Deno.bench("1,000 connections, both ends here, as 4,000 JSON lines", () => {
  lines = 0;
  records.feed(tracker);
  tracker.tick(Infinity);
  if (lines !== 4 * CONNECTIONS) throw new Error(`${lines} lines`);
});
