/**
 * A DNS server that is not on this host, as far as anybody here can tell: it answers whatever is routed to a tun device,
 * and has no socket. To be run in a network namespace of its own; ends with its standard input.
 *
 * @module
 */

import { decodeMessage, encodeMessage } from "../../src/dns/mod.ts";
import { FrameParser } from "../../src/net/ip.ts";
import { writeIpPacket } from "../../src/net/ip_writer.ts";
import { LINK_TYPE } from "../../src/net/link.ts";

/** Linux if_tun.h. */
const TUNSETIFF = 0x4004_54ca;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
const O_RDWR = 2;
/** struct ifreq: a name of 16 octets, then the flags. */
const IFREQ_SIZE = 40;

// deno-lint-ignore house/unsafe-only-in-ffi -- nothing but this test needs ioctl(2)
const { symbols: libc } = Deno.dlopen("libc.so.6", {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i64", nonblocking: true },
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" },
});

const text = new TextEncoder();
const fd = libc.open(text.encode("/dev/net/tun\0"), O_RDWR);
const request = new Uint8Array(IFREQ_SIZE);
request.set(text.encode(Deno.args[0] ?? "remote"));
new DataView(request.buffer).setUint16(16, IFF_TUN | IFF_NO_PI, true);
if (fd < 0 || libc.ioctl(fd, BigInt(TUNSETIFF), request) < 0) {
  Deno.stderr.writeSync(text.encode("cannot make a tun device\n"));
  Deno.exit(1);
}
Deno.stdout.writeSync(text.encode("ready\n"));
// Whoever started it has gone.
Deno.stdin.readable.pipeTo(new WritableStream()).finally(() => Deno.exit(0));

const parser = new FrameParser((asked) => {
  if (asked.transport !== "udp") return;
  const { id, questions } = decodeMessage(asked.payload);
  const payload = encodeMessage({
    id,
    isResponse: true,
    flags: 0x0180,
    questions,
    answers: questions.map(({ name }) => ({ name, type: 1, ttl: 60, data: "192.0.2.80" })),
  });
  const answer = writeIpPacket({
    ...asked,
    sourceAddress: asked.destinationAddress,
    destinationAddress: asked.sourceAddress,
    sourcePort: asked.destinationPort,
    destinationPort: asked.sourcePort,
    payload,
    payloadSize: payload.length,
  });
  libc.write(fd, new Uint8Array(answer), BigInt(answer.length));
});
const frame = new Uint8Array(2048);
for (;;) {
  const size = Number(await libc.read(fd, frame, BigInt(frame.length)));
  if (size <= 0) Deno.exit(1);
  parser.frame(LINK_TYPE.raw, frame.subarray(0, size), 0, 0, undefined, "");
}
