import assert from "node:assert/strict";
import { libbpf, openLibc } from "../../ffi/mod.ts";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { CapturedPacket } from "../../src/capture.ts";
import { OWNER_KIND } from "../../src/capture.ts";
import { decodeMessage, encodeMessage } from "../../src/dns/mod.ts";
import { type GlobalName, SensorRun } from "../../src/sensor.ts";
import { drainAll } from "../record_testing.ts";
import { RECORD_TYPE } from "../records.gen.ts";
import { DNS_SENSOR, DnsPacketDecoder } from "./sensor.ts";

// Opened on first use and kept: inside a test that would look like a leak.
openLibc();
libbpf();

const RING_SIZE = 1 << 22;
/** Not a port of DNS: what is seen here is seen by its content. Below the ports the kernel hands out by itself. */
const PORT = 25_353;

function start(globals: Partial<Record<GlobalName, readonly number[]>> = {}, ringSizeBytes = RING_SIZE): SensorRun {
  return SensorRun.start([DNS_SENSOR], { ringSizeBytes, globals });
}

/** Packets of the ring that go to or come from a port, copied. */
function collect(run: SensorRun, port: number): CapturedPacket[] {
  const packets: CapturedPacket[] = [];
  const decoder = new DnsPacketDecoder(() => undefined);
  drainAll(run, (type, view, base) => {
    if (type !== RECORD_TYPE.DNS_PACKET) return;
    decoder.decode(view, base, (packet) => {
      if (packet.destinationPort !== port && packet.sourcePort !== port) return;
      packets.push({
        ...packet,
        payload: packet.payload.slice(),
        sourceAddress: packet.sourceAddress.slice(),
        destinationAddress: packet.destinationAddress.slice(),
      });
    });
  });
  return packets;
}

async function bound(type: "udp4" | "udp6", port: number, address: string): Promise<Socket> {
  const socket = createSocket(type);
  socket.bind(port, address);
  await once(socket, "listening");
  return socket;
}

async function close(socket: Socket): Promise<void> {
  socket.close();
  await once(socket, "close");
}

function send(socket: Socket, payload: Uint8Array, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) =>
    socket.send(payload, port, address, (error) => error ? reject(error) : resolve())
  );
}

function query(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeMessage({ id: 4660, questions: [{ name, type: 1, class: 1 }] }));
}

const FAMILIES = [
  { name: "IPv4", type: "udp4", address: "127.0.0.1", octets: [127, 0, 0, 1] },
  { name: "IPv6", type: "udp6", address: "::1", octets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
] as const;

for (const { name, type, address, octets } of FAMILIES) {
  Deno.test(`dns sensor sees 41 ${name} datagrams once at each end, with their sender`, async () => {
    using run = start();
    const server = await bound(type, PORT, address);
    const client = createSocket(type);
    for (let index = 0; index < 41; index++) await send(client, query(`host${index}.example.test`), PORT, address);
    const packets = collect(run, PORT);
    const names = packets.filter((packet) => packet.direction === "egress")
      .map((packet) => decodeMessage(packet.payload).questions[0]?.name);
    assert.deepEqual(names, Array.from({ length: 41 }, (_, index) => `host${index}.example.test`));
    assert.equal(packets.filter((packet) => packet.direction === "ingress").length, 41);
    for (const packet of packets) {
      assert.equal(packet.owner?.tgid, Deno.pid);
      assert.equal(packet.owner?.kind, packet.direction === "egress" ? OWNER_KIND.sender : OWNER_KIND.opener);
      assert.equal(packet.owner?.uid, Deno.uid());
      assert.equal(packet.transport, "udp");
      assert.equal(packet.interfaceName, "lo");
      assert.deepEqual([...packet.destinationAddress], [...octets]);
      assert.equal(packet.payloadSize, packet.payload.length);
      assert.notEqual(packet.socketCookie, 0);
      assert.notEqual(packet.netns, 0);
    }
    await close(server);
    await close(client);
    assert.deepEqual([...run.losses()], []);
  });
}

Deno.test("dns sensor takes nothing that is not shaped like DNS", async () => {
  using run = start();
  const server = await bound("udp4", PORT, "127.0.0.1");
  const client = createSocket("udp4");
  const payloads = {
    empty: [],
    short: [1, 2, 3],
    "QUIC initial": [0xc3, 0, 0, 0, 1, 8, ...new Array(40).fill(0x5a)],
    "STUN binding": [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Array(12).fill(7)],
    text: [...new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example.test\r\n\r\n")],
    zeroes: new Array(64).fill(0),
  };
  for (const payload of Object.values(payloads)) await send(client, new Uint8Array(payload), PORT, "127.0.0.1");
  assert.equal(collect(run, PORT).length, 0);
  await close(server);
  await close(client);
});

Deno.test("dns sensor sees only the ports it was told, whatever they carry", async () => {
  using run = start({ dns_ports: [PORT + 1], dns_port_count: [1] });
  const client = createSocket("udp4");
  const listed = await bound("udp4", PORT + 1, "127.0.0.1");
  const other = await bound("udp4", PORT, "127.0.0.1");
  await send(client, query("other.test"), PORT, "127.0.0.1");
  await send(client, new TextEncoder().encode("no message at all"), PORT + 1, "127.0.0.1");
  assert.equal(collect(run, PORT).length, 0);
  await send(client, new TextEncoder().encode("no message at all"), PORT + 1, "127.0.0.1");
  assert.equal(collect(run, PORT + 1).length, 2);
  for (const socket of [client, listed, other]) await close(socket);
});

Deno.test("dns sensor hands over datagrams of every size whole", async () => {
  using run = start();
  const server = await bound("udp4", PORT, "127.0.0.1");
  const client = createSocket("udp4");
  // Around the sizes of records, and the largest that UDP can carry.
  const sizes = [19, 63, 64, 65, 127, 128, 129, 256, 257, 512, 513, 1024, 1025, 1472, 4096, 4097, 16384, 16385, 65507];
  for (const size of sizes) {
    const payload = new Uint8Array(size);
    payload.set(query("a"));
    for (let index = 19; index < size; index++) payload[index] = index * 7 & 0xff;
    await send(client, payload, PORT, "127.0.0.1");
    const [packet] = collect(run, PORT);
    assert.deepEqual(packet?.payload, payload, `${size} octets`);
  }
  await close(server);
  await close(client);
});

Deno.test("dns sensor names the holder of a socket that was there before", async () => {
  const server = await bound("udp4", PORT, "127.0.0.1");
  const client = createSocket("udp4");
  using run = start();
  // Linux 5.10 has no way to write socket storage from an iterator: user space looks the inode up.
  const byInode: number[] = [];
  const kinds: (number | undefined)[] = [];
  await send(client, query("earlier.test"), PORT, "127.0.0.1");
  const decoder = new DnsPacketDecoder((inode) => {
    byInode.push(inode);
    return { tgid: Deno.pid, startTimeNs: 1, uid: 0, gid: 0, comm: "deno" };
  });
  drainAll(run, (type, view, base) => {
    if (type !== RECORD_TYPE.DNS_PACKET) return;
    decoder.decode(view, base, (packet) => {
      if (packet.destinationPort !== PORT || packet.direction !== "ingress") return;
      assert.equal(packet.owner?.tgid, Deno.pid);
      kinds.push(packet.owner?.kind);
    });
  });
  assert.deepEqual(kinds, [OWNER_KIND.holder]);
  assert.equal(byInode.length, run.global("dns_holders_done") === 1 ? 0 : 1);
  await close(server);
  await close(client);
});

Deno.test("dns sensor counts every packet a full ring cannot take", async () => {
  using run = start({}, 4096);
  const server = await bound("udp4", PORT, "127.0.0.1");
  const client = createSocket("udp4");
  for (let index = 0; index < 97; index++) await send(client, query(`n${index}.test`), PORT, "127.0.0.1");
  const kept = collect(run, PORT).length;
  const lost = run.losses().get("ring_full") ?? 0;
  assert.ok(lost > 0, "the ring was too small");
  assert.equal(kept + lost, 2 * 97);
  await close(server);
  await close(client);
});

Deno.test("dns sensor leaves no descriptor behind", () => {
  const count = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
  start().close();
  const before = count();
  for (let round = 0; round < 5; round++) start().close();
  assert.equal(count(), before);
});
