import assert from "node:assert/strict";
import { type CapturedPacket, OWNER_KIND } from "../../src/capture.ts";
import { readRecord } from "../record_testing.ts";
import { DNS_OWNER, DNS_PACKET_EVENT_SIZE, DNS_PACKET_FLAG } from "./layout.gen.ts";
import { DnsPacketDecoder, type SocketOwnerLookup } from "./sensor.ts";

const HERE = new URL(".", import.meta.url);
const BASE = 16;

/** Decodes a record into plain values. */
function decode(view: DataView, findOwner: SocketOwnerLookup = () => undefined): unknown[] {
  const packets: unknown[] = [];
  new DnsPacketDecoder(findOwner).decode(view, BASE, (packet: CapturedPacket) => {
    packets.push({
      ...packet,
      sourceAddress: [...packet.sourceAddress],
      destinationAddress: [...packet.destinationAddress],
      payload: packet.payload.toHex(),
    });
  });
  return packets;
}

for (const name of ["udp4_query", "udp4_answer", "tcp6_query", "tcp6_answer", "tcp6_end"]) {
  Deno.test(`DnsPacketDecoder reads a captured ${name}`, () => {
    const wanted = JSON.parse(Deno.readTextFileSync(new URL(`testdata/${name}.json`, HERE)));
    assert.deepEqual(decode(readRecord(HERE, name, BASE)), wanted);
  });
}

/** A captured query with one field changed. */
function changed(change: (view: DataView) => void): DataView {
  const view = readRecord(HERE, "udp4_query", BASE);
  change(view);
  return view;
}

Deno.test("DnsPacketDecoder tells a cut packet by its size", () => {
  const [packet] = decode(changed((view) => view.setUint32(BASE + 12, 9000, true))) as [{ payloadSize: number }];
  assert.equal(packet.payloadSize, 9000);
});

Deno.test("DnsPacketDecoder takes a datagram with segmentation offload apart", () => {
  // gso_size 20 of 38 octets: two messages, the last one shorter.
  const packets = decode(changed((view) => view.setUint32(BASE + 68, 20, true))) as { payload: string }[];
  const whole = (decode(readRecord(HERE, "udp4_query", BASE)) as { payload: string }[])[0]?.payload ?? "";
  assert.deepEqual(packets.map(({ payload }) => payload), [whole.slice(0, 40), whole.slice(40)]);
});

for (const kind of [DNS_OWNER.SENDER, DNS_OWNER.NONE]) {
  Deno.test(`DnsPacketDecoder tells whether the socket is connected, with an owner of kind ${kind}`, () => {
    const view = changed((view) => {
      view.setUint16(BASE + 10, DNS_PACKET_FLAG.CONNECTED, true);
      view.setUint8(BASE + 79, kind);
    });
    const [packet] = decode(view) as [CapturedPacket];
    assert.equal(packet.isConnected, true);
  });
}

Deno.test("DnsPacketDecoder asks for the owner of a socket the kernel does not know", () => {
  const view = changed((view) => {
    view.setUint8(BASE + 79, DNS_OWNER.NONE);
    view.setUint32(BASE + 24, 4711, true);
  });
  const owner = { tgid: 5, startTimeNs: 6, uid: 7, gid: 8, comm: "older" };
  const [packet] = decode(view, (inode) => inode === 4711 ? owner : undefined) as [{ owner: unknown }];
  assert.deepEqual(packet.owner, { ...owner, tid: 5, kind: OWNER_KIND.holder });
  assert.ok(!("owner" in (decode(view)[0] as object)));
});

Deno.test("DnsPacketDecoder throws RangeError where a record is cut", () => {
  const whole = readRecord(HERE, "udp4_query", BASE);
  assert.throws(() => decode(new DataView(whole.buffer.slice(0, BASE + DNS_PACKET_EVENT_SIZE + 3))), RangeError);
});

Deno.test("OWNER_KIND of the captured packet has the numbers of the kernel side", () => {
  assert.deepEqual(
    Object.fromEntries(Object.entries(OWNER_KIND).map(([name, number]) => [name.toUpperCase(), number])),
    { ...DNS_OWNER },
  );
});
