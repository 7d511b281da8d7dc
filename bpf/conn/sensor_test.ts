import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CONN_EVENT_LOCAL_ADDRESS_OFFSET,
  CONN_EVENT_REMOTE_ADDRESS_OFFSET,
  CONN_EVENT_SIZE,
  CONN_KIND,
} from "./layout.gen.ts";
import { ConnectionDecoder, flowKeyBytes, socketBytes, socketKey } from "./sensor.ts";

/** Offsets in struct conn_event that no constant names. */
const KIND = 10;
const FAMILY = 11;
const SOCKET = 16;
const TGID = 40;

/** A record between two addresses. */
function record(kind: number, family: number, local: readonly number[], remote: readonly number[]): DataView {
  const bytes = new Uint8Array(CONN_EVENT_SIZE);
  bytes[KIND] = kind;
  bytes[FAMILY] = family;
  bytes.set(local, CONN_EVENT_LOCAL_ADDRESS_OFFSET);
  bytes.set(remote, CONN_EVENT_REMOTE_ADDRESS_OFFSET);
  return new DataView(bytes.buffer);
}

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

Deno.test("ConnectionDecoder shows addresses as they are, mapped ones as IPv4", () => {
  const cases = [
    { name: "IPv4", family: 4, local: [10, 0, 0, 1], remote: [10, 0, 0, 2], shown: "10.0.0.1 10.0.0.2 false false" },
    {
      name: "IPv6",
      family: 6,
      local: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      remote: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
      shown: "2001:db8::1 fe80::2 true false",
    },
    {
      name: "mapped",
      family: 6,
      local: [...MAPPED, 10, 0, 0, 1],
      remote: [...MAPPED, 10, 0, 0, 2],
      shown: "10.0.0.1 10.0.0.2 false true",
    },
    {
      name: "mapped, local end not bound yet",
      family: 6,
      local: [],
      remote: [...MAPPED, 10, 0, 0, 2],
      shown: "0.0.0.0 10.0.0.2 false true",
    },
    { name: "IPv6, all zeroes", family: 6, local: [], remote: [], shown: ":: :: true false" },
  ];
  for (const { name, family, local, remote, shown } of cases) {
    const { localIp, remoteIp, isIpv6, isMapped } = new ConnectionDecoder().decode(
      record(CONN_KIND.OPEN, family, local, remote),
      0,
    );
    assert.equal(`${localIp} ${remoteIp} ${isIpv6} ${isMapped}`, shown, name);
  }
});

/** The remote address and the family in the key of the flow a record tells of. */
function keyOfFlow(family: number, remote: readonly number[]): number[] {
  const flow = new ConnectionDecoder().decode(record(CONN_KIND.FLOW, family, remote, remote), 0);
  const key = flowKeyBytes({ ...flow, mapped: flow.isMapped }, 40);
  return [...key.subarray(16, 32), key[37] ?? 0];
}

Deno.test("flowKeyBytes() has the octets the kernel told the flow with", () => {
  const padding = new Array<number>(12).fill(0);
  assert.deepEqual(keyOfFlow(6, [...MAPPED, 10, 0, 0, 2]), [...MAPPED, 10, 0, 0, 2, 6]);
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (octets) => {
    assert.deepEqual(keyOfFlow(4, [...octets]), [...octets, ...padding, 4]);
  }));
  // Few values, so that runs of zeroes and what looks like an embedded IPv4 address come up.
  const octet = fc.constantFrom(0, 0, 0, 1, 0xff, 0xab);
  fc.assert(fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (octets) => {
    assert.deepEqual(keyOfFlow(6, octets), [...octets, 6]);
  }));
});

Deno.test("flowKeyBytes() has ports, protocol and socket in their places", () => {
  const flow = {
    ...{ key: "\u0001\u0002\u0003\u0004", birthNs: 5 + 2 ** 32, protocol: 17, mapped: false },
    ...{ localPort: 0x1234, remotePort: 0x5678, remoteIp: "10.0.0.2" },
  };
  const wanted = "01000200030004000500000001000000" + "0a000002000000000000000000000000" + "78563412" + "11040000";
  assert.equal(flowKeyBytes(flow, 40).toHex(), wanted);
});

Deno.test("ConnectionDecoder tells a thread that changed from what it was", () => {
  const view = record(CONN_KIND.OPEN, 4, [], []);
  const decoder = new ConnectionDecoder();
  view.setUint32(TGID, 7, true);
  const first = decoder.decode(view, 0).task;
  assert.equal(decoder.decode(view, 0).task, first);
  view.setUint32(TGID, 8, true);
  assert.equal(decoder.decode(view, 0).task?.tgid, 8);
  assert.equal(first?.tgid, 7);
});

Deno.test("socketBytes() gives back the address that socketKey() named, and the birth", () => {
  const view = record(CONN_KIND.OPEN, 4, [], []);
  const address = [0x80, 0x0a, 0xdc, 0xd8, 0x34, 0x88, 0xff, 0xff];
  new Uint8Array(view.buffer).set(address, SOCKET);
  const birthNs = 2 ** 40 + 5;
  assert.deepEqual(
    [...socketBytes(socketKey(view, SOCKET), birthNs)],
    [...address, 5, 0, 0, 0, 0, 1, 0, 0],
  );
});
