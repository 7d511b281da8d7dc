/**
 * Traffic that is not DNS and must never be reported as such.
 *
 * @module
 */

import type { Scenario } from "../scenario.ts";

/** Exchanges messages of a protocol and expects silence. */
function silent(kind: string, expects: string, count?: number): Scenario {
  return {
    name: `not-dns-${kind}`,
    expects: `${expects}: nothing`,
    run: async (stage) => {
      await stage.ask("notdns", [kind, "127.0.0.1", ...(count ? [String(count)] : [])]);
      return [];
    },
  };
}

export const NOT_DNS: Scenario[] = [
  silent("quic", "QUIC Initial and short header packets on 443", 100),
  silent("stun", "STUN binding requests", 20),
  silent("rtp", "RTP audio on even ports", 400),
  silent("ntp", "NTP client packets", 20),
  silent("snmp", "SNMP get requests", 20),
  silent("sip", "SIP OPTIONS", 20),
  silent("netbios", "NetBIOS name queries, which have the shape of DNS", 20),
  silent("dhcp", "DHCP discover", 20),
  silent("syslog", "syslog over UDP", 20),
  silent("random", "4,000 datagrams of random octets, 1 to 600 long", 2000),
  silent("http", "HTTP over TCP"),
  silent("tls", "TLS over TCP"),
  silent("tcp-random", "random octets over TCP"),
];
