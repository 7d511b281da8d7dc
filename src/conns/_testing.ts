/**
 * Records and answers for tests of the tracker.
 *
 * @module
 */

import { CONN_KIND } from "../../bpf/conn/layout.gen.ts";
import { unknownProcess } from "../process_table.ts";
import { ConnectionTracker } from "./tracker.ts";
import type {
  Connection,
  ConnectionRecord,
  ConnectionTrackerOptions,
  FlowCounters,
  TaskIdentity,
  UsageCounters,
} from "./types.ts";

/** 1 ms in ns. */
export const MS = 1e6;

/** A task of a process that started at its own pid. */
export function task(tgid: number): TaskIdentity {
  return { tgid, tid: tgid, startTimeNs: tgid, uid: 0, gid: 0, comm: `comm${tgid}` };
}

/** A TCP record from 10.0.0.1 port 1000 to 10.0.0.2 port 80, but for what is given. */
export function record(kind: keyof typeof CONN_KIND, given: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    kind: CONN_KIND[kind],
    tsNs: 0,
    key: "a",
    birthNs: 1,
    netns: 1,
    isIpv6: false,
    isMapped: false,
    protocol: 6,
    socketType: 1,
    flags: 0,
    oldState: 1,
    error: 0,
    openedNs: 0,
    establishedNs: 0,
    bytesSent: 0,
    bytesReceived: 0,
    usageSent: 0,
    usageReceived: 0,
    packetsSent: 0,
    packetsReceived: 0,
    retransmits: 0,
    rttUs: 0,
    sendSequence: 0,
    receiveSequence: 0,
    localPort: 1000,
    remotePort: 80,
    localIp: "10.0.0.1",
    remoteIp: "10.0.0.2",
    task: undefined,
    ...given,
  };
}

/** The other end's addresses of {@linkcode record}. */
export const REVERSED = {
  localPort: 80,
  remotePort: 1000,
  localIp: "10.0.0.2",
  remoteIp: "10.0.0.1",
} as const;

/** A tracker with what it told, as `name id owner`. */
export interface Tracked {
  tracker: ConnectionTracker;
  told: string[];
  connections: Connection[];
  /** What the kernel counts, to be changed. */
  flow: FlowCounters | undefined;
  usage: Map<number, UsageCounters>;
}

/** Makes a tracker whose kernel counts what is put into the result. */
export function track(options: Partial<ConnectionTrackerOptions> = {}): Tracked {
  const tracked: Omit<Tracked, "tracker"> = { told: [], connections: [], flow: undefined, usage: new Map() };
  const tracker = new ConnectionTracker({
    counters: {
      flow: () => tracked.flow,
      takeFlow: () => tracked.flow,
      takeUsage: (_, tgid) => tracked.usage.get(tgid),
    },
    resolve: () => unknownProcess("a test"),
    onEvent: (name, connection) => {
      tracked.told.push(`${name} ${connection.id}`);
      tracked.connections.push(connection);
    },
    ...options,
  });
  return Object.assign(tracked, { tracker });
}
