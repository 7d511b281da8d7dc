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
  if (options.source === "sock_diag") return withSockDiag([]);
  let iterators: SocketIterators;
  try {
    iterators = SocketIterators.load(["files", "tcp", "tcpBrief", "udp"]);
  } catch (error) {
    if (!(error instanceof CulpritError) || options.source === "iterators") throw error;
    return withSockDiag([`packet sockets and sockets without a port: ${error.message.split("\n", 1)[0]}`]);
  }
  using _ = iterators;
  return withIterators(iterators);
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
