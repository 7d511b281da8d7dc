// Generated from the BTF of the BPF object by scripts/gen.ts. Do not edit: change the C and run `deno task gen`.

/** Octets of the fixed part of `struct resolve_event`; variable data follows. */
export const RESOLVE_EVENT_SIZE = 312;
/** Offset of `comm`, 16 octets. */
export const RESOLVE_EVENT_COMM_OFFSET = 40;
/** Offset of `name`, 256 octets. */
export const RESOLVE_EVENT_NAME_OFFSET = 56;

/** The integers of `struct resolve_event`; 64-bit ones are exact up to 2^53 and rounded above. */
export interface ResolveEvent {
  tsNs: number;
  recordType: number;
  nameSize: number;
  startTimeNs: number;
  tgid: number;
  tid: number;
  uid: number;
  gid: number;
}

/**
 * Reads the integers of a `struct resolve_event`.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @returns a new object
 */
export function readResolveEvent(view: DataView, base: number): ResolveEvent {
  return {
    tsNs: view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000,
    recordType: view.getUint16(base + 8, true),
    nameSize: view.getUint16(base + 10, true),
    startTimeNs: view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000,
    tgid: view.getUint32(base + 24, true),
    tid: view.getUint32(base + 28, true),
    uid: view.getUint32(base + 32, true),
    gid: view.getUint32(base + 36, true),
  };
}

/**
 * Reads the integers of a `struct resolve_event` into an object that is used again and again.
 *
 * @param view memory that holds the record
 * @param base offset of the record in `view`, in octets
 * @param event receives them
 */
export function readResolveEventInto(view: DataView, base: number, event: ResolveEvent): void {
  event.tsNs = view.getUint32(base, true) + view.getUint32(base + 4, true) * 0x1_0000_0000;
  event.recordType = view.getUint16(base + 8, true);
  event.nameSize = view.getUint16(base + 10, true);
  event.startTimeNs = view.getUint32(base + 16, true) + view.getUint32(base + 20, true) * 0x1_0000_0000;
  event.tgid = view.getUint32(base + 24, true);
  event.tid = view.getUint32(base + 28, true);
  event.uid = view.getUint32(base + 32, true);
  event.gid = view.getUint32(base + 36, true);
}
