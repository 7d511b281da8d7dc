/**
 * The process sensor: its programs, and its records as the process table takes them.
 *
 * @module
 */

import type { ProcessCgroup, ProcessExec, ProcessExit, ProcessFork } from "../../src/process_table/types.ts";
import type { Sensor } from "../../src/sensor.ts";
import { readText, readTexts } from "../record.ts";
import {
  PROCESS_CGROUP_EVENT_SIZE,
  PROCESS_CUT,
  PROCESS_EXEC_EVENT_COMM_OFFSET,
  PROCESS_EXEC_EVENT_SIZE,
  PROCESS_EXIT_EVENT_COMM_OFFSET,
  PROCESS_FORK_EVENT_COMM_OFFSET,
  readProcessCgroupEvent,
  readProcessExecEvent,
  readProcessExitEvent,
  readProcessForkEvent,
} from "./layout.gen.ts";

const COMM_SIZE = 16;

/** Starts, forks and ends of processes. */
export const PROCESS_SENSOR: Sensor = {
  name: "process",
  minimumKernel: "5.10",
  programs: [
    { name: "process_exec", attach: "tracing", hook: "tp_btf/sched_process_exec" },
    { name: "process_fork", attach: "tracing", hook: "tp_btf/sched_process_fork" },
    { name: "process_exit", attach: "tracing", hook: "tp_btf/sched_process_exit" },
    {
      name: "process_cgroup",
      attach: "tracing",
      hook: "tp_btf/cgroup_attach_task",
      without: "a process is shown in the cgroup and container it was in when its program began",
    },
  ],
  lossCounters: { process_ring_full: "process_lost_ring" },
  missedRuns: { processes_missed: { programs: ["process_exec", "process_fork", "process_exit", "process_cgroup"] } },
};

/**
 * Path components from the leaf up as an absolute path; empty where none could be read. One that lost its beginning
 * starts with `.../`, so that it can pose for no other path.
 */
function pathOf(components: string[], isCut: boolean): string {
  if (components.length === 0 && isCut) return "";
  return `${isCut ? "..." : ""}/${components.reverse().join("/")}`;
}

/**
 * Decodes a record of type EXEC.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`
 * @returns the event, copied
 */
export function decodeExec(view: DataView, base: number): ProcessExec {
  const record = readProcessExecEvent(view, base);
  let offset = base + PROCESS_EXEC_EVENT_SIZE;
  const next = (size: number): string[] => {
    const texts = readTexts(view, offset, size);
    offset += size;
    return texts;
  };
  // No program is the root directory: without a name, it could not be read.
  const exe = pathOf(next(record.exeSize), record.exeSize === 0 || (record.cutFlags & PROCESS_CUT.EXE) !== 0);
  const cwd = pathOf(next(record.cwdSize), (record.cutFlags & PROCESS_CUT.CWD) !== 0);
  const cgroup = pathOf(next(record.cgroupSize), (record.cutFlags & PROCESS_CUT.CGROUP) !== 0);
  const cmdline = next(record.argumentsSize);
  return {
    tsNs: record.tsNs,
    tgid: record.tgid,
    startTimeNs: record.startTimeNs,
    tid: record.tid,
    parentTgid: record.parentTgid,
    parentStartTimeNs: record.parentStartTimeNs,
    uid: record.uid,
    gid: record.gid,
    comm: readText(view, base + PROCESS_EXEC_EVENT_COMM_OFFSET, COMM_SIZE),
    exe,
    ...((record.cutFlags & PROCESS_CUT.EXE) !== 0 ? { exeTruncated: true } : {}),
    cmdline,
    cmdlineTruncated: (record.cutFlags & PROCESS_CUT.ARGUMENTS) !== 0,
    cwd,
    cgroup,
    netns: record.netns,
  };
}

/**
 * Decodes a record of type FORK.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`
 * @returns the event, copied
 */
export function decodeFork(view: DataView, base: number): ProcessFork {
  const record = readProcessForkEvent(view, base);
  return {
    tsNs: record.tsNs,
    tgid: record.tgid,
    startTimeNs: record.startTimeNs,
    parentTgid: record.creatorTgid,
    parentStartTimeNs: record.creatorStartTimeNs,
    uid: record.uid,
    gid: record.gid,
    comm: readText(view, base + PROCESS_FORK_EVENT_COMM_OFFSET, COMM_SIZE),
    netns: record.netns,
  };
}

/**
 * Decodes a record of type CGROUP.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`
 * @returns the event, copied
 */
export function decodeCgroup(view: DataView, base: number): ProcessCgroup {
  const { tsNs, tgid, startTimeNs, cgroupSize, cutFlags } = readProcessCgroupEvent(view, base);
  const components = readTexts(view, base + PROCESS_CGROUP_EVENT_SIZE, cgroupSize);
  return { tsNs, tgid, startTimeNs, cgroup: pathOf(components, (cutFlags & PROCESS_CUT.CGROUP) !== 0) };
}

/**
 * Decodes a record of type EXIT.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`
 * @returns the event, copied
 */
export function decodeExit(view: DataView, base: number): ProcessExit {
  const record = readProcessExitEvent(view, base);
  return {
    tsNs: record.tsNs,
    tgid: record.tgid,
    startTimeNs: record.startTimeNs,
    exitStatus: record.waitStatus,
    uid: record.uid,
    comm: readText(view, base + PROCESS_EXIT_EVENT_COMM_OFFSET, COMM_SIZE),
  };
}
