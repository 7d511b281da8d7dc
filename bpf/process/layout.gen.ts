// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct process_exec_event`; variable data follows. */
export const PROCESS_EXEC_EVENT_SIZE = 88;
/** Offset of `comm`, 16 octets. */
export const PROCESS_EXEC_EVENT_COMM_OFFSET = 64;

/** The integers of `struct process_exec_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ProcessExecEvent {
  tsNs: number;
  recordType: number;
  cutFlags: number;
  netns: number;
  startTimeNs: number;
  tgid: number;
  tid: number;
  uid: number;
  gid: number;
  parentStartTimeNs: number;
  parentTgid: number;
  exeDevice: number;
  exeInode: number;
  exeSize: number;
  cwdSize: number;
  cgroupSize: number;
  argumentsSize: number;
}

/**
 * Reads the integers of a `struct process_exec_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readProcessExecEvent(view: DataView, base: number): ProcessExecEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    cutFlags: view.getUint16(base + 10, true),
    netns: view.getUint32(base + 12, true),
    startTimeNs: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 24, true),
    tid: view.getUint32(base + 28, true),
    uid: view.getUint32(base + 32, true),
    gid: view.getUint32(base + 36, true),
    parentStartTimeNs: view.getUint32(base + 40, true) + view.getUint32(base + 44, true) * 0x1_0000_0000,
    parentTgid: view.getUint32(base + 48, true),
    exeDevice: view.getUint32(base + 52, true),
    exeInode: view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000,
    exeSize: view.getUint16(base + 80, true),
    cwdSize: view.getUint16(base + 82, true),
    cgroupSize: view.getUint16(base + 84, true),
    argumentsSize: view.getUint16(base + 86, true),
  };
}

/**
 * Reads the integers of a `struct process_exec_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readProcessExecEventInto(view: DataView, base: number, event: ProcessExecEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.cutFlags = view.getUint16(base + 10, true);
  event.netns = view.getUint32(base + 12, true);
  event.startTimeNs = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 24, true);
  event.tid = view.getUint32(base + 28, true);
  event.uid = view.getUint32(base + 32, true);
  event.gid = view.getUint32(base + 36, true);
  event.parentStartTimeNs = view.getUint32(base + 40, true) + view.getUint32(base + 44, true) * 0x1_0000_0000;
  event.parentTgid = view.getUint32(base + 48, true);
  event.exeDevice = view.getUint32(base + 52, true);
  event.exeInode = view.getUint32(base + 56, true) + view.getUint32(base + 60, true) * 0x1_0000_0000;
  event.exeSize = view.getUint16(base + 80, true);
  event.cwdSize = view.getUint16(base + 82, true);
  event.cgroupSize = view.getUint16(base + 84, true);
  event.argumentsSize = view.getUint16(base + 86, true);
}

/** Octets of the fixed part of `struct process_cgroup_event`; variable data follows. */
export const PROCESS_CGROUP_EVENT_SIZE = 32;

/** The integers of `struct process_cgroup_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ProcessCgroupEvent {
  tsNs: number;
  recordType: number;
  cutFlags: number;
  tgid: number;
  startTimeNs: number;
  cgroupSize: number;
}

/**
 * Reads the integers of a `struct process_cgroup_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readProcessCgroupEvent(view: DataView, base: number): ProcessCgroupEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    cutFlags: view.getUint16(base + 10, true),
    tgid: view.getUint32(base + 12, true),
    startTimeNs: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    cgroupSize: view.getUint32(base + 24, true),
  };
}

/**
 * Reads the integers of a `struct process_cgroup_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readProcessCgroupEventInto(view: DataView, base: number, event: ProcessCgroupEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.cutFlags = view.getUint16(base + 10, true);
  event.tgid = view.getUint32(base + 12, true);
  event.startTimeNs = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.cgroupSize = view.getUint32(base + 24, true);
}

/** Octets of the fixed part of `struct process_fork_event`; variable data follows. */
export const PROCESS_FORK_EVENT_SIZE = 80;
/** Offset of `comm`, 16 octets. */
export const PROCESS_FORK_EVENT_COMM_OFFSET = 64;

/** The integers of `struct process_fork_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ProcessForkEvent {
  tsNs: number;
  recordType: number;
  tgid: number;
  startTimeNs: number;
  creatorStartTimeNs: number;
  parentStartTimeNs: number;
  creatorTgid: number;
  parentTgid: number;
  uid: number;
  gid: number;
  netns: number;
}

/**
 * Reads the integers of a `struct process_fork_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readProcessForkEvent(view: DataView, base: number): ProcessForkEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    tgid: view.getUint32(base + 12, true),
    startTimeNs: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    creatorStartTimeNs: view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000,
    parentStartTimeNs: view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000,
    creatorTgid: view.getUint32(base + 40, true),
    parentTgid: view.getUint32(base + 44, true),
    uid: view.getUint32(base + 48, true),
    gid: view.getUint32(base + 52, true),
    netns: view.getUint32(base + 56, true),
  };
}

/**
 * Reads the integers of a `struct process_fork_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readProcessForkEventInto(view: DataView, base: number, event: ProcessForkEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.tgid = view.getUint32(base + 12, true);
  event.startTimeNs = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.creatorStartTimeNs = view.getUint32(base + 24, true) + view.getUint32(base + 28, true) * 0x1_0000_0000;
  event.parentStartTimeNs = view.getUint32(base + 32, true) + view.getUint32(base + 36, true) * 0x1_0000_0000;
  event.creatorTgid = view.getUint32(base + 40, true);
  event.parentTgid = view.getUint32(base + 44, true);
  event.uid = view.getUint32(base + 48, true);
  event.gid = view.getUint32(base + 52, true);
  event.netns = view.getUint32(base + 56, true);
}

/** Octets of the fixed part of `struct process_exit_event`; variable data follows. */
export const PROCESS_EXIT_EVENT_SIZE = 48;
/** Offset of `comm`, 16 octets. */
export const PROCESS_EXIT_EVENT_COMM_OFFSET = 32;

/** The integers of `struct process_exit_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ProcessExitEvent {
  tsNs: number;
  recordType: number;
  tgid: number;
  startTimeNs: number;
  waitStatus: number;
  uid: number;
}

/**
 * Reads the integers of a `struct process_exit_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readProcessExitEvent(view: DataView, base: number): ProcessExitEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    tgid: view.getUint32(base + 12, true),
    startTimeNs: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    waitStatus: view.getUint32(base + 24, true),
    uid: view.getUint32(base + 28, true),
  };
}

/**
 * Reads the integers of a `struct process_exit_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readProcessExitEventInto(view: DataView, base: number, event: ProcessExitEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.tgid = view.getUint32(base + 12, true);
  event.startTimeNs = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.waitStatus = view.getUint32(base + 24, true);
  event.uid = view.getUint32(base + 28, true);
}

/** Values of `enum process_cut`. */
export const PROCESS_CUT = {
  EXE: 1,
  CWD: 2,
  CGROUP: 4,
  ARGUMENTS: 8,
} as const;
