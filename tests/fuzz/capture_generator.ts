/**
 * Capture files of DNS over everything that can carry it, from a seed.
 *
 * @module
 */

import { packet, type PacketExtras } from "../../src/correlation/tracker_testing.ts";
import { be16, ethernet, fragmentIpv4, fragmentIpv6, ip, join, pcap } from "../../src/net/frames_testing.ts";
import { PcapngWriter } from "../../src/net/pcapng_writer.ts";
import { generateMessage, mutate } from "./generator.ts";
import type { Random } from "./random.ts";

const SYN = 2;
const FIN = 1;

/** Ends of flows: both families, ports of DNS, one that is not, one of NetBIOS. */
const FLOWS: readonly (readonly [string, string])[] = [
  ["10.0.0.2:40000", "10.0.0.53:53"],
  ["10.0.0.2:40001", "10.0.0.53:5300"],
  ["10.0.0.2:5353", "224.0.0.251:5353"],
  ["10.0.0.2:5355", "224.0.0.252:5355"],
  ["10.0.0.2:137", "10.0.0.53:53"],
  ["[2001:db8::2]:40000", "[2001:db8::53]:53"],
];

/** A message that may be damaged. */
function message(random: Random): Uint8Array {
  const sound = generateMessage(random).subarray(0, 4000);
  return random.chance(0.3) ? mutate(random, sound).subarray(0, 4000) : sound;
}

/** IP packets of one direction of a TCP connection: in pieces, sometimes out of order, with repetitions or holes. */
function stream(random: Random, route: string): Uint8Array[] {
  const bytes = join(...Array.from({ length: 1 + random.below(3) }, () => {
    const body = message(random);
    return join(be16(random.chance(0.95) ? body.length : random.below(65_536)), body);
  }));
  const start = random.chance(0.2) ? 0xffff_ff00 + random.below(256) : random.below(0x1_0000_0000);
  const segment = (from: number, to: number, tcpFlags: number): Uint8Array => {
    const extras: PacketExtras = { transport: "tcp", tcpSequence: start + from >>> 0, tcpFlags };
    return ip(route, bytes.subarray(from, to), extras);
  };
  const packets: Uint8Array[] = random.chance(0.7) ? [segment(0, 0, SYN)] : [];
  const step = random.pick([1, 2, 3, 40, 500, 1400]);
  for (let from = 0; from < bytes.length && packets.length < 60; from += step) {
    if (random.chance(0.05)) continue;
    packets.push(segment(from, Math.min(bytes.length, from + step + (random.chance(0.1) ? 5 : 0)), 16));
    if (random.chance(0.1)) packets.push(packets[random.below(packets.length)] as Uint8Array);
  }
  if (random.chance(0.5)) packets.push(segment(bytes.length, bytes.length, FIN));
  if (random.chance(0.2)) packets.reverse();
  return packets;
}

/** IP packets of one exchange. */
function packets(random: Random): Uint8Array[] {
  const [client, server] = random.pick(FLOWS);
  const route = random.chance(0.5) ? `${client} > ${server}` : `${server} > ${client}`;
  if (random.chance(0.3)) return stream(random, route);
  const whole = ip(route, message(random));
  if (random.chance(0.7)) return [whole];
  const size = 8 * (1 + random.below(80));
  const id = random.below(4);
  const fragments = client.startsWith("[") ? fragmentIpv6(whole, size, id) : fragmentIpv4(whole, size, id);
  return random.chance(0.5) ? fragments : fragments.reverse();
}

/** A packet in the frame of a link type. */
function frame(random: Random, linkType: number, bytes: Uint8Array): Uint8Array {
  const type = bytes[0] === undefined || bytes[0] >>> 4 === 4 ? 0x0800 : 0x86dd;
  if (linkType === 1) {
    const tags = Array.from({ length: random.chance(0.8) ? 0 : random.below(10) }, () => [0x81, 0, 0, 5]).flat();
    return tags.length === 0 ? ethernet(type, bytes) : ethernet(0x8100, join(tags.slice(2), be16(type), bytes));
  }
  if (linkType === 113) return join([0, random.below(5), 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], be16(type), bytes);
  if (linkType === 276) return join(be16(type), [0, 0, 0, 0, 0, 1, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0], bytes);
  if (linkType === 0) return join([type === 0x0800 ? 2 : 10, 0, 0, 0], bytes);
  if (linkType === 9) return join([0xff, 3, 0, type === 0x0800 ? 0x21 : 0x57], bytes);
  return bytes;
}

/** Captures in blocks, as `--write` makes them. */
function nextGeneration(random: Random): Uint8Array {
  const blocks: Uint8Array[] = [];
  const writer = new PcapngWriter({
    application: "fuzz",
    toEpochNs: BigInt,
    write: (bytes) => blocks.push(bytes.slice()),
  });
  for (let count = 1 + random.below(10); count > 0; count--) {
    const [client, server] = random.pick(FLOWS);
    writer.packet(
      packet(`${client} > ${server}`, message(random), {
        tsNs: random.next(),
        interfaceName: random.pick(["lo", "eth0"]),
      }),
    );
  }
  return join(...blocks);
}

/**
 * @param random where chance comes from
 * @returns a sound capture file; what is in it may not be
 */
export function generateCapture(random: Random): Uint8Array {
  if (random.chance(0.3)) return nextGeneration(random);
  const linkType = random.pick([1, 1, 1, 101, 113, 276, 0, 9, 147]);
  const all = Array.from({ length: 1 + random.below(5) }, () => packets(random)).flat();
  const frames = all.map((bytes, index) => ({
    seconds: 1_700_000_000 + (random.chance(0.02) ? random.below(100) : 0),
    fraction: index,
    frame: frame(random, linkType, bytes),
  }));
  const magic = random.pick([0xa1b2c3d4, 0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34]);
  return pcap(frames, { linkType, magic, isLittle: random.chance(0.7) });
}

/**
 * @param random where chance comes from
 * @param bytes a capture file, not changed
 * @returns the file with some changes
 */
export function mutateCapture(random: Random, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  for (let count = random.below(6); count > 0 && changed.length > 0; count--) {
    const at = random.below(changed.length);
    changed[at] = random.chance(0.5)
      ? (changed[at] as number) ^ 1 << random.below(8)
      : random.pick([0, 1, 63, 192, 255]);
  }
  if (random.chance(0.2)) return changed.subarray(0, random.below(changed.length + 1));
  if (random.chance(0.1)) {
    const at = random.below(changed.length + 1);
    return join(changed.subarray(0, at), random.octets(random.below(40)), changed.subarray(at));
  }
  return changed;
}
