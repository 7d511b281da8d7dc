import assert from "node:assert/strict";
import { UNIX_EVENT_COMM_OFFSET, UNIX_EVENT_PATH_OFFSET, UNIX_EVENT_SIZE, UNIX_FLAG, UNIX_KIND } from "./layout.gen.ts";
import { UNIX_SENSOR, UnixDecoder, unixSensorFor } from "./sensor.ts";

/** Offsets in struct unix_event that no constant names. */
const KIND = 10;
const FLAGS = 11;
const SOCKET = 16;
const TGID = 40;
const PEER_TGID = 64;
const PATH_SIZE = 104;
/** Of records in test memory: offsets must count from there. */
const BASE = 16;

/** A record with this name. */
function record(name: readonly number[], pathSize = name.length): DataView {
  const bytes = new Uint8Array(BASE + UNIX_EVENT_SIZE).fill(0xee, 0, BASE);
  const view = new DataView(bytes.buffer);
  bytes[BASE + KIND] = UNIX_KIND.OPEN;
  view.setUint16(BASE + PATH_SIZE, pathSize, true);
  bytes.set(name, BASE + UNIX_EVENT_PATH_OFFSET);
  return view;
}

function octets(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

Deno.test("UnixDecoder shows names as culprit conns --once does", () => {
  const cases: [string, readonly number[], string | undefined][] = [
    ["none", [], undefined],
    ["a path with its NUL", octets("/run/docker.sock\0"), "/run/docker.sock"],
    ["a path without", octets("/run/docker.sock"), "/run/docker.sock"],
    ["a relative path", octets("socket\0"), "socket"],
    ["a relative path that looks like an abstract name", octets("@name\0"), "./@name"],
    ["a path below /@", octets("/@name\0"), "/@name"],
    ["the longest path", octets("/".padEnd(108, "x")), "/".padEnd(108, "x")],
    ["an abstract name", octets("\0name"), "@name"],
    ["an abstract name with NULs", octets("\0na\0me\0"), "@na@me@"],
    ["an abstract name of one NUL", [0], "@"],
    ["octets that are no text", [0x2f, 0xff, 0xfe], "/\ufffd\ufffd"],
    ["controls", octets("/\x1b[2J"), "/\x1b[2J"],
  ];
  for (const [name, bytes, expected] of cases) {
    assert.equal(new UnixDecoder().decode(record(bytes), BASE).path, expected, name);
  }
});

Deno.test("UnixDecoder reads who acted and who is at the other end", () => {
  const view = record([]);
  view.setUint8(BASE + FLAGS, UNIX_FLAG.PEER_ENDED);
  view.setUint32(BASE + TGID, 1234, true);
  view.setUint8(BASE + UNIX_EVENT_COMM_OFFSET, 0x61);
  const decoder = new UnixDecoder();
  const alone = decoder.decode(view, BASE);
  assert.equal(alone.task.tgid, 1234);
  assert.equal(alone.task.comm, "a");
  assert.equal(alone.peerProcess, undefined);
  view.setUint32(BASE + PEER_TGID, 99, true);
  view.setUint32(BASE + SOCKET, 7, true);
  const both = decoder.decode(view, BASE);
  assert.deepEqual(both.peerProcess, { tgid: 99, startTimeNs: 0 });
  assert.equal(both.flags, UNIX_FLAG.PEER_ENDED);
  assert.notEqual(both.socket, alone.socket);
  assert.equal(both.peer, alone.peer);
});

Deno.test("unixSensorFor() leaves out what only ends need, where no ends are asked for", () => {
  const names = (events: readonly string[]): string[] => unixSensorFor(events).programs.map(({ name }) => name);
  const all = UNIX_SENSOR.programs.map(({ name }) => name);
  assert.ok(all.includes("unix_close"));
  assert.deepEqual(names([]), all);
  assert.deepEqual(names(["open", "close"]), all);
  assert.deepEqual(names(["open", "fail"]), all.filter((name) => name !== "unix_close"));
});
