/**
 * Follows the DNS lookups of this host, for the names its addresses were got from.
 *
 * @module
 */

import { DNS_SENSOR, DnsPacketDecoder } from "../../bpf/dns/sensor.ts";
import { DnsTracker } from "../correlation/tracker.ts";
import type { DnsTransaction } from "../correlation/types.ts";
import type { Sensor } from "../sensor.ts";
import { AddressNames } from "./names.ts";

/** Of the DNS sensor what sees answers on their way to a socket that asked: the rest would only cost. */
export const NAMES_SENSOR: Sensor = {
  ...DNS_SENSOR,
  programs: DNS_SENSOR.programs.filter(({ hook }) => hook.startsWith("cgroup_skb/")),
};

/** Ports of DNS, mDNS and LLMNR: only there are names looked for, which costs other traffic least. */
const DNS_PORTS = [53, 5353, 5355];

/** What {@linkcode NAMES_SENSOR} is started with. */
export const NAMES_GLOBALS = { dns_ports: DNS_PORTS, dns_port_count: [DNS_PORTS.length] } as const;

/** Answers later than this belong to nothing. */
const TIMEOUT_MS = 5000;

const TYPE_A = 1;
const TYPE_AAAA = 28;

/** Makes names of the packets of {@linkcode NAMES_SENSOR}. */
export class Lookups {
  /** The names so far. */
  readonly names = new AddressNames();
  readonly #packets = new DnsPacketDecoder(() => undefined);
  readonly #tracker: DnsTracker;
  readonly #onPacket: DnsTracker["packet"];

  /** @param onLookup told each lookup that ended, after its names were noted */
  constructor(onLookup: (transaction: DnsTransaction) => void = () => {}) {
    this.#tracker = new DnsTracker({
      timeoutMs: TIMEOUT_MS,
      messages: false,
      onTransaction: (transaction) => {
        this.#note(transaction);
        onLookup(transaction);
      },
    });
    this.#onPacket = this.#tracker.packet.bind(this.#tracker);
  }

  /** What was counted so far. */
  get counters(): DnsTracker["counters"] {
    return this.#tracker.counters;
  }

  /** What the summary tells of the names; those dropped were forgotten for newer ones, which is no loss of events. */
  get observed(): Record<string, number> {
    return { names_dropped: this.names.evicted };
  }

  /**
   * Takes a record of type DNS_PACKET.
   *
   * @param view memory that holds the record
   * @param base offset of the record in `view`
   */
  packet(view: DataView, base: number): void {
    this.#packets.decode(view, base, this.#onPacket);
  }

  /** @param nowNs up to when all records were handed over */
  tick(nowNs: number): void {
    this.#tracker.tick(nowNs);
  }

  /** @param nowNs when the run ended */
  finish(nowNs: number): void {
    this.#tracker.flush(nowNs);
  }

  /** @param nowNs when records were lost */
  noteLoss(nowNs: number): void {
    this.#tracker.noteLoss(nowNs);
  }

  /** Notes the addresses of an answer under the name that was asked for. */
  #note({ query, response, client }: DnsTransaction): void {
    const name = query?.message.questions[0]?.name ?? response?.message.questions[0]?.name;
    if (response === undefined || name === undefined) return;
    for (const { type, data } of response.message.answers) {
      if (type === TYPE_A || type === TYPE_AAAA) this.names.add(client?.tgid, name, data, response.tsNs);
    }
  }
}
