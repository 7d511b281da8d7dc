import assert from "node:assert/strict";
import {
  SOCKETS_BRIEF_SIZE,
  SOCKETS_BRIEF_SOCKET_ID_OFFSET,
  SOCKETS_FLAG,
  SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET,
  SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET,
  SOCKETS_RECORD_SIZE,
} from "../../bpf/sockets/layout.gen.ts";
import { REASON, SocketAssembler } from "./assemble.ts";

/** What a record says; offsets of its numbers are those of bpf/sockets/layout.gen.ts. */
interface Fields {
  id: bigint;
  listener?: bigint;
  inode?: number;
  tgid?: number;
  fd?: number;
  state?: number;
  port?: number;
  remotePort?: number;
  flags?: number;
}

const HELD = SOCKETS_FLAG.FILE | SOCKETS_FLAG.SOCKET;

/** Records of TCP sockets over IPv4 in namespace 1. */
function records(...list: Fields[]): DataView {
  const view = new DataView(new ArrayBuffer(list.length * SOCKETS_RECORD_SIZE));
  list.forEach((fields, index) => {
    const base = index * SOCKETS_RECORD_SIZE;
    view.setBigUint64(base, fields.id, true);
    view.setBigUint64(base + 8, fields.listener ?? 0n, true);
    view.setUint32(base + 16, fields.inode ?? 0, true);
    view.setUint32(base + 32, 1, true);
    view.setUint32(base + 36, fields.tgid ?? 0, true);
    view.setUint32(base + 40, fields.fd ?? 0, true);
    view.setUint16(base + 56, 2, true);
    view.setUint16(base + 58, 1, true);
    view.setUint16(base + 60, 6, true);
    view.setUint16(base + 62, fields.port ?? 80, true);
    view.setUint16(base + 64, fields.remotePort ?? 0, true);
    view.setUint8(base + 66, fields.state ?? 1);
    view.setUint8(base + 67, fields.flags ?? HELD);
    view.setUint32(base + SOCKETS_RECORD_LOCAL_ADDRESS_OFFSET, 0x7f000001);
    view.setUint32(base + SOCKETS_RECORD_REMOTE_ADDRESS_OFFSET, fields.remotePort === undefined ? 0 : 0x7f000002);
  });
  return view;
}

/** A brief record. */
function brief(id: bigint, inode: number): DataView {
  const view = new DataView(new ArrayBuffer(SOCKETS_BRIEF_SIZE));
  view.setBigUint64(SOCKETS_BRIEF_SOCKET_ID_OFFSET, id, true);
  view.setUint32(16, inode, true);
  view.setUint32(24, 1, true);
  return view;
}

/** Addresses as the kernel has them, which differ in bits a number does not hold. */
const [A, B, C] = [0xffff_8881_0123_4500n, 0xffff_8881_0123_4501n, 0xffff_8882_0123_4500n];

Deno.test("SocketAssembler gathers all holders of a socket and all descriptors of a holder", () => {
  const assembler = new SocketAssembler();
  assembler.addFiles(records(
    { id: A, inode: 5, tgid: 10, fd: 3 },
    { id: B, inode: 6, tgid: 10, fd: 4 },
    { id: A, inode: 5, tgid: 10, fd: 9 },
    { id: A, inode: 5, tgid: 11, fd: 3 },
    { id: A, inode: 5, tgid: 11, fd: 3 },
  ));
  assembler.addTable(brief(A, 5));
  assert.equal(assembler.unheldNamespaces().size, 0);
  const [first, second, ...more] = assembler.finish();
  assert.deepEqual(first?.holders.map(({ tgid, fds }) => [tgid, fds]), [[10, [3, 9]], [11, [3]]]);
  assert.deepEqual(second?.holders.map(({ tgid, fds }) => [tgid, fds]), [[10, [4]]]);
  assert.deepEqual(more, []);
});

Deno.test("SocketAssembler takes a reused address for another socket when the inode is another", () => {
  const assembler = new SocketAssembler();
  assembler.addFiles(records({ id: A, inode: 5, tgid: 10, fd: 3 }, { id: A, inode: 7, tgid: 11, fd: 3 }));
  assert.deepEqual(assembler.finish().map(({ inode, holders }) => [inode, holders.length]), [[5, 1], [7, 1]]);
});

Deno.test("SocketAssembler drops what closed meanwhile and keeps what nobody has a descriptor of", () => {
  const assembler = new SocketAssembler();
  assembler.addFiles(records());
  for (const [id, inode] of [[A, 5], [B, 6], [C, 7]] as const) assembler.addTable(brief(id, inode));
  assert.deepEqual([...assembler.unheldNamespaces()], [1]);
  // A is there still, B has gone, C's memory is another socket's.
  assert.equal(assembler.confirmUnheld(records({ id: A, inode: 5 }, { id: C, inode: 8 })), 2);
  const rows = assembler.finish();
  assert.deepEqual(rows.map(({ inode, unknownReason }) => [inode, unknownReason]), [[5, REASON.inFlight]]);
});

Deno.test("SocketAssembler gives what was not accepted to the listener's holders, and reasons to the rest", () => {
  const assembler = new SocketAssembler();
  assembler.addFiles(records({ id: A, inode: 5, tgid: 10, fd: 3, state: 10 }));
  assembler.addTable(records(
    { id: 1n, state: 12, listener: A, remotePort: 1, flags: 0 },
    { id: 2n, state: 1, remotePort: 2, flags: 0, port: 81 },
    { id: 3n, state: 6, remotePort: 3, flags: 0 },
    { id: 4n, state: 4, remotePort: 4, flags: SOCKETS_FLAG.DEAD },
    { id: 5n, state: 1, remotePort: 5, flags: SOCKETS_FLAG.SOCKET },
  ));
  const found = assembler.finish().map(({ remote, ownership, holders, unknownReason }) => [
    remote?.port,
    ownership,
    holders.map(({ tgid, fds }) => [tgid, fds.length]),
    unknownReason,
  ]);
  assert.deepEqual(found, [
    [undefined, "holder", [[10, 1]], undefined],
    [1, "listener", [[10, 0]], undefined],
    [2, "none", [], REASON.noListener],
    [3, "none", [], REASON.timeWait],
    [4, "none", [], REASON.dead],
    [5, "none", [], REASON.kernel],
  ]);
});

Deno.test("SocketAssembler finds a hundred thousand sockets again", () => {
  const assembler = new SocketAssembler();
  const list = Array.from({ length: 100_003 }, (_, index) => ({
    id: 0xffff_8881_0000_0000n + BigInt(index) * 2304n,
    inode: index + 1,
    tgid: 1,
    fd: index,
  }));
  const view = records(...list);
  assembler.addFiles(view);
  assembler.addTable(view);
  assert.equal(assembler.unheldNamespaces().size, 0);
  assert.equal(assembler.finish().length, list.length);
});
