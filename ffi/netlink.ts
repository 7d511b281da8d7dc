/**
 * Netlink sockets of libc, as far as dumps need them (netlink(7)).
 *
 * @module
 */

import { LibbpfError } from "../src/errors.ts";
import { ERRNO, errnoMessage, errnoName } from "./errno.ts";
import { closeFd, lastErrno } from "./libc.ts";
import { allocate } from "./memory.ts";

/** Symbol table, C prototype above each entry. */
const SYMBOLS = {
  // int socket(int domain, int type, int protocol);
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // ssize_t send(int sockfd, const void *buf, size_t len, int flags);
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  // ssize_t recv(int sockfd, void *buf, size_t len, int flags);
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;

/** libc, opened on first use and never closed: the runtime itself is linked to it. */
function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  if (library === undefined) {
    library = Deno.dlopen("libc.so.6", SYMBOLS);
    // Found now, because finding it after a failed call could change what it holds.
    lastErrno();
  }
  return library.symbols;
}

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** struct nlmsghdr: length, type, flags, sequence, port. */
const HEADER_SIZE = 16;
const NLM_F_REQUEST = 1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_DUMP_INTR = 0x10;
/** Above the 32 KiB the kernel puts into one message of a dump. */
const BUFFER_BYTES = 256 * 1024;

/** The error of a call that failed with this errno. */
function failure(errno: number, operation: string): LibbpfError {
  return new LibbpfError(operation, errno, errnoName(errno), { cause: errnoMessage(errno) });
}

/**
 * Asks for a dump and hands over every message of it.
 *
 * @param protocol of linux/netlink.h, for example 4 (NETLINK_SOCK_DIAG)
 * @param type of the request, for example 20 (SOCK_DIAG_BY_FAMILY)
 * @param request what follows the header
 * @param onMessage told the memory and the offset and length of what follows the header of each message, valid until it
 * returns
 * @returns false when the kernel says that what it lists changed meanwhile, so that entries may be missing or double
 * @throws {LibbpfError} when the kernel refuses, for example ENOENT where the listing is not built in
 */
export function netlinkDump(
  protocol: number,
  type: number,
  request: Uint8Array<ArrayBuffer>,
  onMessage: (view: DataView<ArrayBuffer>, offset: number, sizeBytes: number) => void,
): boolean {
  const c = libc();
  const fd = c.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol);
  if (fd < 0) throw failure(lastErrno(), `open a netlink socket of protocol ${protocol}`);
  try {
    const message = allocate(HEADER_SIZE + request.length);
    const header = new DataView(message.buffer);
    header.setUint32(0, message.length, true);
    header.setUint16(4, type, true);
    header.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, true);
    message.set(request, HEADER_SIZE);
    if (c.send(fd, message, BigInt(message.length), 0) < 0) throw failure(lastErrno(), "ask for a netlink dump");
    return receiveDump(fd, onMessage);
  } finally {
    closeFd(fd);
  }
}

/** Reads a dump to its end. */
function receiveDump(
  fd: number,
  onMessage: (view: DataView<ArrayBuffer>, offset: number, sizeBytes: number) => void,
): boolean {
  const buffer = allocate(BUFFER_BYTES);
  const view = new DataView(buffer.buffer);
  let isConsistent = true;
  for (;;) {
    const count = libc().recv(fd, buffer, BigInt(buffer.length), 0);
    if (count < 0) {
      const errno = lastErrno();
      if (errno === ERRNO.EINTR) continue;
      throw failure(errno, "read a netlink dump");
    }
    for (let offset = 0; offset + HEADER_SIZE <= count;) {
      const length = view.getUint32(offset, true);
      const type = view.getUint16(offset + 4, true);
      if (length < HEADER_SIZE || offset + length > count) throw failure(ERRNO_EPROTO, "read a netlink dump");
      if ((view.getUint16(offset + 6, true) & NLM_F_DUMP_INTR) !== 0) isConsistent = false;
      if (type === NLMSG_DONE) return isConsistent;
      if (type === NLMSG_ERROR) throw failure(-view.getInt32(offset + HEADER_SIZE, true), "dump by netlink");
      onMessage(view, offset + HEADER_SIZE, length - HEADER_SIZE);
      // Messages are aligned to 4 octets.
      offset += (length + 3) & ~3;
    }
  }
}

/** A message that does not add up. */
const ERRNO_EPROTO = 71;
