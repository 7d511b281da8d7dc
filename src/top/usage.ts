/**
 * Reads what the processes of living TCP sockets moved so far, from the storage of the sockets.
 *
 * @module
 */

import { CONN_LIVE_SIZE, readConnLive } from "../../bpf/conn/layout.gen.ts";
import { socketKey } from "../../bpf/conn/sensor.ts";
import type { SensorRun } from "../sensor.ts";

/** What a process moved through a socket. */
export interface SocketUsage {
  readonly tgid: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/**
 * Reads all counters.
 *
 * @param run attached, with `CONN_SENSOR_WITH_USAGES`
 * @returns by key of the socket, as in records; none where the kernel refuses
 */
export function readUsages(run: SensorRun): Map<string, SocketUsage[]> {
  const usages = new Map<string, SocketUsage[]>();
  const view = run.iterate("conn_usages");
  for (let base = 0; view !== undefined && base < view.byteLength; base += CONN_LIVE_SIZE) {
    const key = socketKey(view, base);
    const usage = readConnLive(view, base);
    const others = usages.get(key);
    if (others === undefined) usages.set(key, [usage]);
    else others.push(usage);
  }
  return usages;
}
