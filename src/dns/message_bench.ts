import { Buffer } from "node:buffer";
import packet from "dns-packet";
import dns2 from "dns2";
import { HOSTILE, ONE_ANSWER, QUERY, REFERRAL, SIX_ANSWERS } from "./_fixtures.ts";
import { decodeMessage, encodeMessage, scoreDns, tryDecodeMessage } from "./mod.ts";

const FIXTURES = { query: QUERY, "1 answer": ONE_ANSWER, "6 answers": SIX_ANSWERS, "DNSSEC referral": REFERRAL };

for (const [group, bytes] of Object.entries(FIXTURES)) {
  const buffer = Buffer.from(bytes);
  Deno.bench({ name: `culprit: ${group}`, group, baseline: true, fn: () => void decodeMessage(bytes) });
  Deno.bench({ name: `dns-packet: ${group}`, group, fn: () => void packet.decode(buffer) });
  Deno.bench({ name: `dns2: ${group}`, group, fn: () => void dns2.Packet.parse(buffer) });
}

// The others refuse or mistake this one: dns-packet reads 127 labels for each record, dns2 as well.
const hostile = Buffer.from(HOSTILE);
Deno.bench({
  name: "culprit: 64 KiB hostile",
  group: "64 KiB hostile",
  baseline: true,
  fn: () => void decodeMessage(HOSTILE),
});
Deno.bench({ name: "dns-packet: 64 KiB hostile", group: "64 KiB hostile", fn: () => void packet.decode(hostile) });
Deno.bench({ name: "dns2: 64 KiB hostile", group: "64 KiB hostile", fn: () => void dns2.Packet.parse(hostile) });

Deno.bench({ name: "tryDecodeMessage(): 6 answers", fn: () => void tryDecodeMessage(SIX_ANSWERS) });
Deno.bench({ name: "scoreDns(): query", fn: () => void scoreDns(QUERY) });
Deno.bench({ name: "scoreDns(): 6 answers", fn: () => void scoreDns(SIX_ANSWERS) });
const message = decodeMessage(SIX_ANSWERS);
Deno.bench({ name: "encodeMessage(): 6 answers", fn: () => void encodeMessage(message) });
