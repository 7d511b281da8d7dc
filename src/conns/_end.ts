/**
 * How connections end.
 *
 * @module
 */

import { CONN_FLAG, CONN_STATE } from "../../bpf/conn/layout.gen.ts";
import type { Ending } from "./_connection.ts";
import type { Connection, ConnectionEnd, ConnectionRecord, ConnectionUser } from "./types.ts";

/** Linux errno numbers, the same on all architectures culprit runs on. */
const EPIPE = 32;
const ECONNRESET = 104;
const ETIMEDOUT = 110;

/** Which end began to close. */
function closedBy({ flags, error, task }: ConnectionRecord): Connection["closedBy"] {
  if ((flags & CONN_FLAG.LOCAL_FIRST) !== 0) return "local";
  if ((flags & CONN_FLAG.REMOTE_FIRST) !== 0) return "remote";
  if (error === ECONNRESET || error === EPIPE) return "remote";
  return error === 0 && task !== undefined ? "local" : "unknown";
}

/** How a connection ended. */
export function endOf({ error, oldState }: ConnectionRecord): ConnectionEnd {
  if (error === ECONNRESET || error === EPIPE) return "reset";
  if (error === ETIMEDOUT) return "timeout";
  if (error !== 0) return "error";
  const isAbort = oldState === CONN_STATE.ESTABLISHED || oldState === CONN_STATE.CLOSE_WAIT ||
    oldState === CONN_STATE.SYN_RECV;
  return isAbort ? "reset" : "closed";
}

/**
 * Takes what the record of the end says.
 *
 * @param ending of the connection, to be changed
 * @param record of kind CLOSE
 * @param closer who closed it; undefined where nobody did
 */
export function takeEnding(ending: Ending, record: ConnectionRecord, closer: ConnectionUser | undefined): void {
  ending.bytesSent = record.bytesSent;
  ending.bytesReceived = record.bytesReceived;
  ending.packetsSent = record.packetsSent;
  ending.packetsReceived = record.packetsReceived;
  ending.retransmits = record.retransmits;
  ending.rttUs = record.rttUs;
  ending.closedBy = closedBy(record);
  ending.closer = closer;
}
