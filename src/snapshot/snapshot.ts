/**
 * Takes a snapshot of all sockets of the host with the processes that hold them.
 *
 * @module
 */

import { CulpritError } from "../errors.ts";
import { bootTimeNs } from "../host/clock.ts";
import { SocketAssembler } from "./assemble.ts";
import { type IteratorName, OctetBuffer, SocketIterators } from "./iterators.ts";
import { findNetworkNamespaces, insideNamespaces } from "./namespaces.ts";
import { readSockDiag } from "./sock_diag.ts";
import type { Snapshot, SnapshotOptions } from "./types.ts";

import { assembleUnix } from "./unix.ts";

export type { Snapshot, SnapshotOptions, SocketHolder, SocketRow } from "./types.ts";

/**
 * Takes a snapshot: with BPF iterators (Linux 5.10), or with sock_diag and /proc where the kernel refuses them. The
 * thread visits other network namespaces and is back when this returns.
 *
 * @param options what to list
 * @returns all sockets
 * @throws {CulpritError} when iterators were asked for and the kernel refuses them
 */
export function takeSnapshot(options: SnapshotOptions = {}): Snapshot {
  // The kernel lists unix sockets by sock_diag too, but not which file is whose end.
  const unixRefused = "unix sockets: only BPF iterators list them";
  if (options.source === "sock_diag") return withSockDiag(options.unix === true ? [unixRefused] : []);
  let iterators: SocketIterators;
  try {
    iterators = SocketIterators.load(["files", "tcp", "tcpBrief", "udp"]);
  } catch (error) {
    if (!(error instanceof CulpritError) || options.source === "iterators") throw error;
    const refused = [`packet sockets and sockets without a port: ${error.message.split("\n", 1)[0]}`];
    return withSockDiag(options.unix === true ? [...refused, unixRefused] : refused);
  }
  using _ = iterators;
  const snapshot = withIterators(iterators);
  if (options.unix === true) addUnix(snapshot);
  return snapshot;
}

/** A snapshot without BPF. */
function withSockDiag(notObserved: string[]): Snapshot {
  const namespaces = findNetworkNamespaces();
  const sockets = readSockDiag(namespaces, notObserved);
  return {
    sockets,
    tsNs: bootTimeNs(),
    source: "sock_diag",
    notObserved,
    closedMeanwhile: 0,
    namespaces: namespaces.size,
  };
}

/** A snapshot with BPF. */
function withIterators(iterators: SocketIterators): Snapshot {
  const namespaces = findNetworkNamespaces();
  const notObserved: string[] = [];
  const tables = readTables(iterators, ["tcpBrief", "udp"], namespaces, notObserved);
  // After the tables: what closes in between is then missing here, and what opens is here with its holder.
  const files = new OctetBuffer();
  iterators.read("files", files);
  const assembler = new SocketAssembler();
  assembler.addFiles(files.view);
  for (const inode of assembler.namespaces()) {
    if (namespaces.has(inode)) continue;
    notObserved.push(`sockets without a process in network namespace ${inode}: no process and no mount leads to it`);
  }
  assembler.addTable(tables.view);
  const again = assembler.unheldNamespaces();
  const unsettled = new Map([...namespaces].filter(([inode]) => again.has(inode)));
  const closedMeanwhile = unsettled.size === 0
    ? 0
    : assembler.confirmUnheld(readTables(iterators, ["tcp", "udp"], unsettled, []).view);
  return {
    sockets: assembler.finish(),
    tsNs: bootTimeNs(),
    source: "iterators",
    notObserved,
    closedMeanwhile,
    namespaces: namespaces.size,
  };
}

/** Adds unix sockets. iter/unix is of Linux 5.15: without it those that no descriptor refers to are missing. */
function addUnix(snapshot: Snapshot): void {
  const table = new OctetBuffer();
  const files = new OctetBuffer();
  try {
    using iterator = SocketIterators.load(["unixTable"]);
    insideNamespaces(findNetworkNamespaces(), () => iterator.read("unixTable", table), () => {});
  } catch (error) {
    if (!(error instanceof CulpritError)) throw error;
    const reason = error.message.split("\n", 1)[0];
    snapshot.notObserved.push(`unix sockets that no descriptor refers to: ${reason}`);
  }
  using iterator = SocketIterators.load(["unixFiles"]);
  iterator.read("unixFiles", files);
  for (const row of assembleUnix(files.view, table.view)) snapshot.sockets.push(row);
}

/** Reads tables in every network namespace. */
function readTables(
  iterators: SocketIterators,
  names: readonly IteratorName[],
  namespaces: ReadonlyMap<number, string>,
  notObserved: string[],
): OctetBuffer {
  const buffer = new OctetBuffer();
  insideNamespaces(
    namespaces,
    () => names.forEach((name) => iterators.read(name, buffer)),
    (inode, error) => notObserved.push(`sockets without a process in network namespace ${inode}: ${error.message}`),
  );
  return buffer;
}
