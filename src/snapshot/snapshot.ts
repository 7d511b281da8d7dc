/**
 * Takes a snapshot of all sockets of the host with the processes that hold them.
 *
 * @module
 */

import { bootTimeNs } from "../host/clock.ts";
import { SocketAssembler } from "./assemble.ts";
import { type IteratorName, OctetBuffer, SocketIterators } from "./iterators.ts";
import { findNetworkNamespaces, insideNamespaces } from "./namespaces.ts";
import type { Snapshot, SnapshotOptions } from "./types.ts";

export type { Snapshot, SnapshotOptions, SocketHolder, SocketRow } from "./types.ts";

/**
 * Takes a snapshot with BPF iterators (Linux 5.10). The thread visits other network namespaces and is back when this
 * returns.
 *
 * @param _options what to list
 * @returns all sockets
 * @throws {CulpritError} when the kernel refuses the iterators
 */
export function takeSnapshot(_options: SnapshotOptions = {}): Snapshot {
  using iterators = SocketIterators.load(["files", "tcp", "udp"]);
  const namespaces = findNetworkNamespaces();
  const notObserved: string[] = [];
  const tables = readTables(iterators, ["tcp", "udp"], namespaces, notObserved);
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
  let closedMeanwhile = 0;
  if (assembler.hasUnheld) {
    closedMeanwhile = assembler.dropClosed(readTables(iterators, ["tcp", "udp"], namespaces, []).view);
  }
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
